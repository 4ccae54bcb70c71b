"""The report: every figure on the page is the warehouse's, whatever is in there."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter, defaultdict
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.pipeline.loaded_world import SCHEMA, LoadedWorld, loaded_world
from tests.pipeline.report_page import (
    AS_OF,
    NOTHING,
    Page,
    write_report,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pipeline.postgres import Postgres

UNREAD = {"unavailable", "invalid_response", "refused_redirect"}
WAITING = {
    "pending_po_upload": "Partner: upload",
    "po_upload_complete": "Microsoft: review",
}
# Without a word, what a section has is a table.
SECTIONS = [
    *("uploads", "statuses", "changes", "commitments", "breakdowns"),
    *("purchase-orders", "issues", "runs"),
]
MISSING = UNREAD | {
    *("not_found", "forbidden", "request_failed", "invalid_record", "invalid_number"),
}
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>&amp;\"'"
TABLES = (
    "customers",
    "orders",
    "order_status_changes",
    "purchase_orders",
    "purchase_order_lines",
    "extraction_issues",
)
RUN = {
    "run_id": "r1",
    "upstream": "appzen",
    "started_at": "2026-12-30T23:59:58.5Z",
    "ended_at": "2026-12-31T00:00:00Z",
    "seconds": Decimal("1.500"),
    "outcome": "incomplete",
    "requests": 1234,
    "repeats": 12,
    "rate_limit_wait_seconds": Decimal("0.25"),
    "keys_done": 1000,
    "keys_total": None,
    "records": 4321,
    "issues": 3,
    "shard_index": 1,
    "shard_count": 4,
    "tap_version": "1",
}


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest) -> LoadedWorld:
    return loaded_world(request.config)


@pytest.fixture(scope="module")
def postgres(world: LoadedWorld) -> Postgres:
    return world.postgres


@pytest.fixture(scope="module")
def page(world: LoadedWorld, tmp_path_factory: pytest.TempPathFactory) -> Page:
    path = tmp_path_factory.mktemp("report") / "report.html"
    return write_report(world.postgres, SCHEMA, path)


@pytest.fixture
def copy(postgres: Postgres, request: pytest.FixtureRequest) -> Iterator[str]:
    """A schema of the test's own with the loaded tables in it."""
    name = re.sub(r"\W", "_", request.node.name.lower())[:60]
    postgres.make_schema(name)
    for table in TABLES:
        postgres.execute(f"CREATE TABLE {name}.{table} AS TABLE {SCHEMA}.{table}")
    yield name
    postgres.execute(f"DROP SCHEMA {name} CASCADE")


def number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def minute(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def test_the_head_says_when_what_and_how_much(world: LoadedWorld, page: Page) -> None:
    newest = max(
        row["_sdc_extracted_at"]
        for table in TABLES
        for row in world.postgres.records(table, SCHEMA)
    )
    schema, as_of, newest_row = page.facts
    statuses = [order.get("status") for order in world.orders]
    issues = world.postgres.records("extraction_issues", SCHEMA)

    assert schema == f"{SCHEMA} in {world.postgres.settings['database']}"
    assert as_of == "2027-01-01 00:00 as set by --as-of"
    assert newest_row == newest[:16].replace("T", " ")
    assert page.cards["Orders"] == [f"{len(world.orders):,}"]
    waiting = sum(status in WAITING for status in statuses)
    assert page.cards["Uploads waiting"] == [str(waiting)]
    missing = sum(int(text) for text in page.column("missing-records", "Issues"))
    assert page.cards["Missing from the figures"] == [str(missing)]
    assert missing >= sum(issue["kind"] == "not_found" for issue in issues) > 0
    left = dict(
        zip(
            page.column("commitments-by-currency", "Currency"),
            page.column("commitments-by-currency", "Left to invoice"),
            strict=True,
        )
    )
    for text in page.cards["Left to invoice"]:
        currency, amount = text.split()
        assert amount == left[currency]


def test_headings_are_in_order_and_each_chart_has_a_table(page: Page) -> None:
    levels = [level for level, _ in page.headings]

    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert levels.count(1) == 1
    assert {
        "uploads-by-age-chart",
        "moving-chart",
        "at-rest-chart",
        "commitments-chart-1",
        "issues-by-kind-chart",
    } <= {*page.charts}
    assert {"uploads-by-age", "statuses-by-day", "commitments-1"} <= {*page.tables}


def test_uploads_are_the_orders_of_the_sandbox_that_wait(
    world: LoadedWorld, page: Page
) -> None:
    waiting = [order for order in world.orders if order.get("status") in WAITING]
    names = {
        row["record"]["id"]: row["record"]["companyProfile"]["companyName"]
        for row in world.latest("customers").values()
    }
    end = dt.datetime.fromisoformat(AS_OF)

    def age(order: dict[str, Any]) -> int:
        created = dt.datetime.fromisoformat(order["creationDate"][:19] + "Z")
        return (end - created).days

    rows = page.rows("oldest-uploads")
    assert sorted((*r[:4], *r[-2:]) for r in rows) == sorted(
        (
            names[order["referenceCustomerId"]],
            WAITING[order["status"]],
            str(age(order)),
            order["creationDate"][:16].replace("T", " "),
            str(len(order["lineItems"])),
            order["id"],
        )
        for order in waiting
    )
    ages = [int(row[2]) for row in rows]
    assert ages == sorted(ages, reverse=True)
    assert {row[1] for row in rows} == {*WAITING.values()}
    by_age = {
        row[0]: [int(text) for text in row[1:]] for row in page.rows("uploads-by-age")
    }
    assert sum(map(sum, by_age.values())) == len(waiting)
    assert sum(by_age["over 90"]) == sum(age(order) > 90 for order in waiting)


def test_statuses_are_what_runs_had_seen_by_the_end_of_each_day(
    world: LoadedWorld, page: Page
) -> None:
    steps = defaultdict(list)
    for run in world.runs:
        for change in run.records("order_status_changes"):
            key = change["referenceCustomerId"], change["orderId"]
            steps[key].append((change["observedAt"][:10], change["status"]))

    headings, *rows = page.tables["statuses-by-day"]
    assert rows
    for day, *counts in rows:
        last = (
            [status for seen, status in changes if seen <= day]
            for changes in steps.values()
        )
        expected = Counter(seen[-1] for seen in last if seen)
        found = {
            name: int(text)
            for name, text in zip(headings[1:], counts, strict=True)
            if text != "0"
        }
        assert found == expected


def test_issues_are_counted_and_the_newest_are_shown(
    world: LoadedWorld, page: Page
) -> None:
    issues = world.postgres.records("extraction_issues", SCHEMA)
    counts = Counter((issue["kind"], issue["stream"]) for issue in issues)

    assert {(r[0], r[3]): int(r[4]) for r in page.rows("issues-by-kind")} == counts
    shown = {(row[1], row[3]): row[5] for row in page.rows("newest-issues")}
    assert len(page.rows("newest-issues")) == min(len(issues), 20)
    for issue in issues:
        key = issue["kind"], issue["record_key"] or NOTHING
        if key in shown:
            assert shown[key] == " ".join(issue["message"].split())[:500]
    seen = page.column("newest-issues", "Seen")
    assert seen == sorted(seen, reverse=True)


def test_the_suppliers_that_are_not_shown_are_one_row(
    postgres: Postgres, copy: str, tmp_path: Path
) -> None:
    # 25 suppliers, each with more ordered than all of the world's own.
    postgres.execute(
        "DELETE FROM purchase_orders; DELETE FROM purchase_order_lines;"
        "INSERT INTO purchase_orders (purchase_order_number, supplier_id)"
        " SELECT 'n' || n, 's' || n FROM generate_series(1, 25) AS n;"
        "INSERT INTO purchase_order_lines"
        " (purchase_order_number, line_key, amount, uninvoiced_amount)"
        " SELECT 'n' || n, '1',"
        " jsonb_build_object('amount', n + 0.125, 'currency', 'EUR'),"
        " jsonb_build_object('amount', 0.5, 'currency', 'EUR')"
        " FROM generate_series(1, 25) AS n",
        copy,
    )

    page = write_report(postgres, copy, tmp_path / "report.html")

    rows = page.rows("commitments-1")
    assert [row[0] for row in rows[:-1]] == [f"s{n}" for n in range(25, 5, -1)]
    assert rows[0] == ["s25", "25.13", "0.00", "24.63", "0.50", "0.00", "0.00", "1"]
    exact = page.exact_rows("commitments-1")
    assert exact[0] == ["s25", "25.125", "0", "24.625", "0.5", "0", "0", "1"]
    # 1.125 + 2.125 + ... + 5.125
    assert exact[-1] == [
        "5 other suppliers",
        *("15.625", "0", "13.125", "2.5", "0", "0", "5"),
    ]
    (row,) = page.exact_rows("commitments-by-currency")
    assert row == ["EUR", "328.125", "0", "315.625", "12.5", "0", "0", "25", "25", "25"]


def test_runs_are_shown_when_their_history_is_loaded(
    postgres: Postgres, copy: str, tmp_path: Path
) -> None:
    path = Path(__file__).parents[2] / "schemas" / "extraction_runs.json"
    begin = {
        "type": "SCHEMA",
        "stream": "extraction_runs",
        "schema": json.loads(path.read_bytes()),
        "key_properties": ["run_id", "upstream"],
    }
    record = {
        "type": "RECORD",
        "stream": "extraction_runs",
        "record": {
            k: float(v) if isinstance(v, Decimal) else v for k, v in RUN.items()
        },
        "time_extracted": "2026-12-31T00:00:00Z",
    }
    lines = (json.dumps(message) for message in (begin, record))
    postgres.load("\n".join(lines).encode(), copy)

    page = write_report(postgres, copy, tmp_path / "report.html")

    assert page.rows("newest-runs") == [
        [
            *("2026-12-30 23:59", "AppZen", "incomplete", "1.5", "1,234", "12", "0.25"),
            *("1,000", NOTHING, "4,321", "3", "1 of 4"),
        ]
    ]
    assert "runs-chart-1" in page.charts


@pytest.mark.parametrize("is_there", [False, True])
def test_without_runs_the_page_says_how_to_switch_them_on(
    postgres: Postgres, copy: str, tmp_path: Path, *, is_there: bool
) -> None:
    if is_there:
        columns = ", ".join(f"{name} text" for name in RUN)
        times = "started_at timestamp, ended_at timestamp, _sdc_extracted_at timestamp"
        columns = re.sub(r"(started|ended)_at text, ", "", columns)
        postgres.execute(f"CREATE TABLE extraction_runs ({columns}, {times})", copy)

    page = write_report(postgres, copy, tmp_path / "report.html")

    (note,) = page.notes["runs"]
    assert "run_history: true" in note


def test_hostile_texts_are_only_texts(
    postgres: Postgres, copy: str, tmp_path: Path
) -> None:
    quoted = HOSTILE.replace("'", "''")
    values = {
        "customers": '"companyProfile" = '
        f"jsonb_build_object('companyName', '{quoted}')",
        "purchase_orders": f"supplier_id = '{quoted}'",
        "extraction_issues": ", ".join(
            f"{name} = '{quoted}'"
            for name in ("message", "record_key", "kind", "stream", "upstream")
        ),
        "order_status_changes": f"status = '{quoted}'",
    }
    for table, changes in values.items():
        postgres.execute(f"UPDATE {table} SET {changes}", copy)  # noqa: S608  # a stream's name

    page = write_report(postgres, copy, tmp_path / "report.html")

    assert {*page.column("oldest-uploads", "Customer")} == {HOSTILE}
    assert {*page.column("newest-issues", "Message")} == {HOSTILE}
    assert {*page.column("newest-issues", "Key")} == {HOSTILE}
    assert {*page.column("commitments-1", "Supplier")} == {HOSTILE}
    assert page.tables["statuses-by-day"][0][1] == HOSTILE.lower()
    assert "<script>alert" not in page.text.lower()
    assert "<img" not in page.text.partition("<script>")[0]


def test_only_the_scripts_of_the_page_may_run(page: Page) -> None:
    policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', page.text)

    (rules,) = (dict(re.findall(r"([\w-]+) ([^;]*)", text)) for text in policy)
    assert rules["default-src"] == "'none'"
    assert re.fullmatch(r"('sha256-[\w+/=]{44}' ?){3}", rules["script-src"])
    assert rules["style-src"] == "'unsafe-inline'"
    assert rules["img-src"] == "data:"
    assert not re.search(
        r"<(?:script|link|img)\s[^>]*(?:src|href)=\"(?!data:)", page.text
    )


def test_secrets_are_not_in_the_page(world: LoadedWorld, page: Page) -> None:
    settings = world.postgres.settings
    for name in ("password", "host", "port"):
        assert settings[name] not in page.text.partition("<script>")[0]


@pytest.mark.parametrize(
    ("left", "missing"),
    [
        (
            ("customers", "orders", "order_status_changes"),
            [name for name in SECTIONS if name not in {"statuses", "changes"}],
        ),
        (
            ("purchase_orders", "purchase_order_lines"),
            SECTIONS,
        ),
    ],
)
def test_a_section_without_its_tables_says_so(
    postgres: Postgres, copy: str, tmp_path: Path, left: Any, missing: list[str]
) -> None:
    for table in {*TABLES} - {*left}:
        postgres.execute(f"DROP TABLE {table}", copy)

    page = write_report(postgres, copy, tmp_path / "report.html")

    said = [name for name, (note, *_) in page.notes.items() if "not there" in note]
    assert said == missing


def test_a_world_without_rows_has_words_instead_of_charts(
    postgres: Postgres, copy: str, tmp_path: Path
) -> None:
    for table in TABLES:
        postgres.execute(f"DELETE FROM {table}", copy)  # noqa: S608  # a stream's name

    page = write_report(postgres, copy, tmp_path / "report.html")

    assert page.charts == []
    assert page.tables == {}
    assert [name for name in page.notes if name] == SECTIONS
    assert page.facts[2] == "never"
    assert page.cards["Orders"] == ["0"]
    # Without charts there is no need for what draws them.
    assert len(page.text) < 50_000


def test_a_column_that_was_not_selected_costs_its_section_only(
    postgres: Postgres, copy: str, tmp_path: Path
) -> None:
    postgres.execute("ALTER TABLE purchase_order_lines DROP COLUMN amount", copy)

    said = "".join(
        f"purchase-orders-report: {title}: column line.amount does not exist\n"
        for title in (
            "Commitments by supplier",
            "Commitments by cost account, requester and entity",
            "Purchase orders, one by one",
        )
    )
    page = write_report(postgres, copy, tmp_path / "report.html", said=said)

    assert "line.amount" in page.notes["commitments"][0]
    assert "oldest-uploads" in page.tables


def test_a_large_world_is_a_page_of_the_same_size(
    postgres: Postgres, copy: str, tmp_path: Path
) -> None:
    postgres.execute(
        'INSERT INTO orders (id, "referenceCustomerId", status, "creationDate")'
        " SELECT n::text, 'c' || n % 1000, 'pending_po_upload',"
        " timestamp '2020-01-01' + n * interval '1 minute'"
        " FROM generate_series(1, 40000) AS n;"
        'INSERT INTO order_status_changes ("orderId", "referenceCustomerId", sequence,'
        ' status, "observedAt")'
        " SELECT n::text, 'c' || n % 1000, 1, 'status' || n % 40,"
        " timestamp '2020-01-01' + n * interval '1 hour'"
        " FROM generate_series(1, 40000) AS n;"
        "INSERT INTO purchase_orders (purchase_order_number, supplier_id)"
        " SELECT n::text, n::text FROM generate_series(1, 20000) AS n;"
        "INSERT INTO purchase_order_lines (purchase_order_number, line_key, amount)"
        " SELECT n::text, '1', jsonb_build_object('amount', n,"
        " 'currency', 'C' || n % 70) FROM generate_series(1, 20000) AS n;"
        "INSERT INTO extraction_issues (issue_id, kind, stream, message, observed_at)"
        " SELECT n::text, 'not_found', 's' || n % 500, repeat('long ', 2000),"
        " timestamp '2020-01-01' FROM generate_series(1, 2000) AS n;"
        "CREATE INDEX ON order_status_changes"
        ' ("referenceCustomerId", "orderId"); ANALYZE',
        copy,
    )

    page = write_report(postgres, copy, tmp_path / "report.html")

    assert len(page.rows("oldest-uploads")) == 50
    assert len(page.rows("statuses-by-day")) <= 184
    assert len(page.tables["statuses-by-day"][0]) < 20
    assert len(page.rows("commitments-by-currency")) == 50
    assert max(len(rows) for rows in page.tables.values()) <= 301
    assert len(page.text) < 6_000_000


def test_the_page_says_how_far_the_warehouse_is_behind(
    postgres: Postgres, copy: str, tmp_path: Path
) -> None:
    for table in TABLES:
        update = f"UPDATE {table} SET _sdc_extracted_at = '2026-12-28T12:00:00'"  # noqa: S608  # a stream's name
        postgres.execute(update, copy)

    page = write_report(postgres, copy, tmp_path / "report.html")

    (said,) = page.notes[""]
    assert said.startswith("3 days behind.")
