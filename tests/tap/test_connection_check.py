"""`--test` says per upstream in one line whether it works, and if not, where to look.

Every way in which a new user's settings fail is here, with the words that the line has
to have: first of all the name of the setting.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.failures import (
    UNKNOWN,
    Trouble,
    authority_at,
    both,
    checked,
    listing,
    nobody_listens,
    numbering,
    proxy_refuses,
    proxy_refuses_the_authority,
    reaching,
    signing_in,
    token_with,
    unknown_ca,
    unknown_ca_of_the_authority,
    unknown_tenant,
    with_an_expired_certificate,
    with_certificate,
    with_user,
)
from tests.tap.tokens import (
    app_only,
    application,
    authority,
    serve_tokens,
    token_refusal,
    token_reply,
    trusting,
)
from tests.tap.upstream import Reply, Upstream, json_reply
from tests.tap.worlds import (
    SECRETS,
    appzen,
    appzen_error,
    number_path,
    partner_center_error,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tap.tap import Run

HTML = {"Content-Type": "text/html"}
PAGE = Reply(b"<html><body>Welcome</body></html>", headers=HTML)
NO_PAGE = Reply(b"<html><body>Not found</body></html>", 404, HTML)
MFA = Reply(
    b"", 401, {"WWW-Authenticate": 'Bearer error="x"'}, "Unauthorized - MFA required"
)
AUTH = "partner_center.auth"
OUR_APPZEN_KEYS = (
    "`appzen.auth.api_key`",
    "`appzen.auth.customer_id`",
    "`appzen.auth.customer_key`",
)
# How it fails, and what the line of the upstream has to say.
FAILURES: dict[str, tuple[Trouble, tuple[str, ...]]] = {
    # Signing in.
    "tenant": (unknown_tenant, (f"`{AUTH}.tenant_id`",)),
    "tenant-at-sign-in": (
        signing_in(token_refusal("invalid_request", 90002)),
        (f"`{AUTH}.tenant_id`", "AADSTS90002"),
    ),
    "client": (
        signing_in(token_refusal("unauthorized_client", 700016)),
        (f"`{AUTH}.client_id`",),
    ),
    "secret": (
        signing_in(token_refusal("invalid_client", 7000215, 401)),
        (f"`{AUTH}.client_secret`", "wrong"),
    ),
    "expired-secret": (
        signing_in(token_refusal("invalid_client", 7000222, 401)),
        (f"`{AUTH}.client_secret`", "expired"),
    ),
    "certificate": (
        with_certificate(token_refusal("invalid_client", 700027, 401)),
        (f"`{AUTH}.certificate_path`",),
    ),
    "consent": (
        signing_in(token_refusal("invalid_grant", 65001)),
        ("consent", f"`{AUTH}.client_id`"),
    ),
    "scope": (
        signing_in(token_refusal("invalid_scope", 70011)),
        (f"`{AUTH}.scope`",),
    ),
    "resource": (
        signing_in(token_refusal("invalid_resource", 500011)),
        (f"`{AUTH}.scope`",),
    ),
    "second-factor": (
        with_user(token_refusal("interaction_required", 50076)),
        ("consent again", f"`{AUTH}.refresh_token`"),
    ),
    "expired-refresh-token": (
        with_user(token_refusal("invalid_grant", 700082)),
        ("consent again", f"`{AUTH}.refresh_token`"),
    ),
    "no-authority": (signing_in(PAGE), (f"`{AUTH}.authority`",)),
    "authority-unknown": (
        authority_at(lambda: UNKNOWN),
        (f"`{AUTH}.authority`", "not known"),
    ),
    "authority-nobody": (
        authority_at(nobody_listens),
        (f"`{AUTH}.authority`", "refused"),
    ),
    "authority-ca": (
        unknown_ca_of_the_authority,
        (f"`{AUTH}.authority`", "REQUESTS_CA_BUNDLE"),
    ),
    "authority-proxy": (proxy_refuses_the_authority, ("HTTPS_PROXY",)),
    # What the credentials are good for.
    "another-audience": (
        token_with(aud="https://graph.microsoft.com"),
        ("'https://graph.microsoft.com'", f"`{AUTH}.scope`", "401"),
    ),
    "another-audience-by-id": (
        token_with(aud="00000003-0000-0000-c000-000000000000"),
        ("'00000003-0000-0000-c000-000000000000'", f"`{AUTH}.scope`"),
    ),
    "old-token": (
        token_with(aud="https://api.partnercenter.microsoft.com", exp=1_700_000_000),
        ("expired", f"`{AUTH}`"),
    ),
    "our-audience": (
        token_with(aud="fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"),
        ("401, code 400", f"`{AUTH}`"),
    ),
    "unregistered": (listing(partner_center_error(401, 400)), ("401", f"`{AUTH}`")),
    "mfa": (listing(MFA), ("multifactor", "consent again", f"`{AUTH}`")),
    "mfa-code": (
        listing(partner_center_error(401, 900421)),
        ("multifactor", "consent again", f"`{AUTH}`"),
    ),
    "mfa-code-as-text": (
        listing(partner_center_error(401, "900421")),
        ("multifactor", "consent again", f"`{AUTH}`"),
    ),
    "old-audience": (
        listing(partner_center_error(401, "900420")),
        ("code 900420", f"`{AUTH}.scope`"),
    ),
    "old-audience-as-number": (
        listing(partner_center_error(401, 900420)),
        ("code 900420", f"`{AUTH}.scope`"),
    ),
    "role-as-text": (
        listing(partner_center_error(403, " 900308 ")),
        ("role", "code 900308:", f"`{AUTH}`"),
    ),
    "role-as-fraction": (
        listing(partner_center_error(403, 900308.0)),
        ("role", "code 900308:", f"`{AUTH}`"),
    ),
    "role": (
        listing(partner_center_error(403, 900308)),
        ("role", "900308", f"`{AUTH}`"),
    ),
    "privilege": (
        listing(partner_center_error(403, 900150)),
        ("role", "900150", f"`{AUTH}`"),
    ),
    "reseller": (
        listing(partner_center_error(403, 800039)),
        ("not active", "800039", f"`{AUTH}`"),
    ),
    "conditional-access": (
        listing(partner_center_error(403, 900309)),
        ("Conditional Access", f"`{AUTH}`"),
    ),
    "no-rights": (listing(partner_center_error(403, 2032)), ("403", "roles")),
    "customer": (
        listing(partner_center_error(404, 20000), customer_ids=["c1"]),
        ("404", "`partner_center.customer_ids`"),
    ),
    "key": (numbering(appzen_error(401)), ("401", *OUR_APPZEN_KEYS)),
    "entitlement": (
        numbering(appzen_error(403)),
        ("403", "`appzen.auth.api_key`", "`appzen.api_url`"),
    ),
    "gateway": (
        numbering(Reply(b"", 403)),
        ("403", "`appzen.auth.api_key`", "`appzen.api_url`"),
    ),
    # Addresses.
    "page": (listing(PAGE), ("not JSON", "`partner_center.api_url`")),
    "no-page": (listing(NO_PAGE), ("404", "`partner_center.api_url`")),
    "another-api": (
        listing(json_reply({"hello": "world"})),
        ("not a collection", "`partner_center.api_url`"),
    ),
    "moved": (
        listing(Reply(b"", 301, {"Location": "https://example.test/"})),
        ("redirect", "`partner_center.api_url`"),
    ),
    "appzen-page": (numbering(PAGE), ("not JSON", "`appzen.api_url`")),
    "appzen-no-page": (
        numbering(NO_PAGE),
        ("404", "does not seem to be AppZen", "`appzen.api_url`"),
    ),
    "appzen-another-api": (
        numbering(json_reply({"hello": "world"})),
        ("not a purchase order", "`appzen.api_url`"),
    ),
    "bad-number": (
        numbering(appzen_error(400)),
        ("400", "`appzen.purchase_order_numbers`"),
    ),
    "unknown-host": (
        reaching(lambda: UNKNOWN, "partner_center"),
        ("not known", "`partner_center.api_url`"),
    ),
    "appzen-unknown-host": (
        reaching(lambda: UNKNOWN, "appzen"),
        ("not known", "`appzen.api_url`"),
    ),
    "nobody": (
        reaching(nobody_listens, "partner_center"),
        ("refused", "`partner_center.api_url`"),
    ),
    "appzen-nobody": (
        reaching(nobody_listens, "appzen"),
        ("refused", "`appzen.api_url`"),
    ),
    # For now.
    "throttled": (
        listing(partner_center_error(429, 0)),
        ("429", "try again later"),
    ),
    "broken": (numbering(appzen_error(500)), ("500", "try again later")),
}
# The same for both upstreams.
FAILURES_OF_BOTH: dict[str, tuple[Trouble, tuple[str, ...]]] = {
    "ca": (unknown_ca, ("REQUESTS_CA_BUNDLE", ".api_url`")),
    "proxy": (proxy_refuses, ("HTTPS_PROXY",)),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    folder = tmp_path_factory.mktemp("checks")
    # Made before there are threads, so that there is one for all of them.
    authority()
    application()
    with ThreadPoolExecutor(3) as pool:
        begun = {
            name: pool.submit(checked, trouble, folder / name)
            for name, (trouble, _) in {**FAILURES, **FAILURES_OF_BOTH}.items()
        }
    return {name: future.result() for name, future in begun.items()}


@pytest.mark.parametrize("name", FAILURES)
def test_one_line_names_the_upstream_and_the_setting_to_look_at(
    name: str, runs: dict[str, Run]
) -> None:
    run = runs[name]
    (line,) = run.errors

    assert line.startswith(("Partner Center does not work: ", "AppZen does not work: "))
    assert [word for word in FAILURES[name][1] if word not in line] == []
    assert ": Partner Center: " not in line
    assert run.status == 1
    assert run.output == b""


@pytest.mark.parametrize("name", FAILURES_OF_BOTH)
def test_each_upstream_has_a_line_of_its_own(name: str, runs: dict[str, Run]) -> None:
    run = runs[name]
    first, second = run.errors

    assert first.startswith("Partner Center does not work: ")
    assert second.startswith("AppZen does not work: ")
    for line in (first, second):
        assert [w for w in FAILURES_OF_BOTH[name][1] if w not in line] == []
    assert run.status == 1


def test_an_expired_certificate_is_reported_before_any_request(
    tmp_path: Path,
) -> None:
    run = checked(with_an_expired_certificate, tmp_path / "expired")

    assert run.status == 1
    (line,) = run.errors
    assert f"`{AUTH}.certificate_path`" in line
    assert "expired" in line


def test_nothing_is_read_where_the_sign_in_fails(runs: dict[str, Run]) -> None:
    for name in ("secret", "consent", "scope", "tenant"):
        assert "signed in" not in runs[name].log


def test_where_all_is_well_each_upstream_has_a_line_that_says_what_was_read(
    tmp_path: Path,
) -> None:
    def no_trouble(
        upstream: Upstream, folder: Path
    ) -> tuple[dict[str, Any], dict[str, str]]:
        serve_tokens(upstream, token_reply(SECRETS["access_token"]))
        config = both(upstream)
        config["partner_center"]["auth"] = app_only(upstream)
        return config, trusting(folder)

    run = checked(no_trouble, tmp_path / "well")

    assert run.status == 0
    assert run.errors == run.warnings == []
    works = [line for line in run.logged("INFO") if " works: " in line]
    assert works == [
        "Partner Center works: signed in and read a page of customers",
        "AppZen works: the key is good, read a purchase order",
    ]


def test_one_upstream_that_works_does_not_make_up_for_another(tmp_path: Path) -> None:
    def half_trouble(
        upstream: Upstream, folder: Path
    ) -> tuple[dict[str, Any], dict[str, str]]:
        upstream.answer("/v1/customers", partner_center_error(403, 900308))
        return both(upstream), trusting(folder)

    run = checked(half_trouble, tmp_path / "half")

    assert run.status == 1
    assert len(run.errors) == 1
    assert "AppZen works" in run.log


def test_a_number_that_cannot_be_asked_for_is_not_what_is_tried(
    tmp_path: Path,
) -> None:
    def odd_number(
        upstream: Upstream, folder: Path
    ) -> tuple[dict[str, Any], dict[str, str]]:
        upstream.answer(number_path("connection-test"), appzen_error(404))
        return {"appzen": appzen(upstream, ["..", "A"])}, trusting(folder)

    run = checked(odd_number, tmp_path / "odd")

    assert run.status == 0
    assert "'connection-test'" in run.log


@pytest.mark.parametrize("allow_empty", [False, True])
def test_a_list_without_numbers_is_what_a_run_takes_it_for(
    *, allow_empty: bool, tmp_path: Path
) -> None:
    def empty(
        upstream: Upstream, folder: Path
    ) -> tuple[dict[str, Any], dict[str, str]]:
        upstream.answer(number_path("connection-test"), appzen_error(404))
        config = {"appzen": appzen(upstream, [])}
        config["appzen"]["purchase_order_numbers"]["allow_empty"] = allow_empty
        return config, trusting(folder)

    run = checked(empty, tmp_path / "empty")

    assert run.status == (0 if allow_empty else 1)
    setting = "`appzen.purchase_order_numbers.numbers`"
    told = [line for line in run.errors if setting in line and "allow_empty" in line]
    assert len(told) == len(run.errors) == (0 if allow_empty else 1)
