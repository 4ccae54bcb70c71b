from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.errors import SourceError
from tap_purchase_orders.number_sources.error_messages import source_error
from tap_purchase_orders.number_sources.number_values import NumberColumn


def text_of(value: Any) -> str | None:
    refusal = partial(source_error, key="column")
    return NumberColumn("the column", refusal).text(value, row=7)


@given(st.text())
def test_text_stays_as_it_is(text: str) -> None:
    assert text_of(text) == text


@given(st.integers())
def test_a_whole_number_is_its_digits_whatever_its_type(number: int) -> None:
    assert text_of(number) == str(number)
    assert text_of(Decimal(number)) == str(number)
    assert text_of(Decimal(f"{number}.00")) == str(number)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3))
def test_a_fraction_is_its_digits_without_an_exponent(number: Decimal) -> None:
    text = text_of(number)

    assert text is not None
    assert Decimal(text) == number
    assert "E" not in text


@given(st.floats(-(2.0**53), 2.0**53, exclude_min=True, exclude_max=True))
def test_a_float_is_the_shortest_text_that_means_it(number: float) -> None:
    text = text_of(number)

    assert text is not None
    assert float(text) == number
    assert "e" not in text.lower()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (123.0, "123"),
        (Decimal("1E+3"), "1000"),
        (Decimal("12.50"), "12.50"),
        (Decimal("1E+1000000"), "1E+1000000"),
        (None, None),
        (float("nan"), None),
        (Decimal("NaN"), None),
    ],
)
def test_odd_values_are_text_or_null(value: Any, expected: str | None) -> None:
    assert text_of(value) == expected


@pytest.mark.parametrize("value", [2.0**53, -(2.0**53), 1e300, float("inf")])
def test_a_float_that_may_be_another_number_is_refused(value: float) -> None:
    with pytest.raises(SourceError, match=r"the column .* row 7 .* neighbours"):
        text_of(value)


@pytest.mark.parametrize("value", [True, b"A", [1], {"a": 1}, object()])
def test_anything_else_is_refused_with_its_row(value: Any) -> None:
    with pytest.raises(SourceError, match=r"the column .* row 7"):
        text_of(value)
