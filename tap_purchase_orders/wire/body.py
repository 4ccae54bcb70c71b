"""The body of an answer as JSON values, exactly."""

from __future__ import annotations

import codecs
import json
from decimal import Decimal
from typing import Any

import msgspec

# Fractions become decimals of the digits that were sent; whole numbers stay exact.
_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")
# Enough for any record that went wrong; it bounds what one issue can weigh.
_LONGEST_TEXT_BYTES = 1024 * 1024


class NotJsonError(ValueError):
    """A body is not JSON, or was cut off."""


def decode_body(body: bytes) -> Any:
    """Return the JSON value of a body, with `Decimal` for numbers with a fraction.

    A byte order mark is left out: Partner Center puts one before the JSON of good
    answers (seen in its recorded sessions, and printed in *Check out a cart*).

    Raises:
        NotJsonError: The body is not JSON.
    """
    text = body.removeprefix(codecs.BOM_UTF8)
    try:
        return _decoder.decode(text)
    except (ValueError, ArithmeticError, RecursionError):
        return _decode_leniently(text)


def json_text(value: Any) -> str:
    """Return a value as JSON text; a huge one as a JSON text of its beginning."""
    try:
        text = _encoder.encode(value)
    except RecursionError:
        return '"nested too deeply to be shown"'
    if len(text) > _LONGEST_TEXT_BYTES:
        text = _encoder.encode(text[:_LONGEST_TEXT_BYTES].decode("utf-8", "ignore"))
    return text.decode()


def _decode_leniently(text: bytes) -> Any:
    r"""Return the value of JSON that names half a surrogate pair, such as `\ud800`.

    That is legal JSON but no legal text: such halves become U+FFFD.
    """
    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=_refuse)
        return _without_lone_surrogates(value)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise NotJsonError from error


def _refuse(constant: str) -> Any:
    raise NotJsonError(constant)


def _without_lone_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_lone_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {
            _without_lone_surrogates(key): _without_lone_surrogates(item)
            for key, item in value.items()
        }
    return value
