"""Machines as far as this one can have several: network namespaces around a bridge."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LOOPBACK = "127.0.0.1"
_SECONDS = 30


class _RefusedError(Exception):
    """This machine does not let us make namespaces."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where programs are run.

    Attributes:
        name: What it is called.
        address: Its own address.
        prefix: What comes before a command that is to be run there.
    """

    name: str
    address: str
    prefix: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """The machines, and how they reach the services of this one.

    Attributes:
        address: Where the services have to listen.
        machines: The others.
        why_not: Why the machines are not apart; empty if they are.
    """

    address: str
    machines: tuple[Machine, ...]
    why_not: str = ""


@contextmanager
def network(names: Sequence[str]) -> Iterator[Network]:
    """Yield machines of these names, each with an address of its own where that goes.

    Args:
        names: Of the machines.
    """
    with ExitStack() as cleanup:
        try:
            made = _with_namespaces(names, cleanup)
        except _RefusedError as refusal:
            cleanup.close()
            alike = tuple(Machine(name, _LOOPBACK) for name in names)
            made = Network(_LOOPBACK, alike, str(refusal))
        yield made


def _with_namespaces(names: Sequence[str], cleanup: ExitStack) -> Network:
    if os.geteuid() != 0:
        message = "only root can make network namespaces"
        raise _RefusedError(message)
    if shutil.which("ip") is None:
        message = "there is no program `ip`"
        raise _RefusedError(message)
    # Names of interfaces have 15 signs at most; several shows may run at once.
    number = os.getpid() % 60_000
    bridge = f"po{number}"
    net = f"10.{200 + number // 250 % 50}.{number % 250}"
    _ip("link", "add", bridge, "type", "bridge")
    cleanup.callback(_ip_if_it_goes, "link", "delete", bridge)
    _ip("address", "add", f"{net}.1/24", "dev", bridge)
    _ip("link", "set", bridge, "up")
    machines = []
    for place, name in enumerate(names, start=2):
        space, cable = f"{bridge}-{name}", f"{bridge}v{place}"
        _ip("netns", "add", space)
        cleanup.callback(_ip_if_it_goes, "netns", "delete", space)
        _ip(
            "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space
        )
        cleanup.callback(_ip_if_it_goes, "link", "delete", cable)
        _ip("link", "set", cable, "master", bridge, "up")
        address = f"{net}.{place}"
        for arguments in (
            ("address", "add", f"{address}/24", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
            ("link", "set", "lo", "up"),
        ):
            _ip("-netns", space, *arguments)
        prefix = ("ip", "netns", "exec", space)
        _run([*prefix, "true"])
        machines.append(Machine(name, address, prefix))
    return Network(f"{net}.1", tuple(machines))


def _ip(*arguments: str) -> None:
    _run(["ip", *arguments])


def _ip_if_it_goes(*arguments: str) -> None:
    # With one end of a cable the other is gone, too.
    subprocess.run(  # noqa: S603
        ["ip", *arguments],  # noqa: S607 - where it is differs
        check=False,
        capture_output=True,
        timeout=_SECONDS,
    )


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603
            command, check=False, capture_output=True, text=True, timeout=_SECONDS
        )
    except OSError as error:
        raise _RefusedError(str(error)) from None
    if done.returncode != 0:
        raise _RefusedError(done.stderr.strip() or f"{command} failed")
