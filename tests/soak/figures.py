"""The figures of a soak: a file of results, and the tables of docs/reliability.md."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .history import Outcome

RESULTS = Path(__file__).with_name("results.json")


def figures_of(
    outcomes: Sequence[Outcome], seconds: int, left_out: Sequence[str]
) -> dict[str, Any]:
    """Return what histories came to, in numbers.

    Args:
        outcomes: What came of each.
        seconds: How long they took together.
        left_out: The classes that were not in them.
    """

    def total(name: str) -> dict[str, int]:
        counts = sum((getattr(outcome, name) for outcome in outcomes), Counter[str]())
        return dict(sorted(counts.items()))

    found = [finding for outcome in outcomes for finding in outcome.findings.found]
    compared = sum((o.findings.compared for o in outcomes), Counter[str]())
    return {
        "day": dt.datetime.now(dt.UTC).date().isoformat(),
        "seconds": seconds,
        "left_out": list(left_out),
        "seeds": [outcome.plan.seed for outcome in outcomes],
        "under_meltano": [o.plan.seed for o in outcomes if o.plan.under_meltano],
        "wrong_seeds": [o.plan.seed for o in outcomes if not o.is_good],
        "runs": total("runs"),
        "faults": total("faults"),
        "kills": total("kills"),
        "seen_anew": sum(outcome.seen_anew for outcome in outcomes),
        "compared": dict(sorted(compared.items())),
        "wrong": dict(
            sorted(Counter(f"{f.kind} {f.stream}".strip() for f in found).items())
        ),
    }


def written(figures: dict[str, Any]) -> str:
    """Return the file of results."""
    return json.dumps(figures, indent=2) + "\n"
