from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from requests import Request

from tap_purchase_orders.urls import is_path_segment, path_segment

BASE = "https://api.example/purchase-order-number"


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(is_path_segment))
@example("193-994K")
@example("PO 1/2?x=1#top%41")
@example("a/../../b")
@example("...")
@example("%2E%2E")
@example("\x00")
@example("Größe \N{EURO SIGN} \U0001f600")
def test_any_number_becomes_exactly_one_path_segment_and_decodes_back(
    number: str,
) -> None:
    parts = urlsplit(f"{BASE}/{path_segment(number)}")

    assert (parts.query, parts.fragment) == ("", "")
    *folders, last = parts.path.split("/")
    assert "/".join(folders) == "/purchase-order-number"
    assert unquote(last, errors="strict") == number
    assert last not in {".", ".."}


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(is_path_segment))
def test_a_number_is_sent_in_plain_ascii(number: str) -> None:
    segment = path_segment(number)

    assert segment.isascii()
    assert segment.isprintable()
    # Nothing that the client would have to encode is left.
    prepared = Request("GET", f"{BASE}/{segment}").prepare()
    assert prepared.url is not None
    assert unquote(prepared.url) == f"{BASE}/{number}"


@pytest.mark.parametrize(
    "number", ["", ".", "..", " ", "\t", "\ud800", "a\udfff", "a\0"]
)
def test_what_cannot_be_one_path_segment_is_refused(number: str) -> None:
    assert not is_path_segment(number)


@pytest.mark.parametrize("number", ["...", ". ", "/", "%2E", "%", "0", "a b", "\x01"])
def test_whatever_can_be_encoded_is_not_refused(number: str) -> None:
    assert is_path_segment(number)


def test_the_unreserved_signs_stay_as_they_are_and_all_others_are_encoded() -> None:
    assert path_segment("Zt4_oPw8-GcX.~") == "Zt4_oPw8-GcX.~"
    assert path_segment("a/b?c#d%e f+g:h@i;j,k&l=m") == (
        "a%2Fb%3Fc%23d%25e%20f%2Bg%3Ah%40i%3Bj%2Ck%26l%3Dm"
    )
