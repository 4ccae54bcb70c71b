"""Whether, and after how long, something is tried again."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import backoff

if TYPE_CHECKING:
    from collections.abc import Iterator


# Nobody waits for longer than that before the next try.
LONGEST_WAIT_SECONDS = 300.0
_MAY_PASS = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


def may_pass(status: int) -> bool:
    """Return whether the same may be answered well when it is asked again."""
    return status in _MAY_PASS or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def longer_waits() -> Iterator[float]:
    """Yield how long to wait before each further try: 1, 2, 4 ... and up to 1 more.

    That much is left to chance so that those who failed together do not come back
    together.
    """
    waits = backoff.expo()
    # The first value only starts that generator: it is no wait.
    next(waits)
    for seconds in waits:
        yield backoff.random_jitter(seconds)
