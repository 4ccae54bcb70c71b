"""Reads the parts of a given catalog that the SDK ignores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib import Catalog

from tap_purchase_orders.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FULL_TABLE = "FULL_TABLE"
# Meltano writes the first; the second is the one of the Singer specification.
_METHOD_KEYS = ("replication-method", "forced-replication-method")


def read_catalog(catalog: Mapping[str, Any]) -> Catalog:
    """Return a catalog whose streams have the replication method of their metadata.

    The SDK takes the method at the top of a stream's entry, which is the discovered
    one, before that of its metadata, which is where people choose one.

    Raises:
        SettingsError: It is not a Singer catalog.
    """
    if not isinstance(catalog.get("streams"), list):
        msg = "the catalog cannot be used: it has no list `streams`"
        raise SettingsError(msg)
    try:
        entries = [_with_method(entry) for entry in catalog["streams"]]
        return Catalog.from_dict({"streams": entries})
    except (AttributeError, KeyError, TypeError) as error:
        msg = f"the catalog cannot be used: {type(error).__name__}: {error}"
        raise SettingsError(msg) from error


def _with_method(entry: Mapping[str, Any]) -> dict[str, Any]:
    roots = (
        part["metadata"] for part in entry.get("metadata", []) if not part["breadcrumb"]
    )
    chosen = {root.get(key) for root in roots for key in _METHOD_KEYS}
    if FULL_TABLE in chosen:
        return {**entry, "replication_method": FULL_TABLE}
    return dict(entry)


def catalog_warnings(
    catalog: Catalog, known: Iterable[str], available: Iterable[str]
) -> Iterator[str]:
    """Yield a warning for each stream of a catalog that cannot be read.

    Args:
        catalog: The catalog that was given.
        known: The names of all streams that there are.
        available: Those of the configured upstreams.
    """
    known, available = set(known), set(available)
    if unknown := sorted(catalog.keys() - known):
        yield f"the catalog names streams that do not exist: {', '.join(unknown)}"
    if missing := sorted(
        name
        for name in (catalog.keys() & known) - available
        if catalog[name].metadata.resolve_selection()[()]
    ):
        yield (
            f"the catalog selects streams that the settings do not open: "
            f"{', '.join(missing)}: set the section of their upstream, or the setting "
            f"that switches them on"
        )
