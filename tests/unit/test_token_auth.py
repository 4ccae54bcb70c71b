from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests import PreparedRequest, Request

from tap_purchase_orders.auth.token import Token, TokenAuth
from tap_purchase_orders.errors import SignInError
from tests.unit.fake_time import FakeTime

if TYPE_CHECKING:
    from collections.abc import Callable

WORKERS = 32


class Authority:
    """Gives tokens of a certain lifetime, and counts them."""

    def __init__(self, time: FakeTime, lifetime_seconds: float = 3600.0) -> None:
        self.time = time
        self.lifetime_seconds = lifetime_seconds
        self.given: list[Token] = []

    def fetch(self) -> Token:
        value = f"token-{len(self.given) + 1}"
        self.given.append(Token(value, self.time.now, self.lifetime_seconds))
        return self.given[-1]


def signed(auth: TokenAuth) -> PreparedRequest:
    request = Request("GET", "https://api.example/v1/customers").prepare()
    signed_request: PreparedRequest = auth(request)
    return signed_request


def header(request: PreparedRequest) -> str:
    return str(request.headers["Authorization"])


def by_all_workers(ask: Callable[[], str]) -> list[str]:
    """Return what comes of it when all workers ask at the same moment."""
    at_once = threading.Barrier(WORKERS)

    def work(_: int) -> str:
        at_once.wait()
        return ask()

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(work, range(WORKERS)))


def test_a_request_is_signed_with_a_bearer_token() -> None:
    time = FakeTime()

    assert (
        header(signed(TokenAuth(Authority(time).fetch, clock=time.clock)))
        == "Bearer token-1"
    )


def test_many_workers_on_a_cold_token_make_one_fetch() -> None:
    time = FakeTime()
    authority = Authority(time)
    auth = TokenAuth(authority.fetch, clock=time.clock)

    assert by_all_workers(lambda: header(signed(auth))) == ["Bearer token-1"] * WORKERS
    assert len(authority.given) == 1


def test_many_workers_whose_token_was_refused_make_one_fetch() -> None:
    time = FakeTime()
    authority = Authority(time)
    auth = TokenAuth(authority.fetch, clock=time.clock)
    refused = signed(auth)

    def repeat() -> str:
        auth.renew(refused)
        return header(signed(auth))

    assert by_all_workers(repeat) == ["Bearer token-2"] * WORKERS
    assert len(authority.given) == 2


def test_a_token_is_used_until_shortly_before_it_expires() -> None:
    time = FakeTime()
    auth = TokenAuth(Authority(time, 3600.0).fetch, clock=time.clock)

    for now, expected in (
        (0, 1),
        (3000, 1),
        (3539, 1),
        (3540, 2),
        (7079, 2),
        (7080, 3),
    ):
        time.now = now
        assert header(signed(auth)) == f"Bearer token-{expected}"


def test_a_token_of_five_seconds_is_used_for_most_of_them() -> None:
    time = FakeTime()
    auth = TokenAuth(Authority(time, 5.0).fetch, clock=time.clock)

    for now, expected in ((0, 1), (3.5, 1), (4.0, 2), (7.5, 2), (8.0, 3)):
        time.now = now
        assert header(signed(auth)) == f"Bearer token-{expected}"


@given(st.lists(st.floats(0.0, 2000.0), max_size=20), st.floats(0.0, 5000.0))
def test_no_token_is_sent_that_has_expired(
    pauses: list[float], lifetime: float
) -> None:
    time = FakeTime()
    authority = Authority(time, lifetime)
    auth = TokenAuth(authority.fetch, clock=time.clock)
    for pause in pauses:
        time.now += pause
        assert header(signed(auth)) == f"Bearer {authority.given[-1].value}"
        age = time.now - authority.given[-1].fetched_at
        assert age < lifetime or age == 0


def test_renewal_drops_only_the_token_that_was_refused() -> None:
    time = FakeTime()
    authority = Authority(time)
    auth = TokenAuth(authority.fetch, clock=time.clock)
    first = signed(auth)
    auth.renew(first)
    assert header(signed(auth)) == "Bearer token-2"

    # A late refusal of the old token says nothing against the new one.
    auth.renew(first)
    assert header(signed(auth)) == "Bearer token-2"
    assert len(authority.given) == 2


def test_renewal_before_any_token_is_no_matter() -> None:
    time = FakeTime()
    auth = TokenAuth(Authority(time).fetch, clock=time.clock)
    auth.renew(Request("GET", "https://api.example").prepare())

    assert header(signed(auth)) == "Bearer token-1"


def test_a_refused_sign_in_is_tried_once_however_many_wait_for_it() -> None:
    tries: list[int] = []

    def refuse() -> Token:
        tries.append(1)
        msg = "Partner Center: sign-in refused"
        raise SignInError(msg)

    auth = TokenAuth(refuse)

    def ask() -> str:
        with pytest.raises(SignInError, match="sign-in refused"):
            signed(auth)
        return "refused"

    assert by_all_workers(ask) == ["refused"] * WORKERS
    assert len(tries) == 1


def test_a_token_does_not_show_its_value() -> None:
    assert "secret" not in repr(Token("secret", 0.0, 1.0))


def test_a_request_is_signed_at_once_only_while_the_token_is_fresh() -> None:
    time = FakeTime()
    authority = Authority(time)
    auth = TokenAuth(authority.fetch, clock=time.clock)
    request = Request("GET", "https://api.example/v1/customers").prepare()

    assert not auth.sign_at_once(request)
    assert "Authorization" not in request.headers
    first = signed(auth)
    assert auth.sign_at_once(request)
    assert header(request) == header(first)
    time.now += 3600.0
    assert not auth.sign_at_once(request)
    auth.renew(first)
    assert not auth.sign_at_once(request)
    assert len(authority.given) == 1
