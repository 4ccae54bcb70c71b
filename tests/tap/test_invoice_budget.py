"""A budget of requests that counts invoices: it is kept, and each run gets on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.invoices import Invoices, ago, emitted, invoice
from tests.tap.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.tap.tap import Run


@pytest.fixture
def invoices() -> Iterator[Invoices]:
    with Upstream() as started:
        yield Invoices(started)


def runs_to_the_end(invoices: Invoices, budget: int, **settings: Any) -> list[Run]:
    """Return the runs with a budget until one is through."""
    runs: list[Run] = []
    while not runs or budget_warnings(runs[-1]):
        assert len(runs) < 60
        state = runs[-1].state if runs else None
        run = invoices.read(state, max_requests_per_run=budget, **settings)
        assert len(invoices.upstream.asked) <= budget
        assert run.status == 0
        runs.append(run)
    return runs


def budget_warnings(run: Run) -> list[str]:
    return [line for line in run.warnings if "budget" in line]


@pytest.mark.parametrize("tells_times", [True, False])
@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize("budget", [12, 30])
def test_runs_with_a_budget_get_to_the_end_together(
    budget: int, concurrency: int, invoices: Invoices, *, tells_times: bool
) -> None:
    invoices.tells_times = tells_times
    given = [f"PO-{number}" for number in range(24)]
    for number, name in enumerate(given):
        invoices.add(f"{number}", ago(hours=300 - 3 * number), invoice(name))

    runs = runs_to_the_end(invoices, budget, max_concurrency=concurrency)

    assert set(emitted(*runs)) == set(given)
    assert 2 <= len(runs) < 24


def test_the_smallest_budget_gets_on_by_one_invoice_a_run(invoices: Invoices) -> None:
    for number in range(5):
        invoices.add(f"{number}", ago(hours=30 - number), invoice(f"PO-{number}"))

    runs = runs_to_the_end(invoices, 5, start_date=ago(days=3).isoformat())

    assert list(dict.fromkeys(emitted(*runs))) == [f"PO-{i}" for i in range(5)]


def test_an_invoice_with_more_numbers_than_a_budget_is_read_in_parts(
    invoices: Invoices,
) -> None:
    given = [f"PO-{number}" for number in range(40)]
    # Not on the border of two windows: whoever is cut off there reads it once more.
    invoices.add("all", ago(days=3), invoice(*given))
    # Not there any more; said once, and no hindrance to going on behind it.
    invoices.processed["a"] = ago(days=3)

    runs = runs_to_the_end(invoices, 14)

    # Of those that are asked for side by side where the budget ends, one may be read
    # before the one that it follows, and then once more.
    assert set(emitted(*runs)) == set(given)
    assert len(emitted(*runs)) < len(given) + 8 * len(runs)
    assert len(runs) < 8
    assert [len(run.issues()) for run in runs] == [1] + [0] * (len(runs) - 1)


def test_a_budget_that_is_just_enough_is_no_hindrance(invoices: Invoices) -> None:
    for number in range(6):
        invoices.add(f"{number}", ago(hours=9 - number), invoice(f"PO-{number}"))
    start = ago(days=2).isoformat()
    free = invoices.read(start_date=start)
    enough = len(invoices.upstream.asked)

    run = invoices.read(start_date=start, max_requests_per_run=enough)

    assert enough == 13
    assert (run.status, run.warnings) == (0, [])
    assert emitted(run) == emitted(free)


def test_a_budget_that_gets_nowhere_says_so(invoices: Invoices) -> None:
    for number in range(9):
        invoices.add(f"{number}", ago(hours=9 - number), invoice(f"PO-{number}"))

    run = invoices.read(max_requests_per_run=2, start_date=ago(days=1).isoformat())

    assert run.status == 0
    (warning,) = run.warnings
    assert "raise `appzen.max_requests_per_run`" in warning


def test_a_quiet_run_needs_no_more_than_its_search(invoices: Invoices) -> None:
    invoices.add("a", ago(days=3), invoice("PO"))
    first = invoices.read()

    run = invoices.read(first.state, max_requests_per_run=1)

    assert (run.status, run.warnings) == (0, [])
    assert len(invoices.upstream.asked) == 1
