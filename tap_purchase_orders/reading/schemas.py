"""The JSON schemas of the streams."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parent.parent


@cache
def schema_of(stream: str) -> dict[str, Any]:
    """Return the JSON schema of a stream; it is shared, so not to be changed."""
    text = (_folder() / f"{stream}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def _folder() -> Path:
    # The wheel holds the schemas inside the package; a checkout has them beside it.
    inside = _PACKAGE / "schemas"
    return inside if inside.is_dir() else _PACKAGE.parent / "schemas"
