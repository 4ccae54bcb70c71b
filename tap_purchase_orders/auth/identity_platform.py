"""Tokens from the Microsoft identity platform, by MSAL."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from singer_sdk import typing as th

from tap_purchase_orders.auth.authority import (
    AUTH,
    AuthorityConnection,
    TransientError,
    unfit_authority,
    with_retries,
)
from tap_purchase_orders.auth.refusals import refusal
from tap_purchase_orders.auth.token import Token
from tap_purchase_orders.clouds import CLOUDS
from tap_purchase_orders.errors import SignInError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_purchase_orders.http.session import TapSession

T = TypeVar("T")

DEFAULT_SCOPE = CLOUDS["public"].scope

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
    description=(
        "Application (client) id of the app registration; with `azure_identity` that "
        "of a user-assigned identity."
    ),
)
CLIENT_SECRET = th.Property(
    "client_secret",
    th.StringType(min_length=1),
    secret=True,
    title="Client secret",
    description="`client_secret`, `refresh_token`: the secret of the app registration.",
)
CERTIFICATE_PATH = th.Property(
    "certificate_path",
    th.StringType(min_length=1),
    title="Certificate file",
    description=(
        "`certificate`, `refresh_token`: path of a PEM or PFX file with the "
        "certificate of the app registration and its RSA key."
    ),
)
CERTIFICATE_PASSWORD = th.Property(
    "certificate_password",
    th.StringType(min_length=1),
    secret=True,
    title="Certificate password",
    description="What the key in `certificate_path` is encrypted with, if it is.",
)
SCOPE = th.Property(
    "scope",
    th.StringType(min_length=1),
    title="Scope",
    description=(
        f"What the token is for; by default `{DEFAULT_SCOPE}`, in the cloud `china` "
        f"`{CLOUDS['china'].scope}`."
    ),
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

# The errors that MSAL may raise on a malformed response.
_UNREADABLE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClientCredential:
    """The credential of an application: a secret or a certificate.

    Attributes:
        setting: The key of the `auth` section that it comes from, for error messages.
        read: Returns what MSAL takes as `client_credential`; called at every sign-in.
    """

    setting: str
    read: Callable[[], str | dict[str, str]]


@dataclass(frozen=True, slots=True)
class Redeemed:
    """The tokens that a refresh token was redeemed for.

    Attributes:
        token: The access token.
        refresh_token: The successor of the refresh token, if one came.
    """

    token: Token
    refresh_token: str | None = field(repr=False)


class ConfidentialClient:
    """An app registration that can request tokens.

    Args:
        section: The `auth` section: `tenant_id`, `client_id`, `authority`, and `scope`
            if it is given.
        credential: The credential of the application.
    """

    def __init__(
        self, section: Mapping[str, Any], credential: ClientCredential
    ) -> None:
        self._tenant_id: str = section["tenant_id"]
        self._client_id: str = section["client_id"]
        self._authority: str = section["authority"].rstrip("/")
        self._scopes = [section.get("scope", DEFAULT_SCOPE)]
        self._credential = credential
        self._connection = AuthorityConnection(self._authority)
        self._application: Any = None
        self._proof: str | dict[str, str] | None = None

    def use_session(self, session: TapSession) -> None:
        """Make all further requests by a session."""
        self._connection.session = session

    def wait(self, seconds: float) -> None:
        """Wait for a time; raises `CancelledError` when the run is to end."""
        self._connection.session.cancel_token.wait(seconds)

    def app_only_token(self) -> Token:
        """Return a new token of the application's own.

        Source: Partner Center, *Partner Center authentication*, App only; the request
        itself is MSAL's.

        Raises:
            SignInError: The authority refused, or gave no good response.
        """
        return self.with_retries(self._app_only_token)

    def with_retries(self, request: Callable[[], T]) -> T:
        """Return the outcome of a request to the authority, retried where that helps.

        Args:
            request: Makes one try.

        Raises:
            SignInError: The authority refused, or gave no good response.
        """
        try:
            return with_retries(request, self.wait)
        except TransientError as error:
            msg = (
                f"Partner Center: no token from {self._authority}: {error}; check "
                f"`{AUTH}.authority` and the network"
            )
            raise SignInError(msg) from error

    def redeem(self, refresh_token: str, setting: str) -> Redeemed:
        """Return the tokens that one try to redeem a refresh token brings.

        Source: Partner Center, *Enable the Secure Application Model*; the request
        itself is MSAL's, which adds `offline_access` to get a successor.

        Args:
            refresh_token: The refresh token.
            setting: The key of the `auth` section that it comes from.

        Raises:
            GrantRefusedError: The authority refused the refresh token.
            SignInError: The authority refused something else.
            TransientError: The authority gave no good response.
        """
        token, answer = self._asked(
            lambda application: application.acquire_token_by_refresh_token(
                refresh_token, scopes=self._scopes
            ),
            grant=setting,
        )
        successor = answer.get("refresh_token")
        if not isinstance(successor, str) or successor in {"", refresh_token}:
            successor = None
        logger.info(
            "Partner Center: signed in as application %s and user", self._client_id
        )
        return Redeemed(token, successor)

    def _app_only_token(self) -> Token:
        def ask(application: Any) -> Any:
            # MSAL keeps tokens too; what it kept may be the one just refused.
            application.remove_tokens_for_client()
            return application.acquire_token_for_client(scopes=self._scopes)

        token, _ = self._asked(ask)
        logger.info("Partner Center: signed in as application %s", self._client_id)
        return token

    def _asked(
        self, ask: Callable[[Any], Any], grant: str | None = None
    ) -> tuple[Token, dict[str, Any]]:
        """Return the token that MSAL's client gets, and the response with it."""
        asked_at = time.monotonic()
        try:
            answer: dict[str, Any] = ask(self._connected())
            token = answer.get("access_token")
            if not isinstance(token, str):
                raise refusal(answer, credential=self._credential.setting, grant=grant)
            return Token(token, asked_at, float(answer["expires_in"])), answer
        except _UNREADABLE as error:
            unreadable = "answers with a token that cannot be read"
            raise unfit_authority(unreadable) from error
        finally:
            # An hour may pass until the next sign-in.
            self._connection.close()

    def _connected(self) -> Any:
        """Return MSAL's client, which requests the authority's endpoints when made."""
        proof = self._credential.read()
        if self._application is None or proof != self._proof:
            # Imported here: only runs that sign in this way pay for it.
            import msal  # noqa: PLC0415

            # It would log whole responses of an authority that it cannot read.
            logging.getLogger("msal").setLevel(logging.CRITICAL)

            try:
                self._application = msal.ConfidentialClientApplication(
                    self._client_id,
                    client_credential=proof,
                    authority=f"{self._authority}/{self._tenant_id}",
                    # Else MSAL asks the public cloud about an authority it does
                    # not know, and a regional one if a variable says so.
                    instance_discovery=False,
                    azure_region=(
                        msal.ConfidentialClientApplication.DISABLE_MSAL_FORCE_REGION
                    ),
                    http_client=self._connection,
                )
            except _UNREADABLE as error:
                msg = (
                    f"Partner Center: {self._authority} has no tenant "
                    f"{self._tenant_id!r}: check `{AUTH}.tenant_id` and "
                    f"`{AUTH}.authority`"
                )
                raise SignInError(msg) from error
            self._proof = proof
        return self._application
