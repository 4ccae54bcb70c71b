"""Other people's clients read the sandbox over TLS, each in an environment of its own.

Run by `make clients`, which makes the environments.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tap_purchase_orders.sandbox.process import Sandbox
from tests.clients.client_cases import CASES, CLIENTS, PROGRAMS, Case

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENT = CLIENTS.parents[1] / ".venv-clients"
NODE = ENVIRONMENT / "node"
NOW = "2026-03-02T10:00:00Z"
INVOICES_OF = {"from": "2026-02-28T00:00:00.000Z", "to": "2026-03-02T00:00:00.000Z"}
# What a process needs to start, and no settings of this machine.
VARIABLES = {"PATH": os.environ["PATH"], "HOME": str(ENVIRONMENT)}

pytestmark = pytest.mark.skipif(
    not ENVIRONMENT.exists(), reason="`make clients` makes the environments"
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(customers=3, without_relationship=0, now=NOW) as started:
        yield started


def command(case: Case, sandbox: Sandbox) -> list[str]:
    program = PROGRAMS / case.program
    if program.suffix == ".py":
        return [str(ENVIRONMENT / "bin" / "python"), str(program), case.way]
    if program.suffix == ".cjs":
        return ["node", str(program), case.way]
    appzen = sandbox.settings["appzen"]
    number = appzen["purchase_order_numbers"]["numbers"][0]
    variables = {
        **{key: appzen["auth"][key] for key in ("api_key", "customer_id")},
        "customer_key": appzen["auth"]["customer_key"],
        "base_url": appzen["api_url"],
        "asked": number,
        "number": quote(number, safe=""),
        **INVOICES_OF,
    }
    return [
        str(NODE / "node_modules" / ".bin" / "newman"),
        *("run", str(program), "--bail", "--color", "off"),
        *("--ssl-extra-ca-certs", sandbox.environment["REQUESTS_CA_BUNDLE"]),
        *(
            part
            for name, value in variables.items()
            for part in ("--env-var", f"{name}={value}")
        ),
    ]


def run(case: Case, sandbox: Sandbox) -> subprocess.CompletedProcess[str]:
    ca = sandbox.environment["REQUESTS_CA_BUNDLE"]
    return subprocess.run(
        command(case, sandbox),
        env={
            **VARIABLES,
            "SANDBOX": json.dumps(sandbox.document),
            "REQUESTS_CA_BUNDLE": ca,
            "NODE_EXTRA_CA_CERTS": ca,
            "NODE_PATH": str(NODE / "node_modules"),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def tokens_given(sandbox: Sandbox) -> dict[tuple[str, str], int]:
    given = sandbox.sign_in()["tokens_given"]
    return {
        (grant, proof): count
        for grant, proofs in given.items()
        for proof, count in proofs.items()
    }


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.package}-{c.way}")
def test_a_client_does_what_the_documentation_says(
    case: Case, sandbox: Sandbox
) -> None:
    sandbox.reset_requests()
    before = tokens_given(sandbox)
    finished = run(case, sandbox)
    after = tokens_given(sandbox)

    shown = finished.stdout + finished.stderr
    new = {key: n - before.get(key, 0) for key, n in after.items()}
    assert {key: n for key, n in new.items() if n} == (
        {case.tokens: 1} if case.tokens else {}
    ), shown
    answered: dict[str, Any] = sandbox.requests()["by_resource"]
    if case.failure is not None:
        assert finished.returncode != 0
        assert case.failure in finished.stderr
        assert answered["customers"] == {"200": 1}
    elif case.package == "newman":
        assert finished.returncode == 0, shown
        assert answered["purchase_orders"] == {"200": 1, "401": 1, "404": 1}
        assert answered["upload_urls"] == {"200": 1}
        assert answered["invoice_search"] == {"200": 1}
        assert answered["invoices"] == {"200": 1}
    else:
        assert finished.returncode == 0, shown
        assert json.loads(finished.stdout)["read"] >= 1
        assert answered["customers"].keys() == {"200"}
