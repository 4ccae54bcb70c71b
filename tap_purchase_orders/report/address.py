"""The database address, from options and environment variables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tap_purchase_orders.errors import TapError

if TYPE_CHECKING:
    from collections.abc import Mapping

_OPTION = "`--warehouse`"
_VARIABLE = "PURCHASE_ORDERS_WAREHOUSE_URL"
_PREFIX = "TARGET_POSTGRES_"
_EXAMPLE = "postgresql://user:password@host:5432/database"
# Of target-postgres's settings, by the names that libpq has for them.
_SETTINGS = {
    "host": "HOST",
    "port": "PORT",
    "user": "USER",
    "password": "PASSWORD",
    "dbname": "DATABASE",
    "sslmode": "SSL_MODE",
    "sslrootcert": "SSL_CERTIFICATE_AUTHORITY",
}
# `postgresql+psycopg://` is how SQLAlchemy writes it.
_SCHEME = re.compile(r"(postgres(?:ql)?)(\+\w+)?://")
# What stands there otherwise may be a part of a password.
_HOST = re.compile(r"[\w.:%/,\[\]-]*")
_PORT = re.compile(r"[\d,]*")


class AddressError(TapError):
    """Nothing says where the warehouse is, or it cannot be understood."""


@dataclass(frozen=True, slots=True)
class Address:
    """How to reach the warehouse.

    Attributes:
        keywords: What libpq is told.
        origin: The option or variable that says so, for errors.
    """

    keywords: Mapping[str, str] = field(repr=False)
    origin: str


def warehouse_address(url: str | None, environment: Mapping[str, str]) -> Address:
    """Return where the warehouse is: by the option, else by the environment.

    Raises:
        AddressError: Nothing says it, or not in a way that can be understood. The
            message never has the address in it.
    """
    if url:
        return _by_url(url, _OPTION)
    if variable := environment.get(_VARIABLE):
        return _by_url(variable, _VARIABLE)
    keywords = {
        keyword: environment[_PREFIX + name]
        for keyword, name in _SETTINGS.items()
        if environment.get(_PREFIX + name)
    }
    if "host" not in keywords:
        message = (
            f"nothing says where the warehouse is: set {_VARIABLE} to an address such "
            f"as {_EXAMPLE}, or {_PREFIX}HOST, {_PREFIX}USER, {_PREFIX}PASSWORD and "
            f"{_PREFIX}DATABASE"
        )
        raise AddressError(message)
    return Address(keywords, f"{_PREFIX}HOST and its like")


def _by_url(url: str, origin: str) -> Address:
    scheme = _SCHEME.match(url)
    try:
        keywords = (
            conninfo_to_dict(f"{scheme[1]}://{url[scheme.end() :]}") if scheme else {}
        )
    except psycopg.ProgrammingError:
        keywords = {}
    texts = {name: str(value) for name, value in keywords.items()}
    # libpq would repeat in its errors what it takes for these.
    is_readable = _HOST.fullmatch(texts.get("host", "")) and _PORT.fullmatch(
        texts.get("port", "")
    )
    if not texts or not is_readable:
        message = (
            f"{origin} is not an address such as {_EXAMPLE}; in the user's name and "
            "the password, characters like @ : / are written as %40 %3A %2F"
        )
        # Not from the error, which shows the address.
        raise AddressError(message) from None
    return Address(texts, origin)
