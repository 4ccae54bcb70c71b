from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.configs import appzen, mistakes
from tests.unit.source_contexts import items_of

numbers_as_text = st.text(st.characters(exclude_characters=","), max_size=6)


def numbers_of(numbers: Any) -> list[Any]:
    section = {"source": "list", "numbers": numbers}
    return items_of(section)


@given(st.lists(st.text(max_size=6), max_size=6))
def test_the_numbers_of_an_array_are_taken_as_they_are(numbers: list[str]) -> None:
    assert numbers_of(numbers) == numbers


@given(st.lists(numbers_as_text, min_size=1, max_size=6))
def test_the_numbers_of_one_text_lose_the_blanks_around_them(
    numbers: list[str],
) -> None:
    # A comma at the end is only that.
    text = ",".join([*numbers, ""])

    assert numbers_of(text) == [number.strip() for number in numbers]


@pytest.mark.parametrize(
    ("given_numbers", "expected"),
    [
        ("PO-1", ["PO-1"]),
        (" PO-1 , 000917,a b\n", ["PO-1", "000917", "a b"]),
        ("PO-1,", ["PO-1"]),
        ("PO-1, \n", ["PO-1"]),
        ("", []),
        (" ", []),
        ("PO-1,,PO-2", ["PO-1", "", "PO-2"]),
        ([" PO-1 ", "a,b", ""], [" PO-1 ", "a,b", ""]),
        ([917, "000917"], ["917", "000917"]),
        ([], []),
    ],
)
def test_numbers_are_read(given_numbers: Any, expected: list[str]) -> None:
    assert numbers_of(given_numbers) == expected
    section = {"source": "list", "numbers": given_numbers}
    assert mistakes(appzen(purchase_order_numbers=section)) == ()


@pytest.mark.parametrize("wrong", [1.5, True, None, [], {"number": "PO-1"}])
def test_what_is_no_number_is_a_mistake_with_its_place(wrong: Any) -> None:
    section = {"source": "list", "numbers": ["PO-1", wrong, "PO-2", wrong]}
    lines = mistakes(appzen(purchase_order_numbers=section))

    assert [line.split()[0] for line in lines] == [
        "`appzen.purchase_order_numbers.numbers[1]`",
        "`appzen.purchase_order_numbers.numbers[3]`",
    ]
