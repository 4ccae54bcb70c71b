"""Payloads for tests: ours are in this folder, the documented ones beside the project.

The documented payloads are not ours to publish. Where their folder is missing, as in a
stranger's clone, the tests read ours alone: those have every field of every schema.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

OWN: Final = Path(__file__).resolve().parent
DOCUMENTED: Final = Path(
    os.environ.get("TAP_PURCHASE_ORDERS_PAYLOADS")
    or OWN.parents[2] / "shared" / "upstreams"
)
HAS_DOCUMENTED: Final = DOCUMENTED.is_dir()
