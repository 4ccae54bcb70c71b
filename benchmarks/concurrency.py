"""One request at a time against several in flight: `python -m benchmarks.concurrency`.

An upstream that takes its time is read by the real command, with the quota raised so
that only the number of requests in flight matters. Both ways must ask for the same,
and write the same messages in the same order.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from benchmarks.command import Command, RunFailedError
from benchmarks.messages import MessagesDifferError, check_same
from benchmarks.report import Measurement, Result, as_json, as_text
from tap_purchase_orders.sandbox.process import Sandbox, SandboxError

if TYPE_CHECKING:
    from collections.abc import Callable

# Far more than any run here asks for, and the most that the tap's settings take.
_REQUESTS_PER_MINUTE = 1_000_000
_REQUESTS_PER_SECOND = 10_000
# More numbers than this the sandbox does not list in the settings.
_MOST_KEYS = 9_000
_LONGEST_START_SECONDS = 60.0
# Beside the latency; several times what a slow machine takes.
_LONGEST_KEY_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class _Upstream:
    """An upstream, and how it is read.

    Attributes:
        title: Its name, and what is asked for.
        section: The section of the settings.
        settings: Its settings, but for the number of requests in flight.
    """

    title: str
    section: str
    settings: dict[str, Any]

    def config(self, in_flight: int) -> dict[str, Any]:
        """Return the tap's settings."""
        return {self.section: self.settings | {"max_concurrency": in_flight}}


class _Bench:
    """Measures runs against one sandbox.

    Args:
        sandbox: Counts the requests.
        command: Runs the tap.
        directory: Where messages go.
        options: The command line.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        command: Command,
        directory: Path,
        options: argparse.Namespace,
    ) -> None:
        self._sandbox = sandbox
        self._command = command
        self._expected = directory / "expected.jsonl"
        self._actual = directory / "actual.jsonl"
        self._in_flight: int = options.in_flight
        self._repetitions: int = options.repetitions
        self._latency_seconds: float = options.latency_ms / 1000

    def compare(self, upstream: _Upstream) -> Result:
        """Read an upstream both ways, in turns.

        Raises:
            RunFailedError: A run failed.
            MessagesDifferError: The runs did not ask or write the same.
        """
        ways = (1, self._in_flight)
        runs: dict[int, list[Measurement]] = {in_flight: [] for in_flight in ways}
        # The first run of all fills caches: it only tells what is to be expected.
        first = self._measure(upstream.config(self._in_flight))
        self._actual.replace(self._expected)
        messages = 0
        for repetition in range(self._repetitions):
            # Whatever slows the machine down for a while is to slow down both.
            for in_flight in ways if repetition % 2 == 0 else reversed(ways):
                run = self._measure(upstream.config(in_flight))
                messages = self._check(first, run)
                runs[in_flight].append(run)
                _say(f"{upstream.title}: {in_flight} in flight", run.cost.wall_seconds)
        return Result(upstream.title, messages, runs)

    def _measure(self, config: dict[str, Any]) -> Measurement:
        self._sandbox.reset_requests()
        cost = self._command.run(config, self._actual)
        asked = self._sandbox.requests(log=True)
        answered = [float(entry["at_seconds"]) for entry in asked["log"]]
        return Measurement(
            cost,
            # The log has the moments of the answers; the first had its latency too.
            answered[-1] - answered[0] + self._latency_seconds,
            asked["total"],
            max(asked["most_in_flight"].values()),
            asked["by_resource"],
        )

    def _check(self, first: Measurement, run: Measurement) -> int:
        """Return the number of messages of both runs, if they are the same."""
        if run.by_status != first.by_status:
            msg = f"other requests were made:\n  {first.by_status}\n  {run.by_status}"
            raise MessagesDifferError(msg)
        return check_same(self._expected, self._actual)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return the exit status: 1 if anything is not as it must be."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    try:
        results = _results(options)
    except (MessagesDifferError, RunFailedError, SandboxError) as error:
        print(f"The benchmark failed: {error}", file=sys.stderr)
        return 1
    print(as_text(results, options.keys, options.latency_ms))
    if options.json is not None:
        text = as_json(results, options.keys, options.latency_ms)
        options.json.write_text(text, encoding="utf-8")
    too_slow = [result for result in results if result.ratio < options.at_least]
    for result in too_slow:
        print(f"{result.title}: not {options.at_least} times faster", file=sys.stderr)
    return 1 if too_slow else 0


def _results(options: argparse.Namespace) -> list[Result]:
    key_seconds = options.latency_ms / 1000 + _LONGEST_KEY_SECONDS
    longest_seconds = _LONGEST_START_SECONDS + options.keys * key_seconds
    runs = 2 * (2 * options.repetitions + 1)
    with (
        tempfile.TemporaryDirectory(prefix="purchase-orders-benchmark-") as name,
        Sandbox(
            customers=options.keys,
            purchase_orders=options.keys,
            latency_ms=options.latency_ms,
            requests_per_minute=_REQUESTS_PER_MINUTE,
            appzen_requests_per_second=_REQUESTS_PER_SECOND,
            # An order that changes between two runs would be a difference.
            freeze_clock=True,
            lifetime_seconds=runs * longest_seconds,
        ) as sandbox,
    ):
        command = Command(Path(name), sandbox.environment, longest_seconds)
        bench = _Bench(sandbox, command, Path(name), options)
        return [bench.compare(upstream) for upstream in _upstreams(sandbox, options)]


def _upstreams(sandbox: Sandbox, options: argparse.Namespace) -> list[_Upstream]:
    partner_center = sandbox.settings["partner_center"]
    appzen = sandbox.settings["appzen"]
    # The sandbox adds a few numbers that do not exist.
    numbers = appzen["purchase_order_numbers"]["numbers"][: options.keys]
    return [
        _Upstream(
            f"Partner Center, {options.keys} customers",
            "partner_center",
            partner_center | {"max_requests_per_minute": _REQUESTS_PER_MINUTE},
        ),
        _Upstream(
            f"AppZen, {options.keys} purchase orders",
            "appzen",
            appzen
            | {
                "max_requests_per_second": _REQUESTS_PER_SECOND,
                "purchase_order_numbers": {"source": "list", "numbers": numbers},
            },
        ),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.concurrency",
        description=(
            "Reads both upstreams one request at a time and with several in flight, "
            "and checks that the messages are the same."
        ),
    )
    for name, default, least, most, text in (
        ("--keys", 400, 2, _MOST_KEYS, "customers, and purchase orders"),
        ("--latency-ms", 50, 0, 60_000, "how long every answer takes at least"),
        ("--in-flight", 8, 2, 256, "requests in flight"),
        ("--repetitions", 3, 1, 100, "runs of each kind"),
    ):
        parser.add_argument(
            name,
            type=_whole(least, most),
            default=default,
            metavar="N",
            help=f"{text}; default %(default)s",
        )
    parser.add_argument(
        "--at-least",
        type=float,
        default=0.0,
        metavar="RATIO",
        help="exit with 1 if asking is not so many times faster",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="every run, as JSON")
    return parser


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise ValueError
        return value

    read.__name__ = f"whole number from {least} to {most}"
    return read


def _say(what: str, seconds: float) -> None:
    print(f"{what}: {seconds:.2f} s", file=sys.stderr)


def _end(number: int, _frame: object) -> NoReturn:
    # What was started is ended on the way out.
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
