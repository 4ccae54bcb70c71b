"""What the show does, from nothing to a warehouse that holds the sandbox's world."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from demo.tables import table
from demo.variables import LOADER, TAP, variables
from demo.warehouse import running_warehouse
from orchestrate.demo import watch
from orchestrate.demo.network import network
from orchestrate.demo.processes import adopting_orphans, descendants
from orchestrate.demo.project import make_project, write_settings
from orchestrate.demo.proof import compare
from orchestrate.demo.redis import running_redis
from orchestrate.demo.site import airflow_at
from tap_purchase_orders.sandbox.process import Sandbox

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from demo.warehouse import Warehouse
    from orchestrate.demo.network import Network

_WORKERS = ("worker-1", "worker-2")
_FIRST_DAY = "2026-03-02T08:00:00Z"
_SECONDS_BETWEEN_LOOKS = 1
_SECONDS_TO_START = 240
_SECONDS_TO_FINISH = 400
# The share of AppZen's requests after which the worker is killed.
_MIDWAY = 0.35
_SECRETS_OF_APPZEN = ("api_key", "customer_key")


class ShowFailedError(Exception):
    """Something is not as it must be."""


class _Clock:
    """Says what happens, and when."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def say(self, text: str) -> None:
        seconds = int(time.monotonic() - self._start)
        print(f"{seconds // 60}:{seconds % 60:02}  {text}", flush=True)


def tell(directory: Path, customers: int, purchase_orders: int, shards: int) -> None:
    """Read the sandbox with two workers, kill one of them, and show what came of it.

    Args:
        directory: An empty directory; only the logs are left in it.
        customers: How many customers the partner has.
        purchase_orders: How many purchase orders AppZen has.
        shards: In how many parts they are read.

    Raises:
        ShowFailedError: Something is not as it must be.
    """
    clock = _Clock()
    with ExitStack() as stack:
        stack.enter_context(adopting_orphans())
        net = stack.enter_context(network(_WORKERS))
        if net.why_not:
            clock.say(f"No machines of their own ({net.why_not}): all on {net.address}")
        warehouse = stack.enter_context(running_warehouse(net.address))
        broker = stack.enter_context(running_redis(net.address, directory))
        world = Sandbox(
            host=net.address,
            customers=customers,
            purchase_orders=purchase_orders,
            now=_FIRST_DAY,
            freeze_clock=True,
        )
        sandbox = stack.enter_context(world)
        clock.say(
            f"Upstreams and services on {net.address}: sandbox with {customers:,}"
            f" customers and {purchase_orders:,} purchase orders, PostgreSQL, Redis"
        )
        show = _Show(clock, directory, net, warehouse, sandbox)
        show.start(stack, broker, shards)
        show.kill_a_worker(shards, purchase_orders)
        show.finish()
        show.check(shards)


class _Show:
    def __init__(
        self,
        clock: _Clock,
        directory: Path,
        net: Network,
        warehouse: Warehouse,
        sandbox: Sandbox,
    ) -> None:
        self._clock = clock
        self._directory = directory
        self._net = net
        self._warehouse = warehouse
        self._sandbox = sandbox
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self._before: dict[str, list[int]] = {}
        self._killed = _WORKERS[-1]
        settings = warehouse.loader_settings
        server = watch.Database(
            {name: settings[name] for name in ("host", "port", "user", "password")}
            | {"dbname": settings["database"], "connect_timeout": 5}
        )
        self._airflow = server.create("airflow")
        self._meltano = server.create("meltano")

    def start(self, stack: ExitStack, broker: str, shards: int) -> None:
        """Start Airflow and the workers, and wait for the run of its schedule."""
        url = self._airflow.url("psycopg2")
        airflow = airflow_at(self._directory, self._net.address, url, broker)
        airflow.set_up({"upstreams": shards, "purchase_orders_models": 1})
        self._clock.say("Airflow has its tables and pools")
        secret = dict(variables(TAP, self._sandbox.settings))
        secret |= dict(variables(LOADER, self._warehouse.loader_settings))
        secret["MELTANO_DATABASE_URI"] = self._meltano.url("psycopg")
        due = datetime.now(UTC) + timedelta(minutes=1)
        cron = f"{due.minute} {due.hour} * * *"
        projects = {
            name: make_project(self._directory / "projects" / name, named)
            for name, named in {
                "airflow": {},
                **dict.fromkeys(_WORKERS, secret),
            }.items()
        }
        for project in projects.values():
            file = project / "orchestrate" / "airflow" / "settings.yml"
            write_settings(file, cron, shards)
        for machine in self._net.machines:
            worker = airflow.worker(
                machine,
                projects[machine.name],
                self._sandbox.environment,
                slots=-(-shards // len(_WORKERS)),
            )
            self._workers[machine.name] = stack.enter_context(worker)
        stack.enter_context(airflow.services(projects["airflow"]))
        places = ", ".join(f"{m.name} on {m.address}" for m in self._net.machines)
        self._clock.say(f"Started: scheduler, DAG processor, API server, {places}")
        self._wait("a DAG run", _SECONDS_TO_START, lambda: watch.dag_run(self._airflow))
        made = watch.dag_run(self._airflow)
        if made is None or made[0] != "scheduled":
            message = f"the DAG run was not made by its schedule: {made}"
            raise ShowFailedError(message)
        self._clock.say(f"The schedule `{cron}` has made a DAG run of {shards} shards")

    def kill_a_worker(self, shards: int, purchase_orders: int) -> None:
        """Wait until all shards are being read, on both workers; kill one of these."""

        def all_run() -> bool:
            self._before = watch.running_shards(self._airflow)
            return sum(map(len, self._before.values())) == shards

        self._wait("all shards to run at once", _SECONDS_TO_START, all_run)
        for machine, found in sorted(self._before.items()):
            self._clock.say(f"{machine} reads the shards {_listed(found)}")
        if set(self._before) != set(_WORKERS):
            message = "the shards are not spread over both workers"
            raise ShowFailedError(message)
        wanted = int(_MIDWAY * purchase_orders)
        self._wait(
            f"{wanted:,} purchase orders to be asked for",
            _SECONDS_TO_START,
            lambda: self._purchase_orders_asked_for() >= wanted,
        )
        unfinished = watch.running_shards(self._airflow).get(self._killed, [])
        if not unfinished:
            message = f"{self._killed} had finished before it could be killed"
            raise ShowFailedError(message)
        asked = self._purchase_orders_asked_for()
        worker = self._workers[self._killed]
        below = set(descendants(worker.pid))
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        self._clock.say(
            f"Killed {self._killed} (SIGKILL to its process group) after {asked:,} of"
            f" {purchase_orders:,} purchase orders; unfinished: {_listed(unfinished)}"
        )

        def orphans() -> set[int]:
            return below & set(descendants(os.getpid()))

        left = len(orphans())
        self._wait(
            "what it had started to end", _SECONDS_TO_START, lambda: not orphans()
        )
        self._clock.say(f"The {left} processes that it left behind have ended")

    def finish(self) -> None:
        """Wait for the end of the DAG run."""
        retried: set[int] = set()

        def ended() -> bool:
            for each in watch.tries(self._airflow):
                again = each.number > 1 and each.state == "running"
                if again and each.shard not in retried:
                    retried.add(each.shard)
                    where = f"{each.machine}, try {each.number}"
                    self._clock.say(f"Shard {each.shard} goes on on {where}")
            made = watch.dag_run(self._airflow)
            return made is not None and made[1] in ("success", "failed")

        self._wait("the DAG run to end", _SECONDS_TO_FINISH, ended)
        made = watch.dag_run(self._airflow)
        self._clock.say(f"The DAG run has ended: {made[1] if made else 'gone'}")
        if made is None or made[1] != "success":
            self._show_tries()
            message = f"the DAG run failed; logs are in {self._directory / 'logs'}"
            raise ShowFailedError(message)

    def check(self, shards: int) -> None:
        """Show the counts; compare warehouse and sandbox, and look at the states."""
        self._show_tries()
        saved = watch.states(self._meltano)
        rows = [(name, "finished" if done else "unfinished") for name, done in saved]
        print(f"\nStates in Meltano's database\n{table(('state', 'run'), rows)}")
        counts, differences = compare(self._sandbox, self._warehouse)
        headings = ("stream", "rows in the warehouse", "records in the sandbox")
        print(f"\nWarehouse and sandbox\n{table(headings, counts)}\n", flush=True)
        models = self._warehouse.rows(
            "SELECT count(*) FROM purchasing_dev_marts.purchase_order_commitments"
        )
        numbers = self._sandbox.settings["appzen"]["purchase_order_numbers"]
        self._clock.say(
            f"AppZen was asked {self._purchase_orders_asked_for():,} times for"
            f" {len(numbers['numbers']):,} numbers: retries went on where the state was"
        )
        overlaps = watch.overlapping_runs(self._meltano)
        problems = list(differences)
        if len(saved) != shards or not all(done for _, done in saved):
            problems.append(f"{shards} states of finished runs were to be saved")
        if overlaps:
            problems.append(f"{overlaps} runs of one shard went on at the same time")
        if not models[0][0]:
            problems.append("dbt has built no commitments")
        problems += self._secrets_in_logs()
        if problems:
            raise ShowFailedError("\n  ".join(["not as it must be:", *problems]))
        self._clock.say("The warehouse holds exactly the sandbox's world, all states")
        self._clock.say("are saved, no shard was ever read twice at once, and no log")
        self._clock.say("has a secret in it.")

    def _secrets_in_logs(self) -> list[str]:
        settings = self._sandbox.settings
        secrets = [
            settings["partner_center"]["auth"]["client_secret"],
            *(settings["appzen"]["auth"][name] for name in _SECRETS_OF_APPZEN),
            self._warehouse.password,
        ]
        return [
            f"{log} has a secret in it"
            for log in (self._directory / "logs").rglob("*.log")
            if any(secret in log.read_text(errors="replace") for secret in secrets)
        ]

    def _show_tries(self) -> None:
        rows = []
        found = watch.tries(self._airflow)
        for each in found:
            shard = str(each.shard) if each.shard >= 0 else None
            seconds = None if each.seconds is None else int(each.seconds)
            rows.append(
                (each.task, shard, each.number, each.state, each.machine, seconds)
            )
        headings = ("task", "shard", "try", "state", "machine", "seconds")
        print(f"\nTries of the tasks\n{table(headings, rows)}")
        read = [each for each in found if each.task == watch.READ_TASK]
        ended = Counter(each.machine for each in read if each.state == "success")
        per_worker = [
            (name, len(self._before.get(name, [])), ended[name]) for name in _WORKERS
        ]
        titles = ("worker", "shards before the kill", "shards finished")
        print(f"\nShards by worker\n{table(titles, per_worker)}")
        retries = sum(each.number > 1 for each in read)
        print(f"\nRetries: {retries}", flush=True)

    def _purchase_orders_asked_for(self) -> int:
        asked = self._sandbox.requests()["by_resource"].get("purchase_orders", {})
        return asked if isinstance(asked, int) else sum(asked.values())

    def _wait(self, what: str, seconds: float, done: Callable[[], object]) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                self._show_tries()
                message = f"waited {seconds} s for {what}"
                raise ShowFailedError(message)
            for name, worker in self._workers.items():
                if worker.poll() is not None and name != self._killed:
                    message = f"{name} has ended with status {worker.returncode}"
                    raise ShowFailedError(message)
            time.sleep(_SECONDS_BETWEEN_LOOKS)


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))
