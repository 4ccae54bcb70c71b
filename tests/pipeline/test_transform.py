"""The dbt project over a loaded world: models, their documentation, their figures."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.pipeline.dbt_build import AS_OF, MARTS, TRANSFORM, build, built_world
from tests.pipeline.loaded_world import SCHEMA, STREAMS, LoadedWorld

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

WAITING = {"pending_po_upload": "partner", "po_upload_complete": "microsoft"}
# A stream, the streams whose rows belong to it, and others of the same upstream.
RELATIONS = {
    "partner_center": (
        "orders",
        ("order_line_items", "order_status_changes"),
        ("customers",),
    ),
    "appzen": ("purchase_orders", ("purchase_order_lines",), ()),
}
FIGURES = (
    "ordered",
    "received",
    "invoiced",
    "left_to_invoice",
    "released",
    "not_known",
)
DAY_SECONDS = 86_400
ZERO = Decimal(0)


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest) -> LoadedWorld:
    """The loaded world, with the models built over it."""
    return built_world(
        request.config,
        order_attachments=True,
        order_provisioning_status=True,
        extraction_runs=True,
    )


def rows_of(world: LoadedWorld, model: str) -> list[dict[str, Any]]:
    return world.postgres.rows(f"SELECT * FROM {model}", MARTS)  # noqa: S608  # a model's name


def moment(text: str) -> datetime:
    """Return an instant as PostgreSQL has it, without what is below microseconds."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{fraction[:6]:0<6}").replace(tzinfo=UTC)


def whole_days_since(instant: datetime) -> int:
    return int((moment(AS_OF) - instant).total_seconds() // DAY_SECONDS)


def names_of_customers(world: LoadedWorld) -> dict[str, str]:
    return {
        row["record"]["id"]: row["record"]["companyProfile"]["companyName"]
        for row in world.latest("customers").values()
    }


def steps_of(world: LoadedWorld) -> dict[Any, list[dict[str, Any]]]:
    """Return the emitted status changes of each order, in their order."""
    steps: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for run in world.runs:
        for change in run.records("order_status_changes"):
            steps[change["referenceCustomerId"], change["orderId"]].append(change)
    return steps


def test_open_uploads_are_those_of_the_sandbox_with_age_and_customer(
    world: LoadedWorld,
) -> None:
    names, steps = names_of_customers(world), steps_of(world)
    expected = {}
    for order in world.orders:
        customer_id, status = order["referenceCustomerId"], order.get("status")
        if status not in WAITING:
            continue
        created = moment(order["creationDate"])
        seen = moment(steps[customer_id, order["id"]][-1]["observedAt"])
        expected[customer_id, order["id"]] = {
            "customer_name": names[customer_id],
            "status": status,
            "waits_for": WAITING[status],
            "created_at": created,
            "age_days": whole_days_since(created),
            "status_seen_at": seen,
            "days_since_status_seen": whole_days_since(seen),
            "line_count": len(order["lineItems"]),
            "total_price": None,
            "currency_code": order["currencyCode"],
        }

    rows = rows_of(world, "open_purchase_order_uploads")
    assert {(r.pop("customer_id"), r.pop("order_id")): r for r in rows} == expected
    assert {row["waits_for"] for row in rows} == {"partner", "microsoft"}


def test_the_timeline_has_each_step_that_runs_saw(world: LoadedWorld) -> None:
    names = names_of_customers(world)
    expected = []
    for (customer_id, order_id), steps in steps_of(world).items():
        seen = [moment(step["observedAt"]) for step in steps]
        until = [*seen[1:], None]
        for number, step in enumerate(steps, start=1):
            begin, end = seen[number - 1], until[number - 1]
            expected.append(
                {
                    "customer_id": customer_id,
                    "customer_name": names[customer_id],
                    "order_id": order_id,
                    "step": number,
                    "previous_status": step["previousStatus"],
                    "status": step["status"],
                    "seen_at": begin,
                    "seen_until": end,
                    "hours_in_status": None if end is None else hours(begin, end),
                    "is_latest": end is None,
                    "order_created_at": moment(step["orderCreationDate"]),
                }
            )

    rows = rows_of(world, "order_status_timeline")
    assert in_order(rows) == in_order(expected)
    assert max(row["step"] for row in rows) == 2


def in_order(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda r: (r["customer_id"], r["order_id"], r["step"]))


def hours(begin: datetime, end: datetime) -> Decimal:
    passed = end - begin
    microseconds = (passed.days * DAY_SECONDS + passed.seconds) * 10**6
    exact = Decimal(microseconds + passed.microseconds) / (3600 * 10**6)
    return round(exact, 2)


@dataclass
class Sums:
    """What was ordered from one supplier, by one entity, in one currency."""

    entity_name: str | None
    purchase_orders: set[str] = field(default_factory=set)
    line_count: int = 0
    open_line_count: int = 0
    ordered: Decimal = ZERO
    received: Decimal = ZERO
    invoiced: Decimal = ZERO
    left_to_invoice: Decimal = ZERO
    released: Decimal = ZERO
    not_known: Decimal = ZERO
    lines_without_amount: int = 0
    lines_without_received: int = 0

    def add(self, order: Mapping[str, Any], line: Mapping[str, Any]) -> None:
        """Count a line."""
        ends = (
            is_true(line.get("cancel_flag")),
            is_true(line.get("closed_flag")),
            line.get("appzen_purchase_order_line_status") == "PO_CLOSED",
            order["appzen_purchase_order_status"] == "PO_CLOSED",
        )
        amount = amount_of(line, "amount")
        left = amount_of(line, "uninvoiced_amount")
        received = amount_of(line, "received_amount")
        self.purchase_orders.add(order["purchase_order_number"])
        self.line_count += 1
        self.open_line_count += not any(ends)
        self.ordered += amount or ZERO
        self.received += received or ZERO
        self.lines_without_amount += amount is None
        self.lines_without_received += received is None
        if left is None:
            self.not_known += amount or ZERO
            return
        self.invoiced += ZERO if amount is None else amount - left
        if any(ends):
            self.released += left
        else:
            self.left_to_invoice += left

    def row(self) -> dict[str, Any]:
        """Return what the mart shows beside the key."""
        values = dict(vars(self))
        values["purchase_order_count"] = len(values.pop("purchase_orders"))
        return values


def is_true(flag: Any) -> bool:
    return str(flag).lower() == "true"


def amount_of(line: Mapping[str, Any], name: str) -> Decimal | None:
    money = line.get(name) or {}
    is_comparable = money.get("currency") == line["amount"]["currency"]
    if money.get("amount") in {None, ""} or not is_comparable:
        return None
    return Decimal(str(money["amount"]))


def test_commitments_are_the_sums_over_the_lines_of_the_sandbox(
    world: LoadedWorld,
) -> None:
    expected: dict[Any, Sums] = {}
    for order in world.purchase_orders:
        for line in order.get("purchase_order_lines") or []:
            currency = (line.get("amount") or {}).get("currency") or None
            key = (order["entity_id"], order["supplier_id"], currency)
            sums = expected.setdefault(key, Sums(order["entity_name"]))
            sums.add(order, line)

    rows = rows_of(world, "purchase_order_commitments")
    found = {
        (r.pop("entity_id"), r.pop("supplier_id"), r.pop("currency")): r for r in rows
    }
    assert found == {key: sums.row() for key, sums in expected.items()}
    for figure in ("received", "invoiced", "left_to_invoice", "released", "not_known"):
        assert sum(row[figure] for row in rows) > 0
    # A long amount is among them, with all its digits.
    assert any("123456789" in str(row["ordered"]) for row in rows)


def test_lines_are_counted_by_what_became_of_them(world: LoadedWorld) -> None:
    rows = {
        row["line_key"]: (
            row["is_open"],
            *(None if row[name] is None else str(row[name]) for name in FIGURES),
        )
        for row in rows_of(world, "purchase_order_line_commitments")
        if row["purchase_order_number"] == world.shortened
    }

    assert rows == {
        # Ordered, received, invoiced, left, released, not known.
        "1": (True, "10.5", "0.5", "6.25", "4.25", "0", None),
        "2": (False, "20", None, "12.5", "0", "7.5", None),
        # What is left is in another currency.
        "3": (True, "30", None, None, None, None, "30"),
    }


def test_lines_that_are_gone_are_flagged(world: LoadedWorld) -> None:
    gone = world.postgres.rows(
        "SELECT purchase_order_number AS number, line_key FROM stg_purchase_order_lines"
        " WHERE NOT is_current",
        MARTS,
    )

    assert [tuple(row.values()) for row in gone] == [(world.shortened, "4")]


def test_staging_has_the_rows_types_and_descriptions_of_the_schemas(
    world: LoadedWorld,
) -> None:
    for models in ("staging/_staging.yml", "marts/_marts.yml"):
        text = (TRANSFORM / "models" / models).read_text(encoding="utf-8")
        for model in yaml.safe_load(text)["models"]:
            rows = world.postgres.rows(
                f"SELECT attname, format_type(atttypid, NULL),"  # noqa: S608  # a model's name
                f" col_description(attrelid, attnum), obj_description(attrelid)"
                f" FROM pg_attribute WHERE attrelid = '{model['name']}'::regclass"
                f" AND attnum > 0 ORDER BY attnum",
                MARTS,
            )
            assert [tuple(row.values()) for row in rows] == [
                (c["name"], c["data_type"], c["description"], model["description"])
                for c in model["columns"]
            ]
    counts = {stream: len(rows_of(world, f"stg_{stream}")) for stream in STREAMS}
    assert counts == {s: len(world.postgres.records(s, SCHEMA)) for s in STREAMS}


def test_staging_keeps_every_digit_of_amounts_within_json(world: LoadedWorld) -> None:
    rows = rows_of(world, "stg_purchase_order_lines")
    loaded = world.latest("purchase_order_lines")
    shown = {
        (r["purchase_order_number"], r["line_key"]): str(r["amount"]) for r in rows
    }

    assert shown == {
        key: f"{Decimal(row['record']['amount']['amount']):f}"
        for key, row in loaded.items()
    }


@pytest.mark.parametrize("upstream", ["partner_center", "appzen"])
def test_one_upstream_is_enough_and_broken_keys_and_relations_are_found(
    world: LoadedWorld, upstream: str
) -> None:
    parent, children, others = RELATIONS[upstream]
    raw = f"only_{upstream}"
    world.postgres.make_schema(raw)
    for table in (parent, *children, *others, "extraction_issues"):
        copy = f"CREATE TABLE {raw}.{table} AS TABLE {SCHEMA}.{table}"
        world.postgres.execute(copy)
    # One row twice, and all others gone.
    world.postgres.execute(
        f"CREATE TEMP TABLE one AS SELECT * FROM {parent} LIMIT 1;"  # noqa: S608  # a stream's name
        f"DELETE FROM {parent};"
        f"INSERT INTO {parent} SELECT * FROM one UNION ALL SELECT * FROM one",
        raw,
    )

    used: dict[str, Any] = {name: name == upstream for name in RELATIONS}
    built = build(world.postgres, raw=raw, marts=f"{raw}_marts", **used)

    assert built.status == 1
    failed = [name for name, status in built.results.items() if status == "fail"]
    expected = [f"belongs_to_stg_{child}_" for child in children]
    for start in (f"unique_together_stg_{parent}_", *expected):
        assert [name for name in failed if name.startswith(start)]
    # dbt tells "no-op" of an exposure.
    ends = {"success", "pass", "fail", "skipped", "no-op"}
    assert set(built.results.values()) == ends


def test_the_generated_models_are_what_the_schemas_say(tmp_path: Path) -> None:
    generator = TRANSFORM / "generate_staging.py"

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, generator, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert run("--check").returncode == 0
    missing = run("--check", "--into", tmp_path)
    assert missing.returncode == 1
    assert "stg_orders.sql" in missing.stderr
    assert run("--into", tmp_path).returncode == 0
    assert run("--check", "--into", tmp_path).returncode == 0
    changed = tmp_path / "transform/models/staging/_staging.yml"
    changed.write_text(changed.read_text(encoding="utf-8").replace("Id of", "No. of"))
    drifted = run("--check", "--into", tmp_path)
    assert drifted.returncode == 1
    assert "_staging.yml" in drifted.stderr
    assert "stg_orders.sql" not in drifted.stderr
