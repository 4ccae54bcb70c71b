"""One run at a time of a state, over all machines: a lock, and a look at the heartbeat.

Meltano refuses a run while another one of the same state has shown a heartbeat within
five minutes. That is no lock, since two that start at once both pass, and it holds up
the retry of a run that was killed. Here a lock decides who may run, and the heartbeat
tells whether the one before really is gone.
"""

from __future__ import annotations

import fcntl
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.engine import Connection, Engine

# Meltano writes its heartbeat every second; so long without one, the run is dead.
_SILENT_SECONDS = 15
_SECONDS_BETWEEN_LOOKS = 1
# A holder notices within 15 s that it lost its connection (it looks every 5 s and is
# answered within 10 s); the server gives the lock of a silent machine away after 25 s.
SECONDS_BETWEEN_CHECKS = 5
_ANSWER_SECONDS = 10
_SERVER_SIDE = {
    "tcp_keepalives_idle": 10,
    "tcp_keepalives_interval": 5,
    "tcp_keepalives_count": 3,
}

_RUNNING = text(
    "SELECT count(*), max(last_heartbeat_at) FROM runs"
    " WHERE job_name = :state_id AND state = 'RUNNING'"
)
_STATES = text(
    "SELECT count(*) FROM state WHERE state_id = :pipeline"
    " OR substr(state_id, 1, length(:shards)) = :shards"
)


class StillRunningError(Exception):
    """Another run of the same state did not end in time."""


class UnreachableError(Exception):
    """The database cannot be asked."""


class Lease(Protocol):
    """The right to run, until it is given back or lost."""

    def is_held(self) -> bool:
        """Return whether nobody else can have it now."""


class _OfPostgres:
    """A lock of the session in the state's database: gone when the connection is."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._name = name

    def taken(self) -> bool:
        lock = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
        return bool(self._connection.scalar(lock, {"name": self._name}))

    def is_held(self) -> bool:
        try:
            self._connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True


class _OfFile:
    """A lock on a file, for a database that only this machine has."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")

    def taken(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def is_held(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()


class StateDatabase:
    """Meltano's own database, where states and runs are.

    Args:
        uri: As Meltano has it in `database_uri`.
        folder: Where files to lock may be made, if it is not PostgreSQL.
    """

    def __init__(self, uri: str, folder: Path) -> None:
        self._folder = folder
        options: dict[str, Any] = {"poolclass": NullPool}
        self._is_postgres = uri.startswith("postgres")
        if self._is_postgres:
            options["isolation_level"] = "AUTOCOMMIT"
            options["connect_args"] = {
                "connect_timeout": _ANSWER_SECONDS,
                "keepalives_idle": 5,
                "keepalives_interval": 2,
                "keepalives_count": 2,
                "tcp_user_timeout": _ANSWER_SECONDS * 1000,
            }
        try:
            self._engine: Engine = create_engine(uri, **options)
        except (ImportError, SQLAlchemyError):
            # What SQLAlchemy says may have the address in it, and so the password.
            message = "its address is wrong, or the package to reach it is missing"
            raise UnreachableError(message) from None

    def has_tables(self) -> bool:
        """Return whether Meltano has been here before.

        Raises:
            UnreachableError: The database cannot be asked.
        """
        with self._connected() as connection:
            return inspect(connection).has_table("runs")

    def has_state(self, pipeline: str) -> bool:
        """Return whether any shard of a pipeline has ever loaded something.

        Args:
            pipeline: Meltano's name of its state, without that of a shard.

        Raises:
            UnreachableError: The database cannot be asked.
        """
        names = {"pipeline": pipeline, "shards": f"{pipeline}:"}
        with self._connected() as connection:
            return bool(connection.scalar(_STATES, names))

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            # Without the statement and its parameters.
            raise UnreachableError(str(error.orig).strip()) from None

    @contextmanager
    def lock(self, name: str, patience: float) -> Iterator[Lease]:
        """Yield when the lock of this name is free, and hold it for the block.

        Args:
            name: What must not happen twice at once.
            patience: How many seconds to wait for it.

        Raises:
            StillRunningError: Somebody else held it all the time.
            UnreachableError: The database cannot be asked.
        """
        deadline = time.monotonic() + patience
        if not self._is_postgres:
            signs = (sign if sign.isalnum() or sign in "-." else "_" for sign in name)
            held = _OfFile(self._folder / f"{''.join(signs)}.lock")
            try:
                _wait_for(held, name, deadline)
                yield held
            finally:
                held.close()
            return
        with self._connected() as connection:
            for setting, value in _SERVER_SIDE.items():
                connection.execute(text(f"SET {setting} = {value}"))
            lease = _OfPostgres(connection, name)
            _wait_for(lease, name, deadline)
            yield lease

    def leftover_of_a_dead_run(
        self, state_id: str, patience: float, silence: float = _SILENT_SECONDS
    ) -> bool:
        """Return whether a run of this state was killed and still counts as running.

        Such a run is dead when its heartbeat stands still; clocks are not compared.

        Args:
            state_id: Meltano's name of the state.
            patience: How many seconds to wait for a run whose heart beats.
            silence: After how many seconds without a heartbeat a run is dead.

        Raises:
            StillRunningError: Its heart still beats.
            UnreachableError: The database cannot be asked.
        """
        start = time.monotonic()
        last, since = self._running(state_id), start
        while last[0]:
            now = time.monotonic()
            if now - since >= silence:
                return True
            if now - start >= patience + silence:
                message = f"a run of {state_id} shows a heartbeat"
                raise StillRunningError(message)
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            seen = self._running(state_id)
            if seen != last:
                last, since = seen, time.monotonic()
        return False

    def _running(self, state_id: str) -> tuple[int, Any]:
        """Return how many runs count as running, and the last heartbeat of any."""
        with self._connected() as connection:
            row = connection.execute(_RUNNING, {"state_id": state_id}).one()
        return int(row[0]), row[1]


def _wait_for(lock: _OfPostgres | _OfFile, name: str, deadline: float) -> None:
    while not lock.taken():
        if time.monotonic() >= deadline:
            message = f"somebody else holds the lock of {name}"
            raise StillRunningError(message)
        time.sleep(_SECONDS_BETWEEN_LOOKS)
