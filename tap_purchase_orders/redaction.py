"""Credentials, and texts without them."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from typing_extensions import override

from tap_purchase_orders.wire.addresses import is_encodable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_MASK = "***"
# A shorter value stands in too many texts where it is no credential.
_SHORTEST = 4
# A value of this length does not turn up in a record by chance: it was sent back.
_UNMISTAKABLE = 16
# A method that signs each request anew sends a new value with each; of these only as
# many matter as may be under way.
_MOST_SENT = 256


class Secrets:
    """All values that may appear in no log, no message, no state and no error."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._sent: deque[str] = deque(maxlen=_MOST_SENT)
        self._texts: tuple[str, ...] = ()
        self._lines: tuple[bytes, ...] = ()
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        """Take in a credential for good."""
        self._take(value, self._known.add)

    def add_sent(self, value: str) -> None:
        """Take in what signs one request, and forget what has signed older ones."""
        self._take(value, self._sent.append)

    def _take(self, value: str, keep: Callable[[str], None]) -> None:
        if len(value) < _SHORTEST or not is_encodable(value):
            return
        with self._lock:
            if value in self._known or value in self._sent:
                return
            keep(value)
            # The longest first: one credential may be a part of another.
            values = sorted({*self._known, *self._sent}, key=len, reverse=True)
            texts = (text for each in values for text in (each, _escaped(each)))
            self._texts = tuple(dict.fromkeys(texts))
            self._lines = tuple(
                _escaped(each).encode() for each in values if len(each) >= _UNMISTAKABLE
            )

    def redacted(self, text: str) -> str:
        """Return a text about an exchange without any credential."""
        for value in self._texts:
            text = text.replace(value, _MASK)
        return text

    def redacted_line(self, line: bytes) -> bytes:
        """Return a message, as JSON, without any credential that was sent back in it.

        Only values that cannot be there by chance are taken for credentials: a short
        customer id may well be a part of an amount.
        """
        for value in self._lines:
            if value in line:
                line = line.replace(value, _MASK.encode())
        return line


class RedactingFilter(logging.Filter):
    """Lets every log record through, without credentials."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = self._secrets.redacted(record.getMessage())
        record.args = None
        if record.exc_info:
            text = record.exc_text or logging.Formatter().formatException(
                record.exc_info
            )
            record.exc_text = self._secrets.redacted(text)
            # Some formatters show the exception itself, not its text.
            record.msg = f"{record.msg}\n{record.exc_text}"
            record.exc_info = record.exc_text = None
        return True


def configured_secrets(
    config: Mapping[str, Any], schema: Mapping[str, Any]
) -> Iterator[str]:
    """Yield the credentials of a section of the settings.

    Those are the values marked `secret`, and every text under a key that the schema
    does not know: a plug-in's.
    """
    properties = schema.get("properties", {})
    for name, value in config.items():
        part = properties.get(name, {"secret": True})
        if isinstance(value, Mapping):
            yield from configured_secrets(value, part)
        elif part.get("secret"):
            yield from _texts(value)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, Mapping):
        yield from _texts(list(value.values()))


def _escaped(value: str) -> str:
    """Return a value as it stands within JSON."""
    return msgspec.json.encode(value).decode()[1:-1]
