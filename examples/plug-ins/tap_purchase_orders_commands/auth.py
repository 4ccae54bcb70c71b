"""The method `command`: AppZen's credentials from a command, such as a vault's."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from typing import TYPE_CHECKING, Any

from requests.auth import AuthBase
from typing_extensions import override

from tap_purchase_orders.auth.method import HEADER_VALUE, AuthMethod
from tap_purchase_orders.errors import SignInError
from tap_purchase_orders_commands.running import (
    SETTINGS,
    CommandError,
    mistakes,
    run,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests import PreparedRequest

SETTING = "appzen.auth.command"
HEADERS = {
    "api_key": "x-api-key",
    "customer_id": "customer-id",
    "customer_key": "customer-key",
}


class CommandAuth(AuthBase):
    """Signs requests with what a command prints: one JSON object of three texts.

    Many workers sign at once. The lock makes the command run once for all of them,
    with the first request, and once more when an upstream refuses its credentials.

    Args:
        section: The section `appzen.auth`.
    """

    def __init__(self, section: Mapping[str, Any]) -> None:
        self._section = section
        self._lock = threading.Lock()
        self._headers: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        self._error: SignInError | None = None

    @override
    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        with self._lock:
            if not self._headers:
                self._headers = self._fetched()
            r.headers.update(self._headers)
        return r

    def renew(self, refused: PreparedRequest) -> None:
        """Drop the credentials of a refused request, unless they are gone already."""
        with self._lock:
            if self._headers and self._headers.items() <= refused.headers.items():
                self._refused, self._headers = self._headers, {}

    def _fetched(self) -> dict[str, str]:
        # A command that failed once would fail for every worker that waits.
        if self._error is None:
            try:
                return self._read()
            except CommandError as error:
                self._error = SignInError(f"AppZen: `{SETTING}` {error}")
        raise self._error

    def _read(self) -> dict[str, str]:
        try:
            printed = json.loads(run(self._section, stdout=subprocess.PIPE))
        except (ValueError, RecursionError):
            printed = None
        if not isinstance(printed, dict):
            msg = "did not print one JSON object"
            raise CommandError(msg)
        headers = {}
        for key, header in HEADERS.items():
            value = printed.get(key)
            if not isinstance(value, str) or not re.search(HEADER_VALUE, value):
                msg = f"printed no `{key}` that a header can carry"
                raise CommandError(msg)
            headers[header] = value
        if headers == self._refused:
            msg = "still prints the credentials that AppZen refused (HTTP 401)"
            raise CommandError(msg)
        return headers


METHOD = AuthMethod(
    upstream="appzen",
    settings=SETTINGS,
    required=("command",),
    sign_in=CommandAuth,
    mistakes=mistakes,
)
