"""Authorities that are busy, slow, odd or none: asked again, or told in words."""

from __future__ import annotations

import datetime as dt
import gzip
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from tap_purchase_orders.auth.client_secret import METHOD, secret_credential
from tap_purchase_orders.auth.identity_platform import ConfidentialClient
from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.errors import SignInError
from tap_purchase_orders.http.session import TapSession
from tests.tap.measured_tap import run_measured
from tests.tap.tokens import (
    DISCOVERY_PATH,
    TENANT,
    TOKEN_PATH,
    app_only,
    certificate,
    serve_tokens,
    signed,
    signed_anew,
    token_refusal,
    token_reply,
    trusting,
)
from tests.tap.upstream import Asked, Reply, Upstream, json_reply
from tests.tap.worlds import partner_center

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TRIES = 5
MOMENT = dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)
GOOD = token_reply("good")
BUSY = token_refusal("temporarily_unavailable", 90033)


@pytest.fixture
def upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    for name, value in trusting(tmp_path).items():
        monkeypatch.setenv(name, value)
    with Upstream(certificate()) as server:
        yield server


class Noted(CancelToken):
    """Waits for nothing, and notes for how long it would have."""

    def __init__(self, waits: list[float]) -> None:
        super().__init__()
        self._waits = waits

    @override
    def wait(self, seconds: float) -> None:
        self._waits.append(seconds)


def waits_of(upstream: Upstream) -> list[float]:
    """Return how long a sign-in waits between its tries, without waiting.

    Raises:
        SignInError: It gives up.
    """
    waits: list[float] = []
    section = app_only(upstream)
    client = ConfidentialClient(section, secret_credential(section))
    client.use_session(TapSession(Noted(waits)))
    assert client.app_only_token().value == "good"
    return waits


def with_headers(reply: Reply, **headers: str) -> Reply:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(reply.body, reply.status, {**reply.headers, **fields})


def test_the_waits_grow(upstream: Upstream) -> None:
    serve_tokens(upstream, *[Reply(b"", 503)] * (TRIES - 1), GOOD)
    waits = waits_of(upstream)

    assert len(waits) == TRIES - 1
    assert all(
        least <= wait <= least + 1
        for least, wait in zip((1, 2, 4, 8), waits, strict=True)
    )


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"", 408),
        Reply(b"", 429),
        Reply(b"<html>", 502),
        Reply(dropped=True),
        Reply(GOOD.body, cut_to=10),
        # Not an error of HTTP, and one that MSAL would not ask about for a minute.
        BUSY,
        token_refusal("server_error", 90006),
    ],
    ids=["408", "429", "502", "dropped", "cut", "busy-400", "error-400"],
)
def test_what_may_pass_is_asked_again_over_the_wire(
    reply: Reply, upstream: Upstream
) -> None:
    serve_tokens(upstream, reply, reply, GOOD)

    # A connection that was kept and is closed says nothing about the authority.
    assert len(waits_of(upstream)) == (1 if reply.dropped else 2)
    assert len(upstream.asked_for(TOKEN_PATH)) == 3


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (with_headers(Reply(b"", 429), Retry_After="57"), 57),
        (with_headers(BUSY, Retry_After="41"), 41),
        (
            with_headers(
                Reply(b"", 503),
                Date=format_datetime(MOMENT, usegmt=True),
                Retry_After=format_datetime(
                    MOMENT + dt.timedelta(seconds=33), usegmt=True
                ),
            ),
            33,
        ),
        (with_headers(Reply(b"", 503), Retry_After="soon"), 1),
    ],
    ids=["seconds", "busy-400", "date", "unreadable"],
)
def test_the_authority_is_not_asked_before_it_wants_to_be(
    reply: Reply, seconds: float, upstream: Upstream
) -> None:
    serve_tokens(upstream, reply, GOOD)
    (wait,) = waits_of(upstream)

    assert seconds <= wait <= seconds + 1


def test_each_retry_is_told_at_once(
    upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    serve_tokens(upstream, Reply(b"", 503), Reply(b"", 502), GOOD)
    waits_of(upstream)

    told = [line for line in caplog.messages if "try" in line]
    assert [line[:39] for line in told] == [
        "Partner Center: signing in: HTTP 503; t",
        "Partner Center: signing in: HTTP 502; t",
    ]
    assert "try 2 of 5 in" in told[0]
    assert "try 3 of 5 in" in told[1]


def test_a_sign_in_without_a_network_is_not_silent(tmp_path: Path) -> None:
    class Nowhere:
        url = "https://127.0.0.1:1"

    nowhere: Any = Nowhere
    run, _ = run_measured(
        {"partner_center": partner_center(nowhere, auth=app_only(nowhere))},
        bounds={"auth.authority:_TRIES": 2},
        environment=trusting(tmp_path),
    )

    assert run.status == 1
    (told,) = [line for line in run.warnings if "signing in" in line]
    assert "the connection was refused: nothing listens there; try 2 of 2 in" in told


def test_too_long_a_retry_after_ends_the_sign_in(upstream: Upstream) -> None:
    serve_tokens(upstream, with_headers(Reply(b"", 429), Retry_After="301"))

    with pytest.raises(SignInError, match="HTTP 429"):
        waits_of(upstream)
    assert len(upstream.asked_for(TOKEN_PATH)) == 1


def test_after_five_tries_the_authority_and_the_setting_are_named(
    upstream: Upstream,
) -> None:
    serve_tokens(upstream, Reply(b"", 503))

    with pytest.raises(SignInError, match="HTTP 503") as caught:
        waits_of(upstream)
    assert upstream.url in str(caught.value)
    assert "`partner_center.auth.authority`" in str(caught.value)
    assert len(upstream.asked_for(TOKEN_PATH)) == TRIES


@pytest.mark.parametrize(
    "reply",
    [
        token_reply("t", expires_in="soon"),
        token_reply("t", expires_in="nan"),
        token_reply("t", expires_in=None),
        token_reply("t", expires_in=[1]),
        token_reply("t", client_info="%%%"),
        token_reply("t", id_token="a.b"),  # none at all
        json_reply({"access_token": 5, "expires_in": 5, "token_type": "Bearer"}),
        json_reply({"error": {"a": 1}}, status=400),
        json_reply({"error_codes": 5}, status=400),
        json_reply([], status=200),
        json_reply("token"),
        Reply(b"\xff\xfe"),
        Reply(b"{}" + b" " * 2_000_000),
        with_headers(
            Reply(gzip.compress(b" " * 50_000_000)),
            Content_Encoding="gzip",
            Connection="close",
        ),
        with_headers(Reply(b"{}"), Content_Encoding="br"),
        Reply(b"", 204),
        Reply(b"", 302, {"Location": "https://127.0.0.1:1/"}),
        Reply(b"", 307, {"Location": "::no address::"}),
    ],
    ids=range(18),
)
def test_a_malformed_response_is_one_line_of_error(
    reply: Reply, upstream: Upstream
) -> None:
    serve_tokens(upstream, reply)

    with pytest.raises(SignInError) as caught:
        waits_of(upstream)
    text = str(caught.value)
    assert text.startswith("Partner Center: ")
    assert "`partner_center.auth" in text
    assert len(text.splitlines()) == 1
    assert len(upstream.asked_for(TOKEN_PATH)) == 1


@pytest.mark.parametrize(
    "reply",
    [
        json_reply({}),
        json_reply({"token_endpoint": 5}),
        json_reply({"authorization_endpoint": "x", "token_endpoint": "x"}),
        token_refusal("invalid_tenant", 90002),
    ],
    ids=["empty", "number", "no-address", "unknown"],
)
def test_a_discovery_document_that_is_none_names_tenant_and_authority(
    reply: Reply, upstream: Upstream
) -> None:
    upstream.answer(DISCOVERY_PATH, reply)

    with pytest.raises(SignInError, match=TENANT) as caught:
        waits_of(upstream)
    assert "`partner_center.auth.tenant_id`" in str(caught.value)
    assert "`partner_center.auth.authority`" in str(caught.value)


def test_a_byte_order_mark_is_no_matter(upstream: Upstream) -> None:
    serve_tokens(upstream, Reply(b"\xef\xbb\xbf" + GOOD.body))

    assert waits_of(upstream) == []


def test_a_good_answer_with_a_wait_is_not_given_twice(upstream: Upstream) -> None:
    later = with_headers(token_reply("first"), Retry_After="60")
    serve_tokens(upstream, later, token_reply("second"))
    auth = METHOD(app_only(upstream))

    assert [signed(auth), signed_anew(auth)] == ["first", "second"]


def test_a_netrc_file_adds_no_credentials(
    upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    serve_tokens(upstream, GOOD)

    assert waits_of(upstream) == []
    assert not [a for a in upstream.asked if "authorization" in a.headers]


def test_an_environment_variable_of_msal_changes_no_host(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MSAL_FORCE_REGION", "westeurope")
    serve_tokens(upstream, GOOD)

    assert waits_of(upstream) == []


@pytest.mark.parametrize("seconds", [0, 1, -5])
def test_a_token_that_is_old_when_it_comes_is_used_once(
    seconds: int, upstream: Upstream
) -> None:
    given: list[str] = []

    def reply(_asked: Asked) -> Reply:
        given.append(f"token-{len(given) + 1}")
        return token_reply(given[-1], expires_in=seconds * 1e-9)

    serve_tokens(upstream, reply)
    auth: Any = METHOD(app_only(upstream))

    assert [signed(auth) for _ in range(3)] == ["token-1", "token-2", "token-3"]
    assert len(upstream.asked_for(TOKEN_PATH)) == 3
