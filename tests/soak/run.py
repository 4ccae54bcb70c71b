"""One run, as both ways to run it tell of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .plan import Step

HUNG = "run never ended"
SECONDS = 240


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Attributes:
        is_good: Everything ended with status 0.
        is_kept: A state was kept for the next run.
        killed: Whether the kill of the step came before the run was over.
        has_crashed: The tap ended by a signal that nobody sent, or by a traceback.
        log: The end of what was written to standard error.
    """

    is_good: bool
    is_kept: bool
    killed: bool
    has_crashed: bool
    log: str = field(repr=False)


class Runner(Protocol):
    """Runs the tap and the loader."""

    def run(self, step: Step, settings: dict[str, Any]) -> Ended:
        """Run a step's run with the tap's settings, and what is to happen to it.

        Raises:
            TimeoutError: It did not end.
        """
