"""An upstream that is down is left alone soon; one that is up never is."""

from __future__ import annotations

import pytest

from tap_purchase_orders.errors import UpstreamDownError
from tap_purchase_orders.http.outage_detection import (
    LONGEST_PATIENCE_SECONDS,
    SILENT_SECONDS,
    Health,
    ResponseGap,
)
from tests.unit.fake_time import FakeTime
from tests.unit.sync_primitives import done, settle

pytestmark = pytest.mark.timeout(120)


def test_nothing_is_owed_where_nothing_is_asked() -> None:
    time = FakeTime()
    silence = ResponseGap(time.clock)
    time.now = 1000.0

    assert silence.left_seconds() is None


def test_the_time_runs_from_the_first_request_without_a_good_answer() -> None:
    time = FakeTime()
    silence = ResponseGap(time.clock)
    silence.sent()
    time.now = 10.0
    silence.ended()
    silence.sent()

    assert silence.left_seconds() == SILENT_SECONDS - 10
    time.now = 500.0
    assert silence.left_seconds() == 0


def test_a_good_answer_begins_it_anew_for_those_that_are_still_under_way() -> None:
    time = FakeTime()
    silence = ResponseGap(time.clock)
    silence.sent()
    silence.sent()
    time.now = 80.0
    silence.ended()
    silence.answered()

    assert silence.left_seconds() == SILENT_SECONDS
    silence.ended()
    silence.answered()
    assert silence.left_seconds() is None


def test_what_the_upstream_asks_us_to_wait_is_not_held_against_it() -> None:
    time = FakeTime()
    silence = ResponseGap(time.clock)
    silence.sent()
    # Many are told the same at once: it is waited for once.
    assert not any(silence.is_asked_too_much(60.0) for _ in range(8))
    time.now = 60.0
    assert silence.left_seconds() == SILENT_SECONDS
    assert not silence.is_asked_too_much(120.0)
    time.now = 180.0
    assert silence.left_seconds() == SILENT_SECONDS


def test_five_minutes_in_all_are_too_much() -> None:
    for each in (LONGEST_PATIENCE_SECONDS + 1, 86_400.0, float("inf")):
        silence = ResponseGap(FakeTime().clock)
        silence.sent()
        assert silence.is_asked_too_much(each)
    time = FakeTime()
    silence = ResponseGap(time.clock)
    silence.sent()
    assert not silence.is_asked_too_much(LONGEST_PATIENCE_SECONDS)
    time.now = LONGEST_PATIENCE_SECONDS
    assert silence.is_asked_too_much(1.0)
    # A good answer in between makes it another matter.
    silence.answered()
    silence.sent()
    assert not silence.is_asked_too_much(LONGEST_PATIENCE_SECONDS)


def test_a_silent_upstream_ends_the_requests_though_every_request_hangs() -> None:
    time = FakeTime()
    health = Health("AppZen", "appzen", time, time.clock)
    health.sent()
    settle()
    assert time.is_cancelled
    assert time.now <= SILENT_SECONDS + 1
    assert isinstance(time.reason, UpstreamDownError)
    assert "no good response for 90 seconds" in str(time.reason)
    assert "appzen.api_url" in str(time.reason)


def test_a_wait_that_is_too_long_ends_the_requests_at_once() -> None:
    time = FakeTime()
    health = Health("AppZen", "appzen", time, time.clock)
    health.failed("HTTP 503", 30.0)
    assert not time.is_cancelled
    with pytest.raises(UpstreamDownError, match="86400 seconds") as caught:
        health.failed("HTTP 429", 86_400.0)
    assert time.reason is caught.value


def test_signing_in_may_take_its_time() -> None:
    time = FakeTime()
    waits: list[float] = []
    health = Health("Partner Center", "partner_center", time, time.clock)

    def on_passing(moment: float) -> None:
        waits.append(moment)
        if len(waits) == 4:
            # It ends while it is looked at for the fourth time.
            time.now = moment
            signing.__exit__(None, None, None)
            health.ended()
            health.answered()

    time.on_passing = on_passing
    signing = health.signing()
    # On the loop, so that nobody looks before both are begun.
    done(signing.__enter__)
    done(health.sent)
    settle()

    assert len(waits) >= 4
    assert not time.is_cancelled
