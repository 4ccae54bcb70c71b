"""A token authority over HTTP: only answers that MSAL can read get through."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import requests
from msgspec import Struct

from tap_purchase_orders.errors import SignInError
from tap_purchase_orders.exact_json import NotJsonError, decode_body
from tap_purchase_orders.http.backoff import longer_waits
from tap_purchase_orders.http.error_messages import in_words, is_untrusted
from tap_purchase_orders.http.response_limits import (
    BoundedSession,
    UnacceptableBodyError,
    whole_body,
)
from tap_purchase_orders.http.retry_after import asked_wait_seconds
from tap_purchase_orders.settings.clouds import is_same_authority

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

AUTH = "partner_center.auth"

_TIMEOUT_SECONDS = (10.0, 30.0)
# Many times what a token or a discovery document weighs.
_LARGEST_BODY_BYTES = 1024 * 1024
_TRIES = 5
_LONGEST_WAIT_SECONDS = 300.0
_MAY_PASS = {408, 429}
_PASSING_ERRORS = {"temporarily_unavailable", "server_error"}
# RFC 6749, section 5.2, has such names only; anything else might be what was sent.
_ERROR_NAME = re.compile(r"[a-z_]{1,60}")


class TransientError(Exception):
    """The token authority could not answer just now.

    Args:
        what: What happened, in words.
        wait_seconds: How long the authority asks us to wait.
    """

    def __init__(self, what: str, wait_seconds: float = 0.0) -> None:
        super().__init__(what)
        self.wait_seconds = wait_seconds


def persistently(
    ask: Callable[[], T], wait: Callable[[float], object] = time.sleep
) -> T:
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
            if tries == _TRIES or seconds > _LONGEST_WAIT_SECONDS:
                raise
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

    Args:
        authority: `https://host[:port]`.
    """

    def __init__(self, authority: str) -> None:
        self._authority = urlsplit(authority)
        self._session = BoundedSession(largest_body_bytes=_LARGEST_BODY_BYTES)
        # A netrc file must not add credentials to those that were configured.
        self._session.auth = _unsigned

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
        self._session.close()

    def _ask(
        self,
        method: str,
        url: str,
        *,
        params: Any = None,
        data: Any = None,
        headers: Any = None,
    ) -> AuthorityResponse:
        asked = urlsplit(url)
        if asked.scheme != self._authority.scheme or not is_same_authority(
            asked.netloc, self._authority.netloc
        ):
            elsewhere = f"sends us to another host ({asked.hostname})"
            raise unfit_authority(elsewhere)
        try:
            response = self._session.request(
                method,
                url,
                params=params,
                data=data,
                headers=headers,
                allow_redirects=False,
                timeout=_TIMEOUT_SECONDS,
            )
        except UnacceptableBodyError as error:
            unfit = f"cannot be used: {error}"
            raise unfit_authority(unfit) from error
        except requests.RequestException as error:
            if is_untrusted(error):
                untrusted = f"cannot be used: {in_words(error)}"
                raise unfit_authority(untrusted) from error
            raise TransientError(in_words(error)) from error
        return _answer(response)


def _unsigned(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _answer(response: requests.Response) -> AuthorityResponse:
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
    if status in _MAY_PASS or status >= 500:  # noqa: PLR2004
        msg = f"HTTP {status}"
        raise TransientError(msg, wait_seconds)
    content = whole_body(response)
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
