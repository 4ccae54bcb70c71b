"""Credentials appear nowhere, whatever the server does and however much is logged.

Every run of the command is searched for the planted secrets, in all tests; these here
are the runs in which they are most likely to be found.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.scenes import Played, Scene, play_named
from tests.tap.tokens import app_only, certificate, serve_tokens, token_reply, trusting
from tests.tap.upstream import Asked, Reply, Upstream, json_reply
from tests.tap.worlds import (
    SECRETS,
    appzen,
    collection,
    customer,
    number_path,
    order,
    orders_path,
    partner_center,
    purchase_order,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEBUG = {"LOGLEVEL": "DEBUG", "TAP_PURCHASE_ORDERS_LOGLEVEL": "DEBUG"}
KEYS = ("400", "404", "500", "200", "html", "redirect")


def echo(status: int) -> Callable[[Asked], Reply]:
    """Return answers that repeat every header of the request in many places."""

    def reply(asked: Asked) -> Reply:
        sent = asked.headers
        said = f"You sent {json.dumps(dict(sent))}"
        token, key = sent.get("authorization", ""), sent.get("x-api-key", "")
        headers = {
            "MS-CorrelationId": token,
            "MS-RequestId": token,
            "x-correlation-id": sent.get("customer-key", ""),
        }
        body = {
            "code": token or key,
            "description": said,
            "error": sent.get("customer-id", ""),
            "message": said,
        }
        return json_reply(body, status, **headers)

    return reply


def echo_as_text(asked: Asked) -> Reply:
    return Reply(f"<html>{dict(asked.headers)}</html>".encode(), reason="OK")


def everything_comes_back(upstream: Upstream) -> dict[str, Any]:
    serve_tokens(upstream, token_reply(SECRETS["access_token"]))
    upstream.answer("/v1/customers", json_reply(collection(map(customer, KEYS))))
    location = {"Location": f"https://127.0.0.1:1/?{SECRETS['api_key']}"}
    for path in (orders_path, number_path):
        for key in ("400", "404", "500", "200"):
            upstream.answer(path(key), echo(int(key)))
        upstream.answer(path("html"), echo_as_text)
        upstream.answer(path("redirect"), Reply(b"", 302, location))
    section = partner_center(upstream, auth=app_only(upstream))
    return {"partner_center": section, "appzen": appzen(upstream, [*KEYS])}


def caller_is_refused(status: int) -> Callable[[Upstream], dict[str, Any]]:
    def config(upstream: Upstream) -> dict[str, Any]:
        upstream.answer("/v1/customers", echo(status))
        upstream.answer(number_path("A"), echo(status))
        return {
            "partner_center": partner_center(upstream),
            "appzen": appzen(upstream, ["A"]),
        }

    return config


def sign_in_is_refused(**body: Any) -> Callable[[Upstream], dict[str, Any]]:
    def config(upstream: Upstream) -> dict[str, Any]:
        serve_tokens(upstream, json_reply(body, status=400))
        return {"partner_center": partner_center(upstream, auth=app_only(upstream))}

    return config


def all_is_well(upstream: Upstream) -> dict[str, Any]:
    serve_tokens(upstream, token_reply(SECRETS["access_token"]))
    upstream.answer("/v1/customers", json_reply(collection([customer("c1")])))
    upstream.answer(orders_path("c1"), json_reply(collection([order("o", "c1")])))
    upstream.answer(number_path("A"), json_reply(purchase_order("A")))
    section = partner_center(upstream, auth=app_only(upstream))
    return {"partner_center": section, "appzen": appzen(upstream, ["A"])}


SECRET = SECRETS["client_secret"]
RUNS = {
    "everything": everything_comes_back,
    "401": caller_is_refused(401),
    "403": caller_is_refused(403),
    "authority-error": sign_in_is_refused(error=SECRET, error_codes=[1]),
    "authority-description": sign_in_is_refused(error="x", error_description=SECRET),
    "authority-body": sign_in_is_refused(sent=SECRET),
}
TESTS = {f"test-{status}": caller_is_refused(status) for status in (200, 400, 401, 500)}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    trust = trusting(tmp_path_factory.mktemp("trust"))

    def scene(
        config: Callable[[Upstream], dict[str, Any]], *arguments: str, **more: str
    ) -> Scene:
        def options(upstream: Upstream) -> Mapping[str, Any]:
            return {
                "config": config(upstream),
                "arguments": arguments,
                "environment": {**trust, **more},
            }

        return options

    scenes = {name: scene(config, **DEBUG) for name, config in RUNS.items()}
    scenes |= {name: scene(config, "--test") for name, config in TESTS.items()}
    scenes["everything-without-details"] = scene(everything_comes_back)
    scenes["all-is-well"] = scene(all_is_well, **DEBUG)
    return play_named(scenes, certificate())


@pytest.mark.parametrize("name", [*RUNS, *TESTS, "everything-without-details"])
def test_credentials_that_a_server_sends_back_are_shown_nowhere(
    name: str, played: dict[str, Played]
) -> None:
    # That nothing is shown is checked with every run.
    assert played[name].run.status == 1


def test_what_a_server_says_beside_them_is_kept(played: dict[str, Played]) -> None:
    run = played["everything-without-details"].run

    assert len(run.issues()) == 2 * len(KEYS)
    (issue,) = run.issues(stream="orders", record_key="400")
    assert "You sent" in issue["message"]
    assert "tap-purchase-orders/" in issue["message"]


def test_a_good_run_with_all_details_in_the_log_shows_no_credentials(
    played: dict[str, Played],
) -> None:
    run = played["all-is-well"].run

    assert run.status == 0
    assert run.logged("DEBUG")
    assert len(run.records("orders")) == len(run.records("purchase_orders")) == 1
