"""Runs a history, and says what came of it."""

from __future__ import annotations

import datetime as dt
import os
import shlex
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.sandbox.process import Sandbox

from .comparison import check_budget, check_everything, check_incremental
from .direct import DirectRunner, discovered
from .findings import Finding, Findings
from .observations import Observation
from .plan import ATTACHMENTS
from .run import HUNG, Ended, Runner
from .steps import STREAM, StepWatch, check_steps
from .through_meltano import MeltanoRunner
from .troubles import Place, rules_of
from .truth import KEYS, World, world_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .loaders import Loaders
    from .plan import Plan, Step
    from .tables import Server, Tables
    from .truth import Key

_EPOCH = "2026-03-02T10:00:00Z"
_DAY_SECONDS = 86_400
# Of the user's own settings none may find its way into a run.
_FOREIGN = ("MELTANO_", "PG", "TAP_PURCHASE_ORDERS_", "TARGET_POSTGRES_")
_ENOUGH = 100_000
_TRIES = 3
_LOG_LINES = 6


@dataclass(slots=True)
class Outcome:
    """What came of a history.

    Attributes:
        plan: The history.
        findings: What is wrong at its end.
        runs: How its runs ended, counted.
        faults: How often something went wrong at the upstreams, by kind.
        kills: Which programs were ended in the midst of a run, by whom and how.
        seen_anew: How many first steps a run without a state left to the next one.
    """

    plan: Plan
    findings: Findings = field(default_factory=Findings)
    runs: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    seen_anew: int = 0

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings.found

    def account(self, most: int = 12) -> str:
        """Return what is wrong, and how to see it again."""
        lines = [f"seed {self.plan.seed}:"]
        lines += [f"  {place}. {step}" for place, step in enumerate(self.plan.steps, 1)]
        lines += [found.as_text() for found in self.findings.found[:most]]
        if len(self.findings.found) > most:
            kinds = Counter(
                f"{found.kind} {found.stream}" for found in self.findings.found
            )
            lines.append(f"in all: {dict(kinds)}")
        again = ["python", "-m", "tests.soak", "--seed", str(self.plan.seed)]
        if self.plan.left_out:
            again += ["--without", *self.plan.left_out]
        lines.append(f"again: {shlex.join(again)}")
        return "\n".join(lines)


def run_history(plan: Plan, server: Server, loaders: Loaders) -> Outcome:
    """Run a history from its first run to its last, and compare."""
    with ExitStack() as cleanup:
        folder = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="soak-"))
        tables = server.tables(f"soak_{plan.seed}")
        cleanup.callback(tables.drop)
        sandbox = cleanup.enter_context(
            Sandbox(
                seed=plan.seed,
                customers=plan.customers,
                orders_per_customer=2,
                purchase_orders=plan.purchase_orders,
                token_lifetime=plan.token_lifetime,
                now=_EPOCH,
                freeze_clock=True,
                requests_per_minute=_ENOUGH,
                appzen_requests_per_second=_ENOUGH,
            )
        )
        runner = _runner(plan, sandbox, Path(folder), tables, loaders)
        history = _History(plan, sandbox, tables, runner)
        history.run()
    return history.outcome


def _runner(
    plan: Plan, sandbox: Sandbox, folder: Path, tables: Tables, loaders: Loaders
) -> Runner:
    environment = {"PGTZ": "UTC", **sandbox.environment}
    if plan.under_meltano:
        return MeltanoRunner(folder, sandbox, tables.loader_settings, environment)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_FOREIGN)
    } | environment
    environment |= {"NO_PROXY": "localhost,127.0.0.1"}
    settings = tables.loader_settings
    config = {**settings, "port": int(settings["port"])}
    catalog = discovered(folder, sandbox.settings, environment)
    return DirectRunner(folder, catalog, loaders, config, environment)


class _History:
    """One history under way."""

    def __init__(
        self, plan: Plan, sandbox: Sandbox, tables: Tables, runner: Runner
    ) -> None:
        self.outcome = Outcome(plan)
        self._plan = plan
        self._sandbox = sandbox
        self._tables = tables
        self._runner = runner
        self._observations: list[Observation] = []
        self._watch = StepWatch()
        source = sandbox.settings["appzen"]["purchase_order_numbers"]
        self._numbers: list[str] = source["numbers"]
        self._nights: list[tuple[str, set[Key]]] = []

    def run(self) -> None:
        """Run all steps."""
        for place, step in enumerate(self._plan.steps, start=1):
            name = f"run {place}"
            try:
                self._run_step(step, name)
            except TimeoutError:
                self._find(Finding(HUNG, when=name))
                return

    def _find(self, finding: Finding) -> None:
        self.outcome.findings.found.append(finding)

    def _run_step(self, step: Step, name: str) -> None:
        if step.overlap:
            self._start_weekly(step)
        self._sandbox.advance(step.days * _DAY_SECONDS)
        world = world_of(self._sandbox)
        settings = self._settings(step, world)
        began_at = dt.datetime.now(dt.UTC).replace(tzinfo=None).isoformat()
        kinds = self._make_troubles(step, world, settings)
        ended = self._runner.run(step, settings)
        self._count(step, ended, kinds)
        if step.overlap and isinstance(self._runner, MeltanoRunner):
            self._runner.end_weekly()
            self.outcome.runs["overlapping"] += 1
        self._judge(step, ended, name)
        self._observations.append(
            Observation(
                world,
                step.settings,
                is_complete=ended.is_good and ended.is_kept and not self._lacks(step),
                counts=step.full_table != "own state"
                and "order_status_changes" in step.streams,
                missed=self._missed(step, world),
                streams=step.streams,
            )
        )
        table = self._tables.rows(STREAM)
        for finding in self._watch.look(table, name, is_kept=ended.is_kept):
            self._find(finding)
        self.outcome.seen_anew = self._watch.seen_anew
        self._check(step, world, began_at)

    def _start_weekly(self, step: Step) -> None:
        """Let the weekly job read all customers but the last, and wait there."""
        world = world_of(self._sandbox)
        settings = self._settings(step, world)
        if isinstance(self._runner, MeltanoRunner):
            chosen = settings["partner_center"].get("customer_ids") or world.customers
            self._runner.start_weekly(settings, chosen[-1])
        self._observations.append(
            Observation(world, step.settings, is_complete=False, counts=False)
        )

    def _settings(self, step: Step, world: World) -> dict[str, Any]:
        own = step.settings
        base = self._sandbox.settings
        tries = {"max_tries": _TRIES} if step.troubles else {}
        partner_center = base["partner_center"] | {
            "include_price": own.include_price,
            "include_system_purchases": own.include_system_purchases,
            "lookback_days": own.lookback_days,
            "change_detection": own.change_detection,
            "full_read_days": own.full_read_days,
            "customer_ids": [world.customers[index] for index in own.customers],
            **tries,
        }
        numbers = [self._numbers[index] for index in own.numbers]
        appzen = base["appzen"] | {
            "purchase_order_numbers": {"source": "list", "numbers": numbers},
            "max_requests_per_second": 1000,
            **tries,
        }
        if own.max_requests_per_run is not None:
            appzen["max_requests_per_run"] = own.max_requests_per_run
        start = {} if own.start_date is None else {"start_date": own.start_date}
        return {"partner_center": partner_center, "appzen": appzen, **start}

    def _make_troubles(
        self, step: Step, world: World, settings: Mapping[str, Any]
    ) -> list[str]:
        """Send the fault script; return the kind that each rule is of."""
        numbers = settings["appzen"]["purchase_order_numbers"]["numbers"]
        place = Place(world.customers, numbers, world.now)
        rules = [(t.kind, rule) for t in step.troubles for rule in rules_of(t, place)]
        if step.overlap:
            return []
        self._sandbox.faults([rule for _, rule in rules])
        self._sandbox.reset_requests()
        return [kind for kind, _ in rules]

    def _count(self, step: Step, ended: Ended, kinds: list[str]) -> None:
        outcome = self.outcome
        outcome.runs["good" if ended.is_good else "failed"] += 1
        if kinds:
            for kind, counts in zip(kinds, self._sandbox.fault_counts(), strict=True):
                outcome.faults[kind] += counts["acted"]
        if step.kill is not None and ended.killed:
            outcome.kills[f"{step.kill.number.name} of {step.kill.whom}"] += 1
        self._sandbox.faults([])

    def _judge(self, step: Step, ended: Ended, name: str) -> None:
        """Note what no run may do, whatever goes wrong."""
        end = "\n".join(ended.log.splitlines()[-_LOG_LINES:])
        if ended.has_crashed:
            self._find(Finding("tap crashed", found=end, when=name))
        elif not (ended.is_good or step.troubles or step.kill or step.overlap):
            self._find(Finding("run failed", found=end, when=name))

    def _lacks(self, step: Step) -> bool:
        """Return whether a run may end well without the prices that it is to read."""
        return any(trouble.kind == "prices refused" for trouble in step.troubles)

    def _missed(self, step: Step, world: World) -> frozenset[str]:
        place = Place(world.customers, self._numbers, world.now)
        gone = [t for t in step.troubles if t.kind == "vanished"]
        return frozenset(map(place.customer, gone))

    def _check(self, step: Step, world: World, began_at: str) -> None:
        findings = self.outcome.findings
        if step.settings.max_requests_per_run is not None:
            chosen = {(self._numbers[index],) for index in step.settings.numbers}
            there = chosen & world.rows["purchase_orders"].keys()
            self._nights.append((began_at, there))
            nights = [s for s in self._plan.steps if s.settings.max_requests_per_run]
            if len(self._nights) == len(nights):
                always = set.intersection(*(numbers for _, numbers in self._nights))
                table = self._tables.rows("purchase_orders")
                check_budget(table, always, self._nights[0][0], findings)
        if step.name == "last incremental":
            check_incremental(self._all_tables(step), self._observations, findings)
            check_steps(self._watch, self._observations, findings)
        if step.name == "last FULL_TABLE":
            tables = self._all_tables(step)
            check_everything(tables, self._observations[-1], findings)

    def _all_tables(self, step: Step) -> dict[str, list[dict[str, Any]]]:
        streams = [s for s in KEYS if s != ATTACHMENTS or s in step.streams]
        return {stream: self._tables.rows(stream) for stream in streams}
