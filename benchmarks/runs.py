"""Runs of the contestants against the simulator."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.cases import IN_FLIGHT, QUIET
from benchmarks.command import Cost, environment_of, run
from benchmarks.lineup import (
    CACHE,
    ROOT,
    choose,
    peer_line,
    tap_catalog,
    tap_config,
    tap_line,
)
from benchmarks.simulator.control import Counts, Scene
from benchmarks.work import Written, check_requests, check_work, work_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.cases import Case, Sizes
    from benchmarks.contestants.job import Job, Lines, Upstream
    from benchmarks.lineup import Contestant, Peers
    from benchmarks.simulator.process import Simulator

_NOWHERE = Path(os.devnull)
_LONGEST_SECONDS = 1800.0
_QUIET_ORDERS_PER_CUSTOMER = 2


@dataclass(frozen=True, slots=True)
class Run:
    """A run, as the machine and the simulator saw it.

    Attributes:
        case: Name of the case.
        contestant: Name of the contestant.
        volume: The volume.
        turn: Which of the measured runs; 0 is the one whose records are checked.
        cpu_seconds: Processor time of all processes of the run.
        wall_seconds: From the start of the process to its end.
        peak_bytes: The most memory that one process held at once.
        first_request_seconds: From the start of the process to the first request.
        asking_seconds: From the first request to the last answer.
        requests: How many requests there were.
        most_in_flight: The most that were being answered at once.
        latency_ms: How long an answer took on average.
        simulator_cpu_seconds: Processor time of the simulator; no part of the others.
    """

    case: str
    contestant: str
    volume: int
    turn: int
    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int
    first_request_seconds: float
    asking_seconds: float
    requests: int
    most_in_flight: int
    latency_ms: float
    simulator_cpu_seconds: float


class Bench:
    """Makes runs, one at a time.

    Args:
        simulator: Answers.
        peers: The environment of the other contestants.
        sizes: How much there is at the first volume.
        directory: Where files go; it belongs to the caller.
        is_secure: Whether it all goes over TLS.
        variables: More variables of the environment of all that is measured.
    """

    def __init__(  # noqa: PLR0913  # each is one part of a run
        self,
        simulator: Simulator,
        peers: Peers,
        sizes: Sizes,
        directory: Path,
        *,
        is_secure: bool,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._simulator = simulator
        self._peers = peers
        self._sizes = sizes
        self._directory = directory
        self._url = simulator.secure_url if is_secure else simulator.url
        own = {"PYTHONPATH": str(ROOT)}
        if is_secure:
            own["REQUESTS_CA_BUNDLE"] = str(simulator.authority_file)
        self._environment = environment_of(CACHE, **own) | {**(variables or {})}
        self._catalogs: dict[tuple[str, Lines, str | None], dict[str, Any]] = {}
        self._work: dict[str, dict[str, Written]] = {}

    def check(self, case: Case, contestant: Contestant) -> Run:
        """Return a run at the first volume that wrote what it was to write.

        It also fills caches, of bytecode above all.

        Raises:
            RunFailedError: The run failed.
            WorkDiffersError: It wrote or asked for something else.
        """
        output = self._directory / "messages.jsonl"
        done = self.measure(case, contestant, 1, 0, output)
        work = work_of(output)
        expected = case.records(self._sizes, 1)
        check_work(contestant.title, work, expected, self._work.get(case.name))
        if any(written.keys for written in work.values()):
            self._work.setdefault(case.name, work)
        return done

    def measure(
        self,
        case: Case,
        contestant: Contestant,
        volume: int,
        turn: int,
        output: Path = _NOWHERE,
    ) -> Run:
        """Return a run.

        Args:
            case: What is to be done.
            contestant: Who does it.
            volume: How much there is.
            turn: Which of the measured runs it is.
            output: Where its messages go.

        Raises:
            RunFailedError: The run failed.
            WorkDiffersError: It did not ask for what it was to ask for.
        """
        self._simulator.set(case.scene(self._sizes, volume))
        job = self._job(case.upstream, case.lines, case.numbers(self._sizes, volume))
        if contestant.module is None:
            line = self._tap_line(tap_config(job) | {**case.settings}, job, case)
        else:
            settings = case.settings if contestant.is_tap else {}
            line = peer_line(contestant, job, self._peers.python, settings)
        done = self._run(line, output, contestant.environment)
        counts = self._simulator.counts()
        expected = case.requests(self._sizes, volume)
        check_requests(contestant.title, counts, expected)
        return _as_run(case.name, contestant.name, volume, turn, done, counts)

    def quiet(self, tap: Contestant, turn: int) -> list[Run]:
        """Return a first run of the tap by the activity log, and one without news."""
        scene = Scene(self._sizes.quiet_customers, _QUIET_ORDERS_PER_CUSTOMER)
        job = self._job("partner_center", "children", [])
        config = tap_config(job)
        config["partner_center"]["change_detection"] = "activity_log"
        line = self._tap_line(config, job, None)
        output, state_file = (
            self._directory / "messages.jsonl",
            self._directory / "state.json",
        )
        runs = []
        for volume in (0, 1):
            self._simulator.set(scene)
            done = self._run(line, output, tap.environment)
            counts = self._simulator.counts()
            runs.append(_as_run(QUIET, tap.name, volume, turn, done, counts))
            state_file.write_bytes(_last_state(output))
            line = [*line, "--state", str(state_file)]
        return runs

    def _run(self, line: list[str], output: Path, variables: Mapping[str, str]) -> Cost:
        return run(
            line,
            output,
            directory=self._directory / "run",
            environment={**self._environment, **variables},
            longest_seconds=_LONGEST_SECONDS,
        )

    def _tap_line(
        self, config: dict[str, Any], job: Job, case: Case | None
    ) -> list[str]:
        key = job["upstream"], job["lines"], case.name if case else None
        directory = Path(job["directory"])
        if key not in self._catalogs:
            catalog = tap_catalog(config, job["lines"], directory, self._environment)
            if case is not None:
                choose(catalog, case.deselected, is_full_table=case.is_full_table)
            self._catalogs[key] = catalog
        return tap_line(config, self._catalogs[key], directory)

    def _job(self, upstream: Upstream, lines: Lines, numbers: list[str]) -> Job:
        """Return a job in a directory without anything of an earlier run."""
        directory = self._directory / "run"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        return {
            "upstream": upstream,
            "url": self._url,
            "lines": lines,
            "numbers": numbers,
            "in_flight": IN_FLIGHT,
            "directory": str(directory),
        }


def _as_run(  # noqa: PLR0913, PLR0917  # what a run is named by, and what it took
    case: str, contestant: str, volume: int, turn: int, cost: Cost, counts: Counts
) -> Run:
    return Run(
        case=case,
        contestant=contestant,
        volume=volume,
        turn=turn,
        cpu_seconds=cost.cpu_seconds,
        wall_seconds=cost.wall_seconds,
        peak_bytes=cost.peak_bytes,
        first_request_seconds=counts.first_at - cost.began_at,
        asking_seconds=counts.last_at - counts.first_at,
        requests=counts.requests,
        most_in_flight=counts.most_in_flight,
        latency_ms=1000 * counts.answering_seconds / counts.requests,
        simulator_cpu_seconds=counts.cpu_seconds,
    )


def _last_state(messages: Path) -> bytes:
    """Return the value of the last STATE message."""
    last = b""
    with messages.open("rb") as lines:
        for line in lines:
            if line.startswith(b'{"type":"STATE"'):
                last = line
    return json.dumps(json.loads(last)["value"]).encode()
