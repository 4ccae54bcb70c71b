# ruff: noqa: INP001  # run as a script
"""Writes the tables of README.md that repeat what the code says.

`python docs/generate.py` rewrites what stands between `<!-- generated: NAME -->` and
`<!-- end -->`; with `--check` it only says whether that would change anything.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.summary import promised
from tap_purchase_orders.auth.method import AuthMethod
from tap_purchase_orders.auth.refusals import ADVICE
from tap_purchase_orders.clients.appzen import AppZenProfile
from tap_purchase_orders.clients.partner_center_profile import PartnerCenterProfile
from tap_purchase_orders.number_sources.source import NumberSource
from tap_purchase_orders.plugins import (
    AUTH_GROUP,
    NUMBER_SOURCE_GROUP,
    is_built_in,
    plugins,
)
from tap_purchase_orders.records.schemas import schema_of
from tap_purchase_orders.settings.schema import settings_schema
from tap_purchase_orders.tap import TapPurchaseOrders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tap_purchase_orders.streams import TapStream

PROJECT = Path(__file__).resolve().parents[1]
README = PROJECT / "README.md"

_BLOCK = re.compile(
    r"(?P<begin><!-- generated: (?P<name>[a-z ]+) -->\n).*?(?P<end><!-- end -->)",
    re.DOTALL,
)
UPSTREAMS = {
    dialect.section: dialect.name for dialect in (PartnerCenterProfile, AppZenProfile)
}
# Enough to have all streams discovered; nothing is asked.
ALL_STREAMS = {
    "run_history": True,
    "partner_center": {"auth": {"method": "bearer_token", "token": "-"}},
    "appzen": {
        "auth": {
            "method": "api_key",
            "api_key": "-",
            "customer_id": "-",
            "customer_key": "-",
        },
        "purchase_order_numbers": {"source": "list", "numbers": ["-"]},
    },
}
_TYPES = {
    "array": "array",
    "boolean": "true or false",
    "integer": "whole number",
    "object": "section",
    "string": "text",
}
_MAIN_SETTINGS = (
    "start_date",
    "partner_center.customer_ids",
    "partner_center.include_price",
    "partner_center.lookback_days",
    "partner_center.change_detection",
    "partner_center.max_requests_per_minute",
    "appzen.api_url",
    "appzen.max_requests_per_second",
    "appzen.max_requests_per_run",
)
_COUNTS = (1_000, 10_000, 100_000)
_MINUTE_SECONDS = 60


def main(arguments: Sequence[str] | None = None) -> int:
    """Rewrite or check a file; return the exit status: 1 if a check fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("file", nargs="?", type=Path, default=README)
    options = parser.parse_args(arguments)
    before = options.file.read_text(encoding="utf-8")
    after = rewritten(before)
    if options.check:
        if before != after:
            sys.stderr.write(f"{options.file.name} is out of date: run {__file__}\n")
        return int(before != after)
    options.file.write_text(after, encoding="utf-8")
    return 0


def rewritten(text: str) -> str:
    """Return a text with all its generated blocks as they should be.

    Raises:
        KeyError: A block has a name for which there is no table.
    """
    return _BLOCK.sub(
        lambda block: "{begin}\n{table}\n\n{end}".format(
            begin=block["begin"], table=TABLES[block["name"]](), end=block["end"]
        ),
        text,
    )


def speed() -> str:
    """Return what the last measurement against others has shown."""
    newest = max((PROJECT / "benchmarks" / "results").glob("*.json"))
    return promised(json.loads(newest.read_bytes()))


def streams() -> str:
    """Return the streams: keys, replication, and what a row is."""
    return table(
        ("Stream", "Key", "Replication", "From", "Default", "Rows"),
        (
            (
                f"`{stream.name}`",
                _names(stream.primary_keys),
                stream.replication_method,
                UPSTREAMS.get(stream.upstream or "", "either"),
                default_of(stream),
                _first_sentence(schema_of(stream.name)["description"]),
            )
            for stream in TapPurchaseOrders(config=ALL_STREAMS).discover_streams()
        ),
    )


def settings() -> str:
    """Return all settings: dotted names, types and bounds, defaults."""
    return table(
        ("Setting", "Type", "Default", "What it is"), _setting_rows(settings_schema())
    )


def main_settings() -> str:
    """Return the settings that most people set, with their defaults."""
    rows = {row[0].strip("`"): row for row in _setting_rows(settings_schema())}
    return table(
        ("Setting", "Default", "What it is"),
        (
            (setting, default, meaning)
            for name in _MAIN_SETTINGS
            for setting, _, default, meaning in [rows[name]]
        ),
    )


def auth_methods() -> str:
    """Return the built-in methods of signing in, and the settings of each."""
    return table(
        ("Upstream", "`auth.method`", "Needs", "May have"),
        (
            (
                UPSTREAMS[method.upstream],
                f"`{name}`" + (" (App-only)" if method.is_app_only else ""),
                _names(method.required),
                _names(key for key in method.names if key not in method.required),
            )
            for name, method in _built_in(AUTH_GROUP)
            if isinstance(method, AuthMethod)
        ),
    )


def number_sources() -> str:
    """Return the built-in sources of purchase order numbers."""
    return table(
        ("`purchase_order_numbers.source`", "Needs", "May have"),
        (
            (
                f"`{name}`",
                _names(source.required),
                _names(
                    setting.name
                    for setting in source.settings or ()
                    if setting.name not in source.required
                ),
            )
            for name, source in _built_in(NUMBER_SOURCE_GROUP)
            if isinstance(source, NumberSource)
        ),
    )


def pace() -> str:
    """Return how long one request for each key takes, at the default allowances."""
    schema = settings_schema()["properties"]
    per_minute = _default(schema, "partner_center", "max_requests_per_minute")
    per_second = _default(schema, "appzen", "max_requests_per_second")
    return table(
        (
            "Customers, or numbers",
            f"Partner Center, {per_minute} a minute",
            f"AppZen, {per_second} a second",
        ),
        (
            (
                f"{count:,}",
                f"{count / per_minute:,.0f} min",
                f"{count / per_second / _MINUTE_SECONDS:,.1f} min",
            )
            for count in _COUNTS
        ),
    )


def sign_in_codes() -> str:
    """Return what each refusal of the identity platform means."""
    names = {
        "auth": "partner_center.auth",
        "credential": "partner_center.auth.client_secret` or `certificate_path",
        "grant": "partner_center.auth.refresh_token",
    }
    return table(
        ("Code", "What to do"),
        (
            (f"AADSTS{code}", advice.format(**names))
            for code, advice in sorted(ADVICE.items())
        ),
    )


TABLES: Mapping[str, Callable[[], str]] = {
    "auth methods": auth_methods,
    "main settings": main_settings,
    "number sources": number_sources,
    "pace": pace,
    "sign in codes": sign_in_codes,
    "speed": speed,
    "streams": streams,
}


def _setting_rows(schema: Mapping[str, Any], path: str = "") -> Iterator[Sequence[str]]:
    """Yield a row for each setting that is not a section itself."""
    for name, part in schema["properties"].items():
        dotted = f"{path}{name}"
        if "properties" in part:
            yield from _setting_rows(part, f"{dotted}.")
            continue
        is_required = name in schema.get("required", ())
        default = f"`{_yaml(part['default'])}`" if "default" in part else ""
        yield (
            f"`{dotted}`",
            _type(part),
            "required" if is_required else default,
            part["description"],
        )


def _type(part: Mapping[str, Any]) -> str:
    """Return what a setting may be, in few words."""
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"] if value is not None)
    given = part["type"]
    names = [given] if isinstance(given, str) else given
    words = " or ".join(_TYPES[name] for name in names if name != "null")
    if part.get("format") == "date-time":
        words = "date-time"
    low, high = part.get("minimum"), part.get("maximum")
    if low is not None:
        words = f"{low:,} or more" if high is None else f"{low:,} to {high:,}"
    return f"{words}, secret" if part.get("secret") else words


def _default(schema: Mapping[str, Any], section: str, name: str) -> int:
    default: int = schema[section]["properties"][name]["default"]
    return default


def _built_in(group: str) -> Iterator[tuple[str, Any]]:
    """Yield the names and objects that this package registers in a group."""
    for point in filter(is_built_in, plugins(group)):
        yield point.name, point.load()


def _yaml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def default_of(stream: TapStream) -> str:
    """Return whether a stream is read when nobody says anything about it."""
    if stream.switch is not None:
        return f"with `{stream.switch}`"
    return "on" if stream.selected_by_default else "off"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].removesuffix(".") + "."


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"
        for line in lines
    )


if __name__ == "__main__":
    sys.exit(main())
