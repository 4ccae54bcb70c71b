"""Credentials that come back in some other spelling are shown nowhere either.

The credentials here have signs that JSON, addresses, forms and HTML spell in ways of
their own, and the server sends them back in all these spellings, in every place that
an answer has.
"""

from __future__ import annotations

import base64
import html
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, quote_plus, urlencode

import pytest

from tests.tap.hostile_server import HostileServer, as_sent
from tests.tap.measured_tap import run_measured
from tests.tap.tokens import (
    DISCOVERY_PATH,
    TENANT,
    TOKEN_PATH,
    app_only,
    certificate,
    token_reply,
    trusting,
)
from tests.tap.upstream import Reply, json_reply
from tests.tap.worlds import (
    appzen,
    collection,
    customer,
    number_path,
    orders_path,
    partner_center,
    purchase_order,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tests.tap.hostile_server import Heard
    from tests.tap.tap import Run

# What a header field can carry, and a form.
ODD = {
    "token": 'odd+bearer/token=%3f "9c\\1a&<b>',
    "client_secret": "odd~client/secret é%2B+=&€\\\"'<x>",
    "api_key": "odd api+key/==%\\5a~6b|90",
    "customer_id": "odd&customer?id=#e0c7f3;",
    "customer_key": "odd'customer\"key`19f2d8<>",
}
SENT = ("authorization", "x-api-key", "customer-id", "customer-key")
DEBUG = {"LOGLEVEL": "DEBUG", "TAP_PURCHASE_ORDERS_LOGLEVEL": "DEBUG"}


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SPELLINGS: tuple[Callable[[str], str], ...] = (
    str,
    json.dumps,
    lambda text: json.dumps(text).replace("/", r"\/"),
    lambda text: json.dumps(json.dumps(text)),
    lambda text: quote(text, safe=""),
    lambda text: quote(text, safe="/~").lower(),
    quote_plus,
    html.escape,
    repr,
    in_base64,
    lambda text: in_base64(f"Bearer {text}"),
    lambda text: in_base64(f"client-1:{text}"),
    lambda text: base64.urlsafe_b64encode(f"x {text}".encode()).decode(),
)


def spelled(values: Iterable[str]) -> str:
    """Return a text with all spellings of some values."""
    return " | ".join(spell(value) for value in values for spell in SPELLINGS)


def printable(text: str) -> str:
    """Return what a header field can carry of a text."""
    return "".join(sign for sign in text if " " <= sign <= "~")


def echo(status: int) -> Callable[[Heard], Iterable[bytes]]:
    """Return answers that have the credentials of their request in every place."""

    def answer(heard: Heard) -> Iterable[bytes]:
        values = [value.removeprefix("Bearer ") for value in credentials(heard)]
        said = spelled(values)
        field = printable(said)
        body = {
            "code": said,
            "error": said,
            "message": said,
            "description": said,
            said: {"deep": [said, json.dumps({"said": said})]},
        }
        headers = {
            "MS-CorrelationId": field,
            "MS-RequestId": field,
            "x-correlation-id": field,
            "Location": field,
            field.replace(" ", "").replace(":", ""): "odd",
        }
        reply = json_reply(body, status)
        return as_sent(Reply(reply.body, status, headers, reason=field))(heard)

    return answer


def echo_as_text(heard: Heard) -> Iterable[bytes]:
    """Return the credentials as a page of a proxy would show them."""
    page = f"<html>{spelled(credentials(heard))}</html>"
    return as_sent(Reply(page.encode(), headers={"Content-Type": "text/html"}))(heard)


def credentials(heard: Heard) -> Iterator[str]:
    """Yield the credentials of a request."""
    for line in heard.head.split("\r\n"):
        name, _, value = line.partition(": ")
        if name.lower() in SENT:
            yield value
    for values in parse_qs(heard.body.decode()).values():
        yield from values


def texts_of(run: Run) -> str:
    """Return all that a run has written, JSON texts within JSON read as well."""
    found = [run.output.decode(), run.log]

    def look(value: Any) -> None:
        if isinstance(value, str):
            found.append(value)
            if value[:1] in {"{", "[", '"'}:
                try:
                    look(json.loads(value))
                except ValueError:
                    return
        elif isinstance(value, dict):
            look([*value, *value.values()])
        elif isinstance(value, list):
            for item in value:
                look(item)

    look([message for message in run.messages if message["type"] != "SCHEMA"])
    return "\n".join(found)


def assert_nothing_is_shown(run: Run) -> None:
    """Check that no credential is in what a run has written, however it is spelled."""
    text = texts_of(run)
    for name, value in ODD.items():
        for spell in SPELLINGS:
            shown = spell(value)
            # Of base64, the last sign is not the value's alone.
            assert shown.strip("\"'=")[:-1] not in text, (name, shown)
        core = in_base64(f"  {value}")[3:-4]
        assert core not in text, name


def settings(server: HostileServer, **auth: Any) -> dict[str, Any]:
    """Return settings with odd credentials."""
    url: Any = server
    section = appzen(url, ["400", "404", "500", "200", "302", "html"])
    section["auth"] |= {name: ODD[name] for name in section["auth"].keys() & ODD}
    token = {"method": "bearer_token", "token": ODD["token"]}
    return {
        "partner_center": partner_center(url, auth=auth or token),
        "appzen": section,
    }


@pytest.mark.parametrize("environment", [{}, DEBUG], ids=["usual", "debug"])
def test_no_spelling_of_a_credential_is_shown_in_issues_and_log(
    environment: dict[str, str],
) -> None:
    keys = ["400", "404", "500", "200", "302", "html"]
    with HostileServer() as server:
        config = settings(server)
        server.answer("/v1/customers", json_reply(collection(map(customer, keys))))
        for path in (orders_path, number_path):
            for key in keys[:-1]:
                server.answer(path(key), echo(int(key)))
            server.answer(path("html"), echo_as_text)
        run, _ = run_measured(config, environment=environment)

    assert len(run.issues()) == 2 * len(keys)
    assert "***" in run.log
    assert_nothing_is_shown(run)


@pytest.mark.parametrize("arguments", [(), ("--test",)], ids=["run", "check"])
@pytest.mark.parametrize("status", [200, 401, 403, 500])
def test_no_spelling_of_a_credential_is_shown_by_what_ends_a_run(
    status: int, arguments: tuple[str, ...]
) -> None:
    with HostileServer() as server:
        config = settings(server)
        server.answer("/v1/customers", echo(status))
        server.answer(number_path("400"), echo(status))
        run, _ = run_measured(config, *arguments, environment=DEBUG)

    assert run.status == 1
    assert_nothing_is_shown(run)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 500])
@pytest.mark.parametrize("path", [DISCOVERY_PATH, TOKEN_PATH])
def test_no_spelling_of_a_client_secret_is_shown_of_what_an_authority_says(
    path: str, status: int, tmp_path: Path
) -> None:
    with HostileServer(certificate()) as server:
        url: Any = server
        config = settings(server, **app_only(url, client_secret=ODD["client_secret"]))
        document = {
            "issuer": f"{server.url}/{TENANT}/v2.0",
            "authorization_endpoint": f"{server.url}/{TENANT}/oauth2/v2.0/authorize",
            "token_endpoint": f"{server.url}{TOKEN_PATH}",
        }
        server.answer(DISCOVERY_PATH, json_reply(document))
        server.answer(path, echo(status))
        run, _ = run_measured(
            {"partner_center": config["partner_center"]},
            bounds={"auth.authority:_TRIES": 1},
            environment={**DEBUG, **trusting(tmp_path)},
        )
        forms = [each.body for each in server.heard if each.body]

    assert run.status == 1
    assert_nothing_is_shown(run)
    secret = urlencode({"client_secret": ODD["client_secret"]}).encode()
    assert all(secret in form for form in forms)
    assert len(forms) == (path == TOKEN_PATH)


def test_a_token_is_hidden_from_the_moment_it_is_sent(tmp_path: Path) -> None:
    with HostileServer(certificate()) as server:
        url: Any = server
        config = settings(server, **app_only(url))
        document = {
            "issuer": f"{server.url}/{TENANT}/v2.0",
            "authorization_endpoint": f"{server.url}/{TENANT}/oauth2/v2.0/authorize",
            "token_endpoint": f"{server.url}{TOKEN_PATH}",
        }
        server.answer(DISCOVERY_PATH, json_reply(document))
        server.answer(TOKEN_PATH, token_reply(ODD["token"].replace(" ", "")))
        server.answer("/v1/customers", echo(400))
        run, _ = run_measured(
            {"partner_center": config["partner_center"]},
            environment={**DEBUG, **trusting(tmp_path)},
        )

    assert run.status == 1
    text = texts_of(run)
    for spell in SPELLINGS:
        shown = spell(ODD["token"].replace(" ", ""))
        assert shown.strip("\"'=")[:-1] not in text


def order_by(**fields: Any) -> Reply:
    return json_reply({**purchase_order("A"), **fields})


LONG = "a-key-of-appzen-0123456789"


@pytest.mark.parametrize("name", ["api_key", "customer_key"])
def test_an_answer_that_sends_a_key_back_is_an_issue_and_no_record(name: str) -> None:
    with HostileServer() as server:
        url: Any = server
        section = appzen(url, ["A", "B"])
        section["auth"][name] = LONG
        server.answer(number_path("A"), order_by(comments=f"by {LONG}"))
        server.answer(number_path("B"), json_reply(purchase_order("B")))
        run, _ = run_measured({"appzen": section})

    assert run.status == 1
    (record,) = run.records("purchase_orders")
    assert record["purchase_order_number"] == "B"
    (issue,) = run.issues()
    assert (issue["kind"], issue["record_key"]) == ("invalid_response", "A")
    assert LONG not in run.output.decode() + run.log


def test_ids_of_the_settings_stay_in_keys_and_records() -> None:
    customer_id = "contoso-purchasing"
    with HostileServer() as server:
        url: Any = server
        section = appzen(url, [f"{customer_id}-1"])
        section["auth"]["customer_id"] = customer_id
        reply = purchase_order(f"{customer_id}-1")
        body = json_reply({**reply, "comments": customer_id})
        server.answer(number_path(f"{customer_id}-1"), body)
        run, _ = run_measured({"appzen": section})

    assert run.status == 0
    (record,) = run.records("purchase_orders")
    assert record["purchase_order_number"] == "contoso-purchasing-1"
    assert record["comments"] == customer_id
    assert run.issues() == []


@pytest.mark.parametrize("customer_id", ["2024", "contoso-purchasing"])
def test_an_id_does_not_cut_into_the_message_of_an_issue(customer_id: str) -> None:
    said = f"purchase order {customer_id}-7 was closed"
    with HostileServer() as server:
        url: Any = server
        section = appzen(url, [f"{customer_id}-7"])
        section["auth"]["customer_id"] = customer_id
        reply = json_reply({"error": "closed", "message": said}, 400)
        server.answer(number_path(f"{customer_id}-7"), reply)
        run, _ = run_measured({"appzen": section})

    (issue,) = run.issues()
    assert said in issue["message"]
    assert issue["record_key"] == f"{customer_id}-7"
