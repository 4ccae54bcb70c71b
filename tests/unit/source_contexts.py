"""What a source is told of the run that it is read for."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, cast

from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.number_sources.registry import number_source
from tap_purchase_orders.number_sources.source import SourceContext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_purchase_orders.clients.appzen import AppZen
    from tap_purchase_orders.number_sources.source import Item

UNTIL = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def context(
    since: dt.datetime | None = None, until: dt.datetime = UNTIL, client: Any = None
) -> SourceContext:
    """Return the occasion of a run; by default one of a source that asks nobody."""
    return SourceContext(
        since, until, cast("AppZen", client), workers=2, cancel_token=CancelToken()
    )


def items_of(section: Mapping[str, Any], at: SourceContext | None = None) -> list[Item]:
    """Return all that the source of a section gives."""
    return list(number_source(section).numbers(section, at or context()))
