"""The file that keeps the newest refresh token, shared by all runs."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.auth.authority import AUTH
from tap_purchase_orders.auth.small_file import (
    NoFileError,
    UnusableFileError,
    read_small_file,
    unusable_path,
)
from tap_purchase_orders.errors import SignInError
from tap_purchase_orders.exact_json import NotJsonError, decode_body
from tap_purchase_orders.instants import Instant, instant_or_none, parse_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SETTING = "refresh_token_path"

_OWNER_ONLY = 0o600
# Many times what a redemption takes.
_LOCK_SECONDS = 300.0
_LOOK_SECONDS = 0.1
# What takes longer is worth a line of the log.
_SILENT_SECONDS = 1.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeptToken:
    """A refresh token and when it came.

    Attributes:
        value: The refresh token.
        obtained_at: When it came, if that is known.
    """

    value: str = field(repr=False)
    obtained_at: Instant | None

    @classmethod
    def new(cls, value: str) -> KeptToken:
        """Return a refresh token that has come just now."""
        now = dt.datetime.now(dt.UTC)
        return cls(value, parse_instant(f"{now:%Y-%m-%dT%H:%M:%SZ}"))


class RefreshTokenFile:
    """JSON with `refresh_token` and `obtained_at` that only its owner can read.

    Args:
        path: Where it is; a link is followed, and stays.
        lock_seconds: How long to wait for another process that has the lock.
    """

    def __init__(self, path: str, lock_seconds: float = _LOCK_SECONDS) -> None:
        self._path = path
        self._lock_seconds = lock_seconds

    def mistakes(self) -> list[tuple[str, str]]:
        """Return what is wrong with the file or its folder: setting and problem."""
        try:
            self._check_folder()
            self._read()
        except UnusableFileError as error:
            return [(SETTING, str(error))]
        return []

    @contextmanager
    def lock(self, wait: Callable[[float], object] = time.sleep) -> Iterator[None]:
        """Keep other processes from reading and writing for a while.

        The lock is one of the operating system's and ends with the process.

        Args:
            wait: Waits for a number of seconds.

        Raises:
            SignInError: There is no lock to be had.
        """
        # Imported here: only runs that keep a refresh token pay for it.
        from filelock import FileLock, Timeout  # noqa: PLC0415

        lock = FileLock(
            f"{self._place()}.lock",
            blocking=False,
            mode=_OWNER_ONLY,
            # The other kind of lock would outlive a process that is killed.
            fallback_to_soft=False,
        )
        began_at = time.monotonic()
        is_said = False
        while not lock.is_locked:
            try:
                lock.acquire()
            except Timeout as error:
                waited = time.monotonic() - began_at
                if waited >= self._lock_seconds:
                    problem = (
                        f"is in use: another run has had its lock for "
                        f"{self._lock_seconds:.0f} seconds"
                    )
                    raise _unusable(problem) from error
                if not is_said and waited >= _SILENT_SECONDS:
                    is_said = True
                    logger.info(
                        "Partner Center: waiting for another run that has the lock of "
                        "the file of `%s.%s`",
                        AUTH,
                        SETTING,
                    )
                wait(_LOOK_SECONDS)
            except OSError as error:
                problem = f"cannot be locked: {error.strerror}"
                raise _unusable(problem) from error
        try:
            yield
        finally:
            lock.release()

    def read(self) -> KeptToken | None:
        """Return the refresh token of the file, none if there is none yet.

        Raises:
            SignInError: The file cannot be read, or holds something else.
        """
        try:
            return self._read()
        except UnusableFileError as error:
            raise _unusable(str(error)) from error

    def write(self, token: KeptToken) -> None:
        """Put a refresh token in the place of what is there; the lock must be held.

        Whenever the process ends, a reader sees the old content or the new one.

        Raises:
            OSError: That failed; what was there is there still.
        """
        place = self._place()
        # Always the same, so that nothing piles up where processes are killed.
        new = place.with_name(f"{place.name}.new")
        new.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            with os.fdopen(os.open(new, flags, _OWNER_ONLY), "wb") as file:
                file.write(_content(token))
                file.flush()
                os.fsync(file.fileno())
            new.replace(place)
        except OSError:
            with suppress(OSError):
                new.unlink()
            raise
        # Not every file system can do that with a folder.
        with suppress(OSError):
            _sync_folder(place.parent)

    def _place(self) -> Path:
        # Not `Path.resolve`, which has an error of its own for links in a circle.
        return Path(os.path.realpath(self._path))

    def _check_folder(self) -> None:
        try:
            folder = self._place().parent
            is_there = folder.is_dir()
        except (OSError, ValueError) as error:
            raise unusable_path(error) from error
        if not is_there:
            problem = "is in a directory that is not there"
            raise UnusableFileError(problem)
        if not os.access(folder, os.W_OK | os.X_OK):
            problem = "is in a directory that cannot be written to"
            raise UnusableFileError(problem)

    def _read(self) -> KeptToken | None:
        try:
            content, _ = read_small_file(self._path)
        except NoFileError:
            return None
        return _kept_token(content) if content.strip() else None


def _kept_token(content: bytes) -> KeptToken:
    try:
        value: Any = decode_body(content)
    except NotJsonError:
        value = None
    token = value.get("refresh_token") if isinstance(value, dict) else None
    if not isinstance(token, str) or not token:
        problem = "names a file that holds no kept refresh token but something else"
        raise UnusableFileError(problem)
    return KeptToken(token, instant_or_none(value.get("obtained_at")))


def _content(token: KeptToken) -> bytes:
    moment = None if token.obtained_at is None else token.obtained_at.text
    content = {"refresh_token": token.value, "obtained_at": moment}
    return f"{json.dumps(content)}\n".encode()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unusable(problem: str) -> SignInError:
    return SignInError(f"Partner Center: `{AUTH}.{SETTING}` {problem}")
