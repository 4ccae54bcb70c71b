"""The Meltano project that a shard is run in, and what is set for it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import yaml
from dotenv import dotenv_values

if TYPE_CHECKING:
    from pathlib import Path

_INDEX = "TAP_PURCHASE_ORDERS_SHARD_INDEX"
_COUNT = "TAP_PURCHASE_ORDERS_SHARD_COUNT"


class ProjectError(Exception):
    """This is no Meltano project, or the shard makes no sense."""


@dataclass(frozen=True, slots=True)
class Project:
    """A directory with a `meltano.yml`.

    Attributes:
        root: The directory.
        plugins: Where Meltano has installed the plugins.
        environment: Meltano's environment.
        database_uri: Where Meltano keeps the states; it may hold a password.
        state_id_suffix: What tells the state of this shard from the others'; empty if
            there is one shard.
    """

    root: Path
    plugins: Path
    environment: str
    database_uri: str = field(repr=False)
    state_id_suffix: str

    @classmethod
    def at(cls, root: Path, environment: str | None) -> Self:
        """Return the project of a directory as the variables and its `.env` set it.

        Args:
            root: The directory.
            environment: The environment; None: the one that is set, or the default.

        Raises:
            ProjectError: There is no project here, or the shard makes no sense.
        """
        try:
            content = yaml.safe_load((root / "meltano.yml").read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            message = f"no meltano.yml can be read in {root}: {error}"
            raise ProjectError(message) from None
        # As for Meltano, the environment of the process comes first.
        variables: dict[str, Any] = {**dotenv_values(root / ".env"), **os.environ}
        default = f"sqlite:///{root / '.meltano' / 'meltano.db'}"
        return cls(
            root=root,
            plugins=root / (variables.get("MELTANO_SYS_DIR_ROOT") or ".meltano"),
            environment=environment
            or variables.get("MELTANO_ENVIRONMENT")
            or content["default_environment"],
            database_uri=variables.get("MELTANO_DATABASE_URI")
            or content.get("database_uri", default),
            state_id_suffix=_suffix(variables),
        )

    @property
    def meltano_variables(self) -> dict[str, str]:
        """What Meltano has to be told, because its system directory is another one."""
        return {"MELTANO_DATABASE_URI": self.database_uri}

    @property
    def shards(self) -> Path:
        """Where each run has its own directory."""
        return self.plugins / "shards"

    def pipeline(self, extractor: str, loader: str) -> str:
        """Return the name that `meltano run` gives the state of all shards together."""
        return f"{self.environment}:{extractor}-to-{loader}"

    def state_id(self, extractor: str, loader: str) -> str:
        """Return the name that `meltano run` gives the state of this shard."""
        suffix = self.state_id_suffix
        return self.pipeline(extractor, loader) + (suffix and f":{suffix}")


def _suffix(variables: dict[str, Any]) -> str:
    try:
        index, count = int(variables.get(_INDEX, 0)), int(variables.get(_COUNT, 1))
    except ValueError:
        message = f"{_INDEX} and {_COUNT} must be whole numbers"
        raise ProjectError(message) from None
    if not 0 <= index < count:
        message = f"{_INDEX} must be from 0 to {count - 1}, not {index}"
        raise ProjectError(message)
    # With another count a shard has other keys: its state is another one.
    return f"{index}-of-{count}" if count > 1 else ""
