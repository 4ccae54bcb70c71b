"""The warehouse against the upstreams, key by key and digit by digit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .findings import Finding, Findings, difference
from .observations import current_since, with_attachments
from .plan import ATTACHMENTS
from .truth import Key, Record, Rows, as_row, key_of, without_prices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .observations import Observation

EXTRACTED = "_sdc_extracted_at"
_LINES = {
    "order_line_items": ("orders", 2),
    "purchase_order_lines": ("purchase_orders", 1),
}

Table = list[Record]
Tables = dict[str, Table]


def check_incremental(
    tables: Tables, observations: Sequence[Observation], findings: Findings
) -> None:
    """Hold the tables against the world after the last incremental run.

    What changed on an order at rest outside the window may be missing; such a row has
    to be what it was when a run saw it, since the last run that had to bring it.
    """
    last = observations[-1]
    for stream in ("orders", "order_line_items"):
        allowed: dict[Key, list[Record]] = {}
        for customer, orders in last.world.orders.items():
            for order_id, order in orders.items():
                if not order.is_listed(last.settings):
                    continue
                since = current_since(customer, order_id, observations)
                for key in order.rows[stream]:
                    allowed[key] = [
                        _as_asked(seen, customer, order_id, stream)[key]
                        for seen in reversed(observations[since:])
                        if order_id in seen.world.orders.get(customer, {})
                    ]
        _check(stream, tables[stream], allowed, findings, "the last incremental run")
    _check_others(tables, observations, findings)
    _check_ages(tables, findings, "the last incremental run")


def check_everything(tables: Tables, last: Observation, findings: Findings) -> None:
    """Hold orders and lines against the world after the last FULL_TABLE run."""
    when = "the last FULL_TABLE run"
    for stream in ("orders", "order_line_items"):
        allowed = {
            key: [row]
            for customer, orders in last.world.orders.items()
            for order_id, order in orders.items()
            if order.is_listed(last.settings)
            for key, row in _as_asked(last, customer, order_id, stream).items()
        }
        _check(stream, tables[stream], allowed, findings, when)
    _check_ages(tables, findings, when)


def _as_asked(seen: Observation, customer: str, order_id: str, stream: str) -> Rows:
    rows = seen.world.orders[customer][order_id].rows[stream]
    if seen.settings.include_price:
        return rows
    return {key: without_prices(row) for key, row in rows.items()}


def _check_others(
    tables: Tables, observations: Sequence[Observation], findings: Findings
) -> None:
    last, when = observations[-1], "the last incremental run"
    for stream in ("purchase_orders", "purchase_order_lines"):
        rows = {key: [row] for key, row in last.world.rows[stream].items()}
        _check(stream, tables[stream], rows, findings, when)
    customers = {(row["id"],) for row in tables["customers"]}
    findings.compared["customers"] += len(customers)
    for key in {(customer,) for customer in last.world.customers} ^ customers:
        kind = "row unexpected" if key in customers else "row missing"
        findings.found.append(Finding(kind, "customers", key, when=when))
    if ATTACHMENTS in tables:
        _check_attachments(tables[ATTACHMENTS], observations, findings, when)


def _check_attachments(
    table: Table, observations: Sequence[Observation], findings: Findings, when: str
) -> None:
    last = observations[-1]
    there = last.world.rows[ATTACHMENTS]
    wanted: set[Key] = set()
    earlier: set[Key] = set()
    for customer in last.world.orders:
        for order_id, seen in with_attachments(customer, observations):
            rows = seen.world.rows[ATTACHMENTS]
            keys = {key for key in rows if key[:2] == (customer, order_id)}
            (wanted if ATTACHMENTS in seen.streams else earlier).update(keys)
    found = {key_of(ATTACHMENTS, row) for row in table}
    expected = {key: [there[key]] for key in wanted | (found & there.keys())}
    _check(ATTACHMENTS, table, expected, findings, when)
    findings.compared[ATTACHMENTS] += len(earlier - wanted - found)
    for key in sorted(earlier - wanted - found):
        kind = "attachment from before the selection missing"
        findings.found.append(Finding(kind, ATTACHMENTS, key, when=when))


def _check(
    stream: str,
    table: Table,
    allowed: dict[Key, list[Record]],
    findings: Findings,
    when: str,
) -> None:
    """Compare a table with the rows of which each may have one of some forms."""
    found = {key_of(stream, row): as_row(stream, row) for row in table}
    findings.compared[stream] += len(allowed)

    def add(kind: str, key: Key, expected: Any = None, there: Any = None) -> None:
        findings.found.append(Finding(kind, stream, key, expected, there, when))

    for key in sorted(found.keys() - allowed.keys(), key=str):
        add("row unexpected", key)
    for key, forms in allowed.items():
        if key not in found:
            add("row missing", key)
        elif found[key] not in forms:
            add("row differs", key, *difference(forms[0], found[key]))


def _check_ages(tables: Tables, findings: Findings, when: str) -> None:
    """Check that no line is older than its header: it would count as gone."""
    for stream, (of, length) in _LINES.items():
        headers = {key_of(of, row): row[EXTRACTED] for row in tables[of]}
        for row in tables[stream]:
            header = headers.get(key_of(stream, row)[:length])
            if header is not None and row[EXTRACTED] != header:
                findings.found.append(
                    Finding(
                        "line of another time than its header",
                        stream,
                        key_of(stream, row),
                        header,
                        row[EXTRACTED],
                        when,
                    )
                )


def check_budget(
    table: Table, numbers: set[Key], began_at: str, findings: Findings
) -> None:
    """Check that each of some numbers was asked for since a moment.

    Args:
        table: The purchase orders.
        numbers: Those that were in the list of each run since then.
        began_at: The moment, as the table has it.
        findings: Takes what is wrong.
    """
    asked = {key_of("purchase_orders", row): row[EXTRACTED] for row in table}
    findings.compared["purchase_orders"] += len(numbers)
    for key in sorted(numbers):
        if asked.get(key, "") < began_at:
            findings.found.append(
                Finding(
                    "number never asked for",
                    "purchase_orders",
                    key,
                    f"since {began_at}",
                    asked.get(key),
                    "the runs with a budget",
                )
            )
