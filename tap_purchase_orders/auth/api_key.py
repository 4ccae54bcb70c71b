"""The method `api_key`: AppZen's three header fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from requests.auth import AuthBase
from singer_sdk import typing as th
from typing_extensions import override

from tap_purchase_orders.auth.method import HEADER_VALUE, AuthMethod

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests import PreparedRequest


class ApiKeyAuth(AuthBase):
    """Sends the three credentials of AppZen with every request.

    Source: AppZen, *Authentication Overview (Autonomous AP)*: the headers are
    `x-api-key`, `customer-id` and `customer-key`; nothing is signed.
    """

    def __init__(self, api_key: str, customer_id: str, customer_key: str) -> None:
        self._headers = {
            "x-api-key": api_key,
            "customer-id": customer_id,
            "customer-key": customer_key,
        }

    @override
    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        self.sign_at_once(r)
        return r

    def sign_at_once(self, r: PreparedRequest) -> bool:
        """Sign a request; return that it is done."""
        for name, value in self._headers.items():
            r.headers[name] = value
        return True


def _sign_in(section: Mapping[str, Any]) -> AuthBase:
    return ApiKeyAuth(
        section["api_key"], section["customer_id"], section["customer_key"]
    )


METHOD = AuthMethod(
    upstream="appzen",
    settings=(
        th.Property(
            "api_key",
            th.StringType(pattern=HEADER_VALUE),
            secret=True,
            title="API key",
            description="`api_key`: the header x-api-key, issued by AppZen.",
        ),
        th.Property(
            "customer_id",
            th.StringType(pattern=HEADER_VALUE),
            secret=True,
            title="Customer id",
            description="`api_key`: the header customer-id, one per customer.",
        ),
        th.Property(
            "customer_key",
            th.StringType(pattern=HEADER_VALUE),
            secret=True,
            title="Customer key",
            description="`api_key`: the header customer-key, one per customer.",
        ),
    ),
    required=("api_key", "customer_id", "customer_key"),
    sign_in=_sign_in,
)
