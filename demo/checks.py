"""The warehouse against the sandbox: every record, number and instant."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Record: TypeAlias = dict[str, Any]
Records: TypeAlias = dict[tuple[str, ...], Record]
Path: TypeAlias = tuple[str | int, ...]

# The streams that show the upstreams' records one to one, and what names a record. A
# line is named by the id that the ERP gave it: the tap's own key is not in the truth.
_NAMED_BY = {
    "customers": ("id",),
    "orders": ("referenceCustomerId", "id"),
    "order_line_items": ("referenceCustomerId", "orderId", "lineItemNumber"),
    "purchase_orders": ("purchase_order_number",),
    "purchase_order_lines": ("purchase_order_number", "po_line_id"),
}
# Compared beside the numbers.
_TEXTS = {"status", "currency", "currencyCode"}
_INSTANTS = {
    "creationDate",
    "customTermEndDate",
    "amortization_start_date",
    "amortization_end_date",
}


def exact_json(text: str) -> Any:
    """Return a JSON value in which every number is a `Decimal` with all its digits."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def true_records(
    customers: Iterable[Record],
    orders: Iterable[Record],
    purchase_orders: Iterable[Record],
) -> dict[str, Records]:
    """Return what the upstreams hold as the tap's streams would show it."""
    streams: dict[str, list[Record]] = {stream: [] for stream in _NAMED_BY}
    streams["customers"] += customers
    for order in orders:
        lines = order.pop("lineItems", None) or []
        key = {
            "referenceCustomerId": order["referenceCustomerId"],
            "orderId": order["id"],
        }
        streams["orders"].append(order)
        streams["order_line_items"] += [key | line for line in lines]
    for purchase_order in purchase_orders:
        lines = purchase_order.pop("purchase_order_lines", None) or []
        key = {"purchase_order_number": purchase_order["purchase_order_number"]}
        streams["purchase_orders"].append(purchase_order)
        streams["purchase_order_lines"] += [key | line for line in lines]
    return {stream: _by_name(stream, found) for stream, found in streams.items()}


def loaded_records(rows: Mapping[str, Iterable[Record]]) -> dict[str, Records]:
    """Return rows of the warehouse by the names of their records."""
    return {stream: _by_name(stream, rows[stream]) for stream in _NAMED_BY}


def differences(
    truth: Mapping[str, Records], loaded: Mapping[str, Records]
) -> Iterator[str]:
    """Yield a line for each record that is missing or made up, and each wrong value."""
    for stream, expected in truth.items():
        found = loaded[stream]
        for name in sorted(expected.keys() | found.keys()):
            title = f"{stream} {'/'.join(name)}"
            if name not in found:
                yield f"{title} is not in the warehouse"
            elif name not in expected:
                yield f"{title} does not exist in the sandbox"
            else:
                for difference in _wrong_values(expected[name], found[name]):
                    yield f"{title}: {difference}"


def count_of_values(records: Mapping[str, Records]) -> int:
    """Return how many values of these records are compared."""
    return sum(
        len(dict(_values(record)))
        for by_name in records.values()
        for record in by_name.values()
    )


def _by_name(stream: str, records: Iterable[Record]) -> Records:
    names = _NAMED_BY[stream]
    return {tuple(str(record[part]) for part in names): record for record in records}


def _wrong_values(truth: Record, loaded: Record) -> Iterator[str]:
    # The warehouse has columns of its own, such as the time of loading.
    columns = {name: value for name, value in loaded.items() if name in truth}
    expected, found = dict(_values(truth)), dict(_values(columns))
    for path in sorted(expected.keys() | found.keys(), key=str):
        wanted = expected.get(path) or _text_at(truth, path)
        if wanted != found.get(path):
            where = ".".join(map(str, path))
            yield f"{where} is {wanted}, in the warehouse {found.get(path)}"


def _values(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield what is compared, numbers as all their digits without an exponent."""
    if isinstance(value, Decimal):
        yield path, f"{value:f}"
    elif isinstance(value, str) and path and path[-1] in _TEXTS:
        yield path, value
    elif isinstance(value, str) and path and path[-1] in _INSTANTS:
        # A blank one is none.
        if value.strip():
            yield path, _instant(value)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _values(part, (*path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _values(part, (*path, index))


def _instant(text: str) -> str:
    """Return an instant in UTC as a column holds it: cut off behind microseconds."""
    moment = dt.datetime.fromisoformat(text)
    utc = moment.astimezone(dt.UTC) if moment.tzinfo else moment
    return utc.replace(tzinfo=None).isoformat()


def _text_at(record: Any, path: Path) -> str | None:
    """Return the digits of a number that the upstream sent as text."""
    for step in path:
        try:
            record = record[step]
        except (KeyError, IndexError, TypeError):
            return None
    return record if isinstance(record, str) else None
