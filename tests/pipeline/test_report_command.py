"""The report's command line: what it takes, and what it says when it cannot."""

from __future__ import annotations

import datetime as dt
import socket
from typing import TYPE_CHECKING

import pytest

from tests.pipeline.loaded_world import SCHEMA, loaded_world
from tests.pipeline.report_page import PROGRAM, Page, run_report, variables
from tests.python_process import run_python

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.pipeline.postgres import Postgres


@pytest.fixture(scope="module")
def postgres(request: pytest.FixtureRequest) -> Postgres:
    return loaded_world(request.config).postgres


def now() -> str:
    return f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M}"


def test_ages_count_to_now_unless_something_else_is_asked_for(
    postgres: Postgres, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    before = now()

    done = run_report(f"--schema={SCHEMA}", f"--output={path}", **variables(postgres))

    assert done.returncode == 0, done.stderr
    _, as_of, _ = Page.of(path.read_text(encoding="utf-8")).facts
    assert before <= as_of.removesuffix(" now") <= now()
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_address_is_taken_from_the_option_the_variable_or_the_loaders_settings(
    postgres: Postgres, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    settings = postgres.settings
    url = "postgresql+psycopg://{user}:{password}@{host}:{port}/{database}".format(
        **settings
    )
    arguments = (f"--schema={SCHEMA}", f"--output={path}")

    by_option = run_report(*arguments, f"--warehouse={url}")
    by_variable = run_report(*arguments, PURCHASE_ORDERS_WAREHOUSE_URL=url)
    by_schema = run_report(
        f"--output={path}",
        **variables(postgres),
        TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA=SCHEMA,
    )

    for done in (by_option, by_variable, by_schema):
        assert (done.returncode, done.stderr) == (0, "")


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line that a failed command says."""
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "pass-word" not in line
    return line


def test_mistakes_are_named_in_one_line(postgres: Postgres, tmp_path: Path) -> None:
    output = f"--output={tmp_path / 'report.html'}"
    nowhere = f"postgresql://user:pass-word@127.0.0.1:{closed_port()}/db"
    reached = variables(postgres)
    postgres.make_schema("nothing_here")

    def said(*arguments: str, **environment: str) -> str:
        return complaint(run_report(output, *arguments, **environment))

    assert "PURCHASE_ORDERS_WAREHOUSE_URL" in said()
    refused = said(f"--warehouse={nowhere}")
    assert "`--warehouse`: the warehouse cannot be reached" in refused
    assert "refused" in refused
    for url in (
        "mysql://user:pass-word@host/db",
        "not an address: pass-word",
        "postgresql://user:pass@pass-word@host/db",
        "postgresql://user:@host:pass-word/db",
        "postgresql://user:x@host/db?pass-word=1",
    ):
        by_variable = said(PURCHASE_ORDERS_WAREHOUSE_URL=url)
        assert "PURCHASE_ORDERS_WAREHOUSE_URL is not an address such as" in by_variable
    wrong = said(**{**reached, "TARGET_POSTGRES_PASSWORD": "pass-word"})
    assert "password authentication failed" in wrong
    missing = said("--schema=elsewhere", **reached)
    assert "`--schema`: the database has no schema elsewhere" in missing
    assert SCHEMA in missing
    empty = said("--schema=nothing_here", **reached)
    assert "`--schema`: none of the tap's tables is in nothing_here" in empty
    assert not (tmp_path / "report.html").exists()
    folder = f"--output={tmp_path / 'no' / 'report.html'}"
    unwritten = complaint(run_report(folder, f"--schema={SCHEMA}", **reached))
    assert "`--output`" in unwritten
    assert "No such file" in unwritten


def test_a_moment_that_is_none_is_a_usage_error() -> None:
    done = run_report("--as-of=yesterday")

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith(
        "argument --as-of: 'yesterday' is no moment such as 2026-03-01T00:00:00Z"
    )


def test_without_the_extra_the_command_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['plotly'] = None\n"
        "from tap_purchase_orders.report.cli import main; sys.exit(main([]))"
    )
    done = run_python(code)

    assert "pip install '.[report]'" in complaint(done)


def test_its_help_needs_nothing_of_the_extra() -> None:
    code = (
        "import sys\n"
        "sys.modules |= dict.fromkeys(('jinja2', 'plotly', 'psycopg'))\n"
        "from tap_purchase_orders.report.cli import main; main(['--help'])"
    )
    done = run_python(code)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: purchase-orders-report")
    assert "--as-of" in done.stdout


def test_the_tap_starts_without_what_the_report_needs() -> None:
    code = (
        "import sys, tap_purchase_orders.tap\n"
        "print(*{'plotly', 'jinja2', 'psycopg'} & {*sys.modules})"
    )
    done = run_python(code)

    assert (done.returncode, done.stdout) == (0, "\n")
    assert PROGRAM.is_file()
