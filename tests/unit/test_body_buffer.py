from __future__ import annotations

import gzip
import zlib
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from typing_extensions import override

from tap_purchase_orders.concurrency.event_loop import Event
from tap_purchase_orders.http import response_limits
from tap_purchase_orders.http.body_buffer import BodyBuffer, LargeBodies
from tap_purchase_orders.http.response_limits import UnacceptableResponseError
from tests.unit.sync_primitives import (
    PATIENCE_SECONDS,
    Gate,
    begun,
    done,
    settle,
    threads_that_take_turns_quickly,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.timeout(120)

LARGE = bytes(101)
SMALL = bytes(99)
# So many bodies come side by side where a test has them come and go as it likes.
MANY = 6


@pytest.fixture(autouse=True, scope="module")
def small_bounds() -> Iterator[None]:
    """More than 100 bytes are a large body, and 1,000 are the most."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(response_limits, "LARGE_BODY_BYTES", 100)
        patch.setattr(response_limits, "LARGEST_BODY_BYTES", 1_000)
        yield


def quiet() -> None:
    """Go on, where nobody was told to wait."""


def body_in(places: LargeBodies) -> BodyBuffer:
    return BodyBuffer(places, quiet)


@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.booleans(), st.integers(0, MANY - 1)), max_size=120),
)
@example(1, [(True, 0), (True, 1), (True, 2), (False, 1), (False, 0), (False, 2)])
def test_a_place_for_a_large_body_is_never_lost_nor_given_twice(
    most: int, steps: list[tuple[bool, int]]
) -> None:
    places = LargeBodies(most)
    held: list[int] = []
    line: deque[int] = deque()
    told: list[int] = []
    expected: list[int] = []
    has_piece: set[int] = set()
    bodies = [BodyBuffer(places, partial(told.append, n)) for n in range(MANY)]
    # Whoever is still there at the end closes, too.
    for comes, number in [*steps, *((False, n) for n in range(MANY))]:
        if comes:
            if number not in held and number not in line:
                (held if len(held) < most and not line else line).append(number)
            # A piece that found no room comes once more; one that did is followed by
            # an empty one, since there is an end to what a body may have.
            piece = b"" if number in has_piece else LARGE
            has_room = bodies[number].take(piece)
            assert has_room == (number in held)
            if has_room:
                has_piece.add(number)
        else:
            bodies[number].close()
            has_piece.discard(number)
            if number in line:
                line.remove(number)
            elif number in held:
                held.remove(number)
                if line:
                    expected.append(line[0])
                    held.append(line.popleft())
            bodies[number] = BodyBuffer(places, partial(told.append, number))
        assert told == expected
        assert len(held) <= most

    assert [body_in(places).take(LARGE) for _ in range(most + 1)] == [
        *[True] * most,
        False,
    ]


def test_closing_a_body_twice_frees_one_place() -> None:
    places = LargeBodies(1)
    first, second, third = (body_in(places) for _ in range(3))
    assert first.take(LARGE)
    first.close()
    first.close()

    assert second.take(LARGE)
    assert not third.take(LARGE)
    first.close()
    assert not third.take(LARGE)


def test_small_bodies_need_no_place() -> None:
    places = LargeBodies(1)
    large = body_in(places)
    assert large.take(LARGE)
    for _ in range(9):
        small = body_in(places)
        assert small.take(SMALL)
        assert small.value() == SMALL
        small.close()
    assert not body_in(places).take(LARGE)


@given(st.lists(st.binary(max_size=60), max_size=30))
def test_a_body_is_all_of_its_pieces(pieces: list[bytes]) -> None:
    places = LargeBodies(1)
    body = body_in(places)
    whole = b"".join(pieces)
    if len(whole) > 1_000:
        with pytest.raises(UnacceptableResponseError, match="larger than 1000 bytes"):
            list(map(body.take, pieces))
    else:
        assert all(map(body.take, pieces))
        assert body.value() == whole
    body.close()

    assert body_in(places).take(LARGE)


def test_a_refused_piece_may_be_given_again_and_is_counted_once() -> None:
    places = LargeBodies(1)
    first, second = body_in(places), body_in(places)
    assert first.take(bytes(600))
    for _ in range(9):
        assert not second.take(bytes(600))
    first.close()
    assert second.take(bytes(600))
    assert second.take(bytes(400))
    with pytest.raises(UnacceptableResponseError):
        second.take(b"1")
    second.close()
    assert body_in(places).take(LARGE)


def test_a_body_that_is_called_back_on_another_thread_has_its_place() -> None:
    """The one before it may be closed while it is still being told to wait."""
    places = LargeBodies(1)
    holders: list[int] = []

    def hold(number: int) -> None:
        for _ in range(400):
            is_free = Event()
            body = BodyBuffer(places, is_free.set)
            if not body.take(LARGE):
                assert is_free.wait(PATIENCE_SECONDS)
                assert body.take(LARGE)
            holders.append(number)
            assert holders == [number]
            holders.clear()
            body.close()

    with threads_that_take_turns_quickly(), ThreadPoolExecutor(4) as pool:
        list(pool.map(hold, range(4)))


class Slow(LargeBodies):
    """Lets something happen between an answer and its being heard.

    Args:
        then: What happens, after the first answer that there is no place.
    """

    def __init__(self, then: Callable[[], None]) -> None:
        super().__init__(1)
        self._then = [then]

    @override
    def take(self, body: BodyBuffer) -> bool:
        answer = super().take(body)
        if not answer and self._then:
            self._then.pop()()
        return answer


def test_a_place_freed_during_a_refusal_is_not_lost() -> None:
    told: list[str] = []
    holders: list[BodyBuffer] = []
    places = Slow(lambda: holders.pop().close())
    first = body_in(places)
    holders.append(first)
    second = BodyBuffer(places, lambda: told.append("second"))
    assert first.take(LARGE)
    has_room = second.take(LARGE)

    assert told == ["second"]
    assert has_room or second.take(LARGE)
    second.close()
    assert body_in(places).take(LARGE)


@given(
    st.binary(max_size=1_000),
    st.integers(1, 50),
    st.sampled_from(["gzip", "deflate", "X-Gzip"]),
)
def test_what_was_packed_is_unpacked(content: bytes, size: int, coding: str) -> None:
    pack = zlib.compress if coding == "deflate" else gzip.compress
    body = body_in(LargeBodies(1))
    for piece in pieces_of(pack(content), size):
        assert body.take(piece)
    done(lambda: body.unpack(coding))

    assert body.value() == content
    body.close()


@given(st.binary(min_size=1, max_size=500), st.data())
def test_what_was_cut_off_is_no_body(content: bytes, data: st.DataObject) -> None:
    places = LargeBodies(1)
    packed = gzip.compress(content)
    cut = data.draw(st.integers(1, len(packed) - 1))
    body = body_in(places)
    assert body.take(packed[:cut])
    with pytest.raises(ValueError, match="cut off"):
        done(lambda: body.unpack("gzip"))
    body.close()
    assert body_in(places).take(LARGE)


def test_a_body_too_large_after_decompression_frees_its_place() -> None:
    places = LargeBodies(1)
    for _ in range(3):
        body = body_in(places)
        assert body.take(gzip.compress(bytes(1_001)))
        with pytest.raises(UnacceptableResponseError):
            done(partial(body.unpack, "gzip"))
        body.close()
    assert body_in(places).take(LARGE)


def test_what_becomes_large_by_unpacking_waits_for_a_place() -> None:
    places = LargeBodies(1)
    held, packed, next_one = (body_in(places) for _ in range(3))
    assert held.take(LARGE)
    assert packed.take(gzip.compress(bytes(900)))

    waiting = begun(lambda: packed.unpack("gzip"))
    settle()
    assert not waiting.done()
    held.close()
    waiting.result(PATIENCE_SECONDS)
    assert packed.value() == bytes(900)
    assert not next_one.take(LARGE)
    packed.close()
    assert next_one.take(LARGE)


def test_bodies_that_become_large_by_decompression_wait_for_places() -> None:
    places = LargeBodies(2)
    in_turn: list[int] = []

    def unpacked(number: int) -> int:
        body = body_in(places)
        assert body.take(gzip.compress(bytes(900)))
        body.unpack("gzip")
        in_turn.append(number)
        length = len(body.value())
        body.close()
        return length

    held = [body_in(places) for _ in range(2)]
    assert all(body.take(LARGE) for body in held)
    tasks = [begun(partial(unpacked, number)) for number in range(20)]
    settle()
    assert in_turn == []
    for body in held:
        body.close()
    assert [task.result(PATIENCE_SECONDS) for task in tasks] == [900] * 20
    assert in_turn == list(range(20))


def test_a_body_without_a_place_to_decompress_in_time_blocks_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(response_limits, "ANSWER_SECONDS", 0.0)
    places = LargeBodies(1)
    held, packed, next_one = (body_in(places) for _ in range(3))
    assert held.take(LARGE)
    assert packed.take(gzip.compress(bytes(900)))

    with pytest.raises(TimeoutError):
        done(lambda: packed.unpack("gzip"))
    packed.close()
    held.close()
    assert next_one.take(LARGE)


def test_places_are_not_lost_when_time_is_up_just_as_one_comes_free() -> None:
    for _ in range(300):
        places = LargeBodies(1)
        held, packed = body_in(places), body_in(places)
        is_tried = Gate()
        assert held.take(LARGE)
        assert packed.take(gzip.compress(bytes(900)))

        def unpack(packed: BodyBuffer = packed, is_tried: Gate = is_tried) -> None:
            is_tried.open()
            try:
                packed.unpack("gzip")
            except TimeoutError:
                pass
            finally:
                packed.close()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(response_limits, "ANSWER_SECONDS", 0.0001)
            unpacking = begun(unpack)
            is_tried.wait()
            held.close()
            unpacking.result(PATIENCE_SECONDS)
        assert body_in(places).take(LARGE)


def pieces_of(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]
