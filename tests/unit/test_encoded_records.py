from __future__ import annotations

from tap_purchase_orders.records.encoded_records import Encoded, encoded, joined


def records() -> list[dict[str, int]]:
    return [{"a": 1, "b": 2, "c": 3}, {"a": 4, "b": 5, "c": 6}]


def test_records_are_a_line_each() -> None:
    lines = b'{"a":1,"b":2,"c":3}\n{"a":4,"b":5,"c":6}\n'

    assert encoded(records()) == Encoded(lines, 2, lines)
    assert encoded([]) == Encoded(b"", 0, b"")


def test_deselected_fields_are_left_out_of_what_is_written_alone() -> None:
    found = encoded(records(), ["a", "c", "no such field"])

    assert found.lines == b'{"b":2}\n{"b":5}\n'
    assert found.count == 2
    assert found.whole == encoded(records()).lines


def test_what_few_ask_for_is_made_for_them() -> None:
    assert Encoded(b"{}\n", 1, lambda: b"all of it\n").whole == b"all of it\n"


def test_encoded_records_are_joined_and_others_are_not() -> None:
    one, two = Encoded(b"{}\n{}\n", 2, b""), Encoded(b"[]\n", 1, b"")
    large = Encoded(b" " * 1024 * 1024, 1, b"")

    assert joined([one, two]) == [Encoded(b"{}\n{}\n[]\n", 3, b"")]
    assert joined([one, large]) == [one, large]
    assert joined([{"a": 1}, {"a": 2}]) == [{"a": 1}, {"a": 2}]
