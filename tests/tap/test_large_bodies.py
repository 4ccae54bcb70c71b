"""Only so many large bodies are held at once, over real connections."""

from __future__ import annotations

import gzip
from concurrent.futures import (
    FIRST_COMPLETED,
    Future,
    ThreadPoolExecutor,
    as_completed,
    wait,
)
from typing import TYPE_CHECKING

import pytest

from tap_purchase_orders.auth.bearer_token import BearerTokenAuth
from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.http import response_limits
from tap_purchase_orders.http.curl_errors import TransportError
from tap_purchase_orders.http.response_limits import UnacceptableResponseError
from tap_purchase_orders.http.transport import Transport
from tap_purchase_orders.redaction import Secrets
from tests.tap.upstream import Reply, Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.http.api_response import ApiResponse

MIB = 1024 * 1024
LARGE = Reply(b"a" * 5 * MIB)
# Its packed body is small.
PACKED = Reply(gzip.compress(LARGE.body), headers={"Content-Encoding": "gzip"})


def transport(url: str) -> Transport:
    auth = BearerTokenAuth("a-token-0123456789")
    return Transport(auth, url, Secrets(), CancelToken())


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as started:
        yield started


@pytest.mark.parametrize("body", [LARGE, PACKED], ids=["plain", "packed"])
def test_only_so_many_large_bodies_are_held_at_once(
    body: Reply, upstream: Upstream
) -> None:
    """Four are held, a fifth waits for one of them to be closed; small ones do not."""
    upstream.answer("/large", body)
    upstream.answer("/small", Reply(b"a" * MIB))
    asking = transport(upstream.url)
    large, small = (f"{upstream.url}/{size}" for size in ("large", "small"))
    with ThreadPoolExecutor() as pool:
        held = [asking.send(large) for _ in range(4)]
        fifth: Future[ApiResponse] = pool.submit(asking.send, large)
        assert len(asking.send(small).content) == MIB
        assert not fifth.done()
        held.pop().close()
        assert len(fifth.result(60).content) == 5 * MIB
    asking.close()


@pytest.mark.parametrize("body", [LARGE, PACKED], ids=["plain", "packed"])
def test_a_large_body_without_a_place_in_time_may_be_retried(
    body: Reply, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(response_limits, "ANSWER_SECONDS", 3.0)
    upstream.answer("/large", body)
    large = f"{upstream.url}/large"
    asking = transport(upstream.url)
    held = [asking.send(large) for _ in range(4)]
    with pytest.raises(TransportError, match="no whole response in time"):
        asking.send(large)
    for each in held:
        each.close()
    # It has kept no place, nor its turn.
    again = [asking.send(large) for _ in range(4)]
    assert [len(each.content) for each in again] == [5 * MIB] * 4
    for each in again:
        each.close()
    asking.close()


@pytest.mark.parametrize("body", [LARGE, PACKED], ids=["plain", "packed"])
def test_many_large_bodies_come_all_but_few_at_once(
    body: Reply, upstream: Upstream
) -> None:
    upstream.answer("/large", body)
    large = f"{upstream.url}/large"
    asking = transport(upstream.url)
    held: list[int] = []
    most = 0

    def ask(number: int) -> int:
        nonlocal most
        response = asking.send(large)
        held.append(number)
        most = max(most, len(held))
        length = len(response.content)
        held.remove(number)
        response.close()
        return length

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(ask, range(36), timeout=120)) == [5 * MIB] * 36
    assert most <= 4
    asking.close()


@pytest.mark.parametrize("body", [LARGE, PACKED], ids=["plain", "packed"])
def test_each_closed_body_lets_one_waiting_body_in(
    body: Reply, upstream: Upstream
) -> None:
    upstream.answer("/large", body)
    large = f"{upstream.url}/large"
    asking = transport(upstream.url)
    with ThreadPoolExecutor(9) as pool:
        held = [asking.send(large) for _ in range(4)]
        waiting = {pool.submit(asking.send, large) for _ in range(9)}
        while waiting:
            held.pop().close()
            done, waiting = wait(waiting, 60, FIRST_COMPLETED)
            # One place, one body: the others still wait.
            (only,) = done
            held.append(only.result())
            assert len(held[-1].content) == 5 * MIB
    for each in held:
        each.close()
    asking.close()


def test_those_whose_answers_break_off_while_they_wait_leave_the_line(
    upstream: Upstream,
) -> None:
    """The end of a connection is found when the rest of the answer would be read."""
    upstream.answer("/large", LARGE)
    upstream.answer("/cut", Reply(LARGE.body, cut_to=4 * MIB + 512 * 1024))
    large, cut = (f"{upstream.url}/{path}" for path in ("large", "cut"))
    asking = transport(upstream.url)
    with ThreadPoolExecutor(9) as pool:
        held = [asking.send(large) for _ in range(4)]
        broken = {pool.submit(asking.send, cut) for _ in range(3)}
        sound = {pool.submit(asking.send, large) for _ in range(4)}
        for each in held:
            each.close()
        # As they come: a sound one that is not closed keeps a broken one waiting.
        for future in as_completed(broken | sound, 60):
            if future in broken:
                assert isinstance(future.exception(), TransportError)
                continue
            response = future.result()
            assert len(response.content) == 5 * MIB
            response.close()
    asking.close()


def test_a_body_that_is_too_large_frees_its_place(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(response_limits, "LARGEST_BODY_BYTES", 6 * MIB)
    upstream.answer("/", Reply(b"a" * 7 * MIB))
    asking = transport(upstream.url)
    for _ in range(6):
        with pytest.raises(UnacceptableResponseError):
            asking.send(f"{upstream.url}/")
    asking.close()
