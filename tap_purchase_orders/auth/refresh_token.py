"""The method `refresh_token`: App+User sign-in with a token that rotates."""

from __future__ import annotations

import logging
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_purchase_orders.auth.authority import AUTH
from tap_purchase_orders.auth.certificate import certificate_file
from tap_purchase_orders.auth.client_secret import secret_credential
from tap_purchase_orders.auth.identity_platform import (
    AUTHORITY,
    CERTIFICATE_PASSWORD,
    CERTIFICATE_PATH,
    CLIENT_ID,
    CLIENT_SECRET,
    SCOPE,
    TENANT_ID,
    ConfidentialClient,
    Redeemed,
)
from tap_purchase_orders.auth.method import AuthMethod
from tap_purchase_orders.auth.refresh_token_file import (
    SETTING as FILE_SETTING,
)
from tap_purchase_orders.auth.refresh_token_file import (
    KeptToken,
    RefreshTokenFile,
)
from tap_purchase_orders.auth.refusals import GrantRefusedError
from tap_purchase_orders.auth.token import TokenAuth

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from requests.auth import AuthBase

    from tap_purchase_orders.auth.token import Token

_SETTING = "refresh_token"
# Partner Center, *GDAP and the Secure Application Model*: it lives 90 days, and each
# redemption yields a fresh one with 90 days of its own.
_LIFE_DAYS = 90
_WARN_AFTER_DAYS = 75
_DAY_SECONDS = 24 * 60 * 60

logger = logging.getLogger(__name__)


class UserSignIn:
    """Redeems the newest refresh token there is, and keeps its successor.

    Args:
        client: The application that the user consented to.
        configured: The refresh token of the settings.
        file: Where its successors are kept between runs.
    """

    def __init__(
        self,
        client: ConfidentialClient,
        configured: str,
        file: RefreshTokenFile | None,
    ) -> None:
        self.hide: Callable[[str], object] = lambda _: None
        self._client = client
        self._configured = configured
        self._file = file
        self._has_warned = False
        # The last one that came to this run, and what was in the file then.
        self._own: KeptToken | None = None
        self._replaced: KeptToken | None = None

    def token(self) -> Token:
        """Return a new access token.

        Raises:
            SignInError: There is none to be had.
        """
        return self._client.with_retries(self._redeem_newest)

    def _redeem_newest(self) -> Token:
        # The lock is not held between two tries: another run may have more luck.
        with (
            nullcontext() if self._file is None else self._file.lock(self._client.wait)
        ):
            saved = None if self._file is None else self._file.read()
            newest = self._newest(saved)
            self._warn_of_age(newest)
            redeemed = self._redeem(newest)
            if redeemed.refresh_token is not None:
                self.hide(redeemed.refresh_token)
                newest = KeptToken.new(redeemed.refresh_token)
            if newest is not None and newest != saved:
                self._keep(newest, saved)
            return redeemed.token

    def _newest(self, saved: KeptToken | None) -> KeptToken | None:
        """Return the newest successor; none if there is but the configured token."""
        # What is in the file by now is this run's own, or newer than that; unless it
        # is what was there before, or nothing: then the own one could not be kept, or
        # is gone.
        return self._own if self._own and saved in (self._replaced, None) else saved

    def _redeem(self, newest: KeptToken | None) -> Redeemed:
        if newest is None:
            return self._client.redeem(self._configured, _SETTING)
        self.hide(newest.value)
        setting = _SETTING if self._file is None else FILE_SETTING
        try:
            return self._client.redeem(newest.value, setting)
        except GrantRefusedError as error:
            if newest.value == self._configured:
                raise
            logger.warning(
                "%s; trying the one of `%s.%s`, in case it is from a new consent",
                error,
                AUTH,
                _SETTING,
            )
        return self._client.redeem(self._configured, _SETTING)

    def _keep(self, token: KeptToken, saved: KeptToken | None) -> None:
        """Keep a token for this run, and for others if there is a file."""
        self._own, self._replaced = token, saved
        if self._file is None:
            return
        try:
            self._file.write(token)
        except OSError as error:
            logger.warning(
                "Partner Center: the new refresh token could not be written to the "
                "file of `%s.%s`: %s; this run goes on with it and tries again when "
                "it renews its token, and the next run starts with the one before",
                AUTH,
                FILE_SETTING,
                error.strerror,
            )

    def _warn_of_age(self, newest: KeptToken | None) -> None:
        """Warn, once a run, of a refresh token that may expire unnoticed."""
        if self._has_warned:
            return
        self._has_warned = True
        if self._file is None:
            logger.warning(
                "Partner Center: `%s.%s` expires %d days after the consent and nobody "
                "keeps its successors: set `%s.%s`",
                AUTH,
                _SETTING,
                _LIFE_DAYS,
                AUTH,
                FILE_SETTING,
            )
        if newest is None or newest.obtained_at is None:
            return
        days = (time.time() - newest.obtained_at.second) / _DAY_SECONDS
        if days > _WARN_AFTER_DAYS:
            logger.warning(
                "Partner Center: the refresh token in the file of `%s.%s` is %d days "
                "old, of %d that it lives, %d are left: run the tap more often, and "
                "when it has expired consent again and set the new one as `%s.%s`",
                AUTH,
                FILE_SETTING,
                days,
                _LIFE_DAYS,
                max(0, _LIFE_DAYS - days),
                AUTH,
                _SETTING,
            )


class _UserAuth(TokenAuth):
    """Signs requests with a user's tokens."""

    def __init__(self, user: UserSignIn, client: ConfidentialClient) -> None:
        super().__init__(user.token, client.use_session)
        self._user = user

    def hide_secrets(self, hide: Callable[[str], object]) -> None:
        """Call a function with every refresh token before it is used."""
        self._user.hide = hide


def _mistakes(section: Mapping[str, Any]) -> list[tuple[str, str]]:
    mistakes = []
    given = [key for key in ("client_secret", "certificate_path") if key in section]
    if not given:
        problem = f"or `{AUTH}.certificate_path` must be set"
        mistakes.append(("client_secret", problem))
    elif len(given) > 1:
        problem = f"and `{AUTH}.certificate_path` are both set: only one may be"
        mistakes.append(("client_secret", problem))
    elif "certificate_path" in section:
        mistakes += certificate_file(section).mistakes()
    if (path := section.get(FILE_SETTING)) is not None:
        mistakes += RefreshTokenFile(path).mistakes()
    return mistakes


def _sign_in(section: Mapping[str, Any]) -> AuthBase:
    if "certificate_path" in section:
        credential = certificate_file(section).credential
    else:
        credential = secret_credential(section)
    path = section.get(FILE_SETTING)
    file = None if path is None else RefreshTokenFile(path)
    client = ConfidentialClient(section, credential)
    return _UserAuth(UserSignIn(client, section[_SETTING], file), client)


METHOD = AuthMethod(
    upstream="partner_center",
    settings=(
        TENANT_ID,
        CLIENT_ID,
        CLIENT_SECRET,
        CERTIFICATE_PATH,
        CERTIFICATE_PASSWORD,
        th.Property(
            _SETTING,
            th.StringType(min_length=1),
            secret=True,
            title="Refresh token",
            description=(
                "`refresh_token`: what the consent of the user brought; it is redeemed "
                "where there is no newer one."
            ),
        ),
        th.Property(
            FILE_SETTING,
            th.StringType(min_length=1),
            title="Refresh token file",
            description=(
                "`refresh_token`: path of the file in which the newest refresh token "
                "is kept; it is made if it is not there."
            ),
        ),
        SCOPE,
        AUTHORITY,
    ),
    required=("tenant_id", "client_id", "refresh_token"),
    sign_in=_sign_in,
    mistakes=_mistakes,
)
