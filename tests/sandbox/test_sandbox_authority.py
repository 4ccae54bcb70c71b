"""The sandbox's token authority, asked by MSAL and by plain form posts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jwt
import msal
import pytest

from tap_purchase_orders.sandbox.process import Sandbox
from tests.sandboxes import (
    DAY_SECONDS,
    SCOPE,
    USER_SCOPE,
    Caller,
    assert_error,
    claims_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    with Sandbox(customers=2) as sandbox, Caller(sandbox) as result:
        yield result


def msal_client(caller: Caller, **changes: str) -> msal.ConfidentialClientApplication:
    auth = caller.partner_auth | changes
    return msal.ConfidentialClientApplication(
        auth["client_id"],
        client_credential=auth["client_secret"],
        authority=f"{auth['authority']}/{auth['tenant_id']}",
        instance_discovery=False,
        http_client=caller.session,
    )


def test_msal_gets_a_token_that_partner_center_takes(caller: Caller) -> None:
    answer = msal_client(caller).acquire_token_for_client([SCOPE])

    token = answer["access_token"]
    assert caller.partner_center("/v1/customers?size=1", token=token).ok
    claims = claims_of(token)
    assert claims["aud"] == "https://api.partnercenter.microsoft.com"
    assert claims["tid"] == caller.partner_auth["tenant_id"]
    assert claims["appid"] == caller.partner_auth["client_id"]
    assert "amr" not in claims


def test_msal_redeems_a_refresh_token_and_gets_a_fresh_one(caller: Caller) -> None:
    first = caller.sandbox.document["refresh_token"]

    answer = msal_client(caller).acquire_token_by_refresh_token(first, [USER_SCOPE])

    assert answer["refresh_token"] != first
    claims = claims_of(answer["access_token"])
    assert "mfa" in claims["amr"]
    path = "/v1/customers?size=1"
    assert caller.partner_center(path, token=answer["access_token"]).ok


def test_msal_is_told_of_a_wrong_secret(caller: Caller) -> None:
    client = msal_client(caller, client_secret="wrong")

    answer = client.acquire_token_for_client([SCOPE])

    assert answer["error"] == "invalid_client"
    assert answer["error_codes"] == [7000215]


def test_msal_is_told_of_an_unknown_tenant(caller: Caller) -> None:
    with pytest.raises(ValueError, match="double check your tenant"):
        msal_client(caller, tenant_id="contoso.example")


def test_the_first_version_writes_numbers_as_text(caller: Caller) -> None:
    resource = "https://api.partnercenter.microsoft.com"

    answer = caller.ask_token(endpoint="oauth2/token", resource=resource)

    body = answer.json()
    assert body["expires_in"] == "3600"
    assert int(body["expires_on"]) - int(body["not_before"]) == 3900
    assert body["resource"] == resource
    assert "refresh_token" not in body
    assert caller.partner_center("/v1/customers", token=body["access_token"]).ok


def test_the_first_version_refreshes_too(caller: Caller) -> None:
    answer = caller.ask_token(
        endpoint="oauth2/token",
        grant_type="refresh_token",
        refresh_token=caller.sandbox.document["refresh_token"],
        resource="https://api.partnercenter.microsoft.com",
        scope="openid",
    )

    body = answer.json()
    assert body["scope"] == "user_impersonation"
    assert body.keys() >= {"access_token", "refresh_token", "id_token"}


def test_the_second_version_writes_numbers_as_numbers(caller: Caller) -> None:
    body = caller.ask_token(scope=SCOPE).json()

    assert body["expires_in"] == 3600
    assert body.keys() == {
        *("token_type", "expires_in", "ext_expires_in", "access_token"),
    }


@pytest.mark.parametrize(
    ("form", "status", "error", "code"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": ""}, 401, "invalid_client", 7000218),
        ({"client_id": "someone-else"}, 400, "unauthorized_client", 700016),
        ({"tenant": "elsewhere"}, 400, "invalid_request", 90002),
        ({"scope": "nonsense"}, 400, "invalid_scope", 70011),
        ({"scope": USER_SCOPE}, 400, "invalid_scope", 1002012),
        (
            {"scope": "https://nowhere.example/.default"},
            *(400, "invalid_resource", 500011),
        ),
        (
            {"scope": "https://partner.partnercenterapi.microsoftonline.cn/.default"},
            *(400, "invalid_resource", 500011),
        ),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"grant_type": "refresh_token"}, 400, "invalid_request", 900144),
        (
            {"grant_type": "refresh_token", "refresh_token": "1.stale"},
            *(400, "invalid_grant", 9002313),
        ),
        (
            {"endpoint": "oauth2/token", "resource": "https://nowhere.example"},
            *(400, "invalid_resource", 500011),
        ),
    ],
)
def test_each_mistake_has_its_code(
    form: dict[str, str], status: int, error: str, code: int, caller: Caller
) -> None:
    answer = caller.ask_token(**({"scope": SCOPE} | form))

    body = answer.json()
    assert answer.status_code == status
    assert body["error"] == error
    assert body["error_codes"] == [code]
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert body.keys() >= {"timestamp", "trace_id", "correlation_id"}
    assert caller.partner_auth["client_secret"] not in answer.text


def test_tokens_can_be_verified_with_the_keys_of_the_discovery_document(
    caller: Caller,
) -> None:
    tenant = caller.partner_auth["tenant_id"]
    path = f"{tenant}/v2.0/.well-known/openid-configuration"
    document = caller.session.get(f"{caller.base_url}/{path}", timeout=30).json()
    token = caller.app_token()

    keys = caller.session.get(document["jwks_uri"], timeout=30).json()

    key_id = jwt.get_unverified_header(token)["kid"]
    (key,) = [key for key in jwt.PyJWKSet.from_dict(keys).keys if key.key_id == key_id]
    claims = jwt.decode(
        token,
        key,
        algorithms=["RS256"],
        audience="https://api.partnercenter.microsoft.com",
        issuer=document["issuer"],
    )
    assert claims["tid"] == tenant
    assert all("d" not in key for key in keys["keys"])


def test_a_token_for_the_old_graph_is_refused_by_its_audience(caller: Caller) -> None:
    resource = "https://graph.windows.net"
    answer = caller.ask_token(endpoint="oauth2/token", resource=resource)
    token = answer.json()["access_token"]

    refused = caller.partner_center("/v1/customers", token=token)

    assert_error(refused, 401, "900420")
    assert f"'{resource}'" in refused.json()["description"]


@pytest.mark.parametrize(
    ("cloud", "audience", "old"),
    [
        (
            "us_government",
            "https://api.partnercenter.microsoft.com",
            "https://graph.windows.net",
        ),
        (
            "china",
            "https://partner.partnercenterapi.microsoftonline.cn",
            "https://graph.chinacloudapi.cn",
        ),
    ],
)
def test_a_national_cloud_has_its_own_audience(
    cloud: str, audience: str, old: str
) -> None:
    with Sandbox(customers=1, cloud=cloud) as sandbox, Caller(sandbox) as caller:
        assert sandbox.settings["partner_center"]["cloud"] == cloud
        for scope, status in ((audience, 200), (old, 401)):
            answer = caller.ask_token(scope=f"{scope}/.default")
            token = answer.json()["access_token"]
            assert claims_of(token)["aud"] == scope
            read = caller.partner_center("/v1/customers", token=token)
            assert read.status_code == status
        user = caller.ask_token(
            grant_type="refresh_token",
            refresh_token=sandbox.document["refresh_token"],
            scope=f"{audience}/user_impersonation",
        ).json()["access_token"]
        assert caller.partner_center("/v1/customers", token=user).ok


def test_a_refresh_token_is_good_for_90_days_of_world_time() -> None:
    with Sandbox(customers=1) as sandbox, Caller(sandbox) as caller:
        sandbox.advance(89 * DAY_SECONDS)
        assert caller.user_token()
        sandbox.advance(DAY_SECONDS)
        answer = caller.ask_token(
            grant_type="refresh_token",
            refresh_token=sandbox.document["refresh_token"],
            scope=USER_SCOPE,
        )
        assert answer.json()["error_codes"] == [700082]


def test_moving_the_worlds_clock_does_not_age_access_tokens() -> None:
    with Sandbox(customers=1) as sandbox, Caller(sandbox) as caller:
        token = caller.app_token()
        sandbox.advance(DAY_SECONDS)
        assert caller.partner_center("/v1/customers", token=token).ok
