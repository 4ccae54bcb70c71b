"""Each national cloud has its own authority and audience; a wrong one is named."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tap_purchase_orders.sandbox.process import Sandbox
from tests.tap.tap import Run, run_tap
from tests.tap.test_through_a_proxy import Proxy
from tests.tap.tokens import TENANT, app_only, authority, form_of, token_reply, trusting
from tests.tap.upstream import Upstream, json_reply
from tests.tap.worlds import SECRETS, order, serve_customers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHINA_API = "partner.partnercenterapi.microsoftonline.cn"
CHINA, OLD_CHINA = "login.partner.microsoftonline.cn", "login.chinacloudapi.cn"
US, OLD_US = "login.microsoftonline.us", "login.usgovcloudapi.net"
API = "api.partnercenter.microsoft.com"
HOSTS = (CHINA_API, CHINA, OLD_CHINA, US, OLD_US, API)
SIGN_INS = ("client_secret", "certificate", "refresh_token", "azure_identity")


class World:
    """Every host of the clouds, on this machine: a proxy leads all of them here.

    Args:
        folder: Where the authority's certificate goes.
        named: The host that the discovery document names.
    """

    def __init__(self, folder: Path, named: str) -> None:
        self._folder = folder
        self.upstream = Upstream(authority().issue_cert(*HOSTS, "127.0.0.1"))
        self._base = f"https://{named}/{TENANT}"

    def run(self, *arguments: str, **settings: Any) -> Run:
        """Return a run of the tap with the addresses that the cloud picks."""
        with self.upstream as upstream:
            port = upstream.url.rpartition(":")[2]
            document = {
                "issuer": f"{self._base}/v2.0",
                "authorization_endpoint": f"{self._base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{self._base}/oauth2/v2.0/token",
            }
            discovery = f"/{TENANT}/v2.0/.well-known/openid-configuration"
            upstream.answer(discovery, json_reply(document))
            token = token_reply(SECRETS["token"])
            upstream.answer(f"/{TENANT}/oauth2/v2.0/token", token)
            serve_customers(upstream, {"c1": [order("o1", "c1")]})
            auth = app_only(upstream)
            del auth["authority"]
            section = {"auth": auth, "max_tries": 1, **settings}
            with Proxy(leads_to=int(port)) as proxy:
                variables = {"HTTPS_PROXY": f"http://{proxy.address}"}
                result = run_tap(
                    {"partner_center": section},
                    *arguments,
                    environment={**trusting(self._folder), **variables},
                )
                self.hosts = {head.split()[1].partition(":")[0] for head in proxy.heads}
        return result

    def scopes(self) -> set[str]:
        """Return the scopes that tokens were asked for."""
        asked = self.upstream.asked_for(f"/{TENANT}/oauth2/v2.0/token")
        return {form_of(request)["scope"] for request in asked}


@pytest.mark.parametrize(
    ("cloud", "named", "hosts", "audience"),
    [
        ("china", CHINA, {CHINA, CHINA_API}, CHINA_API),
        ("china", OLD_CHINA, {CHINA, OLD_CHINA, CHINA_API}, CHINA_API),
        ("us_government", US, {US, API}, API),
        ("us_government", OLD_US, {US, OLD_US, API}, API),
    ],
    ids=["china", "china-old-name", "us", "us-old-name"],
)
def test_a_cloud_is_asked_at_its_own_hosts_for_its_own_tokens(
    cloud: str, named: str, hosts: set[str], audience: str, tmp_path: Path
) -> None:
    world = World(tmp_path, named)
    run = world.run(cloud=cloud)

    assert run.status == 0, run.log
    assert len(run.records("orders")) == 1
    assert world.hosts == hosts
    assert world.scopes() == {f"https://{audience}/.default"}


def test_the_old_name_of_an_authority_may_lead_to_the_new_one(tmp_path: Path) -> None:
    world = World(tmp_path, CHINA)
    auth = {
        "method": "client_secret",
        "tenant_id": TENANT,
        "client_id": "client-1",
        "client_secret": SECRETS["client_secret"],
        "authority": f"https://{OLD_CHINA}",
    }
    run = world.run(cloud="china", auth=auth)

    assert run.status == 0, run.log
    assert world.hosts == {OLD_CHINA, CHINA, CHINA_API}


def test_the_authority_of_another_cloud_is_another_host(tmp_path: Path) -> None:
    world = World(tmp_path, US)
    run = world.run(cloud="china")

    assert run.status == 1
    assert "sends us to another host (login.microsoftonline.us)" in run.log
    assert world.hosts == {CHINA}
    assert world.scopes() == set()


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[dict[str, Sandbox]]:
    options = {"customers": 2, "purchase_orders": 0}
    with (
        Sandbox(**options) as public,
        Sandbox(**options, cloud="us_government") as us,
        Sandbox(**options, cloud="china") as china,
    ):
        yield {"public": public, "us_government": us, "china": china}


def run(sandbox: Sandbox, name: str, *arguments: str, **changes: Any) -> Run:
    settings, environment = sandbox.signing_in(name)
    section = settings["partner_center"]
    section = section | {"max_tries": 1, "auth": section["auth"] | changes}
    return run_tap({"partner_center": section}, *arguments, environment=environment)


@pytest.mark.parametrize("cloud", ["public", "us_government", "china"])
def test_every_way_to_sign_in_works_in_every_cloud(
    cloud: str, sandboxes: dict[str, Sandbox]
) -> None:
    sandbox = sandboxes[cloud]
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda name: run(sandbox, name, "--test"), SIGN_INS))

    failed = [finished.log for finished in runs if finished.status]
    assert failed == []


@pytest.mark.parametrize(
    ("cloud", "audience"),
    [
        ("public", "https://graph.windows.net"),
        ("us_government", "https://graph.windows.net"),
        ("china", "https://graph.chinacloudapi.cn"),
    ],
)
def test_tokens_for_the_old_graph_are_refused_for_good_and_the_scope_is_named(
    cloud: str, audience: str, sandboxes: dict[str, Sandbox]
) -> None:
    sandbox = sandboxes[cloud]
    before = tokens_given(sandbox)
    finished = run(sandbox, "client_secret", scope=f"{audience}/.default")

    assert finished.status == 1
    error, *_ = finished.errors
    assert "HTTP 401, code 900420" in error
    assert "`partner_center.auth.scope`" in error
    expected = CHINA_API if cloud == "china" else API
    assert f"`https://{expected}/.default`" in error
    # A second one would be refused as well.
    assert tokens_given(sandbox) == before + 1


def test_a_token_for_another_cloud_is_an_error_that_names_scope_and_cloud(
    sandboxes: dict[str, Sandbox],
) -> None:
    finished = run(sandboxes["china"], "client_secret", scope=f"https://{API}/.default")

    assert finished.status == 1
    error, *_ = finished.errors
    assert "AADSTS500011" in error
    assert "`partner_center.auth.scope`" in error


def tokens_given(sandbox: Sandbox) -> int:
    given = sandbox.sign_in()["tokens_given"].values()
    return sum(count for proofs in given for count in proofs.values())


# The second factor


@pytest.fixture
def without_mfa(sandboxes: dict[str, Sandbox]) -> Iterator[Sandbox]:
    sandbox = sandboxes["public"]
    sandbox.sign_in(user_mfa=False)
    yield sandbox
    sandbox.sign_in(user_mfa=True, mfa_enforced=True)


def test_a_user_without_a_second_factor_is_refused_for_good(
    without_mfa: Sandbox,
) -> None:
    before = tokens_given(without_mfa)
    finished = run(without_mfa, "refresh_token")

    assert finished.status == 1
    error, *_ = finished.errors
    assert "multifactor" in error
    assert "consent again" in error
    assert tokens_given(without_mfa) == before + 1


def test_where_it_is_not_enforced_yet_the_connection_test_warns(
    without_mfa: Sandbox,
) -> None:
    without_mfa.sign_in(mfa_enforced=False)
    finished = run(without_mfa, "refresh_token", "--test")

    assert finished.status == 0, finished.log
    (warning,) = [line for line in finished.warnings if "isMfaCompliant" in line]
    assert "consent again" in warning
    assert "`partner_center.auth`" in warning


@pytest.mark.parametrize("name", ["refresh_token", "client_secret"])
def test_a_compliant_token_is_no_matter(
    name: str, sandboxes: dict[str, Sandbox]
) -> None:
    finished = run(sandboxes["public"], name, "--test")

    assert finished.status == 0, finished.log
    assert "isMfaCompliant" not in finished.log
