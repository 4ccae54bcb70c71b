"""What a worker is called. Airflow imports this, so it needs nothing but Python."""

from __future__ import annotations

import os
import socket

VARIABLE = "PURCHASE_ORDERS_MACHINE"


def machine() -> str:
    """Return the name of the machine, which the variable may give."""
    return os.environ.get(VARIABLE) or socket.gethostname()
