from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from tap_purchase_orders.extraction.progress import Progress
from tap_purchase_orders.http.rate_limit import Pace
from tap_purchase_orders.messages.progress_display import ProgressDisplay
from tests.unit.fake_time import FakeTime

if TYPE_CHECKING:
    from collections.abc import Iterator


class Terminal(io.StringIO):
    """Standard error where a person looks at it."""

    @override
    def isatty(self) -> bool:
        return True


def progress(
    waited: float = 0.0,
    total: int | None = 4000,
    done: int = 0,
    *,
    is_waiting: bool = False,
    expected: int | None = None,
) -> Progress:
    pace = Pace(waited, is_waiting, most_per_second=500 / 60)
    return Progress(
        "Partner Center",
        "customers",
        lambda: pace,
        total=total,
        done=done,
        expected=expected,
    )


@pytest.mark.parametrize(
    ("it", "elapsed", "expected"),
    [
        (
            progress(done=1000),
            100.0,
            "Partner Center: 1,000 of 4,000 customers, 10.0/s, 5 min 0 s left",
        ),
        (
            progress(done=1000, total=None),
            100.0,
            "Partner Center: 1,000 customers, 10.0/s",
        ),
        (
            progress(done=10, waited=17.4),
            10.0,
            (
                "Partner Center: 10 of 4,000 customers, 1.0/s, "
                "17 s of waiting for the rate limit, 1 h 6 min left"
            ),
        ),
        # The burst of the first 5 seconds says nothing about what follows.
        (
            progress(done=500, waited=55.2, is_waiting=True),
            5.0,
            (
                "Partner Center: 500 of 4,000 customers, 8.3/s, "
                "waiting for the rate limit (55 s so far), 7 min 0 s left"
            ),
        ),
        (
            progress(done=500, total=None, expected=4000),
            100.0,
            (
                "Partner Center: 500 of about 4,000 customers, 5.0/s, "
                "about 11 min 40 s left"
            ),
        ),
        (
            progress(done=4000, total=None, expected=4000),
            100.0,
            "Partner Center: 4,000 customers, 40.0/s",
        ),
        (
            progress(done=4000),
            100.0,
            "Partner Center: 4,000 of 4,000 customers, 40.0/s, 0 s left",
        ),
        (progress(), 100.0, "Partner Center: 0 of 4,000 customers, 0.0/s"),
        (progress(), 0.0, "Partner Center: 0 of 4,000 customers, 0.0/s"),
    ],
)
def test_progress_is_one_line_of_text(
    it: Progress, elapsed: float, expected: str
) -> None:
    assert it.line(elapsed) == expected


@given(
    st.none() | st.integers(0, 10**9),
    st.integers(0, 10**9),
    st.floats(0, 1e9),
    st.floats(0, 1e9),
    st.booleans(),
    st.none() | st.integers(0, 10**9),
)
def test_any_progress_is_one_line(  # noqa: PLR0913, PLR0917  # each part of it
    total: int | None,
    done: int,
    waited: float,
    elapsed: float,
    is_waiting: bool,  # noqa: FBT001  # drawn
    expected: int | None,
) -> None:
    it = progress(waited, total, done, is_waiting=is_waiting, expected=expected)
    line = it.line(elapsed)

    assert "\n" not in line
    assert line.startswith("Partner Center: ")


@pytest.fixture
def root_log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.INFO):
        yield caplog


def shown(stream: io.StringIO, seconds: list[float]) -> None:
    """Show a progress at these moments, by a clock of its own."""
    time = FakeTime()
    with ProgressDisplay(progress(done=7), stream, time.clock) as display:
        for now in seconds:
            time.now = now
            display.show()


def test_without_a_terminal_there_is_a_log_line_now_and_then(
    root_log: pytest.LogCaptureFixture,
) -> None:
    stream = io.StringIO()
    shown(stream, [float(second) for second in range(95)])

    assert stream.getvalue() == ""
    assert len(root_log.messages) == 3
    assert all(line.startswith("Partner Center: 7 of") for line in root_log.messages)


def test_on_a_terminal_one_line_moves_and_is_gone_at_the_end(
    root_log: pytest.LogCaptureFixture,
) -> None:
    stream = Terminal()
    shown(stream, [tenth / 10 for tenth in range(31)])
    lines = stream.getvalue().split("\r\x1b[2K")

    assert root_log.messages == []
    assert lines[0] == lines[-1] == ""
    assert len(lines[1:-1]) == 6
    assert all(line.startswith("Partner Center: 7 of") for line in lines[1:-1])
    assert "\n" not in stream.getvalue()


def test_a_log_line_on_a_terminal_does_not_stand_behind_the_progress() -> None:
    stream = Terminal()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    root.addHandler(handler)
    time = FakeTime()
    try:
        with ProgressDisplay(progress(), stream, time.clock) as display:
            time.now = 1.0
            display.show()
            logging.getLogger("tap").warning("something happened")
        assert handler.filters == []
    finally:
        root.removeHandler(handler)

    assert "\r\x1b[2Ksomething happened\n" in stream.getvalue()
