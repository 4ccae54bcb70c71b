"""Reads the activity log to find the customers that are worth a request."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING

from tap_purchase_orders.http.api_response import RequestFailure
from tap_purchase_orders.incremental.activity import ActivityRules
from tap_purchase_orders.incremental.read_schedule import DAY_SECONDS
from tap_purchase_orders.instants import instant_of
from tap_purchase_orders.records.activity import RESOURCES, latest_order_activity

if TYPE_CHECKING:
    from tap_purchase_orders.clients.partner_center import PartnerCenter
    from tap_purchase_orders.http.api_response import ApiResponse
    from tap_purchase_orders.instants import Instant

# The log holds 90 days and works in whole ones (*Get a record of Partner Center
# activity by user*); one more day is requested, since days overlap.
_LONGEST_DAYS = 88

logger = logging.getLogger(__name__)


def activity_rules(
    client: PartnerCenter,
    read_until: Instant | None,
    moment: Instant,
    full_read_days: int,
) -> ActivityRules | None:
    """Return the rules that pick the customers to read, none for all of them.

    Args:
        client: The client for Partner Center.
        read_until: Up to when earlier runs have read the log.
        moment: The present.
        full_read_days: Every customer is read at least this often.

    Raises:
        UpstreamRefusedError: The caller may read nothing at all.
    """
    if read_until is None:
        logger.info("Partner Center: nothing is known yet: reading every customer")
        return None
    if moment.second - read_until.second > _LONGEST_DAYS * DAY_SECONDS:
        logger.warning(
            "Partner Center: the activity log does not reach back to the last run: "
            "reading every customer"
        )
        return None
    day = dt.datetime.fromtimestamp(read_until.second, dt.UTC).date()
    pages: list[ApiResponse] = []
    for resource in RESOURCES:
        found = client.activity(resource, day - dt.timedelta(days=1))
        if isinstance(found, RequestFailure):
            logger.warning(
                "Partner Center: the activity log cannot be read (%s): reading every "
                "customer",
                found.message,
            )
            return None
        pages += found
    # The first response's: what came later may be missing there.
    as_of = instant_of(pages[0].as_of)
    items = (item for page in pages for item in page.body["items"])
    return ActivityRules(latest_order_activity(items, as_of), full_read_days, as_of)
