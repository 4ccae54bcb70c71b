"""The sandbox's Partner Center, as strict as the documents."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tap_purchase_orders.sandbox.process import Sandbox
from tests.sandboxes import (
    DAY_SECONDS,
    NOW,
    Caller,
    assert_error,
    audit,
    has_mark,
    next_page,
    order_of,
    read,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


NOBODY = "11111111-2222-4333-8444-555555555555"


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    with (
        Sandbox(now=NOW, freeze_clock=True, customers=12) as sandbox,
        Caller(sandbox) as result,
    ):
        yield result


@pytest.fixture
def moving() -> Iterator[Caller]:
    """A world of its own, whose clock the test moves."""
    with Sandbox(now=NOW, freeze_clock=True) as sandbox, Caller(sandbox) as result:
        yield result


# Tokens


def test_without_a_token_it_answers_401(caller: Caller) -> None:
    answer = caller.session.get(f"{caller.base_url}/v1/customers", timeout=30)

    assert_error(answer, 401, 800001)
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_a_token_of_nobody_is_refused(caller: Caller) -> None:
    answer = caller.partner_center("/v1/customers", token="e30.e30.e30")

    assert_error(answer, 401, 400)
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_a_token_for_another_audience_is_refused(caller: Caller) -> None:
    scope = "https://graph.microsoft.com/.default"
    token = caller.ask_token(scope=scope).json()["access_token"]

    assert_error(caller.partner_center("/v1/customers", token=token), 401, 400)


def test_revoked_tokens_are_refused_and_new_ones_taken(moving: Caller) -> None:
    old = moving.app_token()
    moving.sandbox.revoke_tokens()

    assert_error(moving.partner_center("/v1/customers", token=old), 401, 400)
    new = moving.ask_token(
        scope="https://api.partnercenter.microsoft.com/.default"
    ).json()["access_token"]
    assert moving.partner_center("/v1/customers", token=new).ok


def test_an_expired_token_is_refused() -> None:
    with Sandbox(customers=1, token_lifetime=0) as sandbox, Caller(sandbox) as caller:
        assert_error(caller.partner_center("/v1/customers"), 401, 400)


# Headers and marks


def test_identifiers_sent_along_come_back(caller: Caller) -> None:
    request_id, correlation_id = str(uuid.uuid4()), str(uuid.uuid4())

    for path, status in (("/v1/customers?size=1", 200), ("/v1/customers/x", 400)):
        answer = caller.partner_center(
            path,
            MS_RequestId=request_id,
            MS_CorrelationId=correlation_id,
            X_Locale="de-DE",
        )
        assert answer.status_code == status
        assert answer.headers["MS-RequestId"] == request_id
        assert answer.headers["MS-CorrelationId"] == correlation_id
        assert answer.headers["X-Locale"] == "de-DE"
        assert answer.headers["MS-CV"]


def test_good_answers_begin_with_a_byte_order_mark_and_errors_do_not(
    caller: Caller,
) -> None:
    customer = caller.customers()[0]["id"]
    for path in (
        *("/v1/customers?size=1", f"/v1/customers/{customer}", "/v1/auditrecords"),
        f"/v1/customers/{customer}/orders",
    ):
        answer = caller.partner_center(path)
        assert answer.status_code == 200
        assert has_mark(answer)
    assert not has_mark(caller.partner_center("/v1/nothing"))


def test_an_unknown_path_is_404_and_writing_is_405(caller: Caller) -> None:
    assert_error(caller.partner_center("/v1/agreements"), 404, 1000)
    answer = caller.session.post(
        f"{caller.base_url}/v1/customers",
        headers={"Authorization": f"Bearer {caller.app_token()}"},
        timeout=30,
    )
    assert answer.status_code == 405


# Customers


def test_pages_follow_the_token_in_the_header(caller: Caller) -> None:
    page = read(caller.partner_center("/v1/customers?size=5"))
    sizes, ids = [], []
    while True:
        sizes.append(page["totalCount"])
        ids += [customer["id"] for customer in page["items"]]
        if "next" not in page["links"]:
            break
        assert page["links"]["next"]["uri"] == "/customers?size=5&seekOperation=Next"
        page = next_page(caller, page)

    assert sizes == [5, 5, 2]
    assert ids == [customer["id"] for customer in caller.customers()]
    assert len(set(ids)) == 12


@pytest.mark.parametrize("headers", [{}, {"MS_ContinuationToken": "AQAAAA=="}])
def test_a_next_page_without_its_token_is_refused(
    headers: dict[str, str], caller: Caller
) -> None:
    path = "/v1/customers?size=5&seekOperation=Next"

    assert_error(caller.partner_center(path, **headers), 400, 3000)


def test_the_token_without_seek_operation_does_not_turn_the_page(
    caller: Caller,
) -> None:
    first = read(caller.partner_center("/v1/customers?size=5"))
    token = first["links"]["next"]["headers"][0]["value"]

    answer = caller.partner_center("/v1/customers?size=5", MS_ContinuationToken=token)

    assert read(answer)["items"] == first["items"]


@pytest.mark.parametrize("query", ["size=-1", "size=many"])
def test_a_size_that_is_no_number_is_refused(query: str, caller: Caller) -> None:
    assert_error(caller.partner_center(f"/v1/customers?{query}"), 400, 3000)


def test_a_customer_read_by_id_has_its_billing_profile(caller: Caller) -> None:
    listed = caller.customers()[0]

    customer = read(caller.partner_center(f"/v1/customers/{listed['id'].upper()}"))

    assert customer["id"] == listed["id"]
    assert "billingProfile" in customer
    assert "billingProfile" not in listed
    assert "userCredentials" not in json.dumps(customer)


@pytest.mark.parametrize("path", ["", "/orders"])
def test_customers_that_cannot_be_read(path: str, caller: Caller) -> None:
    assert_error(caller.partner_center(f"/v1/customers/contoso{path}"), 400, 2000)
    assert_error(caller.partner_center(f"/v1/customers/{NOBODY}{path}"), 404, 60003)


def test_orders_of_a_customer_without_relationship_are_refused(caller: Caller) -> None:
    customer = caller.customers()[-1]

    assert customer["relationshipToPartner"] == "none"
    answer = caller.partner_center(f"/v1/customers/{customer['id']}/orders")
    assert_error(answer, 403, 20002)


# Orders


def test_a_listed_order_and_the_order_by_its_id_are_the_same(caller: Caller) -> None:
    for order in caller.all_orders().values():
        path = f"/v1{order['links']['self']['uri']}"
        assert read(caller.partner_center(path)) == order


def test_ids_of_33_characters_are_case_sensitive_and_guids_are_not(
    caller: Caller,
) -> None:
    orders = caller.all_orders().values()
    opaque = next(order for order in orders if len(order["id"]) == 33)
    legacy = next(order for order in orders if len(order["id"]) == 36)

    for order, status in ((opaque, 404), (legacy, 200)):
        customer = order["referenceCustomerId"]
        path = f"/v1/customers/{customer}/orders/{order['id'].swapcase()}"
        assert caller.partner_center(path).status_code == status


def test_an_unknown_order_is_404(caller: Caller) -> None:
    customer = caller.customers()[0]["id"]

    answer = caller.partner_center(f"/v1/customers/{customer}/orders/0123456789ab")

    assert_error(answer, 404, 20000)


def test_prices_come_only_when_asked_for(caller: Caller) -> None:
    plain, priced = caller.all_orders(), caller.all_orders("?include_price=true")

    for order_id, order in plain.items():
        with_prices = priced[order_id]
        assert with_prices.pop("totalPrice") >= 0
        for line in with_prices["lineItems"]:
            assert line.pop("pricing").keys() >= {"listPrice", "extendedPrice"}
        assert with_prices == order


def test_system_purchases_come_only_when_asked_for(caller: Caller) -> None:
    plain = caller.all_orders()
    complete = caller.all_orders("?include_system_purchases=True")

    kinds = {order.get("transactionType", "")[:6] for order in plain.values()}
    assert "System" not in kinds
    added = [order for order_id, order in complete.items() if order_id not in plain]
    assert added
    assert {order["transactionType"][:6] for order in added} == {"System"}


def test_orders_of_one_billing_type_can_be_asked_for(caller: Caller) -> None:
    orders = caller.all_orders("?billingType=onetime").values()

    assert {order["billingCycle"] for order in orders} == {"one_time"}


@pytest.mark.parametrize(
    ("spelling", "cycle"),
    [("OneTime", "one_time"), ("one_time", "one_time"), ("4", "one_time")],
)
def test_a_billing_type_has_several_spellings(
    spelling: str, cycle: str, caller: Caller
) -> None:
    orders = caller.all_orders(f"?billingType={spelling}").values()

    assert {order["billingCycle"] for order in orders} == {cycle}


@pytest.mark.parametrize("billing_type", ["nonsense", "7", "-1", "1.5"])
def test_a_billing_type_that_does_not_exist_is_refused(
    billing_type: str, caller: Caller
) -> None:
    customer = caller.customers()[0]["id"]
    query = f"?billingType={billing_type}"

    answer = caller.partner_center(f"/v1/customers/{customer}/orders{query}")

    assert_error(answer, 400, 900126)


def test_the_version_may_be_written_with_a_nought(caller: Caller) -> None:
    customer = caller.customers()[0]["id"]

    for path in (f"customers/{customer}/orders", "customers?size=1"):
        answers = [caller.partner_center(f"/{v}/{path}") for v in ("v1", "v1.0")]
        first, second = (read(answer)["items"] for answer in answers)
        assert first == second
    assert caller.partner_center("/v2/customers").status_code == 404


def test_a_flag_that_is_neither_true_nor_false_is_refused(caller: Caller) -> None:
    customer = caller.customers()[0]["id"]

    answer = caller.partner_center(f"/v1/customers/{customer}/orders?include_price=1")

    assert_error(answer, 400, 3000)


def test_an_order_is_found_by_its_id_at_once_and_listed_15_minutes_later_at_most(
    moving: Caller,
) -> None:
    query = "?include_system_purchases=true"
    late: dict[str, Any] = {}
    for _ in range(1000):
        moving.sandbox.advance(4 * 60)
        records = audit(moving, startDate=moving.sandbox.world()["now"][:10])
        made = {order_of(r): r for r in records if r["operationType"] == "create_order"}
        late = {
            order_id: record
            for order_id, record in made.items()
            if order_id not in ids(moving.orders(record["customerId"], query))
        }
        if late:
            break

    order_id, record = late.popitem()
    orders = f"/v1/customers/{record['customerId']}/orders"
    assert read(moving.partner_center(f"{orders}/{order_id}"))["id"] == order_id
    moving.sandbox.advance(15 * 60)
    assert order_id in ids(moving.orders(record["customerId"], query))


def ids(orders: list[dict[str, Any]]) -> set[str]:
    return {order["id"] for order in orders}


def test_ten_days_complete_some_uploads_reject_one_and_bring_new_orders(
    moving: Caller,
) -> None:
    before = moving.all_orders()
    waiting = {
        order_id
        for order_id, order in before.items()
        if order.get("status") == "pending_po_upload"
    }
    moving.sandbox.advance(10 * DAY_SECONDS)
    after = moving.all_orders()

    assert len(waiting) >= 3
    statuses = [after[order_id]["status"] for order_id in waiting]
    assert statuses.count("completed") >= 1
    assert statuses.count("po_review_rejected") >= 1
    assert statuses.count("pending_po_upload") >= 1
    assert after.keys() > before.keys()


def test_subscriptions_appear_without_any_date_changing(moving: Caller) -> None:
    before = moving.all_orders()
    moving.sandbox.advance(10 * DAY_SECONDS)
    after = moving.all_orders()

    gained = [
        order_id
        for order_id, order in before.items()
        if "subscriptionId" not in order["lineItems"][0]
        and "subscriptionId" in after[order_id]["lineItems"][0]
    ]
    assert gained
    for order_id in gained:
        assert before[order_id]["creationDate"] == after[order_id]["creationDate"]


def test_documented_shapes_are_all_there(caller: Caller) -> None:
    orders = caller.all_orders().values()
    dates = [order["creationDate"] for order in orders]

    assert {len(order["id"]) for order in orders} == {12, 33, 36}
    assert {"Z"} < {date[-1] for date in dates}
    assert any(date.endswith(("-08:00", "-07:00")) for date in dates)
    assert any(date.endswith("+00:00") for date in dates)
    assert any("status" not in order for order in orders)
    assert any("etag" in order["attributes"] for order in orders)
    assert any("provisioningStatus" in order["links"] for order in orders)
    assert None not in [value for order in orders for value in order.values()]


# What hangs below an order


def attachments(caller: Caller, order: dict[str, Any], **headers: str) -> Any:
    path = f"/v1{order['links']['self']['uri']}/attachments"
    return caller.partner_center(path, **{"Accept": "application/json"} | headers)


def test_attachments_are_there_once_the_upload_is_complete(moving: Caller) -> None:
    def showcased() -> dict[str, Any]:
        orders = moving.orders(moving.customers()[0]["id"])
        return next(order for order in orders if order["id"] == order_id)

    orders = moving.orders(moving.customers()[0]["id"])
    order_id = next(
        order["id"] for order in orders if order.get("status") == "pending_po_upload"
    )
    assert read(attachments(moving, showcased()))["items"] == []
    while showcased()["status"] == "pending_po_upload":
        moving.sandbox.advance(DAY_SECONDS / 4)
    assert showcased()["status"] == "po_upload_complete"
    files = read(attachments(moving, showcased()))["items"]
    assert files
    assert files[0].keys() == {
        *("attachmentId", "fileName", "sizeInKB", "attachmentType"),
    }
    assert len(files[0]["attachmentId"]) == 14


def test_attachments_ask_for_json_explicitly(caller: Caller) -> None:
    order = next(iter(caller.all_orders().values()))

    assert attachments(caller, order, Accept="*/*").status_code == 406


def test_provisioning_status_is_refused_to_the_application_alone(
    caller: Caller,
) -> None:
    order = next(
        order
        for order in caller.all_orders().values()
        if "provisioningStatus" in order["links"] and order["status"] == "completed"
    )
    path = f"/v1{order['links']['provisioningStatus']['uri']}"

    assert_error(caller.partner_center(path), 403, 900329)
    lines = read(caller.partner_center(path, token=caller.user_token()))["items"]
    assert len(lines) == len(order["lineItems"])
    assert lines[0]["status"] == "fulfilled"


def test_an_order_without_the_link_has_no_provisioning_status(caller: Caller) -> None:
    order = next(
        order
        for order in caller.all_orders().values()
        if "provisioningStatus" not in order["links"]
    )
    path = f"/v1{order['links']['self']['uri']}/provisioningstatus"

    answer = caller.partner_center(path, token=caller.user_token())

    assert_error(answer, 404, 800007)
