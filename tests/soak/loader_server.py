"""Gives out processes of target-postgres, each forked from one that has imported it.

Run by the Python of the loader's own environment, not by that of the tests: importing
the loader takes three seconds, and a soak starts it hundreds of times. Whoever connects
to the socket sends one JSON object (`arguments`, `environment`, `directory`) with three
file descriptors for the new process; back come two lines, its process id and, once it
has ended, its exit status. The server ends when its standard input does.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
from pathlib import Path
from typing import NoReturn

# SQLAlchemy imports it when it connects.
import psycopg  # noqa: F401
from target_postgres.target import TargetPostgres  # type: ignore[import-not-found]

_LONGEST_REQUEST = 1 << 20
_SECONDS_BETWEEN_LOOKS = 0.02


def serve(path: str) -> None:
    """Serve on a Unix socket until standard input ends."""
    waiting: dict[int, socket.socket] = {}
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{path}.new")
        listener.listen()
        # Who sees it can connect.
        Path(f"{path}.new").rename(path)
        while True:
            pause = _SECONDS_BETWEEN_LOOKS if waiting else None
            ready, _, _ = select.select([listener, sys.stdin], [], [], pause)
            if sys.stdin in ready:
                return
            if listener in ready:
                connection, _ = listener.accept()
                waiting[_start(connection, listener)] = connection
            for process_id in list(waiting):
                done, status = os.waitpid(process_id, os.WNOHANG)
                if done:
                    with waiting.pop(process_id) as connection:
                        code = os.waitstatus_to_exitcode(status)
                        connection.sendall(f"{code}\n".encode())


def _start(connection: socket.socket, listener: socket.socket) -> int:
    request, files, _, _ = socket.recv_fds(connection, _LONGEST_REQUEST, 3)
    process_id = os.fork()
    if process_id == 0:
        listener.close()
        connection.close()
        _load(json.loads(request), files)
    for number in files:
        os.close(number)
    connection.sendall(f"{process_id}\n".encode())
    return process_id


def _load(request: dict[str, object], files: list[int]) -> NoReturn:
    """Be the loader, as its command is."""
    status = 1
    try:
        os.setsid()
        for number, target in zip(files, (0, 1, 2), strict=True):
            os.dup2(number, target)
            os.close(number)
        os.chdir(str(request["directory"]))
        os.environ.clear()
        os.environ.update(request["environment"])  # type: ignore[call-overload]
        TargetPostgres.cli(args=request["arguments"], prog_name="target-postgres")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    serve(sys.argv[1])
