# ruff: noqa: INP001  # run as a script
"""Writes what Meltano has to know of the tap, for other projects than this one.

`python docs/generate_hub.py` writes two files below hub/: the plugin definition in the
format of Meltano Hub, and the same as a lock file, as Meltano itself would make it of
the Hub's answer. With `--check` it only says whether that would change anything. What
meltano.yml says of the tap is the same, and a test holds them together.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib.metadata import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from generate import ALL_STREAMS

from tap_purchase_orders.settings.schema import settings_schema
from tap_purchase_orders.tap import TapPurchaseOrders

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HUB = Path(__file__).resolve().parents[1] / "hub"

_NAME = TapPurchaseOrders.name
_VARIANT = "original"
# Where the Hub, and a project, look for them.
_DEFINITION = Path("_data", "meltano", "extractors", _NAME, f"{_VARIANT}.yml")
_LOCK = Path("plugins", "extractors", f"{_NAME}--{_VARIANT}.lock")
_HEADER = "# Written by docs/generate_hub.py. hub/README.md tells how to use it.\n"
_WIDTH = 88

# What the Hub's page of the tap says besides the settings.
_PREREQUISITES = """\
For Partner Center a direct-bill partner or indirect provider, and an application that
is registered in Partner Center. For AppZen an API key, a customer id and a customer
key. One of the two systems is enough.
"""
_SETTINGS_PREAMBLE = """\
An upstream, Partner Center or AppZen, is read as soon as one of its settings is given.
What is not given has the tap's own default. As a variable of the environment
`partner_center.customer_ids` is a JSON array, and
`appzen.purchase_order_numbers.numbers` is comma-separated text.
"""
_NEXT_STEPS = """\
`meltano invoke tap-purchase-orders --test` signs in to each upstream, makes one cheap
read, and says what works or which setting to look at.
"""
_USAGE = """\
## Two upstreams, two schedules

Partner Center and AppZen can be read at different times: let two extractors inherit
from this one, and select the streams of one upstream in each. Nothing is asked that no
selected stream needs. Select `extraction_issues` in both.

## Once a week, everything

Orders that are at rest are not followed any more. With `partner_center.full_table_days`
each customer is taken whole once in so many days, from the same state.

## Into PostgreSQL

`target-postgres` writes instants in the local time of its session. Where the server,
the database or the role may have another time zone than UTC, give the loader
`env: {PGTZ: UTC}` in meltano.yml. With `validate_records: false` it takes less than
half the time: the records of this tap are valid.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the files; return the exit status: 1 if a check fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("folder", nargs="?", type=Path, default=HUB)
    options = parser.parse_args(arguments)
    status = 0
    for place, text in ((_DEFINITION, _as_yaml()), (_LOCK, _as_lock())):
        path = options.folder / place
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            sys.stderr.write(f"{path.name} is out of date: run {__file__}\n")
            status = 1
    return status


def _as_yaml() -> str:
    whole = definition() | {
        "keywords": ["api", "meltano_sdk", "procurement", "purchase orders"],
        "maintenance_status": "active",
        "prereq": _PREREQUISITES,
        "settings_preamble": _SETTINGS_PREAMBLE,
        "next_steps": _NEXT_STEPS,
        "usage": _USAGE,
    }
    return _HEADER + yaml.safe_dump(
        whole, allow_unicode=True, sort_keys=False, width=_WIDTH
    )


def _as_lock() -> str:
    whole = {"plugin_type": "extractors"} | definition()
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def definition() -> dict[str, Any]:
    """Return what the Hub's schema of extractors and a lock file have in common."""
    return {
        "name": _NAME,
        "namespace": _NAME.replace("-", "_"),
        "variant": _VARIANT,
        "label": "Purchase Orders",
        "description": metadata(_NAME)["Summary"],
        "pip_url": _NAME,
        "executable": _NAME,
        "capabilities": sorted(map(str, TapPurchaseOrders.capabilities)),
        "select": ["*.*", *(f"!{name}" for name in sorted(_left_out()))],
        "settings_group_validation": _ways_to_be_complete(),
        "settings": [_setting(name, part) for name, part in _all_settings()],
    }


def _left_out() -> Iterator[str]:
    """Yield the patterns of what the tap itself does not select.

    Meltano selects everything that it is not told to leave out.
    """
    for stream in TapPurchaseOrders(config=ALL_STREAMS).catalog_dict["streams"]:
        for part in stream["metadata"]:
            if part["metadata"].get("selected-by-default") is False:
                yield ".".join([stream["stream"], *(part["breadcrumb"][1::2] or "*")])


def _ways_to_be_complete() -> list[list[str]]:
    """Return, for each upstream, the settings that it cannot do without."""
    sections = settings_schema()["properties"]
    ways = ([*_required(part, f"{name}.")] for name, part in sections.items())
    return [way for way in ways if way]


def _required(schema: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, part in schema.get("properties", {}).items():
        if "properties" in part:
            yield from _required(part, f"{path}{name}.")
        elif name in schema.get("required", ()):
            yield f"{path}{name}"


def _all_settings() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the tap's settings by their dotted names, and then those of the SDK."""
    schema = settings_schema()
    own = set(schema["properties"])
    yield from _leaves(schema["properties"])
    TapPurchaseOrders.append_builtin_config(schema)
    for name, part in schema["properties"].items():
        if name not in own:
            yield name, part


def _leaves(
    properties: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, part in properties.items():
        if "properties" in part:
            yield from _leaves(part["properties"], f"{path}{name}.")
        else:
            yield f"{path}{name}", part


def _setting(name: str, part: Mapping[str, Any]) -> dict[str, Any]:
    """Return a setting as Meltano has it.

    It has no `value`: with a default, Meltano would switch an upstream on.
    """
    setting = {
        "name": name,
        "kind": _kind(part),
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


def _kind(part: Mapping[str, Any]) -> str:
    if "enum" in part:
        return "options"
    if part.get("format") == "date-time":
        return "date_iso8601"
    types = set(part["type"]) - {"null"}
    # As an array, Meltano would not take comma-separated text from the environment.
    return "string" if "string" in types else types.pop()


if __name__ == "__main__":
    sys.exit(main())
