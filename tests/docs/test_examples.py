"""The example files at the top level, against the settings that they set."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from dotenv import dotenv_values

from tap_purchase_orders.settings.load import load_settings
from tap_purchase_orders.settings.schema import settings_schema

PROJECT = Path(__file__).parents[2]


def test_the_example_configuration_is_accepted_as_it_stands() -> None:
    config = json.loads((PROJECT / "config.example.json").read_text(encoding="utf-8"))

    settings = load_settings(config, settings_schema())

    assert settings.partner_center
    assert settings.appzen


def test_every_variable_of_the_example_is_a_setting_of_its_plugin() -> None:
    project = yaml.safe_load((PROJECT / "meltano.yml").read_text(encoding="utf-8"))
    plugins = [*project["plugins"]["extractors"], *project["plugins"]["loaders"]]
    settings = {
        f"{plugin['name']}_{setting['name']}".upper()
        .replace(".", "_")
        .replace("-", "_")
        for plugin in plugins
        for setting in plugin.get("settings", [])
    }

    assert dotenv_values(PROJECT / ".env.example").keys() <= settings
