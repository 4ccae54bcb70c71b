"""Joins the states of shards, and cuts them for another number of shards.

    python -m orchestrate.join_states state-0.json state-1.json > joined.json
    python -m orchestrate.join_states --index=0 --count=4 joined.json > new-0.json

`meltano state merge` keeps the customers of one state only. Here each customer keeps
the bookmark that is furthest, and what holds for all is what the least of them knows.
What `meltano state get` prints becomes what `meltano state set` takes.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.config import Shard
from tap_purchase_orders.incremental.state import State
from tap_purchase_orders.urls import as_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Of several moments the earliest is one up to which all of them have read.
_MOMENTS = ("activity_read_until", "full_table_until")
_MELTANO = "singer_state"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the state that several come to; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m orchestrate.join_states",
        description="Joins the states of shards, or cuts a part out of them.",
    )
    parser.add_argument("files", nargs="+", type=Path, help="a state each")
    parser.add_argument("--index", type=int, default=0, help="of the shard to cut out")
    parser.add_argument("--count", type=int, default=1, help="how many there will be")
    options = parser.parse_args(arguments)
    if not 0 <= options.index < options.count:
        parser.error("--index must be from 0 to below --count")
    read = [json.loads(path.read_text(encoding="utf-8")) for path in options.files]
    shard = Shard(options.index, options.count)
    joined = joined_state([_unwrapped(each) for each in read], shard)
    # It must be one that the tap can read.
    value = State(joined).value()
    is_meltanos = all(_MELTANO in each for each in read)
    json.dump({_MELTANO: value} if is_meltanos else value, sys.stdout)
    return 0


def joined_state(states: Sequence[Any], shard: Shard) -> dict[str, Any]:
    """Return the customers of all states that are in a shard, as one state.

    How far the purchase orders had come is left out where there is more than one state
    or shard: the numbers of each are others.
    """
    orders = [state.get("bookmarks", {}).get("orders", {}) for state in states]
    parts: dict[str, Any] = {}
    for part in (it for each in orders for it in each.get("partitions", [])):
        key = as_key(part["context"]["customer_id"])
        if shard.takes(key):
            parts[key] = max(part, parts.get(key, part), key=_age)
    joined: dict[str, Any] = {"partitions": list(parts.values())}
    for name in _MOMENTS:
        if all(each.get(name) for each in orders):
            joined[name] = min(each[name] for each in orders)
    if any(each.get("prices") for each in orders):
        joined["prices"] = True
    scopes = [each.get("scope") for each in orders]
    if all(scope == scopes[0] for scope in scopes) and scopes[0] is not None:
        joined["scope"] = scopes[0]
    return {"bookmarks": {"orders": joined}}


def _age(part: Any) -> tuple[str, int]:
    numbers: Iterable[int] = (
        abs(order[1]) for order in part.get("followed_orders", {}).values()
    )
    highest = max(part.get("highest_sequence", 0), *numbers, 0)
    return part.get("replication_key_value") or "", highest


def _unwrapped(state: Any) -> Any:
    """Return a state; `meltano state get` and STATE messages wrap it."""
    for wrapper in (_MELTANO, "value"):
        state = state.get(wrapper, state)
    return state


if __name__ == "__main__":
    sys.exit(main())
