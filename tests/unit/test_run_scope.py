from __future__ import annotations

from typing import Any

import pytest

from tap_purchase_orders.incremental.run_scope import (
    Scope,
    ScopeChange,
    customers_digest,
    scope_change,
)

STREAMS = {"orders": "a", "order_line_items": "b", "extraction_issues": "c"}
OF_ORDERS = frozenset({"orders", "order_line_items"})
MARCH = "2026-03-01T00:00:00Z"
APRIL = "2026-04-01T00:00:00Z"


def scope(**members: Any) -> Scope:
    return Scope(**{"streams": STREAMS, **members})


def change(before: Scope, now: Scope, *, had_prices: bool = False) -> ScopeChange:
    return scope_change(before, now, had_prices=had_prices)


def test_the_same_scope_is_no_change() -> None:
    every = scope(
        include_price=True,
        include_system_purchases=True,
        start_date=MARCH,
        customers="0123",
    )

    for one in (scope(), every):
        assert change(one, one, had_prices=True) == ScopeChange()


def test_a_stream_that_is_new_or_written_otherwise_is_owed() -> None:
    before = scope(streams={"orders": "a", "order_line_items": "before"})

    assert change(before, scope()) == ScopeChange(
        ["extraction_issues", "order_line_items"],
        frozenset({"extraction_issues", "order_line_items"}),
    )


def test_a_stream_that_is_no_longer_selected_is_no_change() -> None:
    assert change(scope(), scope(streams={"orders": "a"})) == ScopeChange()


def test_steps_are_owed_when_they_are_new_but_not_when_a_map_of_them_changes() -> None:
    one, other = (
        scope(streams={**STREAMS, "order_status_changes": digest}) for digest in "ab"
    )

    assert change(scope(), one).owed == {"order_status_changes"}
    assert change(one, other) == ScopeChange()


def test_attachments_of_uploads_that_are_over_are_owed_only_when_they_are_new() -> None:
    one, other = (
        scope(streams={**STREAMS, "order_attachments": digest}) for digest in "ab"
    )

    assert change(scope(), one).owed == {"order_attachments", "order_attachments:past"}
    assert change(one, other).owed == {"order_attachments"}


def test_prices_that_are_asked_for_again_are_owed_where_they_once_came() -> None:
    with_prices = scope(include_price=True)

    assert change(scope(), with_prices, had_prices=True) == ScopeChange(
        ["prices"], OF_ORDERS
    )
    # They were refused, and may be again.
    assert change(scope(), with_prices) == ScopeChange()
    assert change(with_prices, scope(), had_prices=True) == ScopeChange()


def test_system_purchases_that_are_asked_for_are_owed() -> None:
    with_system = scope(include_system_purchases=True)

    assert change(scope(), with_system) == ScopeChange(
        ["system purchases"], OF_ORDERS | {"orders:new"}
    )


def test_system_purchases_that_are_not_asked_for_are_listed_no_more() -> None:
    with_system = scope(include_system_purchases=True)

    assert change(with_system, scope()) == ScopeChange(is_narrower=True)


@pytest.mark.parametrize("now", [None, MARCH])
def test_orders_before_the_last_start_date_are_owed(now: str | None) -> None:
    assert change(scope(start_date=APRIL), scope(start_date=now)) == ScopeChange(
        [f"orders created before {APRIL}"], OF_ORDERS | {"orders:new"}
    )


@pytest.mark.parametrize("before", [None, MARCH])
def test_a_later_start_date_leaves_orders_out(before: str | None) -> None:
    assert change(scope(start_date=before), scope(start_date=APRIL)) == ScopeChange(
        is_narrower=True
    )


def test_other_customers_are_a_change() -> None:
    assert change(scope(customers="0123"), scope()).has_other_customers


def test_customers_are_the_same_in_any_order_and_any_case() -> None:
    digest = customers_digest(["Contoso", "c-1", "c-1"])

    assert digest == customers_digest(["C-1", "contoso"])
    assert digest != customers_digest(["c-1"])
    assert digest != customers_digest(["c-1contoso"])
    assert customers_digest([]) is None


def test_customers_are_the_same_for_every_version_of_the_tap() -> None:
    # A state holds it: another one would have all orders looked at anew.
    assert customers_digest(["c-1", "c-2"]) == "86815416bdfe6eb3"
