"""Wherever an answer would lead the tap, credentials go to the configured hosts only.

A second server listens where the answers lead to; nobody may ever connect to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.hostile_server import HostileServer, as_sent, of
from tests.tap.measured_tap import run_measured
from tests.tap.tokens import (
    DISCOVERY_PATH,
    TENANT,
    TOKEN_PATH,
    app_only,
    certificate,
    trusting,
)
from tests.tap.upstream import json_reply
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
    from pathlib import Path

    from tests.tap.hostile_server import Bytes, Heard
    from tests.tap.tap import Run

GOOD = "good"
STATUSES = (300, 301, 302, 303, 304, 305, 307, 308)
ONE_TRY = {"auth.authority:_TRIES": 1}


def places(there: str, here: str) -> dict[str, str]:
    """Return addresses that lead away, in all spellings.

    Args:
        there: Host and port of another server.
        here: Host and port of the server that says so.
    """
    port = there.partition(":")[2]
    return {
        "host": f"http://{there}/v1/x",
        "secure": f"https://{there}/v1/x",
        "without-scheme": f"//{there}/v1/x",
        "slashes": f"////{there}/v1/x",
        "user": f"http://{here}@{there}/v1/x",
        "password": f"http://a:b@{there}/v1/x",
        "user-of-ours": f"http://{there}@{here}/v1/x",
        "backslash": f"http://{there}\\@{here}/v1/x",
        "backslash-behind": f"http://{here}\\@{there}/v1/x",
        "backslashes": f"\\\\{there}\\v1\\x",
        "mixed-slashes": f"/\\{there}/v1/x",
        "one-slash": f"http:/{there}/v1/x",
        "no-slash": f"http:{there}/v1/x",
        "encoded-backslash": f"http://{there}%5c@{here}/v1/x",
        "encoded-slash": f"http://{there}%2f@{here}/v1/x",
        "encoded-hash": f"http://{there}%23@{here}/v1/x",
        "query": f"http://{there}?@{here}/v1/x",
        "hash": f"http://{there}#@{here}/v1/x",
        "semicolon": f"http://{there};@{here}/v1/x",
        "port": f"http://127.0.0.1:{port}/v1/x",
        "host-name": f"http://localhost:{port}/v1/x",
        "long-address": f"http://[::ffff:127.0.0.1]:{port}/v1/x",
        "number": f"http://2130706433:{port}/v1/x",
        "short-number": f"http://127.1:{port}/v1/x",
        "capitals": f"HTTP://{there}/v1/x",
        "other-scheme": f"ftp://{there}/v1/x",
        "bad-port": f"http://{here}:{port}/v1/x",
        "begins-alike": f"http://{here}.{there}/v1/x",
    }


# These cannot be written in ASCII: they only look as if they could.
LOOK_ALIKES = {
    "full-width-slashes": "http:\uff0f\uff0f{}/v1/x",
    "full-width-colon": "http\uff1a//{}/v1/x",
    "full-width-digits": "http://\uff11\uff12\uff17.0.0.1:1/v1/x",
    "ideographic-dots": "http://127\u30020\u30020\u30021:1/v1/x",
    "one-dot-leader": "/v1/\u2025/x",
    "care-of": "http://{}\u2100.example/v1/x",
    "soft-hyphen": "//\u00ad{}/v1/x",
    "line-end": "/v1/x\r\nHost: {}",
    "null": "/v1/x\x00@{}",
    "blank": " //{}/v1/x",
    "tab": "/\t/{}/v1/x",
}


def redirect(status: int, place: str) -> Bytes:
    """Return a redirect; what no header field can carry is left out of it."""
    location = place.replace("\r\n", "").replace("\x00", "").encode()
    head = b"HTTP/1.1 %d Go\r\nConnection: close\r\nLocation: %b\r\n" % (
        status,
        location,
    )
    return of(head + b"Content-Length: 0\r\n\r\n")


# They only look as if they led to another host; and on ours there is nothing there.
PATHS_ON_OURS = {
    "link-slashes": "unavailable",
    "link-backslashes": "unavailable",
    "link-mixed-slashes": "unavailable",
}


@pytest.fixture(scope="module")
def led_astray() -> tuple[Run, dict[str, str], HostileServer, HostileServer]:
    """A run in which every key is answered with a way to somewhere else."""
    with HostileServer() as elsewhere, HostileServer() as server:
        there, here = (each.url.partition("//")[2] for each in (elsewhere, server))
        ways = places(there, here)
        ways |= {name: way.format(there) for name, way in LOOK_ALIKES.items()}
        answers: dict[str, Bytes] = {}
        for name, way in ways.items():
            link = {"uri": way, "method": "GET", "headers": []}
            page = json_reply(collection([order("o1", name)], links={"next": link}))
            answers[f"link-{name}"] = as_sent(page)
            answers[f"redirect-{name}"] = redirect(302, way)
        for status in STATUSES:
            answers[f"{status}"] = redirect(status, f"http://{there}/v1/x")
            answers[f"{status}-here"] = redirect(status, "/v1/customers")
        keys = [*answers, GOOD]
        server.answer("/v1/customers", json_reply(collection(map(customer, keys))))
        server.answer(orders_path(GOOD), json_reply(collection([order("o1", GOOD)])))
        server.answer(number_path(GOOD), json_reply(purchase_order(GOOD)))
        for name, answer in answers.items():
            server.answer(orders_path(name), answer)
            server.answer(number_path(name), answer)
        numbers = [key for key in keys if not key.startswith("link-")]
        url: Any = server
        config = {
            "partner_center": partner_center(url),
            "appzen": appzen(url, numbers),
        }
        run, _ = run_measured(config)
        return run, ways, elsewhere, server


Astray = tuple["Run", dict[str, str], HostileServer, HostileServer]


def test_no_other_host_is_connected_to(led_astray: Astray) -> None:
    _, _, elsewhere, _ = led_astray

    assert elsewhere.connections == 0


def test_each_way_is_an_issue_and_the_good_key_is_read(led_astray: Astray) -> None:
    run, ways, _, _ = led_astray
    refused = [f"redirect-{name}" for name in ways]
    refused += [f"{status}{here}" for status in STATUSES for here in ("", "-here")]
    keys = {
        stream: {
            issue["record_key"]: issue["kind"] for issue in run.issues(stream=stream)
        }
        for stream in ("orders", "purchase_orders")
    }

    links = {
        f"link-{name}": "invalid_response"
        if name in LOOK_ALIKES
        else "refused_redirect"
        for name in ways
    }

    assert run.status == 1
    assert keys["purchase_orders"] == dict.fromkeys(refused, "refused_redirect")
    assert keys["orders"] == keys["purchase_orders"] | links | PATHS_ON_OURS
    orders = {record["referenceCustomerId"] for record in run.records("orders")}
    assert orders == {GOOD}


def test_every_request_has_the_host_that_was_configured(led_astray: Astray) -> None:
    _, _, _, server = led_astray
    host = server.url.partition("//")[2]

    assert {line for each in server.heard for line in hosts(each)} == {host}


def hosts(heard: Heard) -> list[str]:
    """Return the `Host` fields of a request."""
    fields = (line.partition(": ") for line in heard.head.split("\r\n"))
    return [value for name, _, value in fields if name.lower() == "host"]


@pytest.mark.parametrize("place", ["host", "secure", "without-scheme", "user"])
@pytest.mark.parametrize(
    "step", ["discovery-redirect", "token-redirect", "endpoint", "issuer"]
)
def test_the_client_secret_goes_to_the_configured_authority_only(
    step: str, place: str, tmp_path: Path
) -> None:
    with (
        HostileServer(certificate()) as elsewhere,
        HostileServer(certificate()) as server,
    ):
        there, here = (each.url.partition("//")[2] for each in (elsewhere, server))
        way = places(there, here)[place].removesuffix("/v1/x") + TOKEN_PATH
        base = f"{server.url}/{TENANT}"
        document = {
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": way if step == "endpoint" else server.url + TOKEN_PATH,
        }
        if step == "issuer":
            document = dict.fromkeys(document, way)
        server.answer(DISCOVERY_PATH, json_reply(document))
        server.answer(TOKEN_PATH, redirect(307, way))
        if step == "discovery-redirect":
            server.answer(DISCOVERY_PATH, redirect(302, way))
        url: Any = server
        section = partner_center(url, auth=app_only(url))
        run, _ = run_measured(
            {"partner_center": section},
            bounds=ONE_TRY,
            environment=trusting(tmp_path),
        )

    assert run.status == 1
    assert elsewhere.connections == 0
    assert [line for line in run.errors if "partner_center.auth." in line], run.log
    sent = [each.body.decode() for each in server.heard if each.body]
    assert [SECRETS["client_secret"] in body for body in sent] == [True] * len(sent)
    assert all(each.path.startswith(f"/{TENANT}/") for each in server.heard)
