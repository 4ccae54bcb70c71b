"""Tells people that a run has failed, by a webhook or by mail.

    .venv-meltano/bin/python -m orchestrate.alert "orders" -- \
      .venv-meltano/bin/meltano run orders

runs a command, and tells of it when its status is not 0; the status is passed on.
Without a command it tells what it is given. Where to comes from the environment, never
from the command line, which all users of a machine see:

    PURCHASE_ORDERS_ALERT_WEBHOOK   gets {"text": "..."} by POST, as Slack, Mattermost
                                    and others take it
    PURCHASE_ORDERS_ALERT_MAIL      gets a mail
    PURCHASE_ORDERS_ALERT_SMTP      the mail server, host:port; localhost:25 if not set
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import smtplib
import socket
import subprocess
import sys
import urllib.request
from email.message import EmailMessage
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

WEBHOOK = "PURCHASE_ORDERS_ALERT_WEBHOOK"
MAIL = "PURCHASE_ORDERS_ALERT_MAIL"
SMTP = "PURCHASE_ORDERS_ALERT_SMTP"
_SECONDS = 20
_HTTP_ERRORS = (OSError, ValueError, http.client.HTTPException)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and tell of its failure, or tell; return the exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    own, command = _parted(given)
    parser = argparse.ArgumentParser(
        prog="python -m orchestrate.alert",
        usage="%(prog)s TEXT [-- COMMAND ...]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("text", metavar="TEXT", help="what failed, such as its name")
    text: str = parser.parse_args(own).text
    if not command:
        return 0 if tell(text, os.environ) else 1
    try:
        status = subprocess.run(command, check=False).returncode  # noqa: S603  # the caller's own
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        status = 127
    if status < 0:
        # As a shell words the end by a signal.
        status = 128 - status
    if status:
        tell(f"{text} failed with status {status}", os.environ)
    return status


def tell(text: str, environment: Mapping[str, str]) -> bool:
    """Tell people a text; return whether that went well everywhere.

    What goes wrong is said on standard error, without addresses: they may be secret.
    """
    text = f"{text} (on {socket.gethostname()})"
    ways: dict[str, Callable[[str, Mapping[str, str]], None]] = {
        WEBHOOK: _post,
        MAIL: _send_mail,
    }
    wanted = [variable for variable in ways if environment.get(variable)]
    if not wanted:
        print(f"nobody is told: neither {WEBHOOK} nor {MAIL} is set", file=sys.stderr)
    is_told = True
    for variable in wanted:
        try:
            ways[variable](text, environment)
        except (*_HTTP_ERRORS, smtplib.SMTPException) as error:
            reason = getattr(error, "code", None) or type(error).__name__
            print(f"{variable}: nobody is told: {reason}", file=sys.stderr)
            is_told = False
    return is_told


def _post(text: str, environment: Mapping[str, str]) -> None:
    url = environment[WEBHOOK]
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ValueError
    request = urllib.request.Request(  # noqa: S310  # of these two schemes
        url,
        json.dumps({"text": text}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=_SECONDS):  # noqa: S310  # as above
        pass


def _send_mail(text: str, environment: Mapping[str, str]) -> None:
    mail = EmailMessage()
    mail["To"] = environment[MAIL]
    mail["From"] = f"purchase-orders@{socket.getfqdn()}"
    mail["Subject"] = " ".join(text.split())
    mail.set_content(f"{text}\n")
    host, _, port = (environment.get(SMTP) or "localhost:25").partition(":")
    with smtplib.SMTP(host, int(port or 25), timeout=_SECONDS) as server:
        server.send_message(mail)


def _parted(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Return what is for this program, and the command behind `--`."""
    if "--" not in arguments:
        return arguments, []
    place = arguments.index("--")
    return arguments[:place], arguments[place + 1 :]


if __name__ == "__main__":
    sys.exit(main())
