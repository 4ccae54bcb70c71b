"""The dbt tests that tell of stale data and of what was not read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.pipeline.dbt_build import build, dbt
from tests.pipeline.loaded_world import SCHEMA, loaded_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pipeline.postgres import Postgres

TABLES = ("extraction_runs", "extraction_issues", "purchase_orders")
STALE, UNREAD = "last_runs_are_recent", "no_issue_is_unread"
# Ages are counted to 2027-01-01T00:00:00Z.
HOURS = {"partner_center": 3, "appzen": 26}


def run(
    upstream: str, ended_at: str, outcome: str = "finished", shard: str = "0 of 1"
) -> str:
    index, _, count = shard.partition(" of ")
    return (
        "INSERT INTO extraction_runs"  # noqa: S608  # values of ours
        " (run_id, upstream, outcome, ended_at, shard_index, shard_count) VALUES"
        f" (gen_random_uuid(), '{upstream}', '{outcome}', '{ended_at}',"
        f" {index}, {count});"
    )


def issue(stream: str, key: str, observed_at: str, kind: str = "unavailable") -> str:
    return (
        "INSERT INTO extraction_issues"  # noqa: S608  # values of ours
        " (issue_id, upstream, stream, kind, record_key, observed_at) VALUES"
        f" ('{stream}{key}', 'appzen', '{stream}', '{kind}', '{key}', '{observed_at}');"
    )


def read(number: str, at: str) -> str:
    return (
        "INSERT INTO purchase_orders (purchase_order_number, _sdc_extracted_at)"  # noqa: S608  # values of ours
        f" VALUES ('{number}', '{at}');"
    )


GOOD = run("partner_center", "2026-12-31 21:30") + run("appzen", "2026-12-30 23:00")


@pytest.fixture
def schema(request: pytest.FixtureRequest) -> Iterator[tuple[Postgres, str]]:
    """A schema with empty tables, in a PostgreSQL that is not in UTC."""
    dbt()
    postgres = loaded_world(request.config).postgres
    postgres.make_schema("alerts")
    for table in TABLES:
        postgres.execute(
            f"CREATE TABLE alerts.{table} AS TABLE {SCHEMA}.{table} WITH NO DATA"
        )
    yield postgres, "alerts"
    postgres.execute("DROP SCHEMA alerts CASCADE; DROP SCHEMA alerts_marts CASCADE")


@pytest.mark.parametrize(
    ("statements", "failed"),
    [
        pytest.param(GOOD, {}, id="all-well"),
        pytest.param(
            run("partner_center", "2026-12-31 21:30")
            + run("appzen", "2026-12-30 21:59"),
            {STALE: 1},
            id="stale",
        ),
        pytest.param(
            run("partner_center", "2026-12-31 23:00", "failed")
            + run("partner_center", "2026-12-31 23:30", "interrupted")
            # Nothing is known of AppZen.
            + run("partner_center", "2026-12-31 20:30"),
            {STALE: 2},
            id="failed-and-none",
        ),
        pytest.param(
            run("appzen", "2026-12-31 20:30")
            # The second shard is behind; three shards are no more.
            + run("partner_center", "2026-12-31 23:00", shard="0 of 2")
            + run("partner_center", "2026-12-31 20:00", shard="1 of 2")
            + run("partner_center", "2026-12-01 20:00", shard="2 of 3"),
            {STALE: 1},
            id="one-shard",
        ),
        pytest.param(
            GOOD
            + issue("purchase_orders", "A", "2026-12-31 12:00")
            # Read since then, settled by the upstream, and long ago.
            + issue("purchase_orders", "B", "2026-12-31 12:00")
            + read("A", "2026-12-31 11:59")
            + read("B", "2026-12-31 12:01")
            + issue("purchase_orders", "C", "2026-12-31 12:00", "not_found")
            + issue("purchase_orders", "D", "2026-12-30 21:59")
            + issue("orders", "B", "2026-12-30 22:01", "invalid_response"),
            {UNREAD: 2},
            id="unread",
        ),
    ],
)
def test_an_alert_fails_for_what_it_is_for(
    schema: tuple[Postgres, str], statements: str, failed: dict[str, int]
) -> None:
    postgres, raw = schema
    postgres.execute(statements, raw)

    built = build(
        postgres,
        raw=raw,
        marts=f"{raw}_marts",
        # Without a model of the runs: the jobs of meltano.yml build none.
        select=[STALE, f"+{UNREAD}"],
        stale_hours=HOURS,
        extraction_runs=True,
        alert_severity="error",
    )

    found = {name: built.results[name] for name in (STALE, UNREAD)}
    assert found == {
        name: "fail" if name in failed else "pass" for name in (STALE, UNREAD)
    }, built.said
    assert built.status == (1 if failed else 0)
    counts = re.findall(r"Got (\d+) results?, configured to fail", built.said)
    assert sorted(map(int, counts)) == sorted(failed.values())
