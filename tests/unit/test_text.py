from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.text import one_line


@given(st.text(max_size=200), st.integers(1, 100))
def test_foreign_text_is_shown_as_one_bounded_line(text: str, longest: int) -> None:
    shown = one_line(text, longest)

    assert len(shown.splitlines()) <= 1
    assert len(shown) <= 10 * longest + len("[...]")
    assert shown.endswith("[...]") or len(text) <= longest


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=50))
def test_a_text_that_can_be_printed_stays_as_it_is(text: str) -> None:
    assert one_line(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\r\nb", r"a\r\nb"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("user\u202etxt.exe", r"user\u202etxt.exe"),
        ("a\u2028b\u0085c\x00", r"a\u2028b\x85c\x00"),
    ],
)
def test_what_would_move_a_cursor_is_spelled_out(text: str, expected: str) -> None:
    assert one_line(text) == expected
