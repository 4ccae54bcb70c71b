"""Fault rules: by script, and by rate."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from tap_purchase_orders.sandbox import authority_errors, partner_center_errors
from tap_purchase_orders.sandbox.seeded_random import Draws

if TYPE_CHECKING:
    from tap_purchase_orders.sandbox.messages import Asked, Call


class When(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which requests a rule is about; what is left out does not matter.

    Attributes:
        api: `authority`, `partner_center` or `appzen`.
        resource: For example `orders`; the request log names them.
        path: A regular expression, searched in the path with its query as sent.
        method: The verb.
        customer: A customer's identifier.
        purchase_order: A purchase order number.
        nth: Only the nth of these requests, counted from 1.
    """

    api: str | None = None
    resource: str | None = None
    path: str | None = None
    method: str | None = None
    customer: str | None = None
    purchase_order: str | None = None
    nth: int | None = None

    def covers(self, asked: Asked, call: Call) -> bool:
        """Return whether a request is one of these, `nth` aside."""
        same = (
            (self.api, asked.api),
            (self.resource, asked.resource),
            (self.method, call.method),
            (self.customer, asked.names.get("customer")),
            (self.purchase_order, asked.names.get("purchase_order")),
        )
        return all(wanted in (None, actual) for wanted, actual in same) and (
            self.path is None or re.search(self.path, call.target) is not None
        )


class Answer(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What happens to a request; several of these together make sense.

    Attributes:
        status: Answer with this status instead of the truth.
        headers: Headers to add or replace.
        code: The documented error of this number: an AADSTS code of the authority, or
            an error code of Partner Center.
        body: The body instead of the true one: text as it is, else as JSON.
        merge: A JSON merge patch (RFC 7396) on the true body.
        delay_ms: Wait so long first.
        cut_body: Send half of the body, then close the connection.
        close: Close the connection without any answer.
        reset: Reset the connection (TCP RST): without any answer, or with `cut_body`
            behind half of the body.
        hold: Hold the answer back until a control call releases this name, or the
            client goes away.
        html: Status 200 with a page of a proxy.
        wrong_object: Status 200 with an object that was not asked for.
        redirect: Status 302 to this address.
        mfa_required: Partner Center's refusal of a user without a second factor, as it
            was documented in 2023.
        revoke_tokens: From now on all access tokens made so far are refused.
    """

    status: int | None = None
    headers: dict[str, str] = {}
    code: int | None = None
    body: Any = msgspec.UNSET
    merge: dict[str, Any] | None = None
    delay_ms: int = 0
    cut_body: bool = False
    close: bool = False
    reset: bool = False
    hold: str | None = None
    html: bool = False
    wrong_object: bool = False
    redirect: str | None = None
    mfa_required: bool = False
    revoke_tokens: bool = False


class Rule(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One rule of a script.

    Attributes:
        when: Which requests it is about.
        times: How often it acts at most; without it, always.
        answer: What it does.
    """

    when: When = msgspec.field(default_factory=When)
    times: int | None = None
    answer: Answer


class ScriptError(ValueError):
    """A fault script cannot be used; the message says where."""


def read_script(text: bytes) -> list[Rule]:
    """Return the rules of a script: a JSON array.

    Raises:
        ScriptError: It is not JSON, or not rules, or a path is no expression, or an
            error has no such code.
    """
    try:
        rules = msgspec.json.decode(text, type=list[Rule])
        for rule in rules:
            re.compile(rule.when.path or "")
            _check_code(rule.answer.code)
    except (msgspec.MsgspecError, re.error, ValueError) as error:
        msg = f"the fault script cannot be used: {error}"
        raise ScriptError(msg) from error
    return rules


def _check_code(code: int | None) -> None:
    known = authority_errors.BY_CODE.keys() | partner_center_errors.BY_CODE.keys()
    if code is not None and code not in known:
        codes = ", ".join(map(str, sorted(known)))
        msg = f"code {code} is none of {codes}"
        raise ValueError(msg)


_RANDOM_FAULTS: tuple[Answer, ...] = (
    Answer(status=500),
    Answer(status=503),
    Answer(status=429, headers={"Retry-After": "1"}),
    Answer(cut_body=True),
    Answer(html=True),
    Answer(close=True),
    Answer(delay_ms=500),
)


class Faults:
    """Decides for each request whether something goes wrong.

    Args:
        seed: Decides which requests meet a random fault.
        rate: The share of requests to the two APIs that meet one.
        rules: The script.
    """

    def __init__(self, seed: int, rate: float, rules: list[Rule]) -> None:
        self._seed = seed
        self._rate = rate
        self._asked: Counter[str] = Counter()
        self._holds: dict[str, asyncio.Event] = {}
        self.replace(rules)

    def replace(self, rules: list[Rule]) -> None:
        """Use another script from now on; its counts start anew."""
        self._rules = [(rule, Counter[str]()) for rule in rules]

    def counts(self) -> list[dict[str, int]]:
        """Return of each rule how many requests it covered, and how often it acted."""
        return [
            {"seen": counts["seen"], "acted": counts["acted"]}
            for _, counts in self._rules
        ]

    def held(self, name: str) -> asyncio.Event:
        """Return what is set once the answers held under a name may go."""
        return self._holds.setdefault(name, asyncio.Event())

    def release(self, name: str) -> None:
        """Let the answers go that are held under a name, and hold no more of them."""
        self.held(name).set()

    def answer_to(self, asked: Asked, call: Call) -> Answer | None:
        """Return what is to happen to a request, or None for the truth.

        The first rule that acts decides; rules behind it do not see the request.
        """
        for rule, counts in self._rules:
            if not rule.when.covers(asked, call):
                continue
            counts["seen"] += 1
            is_nth = rule.when.nth in (None, counts["seen"])
            is_left = rule.times is None or counts["acted"] < rule.times
            if is_nth and is_left:
                counts["acted"] += 1
                return rule.answer
        return self.by_chance(asked)

    def by_chance(self, asked: Asked) -> Answer | None:
        """Return the random fault that the next request for a resource meets."""
        if not self._rate or asked.api == "authority":
            return None
        self._asked[asked.resource] += 1
        number = self._asked[asked.resource]
        draws = Draws(self._seed, "fault", asked.resource, number)
        return draws.choose(_RANDOM_FAULTS) if draws.chance(self._rate) else None
