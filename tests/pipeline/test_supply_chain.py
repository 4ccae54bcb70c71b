"""What comes in from elsewhere is pinned and checked, and no call is dangerous."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).resolve().parents[2]
LOCKS = PROJECT / "constraints"
PACKAGE = PROJECT / "tap_purchase_orders"

# Each of them does what nothing here may do, and the rule that says so.
DANGEROUS = {
    "S102": "exec('x = 1')",
    "S202": "import tarfile\ntarfile.open('x').extractall()",
    "S301": "import pickle\npickle.loads(b'')",
    "S307": "eval('1')",
    "S311": "import random\nrandom.random()",
    "S324": "import hashlib\nhashlib.md5(b'')",
    "S501": "import requests\nrequests.get('https://x', verify=False, timeout=1)",
    "S506": "import yaml\nyaml.load('')",
    "S602": "import subprocess\nsubprocess.run('ls', shell=True)",
    "S113": "import requests\nrequests.get('https://x')",
    "S608": "name = input()\nquery = f'SELECT * FROM {name}'",
}
SANDBOX = "tap_purchase_orders/sandbox"
# Tests may do much of that: they are read by nobody but us.
FOLDERS = sorted(
    folder.name
    for folder in PROJECT.iterdir()
    if folder.name[0] != "." and folder.name != "tests" and any(folder.rglob("*.py"))
)


def run(*line: str | Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        line,
        input=text,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def requirements(project: Path) -> Iterator[str]:
    """Yield everything that a project asks for to be built, run or developed."""
    table: dict[str, Any] = tomllib.loads((project / "pyproject.toml").read_text())
    yield from table["build-system"]["requires"]
    yield from table["project"]["dependencies"]
    for group in table["project"].get("optional-dependencies", {}).values():
        yield from group
    for group in table.get("dependency-groups", {}).values():
        yield from group


@pytest.mark.parametrize("project", ["", "examples/plug-ins"])
def test_every_dependency_has_a_floor_and_a_cap(project: str) -> None:
    asked_for = list(requirements(PROJECT / project))

    assert asked_for
    open_ended = [
        requirement
        for requirement in asked_for
        if not re.search(r"==\d[\w.]*$|>=\d[\w.]*,<\d[\w.]*$", requirement)
    ]
    assert open_ended == []


@pytest.mark.parametrize(
    "lock", sorted(LOCKS.glob("*.txt")), ids=lambda lock: lock.stem
)
def test_a_lock_has_names_versions_and_hashes_only(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    pin = r"[a-z0-9-]+(\[[a-z0-9, -]+\])?==[\w.+!]+( ; [\w .*<>=!'()]+)? \\\n"
    digest = r"    --hash=sha256:[0-9a-f]{64}"

    assert re.fullmatch(rf"({pin}({digest} \\\n)*{digest}\n)+", text)


def test_every_set_up_checks_the_hashes_of_a_lock() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    installs = re.findall(r"pip install .*", makefile)

    # What is installed without a lock is this project itself, as it is and as it was
    # before, what writes locks, and what tries other versions than the locked ones.
    others = [
        line
        for line in installs
        if "--require-hashes" not in line and ".venv-compatibility" not in line
    ]
    here, before, uv = others
    assert here.endswith("--no-deps --no-build-isolation --editable .")
    assert "--no-deps .cache/before/dist/*.whl" in before
    assert uv.endswith(" uv")


def test_all_advisories_that_are_accepted_have_a_reason_and_a_day() -> None:
    accepted = tomllib.loads((LOCKS / "accepted.toml").read_text(encoding="utf-8"))

    for entry in accepted.values():
        assert entry.keys() == {"locks", "until", "reason"}
        assert all((LOCKS / f"{lock}.txt").is_file() for lock in entry["locks"])


@pytest.mark.parametrize("folder", [*FOLDERS, SANDBOX])
def test_dangerous_calls_are_refused_in_every_folder(folder: str) -> None:
    ruff = [sys.executable, "-m", "ruff", "check", "--output-format=json"]
    planted = "\n".join(DANGEROUS.values())
    done = run(*ruff, "--stdin-filename", f"{folder}/planted.py", "-", text=planted)
    found = {complaint["code"] for complaint in json.loads(done.stdout)}

    # The sandbox draws its world from a seed: no secret comes from that.
    allowed = {"S311"} if folder == SANDBOX else set()
    assert {"benchmarks", "demo", "tap_purchase_orders"} <= {*FOLDERS}
    assert found & DANGEROUS.keys() == DANGEROUS.keys() - allowed


def test_where_a_rule_about_safety_is_set_aside_the_reason_stands_beside_it() -> None:
    without = [
        f"{path.relative_to(PROJECT)}:{number}"
        for folder in (PACKAGE, PROJECT / "constraints", PROJECT / "examples")
        for path in folder.rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"noqa: (\w+, ?)*S\d+[^#-]*$", line)
    ]

    assert without == []
