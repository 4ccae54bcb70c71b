"""Checks a configuration and returns typed settings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from tap_purchase_orders.auth.method import AuthMethod
from tap_purchase_orders.auth.registry import auth_method
from tap_purchase_orders.clouds import CLOUDS
from tap_purchase_orders.config import (
    AppZenSettings,
    DecimalType,
    PartnerCenterSettings,
    Settings,
    Shard,
)
from tap_purchase_orders.errors import SettingsError
from tap_purchase_orders.instants import Instant, instant_of, parse_instant
from tap_purchase_orders.number_sources.registry import number_source
from tap_purchase_orders.number_sources.source import SECTION
from tap_purchase_orders.settings.setting_errors import (
    SettingError,
    is_valid,
    schema_mistakes,
    section_mistakes,
)
from tap_purchase_orders.settings.urls import api_url_mistakes, authority_mistakes
from tap_purchase_orders.urls import is_path_segment

if TYPE_CHECKING:
    from collections.abc import Callable


def load_settings(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Settings:
    """Return the typed settings of a configuration.

    Args:
        config: The configuration as it was given.
        schema: The settings' JSON schema; it holds the defaults.

    Raises:
        SettingsError: With every mistake that was found.
    """
    given = _without_nulls(config)
    mistakes = schema_mistakes(given, schema)
    filled = _with_defaults(given, schema)
    if all(filled.get(name) is None for name in ("partner_center", "appzen")):
        line = "neither `partner_center` nor `appzen` is set: nothing to read"
        mistakes.append(SettingError("", line))
    checks: tuple[tuple[str, Callable[[], list[SettingError]]], ...] = (
        ("start_date", lambda: _start_date_mistakes(filled)),
        ("singer_decimal_scale", lambda: _decimal_mistakes(filled)),
        ("shard", lambda: _shard_mistakes(filled["shard"])),
        ("partner_center.api_url", lambda: _api_url_mistakes("partner_center", filled)),
        ("partner_center.customer_ids", lambda: _customer_mistakes(filled)),
        ("partner_center.auth", lambda: _auth_mistakes("partner_center", filled)),
        ("appzen.api_url", lambda: _api_url_mistakes("appzen", filled)),
        ("appzen.auth", lambda: _auth_mistakes("appzen", filled)),
        (SECTION, lambda: _source_mistakes(filled)),
    )
    found = [
        mistake
        for path, check in checks
        if _is_given(path, filled) and is_valid(path, mistakes)
        for mistake in check()
    ]
    if mistakes or found:
        raise SettingsError(*(mistake.line for mistake in (*mistakes, *found)))
    return _typed(filled)


def _typed(filled: dict[str, Any]) -> Settings:
    partner_center, appzen = filled.get("partner_center"), filled.get("appzen")
    if partner_center is not None:
        cloud = CLOUDS[partner_center.pop("cloud")]
        partner_center.setdefault("api_url", cloud.api_url)
        partner_center["audience"] = cloud.audience
        partner_center.setdefault("full_table_days", None)
        ids = partner_center["customer_ids"]
        partner_center["customer_ids"] = tuple(dict.fromkeys(ids))
        method = auth_method("partner_center", partner_center["auth"])
        if isinstance(method, AuthMethod):
            partner_center["auth"].setdefault("authority", cloud.authority)
            partner_center["auth"].setdefault("scope", cloud.scope)
    if appzen is not None:
        appzen.setdefault("max_requests_per_run", None)
    return Settings(
        start_date=_start_date(filled),
        strict=filled["strict"],
        run_history=filled["run_history"],
        decimal_type=_decimal_type(filled),
        shard=Shard(**filled["shard"]),
        partner_center=(
            None if partner_center is None else PartnerCenterSettings(**partner_center)
        ),
        appzen=None if appzen is None else AppZenSettings(**appzen),
    )


def _without_nulls(section: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy without the settings that are null: they are not set."""
    return {
        key: _without_nulls(value) if isinstance(value, Mapping) else value
        for key, value in section.items()
        if value is not None
    }


def _with_defaults(
    section: Mapping[str, Any], schema: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a copy in which every setting that has a default has a value."""
    filled = dict(section)
    for key, part in schema.get("properties", {}).items():
        if key not in filled and "default" in part:
            filled[key] = part["default"]
        value = filled.get(key)
        if isinstance(value, Mapping):
            filled[key] = _with_defaults(value, part)
        elif "integer" in part.get("type", ()) and _is_whole(value):
            # JSON schema takes 8.0 for a whole number; the rest of the tap does not.
            filled[key] = int(value)
    return filled


def _is_whole(value: Any) -> TypeGuard[float]:
    return isinstance(value, float) and value.is_integer()


def _is_given(path: str, filled: Mapping[str, Any]) -> bool:
    part: Any = filled
    for key in path.split("."):
        part = part.get(key) if isinstance(part, Mapping) else None
    return part is not None


def _start_date(filled: Mapping[str, Any]) -> Instant | None:
    text = filled.get("start_date")
    return parse_instant(text) if text else None


def _start_date_mistakes(filled: Mapping[str, Any]) -> list[SettingError]:
    try:
        start_date = _start_date(filled)
    except ValueError:
        line = "`start_date` must be a date-time such as 2019-01-01T00:00:00Z"
        return [SettingError("start_date", line)]
    if start_date is not None and start_date > instant_of(dt.datetime.now(dt.UTC)):
        line = (
            f"`start_date` is in the future ({start_date.text}): no order is that new"
        )
        return [SettingError("start_date", line)]
    return []


def _decimal_type(filled: Mapping[str, Any]) -> DecimalType | None:
    if not filled["use_singer_decimal"]:
        return None
    return DecimalType(
        filled["singer_decimal_precision"], filled["singer_decimal_scale"]
    )


def _decimal_mistakes(filled: Mapping[str, Any]) -> list[SettingError]:
    precision, scale = (filled[f"singer_decimal_{it}"] for it in ("precision", "scale"))
    # What is wrong with the precision itself is said elsewhere.
    if not isinstance(precision, int) or scale <= precision:
        return []
    path = "singer_decimal_scale"
    line = (
        f"`{path}` must not be above `singer_decimal_precision`, which is {precision}"
    )
    return [SettingError(path, line)]


def _shard_mistakes(shard: Mapping[str, Any]) -> list[SettingError]:
    if shard["index"] < shard["count"]:
        return []
    line = f"`shard.index` must be below `shard.count`, which is {shard['count']}"
    return [SettingError("shard.index", line)]


def _api_url_mistakes(upstream: str, filled: Mapping[str, Any]) -> list[SettingError]:
    return api_url_mistakes(f"{upstream}.api_url", filled[upstream]["api_url"])


def _customer_mistakes(filled: Mapping[str, Any]) -> list[SettingError]:
    path = "partner_center.customer_ids"
    return [
        SettingError(path, f"`{path}[{position}]` cannot be the id of a customer")
        for position, customer_id in enumerate(filled["partner_center"]["customer_ids"])
        if not is_path_segment(customer_id)
    ]


def _auth_mistakes(upstream: str, filled: Mapping[str, Any]) -> list[SettingError]:
    path, section = f"{upstream}.auth", filled[upstream]["auth"]
    try:
        method = auth_method(upstream, section)
    except SettingsError as error:
        return [SettingError(path, line) for line in error.mistakes]
    if not isinstance(method, AuthMethod):
        return []
    mistakes = section_mistakes(
        path, section, known=("method", *method.names), required=method.required
    )
    if section.get("authority"):
        mistakes += authority_mistakes(f"{path}.authority", section["authority"])
    if mistakes:
        return mistakes
    return [
        SettingError(f"{path}.{key}", f"`{path}.{key}` {problem}")
        for key, problem in method.mistakes(section)
    ]


def _source_mistakes(filled: Mapping[str, Any]) -> list[SettingError]:
    section = filled["appzen"]["purchase_order_numbers"]
    try:
        source = number_source(section)
    except SettingsError as error:
        return [SettingError(SECTION, line) for line in error.mistakes]
    if source.settings is None:
        return []
    names = (setting.name for setting in source.settings)
    mistakes = section_mistakes(
        SECTION,
        section,
        known=("source", "allow_empty", *names),
        required=source.required,
    )
    if mistakes:
        return mistakes
    return [SettingError(SECTION, line) for line in source.mistakes(section)]
