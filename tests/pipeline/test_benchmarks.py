"""The benchmarks at work, with whoever of the contestants is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.postgres import loader

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
    # A page of customers, and the activity log by each of the four resources.
    assert "| requests for 200 customers, no news | 5.00 |" in done.stdout


@pytest.mark.timeout(600)
def test_the_pipeline_is_measured_and_its_rows_are_what_was_sent() -> None:
    loader()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.pipeline", "--contestants", "tap"),
            *("--orders", "50", "--purchase-orders", "4", "--turns", "1"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "| this build, target-postgres |" in done.stdout


@pytest.mark.timeout(240)
def test_reading_lists_is_measured_against_the_libraries_behind_it() -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.numbers"),
            *("--ratios", "--numbers", "1000"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )

    assert done.stderr == ""
    lines = [line for line in done.stdout.splitlines() if "ns a number" in line]
    # So few numbers tell nothing of the limits.
    assert [line.partition("at most ")[2][:3].strip() for line in lines] == [
        *("1.2", "", "2", "", "4", ""),
    ]
