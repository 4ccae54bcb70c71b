from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Raw

from tap_purchase_orders.exact_json import decode_body
from tap_purchase_orders.records.line_keys import (
    LineKeys,
    canonical_number,
    keys_of_whole_numbers,
)
from tests.unit.json_values import DECIMALS, any_json

NUMBERS = st.integers() | DECIMALS
# Those that collide, and anything else.
LINES = st.lists(
    st.tuples(
        st.sampled_from(
            [1, Decimal("1.0"), "1", "1#2", "id:7", "row:2", "", None, True]
        )
        | NUMBERS
        | any_json(),
        st.none() | st.sampled_from(["7", "7", "", " ", "00012"]) | st.text(max_size=3),
    ),
    max_size=12,
)


def keys_of(lines: list[tuple[Any, str | None]]) -> list[tuple[str, bool]]:
    keys = LineKeys()
    return [
        keys.key(number, line_id, position)
        for position, (number, line_id) in enumerate(lines, start=1)
    ]


@given(LINES)
@example([(1, None), ("1#2", None), (1, None), (1, None), ("1#2", None)])
def test_keys_are_never_null_or_blank_and_never_two_the_same(
    lines: list[tuple[Any, str | None]],
) -> None:
    keys = [key for key, _ in keys_of(lines)]

    assert all(key.strip() for key in keys)
    assert len(set(keys)) == len(keys)


@given(LINES, LINES)
def test_keys_depend_on_the_lines_before_them_and_on_nothing_else(
    lines: list[tuple[Any, str | None]], more: list[tuple[Any, str | None]]
) -> None:
    assert keys_of(lines) == keys_of(lines)
    assert keys_of([*lines, *more])[: len(lines)] == keys_of(lines)


@given(LINES)
def test_a_line_is_regular_only_if_its_number_alone_gave_its_key(
    lines: list[tuple[Any, str | None]],
) -> None:
    for (number, _), (key, is_irregular) in zip(lines, keys_of(lines), strict=True):
        if not is_irregular:
            assert key == number or Decimal(key) == number


@given(NUMBERS, NUMBERS)
@example(1, Decimal("1.0"))
@example(Decimal("6.10"), Decimal("6.1"))
@example(0, Decimal("-0.00"))
@example(100, Decimal("1E+2"))
@example(10**30, Decimal("1E+30"))
@example(10**30, 10**30 + 1)
@example(Decimal("1E+400"), 10**400)
def test_two_numbers_have_one_text_if_and_only_if_they_are_equal(
    one: int | Decimal, other: int | Decimal
) -> None:
    assert (canonical_number(one) == canonical_number(other)) == (one == other)


@given(NUMBERS)
def test_the_text_of_a_number_is_that_number_and_not_too_long(
    number: int | Decimal,
) -> None:
    text = canonical_number(number)

    assert Decimal(text) == number
    assert len(text) <= 120 + len(Decimal(number).as_tuple().digits)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1, "1"),
        (Decimal("1.0"), "1"),
        (Decimal("6.10"), "6.1"),
        (Decimal("1E+2"), "100"),
        (Decimal("-0.0"), "0"),
        (Decimal("0.000000001"), "0.000000001"),
        (-3, "-3"),
        ("007", "007"),
        ("A-1", "A-1"),
        (" 1 ", " 1 "),
    ],
)
def test_a_line_number_is_the_key_in_its_plain_spelling(
    number: Any, expected: str
) -> None:
    assert LineKeys().key(number, "00012", 5) == (expected, False)


@pytest.mark.parametrize("number", [None, "", " ", True, [], {"value": 1}])
def test_without_a_number_the_id_is_the_key_and_else_the_position(number: Any) -> None:
    assert LineKeys().key(number, "00012", 5) == ("id:00012", True)
    assert LineKeys().key(number, None, 5) == ("row:5", True)
    assert LineKeys().key(number, " ", 5) == ("row:5", True)


def test_a_repeated_key_is_numbered_from_2_and_irregular() -> None:
    seven = Decimal("7.0")

    assert keys_of([(7, "a"), (7, "b"), (seven, "c"), (None, "a"), (None, "a")]) == [
        ("7", False),
        ("7#2", True),
        ("7#3", True),
        ("id:a", True),
        ("id:a#2", True),
    ]


def test_a_text_that_looks_like_a_numbered_key_takes_no_other_lines_key() -> None:
    assert keys_of([(1, None), ("1#2", None), (1, None)]) == [
        ("1", False),
        ("1#2", False),
        ("1#3", True),
    ]


@given(
    st.lists(
        st.none()
        | st.integers(0, 5).map(str)
        | st.sampled_from(["1.0", "-1", "10e1", "6.1", "null", "9" * 18, "9" * 19]),
        max_size=5,
    )
)
@example(["1", "2", "30"])
@example(["1", "1"])
def test_keys_of_whole_numbers_are_those_that_each_line_would_get_by_itself(
    numbers: list[str | None],
) -> None:
    sent = [None if number is None else Raw(number) for number in numbers]

    at_once = keys_of_whole_numbers(sent)

    one_by_one = keys_of(
        [(decode_body((number or "null").encode()), None) for number in numbers]
    )
    assert at_once in ([], [key for key, _ in one_by_one])
    assert not at_once or not any(is_irregular for _, is_irregular in one_by_one)


def test_whole_numbers_get_their_keys_all_at_once() -> None:
    assert keys_of_whole_numbers([Raw("22"), Raw("1"), Raw("300")]) == [
        "22",
        "1",
        "300",
    ]
