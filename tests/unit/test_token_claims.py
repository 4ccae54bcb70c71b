from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.clients.token_claims import refused_token_advice
from tap_purchase_orders.exact_json import json_text
from tests.unit.json_values import any_json

PUBLIC = "https://api.partnercenter.microsoft.com"
CHINA = "https://partner.partnercenterapi.microsoftonline.cn"


def token(claims: Any) -> str:
    encoded = base64.urlsafe_b64encode(json_text(claims).encode()).decode()
    return f"Bearer e30.{encoded.rstrip('=')}.c2ln"


def advice(claims: Any) -> str | None:
    return refused_token_advice(token(claims), "partner_center", CHINA)


@pytest.mark.parametrize(
    "audience",
    [
        CHINA,
        f"{CHINA}/",
        "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd",
    ],
)
def test_a_token_for_partner_center_says_nothing_by_its_audience(audience: str) -> None:
    assert advice({"aud": audience, "exp": 4_000_000_000}) is None


@pytest.mark.parametrize(
    "audience",
    [
        "https://graph.microsoft.com",
        # Taken by Partner Center until autumn 2025.
        "https://graph.windows.net",
        "https://graph.chinacloudapi.cn",
        "00000002-0000-0000-c000-000000000000",
        # That of another cloud.
        PUBLIC,
    ],
)
def test_a_token_for_something_else_names_it_and_the_scope(audience: str) -> None:
    said = advice({"aud": audience})

    assert said is not None
    assert repr(audience) in said
    assert "`partner_center.auth.scope`" in said
    assert "`partner_center.cloud`" in said
    assert f"`{CHINA}/.default`" in said


def test_an_expired_token_is_reported_as_expired() -> None:
    assert "expired" in (advice({"exp": 1}) or "")


def test_an_audience_is_shown_in_one_short_line() -> None:
    said = advice({"aud": "a\n2026 | ERROR | forged\x1b[2J" + "a" * 10_000})

    assert said is not None
    assert said.isprintable()
    assert len(said) < 500


@given(any_json(st.text(max_size=5)) | st.fixed_dictionaries({"aud": any_json()}))
def test_whatever_a_token_claims_is_no_error(claims: Any) -> None:
    said = advice(claims)
    assert said is None or "`partner_center.auth" in said


@given(st.text(max_size=40) | st.from_regex(r"Bearer [\w=-]*\.[\w=-]*\.[\w=-]*"))
def test_whatever_is_no_token_says_nothing(header: str) -> None:
    assert refused_token_advice(header, "partner_center", CHINA) is None
