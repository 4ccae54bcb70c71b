"""Loads the JSON schemas of the streams."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_PACKAGE = Path(__file__).resolve().parent.parent


@cache
def schema_of(stream: str) -> dict[str, Any]:
    """Return the JSON schema of a stream; it is shared, so not to be changed."""
    text = (_folder() / f"{stream}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def types_of(part: Mapping[str, Any]) -> list[str]:
    """Return the types that the values of a schema may have, null apart."""
    types = part["type"]
    return [types] if isinstance(types, str) else [t for t in types if t != "null"]


@cache
def _folder() -> Path:
    # The wheel holds the schemas inside the package; a checkout has them beside it.
    inside = _PACKAGE / "schemas"
    return inside if inside.is_dir() else _PACKAGE.parent / "schemas"
