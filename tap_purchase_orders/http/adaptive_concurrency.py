"""Adapts the number of concurrent requests to an overloaded server."""

from __future__ import annotations

import math
from typing import Final

# With so many it begins, if it may: more than most servers are asked for at once.
_FIRST: Final = 32
# How many answers tell how long they take; for a start fewer do.
_LEAST_ANSWERS: Final = 100
_FIRST_ROUNDS: Final = 2
_ROUNDS: Final = 6
# As long as nothing speaks against it, the number is doubled; later it is tried with
# a little more or less.
_FASTER: Final = 2.0
_MORE: Final = 1.5
_FEWER: Final = 0.75
# A number is in use if so much of it was under way on average.
_IN_USE: Final = 0.75
# What the answers take longer, as part of what they would if all that is added did but
# wait for its turn: up to `_HARMLESS` more is worth it, from `_FUTILE` on fewer do.
_HARMLESS: Final = 0.25
_FUTILE: Final = 0.85
# What takes no longer keeps nobody waiting, whatever it is made of.
_NO_TIME_SECONDS: Final = 1e-3
# Changes beyond these have another cause.
_PLAUSIBLE: Final = (-0.5, 1.5)
# So much more than what the server can do at once, lest it wait for us.
_SPARE: Final = 1.15
# What is hardly another number.
_SAME: Final = 0.9
# How many measurements to rest between two trials, where nothing came of them at
# first and in the end; and where something did.
_SHORTEST_REST: Final = 8
_LONGEST_REST: Final = 64
_REST_AFTER_CHANGE: Final = 2
# What calls for a trial at once, as the logarithm of a ratio of times; and what is
# between the time that most answers take and that of the quickest where many wait.
_JUMP: Final = math.log(1.5)
_CROWDED: Final = math.log(2)


class Concurrency:
    """Finds the number of requests under way beyond which they only wait longer.

    From time to time it tries some more, or fewer, and compares how long the answers
    take. Where twice as many take as long each, more are of use; where they take twice
    as long, the additional ones only wait at the server. In between, the number lies
    at which the waiting begins: in flight = rate x time (Little's law).

    The number is compared with itself a moment before, not with the quickest answer
    ever: answers differ by what is asked for, and servers have slow hours.

    Attributes:
        limit: How many there may be for now.

    Args:
        most: How many there may ever be.
    """

    def __init__(self, most: int) -> None:
        self.limit = min(most, _FIRST)
        self._most = most
        # 1 while more are tried, -1 while fewer are, 0 while at rest.
        self._trial = 0
        self._other_was_tried = False
        self._factor = _FASTER
        # What a trial is compared with: a number, and the mean of the logarithms of
        # the seconds that answers took; few slow ones do not matter in these.
        self._known: tuple[int, float] | None = None
        self._quickest = float("inf")
        self._rest_length = _SHORTEST_REST
        # The first answers have connections and tokens in their time.
        self._rest = 1
        self._restores_to = 0
        self._eased_at = float("-inf")
        self._is_warm = False
        self._begin(float("-inf"))

    def answered(self, sent_at: float, now: float) -> None:
        """Take in when a request was sent, and that its answer came now."""
        seconds = max(now - sent_at, _NO_TIME_SECONDS)
        self._seconds += seconds
        if sent_at < self._began_at:
            # It was under way with another number of others.
            return
        self._quickest = min(self._quickest, seconds)
        self._answers += 1
        self._logarithms += math.log(seconds)
        if self._answers >= self._enough:
            self._measured(now)
            self._begin(now)

    def troubled(self, sent_at: float, now: float) -> None:
        """Take in that the server could not serve a request, or not in time.

        What was under way together counts once.
        """
        if sent_at <= self._eased_at:
            return
        self._eased_at = now
        self._restores_to = max(self._restores_to, self.limit)
        self.limit = max(1, self.limit // 2)
        self._trial = 0
        self._begin(now)

    def _begin(self, now: float) -> None:
        self._began_at = now
        self._answers = 0
        self._seconds = self._logarithms = 0.0
        if not self._is_warm or self._restores_to:
            self._enough = self.limit
        elif self._factor == _FASTER:
            self._enough = _FIRST_ROUNDS * max(_FIRST, self.limit)
        else:
            self._enough = max(_LEAST_ANSWERS, _ROUNDS * self.limit)

    def _measured(self, now: float) -> None:
        if not self._is_warm:
            self._is_warm = True
        elif self._restores_to:
            self.limit += 1
            if self.limit >= min(self._restores_to, self._most):
                self.limit = min(self._restores_to, self._most)
                self._restores_to = 0
                self._known = None
        else:
            mean = self._logarithms / self._answers
            is_used = self._seconds >= _IN_USE * self.limit * (now - self._began_at)
            if self._trial == 0 or self._known is None:
                self._at_rest(mean, is_used=is_used)
            elif is_used:
                self._tried(*self._known, mean)
            else:
                self._settle(self._known[0])

    def _at_rest(self, mean: float, *, is_used: bool) -> None:
        """Begin a trial if it is time for one, and the number is in use at all."""
        before = self._known
        self._known = (self.limit, mean)
        if not is_used:
            return
        self._rest -= 1
        has_jumped = before is not None and abs(mean - before[1]) > _JUMP
        if self._rest > 0 and not has_jumped:
            return
        self._other_was_tried = False
        is_crowded = mean > math.log(self._quickest) + _CROWDED
        can_grow = self.limit < self._most
        is_slower = has_jumped and before is not None and mean > before[1]
        is_first = self._factor == _FASTER
        if is_crowded and (is_slower or is_first or not can_grow):
            self._try(-1)
        elif can_grow:
            self._try(1)
        else:
            self._rest = self._rest_length

    def _try(self, direction: int) -> None:
        self._trial = direction
        if direction > 0:
            more = max(self.limit + 1, int(self.limit * self._factor))
            self.limit = min(self._most, more)
        else:
            self.limit = max(1, min(self.limit - 1, round(self.limit * _FEWER)))

    def _tried(self, number: int, known: float, mean: float) -> None:
        """Take in what a trial has shown.

        Args:
            number: What was tried before.
            known: How long answers took then, as a mean of logarithms.
            mean: How long they take now.
        """
        change = mean - known
        part = change / math.log(self.limit / number) if self.limit != number else 0.0
        is_futile = self._trial > 0 and part >= 1
        if not _PLAUSIBLE[0] <= part <= _PLAUSIBLE[1]:
            self._settle(number)
            self._rest = min(self._rest, _REST_AFTER_CHANGE)
            return
        if is_futile:
            self._settle(number)
            return
        goes_on = part <= _HARMLESS if self._trial > 0 else part >= _FUTILE
        can_go_on = 1 < self.limit < self._most
        if goes_on:
            self._rest_length = _SHORTEST_REST
            if self._trial < 0:
                self._factor = _MORE
            if can_go_on:
                self._known = (self.limit, mean)
                self._try(self._trial)
            else:
                self._settle(self.limit)
            return
        # Where the waiting begins, if it did not with the lower of the two numbers.
        bend = max(number, self.limit) * math.exp(-abs(max(0.0, change * self._trial)))
        between = math.ceil(bend if self._trial > 0 else _SPARE * bend)
        self._settle(
            min(max(between, min(number, self.limit)), max(number, self.limit))
        )

    def _settle(self, number: int) -> None:
        """Stay with a number for a while, or try the other direction first."""
        direction = self._trial
        before = number if self._known is None else self._known[0]
        changed = not _SAME * before <= number <= before / _SAME
        self._factor = _MORE if direction > 0 else self._factor
        self._trial = 0
        self.limit = number
        if not self._other_was_tried and not changed:
            self._other_was_tried = True
            self.limit = before
            if 1 <= before - direction <= self._most:
                self._try(-direction)
                return
        if changed:
            self._known = None
            self._rest_length = _SHORTEST_REST
            self._rest = _REST_AFTER_CHANGE
        else:
            self._rest = self._rest_length
            self._rest_length = min(2 * self._rest_length, _LONGEST_REST)
