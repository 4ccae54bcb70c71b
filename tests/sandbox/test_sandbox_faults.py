"""What goes wrong in the sandbox on purpose: limits, scripts, rates; and its log."""

from __future__ import annotations

import json
import os
import socket
import ssl
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_purchase_orders.sandbox.faults import Faults
from tap_purchase_orders.sandbox.messages import Asked
from tap_purchase_orders.sandbox.process import Sandbox, SandboxError
from tests.sandboxes import NOW, Caller, exact, has_mark, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FAST = 100_000


@pytest.fixture(scope="module")
def _shared() -> Iterator[Caller]:
    with (
        Sandbox(
            now=NOW,
            freeze_clock=True,
            customers=4,
            requests_per_minute=FAST,
            appzen_requests_per_second=FAST,
        ) as sandbox,
        Caller(sandbox) as result,
    ):
        yield result


@pytest.fixture
def caller(_shared: Caller) -> Caller:
    """The sandbox of this module without faults and with an empty log."""
    _shared.sandbox.faults([])
    _shared.sandbox.reset_requests()
    return _shared


def a_customer(caller: Caller) -> str:
    return str(caller.sandbox.truth("customers")[0]["id"])


# Limits


def test_too_many_requests_in_a_minute_answer_429_for_each_resource_alone() -> None:
    with (
        Sandbox(customers=3, requests_per_minute=4) as sandbox,
        Caller(sandbox) as caller,
    ):
        customer = a_customer(caller)
        for _ in range(4):
            assert caller.partner_center("/v1/customers?size=1").ok
        refused = caller.partner_center("/v1/customers?size=1")
        assert refused.status_code == 429
        wait_seconds = int(refused.headers["Retry-After"])
        assert 1 <= wait_seconds <= 60
        assert refused.json() == {
            "statusCode": 429,
            "message": f"Rate limit is exceeded. Try again in {wait_seconds} seconds.",
        }
        assert caller.partner_center(f"/v1/customers/{customer}").status_code == 429
        assert len(caller.orders(customer)) >= 1

        sandbox.advance(60)
        assert caller.partner_center("/v1/customers?size=1").ok


def test_refused_requests_count_too() -> None:
    with (
        Sandbox(customers=3, requests_per_minute=4) as sandbox,
        Caller(sandbox) as caller,
    ):
        for _ in range(4):
            caller.partner_center("/v1/customers?size=1")
        sandbox.advance(50)
        for _ in range(4):
            assert caller.partner_center("/v1/customers").status_code == 429
        sandbox.advance(20)
        assert caller.partner_center("/v1/customers").status_code == 429
        sandbox.advance(60)
        assert caller.partner_center("/v1/customers").ok


def test_what_hangs_below_orders_shares_their_limit() -> None:
    with (
        Sandbox(customers=3, requests_per_minute=2) as sandbox,
        Caller(sandbox) as caller,
    ):
        path = f"/v1/customers/{a_customer(caller)}/orders"
        for below in ("", "/x"):
            caller.partner_center(path + below)
        answer = caller.partner_center(f"{path}/x/attachments")
        assert answer.status_code == 429


def test_appzen_refuses_too_many_in_a_second_without_retry_after() -> None:
    with (
        Sandbox(appzen_requests_per_second=1) as sandbox,
        Caller(sandbox) as caller,
    ):
        number = caller.numbers()[0]
        statuses = [caller.purchase_order(number).status_code for _ in range(3)]
        assert 429 in statuses
        refused = caller.purchase_order(number)
        assert refused.status_code == 429
        assert "Retry-After" not in refused.headers
        assert refused.headers["x-correlation-id"]
        sandbox.advance(2)
        assert caller.purchase_order(number).ok


# Scripts


def test_a_rule_acts_so_many_times_and_then_the_truth_is_told(caller: Caller) -> None:
    path = f"/v1/customers/{a_customer(caller)}/orders"
    rule = {
        "when": {"resource": "orders"},
        "times": 2,
        "answer": {"status": 503, "headers": {"Retry-After": "7"}},
    }
    caller.sandbox.faults([rule])

    answers = [caller.partner_center(path) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert answers[0].json()["code"] == 800003
    assert caller.sandbox.fault_counts() == [{"seen": 3, "acted": 2}]


@pytest.mark.parametrize(
    ("when", "statuses"),
    [
        ({"api": "partner_center"}, [500, 500, 200]),
        ({"api": "appzen"}, [200, 200, 500]),
        ({"resource": "orders"}, [200, 500, 200]),
        ({"path": r"^/v1/customers\?size=1$"}, [500, 200, 200]),
        ({"method": "GET"}, [500, 500, 500]),
        ({"method": "POST"}, [200, 200, 200]),
        ({"api": "partner_center", "nth": 2}, [200, 500, 200]),
        ({}, [500, 500, 500]),
    ],
)
def test_a_rule_is_about_what_it_says(
    when: dict[str, Any], statuses: list[int], caller: Caller
) -> None:
    customer, number = a_customer(caller), caller.numbers()[0]
    caller.app_token()
    caller.sandbox.faults([{"when": when, "answer": {"status": 500}}])

    answers = (
        caller.partner_center("/v1/customers?size=1"),
        caller.partner_center(f"/v1/customers/{customer}/orders"),
        caller.purchase_order(number),
    )

    assert [answer.status_code for answer in answers] == statuses


def test_a_rule_can_be_about_one_customer_or_one_purchase_order(caller: Caller) -> None:
    first, second = (c["id"] for c in caller.sandbox.truth("customers")[:2])
    numbers = caller.numbers()
    caller.sandbox.faults(
        [
            {"when": {"customer": first}, "answer": {"status": 403}},
            {"when": {"purchase_order": numbers[0]}, "answer": {"status": 402}},
        ]
    )

    assert caller.partner_center(f"/v1/customers/{first}/orders").status_code == 403
    assert caller.partner_center(f"/v1/customers/{second}/orders").status_code == 200
    assert caller.purchase_order(numbers[0]).status_code == 402
    assert caller.purchase_order(numbers[1]).status_code == 200


def ask(caller: Caller, answer: dict[str, Any]) -> requests.Response:
    """Ask for orders while a rule gives this answer."""
    customer = a_customer(caller)
    caller.app_token()
    caller.sandbox.faults([{"answer": answer}])
    return caller.partner_center(f"/v1/customers/{customer}/orders")


def test_a_body_can_be_anything(caller: Caller) -> None:
    body = {"code": 800043, "description": "Pricing is not granted."}
    refused = ask(caller, {"status": 403, "body": body})
    assert refused.status_code == 403
    assert refused.json() == body

    assert ask(caller, {"body": "not json"}).text == "not json"
    assert ask(caller, {"body": None}).content == b"null"


def test_the_true_body_can_be_patched(caller: Caller) -> None:
    patch = {"totalCount": "many", "links": None, "extra": {"a": 1}}
    truth = read(ask(caller, {}))

    answer = read(ask(caller, {"merge": patch}))

    assert answer["totalCount"] == "many"
    assert "links" not in answer
    assert answer["extra"] == {"a": 1}
    assert answer["items"] == truth["items"]


def test_a_patch_keeps_the_digits_of_amounts(caller: Caller) -> None:
    rule = {"when": {"api": "appzen"}, "answer": {"merge": {"comments": "patched"}}}
    caller.sandbox.faults([rule])

    texts = [caller.purchase_order(number).text for number in caller.numbers()]

    assert any('"amount":12345678901234.123456789,' in text for text in texts)
    assert all('"comments":"patched"' in text for text in texts[:40])


def test_a_body_can_be_cut_off(caller: Caller) -> None:
    with pytest.raises(
        (requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError),
        match="IncompleteRead",
    ):
        ask(caller, {"cut_body": True})


def test_a_connection_can_be_closed_without_an_answer(caller: Caller) -> None:
    with pytest.raises(requests.exceptions.ConnectionError, match="without response"):
        ask(caller, {"close": True})


def received(caller: Caller, answer: dict[str, Any]) -> int:
    """Return how many bytes come on a connection until it is closed.

    Read below TLS: Python's `ssl` makes an ordinary end of a reset.
    """
    caller.sandbox.faults([{"when": {"api": "partner_center"}, "answer": answer}])
    address = urlsplit(caller.base_url)
    context = ssl.create_default_context(cafile=str(caller.session.verify))
    request = (
        f"GET /v1/customers HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Authorization: Bearer {caller.app_token()}\r\n\r\n"
    )
    count = 0
    with (
        socket.create_connection((address.hostname, address.port)) as connection,
        context.wrap_socket(connection, server_hostname=address.hostname) as secure,
    ):
        secure.sendall(request.encode())
        while chunk := os.read(secure.fileno(), 65536):
            count += len(chunk)
    return count


@pytest.mark.parametrize("cut_body", [False, True])
def test_a_connection_can_be_reset(caller: Caller, *, cut_body: bool) -> None:
    closed = received(caller, {"close": not cut_body, "cut_body": cut_body})

    with pytest.raises(ConnectionResetError):
        received(caller, {"reset": True, "cut_body": cut_body})

    assert closed > 0


def test_an_answer_can_be_held_until_it_is_released(caller: Caller) -> None:
    path = f"/v1/customers/{a_customer(caller)}/orders"
    caller.app_token()
    rule = {"when": {"resource": "orders"}, "answer": {"hold": "here"}}
    caller.sandbox.faults([rule])
    caller.sandbox.reset_requests()

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(caller.partner_center, path)
        while not caller.sandbox.requests()["in_flight"]:
            assert not answer.done()
        caller.sandbox.release("here")
        assert answer.result(timeout=30).ok

    assert caller.partner_center(path).ok


def test_a_client_that_goes_away_is_not_held(caller: Caller) -> None:
    caller.app_token()
    rule = {"when": {"resource": "customers"}, "answer": {"hold": "for ever"}}
    caller.sandbox.faults([rule])
    caller.sandbox.reset_requests()

    with pytest.raises(requests.exceptions.Timeout):
        caller.session.get(f"{caller.base_url}/v1/customers", timeout=0.2)

    while (counted := caller.sandbox.requests())["in_flight"]:
        pass
    assert counted["by_resource"] == {"customers": {"none": 1}}


def test_a_proxy_can_answer_a_page(caller: Caller) -> None:
    answer = ask(caller, {"html": True})

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<html>" in answer.text


def test_another_object_can_come(caller: Caller) -> None:
    answer = read(ask(caller, {"wrong_object": True}))

    assert "items" not in answer
    rule = {"when": {"api": "appzen"}, "answer": {"wrong_object": True}}
    caller.sandbox.faults([rule])
    order = caller.purchase_order(caller.numbers()[0])
    assert order.status_code == 200
    assert "purchase_order_number" not in order.json()


def test_a_redirect_can_come(caller: Caller) -> None:
    answer = ask(caller, {"redirect": "https://elsewhere.example/"})

    assert answer.status_code == 302
    assert answer.headers["Location"] == "https://elsewhere.example/"


def test_a_missing_second_factor_is_refused_as_documented(caller: Caller) -> None:
    answer = ask(caller, {"mfa_required": True})

    assert answer.status_code == 401
    assert answer.reason == "Unauthorized - MFA required"
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert answer.content == b""


def test_a_script_can_revoke_tokens(caller: Caller) -> None:
    old = caller.app_token()
    path = f"/v1/customers/{a_customer(caller)}/orders"
    rule = {"when": {"nth": 2}, "answer": {"revoke_tokens": True}}
    caller.sandbox.faults([rule])

    statuses = [caller.partner_center(path, token=old).status_code for _ in range(3)]

    caller.forget_token()
    assert statuses == [200, 401, 401]


def test_a_delay_can_be_longer_than_a_client_waits(caller: Caller) -> None:
    caller.app_token()
    rule = {"when": {"resource": "customers"}, "answer": {"delay_ms": 600_000}}
    caller.sandbox.faults([rule])
    caller.sandbox.reset_requests()

    with pytest.raises(requests.exceptions.Timeout):
        caller.session.get(f"{caller.base_url}/v1/customers", timeout=0.2)

    while (counted := caller.sandbox.requests())["in_flight"]:
        pass
    assert counted["by_resource"] == {"customers": {"none": 1}}


def test_errors_have_the_body_of_their_api(caller: Caller) -> None:
    caller.sandbox.faults(
        [{"answer": {"status": 429, "headers": {"Retry-After": "3"}}}]
    )
    throttled = caller.partner_center("/v1/customers", token="any")
    assert throttled.json()["message"].endswith("in 3 seconds.")

    caller.sandbox.faults([{"answer": {"status": 403}}])
    denied = caller.purchase_order("1")
    assert denied.json()["error"] == "Forbidden"
    assert "You do not have permission" in denied.json()["message"]


def test_a_script_file_is_read_at_the_start(tmp_path: Path) -> None:
    script = tmp_path / "faults.json"
    rule = {"when": {"resource": "customers"}, "answer": {"status": 504}}
    script.write_text(json.dumps([rule]), encoding="utf-8")

    with Sandbox(customers=1, faults=script) as sandbox, Caller(sandbox) as caller:
        assert caller.partner_center("/v1/customers").status_code == 504


def test_a_script_with_a_mistake_is_refused_and_the_old_one_stays(
    caller: Caller,
) -> None:
    caller.sandbox.faults([{"answer": {"status": 418}}])

    with pytest.raises(SandboxError, match="explode"):
        caller.sandbox.faults([{"answer": {"explode": True}}])

    assert caller.partner_center("/v1/customers", token="any").status_code == 418


# Rates


def test_faults_by_rate_are_mixed() -> None:
    seen = []
    with (
        Sandbox(fault_rate=0.3, appzen_requests_per_second=FAST) as sandbox,
        Caller(sandbox) as caller,
    ):
        number = caller.numbers()[0]
        for _ in range(60):
            try:
                answer = caller.purchase_order(number)
            except requests.exceptions.RequestException as error:
                seen.append(type(error).__name__)
            else:
                kind = " html" if "html" in answer.headers["Content-Type"] else ""
                seen.append(f"{answer.status_code}{kind}")

    assert {"200", "200 html", "500", "503", "429"} <= set(seen)
    assert any(outcome.endswith("Error") for outcome in seen)
    assert 5 < len([outcome for outcome in seen if outcome != "200"]) < 35


@given(seed=st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_faults_by_rate_follow_from_the_seed(seed: int) -> None:
    asked = Asked("appzen", "purchase_orders", {"purchase_order": "1"})

    def first_faults(of_seed: int) -> list[object]:
        faults = Faults(of_seed, 0.3, [])
        return [faults.by_chance(asked) for _ in range(200)]

    assert first_faults(seed) == first_faults(seed)
    assert first_faults(seed) != first_faults(seed + 1)
    assert 20 < len([fault for fault in first_faults(seed) if fault]) < 120


def test_the_authority_meets_no_random_fault() -> None:
    with Sandbox(customers=1, fault_rate=1) as sandbox, Caller(sandbox) as caller:
        assert all(caller.user_token() for _ in range(10))


# The log


def test_the_log_counts_by_resource_and_status(caller: Caller) -> None:
    customer = a_customer(caller)
    caller.app_token()
    caller.sandbox.reset_requests()
    caller.partner_center("/v1/customers?size=1")
    caller.orders(customer)
    caller.orders(customer)
    caller.purchase_order("none")

    counted = caller.sandbox.requests()

    assert counted["total"] == 4
    assert counted["by_resource"] == {
        "customers": {"200": 1},
        "orders": {"200": 2},
        "purchase_orders": {"404": 1},
    }
    assert counted["most_in_flight"] == {"partner_center": 1, "appzen": 1}
    assert counted["most_per_minute"]["orders"] == 2
    assert "log" not in counted


def test_the_log_has_an_entry_for_each_request_without_secrets(caller: Caller) -> None:
    customer, request_id = a_customer(caller), str(uuid.uuid4())
    token = caller.app_token()
    caller.sandbox.reset_requests()
    caller.partner_center(f"/v1/customers/{customer}/orders", MS_RequestId=request_id)

    counted = caller.sandbox.requests(log=True)

    (entry,) = counted["log"]
    assert entry["resource"] == "orders"
    assert entry["key"] == customer
    assert entry["status"] == 200
    assert entry["headers"]["MS-RequestId"] == request_id
    assert token not in json.dumps(counted, default=str)


def test_control_calls_that_make_no_sense_are_refused(caller: Caller) -> None:
    with pytest.raises(SandboxError, match="forward"):
        caller.sandbox.advance(-1)
    with pytest.raises(SandboxError, match="404"):
        caller.sandbox.get("nothing")
    with pytest.raises(SandboxError, match="400"):
        caller.sandbox.post("clock", {"now": "noon"})


def test_the_truth_is_what_a_perfect_reader_reads(caller: Caller) -> None:
    customer, number = a_customer(caller), caller.numbers()[0]

    assert caller.sandbox.truth("orders", customer=customer) == caller.orders(customer)
    true = caller.sandbox.truth("purchase-orders", number=number)
    assert true == [exact(caller.purchase_order(number))]
    assert caller.sandbox.truth("purchase-orders", number="none") == []
    attachments = caller.sandbox.truth("order-attachments", customer=customer)
    assert attachments == [
        {"referenceCustomerId": customer, "orderId": order["id"], **item}
        for order in caller.orders(customer)
        for item in read(
            caller.partner_center(
                f"/v1/customers/{customer}/orders/{order['id']}/attachments",
                Accept="application/json",
            )
        )["items"]
    ]
    answer = caller.partner_center(f"/v1/customers/{customer}")
    assert has_mark(answer)
    assert caller.sandbox.truth("customers")[0] == read(answer)
