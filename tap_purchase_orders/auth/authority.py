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
    is_retryable,
    retry_waits,
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
    """The token authority had no good response; a retry may have one.

    Args:
        what: What happened, in words.
        wait_seconds: How long the authority asks us to wait.
    """

    def __init__(self, what: str, wait_seconds: float = 0.0) -> None:
        super().__init__(what)
        self.wait_seconds = wait_seconds


def with_retries(request: Callable[[], T], wait: Callable[[float], object]) -> T:
    """Return the outcome of a request to a token authority, retried where that helps.

    Args:
        request: Makes one try.
        wait: Waits for a number of seconds.

    Raises:
        TransientError: No try had a good response, or the authority asks for too long a
            wait.
    """
    waits = retry_waits()
    tries = 0
    while True:
        try:
            return request()
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


def error_name(body: Mapping[str, Any]) -> str:
    """Return the name of the error in a response, if it can be shown."""
    name = str(body.get("error"))
    return name if _ERROR_NAME.fullmatch(name) else "no reason given"


def unfit_authority(what: str) -> SignInError:
    """Return the error for a server that is not the configured token authority."""
    return SignInError(
        f"Partner Center: the token authority {what}: check `{AUTH}.authority`"
    )


class AuthorityResponse(Struct, frozen=True):
    """A response as MSAL takes it (its `oauth2cli.http.Response`)."""

    status_code: int
    text: str
    headers: Mapping[str, str]


class AuthorityConnection:
    """The HTTP client that MSAL uses for one token authority.

    Attributes:
        session: The session that makes the requests.

    Args:
        authority: `https://host[:port]`.
    """

    def __init__(self, authority: str) -> None:
        self._authority = urlsplit(authority)
        self.session = TapSession()

    def get(self, url: str, **options: Any) -> AuthorityResponse:
        """Return the response to a GET request; raises what `post` does."""
        return self._request("GET", url, **options)

    def post(self, url: str, **options: Any) -> AuthorityResponse:
        """Return the response to a POST request.

        Raises:
            SignInError: The server redirects to another host, or is no authority.
            TransientError: There was no good response.
        """
        return self._request("POST", url, **options)

    def close(self) -> None:
        """Close the connections; MSAL needs this method."""
        self.session.close()

    def _request(self, method: str, url: str, **options: Any) -> AuthorityResponse:
        address = urlsplit(url)
        if address.scheme != self._authority.scheme or not is_same_authority(
            address.netloc, self._authority.netloc
        ):
            elsewhere = f"sends us to another host ({address.hostname})"
            raise unfit_authority(elsewhere)
        try:
            return _checked(self.session.request(method, url, **options))
        except (exceptions.SSLError, exceptions.ContentDecodingError) as error:
            unfit = f"cannot be used: {error}"
            raise unfit_authority(unfit) from error
        except exceptions.RequestException as error:
            raise TransientError(str(error)) from error


def _checked(response: Response) -> AuthorityResponse:
    """Return a response as MSAL takes it.

    Raises:
        SignInError: It is not that of a token authority.
        TransientError: It is an error that may pass.
    """
    status = response.status_code
    wait_seconds = asked_wait_seconds(response.headers)
    if 300 <= status < 400:  # noqa: PLR2004  # the redirects
        redirects = "responds with a redirect"
        raise unfit_authority(redirects)
    if is_retryable(status):
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
        # MSAL would cache this response for a minute.
        raise TransientError(error_name(body), wait_seconds)
    # Without header fields: MSAL would cache any response with a `Retry-After`, a good
    # one, too. It uses no other field.
    return AuthorityResponse(status, content.decode("utf-8-sig", "replace"), {})
