"""The Partner Center client: the resources that the tap reads.

Source of the addresses and shapes: Partner Center REST, *Get a list of customers*,
*Get a customer by ID*, *Get all of a customer's orders* and *Utility resources*.
"""

from __future__ import annotations

import logging
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from msgspec.structs import replace

from tap_purchase_orders.clients.pagination import (
    LinkError,
    collection_problem,
    next_link,
)
from tap_purchase_orders.clients.partner_center_profile import (
    CALLER_REFUSALS,
    NO_APP_ONLY_ACCESS,
)
from tap_purchase_orders.errors import UpstreamRefusedError
from tap_purchase_orders.exact_json import decode_body, json_text
from tap_purchase_orders.http.api_response import ApiResponse, RequestFailure
from tap_purchase_orders.http.rate_limit import Pace
from tap_purchase_orders.http.response_limits import LARGEST_BODY_BYTES
from tap_purchase_orders.http.response_reader import ApiRequest
from tap_purchase_orders.http.upstream_clock import UpstreamClock
from tap_purchase_orders.urls import path_segment

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping

    from tap_purchase_orders.config import PartnerCenterSettings
    from tap_purchase_orders.http.api_client import ApiClient
    from tap_purchase_orders.http.rate_limit import RateLimiter

PRICING_NOT_GRANTED = "800043"
_VALIDATE_MFA = {"ValidateMfa": "true"}
# As in the documented sample; no largest size is published.
_ACTIVITY_PAGE_SIZE = 500
# A page may be empty while the list is being changed.
_MOST_EMPTY_PAGES = 100
# The least that each page counts for, so that empty pages come to an end, too.
_LEAST_PAGE_BYTES = 64 * 1024
_NO_HEADERS: Mapping[str, str] = {}

logger = logging.getLogger(__name__)


class PartnerCenter:
    """A client for the resources of Partner Center that the tap reads.

    Args:
        settings: The section of the settings.
        api_client: Sends the requests; safe on any thread.
        limiter: Makes the rate limiter of a resource.

    Attributes:
        budget: Counts the requests of a run.
        cancel_token: Ends the requests of a run.
        max_concurrency: How many requests may be in flight.
        asks_for_prices: Whether the settings request prices.
        clock: How far Partner Center's clock is behind ours, by its responses.
    """

    def __init__(
        self,
        settings: PartnerCenterSettings,
        api_client: ApiClient,
        limiter: Callable[[], RateLimiter],
    ) -> None:
        self._base = settings.api_url.rstrip("/").removesuffix("/v1")
        self._page_size = settings.page_size
        self._include_system_purchases = settings.include_system_purchases
        self._include_price = settings.include_price
        self._api_client = api_client
        self.budget = api_client.budget
        self.cancel_token = api_client.cancel_token
        self.max_concurrency = settings.max_concurrency
        self.asks_for_prices = settings.include_price
        self.clock = UpstreamClock()
        self._lock = threading.Lock()
        # Partner Center counts 500 requests a minute for each of these (*API
        # throttling guidance*).
        self._customers = limiter()
        self._orders = limiter()
        self._activity = limiter()

    def pace(self) -> Pace:
        """Return what the rate limits do to the run, all together."""
        paces = [each.pace for each in (self._orders, self._customers, self._activity)]
        return Pace(
            sum(pace.waited_seconds for pace in paces),
            any(pace.is_waiting for pace in paces),
            paces[0].most_per_second,
        )

    def connection_test(self, customer_id: str | None) -> ApiResponse | RequestFailure:
        """Return one customer, or a page of them; `lacks_mfa` tells more of it.

        Source: *Partner Center authentication*: the header field `ValidateMfa`.

        Args:
            customer_id: The customer; none: a page of them.

        Raises:
            UpstreamRefusedError: The caller may not list customers.
        """
        if customer_id is not None:
            return self.customer(customer_id, _VALIDATE_MFA)
        return next(self.customer_pages(_VALIDATE_MFA))

    def customer_pages(
        self, headers: Mapping[str, str] = _NO_HEADERS
    ) -> Iterator[ApiResponse | RequestFailure]:
        """Yield the pages of the customer list; a failure is the last thing yielded.

        A refusal of the first page is one of the whole list.

        Args:
            headers: Header fields of the first request alone.

        Raises:
            UpstreamRefusedError: The caller may not list customers, or the list does
                not end.
        """
        url = f"{self._base}/v1/customers?size={self._page_size}"
        empty_pages = 0
        about = "list of customers"
        api_request = ApiRequest(
            url, self._customers, collection_problem, headers, about=about
        )
        pages = self._pages(api_request)
        for number, page in enumerate(pages, start=1):
            if isinstance(page, RequestFailure) and page.is_refusal and number == 1:
                msg = (
                    f"Partner Center: {page.message}: the list of customers cannot be "
                    f"had; check `partner_center.api_url`, the app registration and "
                    f"its roles"
                )
                raise UpstreamRefusedError(
                    self._api_client.named(msg, page.correlation_id)
                )
            is_empty = isinstance(page, ApiResponse) and not page.body["items"]
            empty_pages = empty_pages + 1 if is_empty else 0
            if empty_pages > _MOST_EMPTY_PAGES:
                msg = "Partner Center: the list of customers does not end"
                raise UpstreamRefusedError(
                    self._api_client.named(msg, page.correlation_id)
                )
            yield page

    def customer(
        self, customer_id: str, headers: Mapping[str, str] = _NO_HEADERS
    ) -> ApiResponse | RequestFailure:
        """Return one customer, with the billing profile."""
        url = f"{self._base}/v1/customers/{path_segment(customer_id)}"
        about = f"customer {customer_id}"
        api_request = ApiRequest(
            url, self._customers, _customer_problem, headers, about=about
        )
        return self._api_client.send(api_request)

    @property
    def includes_price(self) -> bool:
        """Whether orders are requested with prices, and none were refused so far."""
        return self._include_price

    def orders(
        self,
        customer_id: str,
        decode: Callable[[bytes], Any] = decode_body,
        *,
        requires_price: bool = False,
    ) -> list[ApiResponse] | RequestFailure:
        """Return all orders of a customer, or why they cannot be had.

        Args:
            customer_id: The customer.
            decode: Returns the value of a page of orders.
            requires_price: Fail rather than return orders without prices.
        """
        with_price = self._include_price
        outcome = self._all_orders(customer_id, decode, include_price=with_price)
        if (
            with_price
            and not requires_price
            and isinstance(outcome, RequestFailure)
            and outcome.error_code == PRICING_NOT_GRANTED
        ):
            self._go_on_without_prices()
            return self._all_orders(customer_id, decode, include_price=False)
        return outcome

    def _go_on_without_prices(self) -> None:
        with self._lock:
            if self._include_price:
                logger.warning(
                    "Partner Center: HTTP 403, code %s: prices are not open to this "
                    "caller; going on without them: check "
                    "`partner_center.include_price`",
                    PRICING_NOT_GRANTED,
                )
            self._include_price = False

    def attachments(
        self, customer_id: str, order_id: str
    ) -> list[ApiResponse] | RequestFailure:
        """Return the attachments of an order.

        Source: *Get attachments for an order*; whether an order without any answers
        an empty collection or 404 is not documented.
        """
        path = f"{_order_path(customer_id, order_id)}/attachments"
        api_request = ApiRequest(
            f"{self._base}{path}",
            self._orders,
            collection_problem,
            about=f"attachments of order {customer_id}/{order_id}",
        )
        return self._collection(api_request)

    def provisioning_status(
        self, customer_id: str, order_id: str
    ) -> list[ApiResponse] | RequestFailure:
        """Return the provisioning status of an order's line items.

        Source: *Get order provisioning status*; it needs a user's token.
        """
        path = f"{_order_path(customer_id, order_id)}/provisioningstatus"
        api_request = ApiRequest(
            f"{self._base}{path}",
            self._orders,
            collection_problem,
            own_refusals=frozenset({NO_APP_ONLY_ACCESS}),
            about=f"provisioning status of order {customer_id}/{order_id}",
        )
        return self._collection(api_request)

    def activity(
        self, resource: str, first_day: dt.date
    ) -> list[ApiResponse] | RequestFailure:
        """Return the pages of the activity log about one kind of thing, from a day on.

        Source: *Get a record of Partner Center activity by user*; it takes one
        condition at a time.
        """
        condition = {"Field": "ResourceType", "Value": resource, "Operator": "equals"}
        query = {
            "startDate": first_day.isoformat(),
            "size": _ACTIVITY_PAGE_SIZE,
            "filter": json_text(condition),
        }
        url = f"{self._base}/v1/auditrecords?{urlencode(query)}"
        api_request = ApiRequest(
            url,
            self._activity,
            collection_problem,
            # Orders may be open to a caller to whom the log is not.
            own_refusals=frozenset(CALLER_REFUSALS),
            about="activity log",
        )
        return self._collection(api_request)

    def _all_orders(
        self,
        customer_id: str,
        decode: Callable[[bytes], Any],
        *,
        include_price: bool,
    ) -> list[ApiResponse] | RequestFailure:
        wanted = ["include_price=true"] if include_price else []
        if self._include_system_purchases:
            wanted.append("include_system_purchases=true")
        query = f"?{'&'.join(wanted)}" if wanted else ""
        api_request = ApiRequest(
            f"{self._base}{_orders_path(customer_id)}{query}",
            self._orders,
            collection_problem,
            decode=decode,
            about=f"orders of customer {customer_id}",
        )
        return self._collection(api_request)

    def _collection(
        self, api_request: ApiRequest
    ) -> list[ApiResponse] | RequestFailure:
        """Return all pages of a collection, or why they cannot all be had.

        All pages together have the size limit of one response: they are in memory at
        the same time.
        """
        pages = []
        left = LARGEST_BODY_BYTES
        for page in self._pages(api_request):
            if isinstance(page, RequestFailure):
                return page
            pages.append(page)
            left -= max(page.body_bytes, _LEAST_PAGE_BYTES)
            if left < 0:
                msg = "the pages of a collection are too many, or too large"
                return self._api_client.noted(
                    _strange_page(msg, page), api_request.about
                )
        return pages

    def _pages(self, api_request: ApiRequest) -> Iterator[ApiResponse | RequestFailure]:
        """Yield the pages of a collection; a failure is the last thing yielded.

        Source: *Utility resources*: the next page is at `links.next`, with the
        headers given there; `totalCount` says nothing about the end.
        """
        # Only what identifies a page is kept: a token may be long, and pages are many.
        seen: set[int] = set()
        while True:
            page = self._api_client.send(api_request)
            if isinstance(page, RequestFailure):
                yield page
                return
            self.clock.note(page)
            yield page
            try:
                link = next_link(page.body, self._base)
            except LinkError as error:
                failure = _strange_page(str(error), page, error.kind)
                yield self._api_client.noted(failure, api_request.about)
                return
            if link is None:
                return
            seen.add(hash(api_request.identity))
            api_request = replace(api_request, url=link.url, headers=link.headers)
            if hash(api_request.identity) in seen:
                msg = "Partner Center: a page of a collection came round again"
                raise UpstreamRefusedError(
                    self._api_client.named(msg, page.correlation_id)
                )


def lacks_mfa(response: ApiResponse) -> bool:
    """Return whether Partner Center said that the token has no multifactor claim."""
    return response.headers.get("isMfaCompliant", "").strip().lower() == "false"


def _strange_page(
    message: str, page: ApiResponse, kind: str = "invalid_response"
) -> RequestFailure:
    """Return the failure for a page whose next page cannot be read."""
    return RequestFailure(
        kind,
        message,
        page.received_at,
        http_status=HTTPStatus.OK,
        correlation_id=page.correlation_id,
    )


def _orders_path(customer_id: str) -> str:
    return f"/v1/customers/{path_segment(customer_id)}/orders"


def _order_path(customer_id: str, order_id: str) -> str:
    return f"{_orders_path(customer_id)}/{path_segment(order_id)}"


def _customer_problem(body: Any) -> str | None:
    if isinstance(body, dict) and ("id" in body or "companyProfile" in body):
        return None
    return "the body is not a customer"
