"""The jobs of meltano.yml: what they read, load and build, and the state they keep."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tap_purchase_orders.sandbox.process import Sandbox
from tests.pipeline.meltano_command import Meltano, meltano_in
from tests.pipeline.postgres import Postgres, running_postgres
from tests.sandboxes import DAY_SECONDS, NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

# Those of the environment `dev`.
RAW, MARTS = "purchasing_dev", "purchasing_dev_marts"
SYSTEM = "meltano"
ORDERS_STATE = "dev:tap-purchase-orders--orders-to-target-postgres"
EVERYTHING_STATE = "dev:tap-purchase-orders--everything-to-target-postgres"
ORDER_TABLES = {"customers", "orders", "order_line_items", "order_status_changes"}
PURCHASE_ORDER_TABLES = {"purchase_orders", "purchase_order_lines"}
TABLES_OF_BOTH = {"extraction_issues", "extraction_runs"}
ORDER_MODELS = {"order_status_timeline", "open_purchase_order_uploads"}
PURCHASE_ORDER_MODELS = {"purchase_order_commitments"}
CUSTOMERS = 6
WRONG_KEYS = {
    "TAP_PURCHASE_ORDERS_PARTNER_CENTER_AUTH_CLIENT_SECRET": "planted-4be1",
    "TAP_PURCHASE_ORDERS_APPZEN_AUTH_API_KEY": "planted-90cc",
}

Rows = list[dict[str, Any]]

# The first test waits for five jobs, one after the other.
pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True)
class Moment:
    """What there was after a job had run.

    Attributes:
        state: What Meltano keeps for the hourly job.
        orders: The table, in the order of its keys.
        changes: The table of status changes, in the order of its keys.
        tables: All tables that were loaded.
        models: All models that were built.
        asked: What the upstreams were asked for by this job.
    """

    state: str = field(repr=False)
    orders: Rows = field(repr=False)
    changes: Rows = field(repr=False)
    tables: set[str]
    models: set[str]
    asked: set[str]


@dataclass(frozen=True)
class Story:
    """Jobs, one after the other, over a world in which days go by.

    Attributes:
        hourly: The first run of the hourly job.
        weekly: A run of the weekly one, 9 days later.
        again: The hourly job, directly after it.
        quiet: The hourly job, once more.
        daily: The daily one, at the end.
        report: The page that the report wrote then.
        state_ids: What `meltano state list` shows.
        runs: The table extraction_runs.
    """

    hourly: Moment
    weekly: Moment
    again: Moment
    quiet: Moment
    daily: Moment
    report: str = field(repr=False)
    state_ids: list[str]
    runs: Rows = field(repr=False)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        # As an administrator may have set it, for all who use this role.
        role = server.settings["user"]
        server.execute(f"ALTER ROLE {role} SET timezone TO 'America/New_York'")
        yield server


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(
        customers=CUSTOMERS, purchase_orders=5, now=NOW, freeze_clock=True
    ) as running_sandbox:
        yield running_sandbox


@pytest.fixture(scope="module")
def meltano(
    sandbox: Sandbox, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Meltano:
    """Meltano, its own database being a schema of the warehouse's."""
    postgres.make_schema(SYSTEM)
    reach = postgres.settings
    system_database = (
        f"postgresql+psycopg://{reach['user']}:{reach['password']}@{reach['host']}"
        f":{reach['port']}/{reach['database']}?options=-csearch_path%3D{SYSTEM}"
    )
    return meltano_in(
        tmp_path_factory.mktemp("meltano"),
        sandbox.settings,
        {**reach, "ssl_mode": "disable"},
        {
            **sandbox.environment,
            "MELTANO_DATABASE_URI": system_database,
            # The user's own, for psql.
            "PGTZ": "Asia/Tokyo",
        },
    )


@pytest.fixture(scope="module")
def story(sandbox: Sandbox, postgres: Postgres, meltano: Meltano) -> Story:
    def after(job: str) -> Moment:
        sandbox.reset_requests()
        meltano("run", job)
        asked = set(sandbox.requests()["by_resource"])
        return Moment(
            kept(postgres)[ORDERS_STATE],
            postgres.rows("SELECT * FROM orders ORDER BY id", RAW),
            postgres.rows("SELECT * FROM order_status_changes ORDER BY 1, 2, 3", RAW),
            names(postgres, RAW),
            names(postgres, MARTS),
            asked,
        )

    hourly = after("orders")
    sandbox.advance(9 * DAY_SECONDS)
    weekly = after("everything")
    again, quiet, daily = after("orders"), after("orders"), after("purchase-orders")
    page = meltano.directory / "report.html"
    meltano(
        "run",
        "purchase-orders-report:write",
        PURCHASE_ORDERS_REPORT_OUTPUT=str(page),
    )
    return Story(
        hourly,
        weekly,
        again,
        quiet,
        daily,
        page.read_text("utf-8"),
        meltano("state", "list").split(),
        postgres.rows("SELECT * FROM extraction_runs", RAW),
    )


def names(postgres: Postgres, schema: str) -> set[str]:
    """Return the names of the tables and views of a schema."""
    query = "SELECT table_name AS name FROM information_schema.tables"
    rows = postgres.rows(f"{query} WHERE table_schema = '{schema}'")
    return {row["name"] for row in rows}


def kept(postgres: Postgres) -> dict[str, str]:
    """Return the finished states in Meltano's database, by their ids."""
    rows = postgres.rows("SELECT state_id, completed_state FROM state", SYSTEM)
    return {row["state_id"]: row["completed_state"] for row in rows}


def moment_of(rows: Rows) -> Any:
    return max(row["_sdc_extracted_at"] for row in rows)


def test_the_hourly_job_reads_partner_center_and_nothing_else(story: Story) -> None:
    assert story.hourly.tables == ORDER_TABLES | TABLES_OF_BOTH
    assert story.hourly.asked >= {"customers", "orders"}
    assert not {name for name in story.hourly.asked if "purchase" in name}


def test_the_hourly_job_builds_the_models_of_orders(story: Story) -> None:
    assert story.hourly.models >= ORDER_MODELS
    assert not story.hourly.models & PURCHASE_ORDER_MODELS


def test_the_daily_job_asks_nothing_of_partner_center(story: Story) -> None:
    assert story.daily.asked == {"purchase_orders"}


def test_the_daily_job_loads_purchase_orders_and_builds_their_models(
    story: Story,
) -> None:
    assert story.daily.tables - story.quiet.tables == PURCHASE_ORDER_TABLES
    assert story.daily.models >= ORDER_MODELS | PURCHASE_ORDER_MODELS
    assert story.daily.state == story.quiet.state


def test_instants_are_in_utc_whatever_zone_the_role_and_the_user_have(
    story: Story, sandbox: Sandbox
) -> None:
    truth = {
        order["id"]: dt.datetime.fromisoformat(order["creationDate"])
        .astimezone(dt.UTC)
        .replace(tzinfo=None)
        for order in sandbox.truth("orders")
    }

    assert story.hourly.orders
    assert {row["id"]: row["creationDate"] for row in story.hourly.orders} == {
        row["id"]: truth[row["id"]] for row in story.hourly.orders
    }


def test_the_weekly_job_reads_every_order_and_disturbs_no_status_change(
    story: Story,
) -> None:
    before = moment_of(story.hourly.orders)

    assert story.weekly.orders
    assert all(row["_sdc_extracted_at"] > before for row in story.weekly.orders)
    assert story.weekly.changes == story.hourly.changes


def test_the_weekly_job_leaves_the_state_of_the_hourly_one_alone(story: Story) -> None:
    assert story.weekly.state == story.hourly.state
    state = json.loads(story.weekly.state)["singer_state"]
    assert len(state["bookmarks"]["orders"]["partitions"]) == CUSTOMERS


def test_the_hourly_job_sees_the_steps_that_went_by_in_between(story: Story) -> None:
    steps = len(story.again.changes) - len(story.hourly.changes)

    assert steps > 0
    assert any(row["sequence"] > 1 for row in story.again.changes)
    assert story.again.changes[0] == story.hourly.changes[0]


def test_an_hourly_job_with_no_news_loads_no_order_and_keeps_its_state(
    story: Story,
) -> None:
    assert "orders" in story.quiet.asked
    assert story.quiet.orders == story.again.orders
    assert story.quiet.changes == story.again.changes
    assert story.quiet.state == story.again.state


def test_the_report_is_of_what_the_jobs_have_loaded(story: Story) -> None:
    assert RAW in story.report
    assert "Partner Center" in story.report


def test_each_job_has_a_state_of_its_own_in_the_shared_database(
    story: Story, postgres: Postgres
) -> None:
    assert {ORDERS_STATE, EVERYTHING_STATE} <= set(story.state_ids)
    assert set(story.state_ids) <= set(kept(postgres))


def test_each_job_leaves_a_row_about_its_run(story: Story) -> None:
    told = sorted((row["upstream"], row["outcome"]) for row in story.runs)

    assert told == [("appzen", "finished"), *[("partner_center", "finished")] * 4]


def test_meltano_says_whether_the_settings_are_good(meltano: Meltano) -> None:
    refused = meltano.attempt("config", "test", "tap-purchase-orders", **WRONG_KEYS)

    assert meltano("config", "test", "tap-purchase-orders").split()[-1] == "valid"
    assert refused.status == 1
    assert "Plugin configuration is invalid" in refused.log


def test_the_tap_says_through_meltano_which_settings_to_look_at(
    meltano: Meltano,
) -> None:
    refused = meltano.attempt("invoke", "tap-purchase-orders", "--test", **WRONG_KEYS)

    assert refused.status == 1
    assert "partner_center.auth.client_secret" in refused.log
    assert "appzen.auth.api_key" in refused.log
    assert not [key for key in WRONG_KEYS.values() if key in refused.log]
