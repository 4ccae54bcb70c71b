"""The orders of a customer, and how their statuses move.

Statuses and their order: Partner Center, *Order resources*, *Pending PO upload* and
*PO upload complete status*.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from tap_purchase_orders.sandbox import catalogue
from tap_purchase_orders.sandbox.instants import (
    DAY,
    HOUR,
    MINUTE,
    date_text,
    parse_instant,
    whole_milliseconds,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.sandbox.catalogue import Kind
    from tap_purchase_orders.sandbox.seeded_random import Draws
    from tap_purchase_orders.sandbox.world import World

PENDING_UPLOAD = "pending_po_upload"
UPLOAD_COMPLETE = "po_upload_complete"
REJECTED = "po_review_rejected"

FIRST_ORDER = parse_instant("2018-01-01")
_FIRST_UPLOAD = "2022-01-01"
_QUIET_DAYS = 40
_DAYS_AHEAD = 365
# *Get all of a customer's orders*: a new order can take 15 minutes to show.
_LISTED_WITHIN = 15 * MINUTE
# These customers show every outcome of an upload within ten days of the epoch.
_SHOWCASE_CUSTOMERS = 9

# What becomes of an ordinary order, each with its weight; a review goes on to be
# completed.
_ENDINGS = (
    ("completed", 91),
    ("cancelled", 4),
    ("pending_review", 3),
    ("error", 1),
    ("partial_success", 1),
)

MadeBy = Literal["order", "subscription", "transfer", "new_commerce_migration"]
# Each with its weight. Seats are added to a subscription, subscriptions are transferred
# between partners, and migrated from the legacy licences.
_MADE_BY: tuple[tuple[MadeBy, int], ...] = (
    ("order", 70),
    ("subscription", 20),
    ("transfer", 4),
    ("new_commerce_migration", 6),
)

Outcome = Literal["completed", "rejected", "waiting"]
_OUTCOMES: tuple[Outcome, ...] = ("completed", "rejected", "waiting")


class StatusChange(NamedTuple):
    """From this instant on an order has this status."""

    at: int
    status: str


class _Slot(NamedTuple):
    """A place for one order: when it is made, and what it is to show."""

    number: int
    created: int
    outcome: Outcome | None = None
    is_recent: bool = False


@dataclass(frozen=True, slots=True)
class OrderHistory:
    """One order from its creation on.

    Attributes:
        customer: The index of its customer.
        slot: Its place among the customer's orders; any order of time.
        kind: What was bought.
        order_id: Its identifier.
        created: The instant of its creation.
        listed: The instant from which the list shows it.
        changes: Its statuses, the first at its creation, instants growing.
        uploaded: When the partner's purchase order was uploaded, if ever.
        provisioned: When its subscriptions were made, if ever.
        is_system_purchase: Whether nobody ordered it: a renewal or a billing.
        made_by: By a call for what it was made: the kind of resource that the activity
            log has it under.
    """

    customer: int
    slot: int
    kind: Kind
    order_id: str
    created: int
    listed: int
    changes: tuple[StatusChange, ...]
    uploaded: int | None
    provisioned: int | None
    is_system_purchase: bool
    made_by: MadeBy

    @property
    def is_upload(self) -> bool:
        """Whether the partner has to upload a purchase order."""
        return self.changes[0].status == PENDING_UPLOAD

    def status_at(self, now: int) -> str:
        """Return the status at an instant that is not before the creation."""
        return [change.status for change in self.changes if change.at <= now][-1]

    def changes_until(self, now: int) -> int:
        """Return how many statuses the order has had."""
        return sum(change.at <= now for change in self.changes)


def order_histories(
    world: World, customer: int, until: int, since: int = FIRST_ORDER
) -> Iterator[OrderHistory]:
    """Yield a customer's orders that were created within a time, in any order.

    Args:
        world: The world.
        customer: The index of the customer.
        until: Leave out orders created after this instant.
        since: Leave out orders created before this instant.
    """
    for slot in _slots(world, customer):
        if since <= slot.created <= until:
            yield _history(world, customer, slot)


def _slots(world: World, customer: int) -> Iterator[_Slot]:
    mean = world.orders_per_customer
    if not mean:
        return
    draws = world.draws("orders", customer)
    epoch = world.epoch
    showcase = customer < _SHOWCASE_CUSTOMERS
    number = 0
    for _ in range(draws.between(0, 2 * mean)):
        yield _Slot(number, draws.between(FIRST_ORDER, epoch - _QUIET_DAYS * DAY))
        number += 1
    if showcase or draws.chance(0.05):
        created = epoch - draws.between(2 * DAY, 6 * DAY)
        yield _Slot(number, created, outcome=_OUTCOMES[customer % len(_OUTCOMES)])
        number += 1
    if showcase or draws.chance(0.3):
        yield _Slot(number, epoch - draws.between(HOUR, 3 * DAY), is_recent=True)
        number += 1
    if showcase:
        first_days = draws.between(20 * MINUTE, 2 * DAY + customer * 19 * HOUR)
        yield _Slot(number, epoch + first_days)
        number += 1
    for _ in range(draws.between(0, 2 * mean)):
        yield _Slot(number, epoch + draws.between(MINUTE, _DAYS_AHEAD * DAY))
        number += 1


def _history(world: World, customer: int, slot: _Slot) -> OrderHistory:
    draws = world.draws("order", customer, slot.number)
    created, day = slot.created, date_text(slot.created)
    sold = catalogue.UPLOADED if slot.outcome else catalogue.kinds_sold_on(day)
    kind = draws.weighted(sold)
    if kind.era == "legacy":
        created = whole_milliseconds(created)
    elif draws.chance(0.1):
        # Trailing zeros are dropped, so fewer than seven digits are seen.
        created -= created % 10 ** draws.between(1, 7)
    is_system = kind is catalogue.LICENCE and draws.chance(0.15)
    can_upload = kind.takes_purchase_order and day >= _FIRST_UPLOAD
    if slot.outcome:
        changes = _showcase_upload(draws, created, world.epoch, slot.outcome)
    elif can_upload and draws.chance(0.5):
        changes = _upload(draws, created)
    else:
        changes = _ordinary(draws, created, world.epoch if slot.is_recent else None)
    return OrderHistory(
        customer=customer,
        slot=slot.number,
        kind=kind,
        order_id=_order_id(draws, kind),
        created=created,
        listed=created + draws.between(0, _LISTED_WITHIN),
        changes=tuple(changes),
        uploaded=_first(changes, UPLOAD_COMPLETE),
        provisioned=_provisioned(draws, kind, changes),
        is_system_purchase=is_system,
        made_by=_made_by(world, customer, slot, kind),
    )


def _made_by(world: World, customer: int, slot: _Slot, kind: Kind) -> MadeBy:
    if kind.era != "new_commerce" or not kind.has_subscription or slot.outcome:
        return "order"
    return world.draws("order made by", customer, slot.number).weighted(_MADE_BY)


def _order_id(draws: Draws, kind: Kind) -> str:
    if kind.era == "legacy":
        return draws.guid()
    return draws.hex(12) if kind.era == "new_commerce" else draws.url_safe(32) + "1"


def _showcase_upload(
    draws: Draws, created: int, epoch: int, outcome: Outcome
) -> list[StatusChange]:
    if outcome == "waiting":
        uploaded = epoch + draws.between(15 * DAY, 40 * DAY)
    else:
        uploaded = epoch + draws.between(6 * HOUR, 3 * DAY)
    reviewed = uploaded + draws.between(DAY, 4 * DAY)
    return _reviewed(draws, created, uploaded, reviewed, outcome)


def _upload(draws: Draws, created: int) -> list[StatusChange]:
    if draws.chance(0.05):
        # *Azure savings plan*: without an approved upload within 90 days the order
        # is rejected.
        return [
            StatusChange(created, PENDING_UPLOAD),
            StatusChange(created + 90 * DAY, REJECTED),
        ]
    uploaded = created + draws.between(HOUR, 10 * DAY)
    reviewed = uploaded + draws.between(DAY, 7 * DAY)
    outcome: Outcome = "rejected" if draws.chance(0.25) else "completed"
    return _reviewed(draws, created, uploaded, reviewed, outcome)


def _reviewed(
    draws: Draws, created: int, uploaded: int, reviewed: int, outcome: Outcome
) -> list[StatusChange]:
    changes = [
        StatusChange(created, PENDING_UPLOAD),
        StatusChange(uploaded, UPLOAD_COMPLETE),
    ]
    if outcome == "rejected":
        return [*changes, StatusChange(reviewed, REJECTED)]
    completed = reviewed + draws.between(HOUR, 2 * DAY)
    changes.append(StatusChange(reviewed, "pending"))
    return [*changes, *_completed(draws, completed)]


def _ordinary(draws: Draws, created: int, pending_at: int | None) -> list[StatusChange]:
    changes = [StatusChange(created, "pending")]
    if draws.chance(0.05):
        changes = [StatusChange(created, "unknown")]
        changes.append(StatusChange(created + draws.between(1, MINUTE), "pending"))
    decided = created + draws.between(2 * MINUTE, 3 * DAY)
    if pending_at is not None:
        decided = pending_at + draws.between(5 * MINUTE, 5 * DAY)
    ending = draws.weighted(_ENDINGS)
    if ending == "pending_review":
        changes.append(StatusChange(decided, ending))
        decided += draws.between(HOUR, 5 * DAY)
    elif ending != "completed":
        return [*changes, StatusChange(decided, ending)]
    return [*changes, *_completed(draws, decided)]


def _completed(draws: Draws, completed: int) -> list[StatusChange]:
    """Return the completion, and for some orders what comes long after it."""
    changes = [StatusChange(completed, "completed")]
    if draws.chance(0.08):
        suspended = completed + draws.between(20 * DAY, 400 * DAY)
        last = suspended + draws.between(5 * DAY, 60 * DAY)
        changes.append(StatusChange(suspended, "suspended"))
        changes.append(StatusChange(last, draws.choose(("completed", "cancelled"))))
    return changes


def _provisioned(draws: Draws, kind: Kind, changes: list[StatusChange]) -> int | None:
    completed = _first(changes, "completed")
    if completed is None or not kind.has_subscription:
        return None
    pending = [change.at for change in changes if change.status == "pending"]
    return completed - draws.between(0, (completed - pending[0]) // 2)


def _first(changes: list[StatusChange], status: str) -> int | None:
    return next((change.at for change in changes if change.status == status), None)
