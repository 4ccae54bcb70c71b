"""The figures that the benchmarks make of turns."""

from __future__ import annotations

import pytest

from benchmarks.turns import by_turns

# Seconds of the tap and of the other at a small volume, then at a large one.
TURN = (0.5, 0.1, 2.5, 1.1)


def test_the_cost_of_a_header_leaves_out_what_every_run_costs() -> None:
    measured = by_turns([TURN] * 5, 1000)

    assert measured.tap_us == pytest.approx(2000)
    assert measured.other_us == pytest.approx(1000)
    assert measured.ratio == pytest.approx(2)
    assert measured.turns == 5


def test_turns_that_agree_have_no_spread() -> None:
    assert by_turns([TURN] * 5, 1000).spread == pytest.approx(0)


def test_one_disturbed_turn_moves_nothing() -> None:
    measured = by_turns([*[TURN] * 8, (0.5, 0.1, 9.0, 1.1)], 1000)

    assert measured.ratio == pytest.approx(2)
    assert measured.spread == pytest.approx(0)


def test_turns_that_differ_have_a_spread_around_the_ratio() -> None:
    turns = [(0.5, 0.1, 2.5 + extra / 10, 1.1) for extra in range(5)]

    measured = by_turns(turns, 1000)

    assert measured.ratio == pytest.approx(2.2)
    assert 2.0 <= measured.lowest < measured.ratio < measured.highest <= 2.4
    assert measured.spread == pytest.approx(
        (measured.highest - measured.lowest) / measured.ratio
    )
