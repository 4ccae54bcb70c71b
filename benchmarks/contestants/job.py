"""What a contestant has to do."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Literal, TypedDict, cast

TOKEN = "benchmark"  # noqa: S105  # it opens nothing
ORDERS_PATH = "/v1/customers/{customer_id}/orders"
NUMBER_PATH = (
    "/dictionary-data-services/purchase-order/purchase-order-number/"
    "{purchase_order_number}"
)
APPZEN_HEADERS = {"x-api-key": TOKEN, "customer-id": TOKEN, "customer-key": TOKEN}
PAGE_SIZE = 500
SCHEMAS = Path(__file__).parents[2] / "schemas"

# Lines as records of their own, inside their headers, or not at all.
Lines = Literal["children", "inside", "none"]
Upstream = Literal["partner_center", "appzen"]


class Job(TypedDict):
    """A job; the same for every contestant.

    Attributes:
        upstream: Whose records are to be read.
        url: Where it answers, without a path.
        lines: What becomes of the lines.
        numbers: The purchase orders to read.
        in_flight: How many requests may be under way at once.
        directory: Where files may go.
    """

    upstream: Upstream
    url: str
    lines: Lines
    numbers: list[str]
    in_flight: int
    directory: str


def given_job() -> Job:
    """Return the job of the file that is the last word of the command line."""
    return cast("Job", json.loads(Path(sys.argv[-1]).read_bytes()))
