"""Reading in one go and field by field: the same records, byte by byte."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from tap_purchase_orders.config import DecimalType
from tap_purchase_orders.exact_json import json_text
from tap_purchase_orders.records.issues import Issue
from tap_purchase_orders.records.orders import OrderReader
from tap_purchase_orders.records.purchase_orders import PurchaseOrderReader
from tests.unit.json_values import PAYLOADS, SCALARS, TEXTS, payload
from tests.unit.two_readings import (
    ORDER_SELECTIONS,
    PURCHASE_ORDER_SELECTIONS,
    assert_same_orders,
    orders,
    purchase_order,
    without_unknown,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_purchase_orders.records.encoded_records import Deselected

NOW = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)
PURCHASE_ORDER = payload("appzen/purchase-order--full.json")
ORDERS = payload("partner_center/order--with-a-cancelled-line.json")
LINES = PURCHASE_ORDER_SELECTIONS["lines"]
ORDER_LINES = ORDER_SELECTIONS["lines"]
encode = msgspec.json.Encoder(decimal_format="number").encode

# What has several spellings: as it stands in the text of a body.
SPELLINGS = st.sampled_from(
    [
        "-0",
        "-0.0",
        "-0.50",
        "-10",
        "1e3",
        "1E+2",
        "1.0E+2",
        "1E-400",
        "1e-999999999999999999999",
        "0E-20000",
        "1.50",
        "5.0",
        "0.00",
        "0.000000",
        "0.0000001",
        "-0.00000010",
        "10.00000001",
        "9" * 19,
        "9" * 5000,
        f"0.{'5' * 5000}",
        f"0.{'5' * 17_000}",
        f"-1{'0' * 140_000}",
        "123456789012345678901234567890.123456789",
        '"12.50"',
        '" "',
        '" 7e2, -0, 0.0000001 "',
        '"1e5"',
        '"2026-01-31T10:11:12.1234567+05:30"',
        '"2026-01-31"',
        '"2026-1-31"',
        '" 2026-01-31t10:11z"',
        '"2026-01-31T24:00:00Z"',
        '"2026-02-30"',
        '"\\ud83d\\ude00"',
        '"\\ud800"',
        '"\\u0000"',
        '"\\\\u0000"',
        '"\\/ \\" \\u00e9 \\n"',
        "true",
        "null",
        "[]",
        "{}",
        '[null, {"a" : 1e2}]',
        '{"a": [-0, 0E-20000]}',
        "[" * 101 + "]" * 101,
    ]
)
# What stands beside the items of a page, in place of what is documented.
BESIDE = st.sampled_from(
    [
        "",
        '"links": {"next": {"uri": "/orders?page=2", "method": "GET", "headers": []}},',
        '"links": null, "attributes": {"objectType": "Collection"},',
        '"totalCount": 1.50, "continuationToken": 1e3,',
        '"links": "\\u0000", "totalCount": "\\ud800",',
        '"items": 5,',
    ]
)


def files(upstream: str, pattern: str) -> list[Path]:
    """Return the payloads of a kind."""
    found = sorted((PAYLOADS / upstream).glob(pattern))
    assert found
    return found


def name(path: Path) -> str:
    return path.stem


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where each member of a value stands."""
    members = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for name, member in members:
        yield (*path, name)
        yield from paths(member, (*path, name))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return a copy of a value with another member at a path, or one more."""
    if not path:
        return new
    if isinstance(value, list):
        return [
            changed(item, path[1:], new) if position == path[0] else item
            for position, item in enumerate(value)
        ]
    members = value if isinstance(value, dict) else {}
    return {**members, path[0]: changed(members.get(path[0]), path[1:], new)}


@st.composite
def bodies(draw: st.DrawFn, document: Any) -> bytes:
    """Return the text of a document of which some members are not as documented."""
    mark = "put a spelling here"
    places = sorted(paths(document), key=str)
    value = document
    for _ in range(draw(st.integers(0, 2))):
        path = draw(st.sampled_from(places))
        value = changed(value, path, draw(SCALARS))
    if draw(st.booleans()):
        path = draw(st.sampled_from(places))
        value = changed(value, path, mark)
    if draw(st.integers(0, 3)) == 0:
        inside = [path for path in places if isinstance(path[-1], str)]
        path = draw(st.sampled_from(inside))
        value = changed(value, (*path[:-1], draw(TEXTS)), draw(SCALARS))
    text = json_text(value).replace(f'"{mark}"', draw(SPELLINGS))
    return text.encode("utf-8", "replace")


def page(*order_texts: str, beside: str = '"totalCount": 1,') -> bytes:
    return f'{{{beside} "items": [{", ".join(order_texts)}]}}'.encode()


# None: numbers stay numbers. The last fits few of those on file.
DECIMAL_TYPES = st.sampled_from([None, DecimalType(38, 9), DecimalType(5, 2)])
PURCHASE_ORDER_FIELDS = st.sampled_from([*PURCHASE_ORDER_SELECTIONS.values()])
ORDER_FIELDS = st.sampled_from([*ORDER_SELECTIONS.values()])


@settings(max_examples=200)
@given(bodies(PURCHASE_ORDER), PURCHASE_ORDER_FIELDS, DECIMAL_TYPES)
def test_a_purchase_order_is_read_the_same_in_one_go(
    body: bytes, deselected: Deselected, decimal_type: DecimalType | None
) -> None:
    in_one_go = PurchaseOrderReader(deselected, decimal_type)
    by_field = PurchaseOrderReader(None, decimal_type)

    expected = purchase_order(by_field, body, deselected)

    assert purchase_order(in_one_go, body, deselected) == expected
    # Whatever was learned from it.
    again = purchase_order(in_one_go, body, deselected)
    assert again in (expected, without_unknown(expected))


@settings(max_examples=200)
@given(
    st.lists(bodies(ORDERS), min_size=1, max_size=3),
    BESIDE,
    ORDER_FIELDS,
    DECIMAL_TYPES,
)
def test_orders_are_read_the_same_in_one_go(
    found: list[bytes],
    beside: str,
    deselected: Deselected,
    decimal_type: DecimalType | None,
) -> None:
    in_one_go = OrderReader(deselected, decimal_type)
    by_field = OrderReader(None, decimal_type)
    text = page(*(body.decode() for body in found), beside=beside)

    expected = orders(by_field, text, deselected)

    assert_same_orders(orders(in_one_go, text, deselected), expected, text)
    assert_same_orders(
        orders(in_one_go, text, deselected), expected, text, is_first=False
    )


NUMBERS_AND_DATES = [
    path
    for path in paths(PURCHASE_ORDER)
    if str(path[-1]).endswith(("amount", "quantity", "rate", "_date", "_number"))
]


@settings(max_examples=600)
@given(
    st.dictionaries(
        st.sampled_from(NUMBERS_AND_DATES), SPELLINGS, min_size=1, max_size=3
    ),
    DECIMAL_TYPES,
)
def test_numbers_and_dates_of_any_spelling_are_read_the_same_in_one_go(
    spellings: dict[tuple[Any, ...], str], decimal_type: DecimalType | None
) -> None:
    document = PURCHASE_ORDER
    for number, path in enumerate(spellings):
        document = changed(document, path, f"spelling {number}")
    text = json_text(document)
    for number, spelling in enumerate(spellings.values()):
        text = text.replace(f'"spelling {number}"', spelling)

    expected = purchase_order(PurchaseOrderReader(None, decimal_type), text.encode())
    in_one_go = PurchaseOrderReader(LINES, decimal_type)
    assert purchase_order(in_one_go, text.encode()) == expected


@pytest.mark.parametrize("decimal_type", [None, DecimalType(60, 30)])
@pytest.mark.parametrize("spelling", ["1.50", "-0.50", "-10", "0.000000", "1.0E+2"])
def test_a_number_that_both_readings_spell_alike_slows_nothing_down(
    spelling: str, decimal_type: DecimalType | None
) -> None:
    lines = PURCHASE_ORDER["purchase_order_lines"] * 500
    for number, line in enumerate(lines, start=1):
        lines[number - 1] = {**line, "line_number": number, "quantity": "its spelling"}
    text = encode({**PURCHASE_ORDER, "purchase_order_lines": lines})
    body = text.replace(b'"its spelling"', spelling.encode())

    assert isinstance(PurchaseOrderReader(LINES, decimal_type).decode(body), Struct)


def test_more_dates_than_are_kept_in_mind_are_all_spelled_the_same() -> None:
    in_one_go, by_field = PurchaseOrderReader(LINES), PurchaseOrderReader()
    for second in range(5000):
        moment = NOW + dt.timedelta(days=second % 7, seconds=second)
        sent = moment.isoformat().replace("+00:00", "z" if second % 2 else "Z")
        line = {"line_number": 1, "amortization_start_date": sent}
        body = json_text({"purchase_order_lines": [line, {**line, "line_number": 2}]})

        expected = purchase_order(by_field, body.encode())
        assert purchase_order(in_one_go, body.encode()) == expected


def test_deselected_fields_are_left_out_however_a_record_was_read() -> None:
    reader = PurchaseOrderReader(
        {"purchase_orders": ["comments"], "purchase_order_lines": ["quantity"]}
    )
    body = json_text(PURCHASE_ORDER).encode()

    in_one_go = reader.read(reader.decode(body), "PO-1", NOW)
    by_field = reader.read(PURCHASE_ORDER, "PO-1", NOW)

    for read in (in_one_go, by_field):
        header, lines = read.header, read.lines[0]
        assert b"comments" not in header.lines
        assert b'"quantity"' not in lines.lines
        assert b'"amount":' in lines.lines
    assert in_one_go.header == by_field.header


def with_spelling(document: Any, path: tuple[Any, ...], spelling: str) -> str:
    """Return the text of a document with another spelling of a member."""
    text = json_text(changed(document, path, "its spelling"))
    return text.replace('"its spelling"', spelling)


@pytest.mark.parametrize(
    ("path", "spelling"),
    [
        (("custom_json",), "[" * 101 + "]" * 101),
        (("custom_json",), "0E-20000"),
        (("purchase_order_lines", 0, "custom_json"), "[0E-20000]"),
        (("purchase_order_lines", 1, "line_number"), "1"),
        (("purchase_order_lines", 1, "line_number"), "null"),
        (("comments",), r'"a\u0000b"'),
        (("amount_limit", "currency"), "5"),
    ],
)
def test_an_odd_member_of_a_purchase_order_is_read_the_same_in_one_go(
    path: tuple[Any, ...], spelling: str
) -> None:
    body = with_spelling(PURCHASE_ORDER, path, spelling).encode()

    expected = purchase_order(PurchaseOrderReader(), body)
    assert expected != purchase_order(PurchaseOrderReader(), encode(PURCHASE_ORDER))
    assert purchase_order(PurchaseOrderReader(LINES), body) == expected


@pytest.mark.parametrize(
    ("path", "spelling"),
    [
        (("lineItems", 1, "lineItemNumber"), "0"),
        (("lineItems", 1, "lineItemNumber"), "null"),
        (("lineItems", 1, "customTermEndDate"), '"2026-01-31T10:11"'),
        (("creationDate",), '"2026-01-31T10:11:12.50+01:00"'),
        (("links", "self", "body"), "[" * 101 + "]" * 101),
        (("id",), '" "'),
        (("userCredentials",), '{"password": "secret"}'),
    ],
)
def test_an_odd_member_of_an_order_is_read_the_same_in_one_go(
    path: tuple[Any, ...], spelling: str
) -> None:
    text = page(with_spelling(ORDERS, path, spelling), json_text(ORDERS))

    expected = orders(OrderReader(), text)
    assert_same_orders(orders(OrderReader(ORDER_LINES), text), expected, text)


@pytest.mark.parametrize("path", files("appzen", "purchase-order--*"), ids=name)
def test_every_purchase_order_on_file_is_read_the_same_in_one_go(path: Path) -> None:
    body = path.read_bytes()

    assert purchase_order(PurchaseOrderReader(LINES), body) == purchase_order(
        PurchaseOrderReader(), body
    )


@pytest.mark.parametrize("path", files("partner_center", "orders--*"), ids=name)
def test_every_page_of_orders_on_file_is_read_the_same_in_one_go(path: Path) -> None:
    body = path.read_bytes()

    expected = orders(OrderReader(), body)
    assert expected
    assert_same_orders(orders(OrderReader(ORDER_LINES), body), expected, body)


def test_what_is_as_documented_is_read_in_one_go() -> None:
    reader = PurchaseOrderReader(LINES)
    assert isinstance(reader.decode(json_text(PURCHASE_ORDER).encode()), Struct)

    items = OrderReader(ORDER_LINES).decode(page(json_text(ORDERS)))["items"]
    assert all(isinstance(item, Struct) for item in items)


@pytest.mark.parametrize(
    "path",
    [
        ("new",),
        ("@odata.type",),
        ("purchase_order_lines", 0, "new"),
        ("total_amount", "new"),
    ],
)
def test_a_member_that_the_schema_does_not_know_slows_down_only_once(
    path: tuple[Any, ...],
) -> None:
    reader = PurchaseOrderReader(LINES)
    body = json_text(changed(PURCHASE_ORDER, path, 5)).encode()

    value = reader.decode(body)
    assert isinstance(value, Struct)
    assert any(reader.read(value, "PO-1", NOW).unknown.values())

    again = reader.read(reader.decode(body), "PO-1", NOW)
    assert not any(again.unknown.values())


def test_orders_with_a_member_that_no_schema_knows_are_read_in_one_go() -> None:
    reader = OrderReader(ORDER_SELECTIONS["inside"])
    odd = json_text(changed(ORDERS, ("lineItems", 0, "links", "new"), {"a": 1}))
    items = reader.decode(page(json_text(ORDERS), odd, odd))["items"]
    assert all(isinstance(item, Struct) for item in items)

    read = [order(reader, item) for item in items]

    assert read[0].unknown == {"order_line_items": {"links.new"}}
    assert not any(each.unknown for each in read[1:])
    assert b'"new"' not in b"".join(each.header.lines for each in read)


def order(reader: OrderReader, item: Any) -> Any:
    summary = reader.summary(item, "customer-1", NOW)
    assert not isinstance(summary, Issue)
    return reader.read([summary], NOW)[0]
