"""The contestants: how each is started, and what it must have to be there at all."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.command import TAP, RunFailedError, run
from benchmarks.contestants.job import TOKEN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from benchmarks.contestants.job import Job, Lines

ROOT = Path(__file__).parent.parent
DEFAULT_PEERS = ROOT / ".venv-bench"
# Bytecode of all measured programs: made once, not in every run.
CACHE = ROOT / ".cache" / "benchmarks"

_LOOK_SECONDS = 60.0
# The most that the tap's settings take: the quota is not what is measured.
_REQUESTS_PER_MINUTE = 1_000_000
_REQUESTS_PER_SECOND = 10_000
_STREAMS = {
    "partner_center": ("orders", "order_line_items", "lineItems"),
    "appzen": ("purchase_orders", "purchase_order_lines", "purchase_order_lines"),
}
# Says which modules are missing, and the versions of the packages that are there.
_LOOK = """
import importlib.metadata, importlib.util, json, sys
missing = [each for each in sys.argv[1:] if importlib.util.find_spec(each) is None]
versions = {}
for name in ("singer-sdk", "dlt", "pycurl", "orjson", "urllib3"):
    try:
        versions[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps({"missing": missing, "versions": versions}))
"""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A program that is measured.

    Attributes:
        name: What it is called on the command line.
        title: What it is called in tables.
        module: The program; none: the tap itself.
        needs: The modules that it imports.
        is_tap: Whether it has the command line of a Singer tap.
        environment: Its switches.
    """

    name: str
    title: str
    module: str | None
    needs: tuple[str, ...] = ()
    is_tap: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


CONTESTANTS = (
    Contestant("tap", "tap-purchase-orders", None),
    Contestant("stock", "stock singer-sdk tap", "stock", ("singer_sdk",), is_tap=True),
    Contestant(
        "tuned",
        "the same, public switches",
        "tuned",
        ("singer_sdk", "msgspec"),
        is_tap=True,
        environment={"LOGLEVEL": "WARNING"},
    ),
    Contestant(
        "dlt",
        "dlt rest_api, to files",
        "dlt_files",
        ("dlt",),
        environment={
            "EXTRACT__WORKERS": "16",
            "EXTRACT__MAX_PARALLEL_ITEMS": "32",
            "RUNTIME__DLTHUB_TELEMETRY": "false",
        },
    ),
    Contestant("limit", "limit: pycurl, orjson", "limit", ("orjson", "pycurl")),
)


@dataclass(frozen=True, slots=True)
class Peers:
    """The environment of the other contestants.

    Attributes:
        python: Its interpreter.
        missing: Modules that are not there.
        versions: Versions of the packages that matter.
    """

    python: Path
    missing: frozenset[str]
    versions: dict[str, str]

    def has(self, contestant: Contestant) -> bool:
        """Return whether a contestant can be run."""
        return contestant.module is None or self.missing.isdisjoint(contestant.needs)

    def check(self, contestants: Iterable[Contestant]) -> None:
        """Return if all of these can be run.

        Raises:
            RunFailedError: One cannot.
        """
        lacking = sorted({each.title for each in contestants if not self.has(each)})
        if lacking:
            msg = f"not there by {self.python}: {', '.join(lacking)}"
            raise RunFailedError(msg)


def peers_in(directory: Path) -> Peers:
    """Return what an environment has to offer; it need not be there."""
    # Absolute: the contestants run in directories of their own.
    python = directory.absolute() / "bin" / "python"
    needed = sorted({each for contestant in CONTESTANTS for each in contestant.needs})
    if not python.exists():
        return Peers(python, frozenset(needed), {})
    found = subprocess.run(  # noqa: S603  # our own program
        [python, "-c", _LOOK, *needed],
        capture_output=True,
        check=True,
        timeout=_LOOK_SECONDS,
    )
    facts = json.loads(found.stdout)
    return Peers(python, frozenset(facts["missing"]), facts["versions"])


def peer_line(
    contestant: Contestant, job: Job, python: Path, settings: Mapping[str, Any]
) -> list[str]:
    """Return how one of the others is started, and write its job into a file.

    Args:
        contestant: The other one.
        job: The job.
        python: The interpreter.
        settings: Settings of the SDK beside it.
    """
    job_file = Path(job["directory"]) / "job.json"
    job_file.write_text(json.dumps({**job, **settings}), encoding="utf-8")
    option = ["--config"] if contestant.is_tap else []
    module = f"benchmarks.contestants.{contestant.module}"
    return [str(python), "-m", module, *option, str(job_file)]


def tap_line(
    config: Mapping[str, Any], catalog: Mapping[str, Any], directory: Path
) -> list[str]:
    """Return how the tap is started, and write its settings and its catalog."""
    files = {"config": config, "catalog": catalog}
    line = [TAP]
    for name, content in files.items():
        file = directory / f"{name}.json"
        file.write_text(json.dumps(content), encoding="utf-8")
        line += [f"--{name}", str(file)]
    return line


def tap_config(job: Job) -> dict[str, Any]:
    """Return the tap's settings for a job."""
    section: dict[str, Any]
    if job["upstream"] == "appzen":
        names = ("api_key", "customer_id", "customer_key")
        section = {
            "auth": {"method": "api_key", **dict.fromkeys(names, TOKEN)},
            "purchase_order_numbers": {"source": "list", "numbers": job["numbers"]},
            "max_requests_per_second": _REQUESTS_PER_SECOND,
        }
    else:
        section = {
            "auth": {"method": "bearer_token", "token": TOKEN},
            "max_requests_per_minute": _REQUESTS_PER_MINUTE,
        }
    section |= {"api_url": job["url"], "max_concurrency": job["in_flight"]}
    return {job["upstream"]: section}


def tap_catalog(
    config: Mapping[str, Any],
    lines: Lines,
    directory: Path,
    environment: Mapping[str, str],
) -> dict[str, Any]:
    """Return the tap's catalog in which only what a job is about is selected.

    Args:
        config: The tap's settings.
        lines: What becomes of the lines.
        directory: Where the discovery runs.
        environment: Its environment.
    """
    config_file, found_file = directory / "config.json", directory / "found.json"
    config_file.write_text(json.dumps(config), encoding="utf-8")
    run(
        [TAP, "--config", str(config_file), "--discover"],
        found_file,
        directory=directory,
        environment=environment,
        longest_seconds=_LOOK_SECONDS,
    )
    header, children, array = _STREAMS[next(iter(config))]
    streams = [header, children] if lines == "children" else [header]
    catalog: dict[str, Any] = json.loads(found_file.read_bytes())
    for entry in catalog["streams"]:
        for part in entry["metadata"]:
            breadcrumb, metadata = part["breadcrumb"], part["metadata"]
            if not breadcrumb:
                metadata["selected"] = entry["stream"] in streams
            elif breadcrumb[-1] == array and lines == "inside":
                metadata["selected"] = True
    return catalog


def choose(
    catalog: dict[str, Any],
    deselected: Collection[tuple[str, ...]],
    *,
    is_full_table: bool,
) -> None:
    """Change what a catalog says of the streams of headers.

    Args:
        catalog: The catalog.
        deselected: Members that are not selected, by the names that lead to them.
        is_full_table: Whether the streams are `FULL_TABLE`.
    """
    headers = {header for header, *_ in _STREAMS.values()}
    for entry in catalog["streams"]:
        if entry["stream"] not in headers:
            continue
        for part in entry["metadata"]:
            names = tuple(part["breadcrumb"][1::2])
            if names in deselected:
                part["metadata"]["selected"] = False
            elif not names and is_full_table:
                part["metadata"]["replication-method"] = "FULL_TABLE"
