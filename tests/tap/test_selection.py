"""Any selection works, and nothing is asked for that no selected stream needs."""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.scenes import Played, Scene, play
from tests.tap.tap import catalog_of, run_tap
from tests.tap.upstream import Reply, Upstream
from tests.tap.worlds import (
    appzen,
    full_table,
    number_path,
    order,
    orders_path,
    partner_center,
    purchase_order,
    selection,
    serve_customers,
    serve_purchase_orders,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

LIST = "/v1/customers"
PARTNER_CENTER_STREAMS = (
    "customers",
    "orders",
    "order_line_items",
    "order_status_changes",
)
APPZEN_STREAMS = ("purchase_orders", "purchase_order_lines")
PRICING = {"listPrice": 2, "price": Decimal("1.50")}
OPEN = order("open", "c1", status="pending", creationDate="2020-01-01T00:00:00Z")
OLD = order("old", "c1", creationDate="2019-01-01T00:00:00Z")
NEW = order(
    "new",
    "c1",
    lineItems=[
        {"lineItemNumber": 0, "quantity": 3, "pricing": PRICING},
        {"lineItemNumber": 1, "offerId": "X"},
    ],
)


@functools.cache
def discovered() -> dict[str, Any]:
    """Return the catalog; discovery asks nobody, so nobody has to answer."""
    auth = {"method": "bearer_token", "token": "t"}
    keys = {"api_key": "a", "customer_id": "b", "customer_key": "c"}
    config = {
        "partner_center": {"auth": auth},
        "appzen": {
            "auth": {"method": "api_key", **keys},
            "purchase_order_numbers": {"source": "list", "numbers": ["A"]},
        },
    }
    return catalog_of(run_tap(config, "--discover"))


def world(upstream: Upstream, **settings: Any) -> dict[str, Any]:
    """Return settings for a world of one customer and one purchase order."""
    serve_customers(upstream, {"c1": [OPEN, NEW, OLD]})
    serve_purchase_orders(upstream, {"A": purchase_order("A")})
    return {
        "partner_center": partner_center(upstream),
        "appzen": appzen(upstream, ["A"]),
        **settings,
    }


def everything(upstream: Upstream) -> Mapping[str, Any]:
    return {"config": world(upstream)}


def purchase_order_lines(upstream: Upstream) -> Mapping[str, Any]:
    return _selected(upstream, "purchase_order_lines")


def purchase_orders(upstream: Upstream) -> Mapping[str, Any]:
    return _selected(upstream, "purchase_orders")


def customers(upstream: Upstream) -> Mapping[str, Any]:
    return _selected(upstream, "customers")


def orders(upstream: Upstream) -> Mapping[str, Any]:
    return _selected(upstream, "orders")


def order_line_items(upstream: Upstream) -> Mapping[str, Any]:
    return _selected(upstream, "order_line_items")


def order_status_changes(upstream: Upstream) -> Mapping[str, Any]:
    return _selected(upstream, "order_status_changes")


def extraction_issues(upstream: Upstream) -> Mapping[str, Any]:
    return _selected(upstream, "extraction_issues")


def nothing(upstream: Upstream) -> Mapping[str, Any]:
    return _selected(upstream)


def orders_of_given_customers(upstream: Upstream) -> Mapping[str, Any]:
    options = dict(_selected(upstream, "orders"))
    options["config"]["partner_center"]["customer_ids"] = ["c1"]
    return options


def arrays(upstream: Upstream) -> Mapping[str, Any]:
    catalog = selection(
        discovered(),
        "orders",
        "purchase_orders",
        orders={"lineItems": True},
        purchase_orders={"purchase_order_lines": True},
    )
    return {"config": world(upstream), "catalog": catalog}


def without_some_fields(upstream: Upstream) -> Mapping[str, Any]:
    catalog = selection(
        discovered(),
        "orders",
        "order_line_items",
        "purchase_order_lines",
        orders={"status": False, "creationDate": False, "id": False},
        order_line_items={"price": False, "quantity": False},
        purchase_order_lines={"gl_code": False},
    )
    return {"config": world(upstream), "catalog": catalog}


def mapped(upstream: Upstream) -> Mapping[str, Any]:
    maps = {
        "orders": {
            "__alias__": "sales",
            "__filter__": "record['status'] == 'completed'",
            "status": None,
            "shouted": "record['id'].upper()",
        },
        "customers": None,
    }
    return {"config": world(upstream, stream_maps=maps)}


def flattened(upstream: Upstream) -> Mapping[str, Any]:
    settings = {"flattening_enabled": True, "flattening_max_depth": 3}
    return {"config": world(upstream, **settings)}


def with_a_stream_of_another_tap(upstream: Upstream) -> Mapping[str, Any]:
    catalog = selection(discovered(), "orders")
    catalog["streams"].append(
        {
            "tap_stream_id": "invoices",
            "stream": "invoices",
            "schema": {"type": "object", "properties": {}},
            "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
        }
    )
    return {"config": world(upstream), "catalog": catalog}


def in_trouble_without_issues(upstream: Upstream) -> Mapping[str, Any]:
    options = _selected(upstream, "orders", "purchase_orders")
    upstream.answer(number_path("A"), Reply(b"", 503))
    return options


def _selected(upstream: Upstream, *streams: str) -> Mapping[str, Any]:
    return {
        "config": world(upstream),
        "catalog": selection(discovered(), *streams),
    }


# Scene, what it asks for, and what it emits.
ALONE: dict[Scene, tuple[list[str], dict[str, int]]] = {
    purchase_order_lines: ([number_path("A")], {"purchase_order_lines": 1}),
    purchase_orders: ([number_path("A")], {"purchase_orders": 1}),
    customers: ([LIST], {"customers": 1}),
    orders: ([LIST, orders_path("c1")], {"orders": 3}),
    order_line_items: ([LIST, orders_path("c1")], {"order_line_items": 4}),
    order_status_changes: ([LIST, orders_path("c1")], {"order_status_changes": 3}),
    extraction_issues: ([], {}),
    nothing: ([], {}),
    orders_of_given_customers: ([orders_path("c1")], {"orders": 3}),
    arrays: (
        [LIST, orders_path("c1"), number_path("A")],
        {"orders": 3, "purchase_orders": 1},
    ),
}


@pytest.fixture(scope="module")
def played() -> dict[Scene, Played]:
    discovered()
    return play(
        *ALONE,
        everything,
        without_some_fields,
        mapped,
        flattened,
        with_a_stream_of_another_tap,
        in_trouble_without_issues,
    )


@pytest.mark.parametrize("scene", ALONE, ids=lambda scene: scene.__name__)
def test_only_what_is_selected_is_asked_for_and_emitted(
    scene: Scene, played: dict[Scene, Played]
) -> None:
    asked, counts = ALONE[scene]
    run = played[scene].run

    assert run.status == 0
    assert played[scene].paths() == asked
    assert run.counts() == counts
    assert set(counts) <= set(run.schemas)


def test_headers_and_lines_cost_one_request_together(
    played: dict[Scene, Played],
) -> None:
    assert played[everything].paths() == [LIST, orders_path("c1"), number_path("A")]


def test_all_streams_are_selected_by_default(played: dict[Scene, Played]) -> None:
    run = played[everything].run

    assert set(run.schemas) == {
        *PARTNER_CENTER_STREAMS,
        *APPZEN_STREAMS,
        "extraction_issues",
    }
    assert run.counts() == {
        "customers": 1,
        "orders": 3,
        "order_line_items": 4,
        "order_status_changes": 3,
        "purchase_orders": 1,
        "purchase_order_lines": 1,
    }


def test_a_header_and_its_lines_bear_the_same_time(played: dict[Scene, Played]) -> None:
    run = played[everything].run
    times = {
        stream: {row["time_extracted"] for row in run.rows(stream)}
        for stream in run.counts()
    }

    assert len(times["orders"] | times["order_line_items"]) == 1
    assert len(times["purchase_orders"] | times["purchase_order_lines"]) == 1
    assert {record["line_count"] for record in run.records("orders")} == {1, 2}


def test_arrays_are_in_the_header_only_when_they_are_selected(
    played: dict[Scene, Played],
) -> None:
    by_default, selected = played[everything].run, played[arrays].run

    for stream, array in (
        ("orders", "lineItems"),
        ("purchase_orders", "purchase_order_lines"),
    ):
        assert array not in by_default.schemas[stream]["schema"]["properties"]
        assert all(array not in record for record in by_default.records(stream))
        assert array in selected.schemas[stream]["schema"]["properties"]
    (new,) = (r for r in selected.records("orders") if r["id"] == "new")
    assert new["lineItems"] == NEW["lineItems"]
    (record,) = selected.records("purchase_orders")
    assert record["purchase_order_lines"] == [{"line_number": 1, "gl_code": "0100"}]


def test_deselected_fields_are_in_no_record_and_no_schema_but_keys_stay(
    played: dict[Scene, Played],
) -> None:
    run = played[without_some_fields].run

    for stream, field in (
        ("orders", "status"),
        ("order_line_items", "quantity"),
        ("purchase_order_lines", "gl_code"),
    ):
        assert field not in run.schemas[stream]["schema"]["properties"]
        assert all(field not in record for record in run.records(stream))
    assert {record["id"] for record in run.records("orders")} == {"open", "new", "old"}
    (line,) = (r for r in run.records("order_line_items") if r["pricing"])
    assert line["pricing"] == {"listPrice": 2}


def test_digests_of_orders_include_deselected_fields(
    played: dict[Scene, Played],
) -> None:
    (partial,), (whole,) = (
        played[scene].run.state["bookmarks"]["orders"]["partitions"]
        for scene in (without_some_fields, everything)
    )

    def digests(partition: dict[str, Any]) -> dict[str, str]:
        followed = partition["followed_orders"]
        return {order_id: digest for order_id, (_, _, digest) in followed.items()}

    assert digests(partial) == digests(whole)


def test_stream_maps_change_names_fields_and_what_is_emitted(
    played: dict[Scene, Played],
) -> None:
    run = played[mapped].run

    assert "customers" not in run.schemas
    assert "orders" not in run.schemas
    assert [record["shouted"] for record in run.records("sales")] == ["NEW", "OLD"]
    assert all("status" not in record for record in run.records("sales"))
    assert "status" not in run.schemas["sales"]["schema"]["properties"]


def test_flattening_makes_columns_of_nested_fields(played: dict[Scene, Played]) -> None:
    run = played[flattened].run
    (line,) = (
        r
        for r in run.records("order_line_items")
        if r.get("pricing__price") is not None
    )

    assert line["pricing__price"] == Decimal("1.50")
    assert "pricing" not in line
    assert "pricing__price" in run.schemas["order_line_items"]["schema"]["properties"]


def test_a_stream_that_this_tap_does_not_have_does_not_disturb(
    played: dict[Scene, Played],
) -> None:
    run = played[with_a_stream_of_another_tap].run

    assert run.status == 0
    assert run.counts() == {"orders": 3}


def test_a_failure_fails_the_run_even_if_issues_are_not_selected(
    played: dict[Scene, Played],
) -> None:
    run = played[in_trouble_without_issues].run

    assert run.status == 1
    assert set(run.schemas) == {"orders", "purchase_orders"}
    assert run.counts() == {"orders": 3}
    assert "unavailable" in " ".join(run.warnings)


def test_a_quiet_second_run_emits_no_order_unless_a_full_table_is_chosen(
    played: dict[Scene, Played],
) -> None:
    state = played[everything].run.state

    def incremental(upstream: Upstream) -> Mapping[str, Any]:
        return {"config": world(upstream), "state": state}

    def whole(upstream: Upstream) -> Mapping[str, Any]:
        catalog = full_table(discovered(), *PARTNER_CENTER_STREAMS)
        return {"config": world(upstream), "state": state, "catalog": catalog}

    again = play(incremental, whole)
    quiet, full = again[incremental].run, again[whole].run

    assert quiet.counts() == {
        "customers": 1,
        "purchase_orders": 1,
        "purchase_order_lines": 1,
    }
    assert quiet.state == state
    assert len(full.records("orders")) == 3
    assert len(full.records("order_line_items")) == 4
    assert full.state == state


def test_a_full_table_of_headers_alone_brings_their_lines() -> None:
    # A line row older than its header is a line that the upstream no longer has.
    catalog = full_table(discovered(), "orders")
    with Upstream() as upstream:
        serve_customers(upstream, {"c1": [order("o1", "c1"), order("o2", "c1")]})
        config = {"partner_center": partner_center(upstream)}
        first = run_tap(config)
        again = run_tap(config, catalog=catalog, state=first.state)

    names = ("orders", "order_line_items")
    times = [{row["time_extracted"] for row in again.rows(name)} for name in names]
    assert [len(again.rows(name)) for name in names] == [2, 2]
    assert times[0] == times[1]
    assert again.records("order_status_changes") == []
