"""Shows progress: one moving line on a terminal, else a log line now and then."""

from __future__ import annotations

import logging
import sys
import time
from typing import IO, TYPE_CHECKING, Protocol, Self

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable

_LOG_SECONDS = 30.0
_DRAW_SECONDS = 0.5
_CLEAR_LINE = "\r\x1b[2K"

logger = logging.getLogger(__name__)


class Progress(Protocol):
    """A progress that can be shown as one line."""

    def line(self, elapsed_seconds: float) -> str:
        """Return the line, given the time since the reading began."""


class ProgressDisplay:
    """Shows a progress on standard error.

    Args:
        progress: What is shown.
        stream: Where to.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        progress: Progress,
        stream: IO[str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._progress = progress
        self._stream = stream or sys.stderr
        self._clock = clock
        self._began = self._shown = clock()
        self._is_terminal = self._stream.isatty()
        self._filter = _ClearLine(self._stream)

    def __enter__(self) -> Self:
        """On a terminal, clear the line before each log line."""
        if self._is_terminal:
            for handler in logging.getLogger().handlers:
                handler.addFilter(self._filter)
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Clear the line."""
        if self._is_terminal:
            self._stream.write(_CLEAR_LINE)
            self._stream.flush()
            for handler in logging.getLogger().handlers:
                handler.removeFilter(self._filter)

    def show(self) -> None:
        """Show the progress, if it was not shown just now."""
        now = self._clock()
        if now - self._shown < (_DRAW_SECONDS if self._is_terminal else _LOG_SECONDS):
            return
        self._shown = now
        line = self._progress.line(now - self._began)
        if self._is_terminal:
            self._stream.write(_CLEAR_LINE + line)
            self._stream.flush()
        else:
            logger.info("%s", line)


class _ClearLine(logging.Filter):
    """A log filter that clears the progress line and lets every record through."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__()
        self._stream = stream

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        self._stream.write(_CLEAR_LINE)
        return True
