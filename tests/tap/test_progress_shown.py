"""What a person sees of a run that waits, on a terminal and in a log."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap import measured_tap
from tests.tap.tap import COMMAND, run_tap
from tests.tap.upstream import Upstream, json_reply
from tests.tap.worlds import collection, customer, order, orders_path, partner_center

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# Fails a test that never sees what it waits for; the tap needs a few seconds.
_MOST_SECONDS = 60.0
_CLEAR_LINE = "\r\x1b[2K"
LIMIT = 60
CUSTOMERS = [f"c{number}" for number in range(70)]
WAITING = re.compile(
    r"(\d+)( of (?:about )?\d+)? customers, .*\bwaiting for the rate limit"
)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A partner with more customers than may be asked for in a minute, on two pages."""
    first, second = CUSTOMERS[:40], CUSTOMERS[40:]
    link = {"uri": "/customers?size=40&seekOperation=Next", "method": "GET"}
    with Upstream() as server:
        server.answer(
            "/v1/customers",
            json_reply(collection(map(customer, first), links={"next": link})),
        )
        server.answer(
            "/v1/customers?size=40&seekOperation=Next",
            json_reply(collection(map(customer, second))),
        )
        for customer_id in CUSTOMERS:
            server.answer(
                orders_path(customer_id),
                json_reply(collection([order(f"o-{customer_id}", customer_id)])),
            )
        yield server


class Watched:
    """A tap at work, and what it shows on standard error.

    Attributes:
        text: What it has shown so far.
    """

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int) -> None:
        self._process = process
        self._descriptor = descriptor
        self._ends_at = time.monotonic() + _MOST_SECONDS
        self.text = ""

    def shows(self, pattern: re.Pattern[str], different: int) -> list[re.Match[str]]:
        """Return the texts that fit a pattern, once so many differ."""
        while True:
            shown = re.split(r"\r\x1b\[2K|\r?\n", self.text)
            # What comes last may not have come as a whole.
            found = {line: pattern.search(line) for line in shown[:-1]}
            matches = [match for match in found.values() if match]
            if len(matches) >= different:
                return matches
            assert self._read(), f"the tap has ended: {self.text}"

    def ended(self) -> int:
        """Tell the tap to end; return its exit status."""
        self._process.send_signal(signal.SIGTERM)
        while self._read():
            pass
        return self._process.wait(_MOST_SECONDS)

    def _read(self) -> bool:
        """Take in what is shown next; return whether anything was."""
        left = self._ends_at - time.monotonic()
        ready, _, _ = select.select([self._descriptor], [], [], max(left, 0))
        assert ready, f"nothing more is shown: {self.text}"
        try:
            data = os.read(self._descriptor, 65_536)
        except OSError:
            # A terminal that its last program has left.
            return False
        self.text += data.decode()
        return bool(data)


@contextmanager
def watched(
    command: Sequence[str], config: Any, folder: Path, *, terminal: bool
) -> Iterator[Watched]:
    path = folder / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    reading, writing = pty.openpty() if terminal else os.pipe()
    with subprocess.Popen(
        [*command, "--config", str(path)],
        stdout=subprocess.DEVNULL,
        stderr=writing,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
    ) as process:
        os.close(writing)
        try:
            yield Watched(process, reading)
        finally:
            process.kill()
            os.close(reading)


def test_progress_on_a_terminal_moves_while_it_waits_and_says_for_what(
    upstream: Upstream, tmp_path: Path
) -> None:
    section = partner_center(upstream, max_requests_per_minute=LIMIT)
    config = {"partner_center": section}
    with watched([str(COMMAND)], config, tmp_path, terminal=True) as tap:
        lines = tap.shows(WAITING, 3)
        status = tap.ended()

    # As many as the limit allows are done, of all that were listed: so the text that
    # moves is not that of progress.
    assert {match[1] for match in lines} == {str(LIMIT)}
    assert {match[2] for match in lines} == {f" of {len(CUSTOMERS)}"}
    assert all(" left" in match.string for match in lines)
    # It is one line that is written over, and gone in the end.
    assert (
        "\n"
        not in tap.text[tap.text.index(lines[0].string) :].partition(lines[-1].string)[
            0
        ]
    )
    assert WAITING.search(tap.text.rpartition(_CLEAR_LINE)[2]) is None
    assert status == 143


def test_without_a_terminal_the_log_says_so_while_it_waits(
    upstream: Upstream, tmp_path: Path
) -> None:
    section = partner_center(upstream, max_requests_per_minute=LIMIT)
    bounds = json.dumps({"messages.progress_display:_LOG_SECONDS": 1.0})
    command = [sys.executable, measured_tap.__file__, bounds, str(tmp_path / "peak")]
    config = {"partner_center": section}
    with watched(command, config, tmp_path, terminal=False) as tap:
        lines = tap.shows(WAITING, 2)
        tap.ended()

    assert all(" | INFO " in match.string for match in lines)
    assert "\x1b" not in tap.text


def test_the_state_says_about_how_many_customers_there_are(
    upstream: Upstream, tmp_path: Path
) -> None:
    first = run_tap({"partner_center": partner_center(upstream)})
    state = tmp_path / "state.json"
    state.write_text(json.dumps(first.state), encoding="utf-8")
    # The second page, which would tell, is never asked for.
    section = partner_center(upstream, max_requests_per_minute=20, page_size=40)
    config = {"partner_center": {**section, "max_concurrency": 1}}
    command = [str(COMMAND), "--state", str(state)]
    with watched(command, config, tmp_path, terminal=True) as tap:
        lines = tap.shows(WAITING, 2)
        tap.ended()

    assert first.status == 0
    assert {(match[1], match[2]) for match in lines} == {
        ("20", f" of about {len(CUSTOMERS)}")
    }
