"""How far an interrupted run had come in its list of purchase order numbers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """A place in a list, and what came before it.

    Attributes:
        position: How many numbers of the list are done with.
        digest: A digest of the list's identity and of these numbers.
    """

    position: int
    digest: str


class ListPosition:
    """Walks along a list of numbers and can tell where it is.

    Args:
        identity: What else makes it the same list, such as a digest of all of it
            where that is cheap to have.
    """

    def __init__(self, identity: str = "") -> None:
        self._position = 0
        self._digest = hashlib.sha256(identity.encode() + b"\0")

    def take(self, number: str) -> ResumePoint:
        """Go on by one number; return the point behind it."""
        self._position += 1
        # The literal, so that no number can look like two.
        self._digest.update(repr(number).encode() + b"\0")
        return self.point()

    def point(self) -> ResumePoint:
        """Return the present point."""
        return ResumePoint(self._position, self._digest.hexdigest()[:16])
