"""Builds each configured upstream's client and extraction from its own settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_purchase_orders.auth.registry import auth_method
from tap_purchase_orders.clients.appzen import AppZen, AppZenProfile
from tap_purchase_orders.clients.partner_center import PartnerCenter
from tap_purchase_orders.clients.partner_center_profile import PartnerCenterProfile
from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.extraction.appzen import (
    AppZenExtraction,
)
from tap_purchase_orders.extraction.customer_list import CustomerList
from tap_purchase_orders.extraction.customer_plan import CustomerPlan
from tap_purchase_orders.extraction.number_queue import NumberQueue
from tap_purchase_orders.extraction.orders import ORDER_STREAMS, CustomerOrders
from tap_purchase_orders.extraction.partner_center import PartnerCenterExtraction
from tap_purchase_orders.extraction.source_reader import SourceReader
from tap_purchase_orders.http.api_client import ApiClient
from tap_purchase_orders.http.budget import Budget
from tap_purchase_orders.http.concurrency_limit import ConcurrencyLimiter
from tap_purchase_orders.http.outage_detection import Health, TimedAuth
from tap_purchase_orders.http.rate_limit import RateLimiter
from tap_purchase_orders.http.session import TapSession
from tap_purchase_orders.http.transport import Transport
from tap_purchase_orders.incremental.change_detection import (
    STATUS_CHANGES,
    ChangeDetector,
)
from tap_purchase_orders.incremental.run_scope import Scope, customers_digest
from tap_purchase_orders.records.orders import OrderReader
from tap_purchase_orders.records.purchase_orders import PurchaseOrderReader

if TYPE_CHECKING:
    from tap_purchase_orders.config import (
        AppZenSettings,
        PartnerCenterSettings,
        Settings,
    )
    from tap_purchase_orders.extraction.batch import Selection
    from tap_purchase_orders.http.response_reader import ApiProfile
    from tap_purchase_orders.incremental.state import State
    from tap_purchase_orders.redaction import Secrets

_MINUTE_SECONDS = 60.0
_SECOND_SECONDS = 1.0


def open_extractions(
    settings: Settings,
    selection: Selection,
    state: State,
    cancel_token: CancelToken,
    secrets: Secrets,
) -> list[PartnerCenterExtraction | AppZenExtraction]:
    """Return the extraction of each configured upstream; no request is made yet."""
    extractions: list[PartnerCenterExtraction | AppZenExtraction] = []
    # Each upstream has a token of its own: what ends the requests to one, such as a
    # used-up budget, does not end those to the other.
    if (pc_section := settings.partner_center) is not None:
        pc_client = partner_center(pc_section, CancelToken(cancel_token), secrets)
        extractions.append(
            partner_center_extraction(settings, pc_section, pc_client, state, selection)
        )
    if (az_section := settings.appzen) is not None:
        az_client = appzen(az_section, CancelToken(cancel_token), secrets)
        extractions.append(
            appzen_extraction(settings, az_section, az_client, state, selection)
        )
    return extractions


def partner_center_extraction(
    settings: Settings,
    section: PartnerCenterSettings,
    client: PartnerCenter,
    state: State,
    selection: Selection,
) -> PartnerCenterExtraction:
    """Build the extraction of Partner Center from its section and common settings."""
    emits_everything = not selection.full_table.isdisjoint(ORDER_STREAMS)
    start_date = settings.start_date
    detector = ChangeDetector(
        start_date,
        section.lookback_days,
        everything=emits_everything,
        tells_steps=STATUS_CHANGES in selection,
        first_sequence=section.first_sequence,
    )
    reader = OrderReader(selection.deselected_fields, settings.decimal_type)
    orders = CustomerOrders(
        client,
        detector,
        reader,
        state,
        selection,
        keeps_last_read=section.change_detection == "activity_log",
    )
    scope = Scope(
        selection.fingerprints_of(ORDER_STREAMS),
        section.include_price,
        section.include_system_purchases,
        None if start_date is None else start_date.text,
        customers_digest(section.customer_ids),
    )
    return PartnerCenterExtraction(
        client,
        CustomerList(
            client,
            state,
            settings.shard,
            section.customer_ids,
            emits="customers" in selection,
        ),
        orders,
        CustomerPlan(section, client, state, scope, emits_everything=emits_everything),
        selection,
    )


def appzen_extraction(
    settings: Settings,
    section: AppZenSettings,
    client: AppZen,
    state: State,
    selection: Selection,
) -> AppZenExtraction:
    """Build the extraction of AppZen from its section and common settings."""
    source = SourceReader(
        section.purchase_order_numbers,
        client,
        workers=section.max_concurrency,
        cancel_token=client.cancel_token,
    )
    reader = PurchaseOrderReader(selection.deselected_fields, settings.decimal_type)
    numbers = NumberQueue(
        source,
        state,
        settings.shard,
        settings.start_date,
        # With a budget each run reads its part of them.
        reads_all=section.max_requests_per_run is None,
    )
    return AppZenExtraction(client, numbers, reader, state, selection)


def partner_center(
    section: PartnerCenterSettings, cancel_token: CancelToken, secrets: Secrets
) -> PartnerCenter:
    """Return a client for Partner Center."""
    limit = section.max_requests_per_minute
    budget = Budget(None, cancel_token)
    profile = PartnerCenterProfile(section.audience)
    return PartnerCenter(
        section,
        _api_client(profile, section, budget, cancel_token, secrets),
        lambda: RateLimiter(limit, _MINUTE_SECONDS, cancel_token),
    )


def appzen(
    section: AppZenSettings, cancel_token: CancelToken, secrets: Secrets
) -> AppZen:
    """Return a client for AppZen."""
    budget = Budget(section.max_requests_per_run, cancel_token)
    return AppZen(
        section,
        _api_client(AppZenProfile(), section, budget, cancel_token, secrets),
        RateLimiter(section.max_requests_per_second, _SECOND_SECONDS, cancel_token),
    )


def _api_client(
    profile: ApiProfile,
    section: PartnerCenterSettings | AppZenSettings,
    budget: Budget,
    cancel_token: CancelToken,
    secrets: Secrets,
) -> ApiClient:
    auth = auth_method(profile.section, section.auth)(section.auth)
    if (hide_secrets := getattr(auth, "hide_secrets", None)) is not None:
        hide_secrets(secrets.add)
    if (use_session := getattr(auth, "use_session", None)) is not None:
        use_session(TapSession(cancel_token, secrets))
    health = Health(profile.name, profile.section, cancel_token)
    return ApiClient(
        profile,
        Transport(TimedAuth(auth, health), section.api_url, secrets, cancel_token),
        max_tries=section.max_tries,
        concurrency_limiter=ConcurrencyLimiter(section.max_concurrency, cancel_token),
        budget=budget,
        health=health,
        secrets=secrets,
        cancel_token=cancel_token,
    )
