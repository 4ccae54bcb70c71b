"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Its functions check every run of the command, and should say what they saw.
pytest.register_assert_rewrite("tests.tap.tap")

_PAYLOADS = "TAP_PURCHASE_ORDERS_PAYLOADS"
_BESIDE_THE_REPOSITORY = Path(__file__).resolve().parents[2] / "shared" / "upstreams"


@pytest.fixture(scope="session")
def documented_payloads() -> Path:
    """The folder of the payloads that the upstreams' documents show."""
    folder = Path(os.environ.get(_PAYLOADS, _BESIDE_THE_REPOSITORY))
    if not folder.is_dir():
        pytest.skip(f"no documented payloads here; {_PAYLOADS} names their folder")
    return folder
