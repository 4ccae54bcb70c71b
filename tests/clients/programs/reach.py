"""How a client reaches the sandbox, and what it does with a token: for the programs.

They run in an environment of their own, which has the client and not the tap.
"""

from __future__ import annotations

import json
import os
from typing import Any

import requests

DOCUMENT: dict[str, Any] = json.loads(os.environ["SANDBOX"])
AUTH: dict[str, str] = DOCUMENT["sign_ins"]["client_secret"]["auth"]
CERTIFICATE: str = DOCUMENT["sign_ins"]["certificate"]["auth"]["certificate_path"]
CA: str = os.environ["REQUESTS_CA_BUNDLE"]
RESOURCE = "https://api.partnercenter.microsoft.com"
AUTHORITY = f"{AUTH['authority']}/{AUTH['tenant_id']}"


def read_customers(token: str) -> None:
    """Read a page of customers, and say how many there were."""
    answer = requests.get(
        f"{AUTH['authority']}/v1/customers",
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    answer.raise_for_status()
    say(len(json.loads(answer.content.decode("utf-8-sig"))["items"]))


def say(count: int) -> None:
    """Say how many things were read."""
    print(json.dumps({"read": count}))  # noqa: T201 - what the test reads
