"""How much of the records is in what a loader stored, by kinds of values."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Row = dict[str, Any]
Records = dict[tuple[Any, ...], Row]
_MISSING = object()
_INSTANT = re.compile(
    r"(\d+-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?"
)
_KINDS = ("numbers", "within objects", "instants", "blank texts", "line ends")


@dataclass
class Kept:
    """What is kept of one loader's rows.

    Attributes:
        rows: Rows that were stored.
        expected: Keys that the tap wrote.
        missing: Keys without a row.
        values: Of each kind, how often a value became what.
        examples: Of each of these, a value and what became of it.
    """

    rows: int = 0
    expected: int = 0
    missing: int = 0
    values: dict[str, Counter[str]] = field(
        default_factory=lambda: {kind: Counter() for kind in _KINDS}
    )
    examples: dict[tuple[str, str], str] = field(default_factory=dict)

    def count(self, kind: str, became: str, wanted: Any, found: Any) -> None:
        """Count a value."""
        self.values[kind][became] += 1
        self.examples.setdefault((kind, became), f"{wanted!s} is {found!s}")


def compared(
    schemas: Mapping[str, Any],
    latest: Mapping[str, Records],
    stored: Mapping[str, Sequence[Row]],
) -> Kept:
    """Return what is kept of the latest records in the rows that were stored."""
    kept = Kept()
    for stream, records in latest.items():
        keys = [name.lower() for name in schemas[stream]["key_properties"]]
        # Where rows are added and not replaced, the last one counts.
        rows = sorted(map(_lower, stored.get(stream, ())), key=_time_of_loading)
        kept.rows += len(rows)
        kept.expected += len(records)
        by_key = {tuple(_key(row.get(name)) for name in keys): row for row in rows}
        properties = schemas[stream]["schema"]["properties"]
        for key, record in records.items():
            row = by_key.get(tuple(map(_key, key)))
            if row is None:
                kept.missing += 1
                continue
            found = dict(_leaves(row))
            for path, value in _leaves(record):
                part = properties.get(path[0], {})
                _compare(
                    kept, value, _at(found, row, path), part, is_within=len(path) > 1
                )
    return kept


def _compare(
    kept: Kept, wanted: Any, found: Any, part: Mapping[str, Any], *, is_within: bool
) -> None:
    if isinstance(wanted, Decimal):
        kind = "within objects" if is_within else "numbers"
        is_same = _digits(found) == f"{wanted:f}"
        became = "every digit" if is_same else _lesser(wanted, found)
        kept.count(kind, became, wanted, found)
    elif part.get("format") == "date-time" and isinstance(wanted, str):
        kept.count("instants", _instant(wanted, found), wanted, found)
    elif wanted == "" and not is_within:
        kept.count("blank texts", "kept" if found == "" else "null", '""', found)
    elif isinstance(wanted, str) and "\n" in wanted and not is_within:
        became = "kept" if found == wanted else "changed"
        kept.count("line ends", became, repr(wanted), repr(found))


def _lesser(wanted: Decimal, found: Any) -> str:
    """Return what a number became that has not all its digits."""
    if found is None or found is _MISSING:
        return "missing"
    text = _digits(found)
    if text is not None and Decimal(text) == wanted:
        return "without zeros at the end"
    return "float" if float(wanted) == _float(found) else "changed"


def _float(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _digits(value: Any) -> str | None:
    try:
        return f"{Decimal(str(value)):f}"
    except InvalidOperation:
        return None


def _instant(wanted: str, found: Any) -> str:
    match = _INSTANT.fullmatch(str(found))
    if not match:
        return "null" if found is None or found is _MISSING else "changed"
    day, time, fraction, zone = match.groups()
    if zone not in {None, "Z", "+00:00", "+0000"}:
        moment = dt.datetime.fromisoformat(f"{day}T{time}{zone}").astimezone(dt.UTC)
        day, time = f"{moment:%Y-%m-%d}", f"{moment:%H:%M:%S}"
    whole, _, digits = wanted.removesuffix("Z").partition(".")
    if f"{day}T{time}" != whole:
        return "another instant"
    is_now, was = (fraction or "").rstrip("0"), digits.rstrip("0")
    if is_now == was:
        return "every digit"
    if is_now == was[:6].rstrip("0"):
        return "cut to microseconds"
    return "cut to seconds" if not is_now else "rounded"


def _leaves(
    value: Any, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _leaves(member, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, str(index)))
    else:
        yield path, value


def _at(found: Mapping[tuple[str, ...], Any], row: Row, path: tuple[str, ...]) -> Any:
    """Return a value by its path: as a member, or within JSON that is text."""
    lower = tuple(part.lower() for part in path)
    for steps in range(len(path), 0, -1):
        for name in ("__".join(lower[:steps]), lower[0] if steps == 1 else None):
            if name in row:
                return _within(row[name], path[steps:])
    return found.get(lower, _MISSING)


def _within(value: Any, path: tuple[str, ...]) -> Any:
    if path and isinstance(value, str):
        try:
            value = json.loads(value, parse_float=Decimal, parse_int=Decimal)
        except ValueError:
            return _MISSING
    for step in path:
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (KeyError, IndexError, TypeError, ValueError):
            return _MISSING
        if isinstance(value, str) and step != path[-1]:
            value = _parsed(value)
    return value


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal, parse_int=Decimal)
    except ValueError:
        return text


def _lower(row: Row) -> Row:
    return {name.lower(): value for name, value in row.items()}


def _time_of_loading(row: Row) -> int:
    return int(row.get("_sdc_sequence") or 0)


def _key(value: Any) -> str:
    text = str(value)
    return text.removesuffix(".0")
