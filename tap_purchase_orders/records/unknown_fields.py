"""Names of members that a schema does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_purchase_orders.records.schema_types import Path


class UnknownFields:
    """Finds the members of objects that a schema does not know.

    Args:
        schema: The schema of the objects.
        rows: A member that holds an array of objects.
        row_schema: The schema of these.
    """

    def __init__(
        self, schema: Mapping[str, Any], rows: str, row_schema: Mapping[str, Any]
    ) -> None:
        self._known = _known(schema)
        self._known.arrays[rows] = _known(row_schema)

    def of(self, value: Any) -> set[Path]:
        """Return the paths of such members of an object, and of those within it."""
        found: set[Path] = set()
        if isinstance(value, dict):
            _find(value, self._known, (), found)
        return found


class _Known(Struct):
    """The members that objects may have.

    Attributes:
        names: All of them.
        objects: Those that hold an object whose members are known.
        arrays: Those that hold an array of such objects.
    """

    names: frozenset[str]
    objects: dict[str, _Known]
    arrays: dict[str, _Known]


def _known(schema: Mapping[str, Any]) -> _Known:
    properties = schema["properties"]
    return _Known(
        frozenset(properties),
        {
            name: _known(part)
            for name, part in properties.items()
            if "properties" in part
        },
        {
            name: _known(part["items"])
            for name, part in properties.items()
            if "properties" in part.get("items", {})
        },
    )


def _find(
    value: Mapping[str, Any], known: _Known, path: Path, found: set[Path]
) -> None:
    found.update((*path, name) for name in value.keys() - known.names)
    for name, inner in known.objects.items():
        if isinstance(member := value.get(name), dict):
            _find(member, inner, (*path, name), found)
    for name, inner in known.arrays.items():
        if isinstance(items := value.get(name), list):
            for item in items:
                if isinstance(item, dict):
                    _find(item, inner, (*path, name), found)
