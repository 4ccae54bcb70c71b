"""What all tests share."""

from __future__ import annotations

import pytest

# Its functions check every run of the command, and should say what they saw.
pytest.register_assert_rewrite("tests.tap.tap")
