"""Tokens from the Microsoft identity platform, by MSAL."""

from __future__ import annotations

import logging
import time
from typing import Any
from urllib.parse import urlsplit

import backoff
import requests
from singer_sdk import typing as th
from typing_extensions import override

from tap_purchase_orders.auth.token import Token
from tap_purchase_orders.errors import SignInError
from tap_purchase_orders.wire.body import NotJsonError, decode_body
from tap_purchase_orders.wire.failures import in_words, is_untrusted

DEFAULT_SCOPE = "https://api.partnercenter.microsoft.com/.default"

TENANT_ID = th.Property(
    "tenant_id",
    th.StringType(min_length=1),
    title="Tenant id",
    description="Directory (tenant) id or domain of the partner.",
)
CLIENT_ID = th.Property(
    "client_id",
    th.StringType(min_length=1),
    title="Client id",
    description="Application (client) id of the app registration.",
)
SCOPE = th.Property(
    "scope",
    th.StringType(min_length=1),
    title="Scope",
    description=f"What the token is for; by default `{DEFAULT_SCOPE}`.",
)
AUTHORITY = th.Property(
    "authority",
    th.StringType(min_length=1),
    title="Authority",
    description=(
        "Token authority, `https://host[:port]` without the tenant; by default that "
        "of the cloud."
    ),
)

_TIMEOUT_SECONDS = (10.0, 30.0)
_TRIES = 5
_MAY_PASS = {408, 429}

# What the identity platform's error codes mean for the person who set the tap up.
# Source: Microsoft identity platform, *Authentication and authorization error codes*.
_ADVICE = {
    70011: "check `{setting}.scope`",
    90002: "there is no such tenant: check `{setting}.tenant_id`",
    90014: "a required field is missing: check `{setting}`",
    500011: "the resource is not known in this tenant: check `{setting}.scope`",
    65001: "consent is missing: grant the application its permission in the tenant",
    700016: "the application is not known in this tenant: check `{setting}.client_id`",
    700027: "the client's assertion was refused: check the certificate",
    7000112: "the application is disabled in the tenant",
    7000215: "the secret is wrong: check `{setting}.{credential}`",
    7000222: "the secret has expired: make a new one for `{setting}.{credential}`",
}
_AUTH = "partner_center.auth"

logger = logging.getLogger(__name__)


class _TransientError(Exception):
    """The token authority could not answer just now."""


class _AuthoritySession(requests.Session):
    """Talks to one token authority, and lets MSAL see only answers that it can read."""

    def __init__(self, authority: str) -> None:
        super().__init__()
        self._authority = urlsplit(authority)

    @override
    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the answer to a request of MSAL's.

        Raises:
            SignInError: The authority sends us elsewhere.
            _TransientError: The answer is none, or not that of an authority.
        """
        if urlsplit(url)[:2] != self._authority[:2]:
            elsewhere = f"sends us to another host ({urlsplit(url).hostname})"
            raise _no_authority(elsewhere)
        kwargs.update(allow_redirects=False, timeout=_TIMEOUT_SECONDS)
        response = super().request(method, url, *args, **kwargs)
        status = response.status_code
        if 300 <= status < 400:  # noqa: PLR2004  # the redirects
            redirects = "answers with a redirect"
            raise _no_authority(redirects)
        if status in _MAY_PASS or status >= 500:  # noqa: PLR2004
            msg = f"HTTP {status}"
            raise _TransientError(msg)
        if not _is_json_object(response.content):
            answers = f"does not answer as one (HTTP {status})"
            raise _no_authority(answers)
        return response


def _no_authority(what: str) -> SignInError:
    return SignInError(
        f"Partner Center: the token authority {what}: check `{_AUTH}.authority`"
    )


def _is_json_object(content: bytes) -> bool:
    try:
        return isinstance(decode_body(content), dict)
    except NotJsonError:
        return False


class ConfidentialClient:
    """An app registration that can ask for tokens.

    Args:
        tenant_id: The partner's tenant.
        client_id: The application's id.
        credential: What MSAL takes as `client_credential`.
        credential_setting: The setting that holds it, for error messages.
        authority: `https://host[:port]`.
        scope: What the token is for.
    """

    def __init__(  # noqa: PLR0913  # each is one setting
        self,
        *,
        tenant_id: str,
        client_id: str,
        credential: str | dict[str, str],
        credential_setting: str,
        authority: str,
        scope: str,
    ) -> None:
        self._tenant_id = tenant_id
        self._client_id = client_id
        self._credential = credential
        self._credential_setting = credential_setting
        self._authority = authority.rstrip("/")
        self._scope = scope
        self._application: Any = None

    def app_only_token(self) -> Token:
        """Return a new token of the application's own.

        Source: Partner Center, *Partner Center authentication*, App only; the request
        itself is MSAL's.

        Raises:
            SignInError: The authority refused, or did not answer.
        """
        try:
            return self._ask()
        except _TransientError as error:
            msg = (
                f"Partner Center: no token from {self._authority}: {error}; check "
                f"`{_AUTH}.authority` and the network"
            )
            raise SignInError(msg) from error

    @backoff.on_exception(
        backoff.expo,
        _TransientError,
        max_tries=_TRIES,
        jitter=backoff.random_jitter,
        logger=None,
    )
    def _ask(self) -> Token:
        asked_at = time.monotonic()
        try:
            application = self._connected()
            # MSAL keeps tokens too; what it kept may be the one just refused.
            application.remove_tokens_for_client()
            answer = application.acquire_token_for_client(scopes=[self._scope])
        except requests.RequestException as error:
            if is_untrusted(error):
                untrusted = f"cannot be used: {in_words(error)}"
                raise _no_authority(untrusted) from error
            raise _TransientError(in_words(error)) from error
        if "access_token" not in answer:
            raise self._refusal(answer)
        try:
            lifetime = float(answer["expires_in"])
        except (KeyError, TypeError, ValueError) as error:
            msg = "the token has no lifetime"
            raise _TransientError(msg) from error
        logger.info("Partner Center: signed in as application %s", self._client_id)
        return Token(answer["access_token"], asked_at, lifetime)

    def _connected(self) -> Any:
        """Return MSAL's client; making it asks the authority for its endpoints."""
        if self._application is None:
            # Imported here: only runs that sign in this way pay for it.
            import msal  # noqa: PLC0415

            # It would log whole answers of an authority that it cannot read.
            logging.getLogger("msal").setLevel(logging.CRITICAL)

            try:
                self._application = msal.ConfidentialClientApplication(
                    self._client_id,
                    client_credential=self._credential,
                    authority=f"{self._authority}/{self._tenant_id}",
                    # Else MSAL asks the public cloud about an authority it does
                    # not know.
                    instance_discovery=False,
                    http_client=_AuthoritySession(self._authority),
                )
            except ValueError as error:
                msg = (
                    f"Partner Center: {self._authority} has no tenant "
                    f"{self._tenant_id!r}: check `{_AUTH}.tenant_id` and "
                    f"`{_AUTH}.authority`"
                )
                raise SignInError(msg) from error
        return self._application

    def _refusal(self, answer: dict[str, Any]) -> Exception:
        """Return the error for an answer without a token."""
        codes = [code for code in answer.get("error_codes") or () if code in _ADVICE]
        name = str(answer.get("error", "no reason given"))
        if name in {"temporarily_unavailable", "server_error"}:
            return _TransientError(name)
        advice = _ADVICE[codes[0]] if codes else "check `{setting}`"
        code = f" (AADSTS{codes[0]})" if codes else ""
        msg = f"Partner Center: sign-in refused: {name}{code}; " + advice.format(
            setting=_AUTH, credential=self._credential_setting
        )
        return SignInError(msg)
