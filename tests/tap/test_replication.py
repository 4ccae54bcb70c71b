"""From run to run: what is news, what is followed, and what is remembered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.scenes import play
from tests.tap.tap import Run, run_tap
from tests.tap.upstream import Upstream, json_reply
from tests.tap.worlds import (
    collection,
    order,
    orders_path,
    partner_center,
    partner_center_error,
    serve_customers,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The bookmark is the newest order's; the window reaches 8 days behind it.
NEWEST = "2026-03-20T00:00:00Z"
INSIDE = "2026-03-12T00:00:00.0000000Z"
OUTSIDE = "2026-03-11T23:59:59.9999999Z"
LONG_AGO = "2019-02-03T04:05:06.7Z"


def dated(
    created: str, status: str | None = "completed", **fields: Any
) -> dict[str, Any]:
    return {"creationDate": created, "status": status, **fields}


# Each order as the first run finds it and as the second does; none: not there.
HISTORY: dict[str, tuple[dict[str, Any] | None, dict[str, Any] | None]] = {
    "newest": (dated(NEWEST), dated(NEWEST)),
    "quiet": (dated(INSIDE), dated(INSIDE)),
    "quiet-open": (dated(LONG_AGO, "pending"), dated(LONG_AGO, "pending")),
    "changed-inside": (dated(INSIDE), dated(INSIDE, currencyCode="EUR")),
    "changed-outside": (dated(OUTSIDE), dated(OUTSIDE, currencyCode="EUR")),
    "late-inside": (None, dated(INSIDE)),
    "late-outside": (None, dated(OUTSIDE)),
    "late-outside-but-open": (None, dated(OUTSIDE, "pending_review")),
    "uploaded": (
        dated(LONG_AGO, "pending_po_upload"),
        dated(LONG_AGO, "po_upload_complete"),
    ),
    "settled": (dated(LONG_AGO, "po_upload_complete"), dated(LONG_AGO)),
    "rejected": (
        dated(LONG_AGO, "Po_Upload_Complete"),
        dated(LONG_AGO, "po_review_rejected"),
    ),
    "resumed": (dated(LONG_AGO, "suspended"), dated(LONG_AGO)),
    "of-a-new-kind": (dated(LONG_AGO, "on_hold"), dated(LONG_AGO, "partial_success")),
    "spelled-anew": (dated(LONG_AGO, "pending"), dated(LONG_AGO, "Pending")),
    "suspended-now": (dated(LONG_AGO), dated(LONG_AGO, "suspended")),
    "without-status": (dated(INSIDE, None), dated(INSIDE, None)),
    "gets-a-status": (dated(INSIDE, None), dated(INSIDE, "error")),
    "undated": (dated("soon"), dated("soon")),
    "undated-and-changed": (dated("soon"), dated("soon", currencyCode="EUR")),
    "gone": (dated(LONG_AGO, "pending"), None),
}
SECOND_ORDERS = [
    "changed-inside",
    "late-inside",
    "late-outside",
    "late-outside-but-open",
    "uploaded",
    "settled",
    "rejected",
    "resumed",
    "of-a-new-kind",
    "spelled-anew",
    "suspended-now",
    "gets-a-status",
    "undated-and-changed",
]
# Order, sequence, previous status, status.
SECOND_CHANGES = {
    ("late-inside", 107, None, "completed"),
    ("late-outside", 107, None, "completed"),
    ("late-outside-but-open", 103, None, "pending_review"),
    ("uploaded", 105, "pending_po_upload", "po_upload_complete"),
    ("settled", 107, "po_upload_complete", "completed"),
    ("rejected", 109, "Po_Upload_Complete", "po_review_rejected"),
    ("resumed", 107, "suspended", "completed"),
    ("of-a-new-kind", 110, "on_hold", "partial_success"),
    ("suspended-now", 106, None, "suspended"),
    ("gets-a-status", 111, None, "error"),
}


def orders_of_run(number: int) -> list[dict[str, Any]]:
    return [
        order(order_id, "c1", **state)
        for order_id, states in HISTORY.items()
        if (state := states[number]) is not None
    ]


def read(upstream: Upstream, state: Any = None, **settings: Any) -> Run:
    config = {"partner_center": partner_center(upstream, **settings)}
    return run_tap(config, state=state)


def ids(run: Run, stream: str = "orders") -> list[str]:
    name = "id" if stream == "orders" else "orderId"
    return [record[name] for record in run.records(stream)]


def partitions(run: Run) -> dict[str, dict[str, Any]]:
    return {
        partition["context"]["customer_id"]: partition
        for partition in run.state["bookmarks"]["orders"]["partitions"]
    }


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    """Four runs: the first, a quiet one, one after a change, and a quiet one."""
    done: list[Run] = []
    with Upstream() as upstream:
        for number in (0, 0, 1, 1):
            serve_customers(upstream, {"c1": orders_of_run(number)})
            done.append(read(upstream, done[-1].state if done else None))
    return done


def test_the_first_run_emits_every_order_with_its_lines(runs: list[Run]) -> None:
    first = [order_id for order_id, states in HISTORY.items() if states[0] is not None]

    assert ids(runs[0]) == first
    assert ids(runs[0], "order_line_items") == first


def test_the_first_run_begins_the_story_of_every_status(runs: list[Run]) -> None:
    changes = runs[0].records("order_status_changes")

    assert {change["orderId"]: change["status"] for change in changes} == {
        order_id: states[0]["status"]
        for order_id, states in HISTORY.items()
        if states[0] is not None and states[0]["status"] is not None
    }
    assert {(c["sequence"], c["previousStatus"]) for c in changes} == {(1, None)}
    (settled,) = (c for c in changes if c["orderId"] == "settled")
    assert settled["orderCreationDate"] == LONG_AGO


@pytest.mark.parametrize("number", [1, 3])
def test_a_quiet_run_emits_no_order_no_line_and_no_change(
    number: int, runs: list[Run]
) -> None:
    assert runs[number].counts() == {"customers": 1}
    assert runs[number].status == 0


def test_a_quiet_run_leaves_the_state_as_it_was(runs: list[Run]) -> None:
    assert runs[1].state == runs[0].state
    assert runs[3].state == runs[2].state


def test_later_runs_emit_what_is_recent_or_open_and_changed_or_was_open(
    runs: list[Run],
) -> None:
    assert sorted(ids(runs[2])) == sorted(SECOND_ORDERS)
    assert sorted(ids(runs[2], "order_line_items")) == sorted(SECOND_ORDERS)


def test_every_status_change_is_written_once(runs: list[Run]) -> None:
    names = ("orderId", "sequence", "previousStatus", "status")
    changes = [
        tuple(change[name] for name in names)
        for change in runs[2].records("order_status_changes")
    ]

    assert set(changes) == SECOND_CHANGES
    assert len(changes) == len(SECOND_CHANGES)


def test_the_bookmark_is_the_newest_creation_date(runs: list[Run]) -> None:
    assert {partitions(run)["c1"]["replication_key_value"] for run in runs} == {NEWEST}
    assert partitions(runs[0])["c1"]["replication_key"] == "creationDate"


def test_a_run_that_is_repeated_with_its_old_state_tells_the_same(
    runs: list[Run],
) -> None:
    def again(upstream: Upstream) -> Mapping[str, Any]:
        serve_customers(upstream, {"c1": orders_of_run(1)})
        config = {"partner_center": partner_center(upstream)}
        return {"config": config, "state": runs[1].state}

    repeated = play(again)[again].run

    def told(run: Run) -> list[Any]:
        changes = run.records("order_status_changes")
        return [(c["orderId"], c["sequence"], c["status"]) for c in changes]

    assert told(repeated) == told(runs[2])
    assert ids(repeated) == ids(runs[2])
    assert repeated.state == runs[2].state


def test_the_state_knows_only_open_and_recent_orders(runs: list[Run]) -> None:
    known = str(runs[2].state)

    for at_rest in ("settled", "rejected", "resumed", "changed-outside"):
        assert at_rest not in known
    for followed in ("quiet-open", "uploaded", "suspended-now", "changed-inside"):
        assert followed in known


# Two creation dates, and the bookmark that they leave. As text, the other one is later.
BOOKMARKS: Sequence[tuple[list[str], str]] = (
    (
        ["2026-03-06T17:37:05.253-08:00", "2026-03-07T01:00:00Z"],
        "2026-03-07T01:37:05.253Z",
    ),
    (
        ["2026-03-06T00:00:00Z", "2026-03-06T00:00:00.0000001Z"],
        "2026-03-06T00:00:00.0000001Z",
    ),
    (
        ["2026-03-06T00:00:00.52Z", "2026-03-06T00:00:00.5217119Z"],
        "2026-03-06T00:00:00.5217119Z",
    ),
    (
        ["2026-03-06T01:30:00+05:30", "2026-03-05T20:59:59.9+01:00"],
        "2026-03-05T20:00:00Z",
    ),
)


def test_bookmarks_are_the_latest_moment_at_full_precision() -> None:
    with Upstream() as upstream:
        serve_customers(
            upstream,
            {
                f"c{number}": [
                    order(f"o{position}", f"c{number}", creationDate=created)
                    for position, created in enumerate(dates)
                ]
                for number, (dates, _) in enumerate(BOOKMARKS)
            },
        )
        run = read(upstream)

    assert [p["replication_key_value"] for p in partitions(run).values()] == [
        latest for _, latest in BOOKMARKS
    ]


def test_bookmarks_never_move_backwards_and_only_over_what_was_read() -> None:
    early, late = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
    with Upstream() as upstream:
        serve_customers(
            upstream,
            {
                "shrinks": [order("a", "shrinks", creationDate=late)],
                "fails": [order("b", "fails", creationDate=early)],
                "empties": [order("d", "empties", creationDate=late)],
            },
        )
        first = read(upstream)
        new = order("c", "fails", creationDate=late)
        serve_customers(
            upstream,
            {
                "shrinks": [order("e", "shrinks", creationDate=early)],
                "fails": partner_center_error(503, 0),
                "empties": [],
                "joins": [order("f", "joins", creationDate=early)],
            },
        )
        second = read(upstream, first.state)
        upstream.answer(orders_path("fails"), json_reply(collection([new])))
        third = read(upstream, second.state)

    def bookmarks(run: Run) -> dict[str, str]:
        return {key: p["replication_key_value"] for key, p in partitions(run).items()}

    assert bookmarks(second) == {
        "shrinks": late,
        "fails": early,
        "empties": late,
        "joins": early,
    }
    assert second.status == 1
    assert partitions(second)["fails"] == partitions(first)["fails"]
    assert ids(second) == ["e", "f"]
    assert ids(third) == ["c"]
    assert bookmarks(third)["fails"] == late


def test_orders_created_before_the_start_date_are_left_out() -> None:
    created = {
        "before": "2023-12-31T23:59:59.9999999Z",
        "before-by-its-offset": "2024-01-01T00:30:00+01:00",
        "at": "2024-01-01T00:00:00Z",
        "after-by-its-offset": "2023-12-31T23:30:00-01:00",
        "unknown": "soon",
    }
    with Upstream() as upstream:
        serve_customers(
            upstream,
            {"c1": [order(key, "c1", creationDate=created[key]) for key in created]},
        )
        config = {
            "start_date": "2024-01-01T00:00:00Z",
            "partner_center": partner_center(upstream),
        }
        run = run_tap(config)

    assert ids(run) == ["at", "after-by-its-offset", "unknown"]


def test_orders_may_show_late_whatever_the_lookback() -> None:
    listed = [order("a", "c1", creationDate="2026-01-01T12:00:00Z")]
    late = {
        "in-time": "2026-01-01T11:45:00Z",
        "later": "2025-01-01T11:44:59.9Z",
    }
    with Upstream() as upstream:
        serve_customers(upstream, {"c1": listed})
        first = read(upstream, lookback_days=0)
        listed += [order(key, "c1", creationDate=late[key]) for key in late]
        serve_customers(upstream, {"c1": listed})
        second = read(upstream, first.state, lookback_days=0)

    assert ids(second) == ["in-time", "later"]


def test_an_order_that_an_answer_holds_twice_is_one_order() -> None:
    with Upstream() as upstream:
        twice = [order("a", "c1", status=status) for status in ("pending", "completed")]
        serve_customers(upstream, {"c1": [*twice, order("b", "c1")]})
        run = read(upstream)

    assert sorted(ids(run)) == ["a", "b"]
    assert sorted(ids(run, "order_status_changes")) == ["a", "b"]
    assert {r["id"]: r["status"] for r in run.records("orders")}["a"] == "completed"
    (issue,) = run.records("extraction_issues")
    assert (issue["kind"], issue["record_key"]) == ("invalid_record", "c1/a")
    assert json.loads(issue["payload"])["status"] == "pending"
    assert run.status == 0


@pytest.mark.parametrize("odd", [{}, {"totalPrice": "12.50"}], ids=["as-said", "odd"])
def test_an_order_that_comes_twice_the_same_is_no_matter(odd: dict[str, Any]) -> None:
    with Upstream() as upstream:
        serve_customers(upstream, {"c1": [order("a", "c1", **odd)] * 2})
        run = read(upstream)

    assert ids(run) == ["a"]
    assert run.records("extraction_issues") == []


def test_a_state_of_other_streams_and_customers_is_kept() -> None:
    known = {"context": {"customer_id": "elsewhere"}, "replication_key": "creationDate"}
    known["replication_key_value"] = "2026-01-01T00:00:00Z"
    state = {
        "bookmarks": {
            "orders": {"partitions": [known]},
            "purchase_orders": {},
            "some_other_stream": {"replication_key_value": 7},
        }
    }
    with Upstream() as upstream:
        serve_customers(upstream, {"c1": [order("a", "c1")]})
        run = read(upstream, state)

    assert partitions(run)["elsewhere"]["replication_key_value"] == (
        "2026-01-01T00:00:00Z"
    )
    assert run.state["bookmarks"]["some_other_stream"] == {"replication_key_value": 7}


def test_shards_share_the_customers_and_numbers_whatever_their_order() -> None:
    customers = [f"customer-{number}" for number in range(20)]

    def scene_of(index: int, count: int, listed: list[str]) -> Any:
        def scene(upstream: Upstream) -> Mapping[str, Any]:
            serve_customers(upstream, {key: [order("o", key)] for key in listed})
            return {
                "config": {
                    "shard": {"index": index, "count": count},
                    "partner_center": partner_center(upstream),
                }
            }

        return scene

    shards = [scene_of(index, 3, customers) for index in range(3)]
    turned = scene_of(0, 3, customers[::-1])
    played = play(*shards, turned)
    taken = [
        [r["referenceCustomerId"] for r in played[shard].run.records("orders")]
        for shard in shards
    ]

    assert sorted(key for keys in taken for key in keys) == sorted(customers)
    assert all(taken)
    assert [
        r["referenceCustomerId"] for r in played[turned].run.records("orders")
    ] == taken[0][::-1]
    for shard, keys in zip(shards, taken, strict=True):
        assert [r["id"] for r in played[shard].run.records("customers")] == keys
        assert len(played[shard].asked) == 1 + len(keys)
