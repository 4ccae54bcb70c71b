"""A token authority and a throw-away certificate for the local upstream."""

from __future__ import annotations

import base64
import functools
import json
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import jwt
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    load_pem_private_key,
    pkcs12,
)
from requests import Request

from tests.tap.upstream import Reply, json_reply
from tests.tap.worlds import SECRETS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from requests.auth import AuthBase

    from tests.tap.upstream import Asked, Upstream

CERTIFICATE_PASSWORD = "planted-certificate-password-0c4b2e"
CLIENT = "client-1"
_DAY_SECONDS = 24 * 60 * 60
TENANT = "1f2e3d4c-0000-4000-8000-000000000001"
DISCOVERY_PATH = f"/{TENANT}/v2.0/.well-known/openid-configuration"
TOKEN_PATH = f"/{TENANT}/oauth2/v2.0/token"


@functools.cache
def authority() -> trustme.CA:
    """Return a certificate authority that lives as long as the tests."""
    return trustme.CA()


def certificate() -> trustme.LeafCert:
    """Return a certificate for this machine."""
    return authority().issue_cert("127.0.0.1", "localhost")


def trusting(folder: Path) -> dict[str, str]:
    """Return the variables with which the tap trusts the certificate.

    Args:
        folder: Where the authority's own certificate is put.
    """
    path = folder / "ca.pem"
    if not path.exists():
        authority().cert_pem.write_to_path(str(path))
    return {"REQUESTS_CA_BUNDLE": str(path)}


def app_only(upstream: Upstream, **more: str) -> dict[str, Any]:
    """Return an `auth` section that gets its tokens from the upstream itself."""
    return {
        "method": "client_secret",
        "authority": upstream.url,
        "tenant_id": TENANT,
        "client_id": CLIENT,
        "client_secret": SECRETS["client_secret"],
        **more,
    }


def by_certificate(upstream: Upstream, path: Path, **more: str) -> dict[str, Any]:
    """Return an `auth` section whose proof is a certificate."""
    section = app_only(upstream, method="certificate", certificate_path=str(path))
    del section["client_secret"]
    return {**section, **more}


def by_user(upstream: Upstream, refresh_token: str, **more: str) -> dict[str, Any]:
    """Return an `auth` section that has a user's refresh token."""
    return app_only(
        upstream, method="refresh_token", refresh_token=refresh_token, **more
    )


@functools.cache
def application(name: str = "application.example") -> trustme.LeafCert:
    """Return a certificate by which an application proves itself, and its key."""
    return authority().issue_cert(name, key_type=trustme.KeyType.RSA)


def application_certificate(leaf: trustme.LeafCert) -> x509.Certificate:
    """Return the certificate itself."""
    return x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())


def pem_file(leaf: trustme.LeafCert, folder: Path) -> Path:
    """Return a new PEM file with an application's key and certificate."""
    path = folder / "application.pem"
    leaf.private_key_and_cert_chain_pem.write_to_path(str(path))
    path.chmod(0o600)
    return path


def pfx_file(leaf: trustme.LeafCert, folder: Path) -> Path:
    """Return a new PFX file with the same, behind `CERTIFICATE_PASSWORD`."""
    path = folder / "application.pfx"
    key = load_pem_private_key(leaf.private_key_pem.bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            None,
            key,
            application_certificate(leaf),
            None,
            BestAvailableEncryption(CERTIFICATE_PASSWORD.encode()),
        )
    )
    path.chmod(0o600)
    return path


def form_of(asked: Asked) -> dict[str, str]:
    """Return the form that was sent."""
    return dict(parse_qsl(asked.body.decode()))


def if_proven(
    upstream: Upstream, leaf: trustme.LeafCert, answer: Reply | Callable[[Asked], Reply]
) -> Callable[[Asked], Reply]:
    """Return answers for an application that proves itself by a certificate.

    Source: Microsoft identity platform, *Certificate credentials*: the assertion is
    signed with PS256, its header names the certificate by `x5t#S256`, and its claims
    are `aud`, `exp`, `iss`, `jti`, `nbf` or `iat`, and `sub`.
    """
    own = application_certificate(leaf)
    thumbprint = base64.urlsafe_b64encode(own.fingerprint(SHA256())).decode()
    key = own.public_key()
    assert isinstance(key, RSAPublicKey)
    whole = base64.b64encode(own.public_bytes(Encoding.DER)).decode()

    def reply(asked: Asked) -> Reply:
        form = form_of(asked)
        assertion = form.get("client_assertion", "")
        try:
            header = jwt.get_unverified_header(assertion)
            claims = jwt.decode(
                assertion,
                key,
                algorithms=["PS256"],
                audience=f"{upstream.url}{TOKEN_PATH}",
                issuer=CLIENT,
                options={"require": ["aud", "exp", "iat", "iss", "jti", "sub"]},
            )
        except jwt.InvalidTokenError:
            return token_refusal("invalid_client", 700027, 401)
        assert header["x5t#S256"].rstrip("=") == thumbprint.rstrip("=")
        assert "".join(header["x5c"][0].split()) == whole
        assert claims["sub"] == form["client_id"] == CLIENT
        assert "client_secret" not in form
        return answer if isinstance(answer, Reply) else answer(asked)

    return reply


def keep(path: Path, token: str, days: float = 1) -> Path:
    """Put a refresh token of a certain age into a file."""
    moment = time.strftime(
        "%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days * _DAY_SECONDS)
    )
    path.write_text(json.dumps({"refresh_token": token, "obtained_at": moment}))
    return path


def kept(path: Path) -> str:
    """Return the refresh token of a file."""
    token: str = json.loads(path.read_text())["refresh_token"]
    return token


class RefreshTokens:
    """Redeems each refresh token once, for an access token and a successor.

    Args:
        first: The one that the user's consent brought.

    Attributes:
        newest: The only one that is good.
        sent: All that were sent, in their order.
    """

    def __init__(self, first: str) -> None:
        self._lock = threading.Lock()
        self._first = first
        self.newest = first
        self.sent: list[str] = []

    def __call__(self, asked: Asked) -> Reply:
        """Return the answer to a request."""
        with self._lock:
            token = form_of(asked)["refresh_token"]
            self.sent.append(token)
            if token != self.newest:
                return token_refusal("invalid_grant", 70000)
            count = len(self.sent)
            self.newest = f"{self._first}-{count}"
            return token_reply(f"access-{count}", refresh_token=self.newest)


def signed(auth: AuthBase) -> str:
    """Return the token with which a request is signed."""
    request = auth(Request("GET", "https://api.example/v1/customers").prepare())
    return request.headers["Authorization"].removeprefix("Bearer ")


def signed_anew(auth: AuthBase) -> str:
    """Return the token with which a request is signed after the last was refused."""
    renew: Callable[[Any], None] = getattr(auth, "renew")  # noqa: B009  # not of all
    renew(auth(Request("GET", "https://api.example/v1/customers").prepare()))
    return signed(auth)


def serve_tokens(
    upstream: Upstream,
    *answers: Reply | Callable[[Asked], Reply],
    endpoint: str = "",
) -> None:
    """Answer as a token authority.

    Args:
        upstream: Who answers.
        answers: What is answered to requests for a token.
        endpoint: Where tokens are to be asked for; by default here.
    """
    base = f"{upstream.url}/{TENANT}"
    document = {
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": endpoint or f"{upstream.url}{TOKEN_PATH}",
    }
    upstream.answer(DISCOVERY_PATH, json_reply(document))
    upstream.answer(TOKEN_PATH, *answers)


def token_reply(token: str, **more: Any) -> Reply:
    """Return a good answer of the token endpoint."""
    body = {"token_type": "Bearer", "expires_in": 3600, "access_token": token, **more}
    return json_reply(body)


def token_refusal(error: str, code: int, status: int = 400, text: str = "No") -> Reply:
    """Return a refusal of the token endpoint."""
    body = {
        "error": error,
        "error_description": f"AADSTS{code}: {text}",
        "error_codes": [code],
        "timestamp": "2026-01-01 00:00:00Z",
        "trace_id": "trace-1",
        "correlation_id": "correlation-1",
    }
    return json_reply(body, status)
