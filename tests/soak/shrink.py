"""Makes a history that went wrong shorter, as long as it goes wrong in the same way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .history import Outcome
    from .plan import Plan

_MOST_TRIALS = 40


def shrunk(outcome: Outcome, run: Callable[[Plan], Outcome]) -> Outcome:
    """Return the outcome of the shortest history that was found.

    Args:
        outcome: What came of a history that went wrong.
        run: Runs a history.
    """
    kind = outcome.findings.found[0].kind
    trials = 0
    progress = True
    while progress:
        progress = False
        for plan in _shorter(outcome.plan):
            trials += 1
            if trials > _MOST_TRIALS:
                return outcome
            shorter = run(plan)
            if any(found.kind == kind for found in shorter.findings.found):
                outcome, progress = shorter, True
                break
    return outcome


def _shorter(plan: Plan) -> Iterator[Plan]:
    """Yield the history less one run, one trouble or one kill."""
    for place, step in enumerate(plan.steps[:-2]):
        rest = list(plan.steps)
        # The time that went by stays.
        rest[place + 1] = replace(
            rest[place + 1], days=rest[place + 1].days + step.days
        )
        del rest[place]
        yield replace(plan, steps=tuple(rest))
    for place, step in enumerate(plan.steps):
        fewer = []
        if step.kill is not None:
            fewer.append(replace(step, kill=None))
        fewer += [
            replace(step, troubles=step.troubles[:n] + step.troubles[n + 1 :])
            for n in range(len(step.troubles))
        ]
        for less in fewer:
            steps = (*plan.steps[:place], less, *plan.steps[place + 1 :])
            yield replace(plan, steps=steps)
