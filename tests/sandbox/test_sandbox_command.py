"""The command `purchase-orders-sandbox`: start, output, options, end."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import socket
import ssl
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from tap_purchase_orders.sandbox.options import parser
from tap_purchase_orders.sandbox.process import Sandbox, SandboxError
from tap_purchase_orders.sandbox.sign_in_settings import NAMES
from tests.python_process import run_python
from tests.sandboxes import NOW, Caller

COMMAND = [sys.executable, "-m", "tap_purchase_orders.sandbox"]
DOCUMENTATION = Path(__file__).parents[2] / "docs" / "sandbox.md"


def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_it_prints_one_line_of_json_and_speaks_to_people_on_standard_error() -> None:
    finished = run_command("--lifetime-seconds", "0")

    assert finished.returncode == 0
    assert finished.stdout.count("\n") == 1
    document = json.loads(finished.stdout)
    assert document.keys() >= {
        *("settings", "environment", "config_file", "control_url", "authority"),
    }
    assert "tap-purchase-orders --config" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_the_settings_reach_it_and_the_file_holds_the_same(tmp_path: Path) -> None:
    directory = tmp_path / "files"
    with (
        Sandbox(directory=directory, customers=3) as sandbox,
        Caller(sandbox) as caller,
    ):
        file = Path(sandbox.document["config_file"])
        assert json.loads(file.read_text(encoding="utf-8")) == sandbox.settings
        assert len(caller.customers()) == 3
        assert caller.purchase_order(caller.numbers()[0]).status_code == 200
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        for name in ("ca.pem", "config.json"):
            assert stat.S_IMODE((directory / name).stat().st_mode) == 0o600


def test_its_temporary_directory_goes_away_with_it() -> None:
    finished = run_command("--lifetime-seconds", "0")

    config_file = Path(json.loads(finished.stdout)["config_file"])
    assert not config_file.parent.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_while_it_answers(number: signal.Signals) -> None:
    arguments = ["--latency-ms", "600000", "--lifetime-seconds", "120"]
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        document = json.loads(process.stdout.readline())
        address = ("localhost", int(document["authority"].rpartition(":")[2]))
        bundle = document["environment"]["REQUESTS_CA_BUNDLE"]
        context = ssl.create_default_context(cafile=bundle)
        with (
            socket.create_connection(address, timeout=30) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            connection.sendall(b"GET /v1/customers HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with requests.Session() as session:
                session.trust_env = False
                session.verify = bundle
                log = f"{document['control_url']}/requests"
                while not session.get(log, timeout=30).json()["in_flight"]:
                    pass
            process.send_signal(number)
            _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert b"Traceback" not in said


@pytest.mark.parametrize("options", [[], ["--background"]])
def test_a_taken_port_is_one_plain_line(options: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        taken_port = taken.getsockname()[1]
        finished = run_command("--port", str(taken_port), *options)

    assert finished.returncode == 1
    assert finished.stdout == ""
    assert finished.stderr.count("\n") == 1
    assert f"port {taken_port} is in use" in finished.stderr
    assert "--port" in finished.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "70000"], "--port"),
        (["--fault-rate", "2"], "--fault-rate"),
        (["--customers", "-1"], "--customers"),
        (["--now", "yesterday"], "ISO 8601"),
        (["--now", "2017-01-01"], "before 2019-01-01"),
        (["--now", "2026-01-01", "--epoch", "2026-02-01"], "--epoch"),
        (["--auth", "password"], "--auth"),
        (["--refresh-tokens", "sometimes"], "--refresh-tokens"),
        (["--no-such-option"], "--no-such-option"),
    ],
)
def test_a_bad_option_is_named(arguments: list[str], said: str) -> None:
    finished = run_command(*arguments)

    assert finished.returncode == 2
    assert said in finished.stderr
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("{", "fault script"),
        ('[{"answer": {"explode": true}}]', "explode"),
        ('[{"when": {"path": "("}, "answer": {}}]', "fault script"),
    ],
)
def test_a_bad_fault_script_is_one_plain_line(
    script: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "faults.json"
    file.write_text(script, encoding="utf-8")

    finished = run_command("--faults", str(file))

    assert finished.returncode == 1
    assert said in finished.stderr
    assert finished.stderr.count("\n") == 1


def test_without_the_extra_it_names_the_extra() -> None:
    script = (
        "import sys; sys.modules['trustme'] = None\n"
        "from tap_purchase_orders.sandbox.cli import main\n"
        "sys.exit(main([]))"
    )
    finished = run_python(script)

    assert finished.returncode == 1
    assert "pip install '.[sandbox]'" in finished.stderr
    assert finished.stderr.count("\n") == 1


def test_its_help_needs_nothing_of_the_extra() -> None:
    brought = ("cryptography", "jwt", "starlette", "trustme", "uvicorn")
    script = (
        f"import sys; sys.modules |= dict.fromkeys({brought})\n"
        "from tap_purchase_orders.sandbox.cli import main; main(['--help'])"
    )
    finished = run_python(script)

    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith("usage: purchase-orders-sandbox")
    assert "--purchase-orders" in finished.stdout


def test_a_sandbox_that_cannot_start_says_why() -> None:
    with pytest.raises(SandboxError, match="--seed"), Sandbox(seed="x"):
        pass


def test_the_process_ends_with_the_context() -> None:
    with Sandbox(customers=1) as sandbox:
        address = ("127.0.0.1", int(sandbox.settings["partner_center"]["api_url"][-5:]))
        files = Path(sandbox.document["config_file"]).parent
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(address, timeout=30)
    assert not os.path.lexists(files)


def test_it_names_the_environment_that_its_settings_need() -> None:
    finished = run_command("--lifetime-seconds", "0", "--auth", "azure_identity")

    environment = json.loads(finished.stdout)["environment"]
    assert environment.keys() >= {"REQUESTS_CA_BUNDLE", "IDENTITY_ENDPOINT"}
    for name, value in environment.items():
        assert f"{name}={shlex.quote(value)} " in finished.stderr


def test_in_the_background_it_is_ready_when_the_command_returns(tmp_path: Path) -> None:
    directory = tmp_path / "a folder"
    finished = run_command(
        *("--background", "--directory", str(directory), "--lifetime-seconds", "300")
    )
    process_id = int((directory / "sandbox.pid").read_text(encoding="ascii"))
    try:
        ready, read, stop = finished.stderr.splitlines()
        config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
        address = ("localhost", int(config["appzen"]["api_url"].rpartition(":")[2]))
        socket.create_connection(address, timeout=30).close()
    finally:
        os.kill(process_id, signal.SIGTERM)

    assert finished.returncode == 0
    assert finished.stdout == ""
    assert config["appzen"]["api_url"] in ready
    assert shlex.split(read)[2:] == [
        f"REQUESTS_CA_BUNDLE={directory}/ca.pem",
        *("tap-purchase-orders", "--config", f"{directory}/config.json"),
    ]
    assert stop == f"Stop it: kill {process_id}"


def test_on_a_terminal_it_prints_three_lines_and_no_json() -> None:
    own, its = pty.openpty()
    with os.fdopen(own, "rb", buffering=0) as terminal:
        process = subprocess.Popen(
            [*COMMAND, "--lifetime-seconds", "0"], stdout=its, stderr=its
        )
        os.close(its)
        said = b""
        # A terminal whose last program has ended is read with an error.
        with suppress(OSError):
            while piece := terminal.read(4096):
                said += piece
        assert process.wait(60) == 0

    assert len(said.splitlines()) == 3
    assert not said.startswith(b"{")


def test_many_purchase_order_numbers_go_into_a_file(tmp_path: Path) -> None:
    with Sandbox(purchase_orders=10_001, directory=tmp_path, now=NOW) as sandbox:
        source = sandbox.settings["appzen"]["purchase_order_numbers"]
        assert source["source"] == "file"
        path = Path(source["path"])
        numbers = path.read_text(encoding="utf-8").splitlines()
        assert len(set(numbers)) == 10_001 + 3
        assert all(number == number.strip() for number in numbers)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_documentation_names_every_option_and_no_other() -> None:
    documented = documented_under("Options", r"--[a-z-]+")
    options = re.findall(r"^  (--[a-z-]+)", parser().format_help(), re.MULTILINE)
    assert documented == options


def test_the_documentation_names_every_way_to_sign_in_and_no_other() -> None:
    assert documented_under("Sign in to Partner Center", r"[a-z_]+") == [*NAMES]


def documented_under(title: str, name: str) -> list[str]:
    """Return the names with which the rows of a section's table start."""
    section = DOCUMENTATION.read_text(encoding="utf-8").partition(f"## {title}\n")[2]
    section = section.partition("\n## ")[0]
    return re.findall(rf"^\| `({name})", section, re.MULTILINE)
