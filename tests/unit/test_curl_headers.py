from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.http.curl_headers import read_head

NAMES = st.from_regex(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}", fullmatch=True)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=8))
def test_any_bytes_have_a_head(lines: list[bytes]) -> None:
    head = read_head(lines)

    assert head.status >= 0
    assert all(name == name.lower() for name in head.headers)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=10))
def test_each_field_is_there_by_its_name_in_any_case(
    fields: list[tuple[str, str]],
) -> None:
    lines = [f"{name}: {value}\r\n".encode() for name, value in fields]
    head = read_head([b"HTTP/1.1 404 Not  here\r\n", *lines, b"\r\n"])

    assert (head.status, head.reason) == (404, "Not  here")
    for name, _ in fields:
        same = [v.strip() for n, v in fields if n.lower() == name.lower()]
        assert head.headers[name.upper()] == ", ".join(same)
        assert head.headers.get(name.upper()) == ", ".join(same)
    assert len(head.headers) == len({name.lower() for name, _ in fields})


def test_the_name_of_a_field_is_its_whole_name() -> None:
    lines = [b"HTTP/1.1 200 OK\r\n", b"X-Date: a\r\n", b"B: date: c\r\n", b"\r\n"]
    head = read_head(lines)

    assert head.headers.get("Date") is None
    assert head.headers.get("Date", "none") == "none"


def test_a_head_of_http_2_has_no_reason() -> None:
    head = read_head([b"HTTP/2 200 \r\n", b"date: x\r\n", b"\r\n"])

    assert (head.status, head.reason, head.headers.get("Date")) == (200, "", "x")


def test_what_is_no_field_is_left_out() -> None:
    head = read_head([b"HTTP/1.1 200 OK\r\n", b"no field\r\n", b"A: b\n", b"\n"])

    assert dict(head.headers) == {"a": "b"}
