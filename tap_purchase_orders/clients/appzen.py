"""The AppZen client: addresses, errors, and purchase orders by number.

Source: AppZen, *Get Details of a Purchase Order by Purchase Order Number* and *API
Guidelines*.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tap_purchase_orders.clients.appzen_invoices import Invoices
from tap_purchase_orders.exact_json import decode_body
from tap_purchase_orders.http.response_reader import (
    ApiRequest,
    UpstreamError,
    code_text,
)
from tap_purchase_orders.urls import USER_AGENT, path_segment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_purchase_orders.config import AppZenSettings
    from tap_purchase_orders.http.api_client import ApiClient
    from tap_purchase_orders.http.api_response import ApiResponse, RequestFailure
    from tap_purchase_orders.http.rate_limit import Pace, RateLimiter

_BASE_PATH = "/dictionary-data-services"


class AppZenProfile:
    """The header fields, errors and refusals of AppZen."""

    name = "AppZen"
    section = "appzen"
    # For AppZen's support (*API Guidelines*).
    ids: tuple[str, ...] = ("x-correlation-id",)

    def headers(self) -> dict[str, str]:
        """Return the header fields of a new request, the credentials apart."""
        return {"Accept": "application/json", "User-Agent": USER_AGENT}

    def error(self, body: Any) -> UpstreamError:
        """Return the error in AppZen's error envelope, if the body is one."""
        if not isinstance(body, dict):
            return UpstreamError()
        code, message = body.get("error"), body.get("message")
        return UpstreamError(
            code_text(code),
            message if isinstance(message, str) else None,
        )

    def refusal(self, response: ApiResponse, error: UpstreamError) -> str | None:
        """Return why AppZen refuses this caller everything, if it does."""
        if response.status != HTTPStatus.FORBIDDEN:
            return None
        words = f": {error.message}" if error.message else ""
        return (
            f"{self.name}: HTTP 403{words}: the key lacks permission; check "
            f"`{self.section}.auth.api_key` and what it is entitled to, and "
            f"`{self.section}.api_url`: the gateway of another environment says so, too"
        )

    def unauthorized(self, _: Mapping[str, str], /) -> str:
        """Return the settings to check when the credentials were refused."""
        auth = f"{self.section}.auth"
        return f"check `{auth}.api_key`, `{auth}.customer_id`, `{auth}.customer_key`"


class AppZen:
    """A client for the purchase orders and invoices of AppZen.

    Args:
        settings: The section of the settings.
        api_client: Sends the requests; safe on any thread.
        limiter: The rate limiter of all requests.

    Attributes:
        invoices: The client for invoices.
        budget: Counts the requests of a run.
        cancel_token: Ends the requests of a run.
        max_concurrency: How many requests may be in flight.
    """

    def __init__(
        self, settings: AppZenSettings, api_client: ApiClient, limiter: RateLimiter
    ) -> None:
        base = settings.api_url.rstrip("/").removesuffix(_BASE_PATH)
        self._base = f"{base}{_BASE_PATH}"
        self._api_client = api_client
        self._limiter = limiter
        self.invoices = Invoices(self._base, api_client, limiter)
        self.budget = api_client.budget
        self.cancel_token = api_client.cancel_token
        self.max_concurrency = settings.max_concurrency

    def pace(self) -> Pace:
        """Return what the rate limit does to the run."""
        return self._limiter.pace

    def purchase_order(
        self, number: str, decode: Callable[[bytes], Any] = decode_body
    ) -> ApiResponse | RequestFailure:
        """Return one purchase order, header and lines in one response.

        Args:
            number: The number, verbatim; it becomes one path segment.
            decode: Returns the value of the response's body.
        """
        path = f"/purchase-order/purchase-order-number/{path_segment(number)}"
        return self._api_client.send(
            ApiRequest(
                f"{self._base}{path}",
                self._limiter,
                _purchase_order_problem,
                decode=decode,
                about=f"purchase order {number!r}",
            )
        )


def _purchase_order_problem(body: Any) -> str | None:
    is_one = (
        "purchase_order_number" in body or "purchase_order_lines" in body
        if isinstance(body, dict)
        else isinstance(body, Struct)
    )
    return None if is_one else "the body is not a purchase order"
