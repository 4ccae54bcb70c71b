"""What is set before a run, and what was counted after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Maker = Literal["sandbox", "other", "other-large"]

CONTROL_PATH = "/benchmark/"


@dataclass(frozen=True, slots=True)
class Scene:
    """What the upstream is like in a run.

    Attributes:
        customers: How many customers the partner has.
        orders_per_customer: How many orders each of them has.
        latency_ms: How long every answer takes at least.
        is_odd: Whether one record in a hundred is odd.
        maker: Who makes the bodies: the sandbox, or another in one of two sizes.
        unknown: The name of a member that no schema knows, if the other maker's bodies
            have one.
        hours_ahead: By how much the upstream's clock is ahead.
        active_customers: How many customers had order activity half an hour ago.
        open_every: One in so many customers has an order that is still open; 0: none.
    """

    customers: int = 1
    orders_per_customer: int = 25
    latency_ms: int = 0
    is_odd: bool = False
    maker: Maker = "sandbox"
    unknown: str | None = None
    hours_ahead: int = 0
    active_customers: int = 0
    open_every: int = 0


@dataclass(slots=True)
class Counts:
    """What was asked since the scene was set.

    Attributes:
        requests: How many requests there were.
        first_at: When the first one came, by the system's monotonic clock.
        last_at: When the last answer went out.
        in_flight: How many requests are waiting for their answers.
        most_in_flight: The most that there were at once.
        answering_seconds: How long all answers took together, each from the coming
            of its request to its going out.
        cpu_seconds: Processor time of the simulator.
        unknown: What was asked for that there is no answer for.
    """

    requests: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    in_flight: int = 0
    most_in_flight: int = 0
    answering_seconds: float = 0.0
    cpu_seconds: float = 0.0
    unknown: list[str] = field(default_factory=list)
