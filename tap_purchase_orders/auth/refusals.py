"""Explains AADSTS refusals of the identity platform and names the setting to check."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.auth.authority import AUTH, error_name
from tap_purchase_orders.errors import SignInError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CONSENT_AGAIN = "consent again and set the new refresh token as `{auth}.refresh_token`"
_WITH_SECOND_FACTOR = f"it asks for a second factor: {_CONSENT_AGAIN}"
_ACCOUNT = "check the account that consented, then " + _CONSENT_AGAIN
_ASSERTION = "the assertion was refused: check `{credential}`: "

# By the number behind AADSTS. Source: Microsoft identity platform, *Authentication and
# authorization error codes*; for those that it does not list, what the responses say.
ADVICE = {
    # The application and its credential.
    50012: _ASSERTION + "the certificate must be that of `{auth}.client_id`",
    50013: _ASSERTION + "it was used before, or this machine's clock is wrong",
    50027: _ASSERTION + "it cannot be read, or this machine's clock is wrong",
    50048: _ASSERTION + "it is another application's than `{auth}.client_id`",
    65001: "consent is missing: consent again to the application `{auth}.client_id`",
    650057: "the application may not use this resource: check `{auth}.scope`",
    70001: "the application is not known or disabled: check `{auth}.client_id`",
    700016: "the application is not known in this tenant: check `{auth}.client_id`",
    700021: "the assertion is another application's: check `{auth}.client_id`",
    700023: (
        "the assertion is for another authority, or the scope is not valid: check "
        "`{auth}.authority`, `{auth}.tenant_id` and `{auth}.scope`"
    ),
    700024: (
        "the assertion is not valid at this time: check this machine's clock; it was "
        "made with `{credential}`"
    ),
    700025: (
        "the application is registered as a public client: register it as a web "
        "application, or check `{auth}.client_id`"
    ),
    700027: _ASSERTION
    + "its certificate must be uploaded to the application `{auth}.client_id`",
    700030: _ASSERTION + "the subject of its certificate is not authorized",
    7000112: "the application is disabled in the tenant: check `{auth}.client_id`",
    7000215: "the secret is wrong: check `{credential}`",
    7000218: "the application must prove itself: check `{credential}`",
    7000222: "the secret has expired: make a new one for `{credential}`",
    7000229: (
        "the application has no service principal in the tenant: register it there, "
        "or check `{auth}.tenant_id`"
    ),
    # The tenant and the scope.
    70011: "check `{auth}.scope`",
    90002: "there is no such tenant: check `{auth}.tenant_id`",
    90014: "a required field is missing: check `{auth}`",
    90038: "the tenant is in another cloud: check `partner_center.cloud`",
    500011: "the resource is not known in this tenant: check `{auth}.scope`",
    1002012: "the scope must end in /.default: check `{auth}.scope`",
    # The user who consented.
    50020: "the account is not one of the tenant `{auth}.tenant_id`: " + _ACCOUNT,
    50034: "the account is not one of the tenant `{auth}.tenant_id`: " + _ACCOUNT,
    50053: "the account is locked: " + _ACCOUNT,
    50055: "the password of the account has expired: " + _ACCOUNT,
    50057: "the account is disabled: " + _ACCOUNT,
    50105: "the account is not assigned to the application: " + _ACCOUNT,
    50072: _WITH_SECOND_FACTOR,
    50074: _WITH_SECOND_FACTOR,
    50076: _WITH_SECOND_FACTOR,
    50078: _WITH_SECOND_FACTOR,
    50079: _WITH_SECOND_FACTOR,
    50158: _WITH_SECOND_FACTOR,
    # The refresh token.
    50089: "the refresh token has expired: " + _CONSENT_AGAIN,
    50132: "the password was changed: " + _CONSENT_AGAIN,
    50133: "the password was changed: " + _CONSENT_AGAIN,
    50173: (
        "the refresh token was revoked, as by a change of the password: "
        + _CONSENT_AGAIN
    ),
    70000: (
        "the refresh token is not valid for this application: check `{grant}` and "
        "`{auth}.client_id`, or " + _CONSENT_AGAIN
    ),
    70008: "the refresh token has expired or was revoked: " + _CONSENT_AGAIN,
    70043: (
        "the refresh token is too old for the tenant's Conditional Access: "
        + _CONSENT_AGAIN
    ),
    700005: "the refresh token is another tenant's: check `{auth}.tenant_id`",
    700007: (
        "the refresh token is another application's: check `{auth}.client_id` and "
        "`{grant}`"
    ),
    700082: "the refresh token has expired: " + _CONSENT_AGAIN,
    700084: (
        "the refresh token is a single-page application's and has expired: register "
        "a web application and " + _CONSENT_AGAIN
    ),
    7000012: "the refresh token is another tenant's: check `{auth}.tenant_id`",
    9002313: "this is not a refresh token: check `{grant}`",
    # The tenant's policies.
    53000: "Conditional Access wants a managed device: ask for an exception for "
    "`{auth}.client_id`",
    53001: "Conditional Access wants a managed device: ask for an exception for "
    "`{auth}.client_id`",
    53003: (
        "Conditional Access blocks it: ask the tenant's administrators about "
        "`{auth}.client_id` and the address of this machine"
    ),
    530032: "a security policy of the tenant blocks it: ask its administrators about "
    "`{auth}.client_id`",
}
# A new consent may cure these.
_GRANT_ERRORS = {"invalid_grant", "interaction_required", "consent_required"}


_CODE = re.compile(r"\d{1,9}", re.ASCII)
_CODE_IN_TEXT = re.compile(r"AADSTS(\d{4,9})\b", re.ASCII)


class GrantRefusedError(SignInError):
    """The refresh token was refused, and not the application that sent it."""


def refusal(
    body: Mapping[str, Any], *, credential: str, grant: str | None = None
) -> SignInError:
    """Return the error for a response that has no token; it names a setting.

    Args:
        body: The body of the response.
        credential: The key of the `auth` section by which the application proves
            itself.
        grant: The key from which the refresh token came, if one was sent.
    """
    codes = list(_codes(body))
    known = [code for code in codes if code in ADVICE]
    code = next(iter((*known, *codes)), None)
    name = error_name(body)
    advice = ADVICE.get(code or 0, "check `{auth}`").format(
        auth=AUTH, credential=f"{AUTH}.{credential}", grant=f"{AUTH}.{grant}"
    )
    number = f" (AADSTS{code})" if code else ""
    is_grant = grant is not None and name in _GRANT_ERRORS
    kind = GrantRefusedError if is_grant else SignInError
    return kind(f"Partner Center: sign-in refused: {name}{number}; {advice}")


def _codes(body: Mapping[str, Any]) -> Iterator[int]:
    """Yield the numbers behind AADSTS: the listed ones, else that of the text."""
    listed = body.get("error_codes")
    codes = listed if isinstance(listed, list) else [listed]
    # Not every authority has them as numbers, or has the list at all.
    if not any(codes):
        codes = _CODE_IN_TEXT.findall(str(body.get("error_description")))[:1]
    for code in codes:
        if isinstance(code, int) and not isinstance(code, bool):
            yield code
        elif isinstance(code, str) and _CODE.fullmatch(code):
            yield int(code)
