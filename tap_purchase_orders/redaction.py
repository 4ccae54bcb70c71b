"""Redacts credentials in texts."""

from __future__ import annotations

import base64
import re
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import msgspec

from tap_purchase_orders.urls import is_encodable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from collections.abc import Set as AbstractSet

_MASK = "***"
# A shorter value is in too many texts that show no credential.
_SHORTEST = 4
# The same for values in base64.
_SHORTEST_IN_BASE64 = 8
# A value of this length in a response is no chance: the server has sent it back.
_UNMISTAKABLE = 16
# Ids may be in data; shorter ones are ordinary words in too many texts.
_IDS = {"client_id", "customer_id", "tenant_id"}
_SHORTEST_ID = 8
# The names of settings of plug-ins that speak of a credential.
_CREDENTIAL = re.compile(
    "auth|credential|key|pass|pwd|secret|sign|token", re.IGNORECASE
)
# The escapes that JSON allows for any character; each text within a text doubles the
# backslash.
_ESCAPES = re.compile(rb"\\+(?:u([0-9a-fA-F]{4})|/)")
_SLASH = "002f"
# A method that signs each request anew sends a new value with each; of these only as
# many matter as may be under way.
_MOST_SENT = 256
# The password of an address: before the last sign that ends the user's part of it.
_PASSWORD = re.compile(r"[A-Za-z][\w.+-]*://[^/:@]*:(.+)@", re.DOTALL)
# These characters are never escaped.
_PLAIN = re.compile(r"[0-9A-Za-z._-]+")
_PARTS = re.compile(r"[0-9A-Za-z._-]+|.", re.DOTALL)
# What JSON has letters for.
_LETTERS = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}
# What HTML and XML have names for; `html` has them too, and takes 3 ms to import.
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}
# When 0, 1 or 2 bytes of something else come before a value in a group of base64, so
# many signs are not the value's alone.
_FOREIGN_SIGNS = (0, 2, 3)


class Secrets:
    """All values that may appear in no log, no error and no text of an issue."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._sent: deque[str] = deque(maxlen=_MOST_SENT)
        # Those that may stand in data; the ids among them are hidden as words only.
        self._in_data: set[str] = set()
        self._ids: set[str] = set()
        self._patterns: dict[str, re.Pattern[str]] = {}
        self._telling: tuple[bytes, ...] = ()
        # Finds escapes of their signs: those of other signs cannot hide one of them.
        self._codes: set[str] = set()
        self._escapes = _escapes_of(self._codes)
        for value in values:
            self.add(value)

    def add(self, value: str, *, may_be_data: bool = False) -> None:
        """Add a credential.

        Args:
            value: The credential.
            may_be_data: It is not known to be one, and may stand in data.
        """
        if may_be_data:
            self._in_data.add(value)
        self._take(value, self._known.add)

    def add_id(self, value: str) -> None:
        """Add an id, which may be in data; a short one is not redacted at all."""
        self._in_data.add(value)
        if len(value) >= _SHORTEST_ID:
            self._ids.add(value)
            self._take(value, self._known.add)

    def add_sent(self, value: str) -> None:
        """Add a value that signs one request; only the newest ones are kept."""
        if value not in self._in_data:
            self._take(value, self._sent.append)

    def _take(self, value: str, keep: Callable[[str], None]) -> None:
        # Nearly always it is the same as before.
        if value in self._known or len(value) < _SHORTEST or not is_encodable(value):
            return
        with self._lock:
            if value in self._known or value in self._sent:
                return
            keep(value)
            # The longest first: one credential may be a part of another.
            values = sorted({*self._known, *self._sent}, key=len, reverse=True)
            kept = self._patterns
            self._patterns = {
                v: kept.get(v) or _pattern(v, is_id=v in self._ids) for v in values
            }
            long = {v for v in values if len(v) >= _UNMISTAKABLE} - self._in_data
            # Where a token stands behind its `Bearer`, the token stands.
            least = [v for v in long if long.isdisjoint({*v.split()} - {v})]
            telling = tuple(_in_bodies(least))
            signs = {*"".join(least), *b"".join(telling).decode()}
            self._codes |= {f"{ord(sign):04x}" for sign in signs}
            self._escapes = _escapes_of(self._codes)
            self._telling = telling

    def redacted(self, text: str) -> str:
        """Return a text about an exchange without any credential.

        Found are those that stand there as they are, and as JSON, an address, a form,
        HTML or base64 spells them.
        """
        for pattern in self._patterns.values():
            text = pattern.sub(_MASK, text)
        return text

    def are_in(self, body: bytes) -> bool:
        """Return whether a credential was sent back in the JSON of a body.

        Only values that cannot be there by chance are taken for credentials: a short
        key may well be a part of an amount.
        """
        # Nearly always there is none, and to see that costs a look for each; from the
        # end it takes a third of the time.
        for value in self._telling:
            if body.rfind(value) >= 0:
                return True
        if not (self._telling and self._escapes.search(body)):
            return False
        passthrough = _ESCAPES.sub(_unescaped, body)
        return any(value in passthrough for value in self._telling)


def configured_secrets(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Secrets:
    """Return the credentials of a section of the settings.

    Those are the values marked `secret`, the passwords in those that are addresses, and
    every text under a key that the schema does not know: one that a plug-in reads and
    does not declare.
    """
    secrets = Secrets()
    _add_configured(secrets, config, schema)
    return secrets


def _add_configured(
    secrets: Secrets, config: Mapping[str, Any], schema: Mapping[str, Any]
) -> None:
    properties = schema.get("properties", {})
    for name, value in config.items():
        part = properties.get(name, {"secret": True})
        if isinstance(value, Mapping):
            _add_configured(secrets, value, part)
        elif part.get("secret"):
            may_be_data = name not in properties and not _CREDENTIAL.search(name)
            for text in _texts(value):
                if name in _IDS:
                    secrets.add_id(text)
                    continue
                secrets.add(text, may_be_data=may_be_data)
                for password in _passwords(text):
                    secrets.add(password)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, Mapping):
        yield from _texts(list(value.values()))


def _passwords(text: str) -> Iterator[str]:
    """Yield the password of a text that is the address of a database, in any form."""
    if found := _PASSWORD.match(text):
        yield found[1]
        yield unquote(found[1])


def _pattern(value: str, *, is_id: bool) -> re.Pattern[str]:
    """Return a pattern that finds a value, however it is escaped."""
    spelled = [_spelled(value, _of_text)]
    if is_id:
        # Within another word, such as the number of a purchase order, it is none.
        spelled = [rf"(?<![\w-]){spelled[0]}(?![\w-])"]
    data = value.encode()
    if len(data) >= _SHORTEST_IN_BASE64:
        spelled += [_spelled(signs, _of_base64) for signs in _in_base64(data)]
    return re.compile("|".join(spelled))


def _spelled(text: str, spellings: Callable[[str], Iterator[str]]) -> str:
    """Return a pattern for a text of which each sign may be spelled in its own ways."""
    return "".join(
        re.escape(part)
        if _PLAIN.fullmatch(part)
        else f"(?:{'|'.join(spellings(part))})"
        for part in _PARTS.findall(text)
    )


def _of_text(sign: str) -> Iterator[str]:
    """Yield patterns for one sign: as it is, and as others write it."""
    data, passthrough = sign.encode(), re.escape(sign)
    if sign == "\\":
        # Each text within a text doubles them.
        yield r"\\{1,64}"
    else:
        yield rf"\\{{0,64}}{passthrough}"
    if sign == " ":
        yield r"\+"
    if sign in _LETTERS:
        yield rf"\\{{1,64}}{_LETTERS[sign]}"
    yield f"(?i:{''.join(f'%{byte:02x}' for byte in data)})"
    units = sign.encode("utf-16-be")
    yield "".join(
        rf"\\{{1,64}}(?i:u{units[at : at + 2].hex()})" for at in range(0, len(units), 2)
    )
    yield "".join(rf"\\{{1,64}}(?i:x{byte:02x})" for byte in data)
    yield rf"\\{{1,64}}(?:x{ord(sign):02x}|U{ord(sign):08x})"
    yield f"&#(?:0*{ord(sign)}|(?i:x0*{ord(sign):x}));"
    if sign in _ENTITIES:
        yield _ENTITIES[sign]


def _in_base64(data: bytes) -> Iterator[str]:
    """Yield what stands for some bytes within base64, wherever they begin."""
    for before, foreign in enumerate(_FOREIGN_SIGNS):
        signs = base64.b64encode(bytes(before) + data).decode()
        yield signs[foreign : (before + len(data)) * 8 // 6]


def _of_base64(sign: str) -> Iterator[str]:
    """Yield patterns for a sign of base64; two of them differ in addresses."""
    yield from _of_text(sign)
    yield {"+": "-", "/": "_"}[sign]


def _in_bodies(values: Iterable[str]) -> Iterator[bytes]:
    """Yield values as they stand within JSON, JSON text within JSON, and addresses."""
    for value in values:
        once = _escaped(value)
        spelled = (once, _escaped(once), quote(value, safe=""))
        yield from dict.fromkeys(text.encode() for text in spelled)


def _escapes_of(codes: AbstractSet[str]) -> re.Pattern[bytes]:
    """Return a pattern for the escapes of signs, given by their codes."""
    spelled = "|".join(
        re.sub("[a-f]", lambda digit: f"[{digit[0]}{digit[0].upper()}]", code)
        for code in sorted(codes)
    )
    slash = "|/" if _SLASH in codes else ""
    return re.compile(rf"\\(?:u(?:{spelled}){slash})".encode())


def _unescaped(match: re.Match[bytes]) -> bytes:
    """Return the sign that an escape stands for, as `_escaped` has it."""
    if match[1] is None:
        return b"/"
    sign = chr(int(match[1], 16))
    return _escaped(sign).encode() if is_encodable(sign) else match[0]


def _escaped(value: str) -> str:
    """Return a value as it stands within JSON."""
    return msgspec.json.encode(value).decode()[1:-1]
