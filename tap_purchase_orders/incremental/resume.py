"""The point at which an interrupted run over purchase-order numbers resumes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from tap_purchase_orders.instants import Instant


# Of a digest, so many characters are enough to tell numbers apart.
_DIGEST_CHARACTERS = 16


class DigestMark(Struct, frozen=True):
    """A position in a list whose numbers are read in the order of their digests.

    That order does not depend on the list: numbers that are added, removed or moved
    delay no other number.

    Attributes:
        round: Which one of such orders it is.
        after: The digest of the last number that is done with; nothing before the
            first one.
    """

    round: int = 0
    after: str = ""

    def digest(self, number: str) -> str:
        """Return the digest by which a number is ordered."""
        text = f"{self.round}\0{number!r}"
        return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_CHARACTERS]


class ResumePoint(Struct, frozen=True):
    """A position in a list, and a digest of the numbers before it.

    Attributes:
        position: How many numbers of the list are done with.
        digest: A digest of the list's identity and of these numbers.
        began_at: When the first of the runs that come to this point began, where the
            list is one of changes: what changed since then may be missing from it.
        order: How far the rest of the list is gone through, where that is done by
            digests.
    """

    position: int
    digest: str
    began_at: Instant | None = None
    order: DigestMark | None = None


class ListPosition:
    """The position in a list while it is read.

    Args:
        identity: What else makes it the same list, such as a digest of all of it
            where that is cheap to have.
        began_at: When the reading of the list began, for lists of changes.

    Attributes:
        position: How many numbers were taken.
    """

    def __init__(self, identity: str = "", began_at: Instant | None = None) -> None:
        self.position = 0
        self._began_at = began_at
        self._digest = hashlib.sha256(identity.encode() + b"\0")

    def take(self, number: str) -> ResumePoint:
        """Advance by one number; return the point behind it."""
        self.go_on(number)
        return self.point()

    def go_on(self, number: str) -> None:
        """Advance by one number."""
        self.position += 1
        # Its `repr`, so that one number cannot look like two.
        self._digest.update(repr(number).encode() + b"\0")

    def is_at(self, point: ResumePoint) -> bool:
        """Return whether a point of an earlier run is this very place."""
        mine = self.point()
        return (mine.position, mine.digest) == (point.position, point.digest)

    def point(self) -> ResumePoint:
        """Return the present point."""
        digest = self._digest.hexdigest()[:_DIGEST_CHARACTERS]
        return ResumePoint(self.position, digest, self._began_at)


class ChangesRead(Struct, frozen=True):
    """Up to when the changes of a source were read.

    Attributes:
        identity: A digest that tells one source from another.
        until: Changes before this moment are read and written; none: all are to be
            read anew.
        since: Changes after this moment are; none: all before `until`.
    """

    identity: str
    until: Instant | None
    since: Instant | None = None

    def has_all_since(self, moment: Instant | None) -> bool:
        """Return whether all changes since a moment are; none: all there ever were."""
        return self.since is None or (moment is not None and moment >= self.since)
