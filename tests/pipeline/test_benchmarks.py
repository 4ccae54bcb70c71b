"""The benchmarks at work, with whoever of the contestants is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(240)
def test_the_benchmark_suite_runs_and_finds_that_all_do_the_same_work() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "| tap-purchase-orders |" in done.stdout
    assert "| requests for 200 customers, no news | 2.00 |" in done.stdout
