"""The configured upstreams, each with its credentials, its limits and its client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_purchase_orders.asking.appzen import AppZen, AppZenDialect
from tap_purchase_orders.asking.asker import Asker
from tap_purchase_orders.asking.limiter import RateLimiter
from tap_purchase_orders.asking.partner_center import (
    PartnerCenter,
    PartnerCenterDialect,
)
from tap_purchase_orders.asking.transport import Transport
from tap_purchase_orders.auth.registry import auth_method
from tap_purchase_orders.extraction.appzen import AppZenExtraction
from tap_purchase_orders.extraction.partner_center import PartnerCenterExtraction

if TYPE_CHECKING:
    from tap_purchase_orders.asking.outcome import Dialect
    from tap_purchase_orders.asking.stop import Stop
    from tap_purchase_orders.deciding.state import State
    from tap_purchase_orders.extraction.batch import Wanted
    from tap_purchase_orders.settings.model import (
        AppZenSettings,
        PartnerCenterSettings,
        Settings,
    )

_MINUTE_SECONDS = 60.0
_SECOND_SECONDS = 1.0


def open_extractions(
    settings: Settings, wanted: Wanted, state: State, stop: Stop
) -> list[PartnerCenterExtraction | AppZenExtraction]:
    """Return the extraction of each configured upstream; nothing is asked yet."""
    extractions: list[PartnerCenterExtraction | AppZenExtraction] = []
    if settings.partner_center is not None:
        client = partner_center(settings.partner_center, stop)
        extractions.append(
            PartnerCenterExtraction(settings, client, state, wanted, stop)
        )
    if settings.appzen is not None:
        extractions.append(
            AppZenExtraction(settings, appzen(settings.appzen, stop), wanted, stop)
        )
    return extractions


def partner_center(section: PartnerCenterSettings, stop: Stop) -> PartnerCenter:
    """Return what asks Partner Center."""
    limit = section.max_requests_per_minute
    return PartnerCenter(
        section,
        _asker(PartnerCenterDialect(), section, stop),
        lambda: RateLimiter(limit, _MINUTE_SECONDS, stop),
    )


def appzen(section: AppZenSettings, stop: Stop) -> AppZen:
    """Return what asks AppZen."""
    limiter = RateLimiter(section.max_requests_per_second, _SECOND_SECONDS, stop)
    return AppZen(section, _asker(AppZenDialect(), section, stop), limiter)


def _asker(
    dialect: Dialect, section: PartnerCenterSettings | AppZenSettings, stop: Stop
) -> Asker:
    auth = auth_method(dialect.section, section.auth)(section.auth)
    # The thread that takes the pages of a list asks too, beside the workers.
    connections = section.max_concurrency + 1
    transport = Transport(auth, section.api_url, connections)
    return Asker(dialect, transport, auth, section.max_tries, stop)
