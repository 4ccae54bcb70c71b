"""The table of status changes: no step that was observed is lost or overwritten."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .findings import Finding, Findings
from .observations import certain_reads, is_followed
from .truth import is_open, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .observations import Observation
    from .truth import Key, Record

STREAM = "order_status_changes"

_Step = tuple[str | None, str | None]


@dataclass(slots=True)
class StepWatch:
    """Looks at the table after each run.

    Attributes:
        rows: What the table has, by key: the status before and after.
        kept: The keys of which a run told whose state was kept.
        seen_anew: How many first steps became another: the run that wrote them left
            no state, so the next one saw the order for the first time, again.
    """

    rows: dict[Key, _Step] = field(default_factory=dict)
    kept: set[Key] = field(default_factory=set)
    seen_anew: int = 0
    _observed: dict[Key, Any] = field(default_factory=dict)

    def look(
        self, table: Iterable[Record], when: str, *, is_kept: bool
    ) -> Iterator[Finding]:
        """Yield what has become of the rows that were there, and what new ones are.

        Args:
            table: The rows.
            when: The run after which it looks.
            is_kept: Whether the state of that run was kept.
        """
        rows = {key_of(STREAM, row): row for row in table}
        now = {key: (row["previousStatus"], row["status"]) for key, row in rows.items()}
        observed = {key: row["observedAt"] for key, row in rows.items()}
        for key, step in self.rows.items():
            if key not in now:
                yield Finding("step gone", STREAM, key, step, None, when)
            elif now[key] != step:
                if key not in self.kept and step[0] is now[key][0] is None:
                    self.seen_anew += 1
                    continue
                yield Finding("step overwritten", STREAM, key, step, now[key], when)
        highest: dict[Key, int] = {}
        # What a run without a state has written, the next one cannot count on from.
        for *order, sequence in self.kept:
            highest[tuple(order)] = max(sequence, highest.get(tuple(order), 0))
        for key in sorted(now.keys() - self.rows.keys()):
            if key[2] <= highest.get(key[:2], 0):
                last = highest[key[:2]]
                yield Finding(
                    "sequence does not grow",
                    STREAM,
                    key,
                    f"more than {last}",
                    key[2],
                    when,
                )
        if is_kept:
            self.kept |= {k for k in now if observed[k] != self._observed.get(k)}
        self.rows, self._observed = now, observed


def check_steps(
    watch: StepWatch, observations: Sequence[Observation], findings: Findings
) -> None:
    """Hold the table at the end against what the runs must have seen."""
    steps: dict[Key, list[_Step]] = {}
    for (*order, _), step in sorted(watch.rows.items()):
        steps.setdefault(tuple(order), []).append(step)
    findings.compared[STREAM] += len(watch.rows)
    seen_ever = _statuses(observations)
    for key, chain in steps.items():
        for before, after in chain:
            if not {before, after} <= seen_ever.get(key, set()) | {None}:
                findings.found.append(
                    Finding("step that never was", STREAM, key, None, (before, after))
                )
    for customer in observations[-1].world.orders:
        reads = certain_reads(customer, observations)
        for key, wanted in _wanted_steps(customer, reads):
            chain = steps.get(key, [])
            if not _is_there(wanted, chain):
                findings.found.append(
                    Finding("step lost", STREAM, key, wanted, chain, "the end")
                )


def _statuses(observations: Sequence[Observation]) -> dict[Key, set[Any]]:
    statuses: dict[Key, set[Any]] = {}
    for seen in observations:
        for customer, orders in seen.world.orders.items():
            for order_id, order in orders.items():
                statuses.setdefault((customer, order_id), set()).add(order.status)
    return statuses


def _wanted_steps(
    customer: str, reads: Sequence[Observation]
) -> Iterator[tuple[Key, _Step]]:
    """Yield the steps that complete runs saw: the first status, and each change."""
    followed: dict[str, str | None] = {}
    for seen in reads:
        for order_id, order in seen.world.orders.get(customer, {}).items():
            if not order.is_listed(seen.settings) or order.status is None:
                continue
            key = (customer, order_id)
            is_kept = is_followed(customer, order_id, seen)
            if order_id not in followed:
                # The first that was seen, or of an order of which nothing was known.
                yield key, ("any", order.status)
            elif is_kept or is_open(followed[order_id]):
                before = followed[order_id]
                if before is None:
                    yield key, ("any", order.status)
                elif before != order.status:
                    yield key, (before, order.status)
            followed[order_id] = order.status if is_kept else None


def _is_there(wanted: _Step, chain: Sequence[_Step]) -> bool:
    """Return whether steps lead from one status to the other.

    Runs in between, which are not known to be complete, may have seen more of them.
    """
    before, after = wanted
    if before == "any":
        return any(step[1] == after for step in chain)
    reached = {before}
    while True:
        more = {there for here, there in chain if here in reached} - reached
        if not more:
            return after in reached
        reached |= more
