from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.http.allowance import Allowance


def test_without_a_refusal_it_is_the_limit() -> None:
    assert Allowance(500, 60.0).at(1e9) == 500


def test_a_refusal_takes_some_of_it_and_a_second_one_more() -> None:
    allowance = Allowance(100, 1.0)
    allowance.refused(0.0, 1.0)
    assert allowance.at(1.0) == 70

    allowance.refused(1.0, 1.0)
    assert allowance.at(1.0) == 49


def test_what_was_under_way_together_is_refused_together() -> None:
    allowance = Allowance(100, 1.0)
    for number in range(8):
        allowance.refused(0.0, 1.0 + number / 1000)

    assert allowance.at(1.01) >= 70


@pytest.mark.parametrize(("window", "full"), [(1.0, 180.0), (60.0, 360.0)])
@pytest.mark.parametrize("refusals", [1, 3, 50])
def test_the_full_limit_comes_back_however_often_it_was_refused(
    window: float, full: float, refusals: int
) -> None:
    allowance = Allowance(500, window)
    for _ in range(refusals):
        allowance.refused(0.0, 0.0)

    assert allowance.at(full + 1) == 500


def test_a_refusal_of_the_full_limit_is_over_when_it_has_been_reached_again() -> None:
    allowance = Allowance(500, 1.0)
    allowance.refused(0.0, 0.0)

    assert allowance.at(30.0) > 480
    assert allowance.at(60.0) == 500
    allowance.refused(59.0, 61.0)
    assert allowance.at(61.0) == 350


moments = st.lists(st.tuples(st.floats(0, 300), st.booleans()), max_size=30)


@given(st.integers(1, 2000), st.sampled_from([1.0, 60.0]), moments)
def test_it_grows_between_refusals_from_one_to_the_limit(
    limit: int, window: float, steps: list[tuple[float, bool]]
) -> None:
    allowance = Allowance(limit, window)
    now, before = 0.0, allowance.at(0.0)
    for pause, is_refused in steps:
        now += pause
        if is_refused:
            allowance.refused(now, now)
            before = 0
        assert before <= allowance.at(now) <= limit
        before = max(1, allowance.at(now))
