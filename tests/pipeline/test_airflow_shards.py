"""One shard as Airflow or cron runs it: apart from the others, and never twice."""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from demo.variables import LOADER, TAP, variables
from orchestrate.demo.processes import descendants
from tap_purchase_orders.sandbox.process import Sandbox
from tests.pipeline.postgres import Postgres, loader, running_postgres
from tests.sandboxes import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROJECT = Path(__file__).parents[2]
PYTHON = PROJECT / ".venv-meltano" / "bin" / "python"
ORDERS = "tap-purchase-orders--orders"
NUMBERS = "tap-purchase-orders--purchase-orders"
FOREIGN = ("MELTANO_", "PG", "TAP_PURCHASE_ORDERS_", "TARGET_POSTGRES_")
SECONDS = 200


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    loader()
    if not PYTHON.is_file():
        pytest.skip("no Meltano here: `make tests` installs it")
    with running_postgres() as server:
        yield server


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    world = Sandbox(customers=12, purchase_orders=90, now=NOW, freeze_clock=True)
    with world as running:
        yield running


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project of its own, with the plugins of this one."""
    shutil.copy(PROJECT / "meltano.yml", tmp_path)
    (tmp_path / "orchestrate").symlink_to(PROJECT / "orchestrate")
    (tmp_path / ".meltano").mkdir()
    for kind in ("extractors", "loaders"):
        (tmp_path / ".meltano" / kind).symlink_to(PROJECT / ".meltano" / kind)
    return tmp_path


@pytest.fixture
def machine(
    sandbox: Sandbox, postgres: Postgres, request: pytest.FixtureRequest
) -> dict[str, str]:
    """Return the variables of a machine; tables and states are those of this test."""
    each = postgres.settings
    name = f"test_{abs(hash(request.node.name))}"
    with psycopg.connect(address(each, each["database"]), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
    own = {
        variable: text
        for variable, text in os.environ.items()
        if not variable.startswith(FOREIGN)
    }
    return {
        **own,
        **sandbox.environment,
        **dict(variables(TAP, sandbox.settings)),
        **dict(variables(LOADER, {**each, "database": name})),
        "MELTANO_DATABASE_URI": address(each, name).replace(":", "+psycopg:", 1),
        "NO_PROXY": "localhost,127.0.0.1",
        "no_proxy": "localhost,127.0.0.1",
    }


def address(settings: Mapping[str, str], database: str) -> str:
    server = "{user}:{password}@{host}:{port}".format(**settings)
    return f"postgresql://{server}/{database}"


def rows(machine: Mapping[str, str], query: str) -> list[tuple[Any, ...]]:
    url = machine["MELTANO_DATABASE_URI"].replace("+psycopg:", ":", 1)
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


@contextmanager
def started(
    project: Path, machine: Mapping[str, str], extractor: str, **more: str
) -> Iterator[subprocess.Popen[str]]:
    """Start a shard below a shell, as a task of Airflow is; end all at the end."""
    command = f"{PYTHON} -m orchestrate.run_shard --end-with-parent {extractor}"
    shell = subprocess.Popen(
        ["bash", "-c", f"{command} target-postgres & wait $!"],
        cwd=project,
        env={**machine, **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield shell
    finally:
        kill([shell.pid, *descendants(shell.pid)])
        shell.communicate(timeout=SECONDS)


def kill(processes: list[int]) -> None:
    for process in processes:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue


def wait_for(
    sandbox: Sandbox, resource: str, count: int, shell: subprocess.Popen[str]
) -> None:
    """Wait until a running shard has asked for so much."""
    deadline = time.monotonic() + SECONDS
    while asked(sandbox, resource) < count:
        with suppress(subprocess.TimeoutExpired):
            shell.wait(0.2)
            pytest.fail(shell.communicate(timeout=SECONDS)[0])
        assert time.monotonic() < deadline, resource


def asked(sandbox: Sandbox, resource: str) -> int:
    log = sandbox.requests(log=True)["log"]
    return sum(entry["resource"] == resource for entry in log)


def test_two_shards_at_once_keep_apart_and_leave_nothing_behind(
    project: Path, machine: dict[str, str], sandbox: Sandbox
) -> None:
    secrets = [text for name, text in machine.items() if is_secret(name)]
    assert len(secrets) >= 5
    shards = [
        {
            "TAP_PURCHASE_ORDERS_SHARD_COUNT": "2",
            "TAP_PURCHASE_ORDERS_SHARD_INDEX": str(index),
        }
        for index in range(2)
    ]
    with (
        started(project, machine, ORDERS, **shards[0]) as first,
        started(project, machine, ORDERS, **shards[1]) as second,
    ):
        wait_for(sandbox, "orders", 3, first)
        while_it_runs = descendants(first.pid) + descendants(second.pid)
        commands = [command_line(process) for process in while_it_runs]
        directories = list((project / ".meltano" / "shards").glob("run-*"))
        modes = {stat.S_IMODE(folder.stat().st_mode) for folder in directories}
        said = [each.communicate(timeout=SECONDS)[0] for each in (first, second)]

    assert [first.returncode, second.returncode] == [0, 0], "\n".join(said)
    assert any("tap-purchase-orders" in command for command in commands)
    for secret in secrets:
        # Five digits of a customer id are within some fraction of a second, too.
        edge = r"\b" if secret.isdigit() else ""
        found = re.compile(f"{edge}{re.escape(secret)}{edge}")
        assert not any(found.search(text) for text in (*commands, *said))
    assert modes == {0o700}
    assert not list((project / ".meltano" / "shards").glob("run-*"))
    # Together they have read everything, and each has a state of its own.
    loaded = rows(machine, "SELECT id FROM purchasing_dev.orders")
    truth = [order["id"] for order in sandbox.truth("orders")]
    assert sorted(order for (order,) in loaded) == sorted(truth)
    assert rows(machine, "SELECT state_id FROM state ORDER BY state_id") == [
        (f"dev:{ORDERS}-to-target-postgres:{index}-of-2",) for index in range(2)
    ]


def test_a_first_load_is_tried_again_when_another_made_the_same_table(
    project: Path, machine: dict[str, str]
) -> None:
    shard = {
        "TAP_PURCHASE_ORDERS_SHARD_COUNT": "1000",
        "TAP_PURCHASE_ORDERS_SHARD_INDEX": "0",
    }
    url = machine["MELTANO_DATABASE_URI"].replace("+psycopg:", ":", 1)
    with psycopg.connect(url) as other:
        # As another loader does: not to be seen yet, and in the way.
        other.execute("CREATE SCHEMA purchasing_dev")
        other.execute("CREATE TABLE purchasing_dev.extraction_issues (issue_id text)")
        other.execute("CREATE TABLE purchasing_dev.orders (id text PRIMARY KEY)")
        with started(project, machine, ORDERS, **shard) as shell:
            wait_until_it_waits(machine, shell)
            other.commit()
            said, _ = shell.communicate(timeout=SECONDS)

    assert shell.returncode == 0, said
    assert said.count("the first load failed; once more") == 1
    state = f"dev:{ORDERS}-to-target-postgres:0-of-1000"
    assert rows(machine, "SELECT state_id FROM state") == [(state,)]


def wait_until_it_waits(
    machine: Mapping[str, str], shell: subprocess.Popen[str]
) -> None:
    """Wait until a session of this database waits for another one."""
    deadline = time.monotonic() + SECONDS
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while rows(machine, waiting) == [(0,)]:
        with suppress(subprocess.TimeoutExpired):
            shell.wait(0.2)
            pytest.fail(shell.communicate(timeout=SECONDS)[0])
        assert time.monotonic() < deadline


def test_a_shard_whose_parent_was_killed_loads_what_it_read_and_another_goes_on(
    project: Path, machine: dict[str, str], sandbox: Sandbox
) -> None:
    slow = {"TAP_PURCHASE_ORDERS_APPZEN_MAX_REQUESTS_PER_SECOND": "10"}
    with started(project, machine, NUMBERS, **slow) as shell:
        wait_for(sandbox, "purchase_orders", 40, shell)
        shell.kill()
        # Ends when nobody writes there any more.
        said, _ = shell.communicate(timeout=SECONDS)

    assert "what has been read is being loaded" in said
    ((state,),) = rows(machine, "SELECT completed_state::text FROM state")
    assert '"resume"' in state
    before = asked(sandbox, "purchase_orders")
    assert before < 93
    with started(project, machine, NUMBERS) as shell:
        said, _ = shell.communicate(timeout=SECONDS)

    assert shell.returncode == 0, said
    # Nothing was killed that Meltano still believes in.
    assert "was killed" not in said
    assert asked(sandbox, "purchase_orders") < 93 + before
    assert_all_purchase_orders(machine, sandbox)


def test_a_shard_is_read_again_when_its_machine_has_died(
    project: Path, machine: dict[str, str], sandbox: Sandbox
) -> None:
    slow = {"TAP_PURCHASE_ORDERS_APPZEN_MAX_REQUESTS_PER_SECOND": "10"}
    with started(project, machine, NUMBERS, **slow) as shell:
        wait_for(sandbox, "purchase_orders", 40, shell)
        kill([shell.pid, *descendants(shell.pid)])
        shell.communicate(timeout=SECONDS)
    (left,) = (project / ".meltano" / "shards").glob("run-*")
    assert rows(machine, "SELECT state FROM runs") == [("RUNNING",)]

    with started(project, machine, NUMBERS) as shell:
        said, _ = shell.communicate(timeout=SECONDS)

    assert shell.returncode == 0, said
    assert "the run before was killed" in said
    assert not left.exists()
    assert_all_purchase_orders(machine, sandbox)


def assert_all_purchase_orders(machine: dict[str, str], sandbox: Sandbox) -> None:
    query = "SELECT purchase_order_number FROM purchasing_dev.purchase_orders"
    loaded = rows(machine, query)
    truth = sandbox.truth("purchase-orders")
    wanted = sorted(each["purchase_order_number"] for each in truth)
    assert sorted(number for (number,) in loaded) == wanted


def is_secret(name: str) -> bool:
    ends = ("_SECRET", "_API_KEY", "_CUSTOMER_ID", "_CUSTOMER_KEY", "_PASSWORD")
    return name.startswith((TAP, LOADER)) and name.endswith(ends)


def command_line(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text(errors="replace")
    except OSError:
        return ""
