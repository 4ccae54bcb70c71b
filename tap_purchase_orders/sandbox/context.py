"""The context that all parts of a running sandbox share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_purchase_orders.sandbox.clock import Clock
    from tap_purchase_orders.sandbox.credentials import Credentials
    from tap_purchase_orders.sandbox.faults import Faults
    from tap_purchase_orders.sandbox.request_log import RequestLog
    from tap_purchase_orders.sandbox.sign_in import SignIn
    from tap_purchase_orders.sandbox.tokens import Tokens
    from tap_purchase_orders.sandbox.world import World


@dataclass(frozen=True, slots=True)
class State:
    """One running sandbox.

    Attributes:
        base_url: The address of all three services.
        world: What there is.
        clock: World time.
        credentials: What callers must know.
        cloud: Which of the national clouds it plays.
        tokens: Makes, checks and revokes access tokens.
        sign_in: What the authority knows.
        faults: What goes wrong on purpose.
        log: What was asked.
    """

    base_url: str
    world: World
    clock: Clock
    credentials: Credentials
    cloud: str
    tokens: Tokens
    sign_in: SignIn
    faults: Faults
    log: RequestLog
