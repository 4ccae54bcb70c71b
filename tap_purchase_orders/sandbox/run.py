"""Puts the sandbox together, says how to reach it, and runs it until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.sandbox.app import Application
from tap_purchase_orders.sandbox.appzen import AppZen
from tap_purchase_orders.sandbox.authority import Authority
from tap_purchase_orders.sandbox.certificates import make_certificates
from tap_purchase_orders.sandbox.clock import Clock
from tap_purchase_orders.sandbox.control import BASE_PATH, Control
from tap_purchase_orders.sandbox.credentials import credentials_of
from tap_purchase_orders.sandbox.faults import Faults, Rule, ScriptError, read_script
from tap_purchase_orders.sandbox.instants import TICKS_PER_SECOND, utc_text
from tap_purchase_orders.sandbox.limits import SlidingLimit
from tap_purchase_orders.sandbox.options import read_options
from tap_purchase_orders.sandbox.partner_center import PartnerCenter
from tap_purchase_orders.sandbox.purchase_order_numbers import all_numbers
from tap_purchase_orders.sandbox.request_log import RequestLog
from tap_purchase_orders.sandbox.state import State
from tap_purchase_orders.sandbox.tokens import Tokens
from tap_purchase_orders.sandbox.wire import server
from tap_purchase_orders.sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.sandbox.options import Options

# More numbers than this go into a file beside the settings instead of into them.
_LISTED_NUMBERS = 10_000
_CUSTOMERS_FOR_A_REFUSED_ONE = 10
_REACHED_AS_LOCALHOST = ("127.0.0.1", "0.0.0.0", "::")  # noqa: S104 - compared, not listened on


def run(arguments: list[str] | None) -> int:
    """Run the sandbox until it is stopped; return the exit status."""
    options = read_options(arguments)
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


async def _serve(
    options: Options, rules: list[Rule], listener: socket.socket, directory: Path
) -> None:
    state = _state(options, rules, _base_url(options.host, listener))
    certificates = make_certificates(options.host)
    _write_private(directory / "ca.pem", certificates.authority_pem.decode())
    document = _document(state, directory)

    def ready() -> None:
        print(json.dumps(document), flush=True)  # noqa: T201 - what it promises
        _introduce(document, state.world)

    running = server(_application(options, state), certificates.context, ready)
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
    tokens = Tokens(base_url, credentials, options.token_lifetime, clock)
    faults = Faults(options.seed, options.fault_rate, rules)
    return State(base_url, world, clock, credentials, tokens, faults, RequestLog())


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
    except OSError:
        listener.close()
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


def _document(state: State, directory: Path) -> dict[str, Any]:
    """Return what is printed, and write the settings among it to a file."""
    base_url, credentials = state.base_url, state.credentials
    settings = {
        "partner_center": {
            "api_url": base_url,
            "auth": {
                "method": "client_secret",
                "authority": base_url,
                "tenant_id": credentials.tenant_id,
                "client_id": credentials.client_id,
                "client_secret": credentials.client_secret,
            },
        },
        "appzen": {
            "api_url": base_url,
            "auth": {
                "method": "api_key",
                "api_key": credentials.api_key,
                "customer_id": credentials.customer_id,
                "customer_key": credentials.customer_key,
            },
            "purchase_order_numbers": _number_source(state.world, directory),
        },
    }
    config_file = directory / "config.json"
    _write_private(config_file, json.dumps(settings, indent=2, ensure_ascii=False))
    return {
        "settings": settings,
        "environment": {"REQUESTS_CA_BUNDLE": str(directory / "ca.pem")},
        "config_file": str(config_file),
        "control_url": f"{base_url}/{BASE_PATH}",
        "authority": base_url,
        "refresh_token": state.tokens.refresh_token(),
        "epoch": utc_text(state.world.epoch),
    }


def _number_source(world: World, directory: Path) -> dict[str, Any]:
    numbers = all_numbers(world)
    listed = list(itertools.islice(numbers, _LISTED_NUMBERS + 1))
    if len(listed) <= _LISTED_NUMBERS:
        return {"source": "list", "numbers": listed}
    path = directory / "purchase-order-numbers.txt"
    _write_private(path, "")
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{number}\n" for number in itertools.chain(listed, numbers))
    return {"source": "file", "path": str(path)}


def _write_private(path: Path, text: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _introduce(document: dict[str, Any], world: World) -> None:
    bundle = document["environment"]["REQUESTS_CA_BUNDLE"]
    _say(f"Sandbox ready: {document['authority']}")
    _say(f"  {world.customers} customers, {world.purchase_orders} purchase orders")
    _say("Read it with:")
    _say(f"  REQUESTS_CA_BUNDLE={bundle} \\")
    _say(f"    tap-purchase-orders --config {document['config_file']}")
    _say(
        "Move its clock, look at its requests, set faults: docs/sandbox.md, for example"
    )
    _say(f"  curl --cacert {bundle} {document['control_url']}/world")
    _say(f"Start the same world again with --epoch {document['epoch']}")
    _say("Stop it with Ctrl+C.")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - the command's own voice
