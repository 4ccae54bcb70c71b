"""Time that passes only when something waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_purchase_orders.concurrency.cancellation import CancelToken

if TYPE_CHECKING:
    from collections.abc import Callable


class FakeTime(CancelToken):
    """A clock that is moved by hand, and a `CancelToken` whose waits move it.

    Attributes:
        now: Seconds.
        waits: How long each wait was.
        on_passing: Called with the moment that a wait would end, before it does.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.waits: list[float] = []
        self.on_passing: Callable[[float], None] = lambda _moment: None

    def clock(self) -> float:
        return self.now

    def pass_until(self, moment: float) -> None:
        self.on_passing(moment)
        self.now = max(self.now, moment)

    @override
    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.pass_until(self.now + seconds)
        self.check()
