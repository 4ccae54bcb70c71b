"""Sign-in with what Azure gives: the tap where there is such a thing, and where not."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from tests.tap.scenes import Played, Scene, play_named
from tests.tap.tap import run_tap
from tests.tap.tokens import (
    DISCOVERY_PATH,
    TENANT,
    TOKEN_PATH,
    certificate,
    form_of,
    serve_tokens,
    token_refusal,
    token_reply,
    trusting,
)
from tests.tap.upstream import Asked, Reply, Upstream, json_reply
from tests.tap.worlds import (
    SECRETS,
    order,
    partner_center,
    partner_center_error,
    serve_customers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

IDENTITY_PATH = "/msi/token"
HEADER = "planted-identity-header-93e5b1"
PROOF = "planted-service-account-token-1a7e44"
SECRET = "planted-azure-secret-6d18f0"
FIRST, SECOND = "first-azure-token-a1", SECRETS["access_token"]
DEBUG = {"LOGLEVEL": "DEBUG", "TAP_PURCHASE_ORDERS_LOGLEVEL": "DEBUG"}
# Prints what the Azure CLI prints.
CLI = """#!{python}
import json, sys
print(json.dumps({{"accessToken": "{token}", "expires_on": {expires_on}}}))
"""

# Returns the `auth` section and the environment.
SetUp = tuple[dict[str, str], dict[str, str]]


def section(**more: str) -> dict[str, str]:
    return {"method": "azure_identity", **more}


def app_service(upstream: Upstream) -> dict[str, str]:
    """Return the variables by which App Service names its managed identity."""
    return {
        "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        "IDENTITY_ENDPOINT": f"{upstream.url}{IDENTITY_PATH}",
        "IDENTITY_HEADER": HEADER,
    }


def identity_reply(token: str) -> Reply:
    body = {
        "access_token": token,
        "expires_on": str(int(time.time()) + 3600),
        "resource": "https://api.partnercenter.microsoft.com",
        "token_type": "Bearer",
    }
    return json_reply(body)


def managed(upstream: Upstream, _folder: Path) -> SetUp:
    upstream.answer(IDENTITY_PATH, identity_reply(SECOND))
    return section(), app_service(upstream)


def user_assigned(upstream: Upstream, _folder: Path) -> SetUp:
    upstream.answer(IDENTITY_PATH, identity_reply(SECOND))
    return section(client_id="identity-7"), app_service(upstream)


def refused_at_work(upstream: Upstream, _folder: Path) -> SetUp:
    answers = [identity_reply(FIRST), identity_reply(SECOND)]
    upstream.answer(IDENTITY_PATH, *answers)

    def customers(asked: Asked) -> Reply:
        if asked.headers["authorization"] == f"Bearer {SECOND}":
            return json_reply({"items": [], "totalCount": 0})
        return partner_center_error(401, 400)

    upstream.answer("/v1/customers", customers)
    return section(), app_service(upstream)


def workload(upstream: Upstream, folder: Path) -> SetUp:
    serve_tokens(upstream, token_reply(SECOND))
    (folder / "proof").write_text(PROOF)
    return section(client_id="identity-7", scope="https://api.example/.default"), {
        "AZURE_TOKEN_CREDENTIALS": "WorkloadIdentityCredential",
        "AZURE_AUTHORITY_HOST": upstream.url,
        "AZURE_TENANT_ID": TENANT,
        "AZURE_FEDERATED_TOKEN_FILE": str(folder / "proof"),
    }


def by_variables(upstream: Upstream) -> dict[str, str]:
    return {
        "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
        "AZURE_AUTHORITY_HOST": upstream.url,
        "AZURE_TENANT_ID": TENANT,
        "AZURE_CLIENT_ID": "client-9",
        "AZURE_CLIENT_SECRET": SECRET,
    }


def variables(upstream: Upstream, _folder: Path) -> SetUp:
    serve_tokens(upstream, token_reply(SECOND))
    return section(), by_variables(upstream)


def variables_refused(upstream: Upstream, _folder: Path) -> SetUp:
    said = f"Invalid client secret provided: {SECRET}"
    serve_tokens(upstream, token_refusal("invalid_client", 7000215, 401, said))
    return section(), by_variables(upstream)


def cli(_upstream: Upstream, folder: Path) -> SetUp:
    program = folder / "az"
    expires_on = int(time.time()) + 3600
    program.write_text(
        CLI.format(python=sys.executable, token=SECOND, expires_on=expires_on)
    )
    program.chmod(0o700)
    return section(), {
        "AZURE_TOKEN_CREDENTIALS": "AzureCliCredential",
        "PATH": str(folder),
    }


def certificates_missing(upstream: Upstream, folder: Path) -> SetUp:
    bundle = {"REQUESTS_CA_BUNDLE": str(folder / "missing.pem")}
    return section(), {**by_variables(upstream), **bundle}


def certificates_unreadable(upstream: Upstream, folder: Path) -> SetUp:
    (folder / "bad.pem").write_text("no certificate")
    bundle = {"REQUESTS_CA_BUNDLE": str(folder / "bad.pem")}
    return section(), {**by_variables(upstream), **bundle}


def authority_not_trusted(upstream: Upstream, _folder: Path) -> SetUp:
    return section(), {**by_variables(upstream), "REQUESTS_CA_BUNDLE": ""}


def authority_not_there(upstream: Upstream, _folder: Path) -> SetUp:
    host = {"AZURE_AUTHORITY_HOST": "https://127.0.0.1:1"}
    return section(), {**by_variables(upstream), **host}


def nothing_there(_upstream: Upstream, folder: Path) -> SetUp:
    return section(), {"AZURE_TOKEN_CREDENTIALS": "dev", "PATH": str(folder)}


def unknown_credential(_upstream: Upstream, _folder: Path) -> SetUp:
    return section(), {"AZURE_TOKEN_CREDENTIALS": "MagicCredential"}


def authority_without_tls(upstream: Upstream, _folder: Path) -> SetUp:
    host = {"AZURE_AUTHORITY_HOST": upstream.url.replace("https", "http")}
    return section(), {**by_variables(upstream), **host}


def not_installed(_upstream: Upstream, folder: Path) -> SetUp:
    # A package of that name without the part that is needed.
    (folder / "azure").mkdir()
    (folder / "azure" / "__init__.py").touch()
    return section(), {"PYTHONPATH": str(folder)}


def with_authority(upstream: Upstream, _folder: Path) -> SetUp:
    return section(authority=upstream.url), {}


SCENES = {
    make.__name__: make
    for make in (
        managed,
        user_assigned,
        refused_at_work,
        workload,
        variables,
        variables_refused,
        cli,
        certificates_missing,
        certificates_unreadable,
        authority_not_trusted,
        authority_not_there,
        nothing_there,
        unknown_credential,
        authority_without_tls,
        not_installed,
        with_authority,
    )
}


# What the line says where the authority cannot be reached.
UNREACHED = {
    "certificates_missing": ["REQUESTS_CA_BUNDLE names /", "/missing.pem, which is"],
    "certificates_unreadable": ["in REQUESTS_CA_BUNDLE cannot be read", "/bad.pem"],
    "authority_not_trusted": [
        "`azure_identity`",
        "for a private CA set REQUESTS_CA_BUNDLE",
        "AZURE_*",
    ],
    "authority_not_there": [
        "`azure_identity`",
        "nothing listens there; check the network and the variables AZURE_*",
    ],
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    trust = trusting(tmp_path_factory.mktemp("trust"))

    def scene(name: str, make: Callable[[Upstream, Path], SetUp]) -> Scene:
        def options(upstream: Upstream) -> Mapping[str, Any]:
            serve_customers(upstream, {"c1": [order("o", "c1")]})
            auth, environment = make(upstream, tmp_path_factory.mktemp(name))
            config = {"partner_center": partner_center(upstream, auth=auth)}
            if name in UNREACHED:
                # An API without TLS: only the authority needs certificates.
                config["partner_center"]["api_url"] = "http://127.0.0.1:1"
            return {"config": config, "environment": {**trust, **DEBUG, **environment}}

        return options

    scenes = {name: scene(name, make) for name, make in SCENES.items()}
    return play_named(scenes, certificate())


@pytest.mark.parametrize("name", SCENES)
def test_no_credential_of_azure_is_in_any_log(
    name: str, played: dict[str, Played]
) -> None:
    log = played[name].run.log

    assert not [s for s in (HEADER, PROOF, SECRET, FIRST, SECOND) if s in log]
    # Nor the talk of the libraries.
    assert "azure." not in log.replace("`azure_identity`", "")


@pytest.mark.parametrize("name", ["managed", "user_assigned", "workload", "variables"])
def test_one_token_of_azure_serves_the_whole_run(
    name: str, played: dict[str, Played]
) -> None:
    scene = played[name]

    assert scene.run.status == 0, scene.run.log
    assert len(scene.run.records("orders")) == 1
    path = IDENTITY_PATH if name in {"managed", "user_assigned"} else TOKEN_PATH
    assert len(scene.asked_for(path)) == 1
    sent = {a.headers.get("authorization") for a in scene.asked if "/v1/" in a.path}
    assert sent == {f"Bearer {SECOND}"}


def test_a_managed_identity_is_asked_for_by_its_client_id(
    played: dict[str, Played],
) -> None:
    (system,) = played["managed"].asked_for(IDENTITY_PATH)
    (user,) = played["user_assigned"].asked_for(IDENTITY_PATH)

    asked_for = dict(parse_qsl(system.query))
    assert asked_for["resource"] == "https://api.partnercenter.microsoft.com"
    assert "client_id" not in asked_for
    assert dict(parse_qsl(user.query))["client_id"] == "identity-7"
    assert user.headers["x-identity-header"] == HEADER


def test_a_workload_identity_proves_itself_by_its_file(
    played: dict[str, Played],
) -> None:
    (asked,) = played["workload"].asked_for(TOKEN_PATH)
    form = form_of(asked)

    assert form["client_assertion"] == PROOF
    assert form["client_id"] == "identity-7"
    assert form["scope"] == "https://api.example/.default"


def test_an_authority_of_ones_own_is_the_only_one_asked(
    played: dict[str, Played],
) -> None:
    assert {a.path for a in played["variables"].asked} == {
        DISCOVERY_PATH,
        TOKEN_PATH,
        "/v1/customers",
        "/v1/customers/c1/orders",
    }


def test_the_command_line_of_azure_is_a_credential(played: dict[str, Played]) -> None:
    scene = played["cli"]

    assert scene.run.status == 0, scene.run.log
    assert len(scene.run.records("orders")) == 1


def test_a_refused_token_is_replaced_by_a_new_one_and_not_by_the_kept_one(
    played: dict[str, Played],
) -> None:
    scene = played["refused_at_work"]

    assert scene.run.status == 0, scene.run.log
    assert len(scene.asked_for(IDENTITY_PATH)) == 2
    assert [a.headers["authorization"] for a in scene.asked_for("/v1/customers")] == [
        f"Bearer {FIRST}",
        f"Bearer {SECOND}",
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nothing_there", ["tried ", "AzureCli", "az login", "client_id"]),
        ("variables_refused", ["AADSTS7000215", "tried Environment:", "AZURE_*"]),
        ("unknown_credential", ["AZURE_*", "magiccredential"]),
        ("authority_without_tls", ["AZURE_*", "https"]),
    ],
)
def test_where_azure_gives_no_token_one_line_tells_what_to_look_at(
    name: str, words: list[str], played: dict[str, Played]
) -> None:
    run = played[name].run

    assert run.status == 1
    told = [line for line in run.errors if "azure_identity" in line]
    assert len(told) == 1
    assert [word for word in words if word not in told[0]] == []
    assert len(told[0]) < 500
    assert played[name].asked_for("/v1/customers") == []


@pytest.mark.parametrize("name", UNREACHED)
def test_where_the_authority_cannot_be_reached_the_line_says_why(
    name: str, played: dict[str, Played]
) -> None:
    run = played[name].run

    assert run.status == 1
    line, _ = run.errors
    assert [word for word in UNREACHED[name] if word not in line] == []
    assert "az login" not in line
    assert played[name].asked == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("not_installed", ["`partner_center.auth.method`", "[azure]'"]),
        ("with_authority", ["`partner_center.auth.authority`", "unknown"]),
    ],
)
def test_impossible_settings_are_reported_before_any_request(
    name: str, words: list[str], played: dict[str, Played]
) -> None:
    (error,) = played[name].run.errors

    assert [word for word in words if word not in error] == []
    assert played[name].asked == []


def test_other_methods_do_not_need_the_package(tmp_path: Path) -> None:
    (tmp_path / "azure").mkdir()
    (tmp_path / "azure" / "__init__.py").touch()
    auth = {"method": "bearer_token", "token": SECRETS["token"]}
    run = run_tap(
        {"partner_center": {"auth": auth}},
        "--discover",
        environment={"PYTHONPATH": str(tmp_path)},
    )

    assert run.status == 0
    assert json.loads(run.output)["streams"]
