from __future__ import annotations

import datetime as dt
import re
from fractions import Fraction
from typing import NamedTuple

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from jsonschema import FormatChecker

from tap_purchase_orders.instants import Instant, parse_instant

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
CANONICAL = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z", re.ASCII)


class Written(NamedTuple):
    """A spelling of a moment, the moment itself, and the digits it was written with."""

    text: str
    exact: Fraction
    digits: str


def seconds_of(moment: dt.datetime) -> int:
    return (moment - EPOCH) // dt.timedelta(seconds=1)


def exact(text: str) -> Fraction:
    """Return the seconds since 1970 of RFC 3339 in UTC."""
    match = CANONICAL.fullmatch(text)
    assert match is not None, text
    whole = seconds_of(dt.datetime.fromisoformat(f"{match[1]}+00:00"))
    return whole + Fraction(f"0.{match[2] or 0}")


FIRST, LAST = exact("0001-01-01T00:00:00Z"), exact("9999-12-31T23:59:59Z") + 1


@st.composite
def spellings(draw: st.DrawFn) -> Written:
    moment = draw(st.datetimes()).replace(microsecond=0, tzinfo=dt.UTC)
    digits = draw(st.text("0123456789", max_size=9))
    minutes = draw(st.integers(-(24 * 60 - 1), 24 * 60 - 1))
    zone = draw(st.sampled_from(["Z", "z", "", "offset", "short offset"]))
    date, time = moment.isoformat()[:10], moment.isoformat()[11:19]
    if zone.endswith("offset"):
        hours, rest = divmod(abs(minutes), 60)
        colon = "" if zone == "short offset" else ":"
        zone = f"{'-' if minutes < 0 else '+'}{hours:02}{colon}{rest:02}"
    else:
        minutes = 0
    between = draw(st.sampled_from(["T", "t", " "]))
    point = draw(st.sampled_from([".", ","]))
    fraction = f"{point}{digits}" if digits else ""
    value = seconds_of(moment) - minutes * 60 + Fraction(f"0.{digits or 0}")
    assume(FIRST <= value < LAST)
    return Written(f"{date}{between}{time}{fraction}{zone}", value, digits)


@given(spellings())
@example(
    Written("2018-03-06T17:37:05.253-08:00", exact("2018-03-07T01:37:05.253Z"), "253")
)
def test_any_spelling_is_read_as_the_exact_moment(written: Written) -> None:
    assert exact(parse_instant(written.text).text) == written.exact


@given(spellings(), spellings())
def test_moments_compare_as_moments_however_they_are_written(
    one: Written, other: Written
) -> None:
    first, second = parse_instant(one.text), parse_instant(other.text)

    assert (first < second) == (one.exact < other.exact)
    assert (first == second) == (one.exact == other.exact)
    assert (first >= second) == (one.exact >= other.exact)


@given(
    spellings(),
    st.text("0123456789", max_size=9),
    st.text("0123456789", max_size=9),
)
def test_moments_of_one_second_compare_by_all_their_digits(
    written: Written, one: str, other: str
) -> None:
    second = parse_instant(written.text).text[:19]
    first, last = (
        parse_instant(f"{second}.{digits}Z" if digits else f"{second}Z")
        for digits in (one, other)
    )

    assert (first < last) == (Fraction(f"0.{one or 0}") < Fraction(f"0.{other or 0}"))


@given(spellings())
def test_the_text_is_rfc_3339_in_utc_with_every_digit_that_was_written(
    written: Written,
) -> None:
    text = parse_instant(written.text).text

    assert FormatChecker().conforms(text, "date-time")
    match = CANONICAL.fullmatch(text)
    assert match is not None
    assert (match[2] or "") == written.digits


@given(spellings())
def test_the_text_reads_back_as_itself(written: Written) -> None:
    instant = parse_instant(written.text)

    again = parse_instant(instant.text)
    assert again == instant
    assert again.text == instant.text


@given(spellings(), st.integers(0, 4000 * 24 * 3600))
def test_an_earlier_moment_is_earlier_by_exactly_so_many_seconds(
    written: Written, seconds: int
) -> None:
    assume(written.exact - seconds >= FIRST)
    instant = parse_instant(written.text)

    earlier = instant.earlier(seconds)
    assert exact(instant.text) - exact(earlier.text) == seconds
    assert earlier == parse_instant(earlier.text)


def test_trailing_zeros_make_no_other_moment_but_stay_in_the_text() -> None:
    short = parse_instant("2024-05-01T10:00:00.5Z")
    long = parse_instant("2024-05-01T12:00:00.5000000+02:00")

    assert short == long
    assert hash(short) == hash(long)
    assert {short, long} == {short}
    assert long.text == "2024-05-01T10:00:00.5000000Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-03-08T17:38:57.5217119Z", "2022-03-08T17:38:57.5217119Z"),
        ("2018-03-15T22:30:02.085152Z", "2018-03-15T22:30:02.085152Z"),
        ("2018-03-06T17:37:36.54-07:00", "2018-03-07T00:37:36.54Z"),
        ("2020-03-25T22:24:34.59+00:00", "2020-03-25T22:24:34.59Z"),
        ("2020-02-29T23:59:59-00:01", "2020-03-01T00:00:59Z"),
        ("2023-07-31T00:00:00", "2023-07-31T00:00:00Z"),
        ("2023-07-31", "2023-07-31T00:00:00Z"),
        ("2023-07-31T10:15Z", "2023-07-31T10:15:00Z"),
        (" 2023-07-31T10:15:00Z\n", "2023-07-31T10:15:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    ],
)
def test_every_form_the_upstreams_send_is_read(text: str, expected: str) -> None:
    assert parse_instant(text).text == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "soon",
        "2020",
        "20200101",
        "31/12/2026",
        "1577836800",
        "/Date(1577836800000)/",
        "2020-02-30",
        "2020-13-01T00:00:00Z",
        "2020-01-01TT10:00:00Z",
        "2020-01-01T10: 00:00Z",
        "2020-01-01T10:00:00 Z",
        "2020-01-01T10:00:00.Z",
        "2020-01-01T10:00.5Z",
        "2020-01-01T24:00:00Z",
        "2020-01-01T24:00",
        "2020-01-01T25:00:00Z",
        "2020-01-01T10:60:00Z",
        "2016-12-31T23:59:60Z",
        "2020-01-01T10:00:00+24:00",
        "2020-01-01T10:00:00+00:60",
        "2020-01-01T10:00:00+0",
        "2020-01-01Z",
        "2020-01-01T10:00:00Z and more",
        "2020-01-01T10:00:00Z\n2020-01-01T10:00:00Z",
        "\uff12\uff10\uff12\uff10-01-01",
        "2020-01-01T10:00:00.\u0663Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "10000-01-01T00:00:00Z",
    ],
)
def test_what_is_no_moment_of_the_years_1_to_9999_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_instant(text)


@given(st.text("0123456789-:.,TtZz+ \n", max_size=32))
def test_any_text_is_a_moment_or_a_value_error(text: str) -> None:
    try:
        instant = parse_instant(text)
    except ValueError:
        return
    assert isinstance(instant, Instant)
    assert FormatChecker().conforms(instant.text, "date-time")
