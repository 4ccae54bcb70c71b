# ruff: noqa: INP001  # run as a script
"""Looks the locked packages up in a database of known vulnerabilities (OSV).

`python constraints/audit.py` fails when a lock has a package with an advisory that
accepted.toml does not list. Where the database does not answer, it says so in one line
and passes: without a network nothing can be found, and nothing has changed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LOCKS = Path(__file__).resolve().parent
_SOCKET_SECONDS = 10
# For one lock; each of its packages is one small request.
_LOCK_SECONDS = 300


class UnreadableLockError(Exception):
    """A lock is not what pip-audit can read."""


class UnansweredError(Exception):
    """The database did not answer."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One advisory about one locked package.

    Attributes:
        lock: The name of the lock.
        package: Name and version.
        names: All names of the advisory, that of the database first.
        fixed_in: The versions that are free of it.
    """

    lock: str
    package: str
    names: tuple[str, ...]
    fixed_in: tuple[str, ...]

    @property
    def line(self) -> str:
        """What a person needs to know of it."""
        fixed = ", ".join(self.fixed_in) or "no version yet"
        return f"{self.lock}: {self.package}: {self.names[0]}; fixed in {fixed}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Look all locks up; return the exit status: 1 if one of them needs work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--locks", type=Path, default=LOCKS, help="their folder")
    parser.add_argument("--osv-url", help="another address of the database")
    options = parser.parse_args(arguments)
    locks = sorted(options.locks.glob("*.txt"))
    accepted = tomllib.loads((options.locks / "accepted.toml").read_text("utf-8"))
    today = dt.datetime.now(dt.UTC).date()
    findings: list[Finding] = []
    unanswered = ""
    try:
        for lock in locks:
            findings += audited(lock, options.osv_url)
    except UnansweredError as error:
        unanswered = f"Not looked up: {lock.name} and what follows; OSV: {error}"
    except UnreadableLockError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    lines = [each.line for each in findings if not accepts(accepted, each, today)]
    if unanswered:
        sys.stdout.write(f"{unanswered}\n")
    else:
        found = {name for finding in findings for name in finding.names}
        missing = sorted(accepted.keys() - found)
        lines += [f"accepted.toml: {name} is in no lock any more" for name in missing]
    for line in lines:
        sys.stderr.write(f"{line}\n")
    if not lines and not unanswered:
        sys.stdout.write(
            f"{len(locks)} locks looked up: no vulnerability known, {len(accepted)} "
            f"accepted\n"
        )
    return int(bool(lines))


def accepts(accepted: Mapping[str, Any], finding: Finding, today: dt.date) -> bool:
    """Return whether a lock may stay with an advisory for now."""
    entries = [accepted[name] for name in finding.names if name in accepted]
    return any(
        finding.lock in entry["locks"] and today <= entry["until"] for entry in entries
    )


def audited(lock: Path, osv_url: str | None) -> list[Finding]:
    """Return what is known about the packages of a lock.

    Raises:
        UnreadableLockError: The lock cannot be read.
        UnansweredError: The database did not answer.
    """
    address = () if osv_url is None else ("--osv-url", osv_url)
    done = _pip_audit(lock, "--timeout", str(_SOCKET_SECONDS), *address)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError) as error:
        # It ends alike for a lock that it cannot read; that needs no network.
        if _pip_audit(lock, "--dry-run").returncode:
            msg = f"{lock.name} cannot be read: {_last_line(done.stderr)}"
            raise UnreadableLockError(msg) from error
        raise UnansweredError(_last_line(done.stderr)) from error
    return [
        Finding(
            lock.stem,
            f"{package['name']} {package['version']}",
            (found["id"], *found["aliases"]),
            tuple(found["fix_versions"]),
        )
        for package in packages
        for found in package.get("vulns", ())
    ]


def _pip_audit(lock: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Return what pip-audit says of a lock, of which nothing is installed for that."""
    line = [sys.executable, "-m", "pip_audit", "--requirement", str(lock)]
    line += ["--disable-pip", "--require-hashes", "--vulnerability-service", "osv"]
    line += ["--format", "json", "--desc", "off", "--progress-spinner", "off"]
    try:
        return subprocess.run(  # noqa: S603  # the words above
            [*line, *options],
            capture_output=True,
            text=True,
            timeout=_LOCK_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        msg = f"not within {_LOCK_SECONDS} seconds"
        raise UnansweredError(msg) from error


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:120] if lines else "it said nothing"


if __name__ == "__main__":
    sys.exit(main())
