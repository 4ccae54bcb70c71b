from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.number_sources.seen_set import SeenSet

# Few letters, half a surrogate pair among them: many come twice.
numbers = st.lists(st.text("AÄ0\ud800", max_size=3), max_size=60)


@given(numbers, st.integers(min_value=1, max_value=9))
def test_a_number_is_new_once_however_few_fit_into_memory(
    given_numbers: list[str], most_in_memory: int
) -> None:
    with SeenSet(most_in_memory) as seen:
        new = [number for number in given_numbers if seen.add(number)]

    assert new == list(dict.fromkeys(given_numbers))


@given(numbers, numbers, st.integers(min_value=1, max_value=9))
def test_numbers_that_were_put_in_are_not_new(
    put: list[str], added: list[str], most_in_memory: int
) -> None:
    with SeenSet(most_in_memory) as seen:
        for number in put:
            seen.put(number)
        new = [number for number in added if seen.add(number)]

    assert new == [number for number in dict.fromkeys(added) if number not in put]


@given(numbers, st.integers(min_value=1, max_value=9))
def test_all_numbers_are_new_again_once_they_are_forgotten(
    given_numbers: list[str], most_in_memory: int
) -> None:
    with SeenSet(most_in_memory) as seen:
        for number in given_numbers:
            seen.put(number)
        seen.clear()

        assert all(seen.add(number) for number in dict.fromkeys(given_numbers))
