"""An Airflow of our own: its settings, its services, its workers."""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import socket
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from demo.processes import running
from orchestrate.demo.names import VARIABLE
from orchestrate.demo.project import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from orchestrate.demo.network import Machine

_AIRFLOW = REPOSITORY / ".venv-airflow" / "bin" / "airflow"
_SECONDS_TO_SET_UP = 180
# The user's own are not for this Airflow, nor for the pipelines in it.
_FOREIGN = ("AIRFLOW", "MELTANO_", "PG", "PURCHASE_ORDERS_", "PYTHON")
_FOREIGN_PLUGINS = ("TAP_PURCHASE_ORDERS_", "TARGET_POSTGRES_", "DBT_")


class AirflowError(Exception):
    """Airflow could not be set up, or one of its services ended."""


@dataclass(frozen=True, slots=True)
class Airflow:
    """An Airflow with CeleryExecutor, and how its parts reach each other.

    Attributes:
        directory: Where it keeps its files.
        host: The address of the services.
        port: That of the API server, which the workers ask.
        variables: The settings, with passwords and keys.
    """

    directory: Path
    host: str
    port: int
    variables: Mapping[str, str] = field(repr=False)

    def set_up(self, pools: Mapping[str, int]) -> None:
        """Make the tables and the pools.

        Raises:
            AirflowError: It did not go; the message has the end of the output.
        """
        file = self.directory / "pools.json"
        content = {
            name: {"slots": slots, "description": "", "include_deferred": False}
            for name, slots in pools.items()
        }
        file.write_text(json.dumps(content), encoding="utf-8")
        for arguments in (("db", "migrate"), ("pools", "import", str(file))):
            done = subprocess.run(  # noqa: S603
                [_AIRFLOW, *arguments],
                check=False,
                capture_output=True,
                text=True,
                env=self._environment(self.directory / "home"),
                timeout=_SECONDS_TO_SET_UP,
            )
            if done.returncode != 0:
                lines = (done.stdout + done.stderr).splitlines()[-20:]
                message = "\n".join([f"airflow {' '.join(arguments)} failed:", *lines])
                raise AirflowError(message)

    @contextmanager
    def services(self, project: Path) -> Iterator[None]:
        """Run the API server, the scheduler and the DAG processor.

        Args:
            project: Where the DAG file is, as on the workers.
        """
        with ExitStack() as stack:
            for name in ("api-server", "scheduler", "dag-processor"):
                environment = self._environment(self.directory / "home", project)
                stack.enter_context(self._program([name], name, environment))
            yield

    @contextmanager
    def worker(
        self, machine: Machine, project: Path, variables: Mapping[str, str], slots: int
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run a worker on a machine.

        Args:
            machine: Where.
            project: Its own copy of the project.
            variables: What else its environment has.
            slots: How many tasks it runs at once.
        """
        home = self.directory / machine.name
        environment = self._environment(home, project) | dict(variables)
        environment |= {VARIABLE: machine.name, "PURCHASE_ORDERS_PROJECT": str(project)}
        command = ["celery", "worker", "--skip-serve-logs", f"--concurrency={slots}"]
        command += ["--without-gossip", "--without-mingle"]
        command += [f"--celery-hostname={machine.name}"]
        with self._program(
            command, machine.name, environment, machine.prefix
        ) as worker:
            yield worker

    @contextmanager
    def _program(
        self,
        arguments: Sequence[str],
        name: str,
        environment: Mapping[str, str],
        prefix: Sequence[str] = (),
    ) -> Iterator[subprocess.Popen[bytes]]:
        log = self.directory / "logs" / f"{name}.log"
        log.parent.mkdir(exist_ok=True)
        with (
            log.open("ab") as output,
            running(
                [*prefix, _AIRFLOW, *arguments],
                # Nothing of it is kept, so nothing has to end in order.
                ask_with=signal.SIGKILL,
                stdout=output,
                stderr=output,
                env=dict(environment),
            ) as process,
        ):
            yield process

    def _environment(self, home: Path, project: Path | None = None) -> dict[str, str]:
        home.mkdir(exist_ok=True)
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith((*_FOREIGN, *_FOREIGN_PLUGINS))
        }
        result = kept | dict(self.variables) | {"AIRFLOW_HOME": str(home)}
        if project is not None:
            dags = project / "orchestrate" / "airflow"
            result["AIRFLOW__CORE__DAGS_FOLDER"] = str(dags)
        return result


def airflow_at(directory: Path, host: str, database: str, broker: str) -> Airflow:
    """Return an Airflow that has never run.

    Args:
        directory: An empty directory.
        host: The address of its services.
        database: The URL of its database, for psycopg2.
        broker: The URL of the queue.
    """
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    sections = {
        "core": {
            "dags_are_paused_at_creation": "False",
            "execution_api_server_url": f"http://{host}:{port}/execution/",
            "executor": "CeleryExecutor",
            "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "hostname_callable": "orchestrate.demo.names.machine",
            "load_examples": "False",
        },
        "database": {"sql_alchemy_conn": database},
        "celery": {"broker_url": broker, "result_backend": f"db+{database}"},
        "api": {
            "host": host,
            "port": str(port),
            "secret_key": secrets.token_urlsafe(32),
            "workers": "1",
        },
        "api_auth": {"jwt_secret": secrets.token_urlsafe(64)},
        "logging": {"base_log_folder": str(directory / "logs" / "tasks")},
        # A worker that is lost is to be missed soon; by default it takes five minutes.
        "scheduler": {
            "task_instance_heartbeat_sec": "5",
            "task_instance_heartbeat_timeout": "30",
            "task_instance_heartbeat_timeout_detection_interval": "5",
        },
        "usage_data_collection": {"enabled": "False"},
        # All start at once here, on few cores.
        "workers": {"execution_api_timeout": "30"},
    }
    variables = {
        f"AIRFLOW__{section.upper()}__{name.upper()}": value
        for section, settings in sections.items()
        for name, value in settings.items()
    }
    # For the name of a machine.
    variables["PYTHONPATH"] = str(REPOSITORY)
    variables["NO_PROXY"] = variables["no_proxy"] = f"localhost,127.0.0.1,{host}"
    return Airflow(directory, host, port, variables)
