"""The example package of plug-ins, installed as its users install it, at work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.scenes import Played, Scene, play_named
from tests.tap.upstream import Asked, Reply, Upstream, json_reply
from tests.tap.worlds import NUMBER_PATH, SECRETS, appzen_error, purchase_order

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = PROJECT / "examples" / "plug-ins"
DEBUG = {"LOGLEVEL": "DEBUG", "TAP_PURCHASE_ORDERS_LOGLEVEL": "DEBUG"}
QUIET: dict[str, str] = {}
AUTH = "appzen.auth"
NUMBERS = "appzen.purchase_order_numbers"

KEYS = ("api_key", "customer_id", "customer_key")
CREDENTIALS = {key: SECRETS[key] for key in KEYS}
OLD = {**CREDENTIALS, "api_key": SECRETS["token"]}
ORDERS = [f"PO-{number}" for number in range(24)]

# A command that counts its runs in a file, and does in each what it was told to do.
PROGRAM = """
import json, os, sys, time
runs, *outputs = sys.argv[1:]
with open(runs, "a") as file:
    file.write("x")
output = json.loads(outputs[min(os.path.getsize(runs), len(outputs)) - 1])
print(output["stderr"], file=sys.stderr)
sys.stdout.write(output["stdout"])
sys.stdout.flush()
time.sleep(output["seconds"])
sys.exit(output["status"])
"""


def does(
    stdout: object, *, status: int = 0, seconds: float = 0, stderr: str = ""
) -> str:
    """Return what one run of the command is to do."""
    text = stdout if isinstance(stdout, str) else json.dumps(stdout)
    said = {"stdout": text, "status": status, "seconds": seconds, "stderr": stderr}
    return json.dumps(said)


def without(key: str) -> str:
    rest = {name: value for name, value in CREDENTIALS.items() if name != key}
    return does(rest)


class Commands:
    """Makes commands for the settings, and tells how often each was run.

    Args:
        folder: Where they leave their marks.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def command(self, name: str, *runs: str) -> list[str]:
        """Return a command.

        Args:
            name: Its name.
            runs: What its runs do, the last one for ever.
        """
        return [sys.executable, "-c", PROGRAM, str(self._folder / name), *runs]

    def runs(self, name: str) -> int:
        """Return how often a command was run."""
        path = self._folder / name
        return path.stat().st_size if path.exists() else 0


def config(
    upstream: Upstream, auth: Mapping[str, Any], numbers: Any = ORDERS
) -> dict[str, Any]:
    """Return settings that sign in by a command.

    Args:
        upstream: Who is asked.
        auth: The keys of the `auth` section, `method` apart.
        numbers: The numbers, or the section that says where they come from.
    """
    listed = {"source": "list", "numbers": numbers}
    return {
        "appzen": {
            "api_url": upstream.url,
            "auth": {"method": "command", **auth},
            "purchase_order_numbers": numbers if isinstance(numbers, dict) else listed,
            "max_tries": 1,
            "max_requests_per_second": 1000,
        }
    }


def signed(asked: Asked) -> dict[str, str]:
    """Return the credentials with which a request was signed."""
    names = ("x-api-key", "customer-id", "customer-key")
    return {
        key: asked.headers.get(name, "") for key, name in zip(KEYS, names, strict=True)
    }


def good_order(asked: Asked) -> Reply:
    return json_reply(purchase_order(asked.path.rpartition("/")[2]))


def sent_back(asked: Asked) -> Reply:
    """Answer with all headers of the request in the message."""
    return appzen_error(400, f"You sent {json.dumps(dict(asked.headers))}")


def refusing(*accepted: Mapping[str, str]) -> Callable[[Asked], Reply]:
    """Return answers that take some credentials only."""

    def reply(asked: Asked) -> Reply:
        if signed(asked) in accepted:
            return good_order(asked)
        return appzen_error(401)

    return reply


def serve(upstream: Upstream, answer: Callable[[Asked], Reply] = good_order) -> None:
    """Answer for all purchase orders."""
    for number in ORDERS:
        upstream.answer(f"{NUMBER_PATH}/{number}", answer)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Build and install the package; return the variables with which the tap sees it.

    What it needs is there already: nothing is fetched.
    """
    target = tmp_path_factory.mktemp("installed")
    options = ["--no-index", "--no-build-isolation", "--no-deps", "--quiet"]
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    line = [*pip, *options, "--target", str(target), str(PACKAGE)]
    done = subprocess.run(
        line, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return {"PYTHONPATH": str(target)}


# What is wrong with the output of a command, and what the error has to say.
USELESS = {
    "failed": (does(CREDENTIALS, status=3), "failed with status 3"),
    "not-json": (does(SECRETS["api_key"]), "one JSON object"),
    "nothing": (does(""), "one JSON object"),
    "array": (does([CREDENTIALS]), "one JSON object"),
    "too-deep": (does("[" * 100_000), "one JSON object"),
    "no-key": (without("customer_key"), "no `customer_key`"),
    "null": (does({**CREDENTIALS, "api_key": None}), "no `api_key`"),
    "line-end": (does({**CREDENTIALS, "customer_id": "a\nb"}), "no `customer_id`"),
    "silent": (does(CREDENTIALS, seconds=60), "in time (`timeout_seconds` is 1)"),
}
SHAPES: dict[str, tuple[dict[str, Any], str]] = {
    "none": ({}, f"`{AUTH}.command` is missing"),
    "text": ({"command": "vault kv get"}, f"`{AUTH}.command` must be an array"),
    "empty": ({"command": []}, f"`{AUTH}.command` must be an array"),
    "number": ({"command": ["vault", 5]}, f"`{AUTH}.command` must be an array"),
    "zero": ({"command": ["v"], "timeout_seconds": 0}, f"`{AUTH}.timeout_seconds`"),
    "misspelt": ({"command": ["v"], "comand": ["w"]}, f"`{AUTH}.comand`"),
}
USELESS_LISTS = {
    "failed-midway": (does("PO-1\nPO-2\n", status=4), "failed with status 4"),
    "not-text": (does("PO-1\n"), "must be an array"),
}


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    return Commands(tmp_path_factory.mktemp("commands"))


@pytest.fixture(scope="module")
def played(installed: dict[str, str], commands: Commands) -> dict[str, Played]:
    def scene(
        auth: Mapping[str, Any],
        *arguments: str,
        answer: Callable[[Asked], Reply] = good_order,
        numbers: Any = ORDERS,
        log: Mapping[str, str] = QUIET,
    ) -> Scene:
        def options(upstream: Upstream) -> dict[str, Any]:
            serve(upstream, answer)
            return {
                "config": config(upstream, auth, numbers),
                "arguments": arguments,
                "environment": {**installed, **log},
            }

        return options

    def signing(name: str, *runs: str) -> dict[str, Any]:
        return {"command": commands.command(name, *runs), "timeout_seconds": 20}

    def listing(name: str, *runs: str) -> dict[str, Any]:
        return {"source": "command", "command": commands.command(name, *runs)}

    loud = does(CREDENTIALS, stderr=SECRETS["api_key"])
    listed = does("\ufeffPO-1 \nPO 7/2024\r\n\nPO-2")
    scenes = {
        "good": scene(signing("good", loud), log=DEBUG),
        "sent-back": scene(signing("sent-back", loud), answer=sent_back, log=DEBUG),
        "rotated": scene(
            signing("rotated", does(OLD), does(CREDENTIALS)),
            answer=refusing(CREDENTIALS),
            log=DEBUG,
        ),
        "refused": scene(signing("refused", loud), answer=refusing()),
        "test": scene(signing("test", loud), "--test"),
        "discover": scene(signing("discover", loud), "--discover"),
        "about": scene(signing("about", loud), "--about"),
        "no-program": scene({"command": ["./no-such-program", SECRETS["api_key"]]}),
        "no-text": scene({"command": ["true", "\0"]}),
        "listed": scene(
            signing("listed-auth", loud), numbers=listing("listed", listed)
        ),
    }
    for name, (run, _) in USELESS.items():
        auth = signing(name, run)
        auth["timeout_seconds"] = 1 if name == "silent" else 20
        scenes[name] = scene(auth, log=DEBUG)
    for name, (auth, _) in SHAPES.items():
        scenes[f"shape-{name}"] = scene(auth, "--discover")
    for name, (run, _) in USELESS_LISTS.items():
        numbers = listing(f"list-{name}", run)
        if name == "not-text":
            numbers["command"] = "erp numbers"
        scenes[f"list-{name}"] = scene(
            signing(f"list-{name}-auth", loud), numbers=numbers
        )
    return play_named(scenes)


def test_what_the_command_prints_signs_every_request(
    played: dict[str, Played],
) -> None:
    asked = played["good"].asked

    assert len(asked) == len(ORDERS)
    assert all(signed(request) == CREDENTIALS for request in asked)
    assert played["good"].run.status == 0
    assert played["good"].run.counts()["purchase_orders"] == len(ORDERS)


def test_the_command_is_run_once_for_all_workers(
    played: dict[str, Played], commands: Commands
) -> None:
    assert played["good"].run.status == 0
    assert commands.runs("good") == 1


def test_credentials_from_a_command_that_come_back_are_shown_nowhere(
    played: dict[str, Played],
) -> None:
    # That nothing is shown is checked with every run; here they were there to be shown.
    run = played["sent-back"].run

    assert len(run.issues(kind="request_failed")) == len(ORDERS)
    assert all("***" in issue["message"] for issue in run.issues())


def test_refused_credentials_are_fetched_anew_once_for_all_workers(
    played: dict[str, Played], commands: Commands
) -> None:
    run = played["rotated"].run

    assert run.status == 0
    assert run.counts()["purchase_orders"] == len(ORDERS)
    assert commands.runs("rotated") == 2


def test_a_command_that_prints_the_refused_credentials_again_ends_the_run(
    played: dict[str, Played], commands: Commands
) -> None:
    run = played["refused"].run

    assert run.status == 1
    assert f"`{AUTH}.command` still prints the credentials" in run.errors[0]
    assert commands.runs("refused") == 2


def test_the_command_is_run_to_test_the_connection(
    played: dict[str, Played], commands: Commands
) -> None:
    assert played["test"].run.status == 0
    assert commands.runs("test") == 1


@pytest.mark.parametrize("option", ["discover", "about"])
def test_the_command_is_not_run_where_nothing_is_asked(
    option: str, played: dict[str, Played], commands: Commands
) -> None:
    assert played[option].run.status == 0
    assert b"purchase" in played[option].run.output
    assert not played[option].asked
    assert commands.runs(option) == 0


@pytest.mark.parametrize("name", USELESS)
def test_a_command_that_gives_no_credentials_is_one_clear_error(
    name: str, played: dict[str, Played], commands: Commands
) -> None:
    _, said = USELESS[name]
    run = played[name].run

    assert run.status == 1
    assert not played[name].asked
    assert [
        line for line in run.errors if f"`{AUTH}.command` " in line and said in line
    ]
    # One that did not end in time may not have come to leave its mark.
    assert commands.runs(name) <= 1


@pytest.mark.parametrize("name", ["no-program", "no-text"])
def test_a_command_that_cannot_be_run_is_one_clear_error(
    name: str, played: dict[str, Played]
) -> None:
    run = played[name].run

    assert run.status == 1
    assert not played[name].asked
    assert f"AppZen: `{AUTH}.command` cannot be run: " in run.errors[0]


@pytest.mark.parametrize("name", SHAPES)
def test_settings_of_a_plug_in_are_checked_before_anything_is_run(
    name: str, played: dict[str, Played]
) -> None:
    _, said = SHAPES[name]
    run = played[f"shape-{name}"].run

    assert run.status == 1
    (line,) = run.errors
    assert said in line


def test_the_lines_of_a_command_are_the_numbers_to_ask_for(
    played: dict[str, Played], commands: Commands
) -> None:
    run = played["listed"].run

    assert set(played["listed"].paths()) == {
        f"{NUMBER_PATH}/{number}" for number in ("PO-1", "PO%207%2F2024", "PO-2")
    }
    assert commands.runs("listed") == 1
    # A blank line is no number, and is not passed over in silence.
    assert [issue["record_key"] for issue in run.issues(kind="invalid_number")] == [""]


@pytest.mark.parametrize("name", USELESS_LISTS)
def test_a_list_of_which_the_end_is_missing_is_not_begun(
    name: str, played: dict[str, Played]
) -> None:
    _, said = USELESS_LISTS[name]
    run = played[f"list-{name}"].run

    assert run.status == 1
    assert not played[f"list-{name}"].asked
    assert [line for line in run.errors if NUMBERS in line and said in line]
