"""Tokens: fetched once, renewed when refused, and never sent anywhere else."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.scenes import Played, Scene, play_named
from tests.tap.tokens import (
    DISCOVERY_PATH,
    TOKEN_PATH,
    app_only,
    certificate,
    serve_tokens,
    token_refusal,
    token_reply,
    trusting,
)
from tests.tap.upstream import Asked, Reply, Upstream, json_reply
from tests.tap.worlds import (
    SECRETS,
    collection,
    customer,
    order,
    orders_path,
    partner_center,
    partner_center_error,
    serve_customers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

CUSTOMERS = [f"c{number}" for number in range(12)]
WORKERS = 8
MANY = 32
MANY_CUSTOMERS = [f"m{number}" for number in range(2 * MANY)]
FIRST, SECOND = "first-token", SECRETS["access_token"]

# What the token endpoint answers, and the setting that the error has to name.
REFUSALS = {
    "wrong-secret": (
        token_refusal("invalid_client", 7000215, 401),
        "partner_center.auth.client_secret",
    ),
    "unknown-client": (
        token_refusal("unauthorized_client", 700016),
        "partner_center.auth.client_id",
    ),
    "wrong-scope": (
        token_refusal("invalid_scope", 70011),
        "partner_center.auth.scope",
    ),
    "odd-error": (token_refusal("odd_error", 1), "partner_center.auth"),
    "html": (Reply(b"<html>"), "partner_center.auth"),
    "array": (Reply(b"[]"), "partner_center.auth"),
    "no-token": (Reply(b'{"token_type": "Bearer"}'), "partner_center.auth"),
    "redirect": (
        Reply(b"", 302, {"Location": "https://127.0.0.1:1/"}),
        "partner_center.auth",
    ),
    "not-found": (Reply(b"", 404), "partner_center.auth"),
}
# Where the first answer is not good, and which one it is.
BUSY = {
    "token-503": (TOKEN_PATH, token_refusal("temporarily_unavailable", 50196, 503)),
    "token-429": (TOKEN_PATH, Reply(b"", 429)),
    "token-dropped": (TOKEN_PATH, Reply(dropped=True)),
    "discovery-502": (DISCOVERY_PATH, Reply(b"<html>", 502)),
}


def good_token(upstream: Upstream) -> None:
    serve_tokens(upstream, token_reply(SECOND))


def token_with_numbers_as_text(upstream: Upstream) -> None:
    serve_tokens(upstream, token_reply(SECOND, expires_in="3600", not_before="1"))


def token_refused_at_work(upstream: Upstream) -> None:
    serve_tokens(upstream, token_reply(FIRST), token_reply(SECOND))
    all_at_once = threading.Barrier(WORKERS, timeout=20)
    good = Reply(b'{"items": []}')

    def orders(asked: Asked) -> Reply:
        if asked.headers["authorization"] != f"Bearer {FIRST}":
            return good
        # Every worker has sent the old token when the first refusal goes out.
        all_at_once.wait()
        return partner_center_error(401, 400)

    for key in CUSTOMERS:
        upstream.answer(orders_path(key), orders)


def cold_token_for_many(upstream: Upstream) -> None:
    good_token(upstream)
    everybody = threading.Barrier(MANY, timeout=20)
    first = iter(range(MANY))

    def read(asked: Asked) -> Reply:
        # As many requests are under way as there are workers, before any is answered.
        if next(first, None) is not None:
            everybody.wait()
        return json_reply(customer(asked.path.rpartition("/")[2]))

    for key in MANY_CUSTOMERS:
        upstream.answer(f"/v1/customers/{key}", read)
        upstream.answer(orders_path(key), json_reply(collection([])))


def tokens_that_do_not_last(upstream: Upstream) -> None:
    """Serve tokens that are old when they come; only the newest one is good."""
    given: list[str] = []

    def give(_asked: Asked) -> Reply:
        given.append(f"{SECOND}-{len(given) + 1}")
        return token_reply(given[-1], expires_in=0)

    def guarded(reply: Reply) -> Callable[[Asked], Reply]:
        def answer(asked: Asked) -> Reply:
            is_newest = asked.headers["authorization"] == f"Bearer {given[-1]}"
            return reply if is_newest else partner_center_error(401, 400)

        return answer

    serve_tokens(upstream, give)
    for key in CUSTOMERS:
        orders = json_reply(collection([order("o", key)]))
        upstream.answer(orders_path(key), guarded(orders))


def both_tokens_refused(upstream: Upstream) -> None:
    serve_tokens(upstream, token_reply(FIRST), token_reply(SECOND))
    upstream.answer("/v1/customers", partner_center_error(401, 400))


def unknown_tenant(upstream: Upstream) -> None:
    upstream.answer(DISCOVERY_PATH, token_refusal("invalid_tenant", 90002))


# Settings of single scenes.
OWN_SETTINGS: dict[Callable[[Upstream], None], dict[str, Any]] = {
    cold_token_for_many: {"customer_ids": MANY_CUSTOMERS, "max_concurrency": MANY},
    tokens_that_do_not_last: {"max_concurrency": 1},
}


def without_trust(upstream: Upstream) -> Mapping[str, Any]:
    return {"config": {"partner_center": partner_center(upstream)}}


def refused_with(reply: Reply) -> Callable[[Upstream], None]:
    return lambda upstream: serve_tokens(upstream, reply)


def busy_with(path: str, reply: Reply) -> Callable[[Upstream], None]:
    def set_up(upstream: Upstream) -> None:
        good_token(upstream)
        upstream.answer_first(path, reply)

    return set_up


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Upstream]:
    with Upstream(certificate()) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def played(
    elsewhere: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Played]:
    trust = trusting(tmp_path_factory.mktemp("trust"))

    def led_away(upstream: Upstream) -> None:
        serve_tokens(upstream, endpoint=f"{elsewhere.url}{TOKEN_PATH}")

    set_ups: dict[str, Callable[[Upstream], None]] = {
        set_up.__name__: set_up
        for set_up in (
            good_token,
            token_with_numbers_as_text,
            token_refused_at_work,
            cold_token_for_many,
            tokens_that_do_not_last,
            both_tokens_refused,
            unknown_tenant,
            led_away,
        )
    }
    set_ups |= {name: refused_with(reply) for name, (reply, _) in REFUSALS.items()}
    set_ups |= {name: busy_with(*busy) for name, busy in BUSY.items()}

    def scene(set_up: Callable[[Upstream], None], trust: dict[str, str]) -> Scene:
        def options(upstream: Upstream) -> Mapping[str, Any]:
            serve_customers(upstream, {key: [order("o", key)] for key in CUSTOMERS})
            set_up(upstream)
            section = partner_center(
                upstream, auth=app_only(upstream), **OWN_SETTINGS.get(set_up, {})
            )
            return {"config": {"partner_center": section}, "environment": trust}

        return options

    scenes = {name: scene(set_up, trust) for name, set_up in set_ups.items()}
    scenes["without_trust"] = without_trust
    return play_named(scenes, certificate())


def test_one_token_serves_the_whole_run(played: dict[str, Played]) -> None:
    scene = played["good_token"]

    assert scene.run.status == 0
    assert len(scene.run.records("orders")) == len(CUSTOMERS)
    (asked,) = scene.asked_for(TOKEN_PATH)
    assert b"grant_type=client_credentials" in asked.body
    assert b"scope=https%3A%2F%2Fapi.partnercenter.microsoft.com%2F.default" in (
        asked.body
    )
    sent = {a.headers.get("authorization") for a in scene.asked if "/v1/" in a.path}
    assert sent == {f"Bearer {SECOND}"}


def test_the_numbers_of_a_token_may_be_text(played: dict[str, Played]) -> None:
    assert played["token_with_numbers_as_text"].run.status == 0


def test_a_refused_token_is_replaced_once_for_all_workers(
    played: dict[str, Played],
) -> None:
    scene = played["token_refused_at_work"]
    tokens = [
        asked.headers["authorization"]
        for asked in scene.asked
        if asked.path.endswith("/orders")
    ]

    assert scene.run.status == 0
    assert len(scene.asked_for(TOKEN_PATH)) == 2
    assert tokens.count(f"Bearer {FIRST}") == WORKERS
    assert tokens.count(f"Bearer {SECOND}") == len(CUSTOMERS)


def test_many_workers_on_a_cold_token_make_one_request_for_one(
    played: dict[str, Played],
) -> None:
    scene = played["cold_token_for_many"]

    assert scene.run.status == 0, scene.run.log
    assert len(scene.asked_for(TOKEN_PATH)) == 1
    assert len(scene.run.records("customers")) == len(MANY_CUSTOMERS)


def test_tokens_that_do_not_last_are_renewed_for_as_long_as_the_run_goes_on(
    played: dict[str, Played],
) -> None:
    scene = played["tokens_that_do_not_last"]
    requests = [asked for asked in scene.asked if "/v1/" in asked.path]

    assert scene.run.status == 0, scene.run.log
    assert len(scene.run.records("orders")) == len(CUSTOMERS)
    assert len(scene.asked_for(TOKEN_PATH)) == len(requests)


def test_a_new_token_that_is_refused_too_ends_the_run(
    played: dict[str, Played],
) -> None:
    scene = played["both_tokens_refused"]

    assert scene.run.status == 1
    assert len(scene.asked_for(TOKEN_PATH)) == 2
    assert len(scene.asked_for("/v1/customers")) == 2
    assert any(
        "401" in line and "partner_center.auth" in line for line in scene.run.errors
    )


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refused_sign_in_names_the_setting_and_asks_nothing_else(
    name: str, played: dict[str, Played]
) -> None:
    scene = played[name]
    _, setting = REFUSALS[name]

    assert scene.run.status == 1
    assert any(setting in line for line in scene.run.errors), scene.run.log
    assert scene.asked_for("/v1/customers") == []
    assert len(scene.asked_for(TOKEN_PATH)) == 1


def test_a_tenant_that_the_authority_does_not_know_names_the_setting(
    played: dict[str, Played],
) -> None:
    run = played["unknown_tenant"].run

    assert run.status == 1
    assert any("partner_center.auth.tenant_id" in line for line in run.errors)


@pytest.mark.parametrize("name", BUSY)
def test_an_authority_that_is_busy_is_asked_again(
    name: str, played: dict[str, Played]
) -> None:
    path, _ = BUSY[name]

    assert played[name].run.status == 0
    assert len(played[name].asked_for(path)) == 2


def test_the_secret_goes_to_the_configured_authority_only(
    played: dict[str, Played], elsewhere: Upstream
) -> None:
    run = played["led_away"].run

    assert elsewhere.asked == []
    assert run.status == 1
    assert any("partner_center.auth.authority" in line for line in run.errors)


def test_a_server_whose_certificate_is_not_trusted_gets_no_credentials(
    played: dict[str, Played],
) -> None:
    scene = played["without_trust"]

    assert scene.run.status == 1
    assert scene.asked == []
