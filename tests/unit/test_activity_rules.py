from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.incremental.activity_rules import ActivityRules
from tap_purchase_orders.incremental.customer_bookmark import (
    CustomerBookmark,
    TrackedOrder,
)
from tap_purchase_orders.instants import Instant, parse_instant

NOW = parse_instant("2026-03-01T10:00:00Z")
HOUR = 3600
DAY = 24 * HOUR


def ago(seconds: int) -> Instant:
    return NOW.earlier(seconds)


def rules(latest: dict[str, Instant] | None = None, days: int = 90) -> ActivityRules:
    return ActivityRules(latest or {}, days, NOW)


def read(seconds_ago: int, status: str | None = "completed") -> CustomerBookmark:
    tracked = {"o": TrackedOrder(status, 1, "abc")}
    return CustomerBookmark(ago(DAY), tracked, ago(seconds_ago))


def test_a_new_customer_and_one_whose_last_read_failed_are_read() -> None:
    assert rules().chooses("c", CustomerBookmark())
    assert rules().chooses("c", CustomerBookmark(ago(DAY)))


def test_a_customer_with_open_orders_is_read() -> None:
    for status in ("pending", "PO_UPLOAD_COMPLETE", "something_new"):
        assert rules().chooses("c", read(60, status))


def test_a_customer_of_whom_the_log_says_nothing_is_not_read() -> None:
    assert not rules().chooses("c", read(60))
    assert not rules({"other": NOW}).chooses("c", read(60))
    assert not rules().chooses("c", read(60, None))


def test_a_customer_with_activity_since_the_last_read_is_read() -> None:
    assert rules({"c": ago(HOUR)}).chooses("c", read(2 * HOUR))
    assert rules({"c-1": ago(HOUR)}).chooses("C-1", read(2 * HOUR))


def test_activity_before_the_last_read_counts_while_an_order_may_show_late() -> None:
    assert rules({"c": ago(HOUR + 900)}).chooses("c", read(HOUR))
    assert not rules({"c": ago(HOUR + 901)}).chooses("c", read(HOUR))


@given(st.text(st.characters(codec="utf-8"), max_size=9), st.integers(1, 90))
def test_no_customer_is_left_unread_for_longer_than_it_may(
    customer_id: str, days: int
) -> None:
    assert rules(days=days).chooses(customer_id, read(days * DAY))
    assert not rules(days=days).chooses(customer_id, read(0))


@given(st.integers(2, 30))
def test_full_reads_of_many_customers_are_spread_over_the_days(days: int) -> None:
    customers = [f"c-{number}" for number in range(600)]
    due = sum(rules(days=days).chooses(name, read(DAY)) for name in customers)

    # About one in `days` of them is due a day after all were read.
    assert 0.3 < due / (len(customers) / days) < 3
