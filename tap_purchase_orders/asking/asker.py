"""Asking until there is an answer, or a reason to give up."""

from __future__ import annotations

import logging
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import backoff

from tap_purchase_orders.asking.answer import Answer, Failure
from tap_purchase_orders.asking.outcome import (
    Dialect,
    MayPass,
    Question,
    http_date,
    now,
    read_response,
    upstream_error,
)
from tap_purchase_orders.asking.transport import (
    BodyTooLargeError,
    Request,
    Response,
    Transport,
    TransportError,
    UnsendableError,
    UntrustedServerError,
)
from tap_purchase_orders.errors import UpstreamRefusedError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Generator

    from requests.auth import AuthBase

    from tap_purchase_orders.asking.budget import Budget
    from tap_purchase_orders.asking.stop import Stop
    from tap_purchase_orders.redaction import Secrets

_LONGEST_WAIT_SECONDS = 300.0

logger = logging.getLogger(__name__)


class Asker:
    """Asks one upstream, politely: within its limits, and again when that helps.

    Args:
        dialect: How the upstream speaks.
        transport: Sends the requests.
        auth: The credentials; they are renewed once if they are refused.
        max_tries: How often one request is tried.
        budget: Counts every request.
        secrets: What may appear in no failure.
        stop: Ends the waiting.
    """

    def __init__(  # noqa: PLR0913  # each is one part of asking
        self,
        dialect: Dialect,
        transport: Transport,
        auth: AuthBase,
        *,
        max_tries: int,
        budget: Budget,
        secrets: Secrets,
        stop: Stop,
    ) -> None:
        self._dialect = dialect
        self._transport = transport
        self._auth = auth
        self._max_tries = max_tries
        self._budget = budget
        self._secrets = secrets
        self._stop = stop

    def ask(self, question: Question) -> Answer | Failure:
        """Return the answer to a question, or why there is none.

        Raises:
            UpstreamRefusedError: The upstream serves this caller nothing at all.
            StoppedError: Asking is to end.
        """
        outcome = self._ask(question)
        return outcome if isinstance(outcome, Answer) else self._redacted(outcome)

    def _redacted(self, failure: Failure) -> Failure:
        """Return a failure without the credentials that a server may send back."""
        hide = self._secrets.redacted
        return replace(
            failure,
            message=hide(failure.message),
            error_code=failure.error_code and hide(failure.error_code),
            correlation_id=failure.correlation_id and hide(failure.correlation_id),
            payload=failure.payload and hide(failure.payload),
        )

    def _ask(self, question: Question) -> Answer | Failure:
        # The first value only starts the generator: it is no wait.
        waits = backoff.expo(max_value=_LONGEST_WAIT_SECONDS)
        next(waits)
        headers = self._dialect.headers()
        is_renewed = False
        tries = 0
        while True:
            response, outcome = self._try(question, headers)
            # An answer of any kind ends a request; one that got none is repeated as
            # the same (Partner Center, *Headers*: MS-RequestId).
            if response is not None:
                headers = self._dialect.headers()
            if response is not None and response.status == HTTPStatus.UNAUTHORIZED:
                self._renew(response, is_renewed=is_renewed)
                is_renewed = True
                continue
            if not isinstance(outcome, MayPass):
                return outcome
            tries += 1
            wait = _wait_seconds(response, waits)
            if wait > _LONGEST_WAIT_SECONDS:
                return outcome.failure
            if response is not None and _asks_for_patience(response):
                question.limiter.hold(wait)
            if tries >= self._max_tries:
                return outcome.failure
            self._wait(outcome.failure, wait, tries)

    def _try(
        self, question: Question, headers: dict[str, str]
    ) -> tuple[Response | None, Answer | Failure | MayPass]:
        """Return the response to one request, if one came, and what that means."""
        request = Request(question.url, {**headers, **question.headers})
        try:
            with question.limiter.place():
                self._budget.take()
                response = self._transport.send(request)
        except (UnsendableError, UntrustedServerError) as error:
            msg = f"{self._dialect.name}: {error}"
            raise UpstreamRefusedError(msg) from error
        except TransportError as error:
            return None, MayPass(Failure("unavailable", str(error), now()))
        except BodyTooLargeError as error:
            return None, Failure("invalid_response", str(error), now())
        return response, read_response(question, response, self._dialect)

    def _renew(self, response: Response, *, is_renewed: bool) -> None:
        """Drop the credentials that were refused, so that new ones are fetched.

        Raises:
            UpstreamRefusedError: New ones were refused too, or would be.
        """
        if is_renewed:
            error = upstream_error(response, self._dialect)
            code = f", code {error.code}" if error.code else ""
            msg = (
                f"{self._dialect.name}: HTTP 401{code}: the credentials were refused, "
                f"and refused again when renewed; check the settings under "
                f"`{self._dialect.section}.auth`"
            )
            raise UpstreamRefusedError(msg)
        renew = getattr(self._auth, "renew", None)
        if renew is not None:
            renew(response.sent)

    def _wait(self, failure: Failure, seconds: float, tries: int) -> None:
        logger.debug(
            "%s: %s; try %d of %d in %.1f s",
            self._dialect.name,
            failure.message,
            tries + 1,
            self._max_tries,
            seconds,
        )
        self._stop.wait(seconds)


def retry_after_seconds(value: str, moment: dt.datetime) -> float:
    """Return how long a server asks us to wait from a moment on, 0 if unreadable.

    Args:
        value: The header: a number of seconds, or an HTTP date.
        moment: The present by the server's clock.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value)
    until = http_date(value)
    return 0.0 if until is None else max(0.0, (until - moment).total_seconds())


def _asks_for_patience(response: Response) -> bool:
    """Return whether all workers should wait, and not this one alone."""
    return (
        response.status == HTTPStatus.TOO_MANY_REQUESTS
        or "Retry-After" in response.headers
    )


def _wait_seconds(
    response: Response | None, waits: Generator[float, Any, None]
) -> float:
    """Return how long to wait before the next try."""
    wait: float = min(backoff.random_jitter(next(waits)), _LONGEST_WAIT_SECONDS)
    if response is None:
        return wait
    # A date is one of the server's clock, which may differ from ours.
    moment = http_date(response.headers.get("Date", "")) or now()
    asked = retry_after_seconds(response.headers.get("Retry-After", ""), moment)
    return max(wait, asked)
