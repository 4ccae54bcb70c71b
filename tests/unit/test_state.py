from __future__ import annotations

import json
import re
import tracemalloc
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.errors import SettingsError
from tap_purchase_orders.incremental.customer_bookmark import (
    CustomerBookmark,
    TrackedOrder,
)
from tap_purchase_orders.incremental.order_id_digest import listed_ids
from tap_purchase_orders.incremental.resume import DigestMark, ResumePoint
from tap_purchase_orders.incremental.run_scope import Scope
from tap_purchase_orders.incremental.state import State
from tap_purchase_orders.instants import parse_instant
from tests.unit.json_values import any_json

if TYPE_CHECKING:
    from tests.unit.json_values import Json

MARCH = parse_instant("2026-03-01T10:00:00.1234567Z")

texts = st.text(st.characters(codec="utf-8"), max_size=8)
instants = st.sampled_from(
    ["2019-01-01T00:00:00Z", "2026-03-01T10:00:00.1234567Z", "0001-01-01T00:00:00Z"]
).map(parse_instant)
followed_orders = st.builds(
    TrackedOrder,
    st.none() | texts,
    st.integers(-1000, 1000),
    st.text("0123456789abcdef", max_size=8),
)
digests = st.builds(listed_ids, st.lists(texts))
memories = st.tuples(
    st.none() | instants,
    st.dictionaries(texts, followed_orders, max_size=3),
    st.none() | instants,
    st.none() | digests,
    st.integers(0, 1000),
    st.frozensets(texts, max_size=2),
).map(lambda members: CustomerBookmark(*members))


def partition(**members: Any) -> Json:
    part = {"context": {"customer_id": "c-1"}, **members}
    return {"bookmarks": {"orders": {"partitions": [part]}}}


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


def written(state: State) -> bytes:
    return b"".join(state.encoded_value())


def as_documented(customer_id: str, customer_bookmark: CustomerBookmark) -> Json:
    """Return the partition of a customer, member by member."""
    part: Json = {"context": {"customer_id": customer_id}}
    if customer_bookmark.bookmark is not None:
        part["replication_key"] = "creationDate"
        part["replication_key_value"] = customer_bookmark.bookmark.text
    if customer_bookmark.last_read is not None:
        part["last_read"] = customer_bookmark.last_read.text
    if customer_bookmark.ids is not None:
        part["ids"] = customer_bookmark.ids.text
    if customer_bookmark.highest_gone:
        part["highest_sequence"] = customer_bookmark.highest_gone
    if customer_bookmark.owed:
        part["owed"] = sorted(customer_bookmark.owed)
    if customer_bookmark.tracked:
        part["followed_orders"] = {
            order_id: [known.status, known.sequence, known.digest]
            for order_id, known in customer_bookmark.tracked.items()
        }
    return part


def test_nothing_is_known_at_first_and_there_is_nothing_to_write() -> None:
    empty: list[Json] = [{}, {"bookmarks": {}}, {"bookmarks": {"orders": {}}}]
    for value in empty:
        state = State(value)
        assert state.customer("c-1") == CustomerBookmark()
        assert state.resume_point is None
        assert state.activity_read_until is None
        assert state.value() == {}


def test_bookmarks_have_the_standard_partitioned_form() -> None:
    state = State({})
    customer_bookmark = CustomerBookmark(
        MARCH, {"o": TrackedOrder("pending", 2, "abc")}
    )
    state.checkpoint_customer("c-1", customer_bookmark)

    (part,) = state.value()["bookmarks"]["orders"]["partitions"]
    assert part.pop("followed_orders") == {"o": ["pending", 2, "abc"]}
    assert part == {
        "context": {"customer_id": "c-1"},
        "replication_key": "creationDate",
        "replication_key_value": "2026-03-01T10:00:00.1234567Z",
    }


def test_a_partition_as_the_sdk_writes_it_is_a_bookmark() -> None:
    value = partition(
        replication_key="creationDate",
        replication_key_value="2026-03-01T10:00:00.123456+00:00",
    )

    customer_bookmark = State(value).customer("c-1")
    assert customer_bookmark.bookmark == parse_instant("2026-03-01T10:00:00.123456Z")
    assert customer_bookmark.tracked == {}


@given(st.dictionaries(texts, memories, max_size=4))
def test_what_was_remembered_is_known_to_the_next_run(
    known: dict[str, CustomerBookmark],
) -> None:
    state = State({})
    for customer_id, customer_bookmark in known.items():
        state.checkpoint_customer(customer_id, customer_bookmark)

    again = State(through_json(state.value()))
    for customer_id, customer_bookmark in known.items():
        for it in (state, again):
            assert it.customer(customer_id) == customer_bookmark
    assert again.value() == state.value()


@given(st.dictionaries(texts, memories, max_size=4))
def test_what_is_written_is_the_value_to_the_byte(
    known: dict[str, CustomerBookmark],
) -> None:
    state = State({"bookmarks": {"others": {"a": 1}}})
    state.checkpoint_activity(MARCH)
    state.checkpoint_resume_point(ResumePoint(17, "abc"))
    for customer_id, customer_bookmark in known.items():
        state.checkpoint_customer(customer_id, customer_bookmark)

    parts = [
        as_documented(customer_id, customer_bookmark)
        for customer_id, customer_bookmark in known.items()
        if customer_bookmark != CustomerBookmark()
    ]
    value = {
        "bookmarks": {
            "others": {"a": 1},
            "purchase_orders": {"resume": [17, "abc", None]},
            "orders": {
                "activity_read_until": MARCH.text,
                **({"partitions": parts} if parts else {}),
            },
        }
    }
    assert written(state) == msgspec.json.encode(value)
    assert state.value() == value
    assert written(State(json.loads(written(state)))) == written(state)


def test_a_customer_takes_little_more_memory_than_its_text() -> None:
    count = 2000
    state = State({})
    for number in range(count):
        tracked = {f"order-{number}": TrackedOrder("pending", 1, "012345")}
        state.checkpoint_customer(f"{number:036}", CustomerBookmark(MARCH, tracked))
    text = written(state)
    tracemalloc.start()
    try:
        value = json.loads(text)
        loaded = State(value)
        del value
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert written(loaded) == text
    # Its id as a key, the two objects, and their places in the table.
    assert held / count < len(text) / count + 200


@given(st.dictionaries(texts, memories, max_size=4), texts, memories)
def test_one_customer_changes_nothing_for_another(
    known: dict[str, CustomerBookmark],
    customer_id: str,
    customer_bookmark: CustomerBookmark,
) -> None:
    state = State({})
    for key, value in known.items():
        state.checkpoint_customer(key, value)
    state.checkpoint_customer(customer_id, customer_bookmark)

    for key, value in known.items():
        if key != customer_id:
            assert state.customer(key) == value


def test_a_customer_of_whom_nothing_is_left_to_know_is_forgotten() -> None:
    state = State({})
    undated = CustomerBookmark(None, {"o": TrackedOrder("completed", 1, "abc")})
    state.checkpoint_customer("c-1", undated)
    state.checkpoint_customer("c-1", CustomerBookmark())

    assert state.customer("c-1") == CustomerBookmark()


def test_a_bookmark_is_written_with_the_digits_it_was_given_with() -> None:
    value = partition(
        replication_key="creationDate", replication_key_value="2026-03-01T10:00:00.10Z"
    )

    assert State(value).value() == value


def test_a_written_value_does_not_change_when_more_is_remembered() -> None:
    state = State({})
    state.checkpoint_customer("c-1", CustomerBookmark(MARCH))
    first = state.value()
    copy = through_json(first)
    state.checkpoint_customer("c-2", CustomerBookmark(MARCH))
    state.checkpoint_customer("c-1", CustomerBookmark(MARCH.earlier(60)))

    assert first == copy


@given(
    st.dictionaries(
        texts.filter(lambda name: name not in {"orders", "purchase_orders"}),
        any_json(texts),
        max_size=3,
    )
)
def test_bookmarks_of_other_streams_are_kept_as_they_are(others: Json) -> None:
    state = State({"bookmarks": others})
    assert state.value().get("bookmarks", {}) == others

    state.checkpoint_customer("c-1", CustomerBookmark(MARCH))
    bookmarks = dict(state.value()["bookmarks"])
    assert list(bookmarks.pop("orders")["partitions"][0]["context"]) == ["customer_id"]
    assert bookmarks == others


def test_a_resume_point_is_known_to_the_next_run_until_the_list_is_done() -> None:
    state = State({})
    state.checkpoint_resume_point(ResumePoint(17, "abc"))
    assert State(through_json(state.value())).resume_point == ResumePoint(17, "abc")

    in_order = ResumePoint(17, "abc", MARCH, DigestMark(2, "0f"))
    state.checkpoint_resume_point(in_order)
    assert State(through_json(state.value())).resume_point == in_order

    state.checkpoint_resume_point(None)
    assert state.resume_point is None
    assert State(through_json(state.value())).resume_point is None


def test_a_finished_list_is_forgotten_by_name() -> None:
    """States are merged by some: what is left out there stays."""
    state = State({})
    assert state.value() == {}
    state.checkpoint_resume_point(None)
    forgotten = {"bookmarks": {"purchase_orders": {"resume": None}}}
    assert state.value() == forgotten
    assert State(forgotten).value() == forgotten


def test_how_far_the_activity_log_was_followed_is_known_to_the_next_run() -> None:
    state = State({})
    state.checkpoint_activity(MARCH)

    assert State(through_json(state.value())).activity_read_until == MARCH


def test_a_customer_that_failed_keeps_all_but_the_time_of_its_last_read() -> None:
    state = State({})
    tracked = {"o": TrackedOrder("pending", 1, "abc")}
    state.checkpoint_customer("c-1", CustomerBookmark(MARCH, tracked, MARCH))
    state.checkpoint_failure("c-1")
    state.checkpoint_failure("never seen")

    for it in (state, State(through_json(state.value()))):
        assert it.customer("c-1") == CustomerBookmark(MARCH, tracked)
        assert it.customer("never seen") == CustomerBookmark()


FIRST = "bookmarks.orders.partitions[0]"


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"bookmarks": []}, "bookmarks"),
        ({"bookmarks": "x"}, "bookmarks"),
        ({"bookmarks": {"orders": 5}}, "bookmarks.orders"),
        ({"bookmarks": {"orders": {"partitions": {}}}}, "bookmarks.orders.partitions"),
        ({"bookmarks": {"orders": {"partitions": ["x"]}}}, FIRST),
        (
            {"bookmarks": {"orders": {"partitions": [{}]}}},
            f"{FIRST}.context.customer_id",
        ),
        (
            {
                "bookmarks": {
                    "orders": {"partitions": [{"context": {"customer_id": 5}}]}
                }
            },
            f"{FIRST}.context.customer_id",
        ),
        (
            {"bookmarks": {"orders": {"partitions": [{"context": "c-1"}]}}},
            f"{FIRST}.context",
        ),
        (partition(replication_key_value="soon"), f"{FIRST}.replication_key_value"),
        (partition(replication_key_value=5), f"{FIRST}.replication_key_value"),
        (partition(last_read=[]), f"{FIRST}.last_read"),
        (partition(followed_orders=[]), f"{FIRST}.followed_orders"),
        *(
            (partition(followed_orders={"o": wrong}), f"{FIRST}.followed_orders.o")
            for wrong in (
                None,
                "a1c",
                [],
                ["pending", 1],
                ["pending", 1, "d", 2],
                ["pending", "1", "d"],
                ["pending", 1.5, "d"],
                ["pending", float("inf"), "d"],
                ["pending", True, "d"],
                ["pending", 2**63, "d"],
                ["pending", 1, None],
                [{"a": 1}, 1, "d"],
                [5, 1, "d"],
            )
        ),
        (
            {"bookmarks": {"orders": {"activity_read_until": "x"}}},
            "bookmarks.orders.activity_read_until",
        ),
        ({"bookmarks": {"purchase_orders": 5}}, "bookmarks.purchase_orders"),
        (
            {"bookmarks": {"purchase_orders": {"resume": 5}}},
            "bookmarks.purchase_orders.resume",
        ),
        (
            {"bookmarks": {"purchase_orders": {"resume": {"position": "1"}}}},
            "bookmarks.purchase_orders.resume",
        ),
    ],
)
def test_a_state_that_cannot_be_used_is_refused_with_the_place(
    value: Json, place: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        State(value)

    (line,) = caught.value.mistakes
    assert f"`{place}`" in line
    assert "state" in line


HALF = "\ud800"


@pytest.mark.parametrize(
    "value",
    [
        partition(followed_orders={HALF: ["pending", 1, "d"]}),
        partition(followed_orders={"o": [HALF, 1, "d"]}),
        {"bookmarks": {"orders": {"partitions": [{"context": {"customer_id": HALF}}]}}},
        {"bookmarks": {"others": {"a": [HALF]}}},
        {"bookmarks": {HALF: {}}},
    ],
)
def test_a_state_that_could_not_be_written_again_is_refused(value: Json) -> None:
    with pytest.raises(SettingsError, match="surrogate"):
        State(value)


@pytest.mark.parametrize("position", [-1, True, 10**30])
def test_an_invalid_resume_point_is_refused(position: Any) -> None:
    resume = {"position": position, "digest": "abc"}
    with pytest.raises(SettingsError, match=r"bookmarks\.purchase_orders\.resume"):
        State({"bookmarks": {"purchase_orders": {"resume": resume}}})


@pytest.mark.parametrize("order", [[5], [{}], [True, ""], [-1, ""], [0, 7]])
def test_an_order_of_digests_that_is_none_is_refused(order: list[Any]) -> None:
    resume = [1, "abc", None, *order]
    with pytest.raises(SettingsError, match=r"purchase_orders\.resume"):
        State({"bookmarks": {"purchase_orders": {"resume": resume}}})


@given(any_json(st.sampled_from(["orders", "partitions", "purchase_orders", "resume"])))
def test_any_bookmarks_are_read_or_refused(bookmarks: Any) -> None:
    try:
        State({"bookmarks": bookmarks}).value()
    except SettingsError:
        return


@given(
    any_json(
        st.sampled_from(
            ["context", "customer_id", "replication_key_value", "followed_orders", "a"]
        )
    )
)
def test_any_partition_is_read_or_refused(part: Any) -> None:
    value = {"bookmarks": {"orders": {"partitions": [part]}}}
    try:
        State(value).value()
    except SettingsError:
        return


def test_cleared_members_are_written_as_null_for_merged_states() -> None:
    state = State({})
    state.checkpoint_resume_point(ResumePoint(17, "abc", MARCH))
    state.checkpoint_activity(MARCH)
    state.checkpoint_full_table(MARCH)
    interrupted = state.value()
    state.checkpoint_resume_point(None)
    state.checkpoint_activity(None)
    state.checkpoint_full_table(None)
    finished = state.value()

    assert finished["bookmarks"]["purchase_orders"] == {"resume": None}
    for first, second in ((interrupted, finished), (finished, interrupted)):
        assert State(merged(first, second)).value() == second


def merged(before: Json, after: Json) -> Json:
    """Return a state merged onto another as Meltano does it."""

    def merge(source: Json, onto: Json) -> None:
        for key, value in source.items():
            if isinstance(value, dict):
                merge(value, onto.setdefault(key, {}))
            else:
                onto[key] = value

    onto: Json = through_json(before)
    merge(through_json(after), onto)
    return onto


def test_a_state_of_the_first_version_is_carried_over() -> None:
    value = partition(
        replication_key="creationDate",
        replication_key_value=MARCH.text,
        followed_orders={"o": ["pending", 2, "0123456789ab"], "p": [None, 0, ""]},
    )
    value["bookmarks"]["purchase_orders"] = {
        "resume": {"position": 3, "digest": "abc", "began_at": MARCH.text}
    }

    state = State(value)
    assert state.resume_point == ResumePoint(3, "abc", MARCH)
    assert state.scope is None
    customer_bookmark = state.customer("c-1")
    assert customer_bookmark.bookmark == MARCH
    assert customer_bookmark.tracked == {
        # The first 36 bits of the same digest.
        "o": TrackedOrder("pending", 2, "ASNFZ4"),
        "p": TrackedOrder(None, 0, ""),
    }
    assert not customer_bookmark.is_new
    assert customer_bookmark.ids is None


def test_a_scope_is_known_to_the_next_run() -> None:
    scope = Scope({"orders": "abc", "order_line_items": ""}, include_price=True)
    state = State({})
    state.checkpoint_customer("c-1", CustomerBookmark(MARCH))
    state.checkpoint_scope(scope)
    state.checkpoint_prices()

    again = State(through_json(state.value()))
    assert again.scope == scope
    assert again.has_prices


@pytest.mark.parametrize(
    ("scope", "place"),
    [
        ("x", "bookmarks.orders.scope"),
        ({"streams": {}}, "bookmarks.orders.scope.streams"),
        ({"include_price": "yes"}, "bookmarks.orders.scope"),
    ],
)
def test_a_scope_that_cannot_be_read_is_a_mistake(scope: Any, place: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"`{place}`")):
        State({"bookmarks": {"orders": {"scope": scope}}})


def test_a_customer_is_known_in_whatever_case_its_id_is_written() -> None:
    state = State({})
    guid = "2CC5DC00-EA17-4516-983D-5802E19A0764"
    assert state.known_as(guid) == guid.lower()
    assert state.known_as("Contoso") == "Contoso"

    state.checkpoint_customer(guid, CustomerBookmark(MARCH))
    state.checkpoint_customer("Contoso", CustomerBookmark(MARCH))
    again = State(through_json(state.value()))
    assert again.known_as(guid.lower()) == guid
    assert again.known_as("CONTOSO") == "Contoso"


def test_what_is_owed_is_owed_by_every_customer() -> None:
    state = State({})
    state.checkpoint_customer("c-1", CustomerBookmark(MARCH))
    state.checkpoint_customer(
        "c-2", CustomerBookmark(MARCH, owed=frozenset({"orders"}))
    )
    state.owe({"order_line_items"})

    assert state.customer("c-1").owed == {"order_line_items"}
    assert state.customer("c-2").owed == {"order_line_items", "orders"}
