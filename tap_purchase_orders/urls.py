"""Builds addresses safely from ids and numbers."""

from __future__ import annotations

import re
from importlib.metadata import version
from ipaddress import ip_address
from urllib.parse import quote

APPLICATION = "tap-purchase-orders"
VERSION = version(APPLICATION)
USER_AGENT = f"{APPLICATION}/{VERSION}"
# What stands in a path as it is (RFC 3986, section 2.3).
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]*")
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_path_segment(text: str) -> bool:
    """Return whether a text can stand in a path as exactly one segment.

    `.` and `..` name other paths even when they are percent-encoded; U+0000 ends a
    path for many a server, and is no text for most warehouses.
    """
    if _GUID.fullmatch(text):
        return True
    is_a_name = text not in {"", ".", ".."} and text.strip() != "" and "\0" not in text
    return is_a_name and is_encodable(text)


def as_key(id_: str) -> str:
    """Return an id as a key of rows: a GUID in lower case, others as they are.

    A GUID is a number, and Partner Center writes it in either case; its other ids are
    case-sensitive (*Order resources*).
    """
    lower = id_.lower()
    return lower if lower != id_ and _GUID.fullmatch(lower) else id_


def is_encodable(text: str) -> bool:
    """Return whether a text has bytes: half of a surrogate pair has none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def path_segment(text: str) -> str:
    """Return a text as one path segment, everything else percent-encoded."""
    return text if _UNRESERVED.fullmatch(text) else quote(text, safe="")


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, and not only called so."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
