"""Whether each configured upstream can be used, by one cheap read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_purchase_orders.asking.answer import Answer, Failure
from tap_purchase_orders.asking.budget import Budget
from tap_purchase_orders.asking.stop import Stop
from tap_purchase_orders.deciding.state import State
from tap_purchase_orders.errors import UpstreamRefusedError
from tap_purchase_orders.extraction.numbers import Numbers
from tap_purchase_orders.extraction.upstreams import appzen, partner_center

if TYPE_CHECKING:
    from tap_purchase_orders.redaction import Secrets
    from tap_purchase_orders.settings.model import (
        AppZenSettings,
        PartnerCenterSettings,
        Settings,
    )

# Somebody waits for the result: no long series of repeats.
_MOST_TRIES = 2
# Asked for where the settings give no number: "not found" is a good sign, too.
_ANY_NUMBER = "connection-test"


@dataclass(frozen=True, slots=True)
class ConnectionCheck:
    """What came of trying one upstream."""

    works: bool
    message: str


def check_connections(settings: Settings, secrets: Secrets) -> list[ConnectionCheck]:
    """Return the outcome of one cheap read of each configured upstream."""
    checks = []
    if settings.partner_center is not None:
        checks.append(_check_partner_center(settings.partner_center, secrets))
    if settings.appzen is not None:
        checks.append(_check_appzen(settings, settings.appzen, secrets))
    return checks


def _check_partner_center(
    section: PartnerCenterSettings, secrets: Secrets
) -> ConnectionCheck:
    section = replace(section, max_tries=min(_MOST_TRIES, section.max_tries))
    client = partner_center(replace(section, page_size=1), Stop(), secrets)
    try:
        if section.customer_ids:
            outcome = client.customer(section.customer_ids[0])
            what = "a customer"
        else:
            outcome = next(client.customer_pages())
            what = "a page of customers"
    except UpstreamRefusedError as error:
        return ConnectionCheck(works=False, message=str(error))
    if isinstance(outcome, Answer):
        return ConnectionCheck(
            works=True, message=f"Partner Center works: signed in and read {what}"
        )
    setting = "customer_ids" if section.customer_ids else "api_url"
    return _failed("Partner Center", outcome, f"partner_center.{setting}")


def _check_appzen(
    settings: Settings, section: AppZenSettings, secrets: Secrets
) -> ConnectionCheck:
    section = replace(section, max_tries=min(_MOST_TRIES, section.max_tries))
    try:
        stop = Stop()
        client = appzen(section, Budget(None, stop), stop, secrets)
        numbers = Numbers(settings, section, client, state=State({}), stop=stop)
        first = numbers.first() or _ANY_NUMBER
        outcome = client.purchase_order(first)
    except UpstreamRefusedError as error:
        return ConnectionCheck(works=False, message=str(error))
    if isinstance(outcome, Answer):
        return ConnectionCheck(
            works=True, message="AppZen works: the key is good, read a purchase order"
        )
    if outcome.kind == "not_found":
        return ConnectionCheck(
            works=True,
            message=(
                f"AppZen answers, but does not know purchase order {first!r}; if that "
                f"is wrong, check `appzen.api_url` and `appzen.auth.customer_id`"
            ),
        )
    return _failed("AppZen", outcome, "appzen.api_url")


def _failed(name: str, failure: Failure, setting: str) -> ConnectionCheck:
    return ConnectionCheck(
        works=False,
        message=f"{name} does not work: {failure.message}; check `{setting}`",
    )
