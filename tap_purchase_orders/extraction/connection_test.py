"""Tests each configured upstream with one cheap request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import Struct

from tap_purchase_orders.clients.partner_center import lacks_mfa
from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.errors import TapError
from tap_purchase_orders.extraction.factory import appzen, partner_center
from tap_purchase_orders.extraction.source_reader import SourceReader
from tap_purchase_orders.http.api_response import ApiResponse, RequestFailure
from tap_purchase_orders.http.error_messages import THE_PROXY
from tap_purchase_orders.urls import is_path_segment

if TYPE_CHECKING:
    from tap_purchase_orders.config import (
        AppZenSettings,
        PartnerCenterSettings,
        Settings,
    )
    from tap_purchase_orders.redaction import Secrets

# A person waits for the result: few tries.
_MOST_TRIES = 2
# Requested if the source gives no number: "not found" shows that the key works.
_ANY_NUMBER = "connection-test"
_MFA_WARNING = (
    "Partner Center says that the token lacks the multifactor claim "
    "(isMfaCompliant: false), and refuses such tokens where that is enforced: consent "
    "again with multifactor sign-in, and set `partner_center.auth` to what that gives"
)


class ConnectionResult(Struct, frozen=True):
    """The outcome of the test of one upstream.

    Attributes:
        works: Whether the upstream can be used.
        message: What was read, or which setting to check.
        warning: Why it may soon work no longer.
    """

    works: bool
    message: str
    warning: str | None = None


def try_connections(settings: Settings, secrets: Secrets) -> list[ConnectionResult]:
    """Return the outcome of one cheap read of each configured upstream."""
    checks = []
    if settings.partner_center is not None:
        checks.append(_check_partner_center(settings.partner_center, secrets))
    if settings.appzen is not None:
        checks.append(_check_appzen(settings.appzen, secrets))
    return checks


def _check_partner_center(
    section: PartnerCenterSettings, secrets: Secrets
) -> ConnectionResult:
    max_tries = min(_MOST_TRIES, section.max_tries)
    section = replace(section, max_tries=max_tries, page_size=1)
    client = partner_center(section, CancelToken(), secrets)
    try:
        if section.customer_ids:
            what, key = "a customer", "partner_center.customer_ids"
        else:
            what, key = "a page of customers", "partner_center.auth"
        outcome = client.connection_test(next(iter(section.customer_ids), None))
    except TapError as error:
        return _refused("Partner Center", error)
    if isinstance(outcome, RequestFailure):
        return _failed("Partner Center", outcome, "partner_center", key)
    return ConnectionResult(
        works=True,
        message=f"Partner Center works: signed in and read {what}",
        warning=_MFA_WARNING if lacks_mfa(outcome) else None,
    )


def _check_appzen(section: AppZenSettings, secrets: Secrets) -> ConnectionResult:
    max_tries = min(_MOST_TRIES, section.max_tries)
    section = replace(section, max_tries=max_tries, max_requests_per_run=None)
    try:
        client = appzen(section, CancelToken(), secrets)
        # One worker: a source needs few requests for one number.
        source = SourceReader(
            section.purchase_order_numbers,
            client,
            workers=1,
            cancel_token=client.cancel_token,
        )
        first = source.first_number()
        number = first if first and is_path_segment(first) else _ANY_NUMBER
        outcome = client.purchase_order(number)
    except TapError as error:
        return _refused("AppZen", error)
    if isinstance(outcome, RequestFailure) and outcome.kind != "not_found":
        return _failed("AppZen", outcome, "appzen", "appzen.purchase_order_numbers")
    if first is None and not (source.may_be_empty or source.follows_changes):
        # A run would fail.
        return _refused("AppZen", source.empty_error())
    if isinstance(outcome, ApiResponse):
        return ConnectionResult(
            works=True, message="AppZen works: the key is good, read a purchase order"
        )
    if outcome.error_code is None and outcome.correlation_id is None:
        # Both are in every response that AppZen's documents show.
        return ConnectionResult(
            works=False,
            message=(
                f"AppZen does not work: {outcome.message}: what answers there does not "
                f"seem to be AppZen; check `appzen.api_url`"
            ),
        )
    return ConnectionResult(
        works=True,
        message=(
            f"AppZen answers, but does not know purchase order {number!r}; if that "
            f"is wrong, check `appzen.api_url` and `appzen.auth.customer_id`"
        ),
    )


def _refused(name: str, error: TapError) -> ConnectionResult:
    """Return the outcome if the caller is refused everything; the error says why."""
    words = str(error).removeprefix(f"{name}: ")
    return ConnectionResult(works=False, message=f"{name} does not work: {words}")


def _failed(
    name: str, failure: RequestFailure, section: str, key: str
) -> ConnectionResult:
    """Return the outcome where one thing could not be read.

    Args:
        name: The upstream.
        failure: What happened.
        section: The upstream's section of the settings.
        key: The setting to check if the upstream refused.
    """
    status = failure.http_status or 0
    if failure.is_refusal:
        advice = f"; check `{key}`"
    elif THE_PROXY in failure.message:
        advice = ""
    elif failure.kind == "unavailable" and status:
        advice = f"; try again later, or check `{section}.api_url`"
    else:
        advice = f"; check `{section}.api_url`"
    return ConnectionResult(
        works=False, message=f"{name} does not work: {failure.message}{advice}"
    )
