from __future__ import annotations

import datetime as dt
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_purchase_orders.http.retry_after import retry_after_seconds

NOW = dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", 0),
        ("57", 57),
        (" 57 ", 57),
        ("007", 7),
        ("86400", 86400),
        ("Sun, 01 Mar 2026 10:01:00 GMT", 60),
        ("Sun, 01 Mar 2026 10:00:00 GMT", 0),
        ("Sun, 01 Mar 2026 12:00:30 +0200", 30),
        # No zone at all is UTC.
        ("Sun, 01 Mar 2026 10:01:00", 60),
        # Obsolete forms of a date that HTTP still knows.
        ("Sunday, 01-Mar-26 10:01:00 GMT", 60),
        ("Sun Mar  1 10:01:00 2026", 60),
        # The past.
        ("Sun, 01 Mar 2026 09:59:59 GMT", 0),
        # Zones that an HTTP date should not have.
        ("Sun, 01 Mar 2026 11:01:00 CET", 60),
        ("Sun, 01 Mar 2026 12:01:00 CEST", 60),
        ("Sun, 01 Mar 2026 05:01:00 EST", 60),
        ("Sun, 01-Mar-26 11:01:00 cet", 60),
        ("Sun, 01 Mar 2026 10:01:00 UTC", 60),
        # What servers send beside the standard.
        ("1.5", 1.5),
        ("5s", 5),
        ("30, 30", 30),
        ("5, 10", 10),
        ("2026-03-01T10:01:00Z", 60),
        ("2026-03-01T11:01:00+01:00", 60),
        (str(int(NOW.timestamp()) + 60), 60),
        (str((int(NOW.timestamp()) + 60) * 1000), 60),
        (str(int(NOW.timestamp()) - 60), 0),
    ],
)
def test_seconds_and_dates_are_read(value: str, expected: float) -> None:
    assert retry_after_seconds(value, NOW) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "soon",
        "-5",
        "1.5.5",
        "1e3",
        "nan",
        "inf",
        # Nobody knows how far off that is.
        "Sun, 01 Mar 2026 10:01:00 XYZ",
        "Sun, 01 Mar 2026 15:31:00 IST",
        "5 seconds",
        "\u0665",
        "2026-03-01T99:01:00Z",
        "Sun, 32 Mar 2026 10:01:00 GMT",
        "Sun, 01 Mar 99999 10:01:00 GMT",
        "Sun, 01 Mar 2026 10:01:00 +99999999999999999999",
        "Sun, 01 Mar 2026 99:01:00 GMT",
        ",",
        "0 0 0",
    ],
)
def test_what_cannot_be_read_is_no_wait(value: str) -> None:
    assert retry_after_seconds(value, NOW) == 0


@given(st.integers(0, 10**9 - 1))
def test_any_number_of_seconds_is_taken_as_it_is(seconds: int) -> None:
    assert retry_after_seconds(str(seconds), NOW) == seconds


@given(
    st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1)),  # noqa: DTZ001
    st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1)),  # noqa: DTZ001
)
def test_a_date_is_as_far_off_as_it_is_and_never_negative(
    until: dt.datetime, moment: dt.datetime
) -> None:
    until = until.replace(microsecond=0, tzinfo=dt.UTC)
    moment = moment.replace(microsecond=0, tzinfo=dt.UTC)

    value = retry_after_seconds(format_datetime(until, usegmt=True), moment)
    assert value == max(0, (until - moment).total_seconds())


@given(
    st.text(max_size=40) | st.from_regex(r"[A-Z][a-z]{2}, \d+ Mar \d+ \d+:\d+ [+-]?\d+")
)
@example("9" * 500)
def test_any_value_is_a_time_that_is_not_negative(value: str) -> None:
    assert retry_after_seconds(value, NOW) >= 0
