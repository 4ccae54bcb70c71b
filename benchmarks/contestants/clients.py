"""HTTP clients behind one small interface, and what a request costs with each.

Run by `benchmarks.transports`, each in a process of its own.
"""

from __future__ import annotations

import io
import json
import ssl
import sys
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPConnection, HTTPSConnection
from typing import TYPE_CHECKING, Any, Protocol, TypedDict
from urllib.parse import urlsplit

from typing_extensions import override

from benchmarks.contestants.job import APPZEN_HEADERS, NUMBER_PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HEADERS = {"Accept": "application/json", "User-Agent": "benchmark", **APPZEN_HEADERS}

_TIMEOUT_SECONDS = 30.0
# Connections are made and caches filled before anything is measured.
_WARM_UP_REQUESTS = 20


class Task(TypedDict):
    """What is to be measured.

    Attributes:
        client: Name of the client.
        url: Where the upstream answers, without a path.
        authority: Who issued its certificate: a file.
        threads: How many requests are under way at once, each by a thread of its own
            where the client has no other way.
        requests: How many requests they make together.
    """

    client: str
    url: str
    authority: str
    threads: int
    requests: int


class Client(Protocol):
    """Gets bodies; safe on any thread."""

    def get(self, path: str) -> bytes:
        """Return the body that is at a path."""


class Together(Protocol):
    """Gets many bodies, several of them at once."""

    def bytes_of(self, paths: Sequence[str]) -> int:
        """Return how many bytes the bodies have that are at some paths."""


class Session(Client):
    """`requests` as everybody uses it.

    Args:
        task: What is to be measured.
    """

    def __init__(self, task: Task) -> None:
        # Each client is imported where it is measured alone.
        import requests  # noqa: PLC0415

        self._session = requests.Session()
        self._session.verify = task["authority"]
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=task["threads"])
        self._session.mount(task["url"], adapter)
        self._url = task["url"]

    @override
    def get(self, path: str) -> bytes:
        answer = self._session.get(
            self._url + path, headers=HEADERS, timeout=_TIMEOUT_SECONDS
        )
        return answer.content


class Adapter(Client):
    """`requests` without a session: what is the same in all requests is done once.

    Args:
        task: What is to be measured.
    """

    def __init__(self, task: Task) -> None:
        import requests  # noqa: PLC0415

        self._adapter = requests.adapters.HTTPAdapter(pool_maxsize=task["threads"])
        self._prepared = requests.Request("GET", task["url"], HEADERS).prepare()
        self._authority = task["authority"]
        self._url = task["url"]

    @override
    def get(self, path: str) -> bytes:
        request = self._prepared.copy()
        request.url = self._url + path
        answer = self._adapter.send(
            request, timeout=_TIMEOUT_SECONDS, verify=self._authority
        )
        return answer.content


class Pool(Client):
    """`urllib3`.

    Args:
        task: What is to be measured.
    """

    def __init__(self, task: Task) -> None:
        import urllib3  # noqa: PLC0415

        self._pool = urllib3.connection_from_url(
            task["url"],
            maxsize=task["threads"],
            timeout=_TIMEOUT_SECONDS,
            retries=False,
            **_certificates(task, "ca_certs"),
        )

    @override
    def get(self, path: str) -> bytes:
        return self._pool.urlopen("GET", path, headers=HEADERS, redirect=False).data


class Connection(Client):
    """`http.client`, a connection for each thread.

    Args:
        task: What is to be measured.
    """

    def __init__(self, task: Task) -> None:
        address = urlsplit(task["url"])
        host, port = address.hostname or "", address.port
        if address.scheme == "https":
            context = ssl.create_default_context(cafile=task["authority"])
            self._make: Callable[[], HTTPConnection] = lambda: HTTPSConnection(
                host, port, timeout=_TIMEOUT_SECONDS, context=context
            )
        else:
            self._make = lambda: HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
        self._local = threading.local()

    @override
    def get(self, path: str) -> bytes:
        if not hasattr(self._local, "connection"):
            self._local.connection = self._make()
        connection: HTTPConnection = self._local.connection
        connection.request("GET", path, headers=HEADERS)
        return connection.getresponse().read()


class Curl(Client):
    """`pycurl`, a handle for each thread.

    Args:
        task: What is to be measured.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._local = threading.local()

    @override
    def get(self, path: str) -> bytes:
        if not hasattr(self._local, "handle"):
            self._local.handle = _curl_handle(self._task)
        handle = self._local.handle
        body = io.BytesIO()
        handle.setopt(handle.URL, self._task["url"] + path)
        handle.setopt(handle.WRITEDATA, body)
        handle.perform()
        return body.getvalue()


class Multi(Together):
    """`pycurl`, all by libcurl's multi interface on one thread.

    Args:
        task: What is to be measured.
    """

    def __init__(self, task: Task) -> None:
        import pycurl  # noqa: PLC0415

        self._task = task
        self._multi = pycurl.CurlMulti()
        self._idle = [_curl_handle(task) for _ in range(task["threads"])]

    @override
    def bytes_of(self, paths: Sequence[str]) -> int:
        multi, size = self._multi, 0
        waiting = deque(paths)
        bodies: dict[Any, io.BytesIO] = {}
        while waiting or bodies:
            while waiting and self._idle:
                handle = self._idle.pop()
                bodies[handle] = io.BytesIO()
                handle.setopt(handle.URL, self._task["url"] + waiting.popleft())
                handle.setopt(handle.WRITEDATA, bodies[handle])
                multi.add_handle(handle)
            multi.perform()
            _, ended, failed = multi.info_read()
            for handle in ended:
                multi.remove_handle(handle)
                self._idle.append(handle)
                size += len(bodies.pop(handle).getvalue())
            if failed:
                sys.exit(f"a request failed: {failed[0][2]}")
            if not ended:
                multi.select(_TIMEOUT_SECONDS)
        return size


def _curl_handle(task: Task) -> Any:
    """Return a handle of `pycurl`, ready but for the address and the body."""
    import pycurl  # noqa: PLC0415

    handle = pycurl.Curl()
    fields = [f"{name}: {value}" for name, value in HEADERS.items()]
    handle.setopt(pycurl.HTTPHEADER, fields)
    handle.setopt(pycurl.NOSIGNAL, 1)
    handle.setopt(pycurl.CAINFO, task["authority"])
    handle.setopt(pycurl.TIMEOUT, int(_TIMEOUT_SECONDS))
    return handle


class Tap(Together):
    """What this tap asks with: libcurl, with all that the tap looks at.

    Args:
        task: What is to be measured.
    """

    def __init__(self, task: Task) -> None:
        from tap_purchase_orders.auth.bearer_token import (  # noqa: PLC0415
            BearerTokenAuth,
        )
        from tap_purchase_orders.concurrency.cancellation import (  # noqa: PLC0415
            CancelToken,
        )
        from tap_purchase_orders.concurrency.ordered_map import (  # noqa: PLC0415
            ordered_map,
        )
        from tap_purchase_orders.http import transport  # noqa: PLC0415
        from tap_purchase_orders.redaction import Secrets  # noqa: PLC0415

        auth, self._cancel_token = BearerTokenAuth("benchmark"), CancelToken()
        self._transport = transport.Transport(
            auth, task["url"], Secrets(), self._cancel_token
        )
        self._ordered_map = ordered_map
        self._task = task

    def _get(self, path: str) -> int:
        answer = self._transport.send(self._task["url"] + path, HEADERS)
        answer.close()
        return len(answer.content)

    @override
    def bytes_of(self, paths: Sequence[str]) -> int:
        tasks = [partial(self._get, path) for path in paths]
        workers = self._task["threads"]
        return sum(
            self._ordered_map(tasks, workers=workers, cancel_token=self._cancel_token)
        )


class Threads(Together):
    """Several threads, each of which gets one body after another.

    Args:
        client: What gets a body.
        count: How many threads.
    """

    def __init__(self, client: Client, count: int) -> None:
        self._client = client
        self._count = count
        self._pool = ThreadPoolExecutor(count)
        # All of them take part, so that each is warm when it is measured.
        self._barrier = threading.Barrier(count, timeout=_TIMEOUT_SECONDS)

    @override
    def bytes_of(self, paths: Sequence[str]) -> int:
        shares = [paths[first :: self._count] for first in range(self._count)]
        return sum(self._pool.map(self._share, shares))

    def _share(self, paths: Sequence[str]) -> int:
        self._barrier.wait()
        return sum(len(self._client.get(path)) for path in paths)


def _by_threads(client: Callable[[Task], Client]) -> Callable[[Task], Together]:
    return lambda task: Threads(client(task), task["threads"])


CLIENTS: dict[str, Callable[[Task], Together]] = {
    "requests": _by_threads(Session),
    "requests, tuned": _by_threads(Adapter),
    "urllib3": _by_threads(Pool),
    "http.client": _by_threads(Connection),
    "pycurl, easy": _by_threads(Curl),
    "pycurl, multi": Multi,
    "this tap's transport": Tap,
}


def _certificates(task: Task, name: str) -> dict[str, str]:
    return {name: task["authority"]} if task["url"].startswith("https") else {}


def measure(task: Task) -> dict[str, float]:
    """Return what the requests of a task cost: seconds, and bytes of bodies."""
    count = task["threads"]
    together = CLIENTS[task["client"]](task)
    paths = [_path(place) for place in range(task["requests"] // count * count)]
    together.bytes_of(paths[: _WARM_UP_REQUESTS * count])
    wall, cpu = time.monotonic(), time.process_time()
    size = together.bytes_of(paths)
    return {
        "cpu_seconds": time.process_time() - cpu,
        "wall_seconds": time.monotonic() - wall,
        "bytes": size,
        "requests": len(paths),
    }


def _path(place: int) -> str:
    return NUMBER_PATH.format(purchase_order_number=f"PO-{place:07d}")


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(sys.argv[1]))))
