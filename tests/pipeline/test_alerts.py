"""Who is told of a failed run, and what: over real HTTP and SMTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from tests.tap.local_server import Serving
from tests.tap.upstream import Reply, Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[2]
FAILING = ("--", sys.executable, "-c", "print('it ran'); raise SystemExit(3)")
SECRET_PATH = "/services/planted-webhook-secret"


def alert(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the program with nothing in its environment but what is given."""
    return subprocess.run(
        [sys.executable, "-m", "orchestrate.alert", *arguments],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def webhook() -> Iterator[Upstream]:
    with Upstream() as server:
        server.answer(SECRET_PATH, Reply(b"ok"))
        yield server


class MailServer(Serving):
    """A mail server on a free port; a context manager.

    Attributes:
        address: Host and port.
        mails: What it was sent: the recipients, and the text.
    """

    def __init__(self) -> None:
        mails: list[tuple[list[str], str]] = []

        class Handler(StreamRequestHandler):
            timeout = 20

            @override
            def handle(self) -> None:
                recipients = []
                self.wfile.write(b"220 mail.example\r\n")
                while line := self.rfile.readline(2_000).decode().strip():
                    verb = line.upper()
                    if verb.startswith("RCPT TO:"):
                        recipients.append(line[8:].strip("<>"))
                    if verb == "DATA":
                        self.wfile.write(b"354 Go on\r\n")
                        text = iter(lambda: self.rfile.readline(2_000), b".\r\n")
                        mails.append((recipients, b"".join(text).decode()))
                    done = verb == "QUIT"
                    self.wfile.write(b"221 Bye\r\n" if done else b"250 OK\r\n")
                    if done:
                        return

        self.mails = mails
        self._server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"


def test_a_failed_command_is_told_to_a_webhook_and_its_status_is_passed_on(
    webhook: Upstream,
) -> None:
    done = alert(
        "orders",
        *FAILING,
        PURCHASE_ORDERS_ALERT_WEBHOOK=webhook.url + SECRET_PATH,
    )

    assert done.returncode == 3
    assert done.stdout == "it ran\n"
    (asked,) = webhook.asked
    assert asked.method == "POST"
    assert asked.headers["content-type"] == "application/json"
    body = json.loads(asked.body)
    assert body.keys() == {"text"}
    assert body["text"].startswith("orders failed with status 3 (on ")


def test_a_failed_command_is_told_by_mail() -> None:
    with MailServer() as server:
        done = alert(
            "orders",
            *FAILING,
            PURCHASE_ORDERS_ALERT_MAIL="on-call@example.com",
            PURCHASE_ORDERS_ALERT_SMTP=server.address,
        )

    assert done.returncode == 3, done.stderr
    ((recipients, text),) = server.mails
    assert recipients == ["on-call@example.com"]
    assert "\nSubject: orders failed with status 3 (on " in f"\n{text}".replace(
        "\r", ""
    )


def test_nobody_is_told_of_a_good_run(webhook: Upstream) -> None:
    done = alert(
        "orders",
        *("--", sys.executable, "-c", ""),
        PURCHASE_ORDERS_ALERT_WEBHOOK=webhook.url + SECRET_PATH,
    )

    assert (done.returncode, webhook.asked, done.stderr) == (0, [], "")


def test_a_text_alone_is_told(webhook: Upstream) -> None:
    done = alert(
        "mine: manual__2026 has failed",
        PURCHASE_ORDERS_ALERT_WEBHOOK=webhook.url + SECRET_PATH,
    )

    assert done.returncode == 0
    (asked,) = webhook.asked
    assert json.loads(asked.body)["text"].startswith("mine: manual__2026 has failed")


def test_a_command_that_cannot_be_run_and_one_that_is_killed_are_told(
    webhook: Upstream,
) -> None:
    url = webhook.url + SECRET_PATH
    missing = alert("a", "--", "./not-there", PURCHASE_ORDERS_ALERT_WEBHOOK=url)
    kill = "import os; os.kill(os.getpid(), 9)"
    killed = alert(
        "b", "--", sys.executable, "-c", kill, PURCHASE_ORDERS_ALERT_WEBHOOK=url
    )

    assert (missing.returncode, killed.returncode) == (127, 137)
    assert [json.loads(asked.body)["text"][:24] for asked in webhook.asked] == [
        "a failed with status 127",
        "b failed with status 137",
    ]


@pytest.mark.parametrize("arguments", [("x",), ("x", *FAILING)], ids=["text", "run"])
@pytest.mark.parametrize(
    ("status", "reason"), [(404, "404"), (0, "RemoteDisconnected")], ids=["404", "cut"]
)
def test_an_alert_that_does_not_arrive_is_one_line_without_the_address(
    webhook: Upstream, arguments: tuple[str, ...], status: int, reason: str
) -> None:
    webhook.answer(SECRET_PATH, Reply(status=status, dropped=not status))

    done = alert(*arguments, PURCHASE_ORDERS_ALERT_WEBHOOK=webhook.url + SECRET_PATH)

    assert done.returncode == (1 if arguments == ("x",) else 3)
    assert done.stderr == (f"PURCHASE_ORDERS_ALERT_WEBHOOK: nobody is told: {reason}\n")


@pytest.mark.parametrize("url", ["file:///etc/hostname", "hooks.example/x", "http://["])
def test_an_address_that_is_none_is_one_line(url: str) -> None:
    done = alert("x", PURCHASE_ORDERS_ALERT_WEBHOOK=url)

    assert done.returncode == 1
    assert done.stderr == (
        "PURCHASE_ORDERS_ALERT_WEBHOOK: nobody is told: ValueError\n"
    )


def test_it_says_where_nobody_can_be_told() -> None:
    done = alert("x")

    assert done.returncode == 0
    assert done.stderr.startswith("nobody is told: neither ")
