"""The warehouse against the sandbox after all that happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

from demo import checks

if TYPE_CHECKING:
    from demo.warehouse import Warehouse
    from tap_purchase_orders.sandbox.process import Sandbox

_SECONDS = 120
_SHOWN = 20


def compare(
    sandbox: Sandbox, warehouse: Warehouse
) -> tuple[list[tuple[str, int, int]], list[str]]:
    """Return for each stream its name, rows and true records; and all differences.

    Args:
        sandbox: What is true.
        warehouse: What was loaded.
    """
    truth = checks.true_records(
        customers=_truth(sandbox, "customers"),
        orders=_truth(sandbox, "orders"),
        purchase_orders=_truth(sandbox, "purchase-orders"),
    )
    rows = {table: warehouse.rows_as_json(table) for table in truth}
    loaded = checks.loaded_records(
        {table: map(checks.exact_json, found) for table, found in rows.items()}
    )
    counts = [(name, len(rows[name]), len(records)) for name, records in truth.items()]
    differences = list(checks.differences(truth, loaded))
    differences += [
        f"{name} has {found:,} rows instead of {true:,}"
        for name, found, true in counts
        if found != true
    ]
    return counts, differences[:_SHOWN]


def _truth(sandbox: Sandbox, what: str) -> list[Any]:
    """Return what a perfect reader would read, numbers with all their digits."""
    with requests.Session() as session:
        # No proxy and no other certificates for a server on this machine.
        session.trust_env = False
        session.verify = sandbox.environment["REQUESTS_CA_BUNDLE"]
        url = f"{sandbox.control_url}/truth/{what}"
        answer = session.get(url, timeout=_SECONDS)
    answer.raise_for_status()
    return list(checks.exact_json(answer.text))
