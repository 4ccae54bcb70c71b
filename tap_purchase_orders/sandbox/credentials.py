"""The credentials that the sandbox accepts, derived from the seed."""

from __future__ import annotations

from dataclasses import dataclass

from tap_purchase_orders.sandbox.seeded_random import Draws


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a caller must know.

    They follow from the seed, so that settings stay good when the sandbox is started
    again on the same port. They open nothing but the sandbox.
    """

    tenant_id: str
    client_id: str
    client_secret: str
    api_key: str
    customer_id: str
    customer_key: str
    certificate_password: str
    identity_header: str


def credentials_of(seed: int) -> Credentials:
    """Return the credentials of a seed."""
    draws = Draws(seed, "credentials")
    return Credentials(
        tenant_id=draws.guid(),
        client_id=draws.guid(),
        client_secret="sandbox~" + draws.url_safe(32),
        api_key="sandbox-key-" + draws.url_safe(28),
        customer_id=str(draws.between(10000, 99999)),
        customer_key="sandbox-customer-key-" + draws.url_safe(20),
        certificate_password="sandbox-password-" + draws.url_safe(20),
        identity_header="sandbox-identity-" + draws.url_safe(20),
    )
