"""The customers to read: those of the settings, or all pages of the list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_purchase_orders.clients.pagination import links_further
from tap_purchase_orders.extraction.batch import Batch, failure_issue
from tap_purchase_orders.http.api_response import RequestFailure
from tap_purchase_orders.records.customers import STREAM, UPSTREAM, CustomerReader
from tap_purchase_orders.records.issues import Issue
from tap_purchase_orders.urls import as_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_purchase_orders.clients.partner_center import PartnerCenter
    from tap_purchase_orders.config import Shard
    from tap_purchase_orders.http.api_response import ApiResponse
    from tap_purchase_orders.incremental.state import State

# So many customers of other shards are kept, to test whether any can be read.
_MOST_OTHERS = 5


class CustomerList:
    """Reads the customers of a partner, each once, under one spelling of its id.

    Args:
        client: The client for Partner Center.
        state: Knows in which spelling the rows of a customer have its id.
        shard: The share of the customers to take.
        given_ids: The customers of the settings; none for all customers.
        emits: The stream `customers` is selected.

    Attributes:
        count: How many customers were taken.
        others: Some customers of other shards.
        is_complete: Whether the last page of the list was taken.
        failure: Why a page could not be read, if one could not.
    """

    def __init__(
        self,
        client: PartnerCenter,
        state: State,
        shard: Shard,
        given_ids: Sequence[str],
        *,
        emits: bool,
    ) -> None:
        self._client = client
        self._state = state
        self._shard = shard
        self._given_ids = given_ids
        self._emits = emits
        self._reader = CustomerReader()
        # The list may change while it is paged through; no customer is read twice.
        self._seen: set[str] = set()
        self._listed = 0
        self._announced = 0
        self.count = 0
        self.is_complete = False
        self.others: list[str] = []
        self.failure: RequestFailure | None = None

    @property
    def are_given(self) -> bool:
        """Whether the settings name the customers."""
        return bool(self._given_ids)

    def take_given(self) -> list[str]:
        """Return the ids of the customers of the settings, those of the shard."""
        return list(filter(None, map(self._take, self._given_ids)))

    def _take(self, customer_id: str) -> str | None:
        """Return the id of a customer as its rows have it.

        None if it was read before, or is another shard's.
        """
        key = customer_id.lower()
        if key == customer_id:
            # The text that is kept with the customer anyway.
            key = customer_id
        if key in self._seen:
            return None
        self._seen.add(key)
        if self._shard.takes(as_key(customer_id)):
            self.count += 1
            return self._state.known_as(customer_id)
        if len(self.others) < _MOST_OTHERS:
            self.others.append(customer_id)
        return None

    def page(self, page: ApiResponse | RequestFailure) -> tuple[Batch, list[str]]:
        """Return the batch of a page of customers, and the ids of those to read."""
        batch = Batch(page.received_at)
        if isinstance(page, RequestFailure):
            self.failure = page
            batch.issues.append(failure_issue(UPSTREAM, STREAM, None, page))
            return batch, []
        customer_ids = []
        items = page.body["items"]
        self._listed += len(items)
        self._announced = max(self._announced, _count_of(page.body))
        for raw in items:
            key = self._reader.key(raw, page.received_at)
            if isinstance(key, Issue):
                batch.issues.append(key)
            elif (customer_id := self._take(key)) is not None:
                if self._emits:
                    self._add(batch, raw, customer_id)
                customer_ids.append(customer_id)
        self.is_complete = not links_further(page.body)
        return batch, customer_ids

    def given(self, customer_id: str, *, is_key: bool) -> Batch:
        """Return the batch of a customer, read by its id.

        Args:
            customer_id: The customer.
            is_key: Nothing else of the customer is read, so this counts as its reading.
        """
        outcome = self._client.customer(customer_id)
        batch = Batch(outcome.received_at, key_was_refused=False if is_key else None)
        if isinstance(outcome, RequestFailure):
            if is_key:
                batch.key_was_refused = outcome.is_refusal
            issue = failure_issue(UPSTREAM, STREAM, customer_id, outcome)
            batch.issues.append(issue)
            return batch
        key = self._reader.key(outcome.body, outcome.received_at)
        if isinstance(key, Issue):
            batch.issues.append(key)
        elif self._emits:
            is_same = key.lower() == customer_id.lower()
            self._add(batch, outcome.body, customer_id if is_same else key)
        return batch

    @property
    def shortfall(self) -> str | None:
        """A warning if fewer customers were listed than announced."""
        if self.failure is not None or self._listed >= self._announced:
            return None
        return (
            f"Partner Center: the list has {self._listed} customers, and says that "
            f"there are {self._announced} (`totalCount`): some may be missing"
        )

    def _add(self, batch: Batch, raw: Any, customer_id: str) -> None:
        customer = self._reader.read(raw, customer_id, batch.received_at)
        batch.rows.append((STREAM, customer.record))
        batch.note(customer.issues, customer.unknown)


def _count_of(body: Any) -> int:
    count = body.get("totalCount")
    return count if isinstance(count, int) and not isinstance(count, bool) else 0
