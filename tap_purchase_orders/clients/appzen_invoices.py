"""The AppZen client for invoices: search, and the numbers on one invoice.

Source of everything here: AppZen, the Swagger of the Autonomous AP APIs, version 2.0.3.
It has been read, and never been tried on the live service.
"""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tap_purchase_orders.exact_json import json_text
from tap_purchase_orders.http.api_response import RequestFailure
from tap_purchase_orders.http.response_reader import ApiRequest
from tap_purchase_orders.http.upstream_clock import UpstreamClock
from tap_purchase_orders.instants import instant_or_none
from tap_purchase_orders.urls import is_path_segment, path_segment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_purchase_orders.http.api_client import ApiClient
    from tap_purchase_orders.http.rate_limit import RateLimiter

# The Swagger has both for the searches of master data (`find-query-spec`), and no limit
# at all for the one of invoices (`find-invoice-query-spec`). To be on the safe side it
# is taken to have the same.
LONGEST_SEARCH = dt.timedelta(days=7)
MOST_FOUND = 1000

# What an invoice must have (`invoice-get-json-schema`), and what it is read for.
_MEMBERS = {
    "invoice_id",
    "invoice_lines",
    "invoice_number",
    "purchase_order_numbers",
}


class FoundInvoice(Struct, frozen=True):
    """An invoice, as a search names it.

    Attributes:
        uuid: What AppZen calls it.
        processed_at: When AppZen last processed it, in UTC; none where that is not
            said.
    """

    uuid: str
    processed_at: dt.datetime | None


class Invoices:
    """A client for the invoices of AppZen.

    Args:
        base: The address of the API.
        api_client: Sends the requests; safe on any thread.
        limiter: The rate limiter of all requests.

    Attributes:
        clock: How far AppZen's clock is behind ours, as its responses show.
    """

    def __init__(self, base: str, api_client: ApiClient, limiter: RateLimiter) -> None:
        self._base = f"{base}/invoice"
        self._api_client = api_client
        self._limiter = limiter
        self.clock = UpstreamClock()

    def processed(
        self, start: dt.datetime, end: dt.datetime
    ) -> list[FoundInvoice] | RequestFailure:
        """Return the invoices that AppZen last processed within a time.

        Whether both ends are part of it is not documented, nor is an order.

        Source: `POST /invoice/search` by `find-invoice-query-spec`, whose times are
        required and have whole seconds; `find-invoice-result-spec`, whose example is
        an array and has the time of each invoice.

        Args:
            start: From when, in UTC, in whole seconds.
            end: Until when, in UTC, in whole seconds.
        """
        body = {
            "from-last-appzen-update-time": _date_time(start),
            "to-last-appzen-update-time": _date_time(end),
        }
        outcome = self._api_client.send(
            ApiRequest(
                f"{self._base}/search",
                self._limiter,
                _search_problem,
                body=json.dumps(body).encode(),
                about=f"invoices from {_date_time(start)} to {_date_time(end)}",
            )
        )
        if isinstance(outcome, RequestFailure):
            return outcome
        self.clock.note(outcome)
        return [_found_invoice(found) for found in outcome.body]

    def numbers_on(self, uuid: str) -> list[str] | RequestFailure:
        """Return the purchase order numbers on an invoice, each once, as they stand.

        Source: `GET /invoice/{uuid}` and `invoice-get-json-schema`. Numbers stand on
        the header, on lines, and on the parts that a line is allocated to.

        Args:
            uuid: What AppZen calls the invoice.
        """
        outcome = self._api_client.send(
            ApiRequest(
                f"{self._base}/{path_segment(uuid)}",
                self._limiter,
                _invoice_problem,
                about=f"invoice {uuid!r}",
            )
        )
        if isinstance(outcome, RequestFailure):
            return outcome
        self.clock.note(outcome)
        try:
            return list(dict.fromkeys(_numbers(outcome.body)))
        except _UnreadableMemberError as error:
            return RequestFailure(
                "invalid_response",
                f"HTTP 200, but `{error.member}` of the invoice cannot be read",
                outcome.received_at,
                http_status=HTTPStatus.OK,
                correlation_id=outcome.correlation_id,
                # Not all of the invoice: bank accounts are on it.
                payload=json_text(error.value),
            )


class _UnreadableMemberError(Exception):
    """A member of an invoice is not of its documented type."""

    def __init__(self, member: str, value: Any) -> None:
        super().__init__(member)
        self.member = member
        self.value = value


def _date_time(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _search_problem(body: Any) -> str | None:
    if isinstance(body, list) and all(map(_is_found_invoice, body)):
        return None
    return "the body is not a list of invoices"


def _is_found_invoice(found: Any) -> bool:
    uuid = found.get("appzen-uuid") if isinstance(found, dict) else None
    return isinstance(uuid, str) and is_path_segment(uuid)


def _found_invoice(found: Mapping[str, Any]) -> FoundInvoice:
    processed = instant_or_none(found.get("last-appzen-update-time"))
    return FoundInvoice(
        found["appzen-uuid"], None if processed is None else processed.moment
    )


def _invoice_problem(body: Any) -> str | None:
    if isinstance(body, dict) and not _MEMBERS.isdisjoint(body):
        return None
    return "the body is not an invoice"


def _numbers(invoice: Mapping[str, Any]) -> Iterator[str]:
    for number in _array(invoice, "purchase_order_numbers"):
        yield from _number("purchase_order_numbers", number)
    for line in _objects(invoice, "invoice_lines"):
        for place in (line, *_objects(line, "line_allocations")):
            number = place.get("purchase_order_number")
            yield from _number("purchase_order_number", number)


def _number(member: str, number: Any) -> Iterator[str]:
    match number:
        case None:
            return
        case str():
            if number.strip():
                yield number
        case int() | Decimal() if not isinstance(number, bool):
            yield str(number)
        case _:
            raise _UnreadableMemberError(member, number)


def _objects(parent: Mapping[str, Any], member: str) -> Iterator[Mapping[str, Any]]:
    for value in _array(parent, member):
        if not isinstance(value, dict):
            raise _UnreadableMemberError(member, value)
        yield value


def _array(parent: Mapping[str, Any], member: str) -> list[Any]:
    value = parent.get(member)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _UnreadableMemberError(member, value)
    return value
