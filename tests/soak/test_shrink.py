"""A history that went wrong is made as short as what is wrong with it."""

from __future__ import annotations

from .findings import Finding
from .history import Outcome
from .plan import CLASSES, Plan, plan_of
from .shrink import shrunk


def outcome_of(plan: Plan) -> Outcome:
    """Return the outcome of a history that is wrong if Meltano is killed in it."""
    outcome = Outcome(plan)
    if any(step.kill and step.kill.whom == "meltano" for step in plan.steps):
        outcome.findings.found.append(Finding("step overwritten"))
    return outcome


def test_what_does_not_matter_is_left_out() -> None:
    long = next(
        plan
        for plan in map(plan_of, range(1, 200))
        if not outcome_of(plan).is_good and len(plan.steps) > 6
    )

    short = shrunk(outcome_of(long), outcome_of)

    first, *rest = short.plan.steps
    assert [step.name for step in rest] == ["last incremental", "last FULL_TABLE"]
    assert first.kill in [step.kill for step in long.steps]
    assert (first.troubles, short.findings.found[0].kind) == ((), "step overwritten")
    assert sum(step.days for step in short.plan.steps) == sum(
        step.days for step in long.steps
    )


def test_the_account_tells_how_to_see_it_again() -> None:
    plan = plan_of(7)
    outcome = Outcome(plan)
    finding = Finding(
        "row differs", "orders", ("c1", "o1"), {"a": 1}, {"a": 2}, "run 2"
    )
    outcome.findings.found += [finding] * 20

    account = outcome.account()

    assert all(str(step) in account for step in plan.steps)
    assert "row differs: orders c1/o1 (after run 2)" in account
    assert "expected {'a': 1}" in account
    assert "found    {'a': 2}" in account
    assert "'row differs orders': 20" in account
    assert account.endswith("again: python -m tests.soak --seed 7")
    without = plan_of(7, set(CLASSES) - {"kill", "page of a proxy"})
    assert Outcome(without).account().endswith("--without 'page of a proxy' kill")
