"""`make audit`: the locked packages, looked up in a database of vulnerabilities."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tap.upstream import Asked, Reply, Upstream, json_reply

if TYPE_CHECKING:
    from collections.abc import Callable

LOCKS = Path(__file__).resolve().parents[2] / "constraints"
OSV_PATH = "/v1/query"
LOCK = "left-pad==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n"


def audit(locks: Path, upstream_url: str) -> subprocess.CompletedProcess[str]:
    """Look the locks of a folder up in a database of this test."""
    options = ["--locks", str(locks), "--osv-url", f"{upstream_url}{OSV_PATH}"]
    return subprocess.run(
        [sys.executable, LOCKS / "audit.py", *options],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def advisory(
    name: str, *aliases: str, fixed_in: str | None = None
) -> Callable[[Asked], Reply]:
    """Return answers that know of one advisory about each package."""

    def reply(asked: Asked) -> Reply:
        events = [{"introduced": "0"}, *([{"fixed": fixed_in}] if fixed_in else [])]
        ranges = [{"type": "ECOSYSTEM", "events": events}]
        affected = [{"package": json.loads(asked.body)["package"], "ranges": ranges}]
        found = {"id": name, "aliases": list(aliases), "affected": affected}
        return json_reply({"vulns": [found]})

    return reply


@pytest.fixture
def locks(tmp_path: Path) -> Path:
    (tmp_path / "ours.txt").write_text(LOCK)
    (tmp_path / "accepted.toml").write_text("")
    return tmp_path


def accept(
    locks: Path, name: str, *, lock: str = "ours", until: str = "9999-01-01"
) -> None:
    """Let a lock stay with an advisory until a day."""
    text = f'[{name}]\nlocks = ["{lock}"]\nuntil = {until}\nreason = "a test"\n'
    (locks / "accepted.toml").write_text(text)


def test_an_advisory_about_a_locked_package_fails_the_audit(locks: Path) -> None:
    with Upstream() as database:
        database.answer(OSV_PATH, advisory("PYSEC-1", "CVE-1", fixed_in="1.1"))
        done = audit(locks, database.url)

    assert done.returncode == 1
    assert done.stderr == "ours: left-pad 1.0: PYSEC-1; fixed in 1.1\n"


def test_locks_without_advisories_pass_the_audit(locks: Path) -> None:
    with Upstream() as database:
        database.answer(OSV_PATH, json_reply({}))
        done = audit(locks, database.url)
        (asked,) = database.asked

    assert done.returncode == 0, done.stderr
    assert "no vulnerability known" in done.stdout
    assert json.loads(asked.body)["version"] == "1.0"


def test_every_package_of_every_lock_is_looked_up() -> None:
    with Upstream() as database:
        database.answer(OSV_PATH, json_reply({}))
        done = audit(LOCKS, database.url)
        looked_up = {
            (body["package"]["name"], body["version"])
            for body in (json.loads(asked.body) for asked in database.asked)
        }

    assert done.returncode == 0, done.stderr
    # A pin with a marker may be for another Python or system.
    pins = re.compile(r"^([a-z0-9-]+)(?:\[.*\])?==(\S+) \\", re.MULTILINE)
    for lock in LOCKS.glob("*.txt"):
        assert set(pins.findall(lock.read_text(encoding="utf-8"))) <= looked_up


@pytest.mark.parametrize("name", ["PYSEC-1", "CVE-1"])
def test_an_accepted_advisory_passes_the_audit(name: str, locks: Path) -> None:
    accept(locks, name)
    with Upstream() as database:
        database.answer(OSV_PATH, advisory("PYSEC-1", "CVE-1"))
        done = audit(locks, database.url)

    assert done.returncode == 0, done.stderr
    assert "1 accepted" in done.stdout


@pytest.mark.parametrize(
    ("lock", "until"), [("theirs", "9999-01-01"), ("ours", "2020-01-01")]
)
def test_what_is_accepted_is_so_for_its_locks_and_until_its_day(
    lock: str, until: str, locks: Path
) -> None:
    accept(locks, "PYSEC-1", lock=lock, until=until)
    with Upstream() as database:
        database.answer(OSV_PATH, advisory("PYSEC-1"))
        done = audit(locks, database.url)

    assert done.returncode == 1
    assert done.stderr == "ours: left-pad 1.0: PYSEC-1; fixed in no version yet\n"


def test_what_was_accepted_and_is_gone_has_to_be_dropped(locks: Path) -> None:
    accept(locks, "PYSEC-1")
    with Upstream() as database:
        database.answer(OSV_PATH, json_reply({}))
        done = audit(locks, database.url)

    assert done.returncode == 1
    assert "PYSEC-1 is in no lock any more" in done.stderr


def test_an_unreachable_database_is_reported_in_one_line(locks: Path) -> None:
    accept(locks, "PYSEC-1")
    with Upstream() as database:
        url = database.url
    done = audit(locks, url)

    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert line.startswith("Not looked up: ours.txt and what follows")


def test_what_was_found_before_the_database_went_silent_counts(locks: Path) -> None:
    (locks / "theirs.txt").write_text(LOCK.replace("1.0", "2.0"))
    with Upstream() as database:
        found = advisory("PYSEC-1")
        database.answer(OSV_PATH, found, Reply(b"", 503))
        done = audit(locks, database.url)

    assert done.returncode == 1
    assert "ours: left-pad 1.0" in done.stderr
    assert "Not looked up: theirs.txt" in done.stdout


@pytest.mark.parametrize(
    "text", [LOCK.partition(" ")[0], LOCK.replace("==1", ">=1"), "?"]
)
def test_a_lock_that_cannot_be_read_fails_the_audit(text: str, locks: Path) -> None:
    (locks / "ours.txt").write_text(text)
    with Upstream() as database:
        database.answer(OSV_PATH, json_reply({}))
        done = audit(locks, database.url)

    assert done.returncode == 1
    assert "ours.txt cannot be read" in done.stderr
