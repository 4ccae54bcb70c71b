"""Instants in a PostgreSQL that is not in UTC: each is loaded as what it is."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.pipeline.postgres import loader, running_postgres
from tests.tap.tap import run_tap
from tests.tap.upstream import Upstream
from tests.tap.worlds import appzen, purchase_order, serve_purchase_orders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pipeline.postgres import Postgres
    from tests.tap.tap import Run

UPGRADING = Path(__file__).parents[2] / "docs" / "how-to" / "upgrading.md"
# What the page says to find rows in local time, and to mend them.
*_, FIND, MEND = re.findall(
    r"^```sql\n(.*?)^```$", UPGRADING.read_text("utf-8"), re.DOTALL | re.MULTILINE
)
EXTREMES = {
    "0001-01-01T00:00:00Z": "0001-01-01 00:00:00",
    "9999-12-31T23:59:59.9999999Z": "9999-12-31 23:59:59.999999",
}
# Around the hours that the clocks of a zone leave out, and have twice.
CLOCK_CHANGES = {
    "Europe/Berlin": {
        "2026-03-29T00:59:59.9999999Z": "2026-03-29 00:59:59.999999",
        "2026-03-29T01:00:00Z": "2026-03-29 01:00:00",
        "2026-03-29T02:30:00Z": "2026-03-29 02:30:00",
        "2026-10-25T00:30:00Z": "2026-10-25 00:30:00",
        "2026-10-25T01:30:00Z": "2026-10-25 01:30:00",
        "2026-10-25T02:30:00+02:00": "2026-10-25 00:30:00",
        "2026-10-25T02:30:00+01:00": "2026-10-25 01:30:00",
    },
    "America/New_York": {
        "2026-03-08T06:59:59.9999999Z": "2026-03-08 06:59:59.999999",
        "2026-03-08T07:00:00Z": "2026-03-08 07:00:00",
        "2026-03-08T02:30:00Z": "2026-03-08 02:30:00",
        "2026-11-01T05:30:00Z": "2026-11-01 05:30:00",
        "2026-11-01T06:30:00Z": "2026-11-01 06:30:00",
        "2026-11-01T01:30:00-04:00": "2026-11-01 05:30:00",
        "2026-11-01T01:30:00-05:00": "2026-11-01 06:30:00",
    },
}


@pytest.fixture(scope="module", params=CLOCK_CHANGES)
def postgres(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    loader()
    with running_postgres(timezone=request.param) as server:
        yield server


def zone_of(postgres: Postgres) -> str:
    (row,) = postgres.rows("SHOW timezone")
    zone: str = row["TimeZone"]
    return zone


@pytest.fixture(scope="module")
def instants(postgres: Postgres) -> dict[str, str]:
    """What the upstream sends, and what the columns have to hold."""
    return CLOCK_CHANGES[zone_of(postgres)] | EXTREMES


@pytest.fixture(scope="module")
def run(instants: dict[str, str]) -> Run:
    lines = [
        {"line_number": number, "amortization_start_date": text}
        for number, text in enumerate(instants)
    ]
    with Upstream() as upstream:
        serve_purchase_orders(
            upstream, {"P1": purchase_order("P1", purchase_order_lines=lines)}
        )
        run = run_tap({"appzen": appzen(upstream, ["P1"])})
    assert run.status == 0, run.log
    return run


def loaded(postgres: Postgres, schema: str) -> list[tuple[str, str]]:
    """Return the instants of the lines, and when they were received."""
    rows = postgres.rows(
        "SELECT amortization_start_date::text AS moment,"
        " _sdc_extracted_at::text AS extracted"
        " FROM purchase_order_lines ORDER BY line_number",
        schema,
    )
    return [(row["moment"], row["extracted"]) for row in rows]


def hours_off(postgres: Postgres, schema: str) -> set[float]:
    query = FIND.replace("FROM orders", "FROM purchase_order_lines")
    return {float(row["hours_off"]) for row in postgres.rows(query, schema)}


def test_instants_around_a_clock_change_are_loaded_in_utc(
    postgres: Postgres, run: Run, instants: dict[str, str]
) -> None:
    postgres.load(run.output, "right")

    rows = loaded(postgres, "right")
    assert [moment for moment, _ in rows] == list(instants.values())
    # The loader's own columns are in UTC, too.
    (message, *_) = run.rows("purchase_order_lines")
    received = dt.datetime.fromisoformat(message["time_extracted"])
    assert {dt.datetime.fromisoformat(extracted) for _, extracted in rows} == {
        received.replace(tzinfo=None)
    }
    assert hours_off(postgres, "right") == {0}


def test_instants_that_were_loaded_in_local_time_are_found_and_mended(
    postgres: Postgres, run: Run, instants: dict[str, str]
) -> None:
    zone = zone_of(postgres)
    postgres.load(run.output, "local", PGTZ=zone)
    (message, *_) = run.rows("purchase_order_lines")
    received = dt.datetime.fromisoformat(message["time_extracted"])
    before = loaded(postgres, "local")
    assert 0 not in hours_off(postgres, "local")
    # Views are in the columns' catalog, too; this one takes no update.
    postgres.execute(
        "CREATE VIEW latest AS SELECT _sdc_received_at, max(_sdc_extracted_at)"
        " AS extracted FROM purchase_order_lines GROUP BY _sdc_received_at",
        "local",
    )

    for _ in range(2):
        postgres.execute(MEND.replace("Europe/Berlin", zone), "local")

    assert hours_off(postgres, "local") == {0}
    mended = loaded(postgres, "local")
    assert mended != before
    # Of the hour that there was twice, all are taken for the later one.
    became = {
        "2026-10-25 00:30:00": "2026-10-25 01:30:00",
        "2026-11-01 05:30:00": "2026-11-01 06:30:00",
    }
    assert [moment for moment, _ in mended] == [
        became.get(text, text) for text in instants.values()
    ]
    assert {dt.datetime.fromisoformat(extracted) for _, extracted in mended} == {
        received.replace(tzinfo=None)
    }
