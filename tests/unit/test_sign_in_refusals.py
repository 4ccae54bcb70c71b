from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.auth.refusals import GrantRefusedError, refusal

CONSENT = "consent again"
# What the platform answers, and what the person has to be told: a setting, a remedy.
KNOWN = {
    50012: ("certificate_path", "client_id"),
    50013: ("certificate_path", "clock"),
    50027: ("certificate_path", "clock"),
    50048: ("certificate_path", "another application"),
    50020: ("tenant_id", CONSENT),
    50034: ("tenant_id", CONSENT),
    50053: ("refresh_token", "locked"),
    50055: ("refresh_token", CONSENT),
    50057: ("refresh_token", "disabled"),
    50072: ("refresh_token", CONSENT),
    50074: ("refresh_token", "second factor"),
    50076: ("refresh_token", "second factor"),
    50078: ("refresh_token", CONSENT),
    50079: ("refresh_token", CONSENT),
    50089: ("refresh_token", CONSENT),
    50105: ("refresh_token", "not assigned"),
    50132: ("refresh_token", "password"),
    50133: ("refresh_token", "password"),
    50158: ("refresh_token", "second factor"),
    50173: ("refresh_token", CONSENT),
    53000: ("client_id", "Conditional Access"),
    53001: ("client_id", "Conditional Access"),
    53003: ("client_id", "Conditional Access"),
    530032: ("client_id", "policy"),
    65001: ("client_id", CONSENT),
    70000: ("refresh_token_path", CONSENT),
    70001: ("client_id", "disabled"),
    70008: ("refresh_token", CONSENT),
    70011: ("scope", "check"),
    70043: ("refresh_token", CONSENT),
    90002: ("tenant_id", "no such tenant"),
    500011: ("scope", "resource"),
    650057: ("scope", "resource"),
    700005: ("tenant_id", "another tenant"),
    700007: ("client_id", "another application"),
    700016: ("client_id", "not known"),
    700021: ("client_id", "another application"),
    700023: ("authority", "tenant_id"),
    700024: ("certificate_path", "check this machine's clock"),
    700025: ("client_id", "public client"),
    700027: ("certificate_path", "uploaded"),
    700030: ("certificate_path", "subject"),
    700082: ("refresh_token", CONSENT),
    700084: ("refresh_token", CONSENT),
    1002012: ("scope", "/.default"),
    7000012: ("tenant_id", "another tenant"),
    7000112: ("client_id", "disabled"),
    7000215: ("certificate_path", "wrong"),
    7000218: ("certificate_path", "prove"),
    7000222: ("certificate_path", "expired"),
    7000229: ("tenant_id", "service principal"),
    9002313: ("refresh_token_path", "check"),
}


def told(answer: Any, grant: str | None = "refresh_token_path") -> str:
    return str(refusal(answer, credential="certificate_path", grant=grant))


@pytest.mark.parametrize("code", KNOWN)
def test_a_code_is_explained_with_the_setting_and_the_remedy(code: int) -> None:
    setting, words = KNOWN[code]
    text = told({"error": "invalid_grant", "error_codes": [code]})

    assert f"(AADSTS{code})" in text
    assert f"`partner_center.auth.{setting}`" in text
    assert words in text
    assert "{" not in text
    assert "\n" not in text


def test_another_cloud_is_a_matter_of_the_cloud() -> None:
    assert "`partner_center.cloud`" in told({"error": "x", "error_codes": [90038]})


def test_of_several_codes_the_known_one_counts() -> None:
    text = told({"error": "invalid_client", "error_codes": [1, 7000215, 2]})

    assert "(AADSTS7000215)" in text


@pytest.mark.parametrize(
    "answer",
    [
        {"error_codes": ["7000215"]},
        {"error_codes": "7000215"},
        {"error_codes": 7000215},
        {"error_description": "AADSTS7000215: Invalid client secret provided."},
        {"error_codes": [], "error_description": "AADSTS7000215: Invalid."},
    ],
)
def test_a_code_may_be_text_or_stand_in_the_text_alone(answer: Any) -> None:
    text = told({"error": "invalid_client", **answer})

    assert "(AADSTS7000215); the secret is wrong" in text


@pytest.mark.parametrize("code", [True, "", "7" * 40, "-5", "5.0", None, [5], {}])
def test_what_is_no_code_is_not_shown(code: Any) -> None:
    assert "AADSTS" not in told({"error": "invalid_client", "error_codes": [code]})


def test_an_unknown_code_is_shown() -> None:
    text = told({"error": "invalid_client", "error_codes": [5]})

    assert "invalid_client (AADSTS5); check `partner_center.auth`" in text


@pytest.mark.parametrize(
    ("error", "grant", "expected"),
    [
        ("invalid_grant", "refresh_token", True),
        ("interaction_required", "refresh_token", True),
        ("consent_required", "refresh_token", True),
        ("invalid_client", "refresh_token", False),
        ("invalid_grant", None, False),
    ],
)
def test_only_a_refresh_token_that_is_refused_may_be_replaced_by_another(
    error: str, grant: str | None, *, expected: bool
) -> None:
    refused = refusal({"error": error}, credential="client_secret", grant=grant)

    assert isinstance(refused, GrantRefusedError) == expected


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(error=anything, codes=anything)
def test_nothing_that_an_authority_says_makes_more_than_one_line(
    error: Any, codes: Any
) -> None:
    text = told({"error": error, "error_codes": codes})

    assert text.startswith("Partner Center: sign-in refused: ")
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize(
    "sent", ["planted-client-secret-1", "eyJ0eXAi.e30.x", "Ab1", "a b"]
)
def test_what_is_no_name_of_an_error_is_not_repeated(sent: str) -> None:
    assert sent not in told({"error": sent, "error_description": sent})
