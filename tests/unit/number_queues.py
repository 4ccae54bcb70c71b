"""Queues of numbers without a client, for sources that make no requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.extraction.number_queue import NumberQueue
from tap_purchase_orders.extraction.source_reader import SourceReader
from tests.unit.configs import load

if TYPE_CHECKING:
    from tap_purchase_orders.clients.appzen import AppZen
    from tap_purchase_orders.incremental.state import State
    from tests.unit.json_values import Json


def source_reader(config: Json) -> SourceReader:
    """Return the reader of the source that a configuration names."""
    section = load(config).appzen
    assert section is not None
    return SourceReader(
        section.purchase_order_numbers,
        cast("AppZen", None),
        workers=section.max_concurrency,
        cancel_token=CancelToken(),
    )


def number_queue(config: Json, state: State, *, reads_all: bool = False) -> NumberQueue:
    """Return the queue of a run with a configuration, from a state."""
    settings = load(config)
    return NumberQueue(
        source_reader(config),
        state,
        settings.shard,
        settings.start_date,
        reads_all=reads_all,
    )
