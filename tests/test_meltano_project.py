"""meltano.yml says what the tap says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tap_purchase_orders.settings.schema import settings_schema
from tap_purchase_orders.tap import TapPurchaseOrders

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = yaml.safe_load(Path(__file__).parents[1].joinpath("meltano.yml").read_text())
EXTRACTOR = PROJECT["plugins"]["extractors"][0]
DECLARED = {setting["name"]: setting for setting in EXTRACTOR["settings"]}
BOTH_UPSTREAMS = {
    "partner_center": {"auth": {"method": "bearer_token", "token": "planted"}},
    "appzen": {
        "auth": {
            "method": "api_key",
            "api_key": "planted",
            "customer_id": "planted",
            "customer_key": "planted",
        },
        "purchase_order_numbers": {"source": "list", "numbers": []},
    },
}


def all_settings() -> dict[str, dict[str, Any]]:
    schema = settings_schema()
    own = dict(leaves(schema["properties"]))
    sections = set(schema["properties"])
    TapPurchaseOrders.append_builtin_config(schema)
    added = schema["properties"].items()
    return own | {name: part for name, part in added if name not in sections}


def leaves(
    properties: dict[str, Any], prefix: str = ""
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, part in properties.items():
        if "properties" in part:
            yield from leaves(part["properties"], f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", part


def kind_of(part: dict[str, Any]) -> str:
    if "enum" in part:
        return "options"
    if part.get("format") == "date-time":
        return "date_iso8601"
    types = set(part["type"]) - {"null"}
    # As an array, Meltano would not take comma-separated text from the environment.
    return "string" if "string" in types else types.pop()


def expected(name: str, part: dict[str, Any]) -> dict[str, Any]:
    setting = {
        "name": name,
        "kind": kind_of(part),
        "label": part["title"],
        "description": part["description"],
    }
    if part.get("secret"):
        setting["sensitive"] = True
    if "enum" in part:
        setting["options"] = [
            {"label": value, "value": value} for value in part["enum"]
        ]
    return setting


SETTINGS = all_settings()


def test_meltano_knows_the_settings_of_the_tap_in_their_order() -> None:
    assert list(DECLARED) == list(SETTINGS)


# And nothing more: with a default, Meltano would switch an upstream on.
@pytest.mark.parametrize("name", SETTINGS)
def test_meltano_describes_a_setting_as_the_tap_does(name: str) -> None:
    assert DECLARED[name] == expected(name, SETTINGS[name])


def test_meltano_knows_what_the_tap_can_do() -> None:
    assert EXTRACTOR["capabilities"] == sorted(map(str, TapPurchaseOrders.capabilities))


def test_meltano_leaves_out_what_the_tap_leaves_out() -> None:
    tap = TapPurchaseOrders(config=BOTH_UPSTREAMS)
    left_out = {
        ".".join([stream["stream"], *(part["breadcrumb"][1::2] or ["*"])])
        for stream in tap.catalog_dict["streams"]
        for part in stream["metadata"]
        if part["metadata"].get("selected-by-default") is False
    }

    assert left_out
    assert set(EXTRACTOR["select"]) == {"*.*", *(f"!{name}" for name in left_out)}


def test_the_project_configures_nothing_of_the_tap_and_no_secret() -> None:
    assert "config" not in EXTRACTOR
    for environment in PROJECT["environments"]:
        assert "extractors" not in environment["config"]["plugins"]
    secrets = [
        setting
        for plugins in PROJECT["plugins"].values()
        for plugin in plugins
        for setting in plugin["settings"]
        if setting.get("sensitive")
    ]
    assert secrets
    assert not [setting["name"] for setting in secrets if "value" in setting]


def test_the_project_asks_nobody_but_the_package_index() -> None:
    assert PROJECT["send_anonymous_usage_stats"] is False
    assert PROJECT["cli"] == {"disable_version_check": True}
