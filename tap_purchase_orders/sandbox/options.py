"""The command line of `purchase-orders-sandbox`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tap_purchase_orders.sandbox.clouds import CLOUDS
from tap_purchase_orders.sandbox.instants import parse_instant
from tap_purchase_orders.sandbox.sign_in_rules import ROTATIONS
from tap_purchase_orders.sandbox.sign_in_settings import DEFAULT, NAMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_purchase_orders.sandbox.sign_in_rules import Rotation

# Orders begin in 2018; before this day no history would fit between.
_EARLIEST = "2019-01-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says; `--help` tells what each is."""

    host: str
    port: int
    directory: Path | None
    lifetime_seconds: float | None
    background: bool
    json: bool
    seed: int
    customers: int
    without_relationship: int | None
    orders_per_customer: int
    lines_per_order: int
    purchase_orders: int
    lines_per_purchase_order: int
    invoices: int | None
    odd_rate: float
    now: int | None
    epoch: int | None
    freeze_clock: bool
    cloud: str
    auth: str
    token_lifetime: int
    refresh_tokens: Rotation
    user_without_mfa: bool
    mfa_not_enforced: bool
    single_use_assertions: bool
    requests_per_minute: int
    appzen_requests_per_second: int
    latency_ms: int
    fault_rate: float
    faults: Path | None


def read_options(arguments: list[str] | None = None) -> Options:
    """Return the options of a command line; mistakes end the program with status 2.

    Args:
        arguments: The command line; None: that of this process.
    """
    options = Options(**vars(parser().parse_args(arguments)))
    if options.epoch is not None and options.epoch > (options.now or options.epoch):
        parser().error("--epoch must not be later than --now")
    return options


def parser() -> argparse.ArgumentParser:
    """Return the parser; its help is the reference of all options."""
    result = argparse.ArgumentParser(
        prog="purchase-orders-sandbox",
        description=(
            "A local stand-in for the Microsoft token authority, Partner Center and "
            "AppZen, over TLS. Says how to reach it, then answers until it is told "
            "to stop."
        ),
        epilog="Documentation: docs/sandbox.md",
    )
    _add_server_options(result.add_argument_group("server"))
    _add_world_options(result.add_argument_group("world"))
    _add_clock_options(result.add_argument_group("clock"))
    _add_sign_in_options(result.add_argument_group("sign-in"))
    _add_behaviour_options(result.add_argument_group("behaviour"))
    return result


def _add_server_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; default %(default)s",
    )
    group.add_argument(
        "--port",
        type=_whole(0, 65535),
        default=0,
        help="port to listen on; 0, the default, takes a free one",
    )
    group.add_argument(
        "--directory",
        type=Path,
        metavar="DIR",
        help="where ca.pem, config.json and the folder sign-in are written; "
        "default a new temporary one",
    )
    group.add_argument(
        "--background",
        action="store_true",
        help="return when it is ready and let it go on; its process id is in "
        "sandbox.pid, beside config.json",
    )
    group.add_argument(
        "--json",
        action="store_true",
        help="print the settings as one line of JSON; the default where standard "
        "output is no terminal, but for --background",
    )
    group.add_argument(
        "--lifetime-seconds",
        type=_number(0),
        metavar="SECONDS",
        help="end after so long; default: run until told to stop",
    )


def _add_world_options(group: argparse._ArgumentGroup) -> None:
    sizes = (
        ("--seed", 1, "the same seed, sizes and epoch give the same world"),
        ("--customers", 20, "customers of the partner"),
        ("--orders-per-customer", 6, "orders of a customer at the epoch, on average"),
        ("--lines-per-order", 2, "line items of an order, on average"),
        ("--purchase-orders", 40, "purchase orders in AppZen"),
        ("--lines-per-purchase-order", 3, "lines of a purchase order, on average"),
    )
    for name, default, text in sizes:
        group.add_argument(
            name,
            type=_whole(0),
            default=default,
            metavar="N",
            help=f"{text}; default %(default)s",
        )
    group.add_argument(
        "--without-relationship",
        type=_whole(0),
        metavar="N",
        help="so many of the last customers refuse their orders with 403; "
        "default 1, or 0 with fewer than 10 customers",
    )
    group.add_argument(
        "--invoices",
        type=_whole(0),
        metavar="N",
        help="invoices in AppZen; default as many as purchase orders",
    )
    group.add_argument(
        "--odd-rate",
        type=_number(0, 1),
        default=0.0,
        metavar="SHARE",
        help="share of orders and purchase orders with documented oddities: blank "
        "dates, repeated line numbers, numbers as text, unknown members; default 0",
    )


def _add_clock_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--now",
        type=_instant,
        metavar="INSTANT",
        help="where the world's clock starts, in ISO 8601; default the real time",
    )
    group.add_argument(
        "--epoch",
        type=_instant,
        metavar="INSTANT",
        help="the instant around which the world is made; give the same one to start "
        "the same world again later; default the value of --now",
    )
    group.add_argument(
        "--freeze-clock",
        action="store_true",
        help="only control calls move the world's clock",
    )


def _add_sign_in_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--cloud",
        choices=CLOUDS,
        default="public",
        metavar="NAME",
        help="the national cloud whose tokens are given and taken: one of "
        f"{', '.join(CLOUDS)}; default %(default)s",
    )
    group.add_argument(
        "--auth",
        choices=NAMES,
        default=DEFAULT,
        metavar="NAME",
        help="how the printed settings sign in to Partner Center: one of "
        f"{', '.join(NAMES)}; default %(default)s",
    )
    group.add_argument(
        "--token-lifetime",
        type=_whole(0),
        default=3600,
        metavar="SECONDS",
        help="how long an access token is good; default %(default)s",
    )
    group.add_argument(
        "--refresh-tokens",
        choices=ROTATIONS,
        default="usual",
        metavar="NAME",
        help="usual, the default: each redemption yields a fresh one and the old one "
        "stays good; strict: the old one is dead at once; none: no fresh one comes",
    )
    group.add_argument(
        "--user-without-mfa",
        action="store_true",
        help="the user signed in without a second factor, which Partner Center refuses",
    )
    group.add_argument(
        "--mfa-not-enforced",
        action="store_true",
        help="Partner Center serves users without a second factor, as until 2026",
    )
    group.add_argument(
        "--single-use-assertions",
        action="store_true",
        help="a signed assertion of the application is good once only",
    )


def _add_behaviour_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--requests-per-minute",
        type=_whole(1),
        default=500,
        metavar="N",
        help="limit of Partner Center for each resource; default %(default)s",
    )
    group.add_argument(
        "--appzen-requests-per-second",
        type=_whole(1),
        default=20,
        metavar="N",
        help="limit of AppZen for each kind of data; default %(default)s",
    )
    group.add_argument(
        "--latency-ms",
        type=_whole(0),
        default=0,
        metavar="MS",
        help="how long every response takes at least; default 0",
    )
    group.add_argument(
        "--fault-rate",
        type=_number(0, 1),
        default=0.0,
        metavar="SHARE",
        help="share of requests to the two APIs that go wrong; default 0",
    )
    group.add_argument(
        "--faults",
        type=Path,
        metavar="FILE",
        help="a script of faults: a JSON array of rules",
    )


def _whole(least: int, most: int | None = None) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text)
        if value < least or (most is not None and value > most):
            raise ValueError
        return value

    read.__name__ = f"whole number from {least}{'' if most is None else f' to {most}'}"
    return read


def _number(least: float, most: float | None = None) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = float(text)
        if not least <= value <= (float("inf") if most is None else most):
            raise ValueError
        return value

    read.__name__ = f"number from {least}{'' if most is None else f' to {most}'}"
    return read


def _instant(text: str) -> int:
    try:
        instant = parse_instant(text)
    except ValueError:
        msg = f"{text!r} is not an ISO 8601 instant"
        raise argparse.ArgumentTypeError(msg) from None
    if instant < parse_instant(_EARLIEST):
        msg = f"{text!r} is before {_EARLIEST}"
        raise argparse.ArgumentTypeError(msg)
    return instant
