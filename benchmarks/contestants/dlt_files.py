"""dlt's REST API source, to files: lines become child tables by dlt's own unnesting."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dlt
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from dlt.sources.rest_api import rest_api_source
from typing_extensions import override

from benchmarks.contestants.job import (
    APPZEN_HEADERS,
    NUMBER_PATH,
    ORDERS_PATH,
    PAGE_SIZE,
    TOKEN,
    given_job,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import Request, Response

    from benchmarks.contestants.job import Job

    Actions = list[Callable[..., Any]]


class _NextLink(BasePaginator):  # type: ignore[misc]  # dlt is not installed here
    """Follows `links.next`, whose headers belong to it."""

    @override
    def update_state(self, response: Response, data: Any = None) -> None:
        self._link = response.json().get("links", {}).get("next")
        self._has_next_page = self._link is not None

    @override
    def update_request(self, request: Request) -> None:
        if self._link is None:
            return
        base = request.url.partition("/v1/")[0]
        request.url = f"{base}/v1{self._link['uri']}"
        request.params = {}
        headers = {each["key"]: each["value"] for each in self._link["headers"]}
        request.headers = {**(request.headers or {}), **headers}


def _without_mark(response: Response, *_: Any, **__: Any) -> None:
    """Make the answer's decoder skip the byte order mark."""
    response.encoding = "utf-8-sig"


def partner_center_source(job: Job, actions: Actions) -> dict[str, Any]:
    """Return the source of a job at Partner Center.

    Args:
        job: The job.
        actions: What is done to each answer before it is decoded.
    """
    path = ORDERS_PATH.format(customer_id="{resources.customers.id}")
    return {
        "client": {
            "base_url": job["url"],
            "auth": {"type": "bearer", "token": TOKEN},
            "paginator": _NextLink(),
        },
        "resources": [
            {
                "name": "customers",
                "selected": False,
                "endpoint": {
                    "path": "/v1/customers",
                    "params": {"size": PAGE_SIZE},
                    "data_selector": "items",
                    "response_actions": actions,
                },
            },
            {
                "name": "orders",
                "parallelized": True,
                "primary_key": ["referenceCustomerId", "id"],
                "endpoint": {
                    "path": path,
                    "data_selector": "items",
                    "response_actions": actions,
                },
                "processing_steps": _steps(job, "lineItems"),
            },
        ],
    }


def appzen_source(job: Job, actions: Actions) -> dict[str, Any]:
    """Return the source of a job at AppZen.

    Args:
        job: The job.
        actions: What is done to each answer before it is decoded.
    """
    # One page of numbers: each page's requests are made at once.
    page = [{"number": number} for number in job["numbers"]]
    numbers = dlt.resource([page], name="numbers", selected=False)
    path = NUMBER_PATH.format(purchase_order_number="{resources.numbers.number}")
    return {
        "client": {
            "base_url": job["url"],
            "headers": APPZEN_HEADERS,
            "paginator": "single_page",
        },
        "resources": [
            numbers,
            {
                "name": "purchase_orders",
                "parallelized": True,
                "primary_key": "purchase_order_number",
                "endpoint": {"path": path, "response_actions": actions},
                "processing_steps": _steps(job, "purchase_order_lines"),
            },
        ],
    }


def _steps(job: Job, name: str) -> list[dict[str, Callable[..., Any]]]:
    def without_lines(record: dict[str, Any]) -> dict[str, Any]:
        record.pop(name, None)
        return record

    return [{"map": without_lines}] if job["lines"] == "none" else []


def main() -> None:
    """Load a job into files, and print how many rows each table got."""
    job = given_job()
    if job["upstream"] == "appzen":
        config = appzen_source(job, [])
    else:
        config = partner_center_source(job, [_without_mark])
    source = rest_api_source(
        config,
        max_table_nesting=1 if job["lines"] == "children" else 0,
    )
    directory = Path(job["directory"])
    pipeline = dlt.pipeline(
        "benchmark",
        pipelines_dir=str(directory / "pipelines"),
        destination=dlt.destinations.filesystem(str(directory / "files")),
        dataset_name="benchmark",
    )
    pipeline.run(source, loader_file_format="jsonl").raise_on_failed_jobs()
    print(json.dumps(pipeline.last_trace.last_normalize_info.row_counts))


if __name__ == "__main__":
    main()
