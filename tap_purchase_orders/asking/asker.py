"""Asking until there is an answer, or a reason to give up."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from tap_purchase_orders.asking.answer import Answer, Failure
from tap_purchase_orders.asking.outcome import (
    Dialect,
    MayPass,
    Question,
    ResponseReader,
    now,
)
from tap_purchase_orders.asking.transport import (
    ElsewhereError,
    Request,
    Response,
    Transport,
    TransportError,
    UnfitError,
    UnsendableError,
    UntrustedServerError,
)
from tap_purchase_orders.errors import UpstreamRefusedError
from tap_purchase_orders.wire.retry_after import asked_wait_seconds
from tap_purchase_orders.wire.waits import longer_waits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from requests.auth import AuthBase

    from tap_purchase_orders.asking.budget import Budget
    from tap_purchase_orders.asking.in_flight import Flight, InFlight
    from tap_purchase_orders.asking.stop import Stop
    from tap_purchase_orders.redaction import Secrets

_LONGEST_WAIT_SECONDS = 300.0
# What a server or its gateway says that has too much to do.
_TROUBLED = {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}

logger = logging.getLogger(__name__)


class Asker:
    """Asks one upstream, politely: within its limits, and again when that helps.

    Args:
        dialect: How the upstream speaks.
        transport: Sends the requests.
        auth: The credentials; they are renewed once if they are refused.
        max_tries: How often one request is tried.
        in_flight: The places of requests that are under way.
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
        in_flight: InFlight,
        budget: Budget,
        secrets: Secrets,
        stop: Stop,
    ) -> None:
        self._dialect = dialect
        self._transport = transport
        self._auth = auth
        self._max_tries = max_tries
        self._in_flight = in_flight
        self._budget = budget
        self._stop = stop
        self._reader = ResponseReader(dialect, secrets.redacted)

    def ask(self, question: Question) -> Answer | Failure:
        """Return the answer to a question, or why there is none.

        Raises:
            UpstreamRefusedError: The upstream serves this caller nothing at all.
            StoppedError: Asking is to end.
        """
        outcome = self._ask(question)
        return outcome if isinstance(outcome, Answer) else self.noted(outcome)

    def noted(self, failure: Failure) -> Failure:
        """Log a failure, and return it."""
        level = logging.INFO if failure.is_refusal else logging.WARNING
        logger.log(level, "%s: %s", self._dialect.name, self._words(failure))
        return failure

    def named(self, message: str, exchange: str | None) -> str:
        """Return a message for the log that names the exchange it is about."""
        return self._reader.named(message, exchange)

    def _ask(self, question: Question) -> Answer | Failure:
        waits = longer_waits()
        headers = self._dialect.headers()
        is_renewed = False
        is_repeat = False
        tries = 0
        while True:
            response, outcome = self._try(question, headers, is_repeat=is_repeat)
            if response is not None and response.status == HTTPStatus.UNAUTHORIZED:
                self._renew(response, is_renewed=is_renewed)
                is_renewed = True
            elif isinstance(outcome, MayPass):
                tries += 1
                # Kept connections are closed now and then. Once is no reason to wait.
                is_first = outcome.is_unheard and tries == 1
                wait = 0.0 if is_first else _wait_seconds(response, waits)
                if wait > _LONGEST_WAIT_SECONDS:
                    return outcome.failure
                if response is not None and _asks_for_patience(response):
                    question.limiter.hold(wait)
                if tries >= self._max_tries:
                    return outcome.failure
                self._wait(outcome.failure, wait, tries)
            else:
                return outcome
            is_repeat = True
            # An answer of any kind ends a request; one that got none is repeated as
            # the same (Partner Center, *Headers*: MS-RequestId).
            if response is not None:
                headers = self._dialect.headers()

    def _try(
        self, question: Question, headers: dict[str, str], *, is_repeat: bool
    ) -> tuple[Response | None, Answer | Failure | MayPass]:
        """Return the response to one request, if one came, and what that means."""
        # Ours count, whatever the server would like to be sent.
        sent = {**question.headers, **headers}
        try:
            # In this order: a place in the limiter is not held while waiting.
            with self._in_flight.place() as flight, question.limiter.place() as place:
                self._budget.take(is_repeat=is_repeat)
                request = Request(question.url, sent, question.body)
                flight.begin()
                # Unless an answer comes.
                flight.is_troubled = True
                response = self._sent(request, flight)
                place.status = response.status
                flight.is_troubled = response.status in _TROUBLED
                flight.is_answered = not flight.is_troubled
        except UnsendableError as error:
            msg = f"{self._dialect.name}: {error}; check `{self._dialect.section}.auth`"
            raise UpstreamRefusedError(msg) from error
        except UntrustedServerError as error:
            setting = f"`{self._dialect.section}.api_url`"
            msg = f"{self._dialect.name}: {error}, or check {setting}"
            raise UpstreamRefusedError(msg) from error
        except TransportError as error:
            exchange = self._reader.id_in({}, sent)
            failure = Failure("unavailable", str(error), now(), correlation_id=exchange)
            return None, MayPass(failure, is_unheard=error.is_unheard)
        except UnfitError as error:
            kind, exchange = "invalid_response", self._reader.id_in({}, sent)
            return None, Failure(kind, str(error), now(), correlation_id=exchange)
        except ElsewhereError as error:
            return None, Failure("refused_redirect", str(error), now())
        try:
            return response, self._reader.outcome(question, response)
        finally:
            response.close()

    def _sent(self, request: Request, flight: Flight) -> Response:
        try:
            return self._transport.send(request)
        except TransportError as error:
            flight.is_troubled = not error.is_unheard
            raise

    def _renew(self, response: Response, *, is_renewed: bool) -> None:
        """Drop the credentials that were refused, so that new ones are fetched.

        Raises:
            UpstreamRefusedError: New ones were refused too, or would be.
        """
        if is_renewed:
            code = self._reader.error(response).code
            advice = self._dialect.unauthorized(response.sent.headers)
            msg = (
                f"{self._dialect.name}: HTTP 401{f', code {code}' if code else ''}: "
                f"the credentials were refused twice; {advice}"
            )
            exchange = self._reader.id_of(response)
            raise UpstreamRefusedError(self._reader.named(msg, exchange))
        renew = getattr(self._auth, "renew", None)
        if renew is not None:
            renew(response.sent)

    def _wait(self, failure: Failure, seconds: float, tries: int) -> None:
        logger.debug(
            "%s: %s; try %d of %d in %.1f s",
            self._dialect.name,
            self._words(failure),
            tries + 1,
            self._max_tries,
            seconds,
        )
        self._stop.wait(seconds)

    def _words(self, failure: Failure) -> str:
        return self._reader.named(failure.message, failure.correlation_id)


def _asks_for_patience(response: Response) -> bool:
    """Return whether all workers should wait, and not this one alone."""
    return (
        response.status == HTTPStatus.TOO_MANY_REQUESTS
        or "Retry-After" in response.headers
    )


def _wait_seconds(response: Response | None, waits: Iterator[float]) -> float:
    """Return how long to wait before the next try."""
    wait = min(next(waits), _LONGEST_WAIT_SECONDS)
    if response is None:
        return wait
    return max(wait, asked_wait_seconds(response.headers))
