from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import FormatChecker

from tap_purchase_orders.records.values import (
    UnreadableError,
    to_boolean,
    to_date,
    to_date_time,
    to_integer,
    to_number,
    to_text,
    to_utc_day,
)
from tests.unit.json_values import DECIMALS, TEXTS, any_json

if TYPE_CHECKING:
    from collections.abc import Callable

CONVERSIONS: list[Callable[[Any], Any]] = [
    to_boolean,
    to_date,
    to_date_time,
    to_integer,
    to_number,
    to_text,
]
# Readable to some, but not as JSON writes numbers.
NO_NUMBERS = ["1,200.00", "0x10", "1_000", "nan", "Infinity", "--1", "1e", "1 2"]


@pytest.mark.parametrize("convert", CONVERSIONS)
@given(value=any_json().filter(lambda value: value is not None))
def test_any_value_is_converted_or_called_unreadable(
    convert: Callable[[Any], Any], value: Any
) -> None:
    try:
        convert(value)
    except UnreadableError:
        return


@pytest.mark.parametrize("convert", CONVERSIONS)
@pytest.mark.parametrize("value", [[], ["1"], {}, {"amount": 1}])
def test_no_array_or_object_is_a_single_value(
    convert: Callable[[Any], Any], value: Any
) -> None:
    with pytest.raises(UnreadableError):
        convert(value)


@given(TEXTS)
def test_text_stays_as_it_is(text: str) -> None:
    assert to_text(text) == text


@pytest.mark.parametrize(("flag", "text"), [(True, "true"), (False, "false")])
def test_true_and_false_become_those_words(
    flag: bool,  # noqa: FBT001
    text: str,
) -> None:
    assert to_text(flag) == text


@given(st.integers(-(2**99), 2**99) | st.integers(-(10**399) + 1, 10**400 - 1))
def test_a_whole_number_becomes_text_and_stays_a_number_with_all_its_digits(
    number: int,
) -> None:
    assert int(to_text(number)) == number
    assert to_number(number) == number


@given(st.integers(10**400, 10**450))
def test_a_number_of_too_many_digits_becomes_no_text(number: int) -> None:
    # Nobody numbers orders so: as a key it would end a load.
    with pytest.raises(UnreadableError):
        to_text(number)


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_whole_number_that_a_warehouse_can_hold_stays_one(number: int) -> None:
    assert to_integer(number) == number
    assert to_integer(str(number)) == number


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**400])
def test_a_whole_number_that_no_column_of_these_holds_is_unreadable(
    number: int,
) -> None:
    for value in (number, Decimal(number), str(number)):
        with pytest.raises(UnreadableError):
            to_integer(value)


@pytest.mark.parametrize(
    "text",
    ["1e131072", "1e-16384", "-1e999999", "0." + 16_384 * "1", 131_073 * "1"],
)
def test_a_number_that_no_column_holds_is_unreadable(text: str) -> None:
    for value in (text, Decimal(text)):
        with pytest.raises(UnreadableError):
            to_number(value)


@pytest.mark.parametrize(
    "text", ["1e131071", "1e-16383", "0." + 16_383 * "1", 131_072 * "1"]
)
def test_a_number_that_a_column_holds_is_read(text: str) -> None:
    assert to_number(text) == to_number(Decimal(text)) == Decimal(text)


def test_a_whole_number_is_read_up_to_the_digits_that_a_column_holds() -> None:
    most = 10**131_072 - 1
    assert to_number(most) == most
    assert to_number(-most) == -most
    for number in (most + 1, -most - 1):
        with pytest.raises(UnreadableError):
            to_number(number)


@given(DECIMALS)
def test_a_number_becomes_text_and_stays_a_number_with_all_its_digits(
    number: Decimal,
) -> None:
    assert Decimal(to_text(number)).as_tuple() == number.as_tuple()
    for same in (to_number(number), to_number(f" {number}\n")):
        assert isinstance(same, Decimal)
        assert same.as_tuple() == number.as_tuple()


@given(TEXTS)
def test_text_is_a_number_only_if_it_is_one_digit_for_digit(text: str) -> None:
    try:
        number = to_number(text)
    except UnreadableError:
        return
    if number is None:
        assert not text.strip()
    else:
        assert number == Decimal(text.strip())


@pytest.mark.parametrize("text", [*NO_NUMBERS, "\u0663", "1e99999999999999999999"])
def test_other_text_is_no_number(text: str) -> None:
    for convert in (to_number, to_integer):
        with pytest.raises(UnreadableError):
            convert(text)


@pytest.mark.parametrize("text", ["", " ", "\t\n"])
def test_blank_text_is_no_number_no_date_and_no_truth_but_blank_text(text: str) -> None:
    assert to_text(text) == text
    assert to_number(text) is None
    assert to_integer(text) is None
    assert to_boolean(text) is None
    assert to_date(text) is None
    assert to_date_time(text) is None


@pytest.mark.parametrize("flag", [True, False])
def test_true_and_false_are_no_numbers(flag: bool) -> None:  # noqa: FBT001
    for convert in (to_number, to_integer):
        with pytest.raises(UnreadableError):
            convert(flag)


@given(DECIMALS)
def test_a_whole_number_is_the_same_number_or_unreadable(number: Decimal) -> None:
    try:
        whole = to_integer(number)
    except UnreadableError:
        is_whole = number.adjusted() < 400 and number == number.to_integral_value()
        assert not (is_whole and -(2**63) <= number < 2**63)
        return
    assert whole == number
    assert isinstance(whole, int)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(Decimal("5.0"), 5), ("5.00", 5), ("1e2", 100), (Decimal("-0.0"), 0), ("+3", 3)],
)
def test_a_number_without_a_remainder_is_whole(value: Any, expected: int) -> None:
    assert to_integer(value) == expected


@pytest.mark.parametrize("value", [Decimal("5.5"), "5.5", "1e-1", "1e999999999"])
def test_a_number_with_a_remainder_or_beyond_all_bounds_is_not_whole(
    value: Any,
) -> None:
    with pytest.raises(UnreadableError):
        to_integer(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True),
        (False, False),
        (1, True),
        (0, False),
        ("true", True),
        (" FALSE ", False),
        ("True", True),
    ],
)
def test_true_and_false_are_those_words_or_1_and_0(
    value: Any,
    expected: bool,  # noqa: FBT001
) -> None:
    assert to_boolean(value) is expected


@pytest.mark.parametrize("value", [2, -1, "Y", "no", Decimal("0.5")])
def test_nothing_else_is_true_or_false(value: Any) -> None:
    with pytest.raises(UnreadableError):
        to_boolean(value)


@pytest.mark.parametrize("text", ["2026-01-31", " 2026-01-31 "])
def test_a_day_is_that_day(text: str) -> None:
    assert to_date(text) == "2026-01-31"


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T00:00:00Z",
        "2026-01-31T00:00:00",
        "2026-01-31 00:00",
        "2026-01-31T00:00:00.0000000Z",
        "2026-01-31T00:00:00+00:00",
    ],
)
def test_a_midnight_is_its_day_and_no_date(text: str) -> None:
    assert to_utc_day(text) == "2026-01-31"
    with pytest.raises(UnreadableError):
        to_date(text)


@pytest.mark.parametrize(
    "value",
    [
        "2026-02-30",
        "31/01/2026",
        "2026-01-31T10:00:00Z",
        "2026-01-31T00:00:00.1Z",
        # Another day in UTC.
        "2026-01-31T00:00:00+05:30",
        "0000-01-01",
        "20260131",
        "2026-1-31",
        20260131,
        True,
    ],
)
def test_what_would_lose_its_time_or_is_no_day_is_no_date(value: Any) -> None:
    with pytest.raises(UnreadableError):
        to_date(value)


@pytest.mark.parametrize("value", ["soon", "2026-02-30T00:00:00Z", 1577836800, True])
def test_what_is_no_moment_is_no_date_time(value: Any) -> None:
    with pytest.raises(UnreadableError):
        to_date_time(value)


def test_a_date_time_is_given_in_utc_with_all_its_digits() -> None:
    assert to_date_time("2026-01-31T00:00:00.1200000+05:30") == (
        "2026-01-30T18:30:00.1200000Z"
    )


@given(TEXTS)
def test_what_is_given_as_a_date_or_date_time_is_one(text: str) -> None:
    for convert, form in ((to_date, "date"), (to_date_time, "date-time")):
        try:
            value = convert(text)
        except UnreadableError:
            continue
        assert value is None or FormatChecker().conforms(value, form)
