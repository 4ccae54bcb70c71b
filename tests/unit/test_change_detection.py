from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tap_purchase_orders.incremental.customer_bookmark import (
    CustomerBookmark,
    TrackedOrder,
)
from tap_purchase_orders.instants import parse_instant
from tests.unit.order_worlds import AT_REST, MOVING, Customer, ids, order, rules, steps

if TYPE_CHECKING:
    from tests.unit.json_values import Json

TODAY = "2026-03-01T10:00:00Z"
TWO_YEARS_AGO = "2024-03-01T10:00:00.1234567Z"
RECENT = order("recent", TODAY)


def at_rest_long_ago(**more: int) -> Json:
    return order("old", TWO_YEARS_AGO, "completed", **more)


def bookmark_of(customer: Customer) -> str | None:
    bookmark = customer.customer_bookmark.bookmark
    return None if bookmark is None else bookmark.text


# New, quiet, changed


def test_the_first_run_emits_every_order_in_the_order_of_the_answer() -> None:
    orders = [RECENT, at_rest_long_ago(), order("open", TWO_YEARS_AGO, "pending")]

    assert Customer().news(*orders) == ["recent", "old", "open"]


def test_a_quiet_world_emits_nothing() -> None:
    customer = Customer()
    orders = [RECENT, at_rest_long_ago(), order("open", TWO_YEARS_AGO, "pending")]
    customer.run(*orders)

    for _ in range(3):
        decision = customer.run(*orders)
        assert ids(decision) == []
        assert steps(decision) == []


def test_a_new_order_is_emitted_alone() -> None:
    customer = Customer()
    customer.run(RECENT)

    assert customer.news(order("new", "2026-03-01T10:00:01Z"), RECENT) == ["new"]


def test_an_order_that_changed_within_the_window_is_emitted_at_rest_too() -> None:
    customer = Customer()
    customer.run(order("a", TODAY, "completed"))

    decision = customer.run(order("a", TODAY, "completed", quantity=2))
    assert ids(decision) == ["a"]
    assert steps(decision) == []


def test_an_open_order_that_gains_a_subscription_is_emitted_however_old() -> None:
    customer = Customer()
    old = order("old", TWO_YEARS_AGO, "pending")
    customer.run(old, RECENT)
    old["lineItems"][0]["subscriptionId"] = "s-1"

    decision = customer.run(old, RECENT)
    assert ids(decision) == ["old"]
    assert steps(decision) == []


# Statuses


def test_an_old_order_is_seen_on_its_way_from_pending_to_completed() -> None:
    customer = Customer()
    customer.run(order("old", TWO_YEARS_AGO, "pending_po_upload"), RECENT)

    uploaded = customer.run(order("old", TWO_YEARS_AGO, "po_upload_complete"), RECENT)
    assert ids(uploaded) == ["old"]
    assert steps(uploaded) == [("old", 105, "pending_po_upload", "po_upload_complete")]
    completed = customer.run(order("old", TWO_YEARS_AGO, "completed"), RECENT)
    assert ids(completed) == ["old"]
    assert steps(completed) == [("old", 207, "po_upload_complete", "completed")]
    assert set(customer.customer_bookmark.tracked) == {"recent"}
    assert customer.news(order("old", TWO_YEARS_AGO, "completed"), RECENT) == []


@pytest.mark.parametrize("status", MOVING)
def test_an_order_whose_status_moves_is_followed_however_old(status: str) -> None:
    for spelling in (status, status.upper(), status.title()):
        customer = Customer()
        customer.run(order("old", TWO_YEARS_AGO, spelling), RECENT)

        assert customer.news(order("old", TWO_YEARS_AGO, spelling, 2), RECENT) == [
            "old"
        ]
        assert customer.news(at_rest_long_ago(), RECENT) == ["old"]


@pytest.mark.parametrize("status", [*AT_REST, None])
def test_an_order_at_rest_is_followed_within_the_window_only(
    status: str | None,
) -> None:
    spellings = [None] if status is None else [status, status.upper(), status.title()]
    for spelling in spellings:
        customer = Customer()
        customer.run(order("old", TWO_YEARS_AGO, spelling), RECENT)

        assert set(customer.customer_bookmark.tracked) == {"recent"}
        assert customer.news(order("old", TWO_YEARS_AGO, spelling, 2), RECENT) == []


def test_the_first_sight_of_an_order_is_its_first_step() -> None:
    decision = Customer().run(order("a", TODAY, "Completed"))

    assert steps(decision) == [("a", 1, None, "Completed")]


def test_statuses_are_compared_without_case_but_emitted_as_they_came() -> None:
    customer = Customer()
    customer.run(order("a", TODAY, "pending"))

    decision = customer.run(order("a", TODAY, "Pending"))
    assert ids(decision) == ["a"]
    assert steps(decision) == []
    assert steps(customer.run(order("a", TODAY, "COMPLETED"))) == [
        ("a", 107, "Pending", "COMPLETED")
    ]


def test_an_order_without_a_status_has_no_steps_until_it_has_one() -> None:
    customer = Customer()
    first = customer.run(order("a", TODAY, None))

    assert ids(first) == ["a"]
    assert steps(first) == []
    assert steps(customer.run(order("a", TODAY, "pending"))) == [
        ("a", 102, None, "pending")
    ]


def test_an_order_that_returns_to_a_status_makes_a_step_each_time() -> None:
    customer = Customer()
    seen = [
        steps(customer.run(order("a", TODAY, status)))
        for status in ("pending", "suspended", "pending", "suspended")
    ]

    assert seen[1:] == [
        [("a", 106, "pending", "suspended")],
        [("a", 202, "suspended", "pending")],
        [("a", 306, "pending", "suspended")],
    ]


# The window


@pytest.mark.parametrize(
    ("lookback_days", "created", "is_seen"),
    [
        (8, "2026-02-21T10:00:00Z", True),
        (8, "2026-02-21T09:59:59.9999999Z", False),
        (1, "2026-02-28T10:00:00Z", True),
        (1, "2026-02-28T09:59:59.9Z", False),
        (0, "2026-03-01T09:45:00Z", True),
        (0, "2026-03-01T09:44:59.9999999Z", False),
        (0, "2026-03-01T04:45:00-05:00", True),
        (0, "2026-03-01T15:14:59+05:30", False),
    ],
)
def test_a_change_at_rest_is_seen_if_the_window_reaches_it(
    lookback_days: int,
    created: str,
    is_seen: bool,  # noqa: FBT001
) -> None:
    customer = Customer(rules(lookback_days=lookback_days))
    customer.run(RECENT, order("a", created))

    assert customer.news(RECENT, order("a", created, quantity=2)) == (
        ["a"] if is_seen else []
    )


@pytest.mark.parametrize("lookback_days", [0, 8])
def test_an_order_that_shows_late_is_seen_however_old_and_alone(
    lookback_days: int,
) -> None:
    customer = Customer(rules(lookback_days=lookback_days))
    history = [order(f"o{day}", f"2024-03-{day:02}") for day in range(1, 29)]
    customer.run(*history, RECENT)

    late = customer.run(*history, RECENT, order("late", "2024-03-14T10:00:00Z"))
    assert ids(late) == ["late"]
    assert steps(late) == [("late", 107, None, "completed")]
    assert customer.news(*history, RECENT, order("late", "2024-03-14T10:00:00Z")) == []


def test_orders_that_show_late_together_are_all_seen() -> None:
    customer = Customer()
    history = [order(f"o{day}", f"2024-03-{day:02}") for day in range(1, 29)]
    customer.run(*history, RECENT)
    moved = [order(f"m{day}", f"2024-03-{day:02}") for day in (4, 9, 17, 20)]
    new = order("new", "2026-03-01T10:00:01Z", "pending")

    found = customer.run(*history, *moved, RECENT, new)
    assert {"m4", "m9", "m17", "m20", "new"} <= set(ids(found))
    assert {"m4", "m9", "m17", "m20", "new"} <= {step[0] for step in steps(found)}
    assert customer.news(*history, *moved, RECENT, new) == []


def test_an_order_that_goes_takes_no_other_for_new() -> None:
    customer = Customer()
    history = [order(f"o{day}", f"2024-03-{day:02}") for day in range(1, 29)]
    customer.run(*history, RECENT)

    gone = customer.run(*history[1:], RECENT)
    assert steps(gone) == []
    assert customer.news(*history[1:], RECENT) == []


def test_a_bookmark_of_the_future_hides_no_change() -> None:
    known = CustomerBookmark(parse_instant("2999-01-01T00:00:00Z"))
    customer = Customer(customer_bookmark=known)

    assert customer.news(order("new", "2026-03-10T11:00:00Z")) == ["new"]
    assert bookmark_of(customer) == "2999-01-01T00:00:00Z"


def test_an_open_order_that_shows_late_is_seen_however_old() -> None:
    customer = Customer()
    customer.run(RECENT)

    assert customer.news(RECENT, order("late", TWO_YEARS_AGO, "pending")) == ["late"]


def test_an_order_without_a_readable_date_counts_as_recent_for_good() -> None:
    customer = Customer()
    undated = order("undated", "soon")
    assert customer.news(undated, RECENT) == ["undated", "recent"]

    assert customer.news(undated, RECENT) == []
    assert customer.news(order("undated", "soon", quantity=2), RECENT) == ["undated"]
    assert bookmark_of(customer) == TODAY


def test_orders_before_the_start_date_are_left_out_but_not_those_without() -> None:
    customer = Customer(rules(start_date="2025-01-01T00:00:00Z"))
    orders = [
        order("before", "2024-12-31T23:59:59.9999999Z", "pending"),
        order("at", "2025-01-01T02:00:00+02:00"),
        order("undated", None),
        RECENT,
    ]

    assert customer.news(*orders) == ["at", "undated", "recent"]
    assert customer.news(*orders) == []


def test_what_happens_at_rest_beyond_the_window_is_seen_by_a_full_table_run() -> None:
    customer = Customer()
    customer.run(at_rest_long_ago(), RECENT)
    changed = at_rest_long_ago(quantity=2)
    assert customer.news(changed, RECENT) == []

    decision = customer.run(changed, RECENT, by=rules(everything=True))
    assert [it.summary.id for it in decision.orders] == ["old", "recent"]
    assert steps(decision) == []
    assert customer.news(changed, RECENT) == []


def test_a_full_table_run_keeps_counting_the_steps() -> None:
    customer = Customer()
    customer.run(order("a", TODAY, "pending"))

    decision = customer.run(order("a", TODAY, "completed"), by=rules(everything=True))
    assert steps(decision) == [("a", 107, "pending", "completed")]


# The memory


def test_the_bookmark_is_the_latest_creation_date_at_full_precision() -> None:
    customer = Customer()
    customer.run(
        order("a", "2026-03-01T10:00:00.1234567Z"),
        order("b", "2026-03-01T10:00:00.1234568Z"),
        order("c", "2026-03-01T12:00:00.123+05:30"),
    )

    assert bookmark_of(customer) == "2026-03-01T10:00:00.1234568Z"


def test_the_bookmark_never_moves_backwards() -> None:
    customer = Customer(
        customer_bookmark=CustomerBookmark(parse_instant("2026-03-01T10:00:00.50Z"))
    )

    for orders in ([], [at_rest_long_ago()], [order("a", "2026-03-01T10:00:00.5Z")]):
        customer.run(*orders)
        assert bookmark_of(customer) == "2026-03-01T10:00:00.50Z"


def test_without_orders_there_is_nothing_to_remember() -> None:
    customer = Customer()

    assert customer.run().orders == []
    assert customer.customer_bookmark == CustomerBookmark()


def test_the_memory_holds_open_and_recent_orders_and_no_history() -> None:
    customer = Customer()
    history = [
        order(
            f"o{day}", f"{2000 + day // 300}-{1 + day % 300 // 28:02}-{1 + day % 28:02}"
        )
        for day in range(5000)
    ]
    customer.run(*history, order("open", TWO_YEARS_AGO, "pending"), RECENT)

    assert set(customer.customer_bookmark.tracked) == {"open", "recent"}


def test_orders_that_fall_out_of_the_window_are_forgotten() -> None:
    customer = Customer()
    customer.run(order("a", "2026-02-01"), order("open", "2026-02-01", "pending"))
    assert set(customer.customer_bookmark.tracked) == {"a", "open"}

    customer.run(
        order("a", "2026-02-01"), order("open", "2026-02-01", "pending"), RECENT
    )
    assert set(customer.customer_bookmark.tracked) == {"open", "recent"}


def test_an_open_order_that_is_missing_once_goes_on_where_it_was() -> None:
    customer = Customer()
    customer.run(order("a", TWO_YEARS_AGO, "pending"), RECENT)
    assert customer.news(RECENT) == []

    assert customer.news(order("a", TWO_YEARS_AGO, "pending"), RECENT) == []
    customer.run(RECENT)
    back = customer.run(order("a", TWO_YEARS_AGO, "completed"), RECENT)
    assert steps(back) == [("a", 107, "pending", "completed")]


def test_an_order_that_comes_twice_in_one_answer_is_emitted_once() -> None:
    decision = Customer().run(
        order("a", TODAY, "pending"), order("a", TODAY, "pending")
    )

    assert ids(decision) == ["a"]
    assert steps(decision) == [("a", 1, None, "pending")]


def test_of_an_order_listed_twice_the_last_one_counts() -> None:
    customer = Customer()
    customer.run(order("a", TODAY, "pending"))
    overlap = [order("a", TODAY, "pending"), order("a", TODAY, "completed")]

    assert steps(customer.run(*overlap)) == [("a", 107, "pending", "completed")]
    assert customer.news(*overlap) == []


def test_ids_that_differ_in_case_are_two_orders() -> None:
    assert Customer().news(order("aB", TODAY), order("Ab", TODAY)) == ["aB", "Ab"]


def test_an_order_dated_in_the_year_1_is_read_like_any_other() -> None:
    customer = Customer()
    orders = [order("a", "0001-01-01T00:00:00Z"), order("b", "0001-01-01T00:00:00Z")]

    assert customer.news(*orders) == ["a", "b"]
    assert customer.news(*orders) == []
    assert customer.news(*orders, RECENT) == ["recent"]


def test_an_order_dated_in_the_future_hides_no_other() -> None:
    customer = Customer()
    future = order("future", "2999-01-01T00:00:00Z")
    customer.run(future, RECENT)

    assert customer.news(future, RECENT, order("new", "2026-03-01T11:00:00Z")) == [
        "new"
    ]


def test_an_order_dated_within_the_day_to_come_moves_the_bookmark() -> None:
    customer = Customer()
    tomorrow, future = "2026-03-11T11:59:59Z", "2026-03-11T12:00:01Z"
    customer.run(RECENT, order("tomorrow", tomorrow), order("future", future))

    assert bookmark_of(customer) == tomorrow


def test_an_order_whose_children_were_not_read_is_due_again() -> None:
    customer = Customer()
    customer.run(order("a", TODAY, "pending"))

    decision = customer.look([order("a", TODAY, "completed"), order("b", TODAY)])
    customer.customer_bookmark = decision.bookmark_with_incomplete(decision.orders)
    again = customer.run(order("a", TODAY, "completed"), order("b", TODAY))
    assert ids(again) == ["a", "b"]
    # The steps were written, and are not written again.
    assert steps(again) == []


def test_an_old_order_at_rest_whose_children_were_not_read_is_due_again() -> None:
    customer = Customer()
    rejected = order("old", TWO_YEARS_AGO, "po_review_rejected")
    decision = customer.look([rejected, RECENT])
    old = [it for it in decision.orders if it.summary.id == "old"]
    customer.customer_bookmark = decision.bookmark_with_incomplete(old)

    assert "old" in customer.news(rejected, RECENT)


def test_a_state_from_before_the_order_had_a_status_is_gone_on_from() -> None:
    known = TrackedOrder(None, 0, "000000000000")
    customer = Customer(
        customer_bookmark=CustomerBookmark(parse_instant(TODAY), {"a": known})
    )

    decision = customer.run(order("a", TODAY, "pending"))
    assert steps(decision) == [("a", 102, None, "pending")]


# Steps are never overwritten


def all_steps(customer: Customer, *worlds: list[Json]) -> list[tuple[str, int]]:
    """Run over each world, and return the keys of all steps that are written."""
    return [step[:2] for world in worlds for step in steps(customer.run(*world))]


def test_an_order_that_rested_and_moves_again_gets_a_number_above_all() -> None:
    customer = Customer()
    old = [order("old", TWO_YEARS_AGO, status) for status in ("pending", "completed")]
    suspended = order("old", TWO_YEARS_AGO, "suspended")

    keys = all_steps(customer, *([it, RECENT] for it in (*old, suspended)))
    assert keys == [("old", 1), ("recent", 1), ("old", 107), ("old", 206)]


def test_a_longer_lookback_writes_no_step() -> None:
    customer = Customer()
    customer.run(at_rest_long_ago(), RECENT)

    wider = customer.run(at_rest_long_ago(), RECENT, by=rules(lookback_days=3650))
    assert steps(wider) == []
    moved = customer.run(
        order("old", TWO_YEARS_AGO, "cancelled"), RECENT, by=rules(lookback_days=3650)
    )
    assert steps(moved) == [("old", 108, "completed", "cancelled")]


def test_a_shorter_lookback_loses_no_change() -> None:
    customer = Customer(rules(lookback_days=3650))
    customer.run(at_rest_long_ago(), RECENT)

    changed = at_rest_long_ago(quantity=2)
    assert customer.news(changed, RECENT, by=rules(lookback_days=1)) == ["old"]


def test_an_order_that_is_missing_once_and_comes_back_keeps_its_first_step() -> None:
    customer = Customer()
    world = [order("a", TODAY, "pending"), at_rest_long_ago()]
    customer.run(*world)
    world[0] = order("a", TODAY, "completed")
    customer.run(*world)
    customer.run(at_rest_long_ago())

    back = customer.run(*world)
    assert steps(back) == [("a", 207, None, "completed")]


def test_a_run_from_an_older_state_overwrites_no_step_by_another() -> None:
    customer = Customer()
    customer.run(order("a", TODAY, "pending_po_upload"))
    old_state = customer.customer_bookmark
    written = steps(customer.run(order("a", TODAY, "po_upload_complete")))
    customer.customer_bookmark = old_state

    again = steps(customer.run(order("a", TODAY, "completed")))
    assert again == [("a", 107, "pending_po_upload", "completed")]
    assert {step[1] for step in again}.isdisjoint(step[1] for step in written)


def test_after_a_loss_of_the_state_sequences_begin_at_first_sequence() -> None:
    by = rules(first_sequence=501)
    customer = Customer(by)

    assert all_steps(
        customer, [order("a", TODAY, "pending")], [order("a", TODAY, "completed")]
    ) == [("a", 501), ("a", 607)]
    assert all_steps(Customer(), [order("a", TODAY)]) == [("a", 1)]


# Steps that are selected later


def test_steps_that_are_selected_later_begin_with_every_order() -> None:
    customer = Customer(rules(tells_steps=False))
    world = [at_rest_long_ago(), RECENT, order("open", TWO_YEARS_AGO, "pending")]
    assert steps(customer.run(*world)) == []
    customer.customer_bookmark = replace(
        customer.customer_bookmark, owed=frozenset({"order_status_changes"})
    )

    begun = customer.run(*world, by=rules())
    assert {step[0] for step in steps(begun)} == {"old", "recent", "open"}
    assert ids(begun) == []
    assert steps(customer.run(*world, by=rules())) == []


def test_a_step_that_was_written_is_not_written_again_when_steps_are_on_again() -> None:
    customer = Customer()
    open_ = order("open", TWO_YEARS_AGO, "pending")
    moves = order("moves", TWO_YEARS_AGO, "pending")
    customer.run(open_, moves, RECENT)
    moves = order("moves", TWO_YEARS_AGO, "suspended")
    customer.run(open_, moves, RECENT, by=rules(tells_steps=False))
    customer.customer_bookmark = replace(
        customer.customer_bookmark, owed=frozenset({"order_status_changes"})
    )

    again = customer.run(open_, moves, RECENT)
    assert steps(again) == [("moves", 106, None, "suspended")]
