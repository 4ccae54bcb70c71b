"""The sandbox as a child process: for tests, the demo and scripts."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import requests

if TYPE_CHECKING:
    from types import TracebackType

_START_SECONDS = 60
_STOP_SECONDS = 10
_CALL_SECONDS = 120
# A sandbox whose owner was killed ends by itself.
_LIFETIME_SECONDS = 3600


class SandboxError(Exception):
    """The sandbox could not be started, or refused a control call."""


class Sandbox:
    """A running sandbox; a context manager that starts and ends it.

    Attributes:
        settings: The tap's settings.
        environment: What the tap's environment needs.
        control_url: Where control calls go.
        document: Everything that the command printed.

    Args:
        options: The options of the command, for example `requests_per_minute=5` for
            `--requests-per-minute 5` and `freeze_clock=True` for `--freeze-clock`.
    """

    def __init__(self, **options: object) -> None:
        self._options = {"lifetime_seconds": _LIFETIME_SECONDS} | options
        self.document: dict[str, Any] = {}
        self.settings: dict[str, Any] = {}
        self.environment: dict[str, str] = {}
        self.control_url = ""

    def __enter__(self) -> Self:
        """Start the command and wait until it answers.

        Raises:
            SandboxError: It ended, or was not ready within a minute.
        """
        self._directory = tempfile.TemporaryDirectory(prefix="purchase-orders-sandbox-")
        self._messages = Path(self._directory.name) / "messages.txt"
        options = {"directory": self._directory.name} | self._options
        with self._messages.open("wb") as messages:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", __package__, *_arguments(options)],
                stdout=subprocess.PIPE,
                stderr=messages,
                stdin=subprocess.DEVNULL,
            )
        try:
            self.document = json.loads(self._first_line())
        except BaseException:
            self._stop()
            raise
        self.settings = self.document["settings"]
        self.environment = self.document["environment"]
        self.control_url = self.document["control_url"]
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = self.environment["REQUESTS_CA_BUNDLE"]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        self._session.close()
        self._stop()

    def advance(self, seconds: float) -> str:
        """Move the world's clock forward; return its new instant."""
        moved = self.post("clock", {"advance_seconds": seconds})
        return str(moved["now"])

    def world(self) -> dict[str, Any]:
        """Return the world's instant, sizes and counts."""
        return dict(self.get("world"))

    def requests(self, *, log: bool = False) -> dict[str, Any]:
        """Return what was asked since the start or the last reset.

        Args:
            log: Whether to return an entry for each request too.
        """
        return dict(self.get("requests", log="1" if log else "0"))

    def reset_requests(self) -> None:
        """Count requests anew."""
        self.post("requests/reset")

    def faults(self, rules: list[dict[str, Any]]) -> None:
        """Replace the script of faults."""
        self.post("faults", rules)

    def fault_counts(self) -> list[dict[str, int]]:
        """Return of each rule of the script how often it was `seen` and `acted`."""
        return list(self.get("faults"))

    def release(self, hold: str) -> None:
        """Let the answers go that a rule of the script holds under a name."""
        self.post("faults/release", {"hold": hold})

    def revoke_tokens(self) -> None:
        """Make all access tokens made so far useless."""
        self.post("tokens/revoke")

    def signing_in(self, name: str) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the tap's settings and environment for one way to sign in.

        Args:
            name: One of those that `--auth` takes, for example `certificate`.
        """
        sign_in = self.document["sign_ins"][name]
        partner_center = self.settings["partner_center"] | {"auth": sign_in["auth"]}
        settings = self.settings | {"partner_center": partner_center}
        return settings, sign_in["environment"]

    def sign_in(self, **rules: object) -> dict[str, Any]:
        """Return how the authority behaves and the tokens it gave, by grant and proof.

        Args:
            rules: What is to change first: `rotation`, `user_mfa`,
                `single_use_assertions`.
        """
        return dict(self.post("sign-in", rules) if rules else self.get("sign-in"))

    def refresh_tokens(self) -> dict[str, Any]:
        """Return all refresh tokens, and how often they were redeemed or refused."""
        return dict(self.get("refresh-tokens"))

    def new_refresh_token(self) -> str:
        """Return a refresh token as after a new consent, the first of its line."""
        return str(self.post("refresh-tokens")["refresh_token"])

    def federated_token(self, **claims: object) -> str:
        """Return a federated token; claims other than the trusted ones make it bad."""
        return str(self.post("federated-tokens", claims)["federated_token"])

    def truth(self, what: str, **query: str) -> list[dict[str, Any]]:
        """Return what a perfect reader would read now.

        Args:
            what: `customers`, `orders`, `order-attachments` or `purchase-orders`.
            query: For example `customer` or `number`.
        """
        return list(self.get(f"truth/{what}", **query))

    def get(self, path: str, **query: str) -> Any:
        """Return the answer of a control call that only looks."""
        url = f"{self.control_url}/{path}"
        return _body(self._session.get(url, params=query, timeout=_CALL_SECONDS))

    def post(self, path: str, body: Any = None) -> Any:
        """Return the answer of a control call that changes something."""
        url = f"{self.control_url}/{path}"
        return _body(self._session.post(url, json=body, timeout=_CALL_SECONDS))

    def _first_line(self) -> bytes:
        output = self._process.stdout
        if output is None:
            msg = "the sandbox has no output"
            raise SandboxError(msg)
        deadline = time.monotonic() + _START_SECONDS
        line = b""
        while not line.endswith(b"\n"):
            left = max(0.0, deadline - time.monotonic())
            readable, _, _ = select.select([output], [], [], left)
            chunk = os.read(output.fileno(), 65536) if readable else b""
            if not chunk:
                said = self._messages.read_text(encoding="utf-8", errors="replace")
                msg = f"the sandbox did not start: {said.strip() or 'it said nothing'}"
                raise SandboxError(msg)
            line += chunk
        return line

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_STOP_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._directory.cleanup()


def _arguments(options: dict[str, object]) -> list[str]:
    arguments = []
    for name, value in options.items():
        if value is None or value is False:
            continue
        arguments.append("--" + name.replace("_", "-"))
        if value is not True:
            arguments.append(str(value))
    return arguments


def _body(response: requests.Response) -> Any:
    if not response.ok:
        msg = f"control call refused with {response.status_code}: {response.text}"
        raise SandboxError(msg)
    # Amounts keep the digits with which they were sent.
    return json.loads(response.content, parse_float=Decimal)
