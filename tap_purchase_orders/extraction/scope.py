"""Compares the scope of a run with that of the last one, and marks what is missing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tap_purchase_orders.incremental.scope import added_streams, scope_change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_purchase_orders.incremental.scope import Scope
    from tap_purchase_orders.incremental.state import State

logger = logging.getLogger(__name__)


def enter_scope(state: State, scope: Scope) -> None:
    """Store the scope of a run; what it adds to the last one is owed."""
    if state.scope is not None:
        change = scope_change(state.scope, scope, had_prices=state.has_prices)
        if change.is_narrower:
            state.forget_ids()
        if change.has_other_customers and state.activity_read_until is not None:
            state.remember_activity(None)
        if change.owed and state.has_customers:
            state.owe(change.owed)
            logger.info(
                "Partner Center: added since the last run: %s; what is missing of it "
                "is read now",
                ", ".join(change.added),
            )
    state.remember_scope(scope)


def enter_number_streams(state: State, streams: Mapping[str, str]) -> None:
    """Store the streams that a run writes of the purchase orders.

    If a stream was added, all purchase orders are read anew.
    """
    before = state.number_streams
    added = added_streams(before, streams) if before else []
    if added and (state.changes_read is not None or state.resume_point is not None):
        state.forget_numbers()
        logger.info(
            "AppZen: added since the last run: %s; all purchase orders are read anew",
            ", ".join(added),
        )
    state.remember_number_streams(streams)
