"""Python code in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def run_python(
    code: str, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Return how a process with some code ended, and what it said.

    Args:
        code: The code.
        folder: The working directory; none: that of the tests.
    """
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        cwd=folder,
        text=True,
        timeout=60,
        check=False,
    )
