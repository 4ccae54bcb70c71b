"""What docs/loaders.md says of each loader is what was measured of that version."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from benchmarks.loaders.catalogue import LOADERS
from benchmarks.loaders.compare import compared
from benchmarks.loaders.types import TYPED

PAGE = (Path(__file__).parents[2] / "docs" / "loaders.md").read_text("utf-8")
SCHEMAS: dict[str, Any] = {
    "orders": {
        "key_properties": ["Id"],
        "schema": {
            "properties": {
                "Id": {"type": "string"},
                "amount": {"type": "number"},
                "total": {"type": "object"},
                "moment": {"type": "string", "format": "date-time"},
                "text": {"type": "string"},
            }
        },
    }
}
RECORD = {
    "Id": "o1",
    "amount": Decimal("12345678901234.123456789"),
    "total": {"amount": Decimal("1.50")},
    "moment": "2026-03-01T10:00:00.1234567Z",
    "text": "",
}


def measured(name: str) -> list[list[str]]:
    """Return the cells of a measured table, without its headings."""
    pattern = f"<!-- measured: {name} -->\n(.*?)<!-- end -->"
    (block,) = re.findall(pattern, PAGE, re.DOTALL)
    lines = [line for line in block.splitlines() if line.startswith("|")]
    return [line.strip("| ").split(" | ") for line in lines[2:]]


def test_the_page_has_a_row_of_each_loader_in_its_pinned_version() -> None:
    rows = [row[:2] for row in measured("loaded") + measured("types")]
    packages = [(loader.title, loader.packages[0]) for loader in LOADERS]
    packages += [(title, names[0]) for title, (names, _) in TYPED.items()]

    assert rows == [[title, package.rpartition("==")[2]] for title, package in packages]


def kept(**stored: Any) -> dict[str, list[str]]:
    """Return what became of the values of the record, if this was stored of it."""
    found = compared(
        SCHEMAS,
        {"orders": {("o1",): RECORD}},
        {"orders": [{"id": "o1", **RECORD, **stored}]},
    )
    return {kind: list(counted) for kind, counted in found.values.items() if counted}


def test_what_is_stored_as_it_was_is_kept() -> None:
    assert kept() == {
        "numbers": ["every digit"],
        "within objects": ["every digit"],
        "instants": ["every digit"],
        "blank texts": ["kept"],
    }


@pytest.mark.parametrize(
    ("stored", "kind", "became"),
    [
        ({"amount": Decimal("12345678901234.123")}, "numbers", "float"),
        ({"amount": "12345678901234.123456789"}, "numbers", "every digit"),
        ({"amount": None}, "numbers", "missing"),
        ({"amount": 1}, "numbers", "changed"),
        ({"total": '{"amount": 1.50}'}, "within objects", "every digit"),
        ({"total": '{"amount": 1.5}'}, "within objects", "without zeros at the end"),
        ({"total": None}, "within objects", "missing"),
        ({"moment": "2026-03-01 10:00:00.123456"}, "instants", "cut to microseconds"),
        ({"moment": "2026-03-01 10:00:00.123457"}, "instants", "rounded"),
        ({"moment": "2026-03-01T10:00:00+00:00"}, "instants", "cut to seconds"),
        ({"moment": "2026-03-01 11:00:00.123456"}, "instants", "another instant"),
        ({"moment": None}, "instants", "null"),
        ({"text": None}, "blank texts", "null"),
    ],
)
def test_what_became_of_a_value_is_named(
    stored: dict[str, Any], kind: str, became: str
) -> None:
    assert kept(**stored)[kind] == [became]


def test_rows_that_are_missing_or_added_are_counted() -> None:
    row = {**RECORD, "_sdc_sequence": 2}
    older = {**RECORD, "amount": Decimal(1), "_sdc_sequence": 1}
    latest = {"orders": {("o1",): RECORD, ("o2",): {**RECORD, "Id": "o2"}}}

    found = compared(SCHEMAS, latest, {"orders": [row, older]})

    assert (found.rows, found.expected, found.missing) == (2, 2, 1)
    assert list(found.values["numbers"]) == ["every digit"]
