"""Decodes JSON bodies without losing a digit."""

from __future__ import annotations

import codecs
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

# Fractions become decimals of the digits that were sent; whole numbers stay exact.
_decoder = msgspec.json.Decoder(float_hook=Decimal)
# Decimals are written as numbers of the same digits.
ENCODER = msgspec.json.Encoder(decimal_format="number")
# Enough to see what a thing that went wrong is; it bounds what one issue can weigh.
_SHOWN_BYTES = 64 * 1024
# At a cut, half of what may not be shown is not known for what it is.
_UNSURE_BYTES = 16 * 1024
# Stands at the end of a text that is longer than what is shown of it.
CUT_OFF = "[...]"
# Its only spelling in JSON.
_NUL = rb"\u0000"
_FEW_ESCAPES = 8
# Python itself refuses to read whole numbers of more than 4,300 digits.
_MOST_DIGITS_OF_INT = 4000


class NotJsonError(ValueError):
    """A body is not JSON, or was cut off."""


def decode_body(body: bytes) -> Any:
    """Return the JSON value of a body, with `Decimal` for numbers with a fraction.

    Half a surrogate pair, and U+0000, which no text of PostgreSQL may hold, become
    U+FFFD: a load would end at them. A byte order mark is left out: Partner Center puts
    one before the JSON of good responses (seen in its recorded sessions, and printed in
    *Check out a cart*).

    Raises:
        NotJsonError: The body is not JSON.
    """
    text = body.removeprefix(codecs.BOM_UTF8)
    if has_unstorable_text(text):
        return _decode_leniently(text)
    try:
        return _decoder.decode(text)
    # In msgspec 0.20, which is allowed, its errors are no `ValueError`.
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
        return _decode_leniently(text)


def decode_lines(lines: bytes) -> list[Any]:
    """Return the JSON values of lines that `records` have written."""
    try:
        return _decoder.decode_lines(lines)
    # A whole number of more digits than Python reads as such.
    except (msgspec.MsgspecError, ValueError):
        return [decode_body(line) for line in lines.splitlines()]


def has_unstorable_text(body: bytes) -> bool:
    """Return whether a body may name U+0000, which warehouses refuse."""
    # A single sign is found far faster than several, and most bodies have few escapes.
    at = body.find(b"\\")
    for _ in range(_FEW_ESCAPES):
        if at < 0 or body.startswith(_NUL, at):
            return at >= 0
        at = body.find(b"\\", at + 1)
    # From the end: its first sign is rarer than its last.
    return body.rfind(_NUL) >= 0


def json_copy(value: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a JSON object; a tenth of what a deep copy takes."""
    copied: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    return copied


def storable(text: str) -> str:
    """Return a text as any warehouse can hold it.

    Half a surrogate pair, and U+0000, become U+FFFD.
    """
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\N{REPLACEMENT CHARACTER}")


def json_text(value: Any, hide: Callable[[str], str] = str) -> str:
    """Return a value as JSON text; a huge one as a JSON text of its beginning.

    Args:
        value: The value.
        hide: Returns a text without what may not be shown of it.
    """
    try:
        text = ENCODER.encode(value)
    except RecursionError:
        return '"nested too deeply to be shown"'
    return hide(text.decode()) if len(text) <= _SHOWN_BYTES else body_text(text, hide)


def body_text(body: bytes, hide: Callable[[str], str] = str) -> str:
    """Return a body, JSON or not, as a JSON text; of a long one its beginning.

    Args:
        body: The body.
        hide: Returns a text without what may not be shown of it.
    """
    text = hide(body[: _SHOWN_BYTES + _UNSURE_BYTES].decode("utf-8-sig", "replace"))
    if len(body) > _SHOWN_BYTES:
        text = text[:-_UNSURE_BYTES] + CUT_OFF
    return ENCODER.encode(text).decode()


def _decode_leniently(text: bytes) -> Any:
    r"""Return the value of JSON that names half a surrogate pair, such as `\ud800`.

    That is legal JSON but no legal text: such halves become U+FFFD. Legal, too, are
    whole numbers of more digits than Python reads as such.
    """
    try:
        value = json.loads(
            text, parse_float=Decimal, parse_int=_whole, parse_constant=_refuse
        )
        return _storable(value)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise NotJsonError from error


def _whole(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= _MOST_DIGITS_OF_INT else Decimal(digits)


def _refuse(constant: str) -> Any:
    raise NotJsonError(constant)


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    return value
