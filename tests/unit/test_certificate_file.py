from __future__ import annotations

import datetime as dt
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tap_purchase_orders.auth.certificate_file import (
    CertificateFile,
    CertificateFileError,
    read_certificate,
)
from tap_purchase_orders.errors import SignInError
from tests.unit.certificates import (
    DAY,
    NOW,
    PASSWORD,
    certificate,
    curve_key,
    key,
    key_pem,
    old_pfx,
    pem,
    pfx,
)
from tests.unit.configs import mistakes, partner_center

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PKCS1 = PrivateFormat.TraditionalOpenSSL
KEY, CERTIFICATE = key_pem(key()), pem(certificate())
ISSUER = certificate("issuer")
SOON, LATER = NOW + 10 * DAY, NOW + 40 * DAY
BAG = b"Bag Attributes\n    localKeyID: 01 02 03\nKey Attributes: <No Attributes>\n"

# Content, and the password that is given.
GOOD: dict[str, tuple[bytes, str | None]] = {
    "pem": (KEY + CERTIFICATE, None),
    "pem, certificate first": (CERTIFICATE + KEY, None),
    "pem, pkcs1": (key_pem(key(), PKCS1) + CERTIFICATE, None),
    "pem, encrypted": (
        key_pem(key(), password=PASSWORD) + CERTIFICATE,
        PASSWORD,
    ),
    "pem, pkcs1, encrypted": (
        CERTIFICATE + key_pem(key(), PKCS1, PASSWORD),
        PASSWORD,
    ),
    "pem, needless password": (KEY + CERTIFICATE, PASSWORD),
    "pem, chain behind": (KEY + CERTIFICATE + pem(ISSUER), None),
    "pem, chain before": (pem(ISSUER) + CERTIFICATE + KEY, None),
    "pem, with attributes": (BAG + CERTIFICATE + BAG + KEY, None),
    "pem, windows": ((KEY + CERTIFICATE).replace(b"\n", b"\r\n"), None),
    "pem, byte order mark": (b"\xef\xbb\xbf" + KEY + CERTIFICATE, None),
    "pfx": (pfx(key(), certificate()), None),
    "pfx, encrypted": (pfx(key(), certificate(), password=PASSWORD), PASSWORD),
    "pfx, old": (old_pfx(key(), certificate(), PASSWORD), PASSWORD),
    "pfx, needless password": (pfx(key(), certificate()), PASSWORD),
    "pfx, chain": (pfx(key(), certificate(), ISSUER), None),
}
# Content, password, the setting and words that have to be in the mistake.
WRONG: dict[str, tuple[bytes, str | None, str, str]] = {
    "empty": (b"", None, "certificate_path", "neither PEM nor PFX"),
    "text": (b"hello\n", None, "certificate_path", "neither PEM nor PFX"),
    "der": (b"0\x82\x01\x22", None, "certificate_path", "neither PEM nor PFX"),
    "no key": (CERTIFICATE, None, "certificate_path", "no private key"),
    "no certificate": (KEY, None, "certificate_path", "no certificate"),
    "cut": (CERTIFICATE + KEY[:99], None, "certificate_path", "no private key"),
    "another key": (
        key_pem(key("issuer")) + CERTIFICATE,
        None,
        "certificate_path",
        "does not belong",
    ),
    "curve": (
        key_pem(curve_key()) + CERTIFICATE,
        None,
        "certificate_path",
        "not RSA",
    ),
    "broken key": (
        KEY.replace(b"\nM", b"\nQ", 1) + CERTIFICATE,
        None,
        "certificate_path",
        "private key that cannot be read",
    ),
    "broken certificate": (
        KEY + CERTIFICATE.replace(b"\nM", b"\nQ", 1),
        None,
        "certificate_path",
        "certificate that cannot be read",
    ),
    "no password": (
        key_pem(key(), password=PASSWORD) + CERTIFICATE,
        None,
        "certificate_password",
        "missing",
    ),
    "no password, pkcs1": (
        key_pem(key(), PKCS1, PASSWORD) + CERTIFICATE,
        None,
        "certificate_password",
        "missing",
    ),
    "wrong password": (
        key_pem(key(), password=PASSWORD) + CERTIFICATE,
        "another",
        "certificate_password",
        "does not open",
    ),
    "impossible password": (
        pfx(key(), certificate(), password=PASSWORD),
        f"{PASSWORD}\0",
        "certificate_password",
        "does not open",
    ),
    "half a character": (
        key_pem(key(), password=PASSWORD) + CERTIFICATE,
        "\ud800",
        "certificate_password",
        "does not open",
    ),
    "pfx, no key": (
        pfx(None, certificate()),
        None,
        "certificate_path",
        "no private key",
    ),
    "pfx, no certificate": (
        pfx(key(), None),
        None,
        "certificate_path",
        "no certificate",
    ),
    "pfx, another key": (
        pfx(key("issuer"), None, certificate()),
        None,
        "certificate_path",
        "does not belong",
    ),
    "pfx, no password": (
        pfx(key(), certificate(), password=PASSWORD),
        None,
        "certificate_password",
        "missing",
    ),
    "pfx, wrong password": (
        pfx(key(), certificate(), password=PASSWORD),
        "another",
        "certificate_password",
        "does not open",
    ),
    "pfx, cut": (
        pfx(key(), certificate(), password=PASSWORD)[:-40],
        PASSWORD,
        "certificate_password",
        "damaged",
    ),
    "expired": (
        KEY + pem(certificate(last=NOW - dt.timedelta(hours=1))),
        None,
        "certificate_path",
        f"expired on {NOW - dt.timedelta(hours=1):%Y-%m-%d %H:%M} UTC",
    ),
    "not yet": (
        pfx(key(), certificate(first=NOW + DAY)),
        None,
        "certificate_path",
        f"not valid before {NOW + DAY:%Y-%m-%d %H:%M} UTC",
    ),
}


def section(path: object, password: str | None = None) -> dict[str, str]:
    given = {
        "method": "certificate",
        "tenant_id": "t",
        "client_id": "c",
        "certificate_path": str(path),
        "certificate_password": password,
    }
    return {name: value for name, value in given.items() if value is not None}


def put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def used(credential: Any) -> tuple[bool, int]:
    """Return whether a credential is ours, and the serial number it has."""
    given_key = load_pem_private_key(credential["private_key"].encode(), None)
    given = x509.load_pem_x509_certificate(credential["public_certificate"].encode())
    is_ours = given_key.public_key() == key().public_key() == given.public_key()
    return is_ours, given.serial_number


@pytest.mark.parametrize("name", GOOD)
def test_a_file_is_read_whatever_its_form_and_its_name(
    name: str, tmp_path: Path
) -> None:
    content, password = GOOD[name]
    path = put(tmp_path / "certificate.txt", content)

    assert mistakes(partner_center(auth=section(path, password))) == ()
    credential = CertificateFile(section(path, password)).credential
    assert credential.setting == "certificate_path"
    assert used(credential.read()) == (True, certificate().serial_number)


@given(order=st.permutations([KEY, CERTIFICATE, pem(ISSUER), key_pem(key("issuer"))]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_within_a_file_does_not_matter(
    order: list[bytes], tmp_path: Path
) -> None:
    # Two pairs: the one that expires last is taken.
    newest = certificate(last=NOW + 700 * DAY)
    path = put(tmp_path / "file", b"\n".join([*order, pem(newest)]))

    credential = CertificateFile(section(path)).credential.read()
    assert used(credential) == (True, newest.serial_number)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_file_is_one_sentence_that_names_the_setting(
    name: str, tmp_path: Path
) -> None:
    content, password, setting, words = WRONG[name]
    path = put(tmp_path / "certificate.pem", content)
    (line,) = mistakes(partner_center(auth=section(path, password)))

    assert line.startswith(f"`partner_center.auth.{setting}` ")
    assert words in line
    assert "\n" not in line
    assert str(path) not in line
    assert not any(secret in line for secret in (PASSWORD, "another", "MII"))
    with pytest.raises(SignInError, match=f"`partner_center.auth.{setting}` "):
        CertificateFile(section(path, password)).credential.read()


def a_file_that_is_not_there(folder: Path) -> str:
    return str(folder / "nowhere.pem")


def a_directory(folder: Path) -> str:
    return str(folder)


def a_pipe(folder: Path) -> str:
    os.mkfifo(folder / "pipe")
    return str(folder / "pipe")


def below_a_file(folder: Path) -> str:
    return str(put(folder / "file", b"") / "certificate.pem")


def a_circle(folder: Path) -> str:
    (folder / "circle").symlink_to(folder / "circle")
    return str(folder / "circle")


def a_huge_file(folder: Path) -> str:
    with (folder / "huge").open("wb") as file:
        file.truncate(1 << 40)
    return str(folder / "huge")


def no_path_at_all(_folder: Path) -> str:
    return "a\0b"


def its_content(_folder: Path) -> str:
    return (KEY + CERTIFICATE).decode()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (a_file_that_is_not_there, "not there"),
        (a_directory, "a directory"),
        (a_pipe, "no regular file"),
        (below_a_file, "Not a directory"),
        (a_circle, "cannot be read"),
        (a_huge_file, "more than"),
        (no_path_at_all, "cannot be the path"),
        (its_content, "path of a file, not what is in it"),
    ],
)
def test_a_path_that_leads_to_no_file_is_a_mistake(
    make: Callable[[Path], str], words: str, tmp_path: Path
) -> None:
    path = make(tmp_path)
    (line,) = mistakes(partner_center(auth=section(path)))

    assert line.startswith("`partner_center.auth.certificate_path` ")
    assert words in line
    assert "PRIVATE KEY" not in line


@given(data=st.data(), name=st.sampled_from(sorted(GOOD)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_of_any_kind_is_a_mistake_or_none(
    data: st.DataObject, name: str, tmp_path: Path
) -> None:
    content, password = GOOD[name]
    damaged = bytearray(content[: data.draw(st.integers(0, len(content)))])
    for _ in range(data.draw(st.integers(0, 5))):
        if damaged:
            position = data.draw(st.integers(0, len(damaged) - 1))
            damaged[position] = data.draw(st.integers(0, 255))
    path = put(tmp_path / "file", bytes(damaged))

    with suppress(CertificateFileError):
        read_certificate(str(path), password)


def test_a_certificate_that_expires_soon_is_warned_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    soon = certificate(last=SOON)
    file = CertificateFile(section(put(tmp_path / "file", KEY + pem(soon))))
    for _ in range(3):
        file.credential.read()

    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "`partner_center.auth.certificate_path`" in record.getMessage()
    assert f"{SOON:%Y-%m-%d %H:%M} UTC, in 9 days" in record.getMessage()


def test_a_certificate_with_time_left_is_not_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = put(tmp_path / "file", KEY + pem(certificate(last=LATER)))
    CertificateFile(section(path)).credential.read()

    assert caplog.records == []


def test_a_world_readable_key_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = put(tmp_path / "file", KEY + CERTIFICATE)
    path.chmod(0o644)
    file = CertificateFile(section(path))
    file.credential.read()
    file.credential.read()

    (record,) = caplog.records
    assert "everyone on this machine can read" in record.getMessage()


def test_a_file_that_was_replaced_is_used_from_then_on(tmp_path: Path) -> None:
    path = put(tmp_path / "file", KEY + CERTIFICATE)
    read = CertificateFile(section(path)).credential.read
    before = read()
    newer = certificate(last=LATER)
    put(path, pfx(key(), newer))

    assert used(before) == (True, certificate().serial_number)
    assert used(read()) == (True, newer.serial_number)


def test_neither_key_nor_password_is_shown_by_accident(tmp_path: Path) -> None:
    content, password = GOOD["pem, encrypted"]
    path = put(tmp_path / "file", content)
    file = CertificateFile(section(path, password))
    read = read_certificate(str(path), password)
    shown = f"{read!r} {read} {file!r} {file.credential!r}"

    assert "PRIVATE KEY" not in shown
    assert PASSWORD not in shown
