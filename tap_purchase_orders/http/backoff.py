"""The waits between retries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import backoff

if TYPE_CHECKING:
    from collections.abc import Iterator


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
