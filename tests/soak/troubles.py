"""What goes wrong at the upstreams during a run, as rules of a fault script."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

Rule = dict[str, Any]

# So often a request is refused: the first is over after one repeat, the other is not.
_ONCE, _ALWAYS = 1, 1000
_FAR_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that goes wrong.

    Attributes:
        kind: One of `KINDS`.
        target: Where: the name of a resource.
        index: Which customer, or which purchase order number, if it is about one.
        times: To how many requests it happens.
        variant: Picks one of the forms of this kind.
    """

    kind: str
    target: str
    index: int
    times: int
    variant: int

    @override
    def __str__(self) -> str:
        times = "always" if self.times == _ALWAYS else f"{self.times} x"
        return f"{self.kind}({self.target}[{self.index}], {times}, {self.variant})"


@dataclass(frozen=True, slots=True)
class Place:
    """What rules name.

    Attributes:
        customers: The ids of all customers.
        numbers: The purchase order numbers that the run asks for.
        now: The world's instant.
    """

    customers: Sequence[str]
    numbers: Sequence[str]
    now: dt.datetime

    def customer(self, trouble: Trouble) -> str:
        """Return the customer that a trouble is about."""
        return self.customers[trouble.index % len(self.customers)]


def draw(random: Random, kinds: Sequence[str]) -> Trouble:
    """Return a trouble of one of some kinds."""
    kind = random.choice(kinds)
    target = random.choice(_TARGETS)
    times = random.choice((_ONCE, _ONCE, 2, _ALWAYS))
    return Trouble(kind, target, random.randrange(1000), times, random.randrange(1000))


def rules_of(trouble: Trouble, place: Place) -> list[Rule]:
    """Return the rules of the fault script that make a trouble."""
    answer, when = _ANSWERS[trouble.kind](trouble, place)
    return [{"when": when, "times": trouble.times, "answer": answer}]


def _where(trouble: Trouble, place: Place) -> Rule:
    when: Rule = {"resource": trouble.target}
    if trouble.target == "orders":
        when["customer"] = place.customer(trouble)
    if trouble.target == "purchase_orders" and place.numbers:
        number = place.numbers[trouble.index % len(place.numbers)]
        when["purchase_order"] = number
    return when


def _latency(trouble: Trouble, place: Place) -> tuple[Rule, Rule]:
    delays = (200, 600, 1200)
    return {"delay_ms": delays[trouble.variant % 3]}, _where(trouble, place)


def _fixed(answer: Rule) -> Callable[[Trouble, Place], tuple[Rule, Rule]]:
    return lambda trouble, place: (answer, _where(trouble, place))


def _storm(trouble: Trouble, _place: Place) -> tuple[Rule, Rule]:
    """Everything that one API is asked for fails, for a while."""
    status = (500, 502, 503, 504)[trouble.variant % 4]
    api = "appzen" if trouble.target == "purchase_orders" else "partner_center"
    return {"status": status}, {"api": api}


def _retry_after(trouble: Trouble, place: Place) -> tuple[Rule, Rule]:
    """The server says when to come back, in a form that it may use or should not."""
    soon = place.now + dt.timedelta(seconds=1)
    there = soon.astimezone(dt.timezone(dt.timedelta(hours=1), "CET"))
    forms = (
        "1",
        "0",
        format_datetime(soon, usegmt=True),
        format_datetime(there),
        f"{there:%a, %d %b %Y %H:%M:%S} CET",
        format_datetime(place.now - dt.timedelta(days=1), usegmt=True),
        "1.5",
        "soon",
        "-1",
        str(_FAR_SECONDS),
        format_datetime(place.now + dt.timedelta(seconds=_FAR_SECONDS), usegmt=True),
    )
    status = (429, 503)[trouble.variant % 2]
    header = forms[trouble.variant % len(forms)]
    return {"status": status, "headers": {"Retry-After": header}}, _where(
        trouble, place
    )


def _vanished(trouble: Trouble, place: Place) -> tuple[Rule, Rule]:
    """A customer that was listed is not there any more when its orders are read."""
    status = (404, 403)[trouble.variant % 2]
    return {"status": status}, {
        "resource": "orders",
        "customer": place.customer(trouble),
    }


def _prices_refused(_trouble: Trouble, _place: Place) -> tuple[Rule, Rule]:
    """The partner may not see prices, for a while."""
    return {"code": 800043}, {"resource": "orders", "path": "include_price=true"}


def _token(trouble: Trouble, place: Place) -> tuple[Rule, Rule]:
    if trouble.variant % 3 == 0:
        return {"status": 503}, {"api": "authority"}
    return {"revoke_tokens": True}, _where(trouble, place)


_TARGETS = ("customers", "orders", "orders", "order_attachments", "purchase_orders")
_ANSWERS: dict[str, Callable[[Trouble, Place], tuple[Rule, Rule]]] = {
    "latency": _latency,
    "closed": _fixed({"close": True}),
    "reset": _fixed({"reset": True}),
    "reset in a body": _fixed({"reset": True, "cut_body": True}),
    "truncated": _fixed({"cut_body": True}),
    "storm": _storm,
    "retry-after": _retry_after,
    "rate limit": _fixed({"status": 429, "headers": {"Retry-After": "1"}}),
    "token": _token,
    "vanished": _vanished,
    "prices refused": _prices_refused,
    "page of a proxy": _fixed({"html": True}),
    "another object": _fixed({"wrong_object": True}),
}
KINDS = tuple(_ANSWERS)


def lasting(trouble: Trouble) -> bool:
    """Return whether a repeat of the request does not help."""
    return trouble.times == _ALWAYS
