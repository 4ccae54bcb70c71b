"""Messages of two runs over a world with values that are hard to keep."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.sandbox.process import Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

_TAP = Path(sys.executable).with_name("tap-purchase-orders")
_SECONDS = 300
_DAY_SECONDS = 86_400
# What loaders need that cannot store a field which may be any JSON: its text.
_AS_TEXT = (
    "json.dumps(custom_json, default=str, ensure_ascii=False)"
    " if custom_json is not None else None"
)
MAP = {
    stream: {"custom_json": _AS_TEXT}
    for stream in ("purchase_orders", "purchase_order_lines")
}
_HARD_TO_KEEP = {
    "comments": "two\nlines",
    "entity_name": "",
    "custom_json": {"a": [1, None], "b": "x"},
    "purchase_order_lines": [
        {
            "line_number": 1,
            "amortization_start_date": "2026-03-01T00:00:00.1234567Z",
            "amortization_end_date": "9999-12-31T23:59:59.9999999Z",
            "custom_json": "text",
        },
        {"line_number": 2, "amortization_start_date": "0001-01-01T00:00:00Z"},
    ],
}


@dataclass(frozen=True)
class Messages:
    """What two runs wrote.

    Attributes:
        outputs: The messages of each run.
    """

    outputs: tuple[bytes, bytes] = field(repr=False)

    def schemas(self) -> dict[str, dict[str, Any]]:
        """Return the SCHEMA message of each stream."""
        return {m["stream"]: m for m in self._all() if m["type"] == "SCHEMA"}

    def latest(self) -> dict[str, dict[tuple[Any, ...], dict[str, Any]]]:
        """Return the last record of each key, by stream."""
        keys = {s: m["key_properties"] for s, m in self.schemas().items()}
        found: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {s: {} for s in keys}
        for message in self._all():
            if message["type"] == "RECORD":
                stream, record = message["stream"], message["record"]
                key = tuple(str(record[name]) for name in keys[stream])
                found[stream][key] = record
        return found

    def _all(self) -> list[dict[str, Any]]:
        return [
            json.loads(line, parse_float=Decimal, parse_int=Decimal)
            for output in self.outputs
            for line in output.splitlines()
        ]


def two_runs() -> tuple[Messages, Messages]:
    """Return what two runs wrote as they are, and what they wrote by `MAP`."""
    world = Sandbox(
        seed=3,
        customers=8,
        orders_per_customer=4,
        purchase_orders=25,
        odd_rate=0.1,
        now="2026-03-02T08:00:00Z",
        freeze_clock=True,
        appzen_requests_per_second=1000,
    )
    with world as sandbox:
        number = sandbox.truth("purchase-orders")[0]["purchase_order_number"]
        answer = {"merge": _HARD_TO_KEEP}
        sandbox.faults([{"when": {"purchase_order": number}, "answer": answer}])
        settings = (sandbox.settings, {**sandbox.settings, "stream_maps": MAP})
        first = [_run(each, None, sandbox.environment) for each in settings]
        sandbox.advance(9 * _DAY_SECONDS)
        second = [
            _run(each, _state(before), sandbox.environment)
            for each, before in zip(settings, first, strict=True)
        ]
    plain, mapped = zip(first, second, strict=True)
    return Messages(plain), Messages(mapped)


def _run(
    settings: Mapping[str, Any], state: bytes | None, environment: Mapping[str, str]
) -> bytes:
    with tempfile.TemporaryDirectory(prefix="loaders-") as folder:
        config = Path(folder, "config.json")
        config.write_text(json.dumps(settings), encoding="utf-8")
        command: list[str | Path] = [_TAP, "--config", config]
        if state is not None:
            path = Path(folder, "state.json")
            path.write_bytes(state)
            command += ["--state", path]
        return subprocess.run(  # noqa: S603
            command,
            check=True,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
        ).stdout


def _state(output: bytes) -> bytes:
    return json.dumps(json.loads(output.splitlines()[-1])["value"]).encode()
