"""The Meltano project as each machine has it: a copy, with credentials of its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from demo.variables import line

if TYPE_CHECKING:
    from collections.abc import Mapping

REPOSITORY = Path(__file__).parents[2]
# What a machine needs of the repository. Environments are not copied.
_COPIED = ("meltano.yml", "orchestrate", "schemas", "transform")
_LINKED = (".venv-meltano",)
_PLUGINS = ("extractors", "loaders", "utilities")


def make_project(directory: Path, variables: Mapping[str, str]) -> Path:
    """Make a copy of the project with an `.env`; return its directory.

    Args:
        directory: Where to.
        variables: What its `.env` says: credentials are in there only.
    """
    directory.mkdir(mode=0o700, parents=True)
    for name in _COPIED:
        source = REPOSITORY / name
        if source.is_dir():
            leave_out = shutil.ignore_patterns("__pycache__", "show", "target", "logs")
            shutil.copytree(source, directory / name, ignore=leave_out)
        else:
            shutil.copy(source, directory / name)
    for name in _LINKED:
        (directory / name).symlink_to(REPOSITORY / name)
    (directory / ".meltano").mkdir()
    for kind in _PLUGINS:
        if (REPOSITORY / ".meltano" / kind).is_dir():
            link = directory / ".meltano" / kind
            link.symlink_to(REPOSITORY / ".meltano" / kind)
    secrets = directory / ".env"
    descriptor = os.open(secrets, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{line(name, value)}\n" for name, value in variables.items())
    return directory


def write_settings(path: Path, cron: str, shards: int) -> None:
    """Write settings of the DAG file for one schedule that reads both upstreams."""
    shipped = REPOSITORY / "orchestrate" / "airflow" / "settings.yml"
    settings: dict[str, Any] = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    allowance = settings["pools"]["partner_center"]["allowance"]
    allowance |= settings["pools"]["appzen"]["allowance"]
    settings["defaults"] |= {
        "environment": "dev",
        "shards": shards,
        "retry_minutes": 0.2,
    }
    settings["pools"] = {"upstreams": {"slots": shards, "allowance": allowance}}
    settings["schedules"] = {
        "purchase_orders": {
            "description": "Everything there is in the sandbox",
            "cron": cron,
            "extractor": "tap-purchase-orders",
            "pool": "upstreams",
            "transform": ["dbt:build"],
            "hours": 1,
        }
    }
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
