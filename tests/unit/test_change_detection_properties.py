from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import example, given
from hypothesis import strategies as st

from tap_purchase_orders.incremental.statuses import is_moving, is_same_status
from tap_purchase_orders.instants import Instant, parse_instant
from tests.unit.order_worlds import (
    AT_REST,
    MOVING,
    Customer,
    emitted,
    ids,
    order,
    rules,
    steps,
)

if TYPE_CHECKING:
    import random

    from tap_purchase_orders.incremental.change_detection import ChangeDetector
    from tests.unit.json_values import Json

DATES = [
    "2024-03-01T10:00:00.1234567Z",
    "2026-02-01T00:00:00+05:30",
    "2026-02-20T23:59:59.9999999Z",
    "2026-03-01T09:50:00Z",
    "2026-03-01T10:00:00Z",
    "2026-03-09T10:00:00.5Z",
    "0001-01-01T00:00:00Z",
    "2999-01-01T00:00:00Z",
    "soon",
    None,
]
STATUSES = [None, "Pending", "COMPLETED", *MOVING, *AT_REST]

orders = st.builds(
    order,
    st.sampled_from("abcdef"),
    st.sampled_from(DATES),
    st.sampled_from(STATUSES),
    st.integers(1, 2),
)
all_rules = st.builds(
    rules,
    start_date=st.sampled_from([None, "2026-02-01T00:00:00Z"]),
    lookback_days=st.sampled_from([0, 8, 3650]),
)


@st.composite
def histories(draw: st.DrawFn) -> list[list[Json]]:
    """Return what each run finds: orders come and change, but none goes.

    An order keeps its date. (Dates are the one thing that never changes upstream.)
    """
    known: dict[str, Json] = {}
    found = []
    for changes in draw(st.lists(st.lists(orders, max_size=4), min_size=1, max_size=6)):
        for change in changes:
            first = known.get(change["id"], change)
            date = first.get("creationDate")
            known[change["id"]] = {**change, "creationDate": date}
        found.append(list(known.values()))
    return found


def created(raw: Json) -> Instant | None:
    try:
        return parse_instant(raw["creationDate"])
    except (ValueError, AttributeError):
        return None


FUTURE = parse_instant("2999-01-01T00:00:00Z")


def is_left_out(raw: Json, by: ChangeDetector) -> bool:
    moment = created(raw)
    return by.start_date is not None and moment is not None and moment < by.start_date


def is_recent(raw: Json, by: ChangeDetector, bookmark: Instant | None) -> bool:
    moment = created(raw)
    if moment is None or bookmark is None:
        return True
    return moment >= bookmark.earlier(max(by.lookback_days * 86400, 900))


@given(all_rules, histories())
def test_a_second_run_over_the_same_orders_emits_nothing(
    by: ChangeDetector, history: list[list[Json]]
) -> None:
    customer = Customer(by)
    for found in history:
        customer.run(*found)
        before = customer.customer_bookmark
        again = customer.run(*found)
        assert ids(again) == []
        assert steps(again) == []
        assert customer.customer_bookmark == before


@given(all_rules, histories())
def test_what_was_last_emitted_of_a_followed_order_is_what_it_is(
    by: ChangeDetector, history: list[list[Json]]
) -> None:
    customer = Customer(by)
    last_emitted: dict[str, Json] = {}
    for found in history:
        decision = customer.run(*found)
        last_emitted |= {it.summary.id: it.order.header for it in emitted(decision)}
        for raw in found:
            if raw["id"] in customer.customer_bookmark.tracked:
                assert last_emitted[raw["id"]] == customer.header(raw)


@given(all_rules, histories())
def test_open_and_recent_orders_are_followed_and_no_others(
    by: ChangeDetector, history: list[list[Json]]
) -> None:
    customer = Customer(by)
    for found in history:
        customer.run(*found)
        bookmark = customer.customer_bookmark.bookmark
        assert set(customer.customer_bookmark.tracked) == {
            raw["id"]
            for raw in found
            if not is_left_out(raw, by)
            and (is_moving(raw.get("status")) or is_recent(raw, by, bookmark))
        }


@given(all_rules, histories())
def test_emitted_are_the_orders_that_are_new_or_that_are_followed_and_changed(
    by: ChangeDetector, history: list[list[Json]]
) -> None:
    customer = Customer(by)
    last: dict[str, Json] = {}
    for found in history:
        before = customer.customer_bookmark
        selection = [raw for raw in found if not is_left_out(raw, by)]
        headers = {raw["id"]: customer.header(raw) for raw in selection}
        news = {key for key in before.tracked if last[key] != headers[key]}
        news |= headers.keys() - last.keys()
        news |= {
            raw["id"]
            for raw in selection
            if raw["id"] not in before.tracked
            and (is_moving(raw.get("status")) or is_recent(raw, by, before.bookmark))
        }
        emitted_now = set(ids(customer.run(*found)))
        # Where it cannot be told which orders are new, all of them are emitted.
        assert emitted_now in (news, headers.keys())
        last |= headers


@given(all_rules, histories())
def test_the_sequences_of_an_order_grow_and_none_is_written_twice(
    by: ChangeDetector, history: list[list[Json]]
) -> None:
    customer = Customer(by)
    told: dict[str, list[tuple[int, str]]] = {}
    for number, found in enumerate(history):
        before = customer.customer_bookmark.tracked
        statuses = {raw["id"]: raw.get("status") for raw in found}
        rows = {row[0]: row[1:] for row in steps(customer.run(*found))}
        for order_id, (sequence, previous, status) in rows.items():
            earlier = told.setdefault(order_id, [])
            assert status == statuses[order_id]
            assert sequence > max((one for one, _ in earlier), default=0)
            assert number > 0 or sequence == 1
            known = before.get(order_id)
            assert previous == (None if known is None else known.status)
            assert not is_same_status(previous, status)
            earlier.append((sequence, status))
        for raw in found:
            key = raw["id"]
            if (now := raw.get("status")) is not None and (
                key in customer.customer_bookmark.tracked
                or (not is_left_out(raw, by) and key not in before and number == 0)
            ):
                assert is_same_status(told[key][-1][1], now)


@given(all_rules, histories())
def test_a_repeated_run_from_the_same_memory_decides_the_same(
    by: ChangeDetector, history: list[list[Json]]
) -> None:
    customer = Customer(by)
    for found in history:
        first = customer.look(found)
        assert customer.look(found) == first
        customer.run(*found)


@given(all_rules, histories(), st.randoms(use_true_random=False))
def test_the_order_of_the_answer_changes_nothing_but_the_order_of_the_rows(
    by: ChangeDetector, history: list[list[Json]], chance: random.Random
) -> None:
    customer = Customer(by)
    for found in history:
        shuffled = chance.sample(found, len(found))
        one, other = customer.look(found), customer.look(shuffled)
        assert sorted(ids(one)) == sorted(ids(other))
        assert sorted(steps(one), key=str) == sorted(steps(other), key=str)
        assert one.customer_bookmark == other.customer_bookmark
        customer.run(*found)


@given(all_rules, histories())
def test_the_bookmark_is_the_latest_date_that_is_past_and_never_moves_backwards(
    by: ChangeDetector, history: list[list[Json]]
) -> None:
    customer = Customer(by)
    for found in history:
        before = customer.customer_bookmark.bookmark
        dates = [created(raw) for raw in found if not is_left_out(raw, by)]
        past = [moment for moment in dates if moment is not None and moment < FUTURE]
        customer.run(*found)
        known = past if before is None else [before, *past]
        assert customer.customer_bookmark.bookmark == max(known, default=None)


@given(all_rules, histories())
def test_a_full_table_run_emits_all_and_leaves_the_memory_of_an_incremental_one(
    by: ChangeDetector, history: list[list[Json]]
) -> None:
    customer = Customer(by)
    for found in history:
        everything = rules(lookback_days=by.lookback_days, everything=True)
        if by.start_date is None:
            full = customer.look(found, everything)
            assert [it.summary.id for it in full.orders] == [raw["id"] for raw in found]
            assert full.customer_bookmark == customer.look(found).customer_bookmark
        customer.run(*found)


@given(all_rules, histories(), histories())
def test_whatever_goes_and_comes_back_nothing_fails_and_quiet_is_quiet(
    by: ChangeDetector, one: list[list[Json]], other: list[list[Json]]
) -> None:
    customer = Customer(by)
    for found in [*one, *other, *one]:
        customer.run(*found)
        assert customer.news(*found) == []


@given(all_rules, histories(), st.sets(st.sampled_from("abcdef")))
@example(
    rules(lookback_days=0),
    [
        [order("a", "2024-03-01T10:00:00Z", quantity=1)],
        [
            order("a", "2024-03-01T10:00:00Z", quantity=2),
            order("b", "2026-03-01T10:00:00Z"),
        ],
    ],
    {"a"},
)
def test_orders_that_were_not_read_to_the_end_are_due_again_without_their_steps(
    by: ChangeDetector, history: list[list[Json]], unread: set[str]
) -> None:
    customer = Customer(by)
    for found in history:
        decision = customer.look(found)
        unfinished = [it for it in decision.orders if it.summary.id in unread]
        customer.customer_bookmark = decision.bookmark_with_incomplete(unfinished)
        again = customer.run(*found)
        assert {it.summary.id for it in unfinished} <= set(ids(again))
        assert steps(again) == []
        assert customer.news(*found) == []
