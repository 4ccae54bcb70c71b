"""The sandbox's throw-away certificate authority and its server certificate."""

from __future__ import annotations

import ssl
from typing import NamedTuple

import trustme

_NAMES = ("localhost", "127.0.0.1", "::1")


class Certificates(NamedTuple):
    """What TLS needs; the keys exist in this process only and are gone with it.

    Attributes:
        context: For the server.
        authority_pem: The authority's certificate, for clients.
    """

    context: ssl.SSLContext
    authority_pem: bytes


def make_certificates(host: str) -> Certificates:
    """Return new certificates for the loopback names and one more.

    Args:
        host: The address listened on.
    """
    authority = trustme.CA(organization_name="purchase-orders-sandbox")
    certificate = authority.issue_cert(*dict.fromkeys((*_NAMES, host)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    certificate.configure_cert(context)
    return Certificates(context, authority.cert_pem.bytes())
