from __future__ import annotations

import codecs
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_purchase_orders.exact_json import (
    NotJsonError,
    body_text,
    decode_body,
    has_unstorable_text,
    json_text,
)
from tests.unit.json_values import PAYLOADS, any_json

WHOLE_NUMBERS = st.from_regex(r"\A(0|-?[1-9][0-9]{0,400})\Z")
OTHER_NUMBERS = st.from_regex(
    r"\A-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})([eE][+-]?[0-9]{1,3})?\Z"
) | st.from_regex(r"\A-?(0|[1-9][0-9]{0,30})[eE][+-]?[0-9]{1,3}\Z")

BODIES = [
    "appzen/purchase-order--irregular-lines.json",
    "partner_center/order--with-a-cancelled-line.json",
    "partner_center/orders--one-order.with-bom.body",
]


def written(value: Any) -> str:
    """Return what comes out for a value that came in as JSON."""
    return json_text(decode_body(json.dumps(value).encode()))


def test_a_byte_order_mark_is_left_out() -> None:
    assert decode_body(codecs.BOM_UTF8 + b'{"id": "a"}') == {"id": "a"}
    assert decode_body(b'{"id": "a"}') == {"id": "a"}


def test_a_byte_order_mark_within_a_text_stays() -> None:
    assert decode_body('"\ufeffa"'.encode()) == "\ufeffa"


@given(WHOLE_NUMBERS)
@example("18446744073709551616")
@example("-9223372036854775809")
def test_a_whole_number_comes_out_as_it_came_in(digits: str) -> None:
    value = decode_body(digits.encode())

    assert value == int(digits)
    assert isinstance(value, int)
    assert json_text(value) == digits


def test_a_whole_number_of_any_length_comes_out_as_it_came_in() -> None:
    body = b"[1, -" + b"9" * 5000 + b"]"

    assert json_text(decode_body(body)) == body.decode().replace(" ", "")


@given(OTHER_NUMBERS)
@example("12345678901234.123456789")
@example("100.00")
@example("-0.0")
@example("0.10000000000000000555")
def test_any_other_number_comes_out_with_every_digit_it_came_in_with(
    digits: str,
) -> None:
    value = decode_body(digits.encode())

    assert isinstance(value, Decimal)
    assert Decimal(json_text(value)).as_tuple() == Decimal(digits).as_tuple()


@pytest.mark.parametrize("digits", ["1.50", "100.00", "12345678901234.123456789"])
def test_a_plain_decimal_comes_out_letter_for_letter(digits: str) -> None:
    assert json_text(decode_body(f'{{"amount": {digits}}}'.encode())) == (
        f'{{"amount":{digits}}}'
    )


@given(any_json(st.text(st.characters(codec="utf-8"), max_size=5)))
def test_any_value_comes_back_from_its_own_text(value: Any) -> None:
    text = json_text(value).replace(r"\u0000", r"\ufffd")
    assert decode_body(json_text(value).encode()) == json.loads(
        text, parse_float=Decimal
    )


def test_text_that_no_warehouse_can_hold_becomes_a_replacement_character() -> None:
    assert decode_body(rb'{"a\u0000": ["\u0000", "\\u0000"]}') == {
        "a\ufffd": ["\ufffd", r"\u0000"]
    }


@given(
    st.lists(st.sampled_from(["\\\\", r"\"", r"\u00e9", "u0000", "a 0"]), max_size=99),
    st.sampled_from(["", r"\u0000"]),
)
@example([r"\""] * 60, r"\u0000")
def test_unstorable_text_is_found_behind_any_number_of_escapes(
    escapes: list[str], end: str
) -> None:
    body = f'["{"".join(escapes)}{end}"]'.encode()

    assert has_unstorable_text(body) == (rb"\u0000" in body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (rb'"\ud800"', "\ufffd"),
        (rb'"\udc00"', "\ufffd"),
        (rb'"a\ud800b"', "a\ufffdb"),
        (rb'"\ud83d\ude00"', "\U0001f600"),
        (
            rb'{"\ud800": ["\ud800", {"a": "\udfff!"}]}',
            {"\ufffd": ["\ufffd", {"a": "\ufffd!"}]},
        ),
    ],
)
def test_half_a_surrogate_pair_becomes_a_replacement_character(
    body: bytes, expected: Any
) -> None:
    value = decode_body(body)

    assert value == expected
    assert decode_body(json_text(value).encode()) == expected


def test_half_a_surrogate_pair_changes_no_digit_of_other_values() -> None:
    body = rb'{"a": "\ud800", "amount": 12345678901234.123456789, "n": 1.0, "i": 1}'

    assert json_text(decode_body(body)) == (
        '{"a":"\ufffd","amount":12345678901234.123456789,"n":1.0,"i":1}'
    )


@pytest.mark.parametrize("name", BODIES)
def test_a_body_cut_off_at_any_byte_is_not_json(name: str) -> None:
    body = (PAYLOADS / name).read_bytes().rstrip()
    decode_body(body)

    for length in range(len(body)):
        with pytest.raises(NotJsonError):
            decode_body(body[:length])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        codecs.BOM_UTF8,
        b"<html><body>Bad gateway</body></html>",
        b"{}{}",
        b"{'id': 1}",
        b'{"id": 1,}',
        b"[1, NaN]",
        b"Infinity",
        b"-Infinity",
        b'{"id": 01}',
        b'"a\nb"',
        b"\x00\xff\xfe",
        rb'"\ud800" NaN',
        rb'["\ud800", NaN]',
        b"1e99999999999999999999",
    ],
)
def test_what_is_not_one_json_value_is_refused(body: bytes) -> None:
    with pytest.raises(NotJsonError):
        decode_body(body)


@pytest.mark.parametrize("body", [b'"caf\xe9"', b'{"a": "\xff"}', b'["\xc3"]'])
def test_text_that_is_not_utf_8_is_not_json(body: bytes) -> None:
    with pytest.raises(NotJsonError):
        decode_body(body)


@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda body: b'"%b"' % body))
@example(b'"\xe9"')
def test_any_bytes_are_a_value_or_not_json(body: bytes) -> None:
    try:
        decode_body(body)
    except NotJsonError:
        return


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[["\\ud800"],'])
def test_nesting_without_end_is_not_json(opening: bytes) -> None:
    with pytest.raises(NotJsonError):
        decode_body(opening * 100_000)
    closing = b"]" if opening == b"[" else b"}"
    with pytest.raises(NotJsonError):
        decode_body(opening * 100_000 + b"1" + closing * 100_000)


@pytest.mark.parametrize("depth", [600, 900])
def test_deep_nesting_with_half_a_surrogate_pair_is_a_value_or_not_json(
    depth: int,
) -> None:
    body = b"[" * depth + rb'"\ud800"' + b"]" * depth
    try:
        decode_body(body)
    except NotJsonError:
        return


def test_moderate_nesting_comes_out_as_it_came_in() -> None:
    body = b'{"a":[' * 50 + b"1.50" + b"]}" * 50

    assert json_text(decode_body(body)).encode() == body


@pytest.mark.parametrize("value", ["x" * 3_000_000, ["\N{EURO SIGN}"] * 1_000_000])
def test_the_text_of_a_huge_value_is_json_and_bounded_and_says_so(value: Any) -> None:
    text = json_text(value)

    assert len(text) <= 2 * 64 * 1024
    beginning = json.loads(text)
    assert isinstance(beginning, str)
    assert beginning.endswith("[...]")
    assert json.dumps(value, ensure_ascii=False, separators=(",", ":")).startswith(
        beginning.removesuffix("[...]")
    )


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"\xef\xbb\xbfcaf\xe9\x00", b"a" * 65536]
)
def test_a_body_is_shown_as_one_json_text(body: bytes) -> None:
    shown = json.loads(body_text(body))

    assert shown == body.decode("utf-8-sig", "replace")


def test_a_long_body_is_cut_off_where_nothing_hidden_begins() -> None:
    secret = "hunter2" * 100

    for length in range(64 * 1024 - 800, 64 * 1024 + 800, 7):
        body = ("." * length + secret * 200).encode()
        shown = body_text(body, lambda text: text.replace(secret, "***"))
        assert "hunter" not in shown
        assert shown.endswith('[...]"')


def test_the_text_of_a_value_has_no_blanks_and_keeps_signs_of_any_script() -> None:
    assert written({"note": "Größe £", "n": [1, None]}) == (
        '{"note":"Größe £","n":[1,null]}'
    )
