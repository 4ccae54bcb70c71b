"""Bodies of another maker: nothing of them is made by the sandbox.

Written by hand after the documents: members in another order, some of them absent, with
blanks and line ends between them, texts with escapes, and numbers with and without
fractions. They come in two sizes, of about 16 KB and 200 KB.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable

LINES_PER_ORDER = 3
# Of a body of 16 KB, and of one of 200 KB.
ORDERS_PER_CUSTOMER = {False: 8, True: 96}
LINES_PER_PURCHASE_ORDER = {False: 16, True: 210}

_FORMS = 24
_NUMBER_MARK = "@number@"
_CUSTOMER_MARK = "@customer@"
_WORDS = (
    "Kabel für Halle 3",
    "R\u00e9seau priv\u00e9, 10 Gb/s",
    'Monitor 27" (matt)',
    "Lizenz\n3 Jahre",
    "Papier A4",
    "Стойка",
    "\u30b5\u30fc\u30d0\u30fc",
    "Tape, 12 mm / 30 m",
)


class OtherBodies:
    """Makes bodies of both upstreams.

    Args:
        is_large: Whether they are of 200 KB instead of 16 KB.
        unknown: The name of a member that no schema knows, if they have one.
    """

    def __init__(self, *, is_large: bool, unknown: str | None = None) -> None:
        self._is_large = is_large
        self._unknown = unknown
        self._orders: dict[int, str] = {}
        self._purchase_orders: dict[int, str] = {}

    def customers(self, start: int, size: int, customers: int) -> bytes:
        """Return a page of the list of customers."""
        end = min(start + size, customers)
        links = ""
        if end < customers:
            links = (
                '"next": {"headers": [{"key": "MS-ContinuationToken", "value": '
                f'"{end}"}}], "uri": "/customers?size={size}&seekOperation=Next", '
                '"method": "GET"}'
            )
        items = ",\n".join(
            f'{{ "companyProfile": {{"companyName": "Firma {index}"}}, '
            f'"id": "{_customer_id(index)}" }}'
            for index in range(start, end)
        )
        return f'{{ "links": {{{links}}}, "items": [\n{items}\n] }}'.encode()

    def orders(self, customer: str, per_customer: int, _: int) -> bytes:
        """Return a customer's orders."""
        form = int(customer[-6:], 16) % _FORMS
        if form not in self._orders:
            chance = random.Random(form)  # noqa: S311  # no secret
            items = [self._order(chance, form, i) for i in range(per_customer)]
            self._orders[form] = _collection(items)
        return self._orders[form].replace(_CUSTOMER_MARK, customer).encode()

    def purchase_order(self, segment: str) -> bytes:
        """Return a purchase order."""
        number = unquote(segment)
        form = sum(number.encode()) % _FORMS
        if form not in self._purchase_orders:
            chance = random.Random(form)  # noqa: S311  # no secret
            self._purchase_orders[form] = _text(self._purchase_order(chance))
        return self._purchase_orders[form].replace(_NUMBER_MARK, number).encode()

    def _order(self, chance: random.Random, form: int, place: int) -> Any:
        path = f"/customers/{_CUSTOMER_MARK}/orders/o-{form}-{place}"
        order = {
            "status": "completed",
            "links": {
                "self": {"method": "GET", "uri": path, "headers": []},
                "patchOperation": {"headers": [], "uri": path, "method": "PATCH"},
            },
            "creationDate": _moment(chance),
            "lineItems": [self._item(chance, i) for i in range(LINES_PER_ORDER)],
            "id": f"o-{form}-{place}",
            "currencyCode": "SEK",
            "referenceCustomerId": _CUSTOMER_MARK,
            "transactionType": "UserPurchase",
            "billingCycle": chance.choice(("monthly", "annual")),
            "attributes": {"objectType": "Order"},
            "currencySymbol": "kr",
            "totalPrice": _number(chance),
        }
        return self._with_unknown(_some(chance, order, {"attributes", "totalPrice"}))

    def _item(self, chance: random.Random, number: int) -> Any:
        offer = f"CFQ7TTC0{chance.randint(1000, 9999)}"
        link = {"headers": [], "method": "GET"}
        item = {
            "quantity": chance.randint(1, 900),
            "friendlyName": chance.choice(_WORDS),
            "links": {
                "sku": link | {"uri": f"/products/{offer}/skus/0001?country=SE"},
                "product": link | {"uri": f"/products/{offer}?country=SE"},
            },
            "termDuration": "P1Y",
            "offerId": f"{offer}:0001:{chance.randint(10**11, 10**12)}",
            "lineItemNumber": number,
            "transactionType": "New",
            "pricing": {"listPrice": _number(chance), "price": _number(chance)},
            "subscriptionId": f"{chance.getrandbits(64):016x}",
        }
        return _some(chance, item, {"pricing", "subscriptionId", "transactionType"})

    def _purchase_order(self, chance: random.Random) -> Any:
        count = LINES_PER_PURCHASE_ORDER[self._is_large]
        header = {
            "end_date": "2026-12-31",
            "appzen_purchase_order_status": "PO_ISSUED",
            "purchase_order_lines": [self._line(chance, i + 1) for i in range(count)],
            "entity_name": chance.choice(_WORDS),
            "comments": f"{chance.choice(_WORDS)}\t{chance.choice(_WORDS)}",
            "total_amount": _amount(chance),
            "purchase_order_number": _NUMBER_MARK,
            "start_date": "2026-01-02",
            "exchange_rate": {
                "to_currency_code": "SEK",
                "conversion_rate": _number(chance),
                "from_currency_code": "EUR",
            },
            "entity_id": str(chance.randint(10, 99)),
            "requester": "A. Bergström",
            "supplier_id": f"{chance.randint(1, 9999):06d}",
            "custom_json": {"cost": [1, 2.50, None], "where": "B/7"},
            "purchase_order_type": "Standard",
        }
        some = _some(chance, header, {"comments", "requester", "custom_json"})
        return self._with_unknown(some)

    def _line(self, chance: random.Random, number: int) -> Any:
        amounts = (
            *("unit_price", "amount", "uninvoiced_amount", "received_amount"),
            *("committed_amount", "line_vat_amount", "amount_limit"),
        )
        line = {
            "line_description": chance.choice(_WORDS),
            **{name: _amount(chance) for name in amounts},
            "line_number": number,
            "quantity": _number(chance),
            "cancel_flag": False,
            "gl_code": f"00{chance.randint(10, 99)}.6110",
            "line_allocations": [
                {
                    "percentage": chance.choice((100, 50.5, 33.3333)),
                    "amount": _number(chance),
                    "gl_code": f"00{chance.randint(10, 99)}.6110.004",
                    "external_allocation_id": f"al-{number}",
                }
            ],
            "po_line_id": f"{chance.randint(1, 10**6):06d}",
            "unit_of_measure": "each",
            "service_line_start_date": "2026-02-02",
            "received_quantity": chance.randint(0, 5),
            "item_category": chance.choice(_WORDS),
            "closed_flag": True,
            "taxable_flag": None,
            "purchase_order_line_status": "Open",
            "appzen_purchase_order_line_status": "PO_ISSUED",
        }
        return _some(chance, line, {*amounts, "line_allocations", "item_category"})

    def _with_unknown(self, value: dict[str, Any]) -> dict[str, Any]:
        if self._unknown is None:
            return value
        return {**value, self._unknown: {"since": "2026", "level": 2}}


def _customer_id(index: int) -> str:
    return f"7f0c2a44-91d3-4e58-8b6a-{index:012x}"


def _some(
    chance: random.Random, value: dict[str, Any], optional: Iterable[str]
) -> dict[str, Any]:
    """Return an object without some of the members that it need not have."""
    absent = {name for name in sorted(optional) if chance.random() < 1 / 6}
    return {name: value[name] for name in value if name not in absent}


def _moment(chance: random.Random) -> str:
    year, fraction = chance.randint(2017, 2024), chance.randint(1, 9_999_999)
    return f"{year}-0{chance.randint(1, 9)}-14T08:17:42.{fraction}Z"


def _number(chance: random.Random) -> float:
    """Return a number with or without a fraction."""
    whole = chance.randint(0, 99_999)
    return chance.choice((whole, whole + 0.25, round(whole / 7, 4)))


def _amount(chance: random.Random) -> dict[str, Any]:
    return {"currency": chance.choice(("EUR", "SEK", "USD")), "amount": _number(chance)}


def _collection(items: list[Any]) -> str:
    texts = ",\n".join(map(_text, items))
    return f'{{ "items": [\n{texts}\n], "totalCount": {len(items)} }}'


def _text(value: Any) -> str:
    """Return JSON with blanks, and with some signs as escapes."""
    if isinstance(value, dict):
        members = (f'"{name}" : {_text(member)}' for name, member in value.items())
        return "{ " + ",\n ".join(members) + " }"
    if isinstance(value, list):
        return "[ " + ", ".join(map(_text, value)) + " ]"
    if isinstance(value, str):
        return '"' + "".join(map(_sign, value)) + '"'
    if value is None:
        return "null"
    return repr(value).lower()


def _sign(sign: str) -> str:
    if sign in _ESCAPES:
        return _ESCAPES[sign]
    # The others stand as they are, in UTF-8.
    return f"\\u{ord(sign):04x}" if "\xc0" <= sign <= "\xff" else sign


_ESCAPES = {"/": r"\/", '"': r"\"", "\\": r"\\", "\n": r"\n", "\t": r"\t"}
