"""Applies the SDK's stream maps and flattening, with exact numbers."""

from __future__ import annotations

import json
from types import ModuleType
from typing import TYPE_CHECKING, Any

import simplejson
from singer_sdk.exceptions import MappingError
from singer_sdk.mapper import CustomStreamMap, SameRecordTransform
from singer_sdk.singerlib.json import serialize_json

from tap_purchase_orders.errors import SettingsError
from tap_purchase_orders.records.schemas import types_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from singer_sdk.mapper import StreamMap


def prepare(stream_maps: Iterable[StreamMap]) -> None:
    """Let the expressions of stream maps write JSON whose numbers are exact."""
    for stream_map in stream_maps:
        if isinstance(stream_map, CustomStreamMap):
            functions = stream_map.expr_evaluator.functions
            functions["json"] = type(functions["json"])(_exact_json())


def mapped(
    stream_map: StreamMap, record: dict[str, Any], stream: str
) -> dict[str, Any] | None:
    """Return a record as a stream map makes it, none if it leaves it out.

    It is as the SCHEMA message of the map says: what is declared as text is text, and
    an object that was flattened is null in each of its columns where it is null.

    Args:
        stream_map: The map.
        record: The record.
        stream: The name of its stream.

    Raises:
        SettingsError: An expression cannot be computed.
    """
    try:
        made = stream_map.transform(record)
    # An expression may raise any of these.
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        MappingError,
        TypeError,
        ValueError,
    ) as error:
        # The SDK says which expression it was, if it was a name that does not exist.
        said = [str(error)] if isinstance(error, MappingError) else []
        cause = error.__cause__ or error
        why = ": ".join([*said, f"{type(cause).__name__}: {cause}"])
        msg = f"`stream_maps`: a record of {stream} cannot be mapped: {why}"
        raise SettingsError(msg) from error
    if made is None or _is_unchanged(stream_map):
        return made
    declared = stream_map.transformed_schema["properties"]
    names = declared if stream_map.flattening_enabled else made
    return {name: _fitting(made.get(name), declared.get(name)) for name in names}


def _is_unchanged(stream_map: StreamMap) -> bool:
    is_same = isinstance(stream_map, SameRecordTransform)
    return is_same and not stream_map.flattening_enabled


def _fitting(value: Any, part: Mapping[str, Any] | None) -> Any:
    """Return a value as its column holds it: one of text takes no other."""
    if value is None or isinstance(value, str) or not part or "type" not in part:
        return value
    return serialize_json(value) if types_of(part) == ["string"] else value


def _exact_json() -> ModuleType:
    """Return the module `json`, but for decimals, which it writes as numbers."""
    module = ModuleType("json")
    module.__dict__.update(vars(json))
    module.__dict__["dumps"] = _dumps
    return module


def _dumps(value: Any, **options: Any) -> str:
    try:
        return json.dumps(value, **options)
    except TypeError:
        # For decimals, which the module cannot write by itself.
        return str(simplejson.dumps(value, **options))
