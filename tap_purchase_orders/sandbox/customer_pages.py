"""The pages of the list of customers.

*Get a list of customers*, and the way of paging of *Get invoice line items*: the
continuation token travels in a header, never in the address.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from secrets import token_bytes
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.sandbox.customers import link, listed_customer
from tap_purchase_orders.sandbox.partner_center_errors import refused

if TYPE_CHECKING:
    from tap_purchase_orders.sandbox.messages import Call
    from tap_purchase_orders.sandbox.world import World

TOKEN_HEADER = "MS-ContinuationToken"  # noqa: S105 - the name of a header
# No default is documented.
_DEFAULT_SIZE = 100
_SEAL_BYTES = 12


class CustomerPages:
    """Cuts the list of customers into pages.

    Args:
        world: What there is.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._key = token_bytes(32)

    def page(self, call: Call) -> dict[str, Any]:
        """Return one page; `size=0` asks for all customers at once.

        Raises:
            RefusedError: A parameter cannot be used, or the token is missing or not
                one that this process gave out.
        """
        if "filter" in call.query:
            raise refused(501, 0, "The sandbox does not imitate filters of customers.")
        size = _size(call)
        start = 0
        token = None
        if (operation := call.query.get("seekOperation")) is not None:
            if operation.lower() != "next":
                raise refused(501, 0, "The sandbox only imitates seekOperation=Next.")
            token = call.headers.get(TOKEN_HEADER)
            if not token:
                raise refused(400, 3000, f"The header {TOKEN_HEADER} is missing.")
            start, first_size = self._read(token)
            size = first_size if size is None else size
        size = _DEFAULT_SIZE if size is None else size
        end = (
            min(start + size, self._world.customers) if size else self._world.customers
        )
        items = [listed_customer(self._world, index) for index in range(start, end)]
        links = {"self": _page_link(call.target.removeprefix("/v1"), token)}
        if end < self._world.customers:
            uri = f"/customers?size={size}&seekOperation=Next"
            links["next"] = _page_link(uri, self._write(end, size))
        return {
            "totalCount": len(items),
            "items": items,
            "links": links,
            "attributes": {"objectType": "Collection"},
        }

    def _write(self, start: int, size: int) -> str:
        place = f"{start}.{size}".encode()
        return b64encode(self._seal(place) + place).decode()

    def _read(self, token: str) -> tuple[int, int]:
        try:
            sealed = b64decode(token, validate=True)
        except (Base64Error, ValueError):
            sealed = b""
        seal, place = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._seal(place)):
            raise refused(400, 3000, f"The header {TOKEN_HEADER} is not valid.")
        start, _, size = place.partition(b".")
        return int(start), int(size)

    def _seal(self, place: bytes) -> bytes:
        return hmac.new(self._key, place, hashlib.sha256).digest()[:_SEAL_BYTES]


def _size(call: Call) -> int | None:
    text = call.query.get("size")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise refused(400, 3000, "The value of size must be a whole number.")
    return int(text)


def _page_link(uri: str, token: str | None) -> dict[str, Any]:
    page_link = link(uri)
    if token is not None:
        page_link["headers"] = [{"key": TOKEN_HEADER, "value": token}]
    return page_link
