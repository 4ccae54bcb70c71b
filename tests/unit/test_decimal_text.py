"""Numbers as the text of a decimal: all digits that fit, or none."""

from __future__ import annotations

from decimal import Context, Decimal, InvalidOperation, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.config import DecimalType
from tap_purchase_orders.records.schemas import (
    has_decimal,
    schema_of,
    types_of,
    with_numbers_of,
)
from tap_purchase_orders.records.values import UnreadableError, to_decimal_text
from tests.unit.json_values import DECIMALS

# More than any number here has.
ALL_DIGITS = Context(prec=2000)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"),
        (Decimal("1.50"), "1.50"),
        (Decimal("-0.01"), "-0.01"),
        (Decimal("1E+2"), "100"),
        (Decimal("12.5E-3"), "0.0125"),
        (Decimal("0E-12"), "0.000000000000"),
        (Decimal("0E+40"), "0"),
        ("37.50", "37.50"),
        (" 1e3 ", "1000"),
        ("", None),
        # As much as fits, at either end.
        (10**29 - 1, "9" * 29),
        (Decimal("9" * 29 + "." + "9" * 9), "9" * 29 + "." + "9" * 9),
        # Zeros behind the last digit are no digits that could be lost.
        (Decimal("1.5000000000000"), "1.5000000000000"),
    ],
)
def test_a_number_is_text_of_the_same_digits(value: Any, text: str | None) -> None:
    assert to_decimal_text(value, 38, 9) == text


@pytest.mark.parametrize(
    "value",
    [
        10**29,
        -(10**29),
        Decimal("1E+29"),
        Decimal("0.0000000001"),
        Decimal("1.0000000001"),
        "123456789012345678901234567890.5",
        True,
        "much",
        [],
    ],
)
def test_what_does_not_fit_is_never_rounded(value: Any) -> None:
    with pytest.raises(UnreadableError):
        to_decimal_text(value, 38, 9)


@given(
    DECIMALS | st.integers(),
    st.integers(1, 60).flatmap(
        lambda most: st.tuples(st.just(most), st.integers(0, most))
    ),
)
def test_a_number_has_a_text_just_where_a_column_of_that_type_would_keep_it(
    value: Decimal | int, size: tuple[int, int]
) -> None:
    precision, scale = size
    try:
        text = to_decimal_text(value, precision, scale)
    except UnreadableError:
        text = None

    exact = Decimal(value)
    with localcontext(ALL_DIGITS):
        try:
            kept = exact.quantize(Decimal((0, (1,), -scale)))
        except InvalidOperation:
            kept = Decimal("Infinity")
        fits = kept == exact and abs(kept) < Decimal((0, (1,), precision - scale))
    assert (text is not None) == fits
    if text is not None:
        assert Decimal(text) == exact
        assert "E" not in text.upper()


def test_all_numbers_of_a_schema_are_decimals_and_nothing_else_is() -> None:
    size = {"precision": 20, "scale": 4}
    before = schema_of("purchase_orders")
    after = schema_of("purchase_orders", DecimalType(**size))

    changed = _differing(before, after)

    assert len(changed) > 30
    for old, new in changed:
        assert types_of(old) == ["number"]
        assert new == {
            "type": ["string", "null"],
            "format": "x-singer.decimal",
            **size,
            "description": old["description"],
        }
    assert not [part for part in _parts(after) if types_of(part) == ["number"]]


SIZE = {"format": "x-singer.decimal", "precision": 20, "scale": 4}
DECIMAL_TEXT = {"type": ["string", "null"], **SIZE}
NUMBER = {"type": ["number", "null"]}
# As the Singer SDK gives it back, which knows neither of the two.
WITHOUT_SIZE = {"type": ["string", "null"], "format": "x-singer.decimal"}
TEXT = {"type": ["string", "null"]}


@pytest.mark.parametrize(
    ("own", "given_in_catalog", "declared"),
    [
        (DECIMAL_TEXT, NUMBER, DECIMAL_TEXT),
        (DECIMAL_TEXT, WITHOUT_SIZE, DECIMAL_TEXT),
        (NUMBER, DECIMAL_TEXT, NUMBER),
        (NUMBER, WITHOUT_SIZE, NUMBER),
        # Whatever else a catalog says is left as it is.
        (NUMBER, {"type": "number", "maximum": 5}, {"type": "number", "maximum": 5}),
        (NUMBER, TEXT, TEXT),
        (DECIMAL_TEXT, TEXT, TEXT),
        (TEXT, NUMBER, NUMBER),
        (TEXT, WITHOUT_SIZE, WITHOUT_SIZE),
    ],
)
def test_an_older_catalog_declares_a_number_as_it_is_written(
    own: Any, given_in_catalog: Any, declared: Any
) -> None:
    said = {"description": "A total."}
    schema, catalog, expected = (
        {"properties": {"total": {"type": "object", "properties": {"amount": part}}}}
        for part in (
            {**own, "description": "Ours."},
            given_in_catalog | said,
            declared | said,
        )
    )

    assert with_numbers_of(schema, catalog) == expected
    unknown = {"properties": {"another": given_in_catalog}}
    assert with_numbers_of(schema, unknown) == unknown


def test_a_schema_tells_whether_a_number_of_it_is_decimal_text() -> None:
    for stream in ("purchase_orders", "order_line_items"):
        assert has_decimal(schema_of(stream, DecimalType(38, 9)))
        assert not has_decimal(schema_of(stream))


def _differing(before: Any, after: Any) -> list[tuple[Any, Any]]:
    """Return the parts of a schema that another one has otherwise."""
    if before == after:
        return []
    if isinstance(before, dict) and "type" in before and types_of(before) == ["number"]:
        return [(before, after)]
    assert before.keys() == after.keys()
    return [pair for name in before for pair in _differing(before[name], after[name])]


def _parts(schema: Any) -> list[dict[str, Any]]:
    """Return all parts of a schema that have a type."""
    found = [schema] if "type" in schema else []
    for part in schema.get("properties", {}).values():
        found += _parts(part)
    if isinstance(items := schema.get("items"), dict):
        found += _parts(items)
    return found
