"""About the least that Python can spend: libcurl's multi interface and orjson.

The same records as messages, and nothing else: no schema is looked at, no state is
kept, nothing is repeated or refused, and amounts go through binary floats.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pycurl

from benchmarks.contestants.job import (
    APPZEN_HEADERS,
    NUMBER_PATH,
    ORDERS_PATH,
    PAGE_SIZE,
    TOKEN,
    given_job,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from benchmarks.contestants.job import Job

_SELECT_SECONDS = 1.0
_BUFFER_BYTES = 1 << 20
_OK = 200


class _Fetch:
    """Fetches bodies over connections that are kept open.

    Args:
        in_flight: How many requests may be under way at once.
        headers: Header fields of every request.
    """

    def __init__(self, in_flight: int, headers: Mapping[str, str]) -> None:
        self._headers = [f"{name}: {value}" for name, value in headers.items()]
        self._in_flight = in_flight
        self._multi = pycurl.CurlMulti()
        self._idle = [self._handle() for _ in range(in_flight)]

    def one(self, url: str, headers: Iterable[str] = ()) -> Any:
        """Return the decoded body of an answer.

        Args:
            url: Its address.
            headers: More header fields, each as it goes over the wire.
        """
        handle = self._handle()
        handle.setopt(pycurl.URL, url)
        handle.setopt(pycurl.HTTPHEADER, [*self._headers, *headers])
        body = io.BytesIO()
        handle.setopt(pycurl.WRITEDATA, body)
        handle.perform()
        handle.close()
        return _decoded(body.getvalue())

    def many(self, urls: Iterable[str]) -> Iterator[Any]:
        """Yield the decoded bodies of answers in the order in which they come."""
        waiting = deque(urls)
        bodies: dict[pycurl.Curl, io.BytesIO] = {}
        ready: deque[bytes] = deque()
        while waiting or bodies or ready:
            while waiting and self._idle and len(ready) < self._in_flight:
                handle = self._idle.pop()
                bodies[handle] = io.BytesIO()
                handle.setopt(pycurl.URL, waiting.popleft())
                handle.setopt(pycurl.WRITEDATA, bodies[handle])
                self._multi.add_handle(handle)
            while self._multi.perform()[0] == pycurl.E_CALL_MULTI_PERFORM:
                pass
            # Whose turn it is next is sent off before an answer is worked at.
            if ready:
                yield _decoded(ready.popleft())
            for handle in self._ended():
                self._multi.remove_handle(handle)
                self._idle.append(handle)
                ready.append(bodies.pop(handle).getvalue())
            if bodies and not ready:
                self._multi.select(_SELECT_SECONDS)

    def _ended(self) -> list[pycurl.Curl]:
        _, ended, failed = self._multi.info_read()
        if failed:
            sys.exit(f"a request failed: {failed[0][2]}")
        for handle in ended:
            if (status := handle.getinfo(pycurl.RESPONSE_CODE)) != _OK:
                sys.exit(f"a request was refused: {status}")
        return list(ended)

    def _handle(self) -> pycurl.Curl:
        handle = pycurl.Curl()
        handle.setopt(pycurl.HTTPHEADER, self._headers)
        handle.setopt(pycurl.NOSIGNAL, 1)
        if authority := os.environ.get("REQUESTS_CA_BUNDLE"):
            handle.setopt(pycurl.CAINFO, authority)
        return handle


def _decoded(body: bytes) -> Any:
    return orjson.loads(body.removeprefix(codecs.BOM_UTF8))


def _orders(job: Job) -> Iterator[tuple[str, dict[str, Any]]]:
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
    fetch = _Fetch(job["in_flight"], headers)
    urls = (
        job["url"] + ORDERS_PATH.format(customer_id=customer["id"])
        for customer in list(_customers(job, fetch))
    )
    for answer in fetch.many(urls):
        for order in answer["items"]:
            if job["lines"] != "inside":
                keys = {
                    "referenceCustomerId": order["referenceCustomerId"],
                    "orderId": order["id"],
                }
                lines = order.pop("lineItems", None) or ()
                if job["lines"] == "children":
                    for line in lines:
                        yield "order_line_items", line | keys
            yield "orders", order


def _customers(job: Job, fetch: _Fetch) -> Iterator[dict[str, Any]]:
    page = fetch.one(f"{job['url']}/v1/customers?size={PAGE_SIZE}")
    yield from page["items"]
    while link := page["links"].get("next"):
        headers = [f"{each['key']}: {each['value']}" for each in link["headers"]]
        page = fetch.one(f"{job['url']}/v1{link['uri']}", headers)
        yield from page["items"]


def _purchase_orders(job: Job) -> Iterator[tuple[str, dict[str, Any]]]:
    fetch = _Fetch(job["in_flight"], APPZEN_HEADERS)
    urls = (
        job["url"] + NUMBER_PATH.format(purchase_order_number=number)
        for number in job["numbers"]
    )
    for order in fetch.many(urls):
        if job["lines"] != "inside":
            number = order["purchase_order_number"]
            lines = order.pop("purchase_order_lines", None) or ()
            if job["lines"] == "children":
                for line in lines:
                    line["line_key"] = str(line["line_number"])
                    line["purchase_order_number"] = number
                    yield "purchase_order_lines", line
        yield "purchase_orders", order


def main() -> None:
    """Write the records of a job as Singer messages."""
    job = given_job()
    rows = _purchase_orders(job) if job["upstream"] == "appzen" else _orders(job)
    with open(sys.stdout.fileno(), "wb", _BUFFER_BYTES, closefd=False) as output:
        for stream, record in rows:
            message = {
                "type": "RECORD",
                "stream": stream,
                "record": record,
                "time_extracted": datetime.now(UTC),
            }
            output.write(orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE))


if __name__ == "__main__":
    main()
