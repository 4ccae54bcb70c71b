"""Every way to sign in, against the sandbox: it checks proofs as the platform does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tap_purchase_orders.sandbox.process import Sandbox
from tests.tap.tap import Run, catalog_of, run_tap
from tests.tap.worlds import selection

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOD = [
    "azure_identity",
    "bearer_token",
    "certificate",
    "certificate_pfx",
    "certificate_pfx_with_password",
    "certificate_with_password",
    "client_secret",
    "refresh_token",
    "refresh_token_with_certificate",
    "workload_identity",
]
DEBUG = {"LOGLEVEL": "DEBUG", "TAP_PURCHASE_ORDERS_LOGLEVEL": "DEBUG"}
# What a person has to be told about the answers with these codes.
TOLD = {
    50076: "`partner_center.auth.refresh_token`",
    50173: "`partner_center.auth.refresh_token`",
    65001: "`partner_center.auth.client_id`",
    700082: "`partner_center.auth.refresh_token`",
    7000222: "`partner_center.auth.client_secret`",
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(customers=2, purchase_orders=0) as started:
        yield started


def run(sandbox: Sandbox, name: str, *arguments: str) -> Run:
    """Run the tap with one way to sign in, with all details in the log."""
    settings, environment = sandbox.signing_in(name)
    config = {"partner_center": settings["partner_center"] | {"max_tries": 1}}
    return run_tap(config, *arguments, environment={**environment, **DEBUG})


@pytest.fixture(scope="module")
def runs(sandbox: Sandbox) -> dict[str, Run]:
    names = [*GOOD, "certificate_expired"]
    with ThreadPoolExecutor(3) as pool:
        return dict(zip(names, pool.map(lambda n: run(sandbox, n), names), strict=True))


def secrets_of(sandbox: Sandbox, name: str) -> list[str]:
    settings, environment = sandbox.signing_in(name)
    auth: dict[str, Any] = settings["partner_center"]["auth"]
    keys = ("client_secret", "certificate_password", "refresh_token", "token")
    given = [auth[key] for key in keys if key in auth]
    kept = [entry["token"] for entry in sandbox.refresh_tokens()["tokens"]]
    return [*given, *kept, environment.get("IDENTITY_HEADER", "PRIVATE KEY")]


def redemptions(sandbox: Sandbox) -> list[int]:
    """Return how often each refresh token was redeemed, the oldest first."""
    return [entry["redemptions"] for entry in sandbox.refresh_tokens()["tokens"]]


@pytest.mark.parametrize("name", GOOD)
def test_every_way_to_sign_in_reads_all_customers(
    name: str, runs: dict[str, Run]
) -> None:
    assert runs[name].status == 0, runs[name].log
    assert len(runs[name].records("customers")) == 2


@pytest.mark.parametrize("name", [*GOOD, "certificate_expired"])
def test_no_way_to_sign_in_leaves_credentials_in_the_log(
    name: str, sandbox: Sandbox, runs: dict[str, Run]
) -> None:
    assert not [s for s in secrets_of(sandbox, name) if s in runs[name].log]


def test_an_expired_certificate_is_reported_before_any_request(
    runs: dict[str, Run],
) -> None:
    (error,) = runs["certificate_expired"].errors

    assert error.startswith("`partner_center.auth.certificate_path` holds a ")
    assert "expired on" in error


def test_a_chain_of_runs_outlives_tokens_that_are_good_once(sandbox: Sandbox) -> None:
    sandbox.sign_in(rotation="strict")
    before = redemptions(sandbox)
    statuses = [run(sandbox, "refresh_token", "--test").status for _ in range(3)]
    sandbox.sign_in(rotation="usual")

    assert statuses == [0, 0, 0]
    after = redemptions(sandbox)
    assert sum(after) == sum(before) + 3
    # The newest one and its successors, each of them once.
    assert max(after[len(before) :]) == 1


@pytest.mark.parametrize("code", TOLD)
def test_a_refusal_of_the_platform_names_the_setting(
    code: int, sandbox: Sandbox
) -> None:
    sandbox.faults(
        [
            {
                "when": {"api": "authority", "resource": "token_v2"},
                "answer": {"code": code},
            }
        ]
    )
    finished = run(sandbox, "refresh_token", "--test")
    sandbox.faults([])

    assert finished.status == 1
    (error,) = finished.errors
    assert f"(AADSTS{code})" in error
    assert TOLD[code] in error


def test_the_provisioning_status_is_open_to_users(sandbox: Sandbox) -> None:
    settings, environment = sandbox.signing_in("refresh_token")
    config = {"partner_center": settings["partner_center"]}
    catalog = catalog_of(run_tap(config, "--discover", environment=environment))
    chosen = selection(catalog, "order_provisioning_status")
    finished = run_tap(config, catalog=chosen, environment=environment)

    assert finished.status == 0, finished.log
