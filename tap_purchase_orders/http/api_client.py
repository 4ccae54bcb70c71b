"""Sends a request to one upstream until there is a response or a final failure."""

from __future__ import annotations

import logging
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from tap_purchase_orders.errors import (
    BudgetUsedUpError,
    CancelledError,
    UpstreamRefusedError,
)
from tap_purchase_orders.http.api_response import ApiResponse, RequestFailure
from tap_purchase_orders.http.backoff import LONGEST_WAIT_SECONDS, retry_waits
from tap_purchase_orders.http.channel import ForeignHostError, InvalidRequestError
from tap_purchase_orders.http.curl_errors import (
    TransportError,
    UntrustedServerError,
)
from tap_purchase_orders.http.response_limits import UnacceptableResponseError
from tap_purchase_orders.http.response_reader import (
    ApiProfile,
    ApiRequest,
    ResponseReader,
    now,
)
from tap_purchase_orders.http.retry_after import asked_wait_seconds
from tap_purchase_orders.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.concurrency.cancellation import CancelToken
    from tap_purchase_orders.http.budget import Budget
    from tap_purchase_orders.http.concurrency_limit import ConcurrencyLimiter, Slot
    from tap_purchase_orders.http.outage_detection import Health
    from tap_purchase_orders.http.transport import Transport
    from tap_purchase_orders.redaction import Secrets

_LONGEST_ABOUT = 200
# How often a retry is told of without being asked for.
_TELL_SECONDS = 30.0
# The status of an overloaded server or gateway.
_OVERLOADED = {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}

# To look at a member of an enumeration is a call in Python 3.11.
_UNAUTHORIZED = int(HTTPStatus.UNAUTHORIZED)

logger = logging.getLogger(__name__)


class ApiClient:
    """Sends requests to one upstream, within its limits, with retries.

    Args:
        profile: The upstream's header fields, errors and refusals.
        transport: Signs and sends the requests.
        max_tries: How often one request is tried.
        concurrency_limiter: Limits the requests in flight.
        budget: Counts every request.
        health: Ends the requests when the upstream is down.
        secrets: The credentials, which no failure may show.
        cancel_token: Ends the waiting.
    """

    def __init__(  # noqa: PLR0913
        self,
        profile: ApiProfile,
        transport: Transport,
        *,
        max_tries: int,
        concurrency_limiter: ConcurrencyLimiter,
        budget: Budget,
        health: Health,
        secrets: Secrets,
        cancel_token: CancelToken,
    ) -> None:
        self._profile = profile
        self._transport = transport
        self._max_tries = max_tries
        self._concurrency_limiter = concurrency_limiter
        self.budget = budget
        self._health = health
        self.cancel_token = cancel_token
        self._reader = ResponseReader(profile, secrets)
        self._told_at = float("-inf")

    def send(self, api_request: ApiRequest) -> ApiResponse | RequestFailure:
        """Return the good response to a request, or why there is none.

        Raises:
            UpstreamRefusedError: The upstream refuses this caller everything.
            UpstreamDownError: The upstream is down.
            BudgetUsedUpError: The budget has ended the retries of this request.
            CancelledError: The run is to end.
        """
        try:
            outcome = self._send_with_retries(api_request)
        except CancelledError:
            if self.cancel_token.reason is not None:
                raise self.cancel_token.reason from None
            raise
        if isinstance(outcome, ApiResponse):
            return outcome
        return self.noted(outcome, api_request.about)

    def noted(self, failure: RequestFailure, about: str = "") -> RequestFailure:
        """Log a failure, with what it is about, and return it."""
        level = logging.INFO if failure.is_refusal else logging.WARNING
        words = f"{one_line(about, _LONGEST_ABOUT)}: " if about else ""
        logger.log(level, "%s: %s%s", self._profile.name, words, self._words(failure))
        return failure

    def named(self, message: str, exchange: str | None) -> str:
        """Return a message for the log that names the exchange it is about."""
        return self._reader.named(message, exchange)

    def _send_with_retries(
        self, api_request: ApiRequest
    ) -> ApiResponse | RequestFailure:
        waits = retry_waits()
        headers = self._profile.headers()
        is_renewed = False
        is_repeat = False
        tries = 0
        while True:
            try:
                response, outcome = self._try(api_request, headers, is_repeat=is_repeat)
            except CancelledError:
                self._check_budget(tries)
                raise
            self._report(response, outcome)
            if response is not None and response.status == _UNAUTHORIZED:
                self._renew(response, is_renewed=is_renewed)
                is_renewed = True
            elif isinstance(outcome, RequestFailure) and outcome.is_retryable:
                tries += 1
                # Servers close kept-alive connections. The first time, do not wait.
                is_first = outcome.was_stale_connection and tries == 1
                wait = 0.0 if is_first else _wait_seconds(response, waits)
                if response is not None and _asks_to_wait(response):
                    api_request.limiter.hold(wait)
                if tries >= self._max_tries:
                    return outcome
                self._wait(outcome, wait, tries)
            else:
                return outcome
            is_repeat = True
            # A retry after any response is a new request; one without a response keeps
            # its ids (Partner Center, *Headers*: MS-RequestId).
            if response is not None:
                headers = self._profile.headers()

    def _report(
        self,
        response: ApiResponse | None,
        outcome: ApiResponse | RequestFailure,
    ) -> None:
        """Report an outcome to the upstream's health.

        Raises:
            UpstreamDownError: The upstream is down.
        """
        if isinstance(outcome, ApiResponse) or outcome.is_refusal:
            self._health.answered()
        elif outcome.is_retryable:
            asked = asked_wait_seconds(response.headers) if response else 0.0
            self._health.failed(self._words(outcome), asked)

    def _check_budget(self, tries: int) -> None:
        """Check whether the budget has ended the retries of one request.

        Raises:
            BudgetUsedUpError: It has.
        """
        if tries and self.budget.is_exceeded:
            raise BudgetUsedUpError

    def _try(
        self, api_request: ApiRequest, headers: dict[str, str], *, is_repeat: bool
    ) -> tuple[ApiResponse | None, ApiResponse | RequestFailure]:
        """Send a request once; return the response, if one came, and the outcome."""
        # Ours override what a link of the server asks for.
        sent = {**api_request.headers, **headers}
        try:
            # In this order: no permit is held while waiting for a slot.
            with (
                self._concurrency_limiter.slot() as slot,
                api_request.limiter.permit() as permit,
            ):
                self.budget.take(is_repeat=is_repeat)
                response = self._sent(api_request, sent, slot)
                permit.status = response.status
        except InvalidRequestError as error:
            msg = f"{self._profile.name}: {error}; check `{self._profile.section}.auth`"
            raise UpstreamRefusedError(msg) from error
        except UntrustedServerError as error:
            setting = f"`{self._profile.section}.api_url`"
            msg = f"{self._profile.name}: {error}, or check {setting}"
            raise UpstreamRefusedError(msg) from error
        except TransportError as error:
            is_cut_off = error.status == HTTPStatus.OK
            exchange = self._reader.id_in({}, sent)
            return None, RequestFailure(
                "invalid_response" if is_cut_off else "unavailable",
                str(error),
                now(),
                http_status=error.status,
                correlation_id=exchange,
                is_retryable=True,
                was_stale_connection=error.was_stale_connection,
            )
        except UnacceptableResponseError as error:
            kind, exchange = "invalid_response", self._reader.id_in({}, sent)
            return None, RequestFailure(
                kind, str(error), now(), correlation_id=exchange
            )
        except ForeignHostError as error:
            return None, RequestFailure("refused_redirect", str(error), now())
        try:
            return response, self._reader.outcome(api_request, response)
        finally:
            response.close()

    def _sent(
        self, api_request: ApiRequest, headers: dict[str, str], slot: Slot
    ) -> ApiResponse:
        self._health.sent()
        try:
            response = self._transport.send(api_request.url, headers, api_request.body)
        except TransportError as error:
            if not error.was_stale_connection:
                slot.is_served = False
            raise
        finally:
            self._health.ended()
        slot.is_served = response.status not in _OVERLOADED
        return response

    def _renew(self, response: ApiResponse, *, is_renewed: bool) -> None:
        """Drop the credentials that were refused, so that new ones are fetched.

        Raises:
            UpstreamRefusedError: New ones were refused, too.
        """
        if is_renewed:
            code = self._reader.error(response).code
            advice = self._profile.unauthorized(response.sent.headers)
            msg = (
                f"{self._profile.name}: HTTP 401{f', code {code}' if code else ''}: "
                f"the credentials were refused twice; {advice}"
            )
            exchange = self._reader.id_of(response)
            raise UpstreamRefusedError(self._reader.named(msg, exchange))
        self._transport.renew(response.sent)

    def _wait(self, failure: RequestFailure, seconds: float, tries: int) -> None:
        now = time.monotonic()
        # Now and then, lest a run without a network be silent until the tries are up.
        is_due = now - self._told_at > _TELL_SECONDS
        if is_due:
            self._told_at = now
        logger.log(
            logging.INFO if is_due else logging.DEBUG,
            "%s: %s; try %d of %d in %.1f s",
            self._profile.name,
            self._words(failure),
            tries + 1,
            self._max_tries,
            seconds,
        )
        try:
            self.cancel_token.wait(seconds)
        except CancelledError:
            self._check_budget(tries)
            raise

    def _words(self, failure: RequestFailure) -> str:
        return self._reader.named(failure.message, failure.correlation_id)


def _asks_to_wait(response: ApiResponse) -> bool:
    """Return whether all requests should wait, and not this one alone."""
    return (
        response.status == HTTPStatus.TOO_MANY_REQUESTS
        or "Retry-After" in response.headers
    )


def _wait_seconds(response: ApiResponse | None, waits: Iterator[float]) -> float:
    """Return how long to wait before the next try."""
    wait = min(next(waits), LONGEST_WAIT_SECONDS)
    if response is None:
        return wait
    return max(wait, asked_wait_seconds(response.headers))
