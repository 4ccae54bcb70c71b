"""Other people's clients of the two upstreams, and what each does with the sandbox.

`make clients` runs them (`tests/clients`); `docs/sandbox.md` has them as a table.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

CLIENTS = Path(__file__).parent
PROGRAMS = CLIENTS / "programs"
WORKS = "works"


class Case(NamedTuple):
    """One client doing one thing.

    Attributes:
        package: The client's package.
        program: What runs it, in `programs`.
        way: What it does: the argument of the program.
        does: The same in words.
        tokens: The tokens that it gets: by which grant and proof, as the sandbox
            counts them; none where none is needed.
        failure: What ends it, where that is the client's own fault.
        outcome: What came of it, in words.
    """

    package: str
    program: str
    way: str
    does: str
    tokens: tuple[str, str] | None
    failure: str | None = None
    outcome: str = WORKS


_SECRET = ("client_credentials", "client_secret")
_CERTIFICATE = ("client_credentials", "certificate")
_USER = ("refresh_token", "client_secret")
_FEDERATED = ("client_credentials", "federated_token")
_MANAGED = ("managed_identity", "identity_header")


def _msal(package: str, program: str) -> tuple[Case, ...]:
    return (
        Case(package, program, "client_secret", "client secret", _SECRET),
        Case(package, program, "certificate", "certificate", _CERTIFICATE),
        Case(package, program, "refresh_token", "refresh token", _USER),
    )


def _azure(package: str, program: str) -> tuple[Case, ...]:
    return (
        Case(package, program, "client_secret", "client secret", _SECRET),
        Case(package, program, "certificate", "certificate", _CERTIFICATE),
        Case(package, program, "workload_identity", "workload identity", _FEDERATED),
        Case(package, program, "azure_identity", "managed identity", _MANAGED),
    )


CASES = (
    *_msal("msal", "msal_python.py"),
    *_azure("azure-identity", "azure_identity_python.py"),
    *_msal("@azure/msal-node", "msal_node.cjs"),
    *_azure("@azure/identity", "azure_identity_node.cjs"),
    Case("adal", "adal_python.py", "client_secret", "client secret", _SECRET),
    Case("adal", "adal_python.py", "refresh_token", "refresh token", _USER),
    *(
        Case(
            "partnercenterservices",
            "partnercenterservices_python.py",
            version,
            f"customers and orders, by `/v{version}`",
            _SECRET,
        )
        for version in ("1", "1.0")
    ),
    Case(
        "ms-partner-tools",
        "ms_partner_tools_python.py",
        "customers",
        "the list of customers",
        _SECRET,
        failure="Unexpected UTF-8 BOM",
        outcome="fails: it does not expect the byte order mark, which Partner Center "
        "sends as well",
    ),
    Case(
        "newman",
        "appzen.postman_collection.json",
        "appzen",
        "a collection of AppZen: purchase order, errors, invoices, upload address",
        None,
    ),
)


def locked_versions() -> dict[str, str]:
    """Return the version of each package in the clients' environments."""
    python = re.findall(
        r"^([\w.-]+)==([\w.]+)",
        (CLIENTS / "python.txt").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    lock = json.loads((CLIENTS / "package-lock.json").read_text(encoding="utf-8"))
    node = {
        path.removeprefix("node_modules/"): package["version"]
        for path, package in lock["packages"].items()
        if path
    }
    return {**dict(python), **node}


def table() -> list[str]:
    """Return the lines of the table in the documentation."""
    versions = locked_versions()
    return [
        "| client | version | what it does | what comes of it |",
        "| --- | --- | --- | --- |",
        *(
            f"| `{case.package}` | {versions[case.package]} | {case.does} | "
            f"{case.outcome} |"
            for case in CASES
        ),
    ]
