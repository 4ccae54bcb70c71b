"""Twenty histories of the soak; `make soak` runs two hundred."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from .history import Outcome, run_history
from .loaders import is_installed, running_loaders
from .plan import plan_of
from .tables import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

SEEDS = range(1, 21)
AT_A_TIME = 2

# The first test waits for all of them on a loaded machine.
pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Iterator[dict[int, Future[Outcome]]]:
    """The histories of the tests that were chosen, some of them at a time."""
    if not is_installed():
        pytest.skip("no target-postgres here: `make soak` installs it")
    chosen: list[Any] = [
        item.callspec.params["seed"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.module is request.module
    ]
    with (
        running_server() as server,
        running_loaders() as loaders,
        ThreadPoolExecutor(AT_A_TIME) as pool,
    ):
        yield {
            seed: pool.submit(run_history, plan_of(seed), server, loaders)
            for seed in chosen
        }
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_warehouse_is_right_at_the_end(
    seed: int, outcomes: dict[int, Future[Outcome]]
) -> None:
    outcome = outcomes[seed].result()

    assert outcome.is_good, outcome.account()
    assert outcome.findings.compared["orders"]
