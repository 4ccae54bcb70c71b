from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from orchestrate.join_states import main
from tap_purchase_orders.incremental.state import State

if TYPE_CHECKING:
    from pathlib import Path


def state(**customers: str) -> dict[str, Any]:
    """Return the state of a shard: customers and their bookmarks."""
    partitions = [
        {
            "context": {"customer_id": name},
            "replication_key": "creationDate",
            "replication_key_value": bookmark,
            "followed_orders": {"o": ["pending", 1, "abc"]},
        }
        for name, bookmark in customers.items()
    ]
    scope = {"streams": ["orders:abc"], "include_price": False}
    orders = {
        "full_table_until": max(customers.values()),
        "scope": scope,
        "partitions": partitions,
    }
    resume = [3, "abc", None]
    return {"bookmarks": {"orders": orders, "purchase_orders": {"resume": resume}}}


def joined(
    folder: Path, capsys: pytest.CaptureFixture[str], *states: Any, options: Any = ()
) -> Any:
    files = []
    for number, value in enumerate(states):
        files.append(folder / f"{number}.json")
        files[-1].write_text(json.dumps(value))
    assert main([*options, *map(str, files)]) == 0
    return json.loads(capsys.readouterr().out)


def bookmarks(value: Any) -> dict[str, str]:
    return {
        part["context"]["customer_id"]: part["replication_key_value"]
        for part in value["bookmarks"]["orders"]["partitions"]
    }


EARLY, LATE = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"


def test_every_customer_keeps_the_bookmark_that_is_furthest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    value = joined(
        tmp_path,
        capsys,
        {"singer_state": state(a=EARLY, b=EARLY)},
        {"type": "STATE", "value": state(b=LATE, c=EARLY)},
    )

    assert bookmarks(value) == {"a": EARLY, "b": LATE, "c": EARLY}
    orders = value["bookmarks"]["orders"]
    assert orders["full_table_until"] == EARLY
    assert State(value).scope is not None
    assert "purchase_orders" not in value["bookmarks"]


def test_the_parts_of_a_joined_state_are_disjoint_and_complete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = state(**{f"customer-{number}": EARLY for number in range(20)})
    parts = [
        bookmarks(
            joined(tmp_path, capsys, whole, options=(f"--index={index}", "--count=3"))
        )
        for index in range(3)
    ]

    assert sorted(name for part in parts for name in part) == sorted(bookmarks(whole))
    assert all(parts)


def test_what_meltano_prints_becomes_what_meltano_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = {"singer_state": state(a=EARLY)}

    whole = joined(tmp_path, capsys, printed, {"singer_state": state(b=LATE)})
    again = joined(tmp_path, capsys, whole, options=("--index=0", "--count=1"))

    assert bookmarks(whole["singer_state"]) == {"a": EARLY, "b": LATE}
    assert again == whole


def test_an_index_that_is_no_shard_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["--index=2", "--count=2", str(tmp_path / "none.json")])
