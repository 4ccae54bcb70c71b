"""A caller for tests: speaks to a running sandbox as a client of its APIs would."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import jwt
import requests

if TYPE_CHECKING:
    from types import TracebackType

    from tap_purchase_orders.sandbox.process import Sandbox

SCOPE = "https://api.partnercenter.microsoft.com/.default"
USER_SCOPE = "https://api.partnercenter.microsoft.com/user_impersonation"
DAY_SECONDS = 86_400
# Worlds of tests start here, so that what they show does not depend on the day.
NOW = "2026-03-02T10:00:00Z"

_TIMEOUT_SECONDS = 30
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Caller:
    """A session that trusts the sandbox's authority and knows its credentials."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = sandbox.environment["REQUESTS_CA_BUNDLE"]
        self.partner_auth: dict[str, str] = sandbox.settings["partner_center"]["auth"]
        self._token: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.session.close()

    @property
    def base_url(self) -> str:
        return str(self.partner_auth["authority"])

    def ask_token(
        self,
        *,
        tenant: str | None = None,
        endpoint: str = "oauth2/v2.0/token",
        **form: str,
    ) -> requests.Response:
        tenant = tenant or self.partner_auth["tenant_id"]
        complete = {
            "client_id": self.partner_auth["client_id"],
            "client_secret": self.partner_auth["client_secret"],
            "grant_type": "client_credentials",
            **form,
        }
        return self.session.post(
            f"{self.base_url}/{tenant}/{endpoint}",
            data={name: value for name, value in complete.items() if value},
            timeout=_TIMEOUT_SECONDS,
        )

    def app_token(self) -> str:
        if self._token is None:
            self._token = self.ask_token(scope=SCOPE).json()["access_token"]
        return str(self._token)

    def forget_token(self) -> None:
        self._token = None

    def user_token(self) -> str:
        answer = self.ask_token(
            grant_type="refresh_token",
            refresh_token=self.sandbox.document["refresh_token"],
            scope=USER_SCOPE,
        )
        return str(answer.json()["access_token"])

    def partner_center(
        self, path: str, *, token: str | None = None, **headers: str
    ) -> requests.Response:
        token = self.app_token() if token is None else token
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.get(
            self.base_url + path,
            headers={"Authorization": f"Bearer {token}", **names},
            allow_redirects=False,
            timeout=_TIMEOUT_SECONDS,
        )

    def customers(self) -> list[dict[str, Any]]:
        answer = self.partner_center("/v1/customers?size=0")
        return list(read(answer)["items"])

    def orders(self, customer_id: str, query: str = "") -> list[dict[str, Any]]:
        answer = self.partner_center(f"/v1/customers/{customer_id}/orders{query}")
        assert answer.status_code == 200, answer.text
        return list(read(answer)["items"])

    def all_orders(self, query: str = "") -> dict[str, dict[str, Any]]:
        """Return every listed order of every customer with a relationship."""
        return {
            order["id"]: order
            for customer in self.customers()
            if customer["relationshipToPartner"] == "reseller"
            for order in self.orders(customer["id"], query)
        }

    def appzen(
        self, path: str, body: Any = None, **credentials: str | None
    ) -> requests.Response:
        mine = self.sandbox.settings["appzen"]["auth"]
        headers = {
            "x-api-key": credentials.get("api_key", mine["api_key"]),
            "customer-id": credentials.get("customer_id", mine["customer_id"]),
            "customer-key": credentials.get("customer_key", mine["customer_key"]),
        }
        return self.session.request(
            "GET" if body is None else "POST",
            f"{self.base_url}/dictionary-data-services/{path}",
            json=body,
            headers=headers,
            timeout=_TIMEOUT_SECONDS,
        )

    def purchase_order(self, number: str) -> requests.Response:
        segment = quote(number, safe="")
        return self.appzen(f"purchase-order/purchase-order-number/{segment}")

    def numbers(self) -> list[str]:
        source = self.sandbox.settings["appzen"]["purchase_order_numbers"]
        return list(source["numbers"])


def read(answer: requests.Response) -> dict[str, Any]:
    """Return the body of a Partner Center answer, which has a byte order mark."""
    assert answer.content.startswith(_BYTE_ORDER_MARK)
    text = answer.content.removeprefix(_BYTE_ORDER_MARK)
    body: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return body


def claims_of(token: str) -> dict[str, Any]:
    """Return what a token says, whoever signed it."""
    return jwt.decode(token, options={"verify_signature": False})


def exact(answer: requests.Response) -> Any:
    """Return the body of an answer, its fractions as decimals."""
    return json.loads(answer.content, parse_float=Decimal)


def has_mark(answer: requests.Response) -> bool:
    return answer.content.startswith(_BYTE_ORDER_MARK)


def assert_error(answer: requests.Response, status: int, code: int | str) -> None:
    assert answer.status_code == status
    assert not has_mark(answer)
    assert answer.json()["code"] == code
    assert answer.json().keys() == {"code", "description", "data", "source"}


def next_page(caller: Caller, page: dict[str, Any]) -> dict[str, Any]:
    link = page["links"]["next"]
    session = caller.session.get(
        f"{caller.base_url}/v1{link['uri']}",
        headers={
            "Authorization": f"Bearer {caller.app_token()}",
            **{header["key"]: header["value"] for header in link["headers"]},
        },
        timeout=30,
    )
    return read(session)


def audit(caller: Caller, **query: str) -> list[dict[str, Any]]:
    parameters = "&".join(f"{name}={value}" for name, value in query.items())
    page = read(caller.partner_center(f"/v1/auditrecords?{parameters}"))
    records = list(page["items"])
    while "next" in page["links"]:
        page = next_page(caller, page)
        records += page["items"]
    return records


def order_of(record: dict[str, Any]) -> str:
    values = {entry["key"]: entry["value"] for entry in record["customizedData"]}
    written = json.loads(record["resourceNewValue"])
    assert written["Id"] == values["OrderId"]
    assert written["ReferenceCustomerId"] == record["customerId"]
    assert written["LineItems"][0]["ParentSubscriptionId"] is None
    return str(values["OrderId"])
