"""Requests to the Microsoft token authority, with the errors that MSAL cannot read."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct
from requests import exceptions

from tap_purchase_orders.clouds import is_same_authority
from tap_purchase_orders.errors import SignInError
from tap_purchase_orders.exact_json import NotJsonError, decode_body
from tap_purchase_orders.http.backoff import (
    LONGEST_WAIT_SECONDS,
    longer_waits,
    may_pass,
)
from tap_purchase_orders.http.retry_after import asked_wait_seconds
from tap_purchase_orders.http.session import TapSession

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from requests import Response

T = TypeVar("T")

AUTH = "partner_center.auth"

_TRIES = 5
_PASSING_ERRORS = {"temporarily_unavailable", "server_error"}
# RFC 6749, section 5.2, has such names only; anything else might be what was sent.
_ERROR_NAME = re.compile(r"[a-z_]{1,60}")

logger = logging.getLogger(__name__)


class TransientError(Exception):
    """The token authority could not answer just now.

    Args:
        what: What happened, in words.
        wait_seconds: How long the authority asks us to wait.
    """

    def __init__(self, what: str, wait_seconds: float = 0.0) -> None:
        super().__init__(what)
        self.wait_seconds = wait_seconds


def persistently(ask: Callable[[], T], wait: Callable[[float], object]) -> T:
    """Return what comes of asking a token authority, tried again where that helps.

    Args:
        ask: One try.
        wait: Waits for a number of seconds.

    Raises:
        TransientError: The authority could not answer in any try, or asks for a wait
            that nobody would wait for.
    """
    waits = longer_waits()
    tries = 0
    while True:
        try:
            return ask()
        except TransientError as error:
            tries += 1
            seconds = max(next(waits), error.wait_seconds)
            if tries == _TRIES or seconds > LONGEST_WAIT_SECONDS:
                raise
            logger.warning(
                "Partner Center: signing in: %s; try %d of %d in %.0f s",
                error,
                tries + 1,
                _TRIES,
                seconds,
            )
        wait(seconds)


def error_name(answer: Mapping[str, Any]) -> str:
    """Return the name of the error in an answer, if it can be shown."""
    name = str(answer.get("error"))
    return name if _ERROR_NAME.fullmatch(name) else "no reason given"


def unfit_authority(what: str) -> SignInError:
    """Return the error for something that is no token authority, or not ours."""
    return SignInError(
        f"Partner Center: the token authority {what}: check `{AUTH}.authority`"
    )


class AuthorityResponse(Struct, frozen=True):
    """An answer in the shape that MSAL asks for (its `oauth2cli.http.Response`)."""

    status_code: int
    text: str
    headers: Mapping[str, str]


class AuthorityConnection:
    """Talks to one token authority in place of the HTTP client that MSAL would make.

    Attributes:
        session: What the requests are made with.

    Args:
        authority: `https://host[:port]`.
    """

    def __init__(self, authority: str) -> None:
        self._authority = urlsplit(authority)
        self.session = TapSession()

    def get(self, url: str, **options: Any) -> AuthorityResponse:
        """Return the answer to a GET request of MSAL's; raises what `post` does."""
        return self._ask("GET", url, **options)

    def post(self, url: str, **options: Any) -> AuthorityResponse:
        """Return the answer to a POST request of MSAL's.

        Raises:
            SignInError: The authority sends us elsewhere, or is none.
            TransientError: There is no answer just now.
        """
        return self._ask("POST", url, **options)

    def close(self) -> None:
        """Close the connections; MSAL asks for this method."""
        self.session.close()

    def _ask(self, method: str, url: str, **options: Any) -> AuthorityResponse:
        asked = urlsplit(url)
        if asked.scheme != self._authority.scheme or not is_same_authority(
            asked.netloc, self._authority.netloc
        ):
            elsewhere = f"sends us to another host ({asked.hostname})"
            raise unfit_authority(elsewhere)
        try:
            return _answer(self.session.request(method, url, **options))
        except (exceptions.SSLError, exceptions.ContentDecodingError) as error:
            unfit = f"cannot be used: {error}"
            raise unfit_authority(unfit) from error
        except exceptions.RequestException as error:
            raise TransientError(str(error)) from error


def _answer(response: Response) -> AuthorityResponse:
    """Return a response as MSAL may see it.

    Raises:
        SignInError: It is not that of an authority.
        TransientError: It says that there is none just now.
    """
    status = response.status_code
    wait_seconds = asked_wait_seconds(response.headers)
    if 300 <= status < 400:  # noqa: PLR2004  # the redirects
        redirects = "answers with a redirect"
        raise unfit_authority(redirects)
    if may_pass(status):
        msg = f"HTTP {status}"
        raise TransientError(msg, wait_seconds)
    content = response.content
    try:
        body = decode_body(content)
    except NotJsonError:
        body = None
    if not isinstance(body, dict):
        answers = f"does not answer as one (HTTP {status})"
        raise unfit_authority(answers)
    if body.get("error") in _PASSING_ERRORS:
        # MSAL would keep this answer, and not ask again for a minute.
        raise TransientError(error_name(body), wait_seconds)
    # MSAL repeats any answer that has a `Retry-After`, a good one too, for that long.
    # It has no use for the others.
    return AuthorityResponse(status, content.decode("utf-8-sig", "replace"), {})
