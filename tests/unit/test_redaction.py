from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING, Any

import pytest
from configs import FULL
from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.redaction import (
    RedactingFilter,
    Secrets,
    configured_secrets,
)
from tap_purchase_orders.settings.schema import settings_schema

if TYPE_CHECKING:
    from json_values import Json

SECRET = 'hunter2\\"\nhunter2-hunter2'
texts = st.text(st.characters(codec="utf-8"), max_size=10)


@given(texts, texts, st.text(st.characters(codec="utf-8"), min_size=16))
def test_no_text_shows_a_secret_plain_or_as_json(
    before: str, after: str, secret: str
) -> None:
    secrets = Secrets([secret])
    for shown in (f"{before}{secret}{after}", json.dumps([before, secret, after])):
        redacted = secrets.redacted(shown)
        assert secret not in redacted


@given(texts)
def test_a_text_without_a_secret_stays_as_it_is(text: str) -> None:
    assert Secrets([SECRET]).redacted(text) == text
    line = json.dumps(text).encode()
    assert Secrets([SECRET]).redacted_line(line) == line


def test_a_secret_within_a_secret_does_not_uncover_the_longer_one() -> None:
    secrets = Secrets(["hunter2", "hunter2-hunter3", "2-hunt"])

    assert secrets.redacted("a hunter2-hunter3 b hunter2 c") == "a *** b *** c"


@pytest.mark.parametrize("short", ["", "a", "abc"])
def test_a_value_too_short_to_tell_hides_nothing(short: str) -> None:
    assert Secrets([short]).redacted("abc a") == "abc a"


def test_a_secret_that_comes_later_is_hidden_from_then_on() -> None:
    secrets = Secrets()
    secrets.add("hunter2")

    assert secrets.redacted("hunter2") == "***"


def test_a_message_keeps_its_form_and_loses_the_secret() -> None:
    line = json.dumps({"record": {"note": f"x{SECRET}y", "amount": 1}}).encode()
    redacted = Secrets([SECRET]).redacted_line(line)

    assert json.loads(redacted) == {"record": {"note": "x***y", "amount": 1}}


def test_what_may_stand_in_a_record_by_chance_stays_there() -> None:
    line = b'{"amount":1200345,"customer":"1200345"}'

    assert Secrets(["1200345"]).redacted_line(line) == line


def test_a_log_record_loses_its_secrets_in_words_arguments_and_traceback() -> None:
    secret_filter = RedactingFilter(Secrets(["hunter2-hunter2"]))
    try:
        int("no hunter2-hunter2 here")
    except ValueError:
        exc_info = sys.exc_info()
    record = logging.LogRecord(
        "tap", logging.ERROR, "file", 1, "%s: %d", ("hunter2-hunter2", 5), exc_info
    )

    assert secret_filter.filter(record)
    text = logging.Formatter().format(record)
    assert text.startswith("***: 5")
    assert "'no *** here'" in text
    assert "hunter2" not in repr(record.__dict__)


def secrets_of(config: Json) -> set[str]:
    return set(configured_secrets(config, settings_schema()))


def test_the_secrets_of_the_settings_are_those_marked_so() -> None:
    assert secrets_of(FULL) == {
        "planted-client-secret",
        "planted-api-key",
        "planted-customer-id",
        "planted-customer-key",
    }


def test_whatever_a_plug_in_is_given_is_taken_for_a_secret() -> None:
    auth = {"method": "basic", "user": "u", "deep": {"password": "p"}}
    config = {"partner_center": {"auth": auth}, "appzen": None}

    assert secrets_of(config) == {"u", "p"}


@pytest.mark.parametrize("keys", [["k-1"], [{"key": "k-1"}], {"all": ["k-1"]}])
def test_whatever_a_plug_in_is_given_in_an_array_too(keys: Any) -> None:
    auth = {"method": "basic", "keys": keys}

    assert secrets_of({"partner_center": {"auth": auth}}) == {"k-1"}


def test_what_signed_a_request_long_ago_is_forgotten_and_settings_never_are() -> None:
    secrets = Secrets(["configured-key"])
    for number in range(1000):
        secrets.add_sent(f"signature-{number:04}")

    text = "configured-key signature-0000 signature-0999"
    assert secrets.redacted(text) == "*** signature-0000 ***"
