"""HTTP clients behind one small interface, and what a request costs with each.

Run by `benchmarks.transports`, each in a process of its own.
"""

from __future__ import annotations

import contextlib
import io
import json
import ssl
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPSConnection
from typing import TYPE_CHECKING, Protocol, TypedDict
from urllib.parse import urlsplit

from typing_extensions import override

from benchmarks.contestants.job import APPZEN_HEADERS, NUMBER_PATH

if TYPE_CHECKING:
    from collections.abc import Callable

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
        threads: How many threads ask at once.
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
        import pycurl  # noqa: PLC0415

        self._pycurl = pycurl
        self._task = task
        self._local = threading.local()

    @override
    def get(self, path: str) -> bytes:
        pycurl = self._pycurl
        if not hasattr(self._local, "handle"):
            handle = self._local.handle = pycurl.Curl()
            fields = [f"{name}: {value}" for name, value in HEADERS.items()]
            handle.setopt(pycurl.HTTPHEADER, fields)
            handle.setopt(pycurl.NOSIGNAL, 1)
            handle.setopt(pycurl.CAINFO, self._task["authority"])
            handle.setopt(pycurl.TIMEOUT, int(_TIMEOUT_SECONDS))
        handle = self._local.handle
        body = io.BytesIO()
        handle.setopt(pycurl.URL, self._task["url"] + path)
        handle.setopt(pycurl.WRITEDATA, body)
        handle.perform()
        return body.getvalue()


class Tap(Client):
    """What this tap asks with: libcurl, with all that the tap looks at.

    Args:
        task: What is to be measured.
    """

    def __init__(self, task: Task) -> None:
        from tap_purchase_orders.asking import transport  # noqa: PLC0415
        from tap_purchase_orders.asking.stop import Stop  # noqa: PLC0415
        from tap_purchase_orders.auth.bearer_token import (  # noqa: PLC0415
            BearerTokenAuth,
        )
        from tap_purchase_orders.redaction import Secrets  # noqa: PLC0415

        auth = BearerTokenAuth("benchmark")
        self._transport = transport.Transport(auth, task["url"], Secrets(), Stop())
        self._request = transport.Request
        self._url = task["url"]

    @override
    def get(self, path: str) -> bytes:
        answer = self._transport.send(self._request(self._url + path, HEADERS))
        answer.close()
        return answer.body


CLIENTS: dict[str, Callable[[Task], Client]] = {
    "requests": Session,
    "requests, tuned": Adapter,
    "urllib3": Pool,
    "http.client": Connection,
    "pycurl": Curl,
    "this tap's transport": Tap,
}


def _certificates(task: Task, name: str) -> dict[str, str]:
    return {name: task["authority"]} if task["url"].startswith("https") else {}


def measure(task: Task) -> dict[str, float]:
    """Return what the requests of a task cost: seconds, and bytes of bodies."""
    client = CLIENTS[task["client"]](task)
    share = task["requests"] // task["threads"]
    barrier = threading.Barrier(task["threads"] + 1, timeout=_TIMEOUT_SECONDS)

    def ask(thread: int) -> int:
        paths = [_path(thread * share + place) for place in range(share)]
        try:
            for place in range(_WARM_UP_REQUESTS):
                client.get(_path(place))
        except BaseException:
            barrier.abort()
            raise
        barrier.wait()
        return sum(len(client.get(path)) for path in paths)

    with ThreadPoolExecutor(task["threads"]) as pool:
        futures = [pool.submit(ask, thread) for thread in range(task["threads"])]
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait()
        wall, cpu = time.monotonic(), time.process_time()
        size = sum(future.result() for future in futures)
        return {
            "cpu_seconds": time.process_time() - cpu,
            "wall_seconds": time.monotonic() - wall,
            "bytes": size,
            "requests": share * task["threads"],
        }


def _path(place: int) -> str:
    return NUMBER_PATH.format(purchase_order_number=f"PO-{place:07d}")


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(sys.argv[1]))))
