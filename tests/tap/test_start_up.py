"""What a run does not need it does not import."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.tap import Run, run_tap
from tests.tap.tokens import app_only, certificate, serve_tokens, token_reply, trusting
from tests.tap.upstream import Upstream
from tests.tap.worlds import (
    appzen,
    order,
    partner_center,
    purchase_order,
    serve_customers,
    serve_purchase_orders,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# Each is for one way to sign in, one source, another command, mistaken settings,
# or a target.
HEAVY = {
    "asyncio",
    "azure",
    "cryptography",
    "difflib",
    "html",
    "jinja2",
    "joblib",
    "jsonpath_ng",
    "msal",
    "numpy",
    "packaging",
    "pandas",
    "plotly",
    "psycopg",
    "pyarrow",
    "sqlalchemy",
    "sqlite3",
    "starlette",
    "uvicorn",
}
# What checks the settings, and what paces the repeats.
ALWAYS = {"backoff", "jsonschema"}
OTHER_PROGRAMS = {"tap_purchase_orders.report", "tap_purchase_orders.sandbox"}
# For other kinds of taps, for targets, and for who configures the log.
OTHER_PARTS = {
    "logging.handlers",
    "singer_sdk.authenticators",
    "singer_sdk.schema.source",
    "singer_sdk.sinks",
    "singer_sdk.sql",
    "singer_sdk.streams.graphql",
    "singer_sdk.streams.rest",
    "singer_sdk.target_base",
}
# The tap's own command, which then says what was imported.
MAIN = """
import atexit, json, sys
from tap_purchase_orders.__main__ import main

def tell():
    modules = sys.modules.items()
    run = [name for name, module in modules if type(module).__name__ != "_Deferred"]
    sys.stderr.write("MODULES " + json.dumps(run))

atexit.register(tell)
main()
"""


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        serve_customers(server, {"c1": [order("o1", "c1")]})
        serve_purchase_orders(server, {"A": purchase_order("A")})
        yield server


def run(
    config: Any, environment: Mapping[str, str] | None = None
) -> tuple[Run, set[str]]:
    """Return a run, and the packages, programs and parts that it imported."""
    command = (sys.executable, "-c", MAIN)
    finished = run_tap(config, environment=environment, command=command)
    modules = json.loads(finished.log.split("MODULES ")[1])
    packages = {name.partition(".")[0] for name in modules}
    return finished, packages | ((OTHER_PROGRAMS | OTHER_PARTS) & set(modules))


def test_a_run_imports_nothing_that_it_does_not_use(upstream: Upstream) -> None:
    finished, modules = run(
        {
            "partner_center": partner_center(upstream),
            "appzen": appzen(upstream, ["A"]),
        }
    )

    assert finished.counts()["purchase_order_lines"]
    assert modules & (HEAVY | OTHER_PROGRAMS | OTHER_PARTS) == set()
    assert modules >= ALWAYS


def test_the_library_for_signing_in_comes_with_the_method_that_uses_it(
    tmp_path: Path,
) -> None:
    with Upstream(certificate()) as upstream:
        serve_customers(upstream, {"c1": [order("o1", "c1")]})
        serve_tokens(upstream, token_reply("token-1"))

        finished, modules = run(
            {"partner_center": partner_center(upstream, auth=app_only(upstream))},
            trusting(tmp_path),
        )

    assert finished.status == 0
    assert "msal" in modules
    assert "sqlalchemy" not in modules


def test_a_list_in_a_file_takes_no_library_for_tables(
    upstream: Upstream, tmp_path: Path
) -> None:
    path = tmp_path / "numbers.txt"
    path.write_text("A\n")
    section = appzen(upstream, [])
    section["purchase_order_numbers"] = {"source": "file", "path": str(path)}

    finished, modules = run({"appzen": section})

    assert finished.counts()["purchase_orders"] == 1
    assert modules & HEAVY == set()
