"""The certificates registered for the application.

*Certificate credentials* of the Microsoft identity platform: an application may have
several, and an assertion names the one that it is signed with.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from tap_purchase_orders.sandbox.private_files import write_private

if TYPE_CHECKING:
    from pathlib import Path

_NAME = b"purchase-orders-sandbox"


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Where the certificates are, each file with its key.

    Attributes:
        pem: PEM.
        encrypted_pem: PEM, the key encrypted with the password.
        pfx: PKCS #12 without a password.
        encrypted_pfx: PKCS #12 with the password.
        expired_pem: PEM of the certificate that is not good any more.
    """

    pem: Path
    encrypted_pem: Path
    pfx: Path
    encrypted_pfx: Path
    expired_pem: Path


class ApplicationCertificates:
    """A certificate that is good, and one that has expired; both of the same key.

    They are made anew by each process. Their dates are real time, not the world's:
    whoever signs with them looks at its own clock.
    """

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._good = self._certificate(timedelta(days=365))
        self._expired = self._certificate(timedelta(days=-1))
        self._registered = {
            thumbprint: certificate
            for certificate in (self._good, self._expired)
            for thumbprint in _thumbprints(
                certificate.public_bytes(Encoding.DER)
            ).items()
        }

    @property
    def public_key(self) -> rsa.RSAPublicKey:
        """The key of both."""
        return self._key.public_key()

    def named_in(self, header: dict[str, Any]) -> x509.Certificate | None:
        """Return the registered certificate that an assertion's header names.

        Args:
            header: May have `x5t#S256`, `x5t` or `x5c`; the first of them decides.
        """
        for name in ("x5t#S256", "x5t"):
            if name in header:
                # Some clients pad the thumbprint.
                thumbprint = str(header[name]).rstrip("=")
                return self._registered.get((name, thumbprint))
        try:
            leaf = b64decode(header["x5c"][0])
        except (KeyError, IndexError, TypeError, Base64Error, ValueError):
            return None
        return self._registered.get(("x5t#S256", _thumbprints(leaf)["x5t#S256"]))

    def write(self, directory: Path, password: str) -> CertificateFiles:
        """Write the certificates, each with its key, for their owner only.

        Args:
            directory: Where to.
            password: Of the encrypted ones.
        """
        files = CertificateFiles(
            pem=directory / "certificate.pem",
            encrypted_pem=directory / "certificate-with-password.pem",
            pfx=directory / "certificate.pfx",
            encrypted_pfx=directory / "certificate-with-password.pfx",
            expired_pem=directory / "certificate-expired.pem",
        )
        plain = NoEncryption()
        encrypted = BestAvailableEncryption(password.encode())
        write_private(files.pem, self._pem(self._good, plain))
        write_private(files.encrypted_pem, self._pem(self._good, encrypted))
        write_private(files.pfx, self._pfx(plain))
        write_private(files.encrypted_pfx, self._pfx(encrypted))
        write_private(files.expired_pem, self._pem(self._expired, plain))
        return files

    def _certificate(self, good_for: timedelta) -> x509.Certificate:
        now = datetime.now(UTC).replace(microsecond=0)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _NAME.decode())])
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=30))
            .not_valid_after(now + good_for)
            .sign(self._key, hashes.SHA256())
        )

    def _pem(
        self, certificate: x509.Certificate, encryption: KeySerializationEncryption
    ) -> bytes:
        key = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        return key + certificate.public_bytes(Encoding.PEM)

    def _pfx(self, encryption: KeySerializationEncryption) -> bytes:
        return pkcs12.serialize_key_and_certificates(
            _NAME, self._key, self._good, None, encryption
        )


def _thumbprints(encoded: bytes) -> dict[str, str]:
    """Return a certificate's thumbprints by the names they have in a header."""
    digests = {
        "x5t#S256": hashlib.sha256(encoded),
        "x5t": hashlib.sha1(encoded, usedforsecurity=False),
    }
    return {
        name: urlsafe_b64encode(digest.digest()).decode().rstrip("=")
        for name, digest in digests.items()
    }
