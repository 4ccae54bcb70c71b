"""AppZen's API, as far as purchase orders need it.

*Get Details of a Purchase Order by Purchase Order Number*, *API Guidelines* and the
Swagger of the Autonomous AP APIs, version 2.0.3.
"""

from __future__ import annotations

import hmac
import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from tap_purchase_orders.sandbox.appzen_errors import error_body
from tap_purchase_orders.sandbox.instants import DAY, millisecond_text, parse_instant
from tap_purchase_orders.sandbox.invoices import found_invoices, invoice_payload
from tap_purchase_orders.sandbox.messages import Reply, json_reply
from tap_purchase_orders.sandbox.purchase_order_numbers import index_of_number
from tap_purchase_orders.sandbox.purchase_orders import purchase_order_payload
from tap_purchase_orders.sandbox.routes import Routes

if TYPE_CHECKING:
    from tap_purchase_orders.sandbox.context import State
    from tap_purchase_orders.sandbox.limits import SlidingLimit
    from tap_purchase_orders.sandbox.messages import Asked, Call

_BASE = "dictionary-data-services"
_ROUTES = Routes(
    "appzen",
    (
        (
            "purchase_orders",
            f"{_BASE}/purchase-order/purchase-order-number/{{purchase_order}}",
        ),
        ("upload_urls", f"{_BASE}/generate-upload-url"),
        ("invoice_search", f"{_BASE}/invoice/search"),
        ("invoices", f"{_BASE}/invoice/{{invoice}}"),
        ("unknown", f"{_BASE}/*"),
    ),
)


class AppZen:
    """Answers for one customer of AppZen.

    Args:
        state: The running sandbox.
        limit: The rate limit, for each kind of data.
    """

    def __init__(self, state: State, limit: SlidingLimit) -> None:
        self._world = state.world
        self._clock = state.clock
        self._credentials = state.credentials
        self._limit = limit

    def asked(self, call: Call) -> Asked | None:
        """Return what a call asks of AppZen, or None."""
        return _ROUTES.asked(call.segments)

    def throttled(self, asked: Asked) -> Reply | None:
        """Refuse a call beyond the limit, as *API Guidelines* says: 429.

        No `Retry-After` is documented, so there is none.
        """
        return self.error(429) if self._limit.wait_seconds(asked.resource) else None

    def finish(self, reply: Reply, call: Call) -> None:  # noqa: ARG002 - of all services
        """Add the header that every answer has, good or bad (*API Guidelines*)."""
        reply.headers.setdefault("x-correlation-id", str(uuid.uuid4()))

    def answer(self, call: Call, asked: Asked) -> Reply:
        """Return a purchase order, an invoice, or the documented error."""
        if not self._is_authentic(call):
            return self.error(401)
        reads = {
            ("GET", "purchase_orders"): self._purchase_order,
            ("GET", "invoices"): self._invoice,
            ("GET", "upload_urls"): self._upload_url,
            ("POST", "invoice_search"): self._search,
        }
        read = reads.get((call.method, asked.resource))
        return read(call, asked) if read else self.error(404)

    def error(self, status: int) -> Reply:
        """Return an error as the service itself answers it."""
        return json_reply(status, error_body(status, self._clock.now()))

    def _is_authentic(self, call: Call) -> bool:
        mine = self._credentials
        expected = (
            ("x-api-key", mine.api_key),
            ("customer-id", mine.customer_id),
            ("customer-key", mine.customer_key),
        )
        return all(
            hmac.compare_digest(call.headers.get(name, "").encode(), value.encode())
            for name, value in expected
        )

    def _purchase_order(self, _call: Call, asked: Asked) -> Reply:
        index = index_of_number(self._world, asked.names["purchase_order"])
        if index is None:
            return self.error(404)
        now = self._clock.now()
        return json_reply(200, purchase_order_payload(self._world, index, now))

    def _invoice(self, _call: Call, asked: Asked) -> Reply:
        invoice_id = asked.names["invoice"]
        invoice = invoice_payload(self._world, invoice_id, self._clock.now())
        return self.error(404) if invoice is None else json_reply(200, invoice)

    def _upload_url(self, _call: Call, _asked: Asked) -> Reply:
        """Return where a document may be put; *Authentication Overview* tries keys so.

        Nothing can be put there.
        """
        document_id = str(uuid.uuid4())
        return json_reply(
            200,
            {
                "url": f"https://uploads.appzen.example/{document_id}",
                "uuid": document_id,
                "expires": millisecond_text(self._clock.now() + DAY),
            },
        )

    def _search(self, call: Call, _asked: Asked) -> Reply:
        """Return the invoices processed within a time; both ends are required."""
        try:
            body: dict[str, Any] = msgspec.json.decode(call.body, type=dict[str, Any])
            start = parse_instant(body["from-last-appzen-update-time"])
            end = parse_instant(body["to-last-appzen-update-time"])
            now = self._clock.now()
            return json_reply(200, found_invoices(self._world, start, end, now))
        except (KeyError, TypeError, ValueError, msgspec.MsgspecError):
            return self.error(400)
