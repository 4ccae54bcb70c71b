"""The tutorial, typed as it stands into one shell in a fresh clone: `make tutorial`."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.docs.shell import PROJECT, clone, open_shell
from tests.docs.tutorial_page import first_difference, steps

if TYPE_CHECKING:
    from pathlib import Path

STEPS = list(steps((PROJECT / "docs" / "tutorial.md").read_text(encoding="utf-8")))
# Where the sandbox of the tutorial listens.
PORT = 8443
LINES_SHOWN = 60
# Those of the real systems would not be read from `.env` while these are exported.
SETTINGS = "env | grep --extended-regexp '^(MELTANO|PG|REQUESTS|TAP|TARGET)_?' || true"


# The installation is the longest part of it.
@pytest.mark.timeout(2700)
def test_the_tutorial_does_what_it_says_and_does_it_again(tmp_path: Path) -> None:
    assert len(STEPS) > 10
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", PORT)), f"port {PORT} is taken"
    project = tmp_path / "a clone" / "tap-purchase-orders"
    clone(project)
    with open_shell(project, tmp_path) as shell:
        _, settings = shell.run(SETTINGS)
        # Installed is once.
        for step in [*STEPS, *STEPS[1:]]:
            ended_well, output = shell.run(step.commands)
            end = "\n".join(output.splitlines()[-LINES_SHOWN:])
            assert ended_well, f"line {step.line}:\n{step.commands}\n{end}"
            if step.shown is not None:
                line = first_difference(step.shown, output)
                assert line is None, f"line {step.line}, not in place: {line}\n{end}"
        assert shell.run(SETTINGS) == (True, settings)
    # What it started it has ended.
    assert not (project / ".tutorial").exists()
    assert not (project / ".env").exists()
