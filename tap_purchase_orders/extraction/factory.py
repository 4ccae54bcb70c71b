"""Builds the client and the extraction of each configured upstream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_purchase_orders.auth.registry import auth_method
from tap_purchase_orders.clients.appzen import AppZen, AppZenProfile
from tap_purchase_orders.clients.partner_center import (
    PartnerCenter,
    PartnerCenterProfile,
)
from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.extraction.appzen import AppZenExtraction
from tap_purchase_orders.extraction.partner_center import PartnerCenterExtraction
from tap_purchase_orders.http.api_client import ApiClient
from tap_purchase_orders.http.budget import Budget
from tap_purchase_orders.http.concurrency_limit import ConcurrencyLimiter
from tap_purchase_orders.http.health import Health, TimedAuth
from tap_purchase_orders.http.rate_limit import RateLimiter
from tap_purchase_orders.http.session import TapSession
from tap_purchase_orders.http.transport import Transport

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
    """Return the extraction of each configured upstream; nothing is asked yet."""
    extractions: list[PartnerCenterExtraction | AppZenExtraction] = []
    # What ends the asking of one upstream, such as a used-up budget, is no end for the
    # other: each has a stop of its own.
    if (pc_section := settings.partner_center) is not None:
        own_token = CancelToken(cancel_token)
        budget = Budget(None, own_token)
        extractions.append(
            PartnerCenterExtraction(
                settings,
                pc_section,
                partner_center(pc_section, budget, own_token, secrets),
                state=state,
                selection=selection,
                budget=budget,
                cancel_token=own_token,
            )
        )
    if (az_section := settings.appzen) is not None:
        own_token = CancelToken(cancel_token)
        budget = Budget(az_section.max_requests_per_run, own_token)
        extractions.append(
            AppZenExtraction(
                settings,
                az_section,
                appzen(az_section, budget, own_token, secrets),
                state=state,
                selection=selection,
                budget=budget,
                cancel_token=own_token,
            )
        )
    return extractions


def partner_center(
    section: PartnerCenterSettings,
    budget: Budget,
    cancel_token: CancelToken,
    secrets: Secrets,
) -> PartnerCenter:
    """Return what asks Partner Center."""
    limit = section.max_requests_per_minute
    return PartnerCenter(
        section,
        _api_client(
            PartnerCenterProfile(section.audience),
            section,
            budget,
            cancel_token,
            secrets,
        ),
        lambda: RateLimiter(limit, _MINUTE_SECONDS, cancel_token),
    )


def appzen(
    section: AppZenSettings, budget: Budget, cancel_token: CancelToken, secrets: Secrets
) -> AppZen:
    """Return what asks AppZen."""
    limiter = RateLimiter(
        section.max_requests_per_second, _SECOND_SECONDS, cancel_token
    )
    api_client = _api_client(AppZenProfile(), section, budget, cancel_token, secrets)
    return AppZen(section, api_client, limiter, budget)


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
