"""What a history consists of: everything follows from its seed."""

from __future__ import annotations

import signal
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Literal

from typing_extensions import override

from . import troubles

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from .troubles import Trouble

# What may be in a history besides a world that moves; each can be left out.
CLASSES = (
    *troubles.KINDS,
    "kill",
    "selection",
    "settings",
    "numbers",
    "budget",
    "full table",
    "overlap",
)
# One history in so many runs under Meltano; the others as Meltano runs the programs.
MELTANO_EVERY = 20

ORDER_TABLES = frozenset(
    {"customers", "orders", "order_line_items", "order_status_changes"}
)
NUMBER_TABLES = frozenset({"purchase_orders", "purchase_order_lines"})
ATTACHMENTS = "order_attachments"
ISSUES = "extraction_issues"
USUAL = ORDER_TABLES | NUMBER_TABLES | {ISSUES}
_FULL_TABLE = frozenset({"orders", "order_line_items", ISSUES})

Whom = Literal["tap", "loader", "meltano", "machine"]


@dataclass(frozen=True, slots=True)
class Kill:
    """A program is ended in the midst of a run.

    Attributes:
        whom: The tap, the loader, Meltano between them, or all of them at once.
        number: The signal.
        after: When: so many messages have gone from the tap to the loader; none: all
            of them have. Under Meltano, so many requests were answered.
        seconds: How long it is put off then.
    """

    whom: Whom
    number: signal.Signals
    after: int | None
    seconds: float = 0.0

    @override
    def __str__(self) -> str:
        when = "the last" if self.after is None else self.after
        return f"{self.number.name} of {self.whom} {self.seconds:g} s after {when}"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the tap is told, as far as histories change it.

    Attributes:
        start_date: As the setting of this name; likewise the next five.
        include_price: See there.
        include_system_purchases: See there.
        lookback_days: See there.
        change_detection: See there.
        full_read_days: See there.
        customers: The places of the customers in `customer_ids`; none: all of them.
        numbers: The places of the purchase order numbers that are asked for.
        max_requests_per_run: As the setting of this name.
    """

    start_date: str | None = None
    include_price: bool = False
    include_system_purchases: bool = False
    lookback_days: int = 8
    change_detection: str = "full"
    full_read_days: int = 7
    customers: tuple[int, ...] = ()
    numbers: tuple[int, ...] = ()
    max_requests_per_run: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Time that goes by, and the run behind it.

    Attributes:
        name: What it is for.
        days: How far the world's clock moves first.
        settings: The settings.
        streams: The selected streams.
        full_table: Whether orders and their lines are FULL_TABLE, and then, whether
            the run has a state of its own, as the weekly job has.
        troubles: What goes wrong meanwhile.
        kill: Who is ended meanwhile.
        overlap: Whether the weekly job reads before the clock moves and loads only
            after this run has loaded.
    """

    name: str
    days: float
    settings: Settings
    streams: frozenset[str]
    full_table: Literal["no", "same state", "own state"] = "no"
    troubles: tuple[Trouble, ...] = ()
    kill: Kill | None = None
    overlap: bool = False

    @override
    def __str__(self) -> str:
        changed = [
            f"{name}={getattr(self.settings, name)!r}"
            for name in Settings.__slots__
            if getattr(self.settings, name) != getattr(Settings(), name)
        ]
        parts = [f"{self.name}: +{self.days:g} d", *changed]
        parts += [f"-{stream}" for stream in sorted(USUAL - self.streams)]
        parts += [f"+{stream}" for stream in sorted(self.streams - USUAL)]
        if self.full_table != "no":
            parts.append(f"FULL_TABLE, {self.full_table}")
        if self.overlap:
            parts.append("while the weekly job is under way")
        parts += map(str, self.troubles)
        if self.kill:
            parts.append(str(self.kill))
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Plan:
    """A history.

    Attributes:
        seed: All of it follows from this, the sandbox's world too.
        under_meltano: Whether Meltano runs it.
        customers: How many customers there are.
        purchase_orders: How many purchase orders there are.
        token_lifetime: How many seconds an access token is good.
        steps: The runs. The last two are without troubles, with everything selected
            that ever was: an incremental one, then one that is FULL_TABLE.
        left_out: The classes that may not be in it.
    """

    seed: int
    under_meltano: bool
    customers: int
    purchase_orders: int
    token_lifetime: int
    steps: tuple[Step, ...]
    left_out: tuple[str, ...] = ()


# Numbers of the sandbox that no purchase order has.
_MISSING_NUMBERS = 3
_SHORT_TOKEN_SECONDS = 4
_LATER_START, _EARLIER_START = "2026-02-20T00:00:00Z", "2024-01-01T00:00:00Z"
# One night for what is left of an interrupted list, one that begins the list and finds
# it changed the next night, and three for its at most 13 numbers.
_BUDGET, _NIGHTS = 5, 5
_KILLED = 0.4
# Orders move while a weekly job is under way.
_CUSTOMERS_THAT_MOVE, _FIRST_DAYS, _DAYS_APART = 6, 0.5, 5.0


def plan_of(seed: int, classes: Collection[str] = CLASSES) -> Plan:
    """Return the history of a seed.

    Args:
        seed: The seed.
        classes: What may be in it. The rest of a history does not depend on it.
    """
    random = Random(f"runs {seed}")
    under_meltano = seed % MELTANO_EVERY == 0
    customers, purchase_orders = random.randint(2, 4), random.randint(8, 10)
    if under_meltano:
        customers = _CUSTOMERS_THAT_MOVE
    short_tokens = random.random() < 0.3 and "token" in classes
    settings = list(_settings(random, customers, purchase_orders + _MISSING_NUMBERS))
    selections = list(_selections(random, len(settings)))
    steps = [
        Step(
            name="incremental",
            days=_days(random),
            settings=_without(chosen, settings[-1], classes),
            streams=streams if "selection" in classes else selections[-1],
            troubles=tuple(_troubles(random, classes)),
            kill=_kill(random, under_meltano=under_meltano, classes=classes),
        )
        for chosen, streams in zip(settings, selections, strict=True)
    ]
    last = replace(steps[-1], troubles=(), kill=None, name="last incremental")
    last = replace(last, settings=replace(last.settings, change_detection="full"))
    place = random.randrange(1, len(steps))
    if under_meltano:
        # Early, while most orders move.
        place, steps[0] = 1, replace(steps[0], days=_FIRST_DAYS)
    # With the settings of the run before: what was widened stays so.
    before = steps[place - 1]
    extra = _extra(random, before, last.settings.numbers, under_meltano=under_meltano)
    wanted = [step for kind, step in extra if kind in classes]
    steps = [*steps[:place], *wanted, *steps[place:-1], last]
    weekly = _full_table(last, "own state")
    steps.append(replace(weekly, name="last FULL_TABLE", days=0.0))
    return Plan(
        seed,
        under_meltano,
        customers,
        purchase_orders,
        _SHORT_TOKEN_SECONDS if short_tokens else 3600,
        tuple(steps),
        tuple(name for name in CLASSES if name not in classes),
    )


def _days(random: Random) -> float:
    return random.choice((0.05, 0.5, 1.0, 2.5, 5.0, 9.0, 14.0))


def _settings(random: Random, customers: int, numbers: int) -> Iterator[Settings]:
    """Yield the settings of each run; the last are the widest."""
    count = random.randint(4, 5)
    widened = random.randrange(1, count)
    start_date = random.choice((None, None, _LATER_START, _EARLIER_START))
    price_since = random.choice((0, widened, count, count))
    price_pauses = random.random() < 0.2
    system_since = random.choice((0, widened, count))
    everything = list(range(numbers))
    for run in range(count):
        is_last = run == count - 1
        chosen = everything if is_last else random.sample(everything, numbers - 3)
        some = random.sample(range(customers), customers - 1)
        log = random.random() < 0.3
        paused = price_pauses and random.random() < 0.5 and not is_last
        narrow = random.random() < 0.2 and not is_last
        yield Settings(
            start_date=start_date if run < widened else None,
            include_price=run >= price_since and not paused,
            include_system_purchases=run >= system_since,
            lookback_days=random.choice((8, 8, 1, 30, 60)),
            change_detection="activity_log" if log else "full",
            full_read_days=random.choice((1, 7, 30)),
            customers=tuple(some) if narrow else (),
            numbers=tuple(chosen),
        )


def _without(chosen: Settings, last: Settings, classes: Collection[str]) -> Settings:
    """Return settings that stay what they are at the end, but for what may change."""
    if "settings" not in classes:
        chosen = replace(last, numbers=chosen.numbers)
    if "numbers" not in classes:
        chosen = replace(chosen, numbers=last.numbers)
    return chosen


def _selections(random: Random, count: int) -> Iterator[frozenset[str]]:
    """Yield the selected streams of each run; the last has all that ever were."""
    first_off = random.randrange(count)
    off = random.choice(("order_line_items", "orders", "purchase_order_lines", ""))
    until = random.randint(first_off + 1, count)
    attachments_since = random.choice((0, random.randrange(count), count))
    for run in range(count):
        streams = set(USUAL)
        if first_off <= run < min(until, count - 1):
            streams.discard(off)
        if attachments_since <= run:
            streams.add(ATTACHMENTS)
        yield frozenset(streams)


def _troubles(random: Random, classes: Collection[str]) -> Iterator[Trouble]:
    for _ in range(random.choice((0, 0, 1, 2, 3))):
        trouble = troubles.draw(random, troubles.KINDS)
        if trouble.kind in classes:
            yield trouble


def _kill(
    random: Random, *, under_meltano: bool, classes: Collection[str]
) -> Kill | None:
    chance = random.random()
    often: Whom = "meltano" if under_meltano else "tap"
    whom: Whom = random.choice((often, "tap", "loader", "meltano", "machine"))
    number = random.choice((signal.SIGKILL, signal.SIGTERM))
    after: int | None = random.choice((1, 3, 8, 20, 40, 60))
    seconds = random.choice((0.0, 0.2, 0.5, 1.0, 2.0))
    at_the_end = random.random() < 0.3
    if whom in ("loader", "machine") or not (under_meltano or whom == "tap"):
        number = signal.SIGKILL
    if under_meltano:
        after = 1 + (after or 0) // 4
    elif at_the_end and whom != "tap":
        after = None
    if chance >= _KILLED or "kill" not in classes:
        return None
    return Kill(whom, number, after, seconds if after is None else 0.0)


def _extra(
    random: Random, before: Step, numbers: tuple[int, ...], *, under_meltano: bool
) -> Iterator[tuple[str, Step]]:
    """Yield what some histories have besides, each with the class that it is of."""
    kind = random.choice(("budget", "full table", "full table", ""))
    own_state = random.random() < 0.5
    step = replace(before, days=_days(random), troubles=(), kill=None)
    if under_meltano:
        yield "overlap", replace(step, name="overlap", days=_DAYS_APART, overlap=True)
    elif kind == "full table":
        step = replace(step, name="FULL_TABLE")
        yield kind, _full_table(step, "own state" if own_state else "same state")
    elif kind == "budget":
        yield from ((kind, night) for night in _nights(random, step, numbers))


def _nights(random: Random, step: Step, everything: tuple[int, ...]) -> Iterator[Step]:
    """Yield runs with a budget, in each of which the list has one number more."""
    numbers = random.sample(everything, len(everything))
    late = [numbers.pop() for _ in range(_NIGHTS)]
    for number in late:
        numbers.insert(random.randrange(len(numbers) + 1), number)
        settings = replace(
            step.settings, numbers=tuple(numbers), max_requests_per_run=_BUDGET
        )
        streams = NUMBER_TABLES | {ISSUES}
        yield replace(
            step, name="with a budget", days=1.0, settings=settings, streams=streams
        )


def _full_table(step: Step, state: Literal["same state", "own state"]) -> Step:
    streams = _FULL_TABLE if state == "own state" else step.streams
    return replace(step, streams=streams, full_table=state)
