"""Logging without credentials, one line per event."""

from __future__ import annotations

import logging
import sys
import threading
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_purchase_orders.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.redaction import Secrets

# Longer than anything that a person would read.
_LONGEST = 8_000
# The attributes that every record has; `extra` adds others.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

logger = logging.getLogger(__name__)


def hide_in_log(secrets: Secrets) -> None:
    """Keep credentials out of what the handlers of the log write from now on."""
    for handler in _handlers():
        found = (f for f in handler.filters if isinstance(f, RedactingFilter))
        redacting = next(found, None)
        if redacting is None:
            redacting = RedactingFilter()
            handler.addFilter(redacting)
        redacting.hide(secrets)


def _handlers() -> list[logging.Handler]:
    """Return all handlers: those of the root logger, and any that others have."""
    known = logging.root.manager.loggerDict.values()
    loggers = [each for each in known if isinstance(each, logging.Logger)]
    found = [handler for each in [logging.root, *loggers] for handler in each.handlers]
    return found if logging.lastResort is None else [*found, logging.lastResort]


class RedactingFilter(logging.Filter):
    """A log filter that makes each record one line without credentials.

    A record that needs no change keeps its parts, for handlers that write another form,
    such as JSON.
    """

    def __init__(self) -> None:
        super().__init__()
        # Weak references: secrets are hidden while their tap exists. Replaced as a
        # whole: a lock would deadlock if a signal handler logs.
        self._secrets: tuple[weakref.ref[Secrets], ...] = ()

    def hide(self, secrets: Secrets) -> None:
        """Hide more credentials from now on."""
        kept = [known for known in self._secrets if known() not in {None, secrets}]
        self._secrets = (*kept, weakref.ref(secrets))

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        try:
            text = record.getMessage()
        except Exception:  # noqa: BLE001  # the words of other libraries may not fit
            text = f"{record.msg} {record.args}"
            record.msg, record.args = text, None
        shown = self._shown(text)
        if shown != text:
            record.msg, record.args = shown, None
        if record.exc_info:
            # Some formatters would write the error itself.
            record.msg, record.args = f"{shown}{self._error(record)}", None
            record.exc_info = record.exc_text = None
        if record.stack_info:
            record.stack_info = self._lines(record.stack_info)
        for name in vars(record).keys() - _USUAL:
            value = str(vars(record)[name])
            if self._redacted(value) != value:
                setattr(record, name, self._redacted(value))
        return True

    def _error(self, record: logging.LogRecord) -> str:
        """Return the text for an error, with its traceback at level DEBUG."""
        if not record.exc_info or record.exc_info[0] is None:
            return ""
        kind, error, _ = record.exc_info
        if record.levelno > logging.DEBUG:
            return f": {kind.__name__}: {self._shown(str(error))}"
        return f"\n{self._lines(logging.Formatter().formatException(record.exc_info))}"

    def _shown(self, text: str) -> str:
        return one_line(self._redacted(text), _LONGEST)

    def _lines(self, text: str) -> str:
        lines = self._redacted(text).splitlines()
        return "\n".join(one_line(line, _LONGEST) for line in lines)

    def _redacted(self, text: str) -> str:
        for known in self._secrets:
            if (secrets := known()) is not None:
                text = secrets.redacted(text)
        return text


@contextmanager
def uncaught_errors_in_log() -> Iterator[None]:
    """Log uncaught errors of threads and destructors while the context lasts.

    Python itself would write their tracebacks to standard error.
    """

    def tell(what: Any) -> None:
        if what.exc_type is not SystemExit:
            kind = what.exc_type.__name__
            logger.debug("the details", exc_info=what[:3])
            logger.error("unexpected %s in the background: %s", kind, what.exc_value)

    before = threading.excepthook, sys.unraisablehook
    threading.excepthook = sys.unraisablehook = tell
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = before
