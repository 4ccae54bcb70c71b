"""The options of the command: discovery, description, connection test, environment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.scenes import Played, Scene, play_named
from tests.tap.tap import catalog_of
from tests.tap.upstream import Reply, json_reply
from tests.tap.worlds import (
    SECRETS,
    appzen,
    appzen_error,
    collection,
    customer,
    number_path,
    order,
    partner_center,
    partner_center_error,
    purchase_order,
    serve_customers,
    serve_purchase_orders,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.tap.upstream import Upstream

PARTNER_CENTER_STREAMS = {
    "customers": ["id"],
    "orders": ["referenceCustomerId", "id"],
    "order_line_items": ["referenceCustomerId", "orderId", "lineItemNumber"],
    "order_status_changes": ["referenceCustomerId", "orderId", "sequence"],
}
APPZEN_STREAMS = {
    "purchase_orders": ["purchase_order_number"],
    "purchase_order_lines": ["purchase_order_number", "line_key"],
}
ISSUES = {"extraction_issues": ["issue_id"]}


def both(upstream: Upstream) -> dict[str, Any]:
    serve_customers(upstream, {"c1": [order("o1", "c1")]})
    serve_purchase_orders(upstream, {"A": purchase_order("A")})
    return {
        "partner_center": partner_center(upstream),
        "appzen": appzen(upstream, ["A", "B"]),
    }


def partner_center_alone(upstream: Upstream) -> dict[str, Any]:
    return {"partner_center": both(upstream)["partner_center"]}


def appzen_alone(upstream: Upstream) -> dict[str, Any]:
    return {"appzen": both(upstream)["appzen"]}


def given_customer(upstream: Upstream) -> dict[str, Any]:
    config = partner_center_alone(upstream)
    config["partner_center"]["customer_ids"] = ["c1"]
    return config


def unknown_number(upstream: Upstream) -> dict[str, Any]:
    config = appzen_alone(upstream)
    upstream.answer(number_path("A"), appzen_error(404))
    return config


def bad_credentials(upstream: Upstream) -> dict[str, Any]:
    config = both(upstream)
    upstream.answer("/v1/customers", partner_center_error(401, 400))
    upstream.answer(number_path("A"), appzen_error(401))
    return config


def bad_addresses(upstream: Upstream) -> dict[str, Any]:
    config = both(upstream)
    upstream.answer("/v1/customers", Reply(b"<html>", 404))
    upstream.answer(number_path("A"), Reply(b"<html>"))
    return config


def one_good_one_bad(upstream: Upstream) -> dict[str, Any]:
    config = both(upstream)
    upstream.answer(number_path("A"), appzen_error(403))
    return config


def nobody_there(upstream: Upstream) -> dict[str, Any]:
    config = both(upstream)
    for section in config.values():
        section["api_url"] = "http://127.0.0.1:1"
    return config


def many_customers(upstream: Upstream) -> dict[str, Any]:
    config = partner_center_alone(upstream)
    link = {"uri": "/customers?page=2", "method": "GET", "headers": []}
    page = collection([customer("c1")], links={"next": link})
    upstream.answer("/v1/customers", json_reply(page))
    return config


# Name, settings, arguments.
RUNS: dict[str, tuple[Callable[[Upstream], dict[str, Any]], list[str]]] = {
    "discover-both": (both, ["--discover"]),
    "discover-partner-center": (partner_center_alone, ["--discover"]),
    "discover-appzen": (appzen_alone, ["--discover"]),
    "about": (both, ["--about"]),
    "about-json": (both, ["--about", "--format=json"]),
    "version": (both, ["--version"]),
    "test-both": (both, ["--test"]),
    "test-given-customer": (given_customer, ["--test"]),
    "test-unknown-number": (unknown_number, ["--test"]),
    "test-bad-credentials": (bad_credentials, ["--test"]),
    "test-bad-addresses": (bad_addresses, ["--test"]),
    "test-one-good-one-bad": (one_good_one_bad, ["--test"]),
    "test-nobody-there": (nobody_there, ["--test"]),
    "test-many-customers": (many_customers, ["--test"]),
}


def without_settings(*arguments: str) -> Scene:
    return lambda _upstream: {"config": None, "arguments": arguments}


def by_environment(upstream: Upstream) -> Mapping[str, Any]:
    config = both(upstream)
    return {
        "config": None,
        "arguments": ["--config=ENV"],
        "environment": {
            f"TAP_PURCHASE_ORDERS_{name.upper()}": json.dumps(section)
            for name, section in config.items()
        },
    }


def mistake_in_the_environment(upstream: Upstream) -> Mapping[str, Any]:
    options = dict(by_environment(upstream))
    options["environment"]["TAP_PURCHASE_ORDERS_PARTNER_CENTER"] = "{"
    return options


def of_the_sdk(value: str) -> Scene:
    def scene(upstream: Upstream) -> Mapping[str, Any]:
        return {"config": both(upstream), "arguments": [f"--test={value}"]}

    return scene


@pytest.fixture(scope="module")
def played() -> dict[str, Played]:
    def scene(
        config: Callable[[Upstream], dict[str, Any]], arguments: list[str]
    ) -> Scene:
        return lambda upstream: {"config": config(upstream), "arguments": arguments}

    scenes = {name: scene(*parts) for name, parts in RUNS.items()}
    scenes["about-without-settings"] = without_settings("--about")
    scenes["discover-without-settings"] = without_settings("--discover")
    scenes["test-without-settings"] = without_settings("--test")
    scenes["run-without-settings"] = without_settings()
    scenes["environment"] = by_environment
    scenes["mistake-in-the-environment"] = mistake_in_the_environment
    scenes["test-schema"] = of_the_sdk("schema")
    return play_named(scenes)


@pytest.mark.parametrize(
    ("name", "streams"),
    [
        ("discover-both", PARTNER_CENTER_STREAMS | APPZEN_STREAMS | ISSUES),
        ("discover-partner-center", PARTNER_CENTER_STREAMS | ISSUES),
        ("discover-appzen", APPZEN_STREAMS | ISSUES),
    ],
)
def test_discovery_shows_the_streams_of_the_configured_upstreams_without_a_request(
    name: str, streams: dict[str, list[str]], played: dict[str, Played]
) -> None:
    catalog = catalog_of(played[name].run)
    keys = {
        entry["tap_stream_id"]: entry["key_properties"] for entry in catalog["streams"]
    }

    assert streams.items() <= keys.items()
    others = keys.keys() - streams.keys()
    assert others <= {"order_attachments", "order_provisioning_status"}
    assert played[name].asked == []
    assert played[name].run.status == 0


def test_the_catalog_says_how_streams_are_replicated(played: dict[str, Played]) -> None:
    catalog = catalog_of(played["discover-both"].run)
    entries = {entry["tap_stream_id"]: entry for entry in catalog["streams"]}

    for name in ("orders", "order_line_items", "order_status_changes"):
        assert entries[name]["replication_method"] == "INCREMENTAL"
    for name in ("purchase_orders", "purchase_order_lines", "customers"):
        assert entries[name]["replication_method"] == "FULL_TABLE"
    assert entries["orders"]["replication_key"] == "creationDate"


def test_every_field_of_the_catalog_has_a_description_and_arrays_wait_to_be_selected(
    played: dict[str, Played],
) -> None:
    catalog = catalog_of(played["discover-both"].run)
    by_default = {
        (entry["tap_stream_id"], part["breadcrumb"][1]): part["metadata"]
        for entry in catalog["streams"]
        for part in entry["metadata"]
        if len(part["breadcrumb"]) == 2
    }

    for entry in catalog["streams"]:
        for name, schema in entry["schema"]["properties"].items():
            assert schema.get("description"), name
    for stream, array in (
        ("orders", "lineItems"),
        ("purchase_orders", "purchase_order_lines"),
    ):
        assert by_default[stream, array]["inclusion"] == "available"
        assert by_default[stream, array].get("selected-by-default") is False


def test_about_needs_no_settings_and_names_each_of_them(
    played: dict[str, Played],
) -> None:
    for name in ("about", "about-without-settings"):
        run = played[name].run
        assert run.status == 0
        for setting in ("start_date", "strict", "shard", "partner_center", "appzen"):
            assert setting in run.output.decode()
    about = json.loads(played["about-json"].run.output)
    assert about["name"] == "tap-purchase-orders"
    assert {"catalog", "state", "discover", "about", "stream-maps"} <= set(
        about["capabilities"]
    )


def test_secrets_are_marked_in_the_settings(played: dict[str, Played]) -> None:
    settings = json.loads(played["about-json"].run.output)["settings"]["properties"]

    def marked(section: str) -> set[str]:
        auth = settings[section]["properties"]["auth"]["properties"]
        return {name for name, schema in auth.items() if schema.get("secret")}

    assert {"api_key", "customer_id", "customer_key"} <= marked("appzen")
    assert {"client_secret", "token"} <= marked("partner_center")


def test_the_version_is_one_line(played: dict[str, Played]) -> None:
    run = played["version"].run

    assert run.status == 0
    assert run.output.startswith(b"tap-purchase-orders v")


WORKS = {
    "test-both": ("Partner Center", "AppZen"),
    "test-given-customer": ("Partner Center",),
    "test-unknown-number": ("AppZen",),
    "test-many-customers": ("Partner Center",),
}
# Upstream and setting of each line.
DOES_NOT_WORK = {
    "test-bad-credentials": [
        ("Partner Center", "partner_center.auth"),
        ("AppZen", "appzen.auth"),
    ],
    "test-bad-addresses": [
        ("Partner Center", "partner_center.api_url"),
        ("AppZen", "appzen.api_url"),
    ],
    "test-one-good-one-bad": [("AppZen", "appzen.auth")],
    "test-nobody-there": [
        ("Partner Center", "partner_center.api_url"),
        ("AppZen", "appzen.api_url"),
    ],
}


@pytest.mark.parametrize("name", WORKS)
def test_the_connection_test_says_what_works(
    name: str, played: dict[str, Played]
) -> None:
    run = played[name].run

    assert run.status == 0, run.log
    assert run.errors == []
    for upstream in WORKS[name]:
        assert any(upstream in line for line in run.logged("INFO"))


@pytest.mark.parametrize("name", DOES_NOT_WORK)
def test_the_connection_test_says_which_setting_to_look_at(
    name: str, played: dict[str, Played]
) -> None:
    run = played[name].run

    assert run.status == 1
    assert len(run.errors) == len(DOES_NOT_WORK[name]), run.log
    for line, (upstream, setting) in zip(run.errors, DOES_NOT_WORK[name], strict=True):
        assert upstream in line
        assert setting in line


def test_a_working_upstream_is_named_beside_one_that_does_not(
    played: dict[str, Played],
) -> None:
    run = played["test-one-good-one-bad"].run

    assert any("Partner Center" in line for line in run.logged("INFO"))


def test_the_connection_test_costs_one_read_of_each_upstream(
    played: dict[str, Played],
) -> None:
    assert len(played["test-both"].asked) == 2
    assert len(played["test-many-customers"].asked) == 1
    assert len(played["test-given-customer"].asked) == 1


def test_no_command_but_about_works_without_settings(
    played: dict[str, Played],
) -> None:
    for name in ("discover", "test", "run"):
        run = played[f"{name}-without-settings"].run
        assert run.status == 1, name
        assert run.output == b""
        assert len(run.errors) == 1
        assert "partner_center" in run.errors[0]
        assert "appzen" in run.errors[0]


def test_settings_may_come_from_the_environment(played: dict[str, Played]) -> None:
    run = played["environment"].run

    assert run.status == 0, run.log
    assert len(run.records("orders")) == 1
    assert len(run.records("purchase_orders")) == 1


def test_a_mistake_in_the_environment_is_a_mistake_in_the_settings(
    played: dict[str, Played],
) -> None:
    scene = played["mistake-in-the-environment"]

    assert scene.run.status == 1
    assert scene.asked == []
    assert any("partner_center" in line.lower() for line in scene.run.errors)
    assert SECRETS["token"] not in scene.run.log


def test_the_test_option_of_the_sdk_writes_schemas_only(
    played: dict[str, Played],
) -> None:
    run = played["test-schema"].run

    assert run.status == 0
    assert set(run.schemas) >= {"orders", "purchase_orders"}
    assert run.counts() == {}
    assert played["test-schema"].asked == []
