"""Which responses are retried, and the waits between the tries."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import backoff

if TYPE_CHECKING:
    from collections.abc import Iterator


# The longest wait before the next try.
LONGEST_WAIT_SECONDS = 300.0
_RETRYABLE_STATUSES = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


def is_retryable(status: int) -> bool:
    """Return whether a retry may succeed after a response with a status."""
    return status in _RETRYABLE_STATUSES or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def retry_waits() -> Iterator[float]:
    """Yield the waits before each further try: 1, 2, 4 ... seconds, and up to 1 more.

    The random part keeps requests that failed together from being retried together.
    """
    waits = backoff.expo()
    # The first value only starts the generator.
    next(waits)
    for seconds in waits:
        yield backoff.random_jitter(seconds)
