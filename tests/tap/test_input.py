"""States, catalogs and selections as they are given: taken, refused, or spoken of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.scenes import Played, Scene, play
from tests.tap.tap import catalog_of, run_tap
from tests.tap.upstream import Reply, Upstream
from tests.tap.worlds import (
    appzen,
    appzen_error,
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

PARTITION = {
    "context": {"customer_id": "c1"},
    "replication_key": "creationDate",
    "replication_key_value": "2026-03-01T00:00:00Z",
}
STATE = {"bookmarks": {"orders": {"partitions": [PARTITION]}}}


def world(upstream: Upstream) -> dict[str, Any]:
    old = order("o1", "c1", creationDate="2020-01-01T00:00:00Z", status="completed")
    serve_customers(upstream, {"c1": [old]})
    serve_purchase_orders(upstream, {"A": purchase_order("A")})
    return {
        "partner_center": partner_center(upstream),
        "appzen": appzen(upstream, ["A"]),
    }


def catalog(config: Mapping[str, Any], *streams: str) -> dict[str, Any]:
    return selection(catalog_of(run_tap(config, "--discover")), *streams)


def state_as_it_is(upstream: Upstream) -> Mapping[str, Any]:
    return {"config": world(upstream), "state": STATE}


def state_as_a_message(upstream: Upstream) -> Mapping[str, Any]:
    return {
        "config": world(upstream),
        "state": {"type": "STATE", "value": STATE},
    }


def nothing_selected(upstream: Upstream) -> Mapping[str, Any]:
    config = world(upstream)
    return {"config": config, "catalog": catalog(config)}


def nothing_to_read_selected(upstream: Upstream) -> Mapping[str, Any]:
    config = world(upstream)
    return {"config": config, "catalog": catalog(config, "extraction_issues")}


def no_streams_in_the_catalog(upstream: Upstream) -> Mapping[str, Any]:
    return {"config": world(upstream), "catalog": {"streams": []}}


def unknown_stream(upstream: Upstream) -> Mapping[str, Any]:
    config = world(upstream)
    given = catalog(config, "customers")
    text = json.dumps(given["streams"][0]).replace(
        given["streams"][0]["tap_stream_id"], "ordres"
    )
    given["streams"].append(json.loads(text))
    return {"config": config, "catalog": given}


def stream_of_an_upstream_that_is_not_set(upstream: Upstream) -> Mapping[str, Any]:
    config = world(upstream)
    given = catalog(config, "customers", "purchase_orders")
    del config["appzen"]
    return {"config": config, "catalog": given}


def without_issues(upstream: Upstream) -> Mapping[str, Any]:
    config = world(upstream)
    config["appzen"] = appzen(upstream, ["A", "B", "C", ".."])
    upstream.answer(number_path("B"), appzen_error(404))
    upstream.answer(number_path("C"), Reply(b"", 503))
    serve_customers(upstream, {"c1": Reply(b"", 404), "c2": [order("o1", "c2")]})
    streams = ("orders", "purchase_orders")
    return {"config": config, "catalog": catalog(config, *streams)}


def sign_in_refused(upstream: Upstream) -> Mapping[str, Any]:
    config = world(upstream)
    upstream.answer(number_path("A"), Reply(b"", 401))
    return {"config": config}


SCENES: tuple[Scene, ...] = (
    state_as_it_is,
    state_as_a_message,
    nothing_selected,
    nothing_to_read_selected,
    no_streams_in_the_catalog,
    unknown_stream,
    stream_of_an_upstream_that_is_not_set,
    without_issues,
    sign_in_refused,
)


@pytest.fixture(scope="module")
def played() -> dict[Scene, Played]:
    return play(*SCENES)


def test_a_whole_state_message_is_the_state_in_it(played: dict[Scene, Played]) -> None:
    as_it_is, as_a_message = (
        played[scene].run for scene in (state_as_it_is, state_as_a_message)
    )

    assert as_it_is.status == as_a_message.status == 0
    # The order is older than the bookmark.
    assert as_it_is.records("orders") == as_a_message.records("orders") == []
    assert as_a_message.state == as_it_is.state


@pytest.mark.parametrize(
    ("scene", "said"),
    [
        (nothing_selected, "no stream is selected: nothing is read"),
        (nothing_to_read_selected, "no selected stream is read from an upstream"),
        (unknown_stream, "the catalog names streams that do not exist: ordres"),
        (stream_of_an_upstream_that_is_not_set, "do not open: purchase_orders"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_catalog_that_is_of_no_use_is_spoken_of(
    scene: Scene, said: str, played: dict[Scene, Played]
) -> None:
    run = played[scene].run

    assert run.status == 0
    assert len([line for line in run.warnings if said in line]) == 1


def test_what_is_selected_beside_it_is_read(played: dict[Scene, Played]) -> None:
    for scene in (unknown_stream, stream_of_an_upstream_that_is_not_set):
        assert len(played[scene].run.records("customers")) == 1
    for scene in (nothing_selected, nothing_to_read_selected):
        assert played[scene].asked == []


def test_without_the_stream_of_issues_the_log_names_each_key_that_was_not_read(
    played: dict[Scene, Played],
) -> None:
    run = played[without_issues].run
    named = [line for line in run.warnings if line.startswith("not read: ")]

    assert run.status == 1
    assert sorted(line.split(": ")[1] for line in named) == [
        "orders c1",
        "purchase_orders ..",
        "purchase_orders B",
        "purchase_orders C",
    ]
    assert any("not_found" in line for line in named if " B:" in line)
    assert "see the stream" not in run.log


def test_with_the_stream_of_issues_the_log_is_spared(
    played: dict[Scene, Played],
) -> None:
    assert "not read: " not in played[sign_in_refused].run.log


def test_metrics_say_which_streams_were_not_read_to_the_end(
    played: dict[Scene, Played],
) -> None:
    run = played[sign_in_refused].run
    told = [
        json.loads(line.partition("METRIC: ")[2])
        for line in run.log.splitlines()
        if "METRIC: " in line and '"timer"' in line
    ]
    status = {each["tags"]["stream"]: each["tags"]["status"] for each in told}

    assert run.status == 1
    assert status["purchase_orders"] == status["purchase_order_lines"] == "failed"
    assert status["orders"] == status["customers"] == "succeeded"
    assert played[state_as_it_is].run.status == 0


def test_the_orders_of_a_scene_are_asked_for(played: dict[Scene, Played]) -> None:
    """Else the tests above would say little."""
    assert played[state_as_a_message].asked_for(orders_path("c1"))


def test_a_catalog_that_names_no_keys_leaves_each_stream_its_own() -> None:
    with Upstream() as upstream:
        config = world(upstream)
        given = catalog(config, "orders", "purchase_orders")
        for entry in given["streams"]:
            del entry["key_properties"]
            for part in entry["metadata"]:
                part["metadata"].pop("table-key-properties", None)
        run = run_tap(config, catalog=given)

    keys = {name: schema["key_properties"] for name, schema in run.schemas.items()}
    assert keys == {
        "orders": ["referenceCustomerId", "id"],
        "purchase_orders": ["purchase_order_number"],
    }
