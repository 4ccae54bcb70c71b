"""Shards of one list: together what one run takes, each from its own state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tap_purchase_orders.incremental.state import State
from tests.unit.configs import appzen
from tests.unit.number_queues import number_queue

if TYPE_CHECKING:
    from tap_purchase_orders.extraction.number_queue import NumberQueue

COUNT = 3

listed = st.lists(st.text("ABC12", min_size=1, max_size=3), max_size=30)


def numbers(items: list[str], index: int, count: int, state: State) -> NumberQueue:
    source = {"source": "list", "numbers": items, "allow_empty": True}
    config = appzen(purchase_order_numbers=source)
    return number_queue({**config, "shard": {"index": index, "count": count}}, state)


def taken(of_a_run: NumberQueue, most: int | None = None) -> list[str]:
    """Return what a run writes, which ends early or comes to its end."""
    written: list[str] = []
    for queued in of_a_run.queue():
        if len(written) == most:
            return written
        written.append(str(queued.item))
        queued.checkpoint()
    of_a_run.finish()
    return written


@settings(max_examples=40)
@given(listed, st.randoms(use_true_random=False))
def test_three_shards_give_what_one_run_gives_in_any_order_of_the_source(
    items: list[str], random: Any
) -> None:
    shards = []
    for index in range(COUNT):
        shuffled = random.sample(items, len(items))
        shards.append(taken(numbers(shuffled, index, COUNT, State({}))))

    together = [number for shard in shards for number in shard]
    assert len(together) == len(set(together))
    assert sorted(together) == sorted(taken(numbers(items, 0, 1, State({}))))


@settings(max_examples=40)
@given(listed, st.lists(st.integers(0, 30), min_size=COUNT, max_size=COUNT))
def test_each_shard_goes_on_from_its_own_state(
    items: list[str], ends: list[int]
) -> None:
    for index, end in enumerate(ends):
        state = State({})
        whole = taken(numbers(items, index, COUNT, State({})))
        first = taken(numbers(items, index, COUNT, state), most=end)
        kept = State(state.value())

        assert first == whole[:end]
        if len(first) < len(whole):
            assert taken(numbers(items, index, COUNT, kept)) == whole[end:]
            assert kept.resume_point is None
