"""The configured upstreams, each with its credentials, its limits and its client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_purchase_orders.asking.appzen import AppZen, AppZenDialect
from tap_purchase_orders.asking.asker import Asker
from tap_purchase_orders.asking.budget import Budget
from tap_purchase_orders.asking.in_flight import InFlight
from tap_purchase_orders.asking.limiter import RateLimiter
from tap_purchase_orders.asking.partner_center import (
    PartnerCenter,
    PartnerCenterDialect,
)
from tap_purchase_orders.asking.stop import Stop
from tap_purchase_orders.asking.transport import Transport
from tap_purchase_orders.auth.registry import auth_method
from tap_purchase_orders.extraction.appzen import AppZenExtraction
from tap_purchase_orders.extraction.partner_center import PartnerCenterExtraction

if TYPE_CHECKING:
    from tap_purchase_orders.asking.outcome import Dialect
    from tap_purchase_orders.deciding.state import State
    from tap_purchase_orders.extraction.batch import Wanted
    from tap_purchase_orders.redaction import Secrets
    from tap_purchase_orders.settings.model import (
        AppZenSettings,
        PartnerCenterSettings,
        Settings,
    )

_MINUTE_SECONDS = 60.0
_SECOND_SECONDS = 1.0


def open_extractions(
    settings: Settings, wanted: Wanted, state: State, stop: Stop, secrets: Secrets
) -> list[PartnerCenterExtraction | AppZenExtraction]:
    """Return the extraction of each configured upstream; nothing is asked yet."""
    extractions: list[PartnerCenterExtraction | AppZenExtraction] = []
    # What ends the asking of one upstream, such as a used-up budget, is no end for the
    # other: each has a stop of its own.
    if (pc_section := settings.partner_center) is not None:
        own_stop = Stop(stop)
        budget = Budget(None, own_stop)
        extractions.append(
            PartnerCenterExtraction(
                settings,
                pc_section,
                partner_center(pc_section, budget, own_stop, secrets),
                state=state,
                wanted=wanted,
                budget=budget,
                stop=own_stop,
            )
        )
    if (az_section := settings.appzen) is not None:
        own_stop = Stop(stop)
        budget = Budget(az_section.max_requests_per_run, own_stop)
        extractions.append(
            AppZenExtraction(
                settings,
                az_section,
                appzen(az_section, budget, own_stop, secrets),
                state=state,
                wanted=wanted,
                budget=budget,
                stop=own_stop,
            )
        )
    return extractions


def partner_center(
    section: PartnerCenterSettings, budget: Budget, stop: Stop, secrets: Secrets
) -> PartnerCenter:
    """Return what asks Partner Center."""
    limit = section.max_requests_per_minute
    return PartnerCenter(
        section,
        _asker(PartnerCenterDialect(), section, budget, stop, secrets),
        lambda: RateLimiter(limit, _MINUTE_SECONDS, stop),
    )


def appzen(
    section: AppZenSettings, budget: Budget, stop: Stop, secrets: Secrets
) -> AppZen:
    """Return what asks AppZen."""
    limiter = RateLimiter(section.max_requests_per_second, _SECOND_SECONDS, stop)
    asker = _asker(AppZenDialect(), section, budget, stop, secrets)
    return AppZen(section, asker, limiter, budget)


def _asker(
    dialect: Dialect,
    section: PartnerCenterSettings | AppZenSettings,
    budget: Budget,
    stop: Stop,
    secrets: Secrets,
) -> Asker:
    auth = auth_method(dialect.section, section.auth)(section.auth)
    if (hide_secrets := getattr(auth, "hide_secrets", None)) is not None:
        hide_secrets(secrets.add)
    return Asker(
        dialect,
        Transport(auth, section.api_url, secrets, stop),
        auth,
        max_tries=section.max_tries,
        in_flight=InFlight(section.max_concurrency, stop),
        budget=budget,
        secrets=secrets,
        stop=stop,
    )
