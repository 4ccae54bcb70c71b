"""What a run asks for more than the one before comes in that run, and then no more."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from tests.tap.tap import Run, catalog_of, run_tap
from tests.tap.upstream import Reply, Upstream, json_reply
from tests.tap.worlds import (
    appzen,
    collection,
    customer,
    order,
    orders_path,
    partner_center,
    partner_center_error,
    purchase_order,
    selection,
    serve_purchase_orders,
)

if TYPE_CHECKING:
    from tests.tap.upstream import Asked

OLD = "2020-01-01T00:00:00Z"
FIRST = "2018-01-01T00:00:00Z"
OLDER = "2019-01-01T00:00:00Z"
NEW = "2026-03-01T10:00:00Z"
# What an order may be: old, older, new, by the system, in the upload of its order.
ORDERS = [
    order("older", "c1", creationDate=OLDER),
    order("old", "c1", creationDate=OLD),
    order("new", "c1", creationDate=NEW),
    order("open", "c1", creationDate=OLD, status="pending_po_upload"),
]
SYSTEM = order("renewal", "c1", creationDate=OLDER, transactionType="SystemPurchase")
ALL = {"older", "old", "new", "open"}
STREAMS = ("orders", "order_line_items", "order_status_changes")


def serve(upstream: Upstream) -> None:
    """Answer for one customer, by the parameters of the request."""

    def reply(asked: Asked) -> Reply:
        query = parse_qs(asked.query)
        prices = {"totalPrice": 5} if "include_price" in query else {}
        system = [SYSTEM] if "include_system_purchases" in query else []
        return json_reply(collection([{**it, **prices} for it in (*ORDERS, *system)]))

    upstream.answer("/v1/customers", json_reply(collection([customer("c1")])))
    upstream.answer(orders_path("c1"), reply)


@pytest.fixture(scope="module")
def discovered() -> dict[str, Any]:
    auth = {"method": "bearer_token", "token": "t"}
    return catalog_of(run_tap({"partner_center": {"auth": auth}}, "--discover"))


def ids(run: Run, stream: str = "orders") -> set[str]:
    name = "id" if stream == "orders" else "orderId"
    return {record[name] for record in run.records(stream)}


def read_from(
    upstream: Upstream, before: Run | None, start_date: str, **settings: Any
) -> Run:
    """Run the tap from the state that a run has left."""
    return run_tap(
        {
            "start_date": start_date,
            "partner_center": partner_center(upstream, **settings),
        },
        state=None if before is None else before.state,
    )


def added(run: Run) -> list[str]:
    return [line for line in run.logged("INFO") if "added since the last run" in line]


def test_selection_streams_that_are_selected_later_or_again_bring_all_their_rows(
    discovered: dict[str, Any],
) -> None:
    headers, lines, both = (
        selection(discovered, *names)
        for names in (["orders"], ["order_line_items"], ["orders", "order_line_items"])
    )
    steps = selection(discovered, *STREAMS)
    with Upstream() as upstream:
        serve(upstream)
        config = {"partner_center": partner_center(upstream)}

        def read(catalog: Any, before: Run | None) -> Run:
            return run_tap(
                config, catalog=catalog, state=None if before is None else before.state
            )

        first = read(headers, None)
        with_lines = read(both, first)
        quiet = read(both, with_lines)
        only_lines = read(lines, quiet)
        again = read(both, only_lines)
        with_steps = read(steps, again)
        still = read(steps, with_steps)

    assert ids(with_lines) == ids(with_lines, "order_line_items") == ALL
    assert len(added(with_lines)) == 1
    assert "order_line_items" in added(with_lines)[0]
    assert quiet.counts() == only_lines.counts() == {}
    # Headers were off for a run: with them come the lines, so that none looks gone.
    assert ids(again) == ids(again, "order_line_items") == ALL
    assert ids(with_steps, "order_status_changes") == ALL
    assert "orders" not in with_steps.counts()
    assert still.counts() == {}
    assert added(quiet) == added(only_lines) == added(still) == []


def test_selection_prices_system_purchases_and_earlier_orders_come() -> None:
    with Upstream() as upstream:
        serve(upstream)

        read = partial(read_from, upstream)
        first = read(None, "2019-06-01T00:00:00Z")
        earlier = read(first, FIRST)
        system = read(earlier, FIRST, include_system_purchases=True)
        prices = read(system, FIRST, include_system_purchases=True, include_price=True)
        quiet = read(prices, FIRST, include_system_purchases=True, include_price=True)

    assert ids(first) == ALL - {"older"}
    assert "older" in ids(earlier)
    assert ids(earlier, "order_status_changes") == {"older"}
    assert "renewal" in ids(system)
    assert ids(system, "order_status_changes") == {"renewal"}
    assert {
        it["id"]: it["totalPrice"] for it in prices.records("orders")
    } == dict.fromkeys([*ALL, "renewal"], 5)
    assert prices.records("order_status_changes") == []
    assert quiet.counts() == {"customers": 1}


@pytest.mark.parametrize("later", [False, True], ids=["at-once", "one-by-one"])
def test_selection_earlier_orders_come_with_their_steps_though_others_are_left_out(
    *, later: bool
) -> None:
    with Upstream() as upstream:
        serve(upstream)

        read = partial(read_from, upstream)
        run = read(None, "2019-06-01T00:00:00Z", include_system_purchases=True)
        if later:
            # The customer is not read between the two changes.
            upstream.answer(orders_path("c1"), partner_center_error(403, "1"))
            run = read(run, "2019-06-01T00:00:00Z")
            serve(upstream)
        earlier = read(run, FIRST)
        quiet = read(earlier, FIRST)

    assert "older" in ids(earlier)
    assert "older" in ids(earlier, "order_status_changes")
    assert quiet.counts() == {"customers": 1}


def test_selection_a_filter_of_a_stream_map_that_is_taken_away_hides_nothing() -> None:
    with Upstream() as upstream:
        serve(upstream)
        config = {"partner_center": partner_center(upstream)}
        maps = {"orders": {"__filter__": "status != 'completed'"}}
        first = run_tap({**config, "stream_maps": maps})
        second = run_tap(config, state=first.state)

    assert ids(first) == {"open"}
    assert ids(second) == ids(second, "order_line_items") == ALL


def test_selection_what_could_not_be_read_is_owed_until_it_is_read(
    discovered: dict[str, Any],
) -> None:
    both = selection(discovered, "orders", "order_line_items")
    with Upstream() as upstream:
        serve(upstream)
        config = {"partner_center": partner_center(upstream)}
        first = run_tap(config, catalog=selection(discovered, "orders"))
        upstream.answer(orders_path("c1"), Reply(b"", 503))
        failed = run_tap(config, catalog=both, state=first.state)
        serve(upstream)
        second = run_tap(config, catalog=both, state=failed.state)

    assert failed.status == 1
    assert ids(second, "order_line_items") == ALL


def test_selection_lines_of_purchase_orders_come_though_a_run_was_interrupted() -> None:
    lines_of = ("purchase_orders", "purchase_order_lines")
    with Upstream() as upstream:
        serve_purchase_orders(
            upstream, {name: purchase_order(name) for name in ("A", "B")}
        )
        section = appzen(upstream, ["A", "B"], max_requests_per_run=1)
        config = {"appzen": section}
        catalog = catalog_of(run_tap(config, "--discover"))
        first = run_tap(config, catalog=selection(catalog, "purchase_orders"))
        section["max_requests_per_run"] = 5
        second = run_tap(
            config, catalog=selection(catalog, *lines_of), state=first.state
        )

    assert [it["purchase_order_number"] for it in first.records(lines_of[0])] == ["A"]
    lines = second.records("purchase_order_lines")
    assert [it["purchase_order_number"] for it in lines] == ["A", "B"]


def test_selection_issues_that_are_selected_later_come(
    discovered: dict[str, Any],
) -> None:
    odd = order("odd", "c1", creationDate=OLD, totalPrice="much")
    with Upstream() as upstream:
        upstream.answer("/v1/customers", json_reply(collection([customer("c1")])))
        items = [order("new", "c1", creationDate=NEW), odd]
        upstream.answer(orders_path("c1"), json_reply(collection(items)))
        config = {"partner_center": partner_center(upstream)}
        first = run_tap(config, catalog=selection(discovered, *STREAMS))
        second = run_tap(config, state=first.state)
        quiet = run_tap(config, state=second.state)

    (issue,) = second.issues()
    assert (issue["kind"], issue["record_key"]) == ("unreadable_value", "c1/odd")
    assert ["extraction_issues" in line for line in added(second)] == [True]
    assert second.records("order_status_changes") == []
    assert quiet.counts() == {"customers": 1}


def test_selection_issues_of_purchase_orders_come_though_a_run_was_interrupted() -> (
    None
):
    with Upstream() as upstream:
        odd = purchase_order("A", start_date="soon")
        serve_purchase_orders(upstream, {"A": odd, "B": purchase_order("B")})
        section = appzen(upstream, ["A", "B"], max_requests_per_run=1)
        config = {"appzen": section}
        catalog = catalog_of(run_tap(config, "--discover"))
        names = ("purchase_orders", "purchase_order_lines")
        first = run_tap(config, catalog=selection(catalog, *names))
        section["max_requests_per_run"] = 5
        second = run_tap(config, state=first.state)

    assert [issue["field"] for issue in second.issues()] == ["start_date"]


# Known values stay


def test_known_values_stay_when_prices_are_refused_that_came_before() -> None:
    is_refused = False
    with Upstream() as upstream:
        upstream.answer("/v1/customers", json_reply(collection([customer("c1")])))

        def reply(asked: Asked) -> Reply:
            with_price = "include_price" in asked.query
            if with_price and is_refused:
                return partner_center_error(403, 800043)
            prices = {"totalPrice": 5} if with_price else {}
            return json_reply(collection([{**it, **prices} for it in ORDERS]))

        upstream.answer(orders_path("c1"), reply)
        config = {"partner_center": partner_center(upstream, include_price=True)}
        first = run_tap(config)
        is_refused = True
        refused = run_tap(config, state=first.state)
        never = run_tap(config)
        is_refused = False
        granted = run_tap(config, state=refused.state)
        at_last = run_tap(config, state=never.state)

    assert refused.status == 1
    assert refused.records("orders") == []
    (issue,) = refused.issues()
    assert (issue["kind"], issue["error_code"]) == ("forbidden", "800043")
    assert issue["record_key"] == "c1"
    assert any("include_price" in line for line in refused.errors)
    # Where none ever came, the run goes on without.
    assert never.status == 0
    assert ids(never) == ALL
    assert [line for line in never.warnings if "prices" in line]
    assert granted.counts() == {"customers": 1}
    assert {it["totalPrice"] for it in at_last.records("orders")} == {5}
    assert ids(at_last) == ALL
