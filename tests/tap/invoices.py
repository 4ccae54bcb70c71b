"""A local AppZen that can be asked for invoices, and settings that read them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.tap.tap import Run, run_tap
from tests.tap.upstream import Reply, Upstream, json_reply
from tests.tap.worlds import (
    NUMBER_PATH,
    appzen,
    appzen_error,
    purchase_order,
    serve_purchase_orders,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.tap.upstream import Asked

INVOICE_PATH = "/dictionary-data-services/invoice"
SEARCH_PATH = f"{INVOICE_PATH}/search"
LONGEST = dt.timedelta(days=7)
MOST = 1000
# The tap goes by its own clock: worlds end a few days before it.
TODAY = dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0)
START = TODAY - dt.timedelta(days=30)


def ago(**time: float) -> dt.datetime:
    """Return a moment of the past, in UTC."""
    return TODAY - dt.timedelta(**time)


def text_of(moment: dt.datetime) -> str:
    """Return a moment as AppZen writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def invoice(*numbers: Any, lines: Sequence[Any] = ()) -> dict[str, Any]:
    """Return an invoice with numbers on its header, and on its lines."""
    return {
        "invoice_id": "I",
        "purchase_order_numbers": list(numbers),
        "invoice_lines": [
            {"line_number": 1, "purchase_order_number": number} for number in lines
        ],
    }


@dataclass
class Invoices:
    """What the local AppZen knows: by uuid, when an invoice was processed, and it.

    Attributes:
        upstream: Who answers.
        processed: Processing times, by uuid.
        tells_times: Whether a search says when an invoice was processed.
    """

    upstream: Upstream
    processed: dict[str, dt.datetime] = field(default_factory=dict)
    tells_times: bool = True

    def __post_init__(self) -> None:
        """Answer searches."""
        self.upstream.answer(SEARCH_PATH, self.found)

    def add(self, uuid: str, at: dt.datetime, body: Mapping[str, Any] | Reply) -> None:
        """Add an invoice; the purchase orders on its header are there, too."""
        self.processed[uuid] = at
        reply = body if isinstance(body, Reply) else json_reply(body)
        self.upstream.answer(f"{INVOICE_PATH}/{uuid}", reply)
        if not isinstance(body, Reply):
            self.serve(body["purchase_order_numbers"])
            self.serve(line["purchase_order_number"] for line in body["invoice_lines"])

    def serve(self, numbers: Iterable[Any]) -> None:
        """Answer for these purchase orders."""
        texts = [number for number in numbers if isinstance(number, str)]
        serve_purchase_orders(self.upstream, {n: purchase_order(n) for n in texts})

    def found(self, asked: Asked) -> Reply:
        """Return the answer to a search: both ends belong to it, the last is first."""
        assert asked.method == "POST"
        assert asked.headers["content-type"] == "application/json"
        start, end = searched(asked)
        if end - start > LONGEST:
            return appzen_error(400)
        times = [
            (at, uuid)
            for uuid, at in list(self.processed.items())
            if start <= at <= end
        ]
        entries = []
        for at, uuid in sorted(times)[:MOST]:
            entry = {"appzen-uuid": uuid}
            if self.tells_times:
                entry["last-appzen-update-time"] = text_of(at)
            entries.append(entry)
        return json_reply(entries[::-1])

    def read(self, state: Any = None, **settings: Any) -> Run:
        """Run the tap; requests are counted anew."""
        self.upstream.asked.clear()
        return run_tap(config(self.upstream, **settings), state=state)

    def searches(self) -> list[tuple[dt.datetime, dt.datetime]]:
        """Return what was searched, in the order of asking."""
        return [searched(asked) for asked in self.upstream.asked_for(SEARCH_PATH)]

    def read_invoices(self) -> list[str]:
        """Return the invoices that were read, in the order of asking."""
        return self._last_segments(INVOICE_PATH, but=SEARCH_PATH)

    def asked_numbers(self) -> list[str]:
        """Return the purchase orders that were asked for, as they were encoded."""
        return self._last_segments(NUMBER_PATH)

    def _last_segments(self, parent: str, but: str = "") -> list[str]:
        paths = [asked.path for asked in self.upstream.asked]
        return [
            path.removeprefix(f"{parent}/")
            for path in paths
            if path.startswith(f"{parent}/") and path != but
        ]


def searched(asked: Asked) -> tuple[dt.datetime, dt.datetime]:
    """Return the ends of the time that a search is for."""
    body = json.loads(asked.body)
    assert body.keys() == {"from-last-appzen-update-time", "to-last-appzen-update-time"}
    start, end = (
        dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z") for text in body.values()
    )
    return start, end


def config(upstream: Upstream, **settings: Any) -> dict[str, Any]:
    """Return settings that read the purchase orders that invoices name.

    Args:
        upstream: Who answers.
        settings: Settings of the section `appzen`; `start_date` and `shard` are none.
    """
    outer = {"start_date": text_of(START)} | {
        name: settings.pop(name)
        for name in ("shard", "start_date", "strict")
        if name in settings
    }
    section = appzen(upstream, [], **settings)
    section["purchase_order_numbers"] = {"source": "invoices"}
    return {"appzen": section, **{k: v for k, v in outer.items() if v is not None}}


def emitted(*runs: Run) -> list[str]:
    """Return the numbers of the purchase orders that runs have emitted."""
    return [
        record["purchase_order_number"]
        for run in runs
        for record in run.records("purchase_orders")
    ]


def read_until(run: Run) -> dt.datetime:
    """Return up to when a run has read, by its last state."""
    changes = run.state["bookmarks"]["purchase_orders"]["changes_read"]
    return dt.datetime.fromisoformat(changes["until"])
