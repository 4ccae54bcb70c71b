"""Histories follow from their seeds, and have in them what they say."""

from __future__ import annotations

import pytest

from .plan import CLASSES, MELTANO_EVERY, USUAL, Settings, plan_of
from .troubles import KINDS

PLANS = [plan_of(seed) for seed in range(1, 201)]
STEPS = [step for plan in PLANS for step in plan.steps]


def test_the_same_seed_gives_the_same_history() -> None:
    assert [plan_of(seed) for seed in range(1, 201)] == PLANS
    assert len({plan.steps for plan in PLANS}) == len(PLANS)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_fault_is_in_some_of_the_first_twenty(kind: str) -> None:
    steps = [step for plan in PLANS[:20] for step in plan.steps]

    assert any(trouble.kind == kind for step in steps for trouble in step.troubles)


def test_every_program_is_killed_in_some_history() -> None:
    kills = {(step.kill.whom, step.kill.number.name) for step in STEPS if step.kill}

    assert {("tap", "SIGTERM"), ("tap", "SIGKILL"), ("loader", "SIGKILL")} <= kills
    assert {("meltano", "SIGTERM"), ("meltano", "SIGKILL")} <= kills
    assert ("machine", "SIGKILL") in kills


@pytest.mark.parametrize("setting", Settings.__slots__)
def test_each_setting_is_changed_in_some_history(setting: str) -> None:
    assert any(
        len({getattr(step.settings, setting) for step in plan.steps}) > 1
        for plan in PLANS
    )


def test_each_stream_that_may_be_off_is_off_and_on_again_in_some_history() -> None:
    missing = {stream for step in STEPS[:-1] for stream in USUAL - step.streams}

    assert {"orders", "order_line_items", "purchase_order_lines"} <= missing
    assert any("order_attachments" in step.streams for step in STEPS)


def test_the_last_two_runs_meet_no_trouble_and_miss_nothing() -> None:
    for plan in PLANS:
        *_, incremental, everything = plan.steps
        assert (incremental.troubles, incremental.kill) == ((), None)
        assert (everything.troubles, everything.kill) == ((), None)
        assert all(
            step.streams <= incremental.streams
            and not step.settings.include_price > incremental.settings.include_price
            for step in plan.steps
        )
        assert incremental.settings.customers == ()


def test_one_history_in_twenty_is_under_meltano_and_overlaps() -> None:
    under = [plan for plan in PLANS if plan.under_meltano]

    assert len(under) == len(PLANS) // MELTANO_EVERY
    assert all(any(step.overlap for step in plan.steps) for plan in under)


@pytest.mark.parametrize("name", CLASSES)
def test_what_is_left_out_changes_nothing_else(name: str) -> None:
    rest = [each for each in CLASSES if each != name]
    for seed in range(1, 21):
        whole, less = plan_of(seed), plan_of(seed, rest)
        assert [step.days for step in less.steps if step.name == "incremental"] == [
            step.days for step in whole.steps if step.name == "incremental"
        ]
        left = {trouble.kind for step in less.steps for trouble in step.troubles}
        assert name not in left
