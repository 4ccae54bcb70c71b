"""Builds the sandbox, prints how to reach it, and runs it until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.sandbox.app import Application
from tap_purchase_orders.sandbox.application_certificates import (
    ApplicationCertificates,
)
from tap_purchase_orders.sandbox.appzen import AppZen
from tap_purchase_orders.sandbox.authority import Authority
from tap_purchase_orders.sandbox.background import StartError, start
from tap_purchase_orders.sandbox.certificates import make_certificates
from tap_purchase_orders.sandbox.clock import Clock
from tap_purchase_orders.sandbox.clouds import CLOUDS
from tap_purchase_orders.sandbox.context import State
from tap_purchase_orders.sandbox.control import Control
from tap_purchase_orders.sandbox.credentials import credentials_of
from tap_purchase_orders.sandbox.document import introduction, make_document
from tap_purchase_orders.sandbox.faults import Faults, Rule, ScriptError, read_script
from tap_purchase_orders.sandbox.federation import Federation
from tap_purchase_orders.sandbox.http_server import server
from tap_purchase_orders.sandbox.instants import TICKS_PER_SECOND
from tap_purchase_orders.sandbox.limits import SlidingLimit
from tap_purchase_orders.sandbox.partner_center import PartnerCenter
from tap_purchase_orders.sandbox.private_files import write_private
from tap_purchase_orders.sandbox.refresh_tokens import RefreshTokens
from tap_purchase_orders.sandbox.request_log import RequestLog
from tap_purchase_orders.sandbox.sign_in import SignIn
from tap_purchase_orders.sandbox.sign_in_rules import SignInRules
from tap_purchase_orders.sandbox.tokens import Tokens
from tap_purchase_orders.sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.sandbox.options import Options

_CUSTOMERS_FOR_A_REFUSED_ONE = 10
_REACHED_AS_LOCALHOST = ("127.0.0.1", "0.0.0.0", "::")  # noqa: S104 - compared, not listened on


def run(options: Options, arguments: list[str] | None) -> int:
    """Run the sandbox until it is stopped; return the exit status.

    Args:
        options: What the command line says.
        arguments: The command line itself; None: that of this process.
    """
    if options.background:
        return _start_in_background(options, arguments)
    try:
        rules = (
            [] if options.faults is None else read_script(options.faults.read_bytes())
        )
        with _listener(options) as listener, _directory(options) as directory:
            asyncio.run(_serve(options, rules, listener, directory))
    except (OSError, ScriptError) as error:
        _say(f"purchase-orders-sandbox: {error}")
        return 1
    return 0


def _start_in_background(options: Options, arguments: list[str] | None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    kept = [each for each in given if each not in {"--background", "--json"}]
    try:
        document, process_id = start(kept)
    except StartError as error:
        _say(str(error))
        return 1
    _introduce(options, document, f"kill {process_id}")
    return 0


def _introduce(options: Options, document: dict[str, Any], stop: str) -> None:
    """Say how to reach it: to programs on standard output, to people beside it."""
    if options.json or not (options.background or sys.stdout.isatty()):
        print(json.dumps(document), flush=True)  # noqa: T201 - what it promises
    _say("\n".join(introduction(document, stop)))


async def _serve(
    options: Options, rules: list[Rule], listener: socket.socket, directory: Path
) -> None:
    state = _state(options, rules, _base_url(options.host, listener))
    certificates = make_certificates(options.host)
    write_private(directory / "ca.pem", certificates.authority_pem)
    document = make_document(state, options.auth, directory)

    running = server(
        _application(options, state),
        certificates.context,
        lambda: _introduce(options, document, "Ctrl+C"),
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, running.stop)
    if options.lifetime_seconds is not None:
        loop.call_later(options.lifetime_seconds, running.stop)
    await running.serve([listener])


def _world(options: Options, start: int) -> World:
    without = options.without_relationship
    if without is None:
        without = 1 if options.customers >= _CUSTOMERS_FOR_A_REFUSED_ONE else 0
    invoices = options.invoices
    return World(
        seed=options.seed,
        epoch=start if options.epoch is None else options.epoch,
        customers=options.customers,
        without_relationship=without,
        orders_per_customer=options.orders_per_customer,
        lines_per_order=options.lines_per_order,
        purchase_orders=options.purchase_orders,
        lines_per_purchase_order=options.lines_per_purchase_order,
        invoices=options.purchase_orders if invoices is None else invoices,
        odd_rate=options.odd_rate,
    )


def _state(options: Options, rules: list[Rule], base_url: str) -> State:
    start = options.now
    if start is None:
        start = int(time.time()) * TICKS_PER_SECOND
    clock = Clock(start, frozen=options.freeze_clock)
    world = _world(options, start)
    credentials = credentials_of(options.seed)
    return State(
        base_url=base_url,
        world=world,
        clock=clock,
        credentials=credentials,
        cloud=options.cloud,
        tokens=Tokens(
            base_url, credentials, CLOUDS[options.cloud], options.token_lifetime
        ),
        sign_in=_sign_in(options, clock, base_url),
        faults=Faults(options.seed, options.fault_rate, rules),
        log=RequestLog(),
    )


def _sign_in(options: Options, clock: Clock, base_url: str) -> SignIn:
    rules = SignInRules(
        rotation=options.refresh_tokens,
        user_mfa=not options.user_without_mfa,
        mfa_enforced=not options.mfa_not_enforced,
        single_use_assertions=options.single_use_assertions,
    )
    return SignIn(
        rules=rules,
        certificates=ApplicationCertificates(),
        federation=Federation(base_url),
        refresh_tokens=RefreshTokens(options.seed, clock, rules),
    )


def _application(options: Options, state: State) -> Application:
    seconds = state.clock.seconds
    per_minute = SlidingLimit(options.requests_per_minute, 60, seconds)
    per_second = SlidingLimit(options.appzen_requests_per_second, 1, seconds)
    partner_center = PartnerCenter(state, per_minute)
    services = (partner_center, AppZen(state, per_second), Authority(state))
    control = Control(state, partner_center)
    return Application(state, services, control, options.latency_ms / 1000)


def _listener(options: Options) -> socket.socket:
    """Return a listening socket; binding here makes a taken port a plain message."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    # The protocol is named because asyncio sends small answers without delay only on
    # sockets that say they are TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            msg = (
                f"port {options.port} is in use; name another with --port (0 takes a "
                f"free one)"
            )
            raise OSError(msg) from error
        raise
    return listener


def _base_url(host: str, listener: socket.socket) -> str:
    """Return the address of all services: `localhost` if that reaches them."""
    name = f"[{host}]" if ":" in host else host
    if host in _REACHED_AS_LOCALHOST:
        name = "localhost"
    return f"https://{name}:{listener.getsockname()[1]}"


@contextlib.contextmanager
def _directory(options: Options) -> Iterator[Path]:
    """Yield where files go: the directory asked for, or one that goes away again."""
    if options.directory is None:
        with tempfile.TemporaryDirectory(prefix="purchase-orders-sandbox-") as name:
            yield Path(name)
    else:
        options.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield options.directory.resolve()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - the command's own voice
