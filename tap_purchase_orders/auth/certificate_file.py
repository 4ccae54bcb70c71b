"""Reads an application's certificate and its key from one PEM or PFX file."""

from __future__ import annotations

import datetime as dt
import logging
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import (
    load_key_and_certificates,
)

from tap_purchase_orders.auth.authority import AUTH
from tap_purchase_orders.auth.identity_platform import ClientCredential
from tap_purchase_orders.auth.small_file import UnusableFileError, read_small_file
from tap_purchase_orders.errors import SignInError
from tap_purchase_orders.urls import is_encodable

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATH, _PASSWORD = "certificate_path", "certificate_password"  # names

_PEM_BLOCK = re.compile(
    rb"-----BEGIN (?P<label>[A-Z0-9 ]+)-----.*?-----END (?P=label)-----", re.DOTALL
)
# A sequence that begins with the version 3 (RFC 7292, section 4).
_PFX = re.compile(
    rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...|\x84....)\x02\x01\x03", re.DOTALL
)
_WARN_BEFORE = dt.timedelta(days=30)
_DAY = dt.timedelta(days=1)

logger = logging.getLogger(__name__)


class CertificateFileError(Exception):
    """The file cannot be used.

    Args:
        setting: The key of the `auth` section to look at.
        problem: What is wrong with it, to be put behind its name.
    """

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(f"`{AUTH}.{setting}` {problem}")
        self.setting = setting
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its key.

    Attributes:
        key: The key as PEM, not encrypted.
        certificate: The certificate as PEM.
        not_after: When it expires.
        is_exposed: Everyone on this machine can read the file.
    """

    key: str = field(repr=False)
    certificate: str = field(repr=False)
    not_after: dt.datetime
    is_exposed: bool


class CertificateFile:
    """The file that the settings name; vault agents put a new one in its place.

    Args:
        section: The `auth` section.
    """

    def __init__(self, section: Mapping[str, Any]) -> None:
        self._path: str = section[_PATH]
        self._password: str | None = section.get(_PASSWORD)
        self._last: Certificate | None = None

    def mistakes(self) -> list[tuple[str, str]]:
        """Return what is wrong with the file: the setting, and the problem."""
        try:
            read_certificate(self._path, self._password)
        except CertificateFileError as error:
            return [(error.setting, error.problem)]
        return []

    @property
    def credential(self) -> ClientCredential:
        """What the file is to a sign-in."""
        return ClientCredential(_PATH, self._for_msal)

    def _for_msal(self) -> dict[str, str]:
        """Return the certificate as MSAL takes it; the file is read anew.

        In this form MSAL signs with PS256, names the certificate by `x5t#S256`, and
        sends it along as `x5c`.

        Raises:
            SignInError: The file cannot be used.
        """
        try:
            certificate = read_certificate(self._path, self._password)
        except CertificateFileError as error:
            msg = f"Partner Center: {error}"
            raise SignInError(msg) from error
        if certificate != self._last:
            _warn(certificate)
            self._last = certificate
        return {
            "private_key": certificate.key,
            "public_certificate": certificate.certificate,
        }


def read_certificate(path: str, password: str | None) -> Certificate:
    """Return the certificate of a PEM or PFX file and the key that belongs to it.

    Args:
        path: The path of the file; its content decides what it is.
        password: What it may be encrypted with.

    Raises:
        CertificateFileError: It cannot be used, or not now.
    """
    content, mode = _content(path)
    # A key derivation knows no such passwords.
    if password is not None and ("\0" in password or not is_encodable(password)):
        raise _wrong_password()
    secret = None if password is None else password.encode()
    if _PFX.match(content):
        keys, certificates = _read_pfx(content, secret)
    elif b"-----BEGIN " in content:
        keys, certificates = _read_pem(content, secret)
    else:
        problem = "is neither PEM nor PFX (PKCS#12)"
        raise CertificateFileError(_PATH, problem)
    key, certificate = _pair(keys, certificates)
    _check_dates(certificate)
    return Certificate(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        certificate.public_bytes(Encoding.PEM).decode(),
        certificate.not_valid_after_utc,
        bool(mode & stat.S_IROTH),
    )


def _content(path: str) -> tuple[bytes, int]:
    """Return what is in the file, and its mode."""
    if "-----BEGIN" in path:
        problem = "must be the path of a file, not what is in it"
        raise CertificateFileError(_PATH, problem)
    try:
        return read_small_file(path)
    except UnusableFileError as error:
        raise CertificateFileError(_PATH, str(error)) from error


def _read_pfx(
    content: bytes, password: bytes | None
) -> tuple[list[Any], list[x509.Certificate]]:
    # Two spellings of no password, for a file that needs none.
    for candidate in dict.fromkeys((password, None, b"")):
        try:
            key, certificate, others = load_key_and_certificates(content, candidate)
        except ValueError:
            continue
        except UnsupportedAlgorithm as error:
            raise _unsupported_encryption() from error
        certificates = [*((certificate,) if certificate else ()), *others]
        return [key] if key else [], certificates
    raise _wrong_password() if password else _missing_password()


def _read_pem(
    content: bytes, password: bytes | None
) -> tuple[list[Any], list[x509.Certificate]]:
    keys: list[Any] = []
    certificates: list[x509.Certificate] = []
    for match in _PEM_BLOCK.finditer(content):
        label, block = match["label"], match[0]
        if label.endswith(b"PRIVATE KEY"):
            is_encrypted = label.startswith(b"ENCRYPTED") or b"4,ENCRYPTED" in block
            keys.append(_pem_key(block, password, is_encrypted=is_encrypted))
        elif label.endswith(b"CERTIFICATE"):
            try:
                certificates.append(x509.load_pem_x509_certificate(block))
            except ValueError as error:
                problem = "holds a certificate that cannot be read"
                raise CertificateFileError(_PATH, problem) from error
    return keys, certificates


def _pem_key(block: bytes, password: bytes | None, *, is_encrypted: bool) -> Any:
    if is_encrypted and password is None:
        raise _missing_password()
    try:
        return load_pem_private_key(block, password if is_encrypted else None)
    except UnsupportedAlgorithm as error:
        raise _unsupported_encryption() from error
    except (ValueError, TypeError) as error:
        if is_encrypted:
            raise _wrong_password() from error
        problem = "holds a private key that cannot be read"
        raise CertificateFileError(_PATH, problem) from error


def _pair(
    keys: list[Any], certificates: list[x509.Certificate]
) -> tuple[RSAPrivateKey, x509.Certificate]:
    """Return a key and the certificate made for it; of several, the last to expire."""
    if not keys:
        problem = "holds no private key"
        raise CertificateFileError(_PATH, problem)
    if not certificates:
        problem = "holds no certificate"
        raise CertificateFileError(_PATH, problem)
    rsa_keys = [key for key in keys if isinstance(key, RSAPrivateKey)]
    if not rsa_keys:
        problem = "holds a key that is not RSA: the identity platform takes no other"
        raise CertificateFileError(_PATH, problem)
    pairs = [
        (key, certificate)
        for key in rsa_keys
        for certificate in certificates
        if _public_key(certificate) == key.public_key()
    ]
    if not pairs:
        problem = "holds a private key that does not belong to the certificate"
        raise CertificateFileError(_PATH, problem)
    return max(pairs, key=lambda pair: pair[1].not_valid_after_utc)


def _public_key(certificate: x509.Certificate) -> Any:
    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        # One of the chain, with a key of a kind that does not matter here.
        return None


def _check_dates(certificate: x509.Certificate) -> None:
    now = dt.datetime.now(dt.UTC)
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if first <= now <= last:
        return
    state = f"expired on {_text(last)}"
    if now < first:
        state = f"is not valid before {_text(first)}"
    raise CertificateFileError(_PATH, f"holds a certificate that {state}")


def _text(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _warn(certificate: Certificate) -> None:
    left = certificate.not_after - dt.datetime.now(dt.UTC)
    if left < _WARN_BEFORE:
        logger.warning(
            "Partner Center: the certificate of `%s.%s` expires on %s, in %d days: "
            "make a new one and upload it to the app registration",
            AUTH,
            _PATH,
            _text(certificate.not_after),
            left // _DAY,
        )
    if certificate.is_exposed:
        logger.warning(
            "Partner Center: everyone on this machine can read the private key in the "
            "file of `%s.%s`: take the right away, as by `chmod o-r`",
            AUTH,
            _PATH,
        )


def _missing_password() -> CertificateFileError:
    return CertificateFileError(
        _PASSWORD, f"is missing: the file of `{AUTH}.{_PATH}` is encrypted, or damaged"
    )


def _wrong_password() -> CertificateFileError:
    return CertificateFileError(
        _PASSWORD, f"does not open the file of `{AUTH}.{_PATH}`, or that is damaged"
    )


def _unsupported_encryption() -> CertificateFileError:
    return CertificateFileError(
        _PATH, "is encrypted in a way that is not supported: export it with AES"
    )
