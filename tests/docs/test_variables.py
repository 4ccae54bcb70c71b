"""Settings as variables: what `demo.variables` writes, read by those who read it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from dotenv import dotenv_values

PROJECT = Path(__file__).parents[2]
AWKWARD = 'a "b" #c $HOME `d` 50% &<>;|*?~ ü =x'


def write(config: object, folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "demo.variables", path],
        check=False,
        capture_output=True,
        cwd=PROJECT,
        text=True,
        timeout=60,
    )


def test_meltano_and_a_shell_read_the_same_settings(tmp_path: Path) -> None:
    config = {
        "strict": True,
        "partner_center": {"auth": {"client_secret": AWKWARD}, "customer_ids": ["a,b"]},
        "appzen": {"purchase_order_numbers": {"numbers": ["PO 1", "#2"]}},
    }
    expected = {
        "TAP_PURCHASE_ORDERS_STRICT": "true",
        "TAP_PURCHASE_ORDERS_PARTNER_CENTER_AUTH_CLIENT_SECRET": AWKWARD,
        "TAP_PURCHASE_ORDERS_PARTNER_CENTER_CUSTOMER_IDS": '["a,b"]',
        "TAP_PURCHASE_ORDERS_APPZEN_PURCHASE_ORDER_NUMBERS_NUMBERS": "PO 1,#2",
    }
    written = tmp_path / ".env"
    written.write_text(write(config, tmp_path).stdout, encoding="utf-8")

    shell = subprocess.run(
        ["sh", "-c", f". {written}; set"],
        check=True,
        capture_output=True,
        env={},
        text=True,
        timeout=60,
    )

    assert dotenv_values(written) == expected
    for name, value in expected.items():
        assert f"{name}='{value}'" in shell.stdout


@pytest.mark.parametrize(
    "config",
    [
        {"partner_center": {"auth": {"client_secret": "it's"}}},
        {"partner_center": {"auth": {"client_secret": "a\\b"}}},
        {"appzen": {"purchase_order_numbers": {"numbers": ["PO, 1"]}}},
    ],
)
def test_what_they_would_read_differently_is_refused(
    config: object, tmp_path: Path
) -> None:
    finished = write(config, tmp_path)

    assert finished.returncode == 1
    assert len(finished.stderr.splitlines()) == 1
