"""Whether PostgreSQL holds what the upstream sent: every row, digit and instant."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, build_opener

from benchmarks.contestants.job import APPZEN_HEADERS, NUMBER_PATH, ORDERS_PATH
from benchmarks.simulator.bodies import customer_id
from benchmarks.work import WorkDiffersError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from demo.warehouse import Warehouse

Row = tuple[Any, ...]
# By kind of record, what is compared: as a Singer loader has it, and as dlt has it. All
# of them are exact in PostgreSQL; numbers are compared by their values.
SINGER = {
    "orders": """
        SELECT "referenceCustomerId", id, "creationDate", "totalPrice", status
        FROM {schema}.orders""",
    "lines of orders": """
        SELECT "referenceCustomerId", "orderId", "lineItemNumber", quantity, "offerId"
        FROM {schema}.order_line_items""",
    "purchase orders": """
        SELECT purchase_order_number, (total_amount ->> 'amount')::numeric,
            (exchange_rate ->> 'conversion_rate')::numeric, start_date::date
        FROM {schema}.purchase_orders""",
    "lines of purchase orders": """
        SELECT purchase_order_number, line_number, quantity, price_per_unit,
            (unit_price ->> 'amount')::numeric, (amount ->> 'amount')::numeric,
            (uninvoiced_amount ->> 'amount')::numeric, received_quantity
        FROM {schema}.purchase_order_lines""",
}
DLT = {
    "orders": """
        SELECT reference_customer_id, id, creation_date AT TIME ZONE 'UTC', total_price,
            status
        FROM {schema}.orders""",
    "lines of orders": """
        SELECT header.reference_customer_id, header.id, line_item_number, quantity,
            offer_id
        FROM {schema}.orders__line_items AS line
        JOIN {schema}.orders AS header ON line._dlt_parent_id = header._dlt_id""",
    "purchase orders": """
        SELECT purchase_order_number, total_amount__amount,
            exchange_rate__conversion_rate, start_date::date
        FROM {schema}.purchase_orders""",
    "lines of purchase orders": """
        SELECT header.purchase_order_number, line_number, quantity, price_per_unit,
            (unit_price ->> 'amount')::numeric, (amount ->> 'amount')::numeric,
            (uninvoiced_amount ->> 'amount')::numeric, received_quantity
        FROM {schema}.purchase_orders__purchase_order_lines AS line
        JOIN {schema}.purchase_orders AS header
        ON line._dlt_parent_id = header._dlt_id""",
}
# Made anew by every load.
_OF_THE_LOAD = (
    "_sdc_extracted_at",
    "_sdc_received_at",
    "_sdc_batched_at",
    "_sdc_sequence",
    "_sdc_sync_started_at",
)
_TABLES = ("orders", "order_line_items", "purchase_orders", "purchase_order_lines")


@dataclass(frozen=True, slots=True)
class Truth:
    """What was sent, by kind of record.

    Attributes:
        rows: The rows that `SINGER` and `DLT` select.
    """

    rows: dict[str, set[Row]]

    def check(
        self, who: str, warehouse: Warehouse, schema: str, selects: dict[str, str]
    ) -> None:
        """Return if a schema holds just what was sent.

        Raises:
            WorkDiffersError: It does not.
        """
        for kind, select in selects.items():
            with warehouse.connected() as connection:
                query = select.replace("{schema}", schema).encode()
                found = connection.execute(query).fetchall()
            if len(found) != len(self.rows[kind]) or set(found) != self.rows[kind]:
                msg = (
                    f"{who} has {len(found)} rows of {kind}, {len(self.rows[kind])} "
                    f"were sent; found, not sent: {_some(set(found) - self.rows[kind])}"
                    f"; sent, not found: {_some(self.rows[kind] - set(found))}"
                )
                raise WorkDiffersError(msg)


def truth(url: str, customers: int, numbers: Iterable[str]) -> Truth:
    """Return what an upstream sends of its customers and purchase orders."""
    opener = build_opener(ProxyHandler({}))
    opener.addheaders = [*APPZEN_HEADERS.items()]

    def body(path: str) -> Any:
        with opener.open(url + path) as answer:
            text = answer.read().decode("utf-8-sig")
        return json.loads(text, parse_float=Decimal)

    rows: dict[str, set[Row]] = {kind: set() for kind in SINGER}
    for index in range(customers):
        for order in body(ORDERS_PATH.format(customer_id=customer_id(index)))["items"]:
            key = (order["referenceCustomerId"], order["id"])
            created = _instant(order["creationDate"])
            total, status = order.get("totalPrice"), order.get("status")
            rows["orders"].add((*key, created, total, status))
            rows["lines of orders"] |= {
                (*key, line["lineItemNumber"], line["quantity"], line["offerId"])
                for line in order["lineItems"]
            }
    for number in numbers:
        order = body(NUMBER_PATH.format(purchase_order_number=number))
        start = order.get("start_date")
        rows["purchase orders"].add(
            (
                number,
                _member(order, "total_amount", "amount"),
                _member(order, "exchange_rate", "conversion_rate"),
                dt.date.fromisoformat(start[:10]) if start else None,
            )
        )
        rows["lines of purchase orders"] |= {
            (
                number,
                line["line_number"],
                line.get("quantity"),
                line.get("price_per_unit"),
                _member(line, "unit_price", "amount"),
                _member(line, "amount", "amount"),
                _member(line, "uninvoiced_amount", "amount"),
                line.get("received_quantity"),
            )
            for line in order["purchase_order_lines"]
        }
    return Truth(rows)


def _some(rows: set[Row]) -> str:
    return ", ".join(sorted(map(repr, rows))[:2])


def check_same_tables(who: str, warehouse: Warehouse, schema: str, other: str) -> None:
    """Return if two schemas hold the same rows in every column.

    Raises:
        WorkDiffersError: They do not.
    """
    for table in _TABLES:
        tables = [_digest(warehouse, name, table) for name in (schema, other)]
        if tables[0] != tables[1]:
            msg = f"{who}: {table} in {schema} is not what it is in {other}"
            raise WorkDiffersError(msg)


def _digest(warehouse: Warehouse, schema: str, table: str) -> Row:
    query = f"""
        SELECT count(*), md5(string_agg(row, E'\\n' ORDER BY row)) FROM (
            SELECT (to_jsonb(each) - %s::text[])::text AS row
            FROM {schema}.{table} AS each
        ) AS rows
    """  # noqa: S608  # names of our own
    with warehouse.connected() as connection:
        found = connection.execute(query.encode(), [list(_OF_THE_LOAD)]).fetchone()
    return found or ()


def _instant(text: str) -> dt.datetime:
    """Return an instant as columns hold it: in UTC, cut to microseconds."""
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC).replace(tzinfo=None)


def _member(record: dict[str, Any], name: str, member: str) -> Any:
    return (record.get(name) or {}).get(member)
