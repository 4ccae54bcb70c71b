from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_purchase_orders.catalog import FULL_TABLE, read_catalog
from tap_purchase_orders.errors import SettingsError

if TYPE_CHECKING:
    from tests.unit.json_values import Json


def entry(method: str | None, root: Json | None = None) -> Json:
    metadata = [] if root is None else [{"breadcrumb": [], "metadata": root}]
    metadata.append(
        {
            "breadcrumb": ["properties", "id"],
            "metadata": {"replication-method": FULL_TABLE},
        }
    )
    stream: Json = {
        "tap_stream_id": "orders",
        "stream": "orders",
        "schema": {"type": "object", "properties": {"id": {"type": "string"}}},
        "metadata": metadata,
    }
    return stream if method is None else {**stream, "replication_method": method}


def method_of(stream: Json) -> str | None:
    return read_catalog({"streams": [stream]})["orders"].replication_method


@pytest.mark.parametrize("key", ["replication-method", "forced-replication-method"])
@pytest.mark.parametrize("discovered", [None, "INCREMENTAL", FULL_TABLE])
def test_full_table_in_the_metadata_of_a_stream_is_its_method(
    key: str, discovered: str | None
) -> None:
    assert method_of(entry(discovered, {key: FULL_TABLE})) == FULL_TABLE


@pytest.mark.parametrize(
    "root", [None, {}, {"replication-method": "INCREMENTAL"}, {"selected": True}]
)
def test_otherwise_it_is_the_one_of_its_entry(root: Json | None) -> None:
    assert method_of(entry("INCREMENTAL", root)) == "INCREMENTAL"
    assert method_of(entry(FULL_TABLE, root)) == FULL_TABLE


def test_the_given_catalog_is_left_as_it_was() -> None:
    stream = entry("INCREMENTAL", {"replication-method": FULL_TABLE})
    before = repr(stream)
    method_of(stream)

    assert repr(stream) == before


@pytest.mark.parametrize(
    "catalog",
    [
        {},
        {"streams": None},
        {"streams": 5},
        {"streams": {"orders": {}}},
        {"streams": ["orders"]},
        {"streams": [{}]},
        {"streams": [{"tap_stream_id": "orders", "metadata": None}]},
        {"streams": [{"tap_stream_id": "orders", "metadata": [{}]}]},
        {"streams": [{"tap_stream_id": "orders", "metadata": [5]}]},
        {"streams": [{**entry(None), "metadata": [{"breadcrumb": []}]}]},
        {"streams": [{**entry(None), "schema": None}]},
        {"streams": [{**entry(None), "schema": []}]},
    ],
)
def test_what_is_no_catalog_is_refused_in_words(catalog: Any) -> None:
    with pytest.raises(SettingsError) as caught:
        read_catalog(catalog)

    (line,) = caught.value.mistakes
    assert "catalog" in line
    assert "\n" not in line
