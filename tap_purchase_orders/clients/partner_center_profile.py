"""How Partner Center differs from other APIs: header fields, error bodies, refusals."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.clients.token_claims import refused_token_advice
from tap_purchase_orders.http.response_reader import UpstreamError, code_text
from tap_purchase_orders.urls import APPLICATION, USER_AGENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_purchase_orders.http.api_response import ApiResponse

NO_APP_ONLY_ACCESS = "900329"
# Refusals that concern the caller and not one customer (*Error codes*): no request
# of this caller will fare better.
CALLER_REFUSALS = {
    "800039": "the reseller's status is not active",
    "900149": "the partner's program status is not active",
    "900150": "the caller lacks a role or privilege",
    "900308": "the caller lacks a role (Admin agent or Global admin)",
    "900309": "sign-in is blocked by a Conditional Access policy",
    NO_APP_ONLY_ACCESS: "App-only credentials are not accepted here",
}
_MFA_CODE = "900421"
# The directory graph's tokens, which were taken until autumn 2025 (*Retiring Azure AD
# Graph tokens*): a new one of the same scope is refused, too.
_AUDIENCE_CODE = "900420"


class PartnerCenterProfile:
    """The header fields, errors and refusals of Partner Center.

    Args:
        audience: The audience of the tokens of its cloud.
    """

    name = "Partner Center"
    section = "partner_center"
    ids: tuple[str, ...] = ("MS-CorrelationId", "MS-RequestId")

    def __init__(self, audience: str) -> None:
        self._audience = audience
        self._headers = {
            "Accept": "application/json",
            "MS-CorrelationId": str(uuid.uuid4()),
            "MS-PartnerCenter-Application": APPLICATION,
            "User-Agent": USER_AGENT,
        }
        # GUIDs of which the last part counts the requests.
        self._request_ids = map(f"{str(uuid.uuid4())[:24]}{{:012x}}".format, count(1))

    def headers(self) -> dict[str, str]:
        """Return the header fields of a new request (*Headers*)."""
        return {**self._headers, "MS-RequestId": next(self._request_ids)}

    def error(self, body: Any) -> UpstreamError:
        """Return the error in an error body of any of the services behind the API."""
        if not isinstance(body, dict):
            return UpstreamError()
        code = _first(body, "code", "statusCode")
        message = _first(body, "description", "message")
        return UpstreamError(
            code_text(code),
            message if isinstance(message, str) else None,
        )

    def refusal(self, response: ApiResponse, error: UpstreamError) -> str | None:
        """Return why Partner Center refuses this caller everything, if it does."""
        if response.status == HTTPStatus.UNAUTHORIZED:
            if error.code == _MFA_CODE or "MFA" in response.reason:
                return (
                    f"{self.name}: HTTP 401: the token lacks the multifactor claim; "
                    f"consent again with multifactor sign-in, and set "
                    f"`{self.section}.auth` to what that gives"
                )
            if error.code == _AUDIENCE_CODE:
                return (
                    f"{self.name}: HTTP 401, code {error.code}: tokens for this "
                    f"audience are not accepted, nor are new ones of the same scope; "
                    f"check `{self.section}.auth.scope`: it must be "
                    f"`{self._audience}/.default`, which it is unless it is set"
                )
            return None
        if response.status != HTTPStatus.FORBIDDEN:
            return None
        reason = CALLER_REFUSALS.get(error.code or "")
        if reason is None:
            return None
        return (
            f"{self.name}: HTTP 403, code {error.code}: {reason}; check the roles of "
            f"the application or user under `{self.section}.auth`"
        )

    def unauthorized(self, sent: Mapping[str, str], /) -> str:
        """Return the setting to check when the token was refused."""
        advice = refused_token_advice(
            sent.get("Authorization", ""), self.section, self._audience
        )
        return advice or f"check the settings under `{self.section}.auth`"


def _first(body: Mapping[str, Any], *names: str) -> Any:
    """Return the first of some members that is not null."""
    return next((body[name] for name in names if body.get(name) is not None), None)
