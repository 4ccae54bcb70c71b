"""Invoices of an AppZen whose clock is behind that of this machine."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from email.utils import format_datetime
from typing import TYPE_CHECKING

from tests.tap.invoices import SEARCH_PATH, Invoices, ago, invoice, read_until
from tests.tap.upstream import Reply, Upstream

if TYPE_CHECKING:
    from tests.tap.upstream import Asked

BEHIND = dt.timedelta(hours=3)


def test_clocks_an_invoice_processed_by_a_clock_behind_ours_is_not_lost() -> None:
    with Upstream() as upstream:
        invoices = Invoices(upstream)
        invoices.add("first", ago(days=1), invoice("PO-1"))

        def found(asked: Asked) -> Reply:
            there = dt.datetime.now(dt.UTC) - BEHIND
            date = {"Date": format_datetime(there, usegmt=True)}
            return replace(invoices.found(asked), headers=date)

        upstream.answer(SEARCH_PATH, found)
        first = invoices.read()
        assert first.status == 0
        processed = dt.datetime.now(dt.UTC) - BEHIND
        assert read_until(first) < processed
        invoices.add("second", processed, invoice("PO-2"))

        second = invoices.read(first.state)

    assert second.status == 0
    assert "PO-2" in invoices.asked_numbers()
