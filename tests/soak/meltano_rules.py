"""What Meltano does to a catalog and with a state: followed without it, for speed.

Meltano 4.4: `core/plugin/singer/catalog.py` (select and metadata rules),
`core/plugin/singer/target.py` (BookmarkWriter), `core/state_store/base.py`.
"""

from __future__ import annotations

import copy
import json
from typing import Any

Catalog = dict[str, Any]

_ORDER_STREAMS = ("orders", "order_line_items")
# Left out by meltano.yml, too: other streams have what is in them.
_DESELECTED = {
    "orders": ["properties", "lineItems"],
    "purchase_orders": ["properties", "purchase_order_lines"],
}


def select_patterns(streams: frozenset[str]) -> list[str]:
    """Return the extra `select` of a plugin for some streams."""
    patterns = [f"{stream}.*" for stream in sorted(streams)]
    return patterns + [
        f"!{stream}.{breadcrumb[-1]}"
        for stream, breadcrumb in _DESELECTED.items()
        if stream in streams
    ]


def metadata_rules(*, full_table: bool) -> dict[str, dict[str, str]]:
    """Return the extra `metadata` of a plugin."""
    if not full_table:
        return {}
    return {stream: {"replication-method": "FULL_TABLE"} for stream in _ORDER_STREAMS}


def catalog_for(
    discovered: Catalog, streams: frozenset[str], *, full_table: bool
) -> Catalog:
    """Return a catalog with the rules of a plugin applied."""
    catalog = copy.deepcopy(discovered)
    rules = metadata_rules(full_table=full_table)
    for entry in catalog["streams"]:
        stream = entry["tap_stream_id"]
        is_selected = stream in streams
        entry["selected"] = is_selected
        for part in entry["metadata"]:
            breadcrumb = part["breadcrumb"]
            is_left_out = breadcrumb == _DESELECTED.get(stream)
            part["metadata"]["selected"] = is_selected and not is_left_out
            if not breadcrumb:
                part["metadata"].update(rules.get(stream, {}))
        if stream in rules:
            entry["replication_method"] = rules[stream]["replication-method"]
    return catalog


class KeptStates:
    """The states in Meltano's database, by the ids of the pipelines."""

    def __init__(self) -> None:
        self._states: dict[str, Any] = {}

    def get(self, state_id: str) -> Any:
        """Return what the next run of a pipeline gets, nothing if it has none."""
        return copy.deepcopy(self._states.get(state_id))

    def take(self, state_id: str, line: bytes) -> bool:
        """Keep a line that the loader wrote; return whether it is a state.

        Each line replaces what was kept, whatever becomes of the run; an empty state
        and what is not JSON are passed over.
        """
        try:
            state = json.loads(line)
        except ValueError:
            return False
        if not state:
            return False
        self._states[state_id] = state
        return True
