"""What is said about input that cannot be used: where it is wrong, in one line."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tap_purchase_orders.cli import checked_config
from tap_purchase_orders.errors import SettingsError
from tests.unit.configs import appzen, mistakes

if TYPE_CHECKING:
    from pathlib import Path


def test_a_configuration_that_is_not_json_is_an_error_with_line_and_column(
    tmp_path: Path,
) -> None:
    path = tmp_path / "config.json"
    path.write_text('{\n  "strict": true,\n  "appzen": }\n', encoding="utf-8")

    with pytest.raises(SettingsError, match=r"not JSON \(line 3, column 13\)"):
        checked_config([str(path)])


def test_a_start_date_of_the_future_is_a_mistake() -> None:
    (line,) = mistakes({**appzen(), "start_date": "2999-01-01T00:00:00Z"})

    assert line.startswith("`start_date` is in the future")


def test_the_help_says_what_the_connection_test_does() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tap_purchase_orders", "--help"],
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )

    assert "Sign in to each configured system" in " ".join(done.stdout.split())
