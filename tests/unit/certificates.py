"""Certificates and keys as people have them in files."""

from __future__ import annotations

import datetime as dt
import functools
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization import KeySerializationEncryption

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

PASSWORD = "planted-certificate-password"
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DAY = dt.timedelta(days=1)


_rsa_key = functools.cache(
    lambda _: rsa.generate_private_key(public_exponent=65537, key_size=2048)
)


def key(name: str = "application") -> rsa.RSAPrivateKey:
    """Return a key: one and the same for a name."""
    return _rsa_key(name)


def curve_key() -> ec.EllipticCurvePrivateKey:
    """Return a key that is not RSA."""
    return ec.generate_private_key(ec.SECP256R1())


@functools.cache
def certificate(
    name: str = "application",
    first: dt.datetime = NOW - DAY,
    last: dt.datetime = NOW + 365 * DAY,
) -> x509.Certificate:
    """Return a self-signed certificate for the key of a name."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key(name).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        .not_valid_after(last)
        .sign(key(name), hashes.SHA256())
    )


def pem(certificate: x509.Certificate) -> bytes:
    """Return a certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM)


def key_pem(
    key: Key,
    form: PrivateFormat = PrivateFormat.PKCS8,
    password: str | None = None,
) -> bytes:
    """Return a key as PEM, encrypted if there is a password."""
    return key.private_bytes(Encoding.PEM, form, _encryption(password))


def pfx(
    key: Key | None,
    certificate: x509.Certificate | None,
    *chain: x509.Certificate,
    password: str | None = None,
) -> bytes:
    """Return a PFX file."""
    return pkcs12.serialize_key_and_certificates(
        b"name", key, certificate, chain or None, _encryption(password)
    )


def old_pfx(key: Key, certificate: x509.Certificate, password: str) -> bytes:
    """Return a PFX file as old programs make it."""
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(2000)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())  # noqa: S303  # what old programs do
        .build(password.encode())
    )
    return pkcs12.serialize_key_and_certificates(
        b"name", key, certificate, None, encryption
    )


def _encryption(password: str | None) -> KeySerializationEncryption:
    if password is None:
        return NoEncryption()
    return BestAvailableEncryption(password.encode())
