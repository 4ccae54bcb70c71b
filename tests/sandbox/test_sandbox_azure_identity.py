"""azure-identity signs in to the sandbox: managed identity and workload identity."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    DefaultAzureCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from cryptography.hazmat.primitives.asymmetric import rsa

from tap_purchase_orders.sandbox.process import Sandbox
from tap_purchase_orders.sandbox.sign_in_settings import NAMES
from tests.sandboxes import SCOPE, Caller, claims_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

RESOURCE = "https://api.partnercenter.microsoft.com"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    with Sandbox(customers=1) as sandbox, Caller(sandbox) as result:
        yield result


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment in which nobody is signed in."""
    for prefix in ("AZURE_", "IDENTITY_", "MSI_", "IMDS_"):
        for name in _environment_names(prefix):
            monkeypatch.delenv(name)
    return monkeypatch


def _environment_names(prefix: str) -> list[str]:
    return [name for name in os.environ if name.startswith(prefix)]


def sign_in_as(
    name: str, caller: Caller, environment: pytest.MonkeyPatch
) -> dict[str, str]:
    _, variables = caller.sandbox.signing_in(name)
    for variable, value in variables.items():
        environment.setenv(variable, value)
    return variables


# A managed identity


@pytest.mark.parametrize("client_id", [True, False])
@pytest.mark.parametrize(
    "credential", [DefaultAzureCredential, ManagedIdentityCredential]
)
def test_a_managed_identity_gets_a_token_that_partner_center_takes(
    credential: Any,
    client_id: bool,  # noqa: FBT001 - whether the identity is named
    caller: Caller,
    environment: pytest.MonkeyPatch,
) -> None:
    sign_in_as("azure_identity", caller, environment)
    name = (
        "client_id"
        if credential is ManagedIdentityCredential
        else "managed_identity_client_id"
    )
    named = {name: caller.partner_auth["client_id"]} if client_id else {}

    with credential(**named) as identity:
        token = identity.get_token(SCOPE)

    assert caller.partner_center("/v1/customers", token=token.token).ok
    assert claims_of(token.token)["idtyp"] == "app"
    assert 3500 < token.expires_on - time.time() <= 3600


def ask_endpoint(
    caller: Caller, header: str | None = None, **query: str
) -> requests.Response:
    _, variables = caller.sandbox.signing_in("azure_identity")
    wanted = {"api-version": "2019-08-01", "resource": RESOURCE} | query
    return caller.session.get(
        variables["IDENTITY_ENDPOINT"],
        params=wanted,
        headers={"X-IDENTITY-HEADER": header or variables["IDENTITY_HEADER"]},
        timeout=30,
    )


def test_the_endpoint_answers_as_app_service_does(caller: Caller) -> None:
    body = ask_endpoint(caller).json()

    assert body.keys() == {
        *("access_token", "client_id", "expires_on", "resource", "token_type"),
    }
    assert body["resource"] == RESOURCE
    assert body["token_type"] == "Bearer"
    assert int(body["expires_on"]) == claims_of(body["access_token"])["exp"]


@pytest.mark.parametrize(
    ("header", "query", "status"),
    [
        ("wrong", {}, 401),
        (None, {"api-version": "2017-09-01"}, 400),
        (None, {"client_id": "someone-else"}, 400),
        (None, {"mi_res_id": "/subscriptions/1"}, 400),
        (None, {"resource": "https://nowhere.example"}, 400),
    ],
)
def test_the_endpoint_refuses_what_it_does_not_know(
    header: str | None, query: dict[str, str], status: int, caller: Caller
) -> None:
    answer = ask_endpoint(caller, header, **query)

    assert answer.status_code == status
    assert answer.json()["statusCode"] == status
    assert answer.json()["message"]


def test_an_identity_that_does_not_exist_is_refused(
    caller: Caller, environment: pytest.MonkeyPatch
) -> None:
    sign_in_as("azure_identity", caller, environment)
    with (
        DefaultAzureCredential(managed_identity_client_id="someone-else") as identity,
        pytest.raises(ClientAuthenticationError, match="proper Managed Identity"),
    ):
        identity.get_token(SCOPE)


def test_a_script_breaks_the_endpoint(caller: Caller) -> None:
    when = {"resource": "managed_identity"}
    caller.sandbox.faults([{"when": when, "times": 1, "answer": {"html": True}}])

    assert "text/html" in ask_endpoint(caller).headers["Content-Type"]
    assert ask_endpoint(caller).ok


# A workload identity


@pytest.mark.parametrize(
    "credential", [DefaultAzureCredential, WorkloadIdentityCredential]
)
def test_a_workload_identity_gets_a_token_that_partner_center_takes(
    credential: Any, caller: Caller, environment: pytest.MonkeyPatch
) -> None:
    sign_in_as("workload_identity", caller, environment)

    for _ in range(2):
        with credential() as identity:
            token = identity.get_token(SCOPE).token
        assert caller.partner_center("/v1/customers", token=token).ok

    assert claims_of(token)["appidacr"] == "2"
    given = caller.sandbox.sign_in()["tokens_given"]
    assert given["client_credentials"]["federated_token"] >= 2


def test_the_sandbox_is_all_that_a_workload_identity_asks(
    caller: Caller, environment: pytest.MonkeyPatch
) -> None:
    sign_in_as("workload_identity", caller, environment)
    caller.sandbox.reset_requests()

    with DefaultAzureCredential() as identity:
        identity.get_token(SCOPE)

    assert caller.sandbox.requests()["by_resource"] == {"token_v2": {"200": 1}}


def ask_with(caller: Caller, assertion: str) -> requests.Response:
    return caller.ask_token(
        scope=SCOPE,
        client_secret="",
        client_assertion_type=JWT_BEARER,
        client_assertion=assertion,
    )


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "https://another.example"}, 700211),
        ({"aud": "api://another"}, 700212),
        ({"sub": "system:serviceaccount:pipelines:another"}, 700213),
        ({"exp": 1}, 700024),
        ({"nbf": int(time.time()) + 3600}, 700024),
    ],
)
def test_a_federated_token_that_is_not_trusted_has_its_code(
    claims: dict[str, object], code: int, caller: Caller
) -> None:
    answer = ask_with(caller, caller.sandbox.federated_token(**claims))

    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"
    assert answer.json()["error_codes"] == [code]


def test_a_forged_federated_token_is_refused(caller: Caller) -> None:
    claims = claims_of(caller.sandbox.federated_token())
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    answer = ask_with(caller, jwt.encode(claims, key, "RS256"))

    assert answer.json()["error_codes"] == [900384]


def test_azure_identity_is_told_of_a_wrong_federated_token(
    caller: Caller, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sign_in_as("workload_identity", caller, environment)
    file = tmp_path / "token"
    file.write_text(caller.sandbox.federated_token(sub="another"), encoding="ascii")
    environment.setenv("AZURE_FEDERATED_TOKEN_FILE", str(file))

    with (
        DefaultAzureCredential() as identity,
        pytest.raises(ClientAuthenticationError, match="AADSTS700213"),
    ):
        identity.get_token(SCOPE)


# The settings


def test_the_settings_of_each_method_are_offered() -> None:
    with Sandbox(customers=1, auth="workload_identity") as sandbox:
        offered = sandbox.document["sign_ins"]
        assert [*offered] == [*NAMES]
        assert {entry["auth"]["method"] for entry in offered.values()} == {
            *("client_secret", "certificate", "refresh_token"),
            *("azure_identity", "bearer_token"),
        }
        chosen = offered["workload_identity"]
        assert sandbox.settings["partner_center"]["auth"] == chosen["auth"]
        assert sandbox.environment == chosen["environment"]
        assert Path(sandbox.environment["AZURE_FEDERATED_TOKEN_FILE"]).exists()
        file = Path(sandbox.document["config_file"])
        assert json.loads(file.read_text(encoding="utf-8")) == sandbox.settings


def test_the_offered_bearer_token_is_a_users(caller: Caller) -> None:
    settings, _ = caller.sandbox.signing_in("bearer_token")
    token = settings["partner_center"]["auth"]["token"]

    assert claims_of(token)["scp"] == "user_impersonation"
    assert caller.partner_center("/v1/customers", token=token).ok


def test_partner_center_refuses_a_token_for_another_resource(caller: Caller) -> None:
    resource = "https://graph.microsoft.com"
    token = ask_endpoint(caller, resource=resource).json()["access_token"]

    answer = caller.partner_center("/v1/customers", token=token)

    assert answer.status_code == 401
    assert answer.json()["code"] == 400
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
