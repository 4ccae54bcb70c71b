"""Troubles that a new user's settings may have, and the connection check with them."""

from __future__ import annotations

import base64
import datetime as dt
import json
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import trustme

from tests.tap.measured_tap import run_measured
from tests.tap.tokens import (
    DISCOVERY_PATH,
    app_only,
    application,
    authority,
    by_certificate,
    by_user,
    certificate,
    pem_file,
    serve_tokens,
    token_refusal,
    token_reply,
    trusting,
)
from tests.tap.upstream import Reply, Upstream, json_reply
from tests.tap.worlds import (
    SECRETS,
    appzen,
    collection,
    customer,
    number_path,
    partner_center,
    partner_center_error,
    purchase_order,
    serve_purchase_orders,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tap.tap import Run

_ONE_TRY = {"auth.authority:_TRIES": 1}
_LIST = json_reply(collection([customer("c1")]))
# Names that no resolver needs to be asked about: the first by the standard library, the
# second by libcurl (RFC 7686).
NOBODY = "https://[fe80::1%25nobody]"
UNKNOWN = "https://nobody.onion"

# Changes what the server answers, and returns the settings and the environment.
Trouble = Callable[[Upstream, "Path"], tuple[dict[str, Any], dict[str, str]]]


def partner(upstream: Upstream, **settings: Any) -> dict[str, Any]:
    return {"partner_center": partner_center(upstream, **settings)}


def signing_in(*answers: Reply, **auth: str) -> Trouble:
    """Return trouble with what the token endpoint answers."""

    def trouble(
        upstream: Upstream, folder: Path
    ) -> tuple[dict[str, Any], dict[str, str]]:
        serve_tokens(upstream, *(answers or (token_reply(SECRETS["access_token"]),)))
        section = app_only(upstream, **auth)
        return partner(upstream, auth=section), trusting(folder)

    return trouble


def with_certificate(refusal: Reply) -> Trouble:
    def trouble(
        upstream: Upstream, folder: Path
    ) -> tuple[dict[str, Any], dict[str, str]]:
        serve_tokens(upstream, refusal)
        auth = by_certificate(upstream, pem_file(application(), folder))
        return partner(upstream, auth=auth), trusting(folder)

    return trouble


def with_an_expired_certificate(
    upstream: Upstream, folder: Path
) -> tuple[dict[str, Any], dict[str, str]]:
    past = dt.datetime.now(dt.UTC) - dt.timedelta(days=3)
    leaf = authority().issue_cert(
        "app.example",
        not_before=past - dt.timedelta(days=9),
        not_after=past,
        key_type=trustme.KeyType.RSA,
    )
    auth = by_certificate(upstream, pem_file(leaf, folder))
    return partner(upstream, auth=auth), trusting(folder)


def with_user(refusal: Reply) -> Trouble:
    def trouble(
        upstream: Upstream, folder: Path
    ) -> tuple[dict[str, Any], dict[str, str]]:
        serve_tokens(upstream, refusal)
        auth = by_user(upstream, "planted-refresh-token-c53d11")
        return partner(upstream, auth=auth), trusting(folder)

    return trouble


def unknown_tenant(
    upstream: Upstream, folder: Path
) -> tuple[dict[str, Any], dict[str, str]]:
    upstream.answer(DISCOVERY_PATH, token_refusal("invalid_tenant", 90002))
    return partner(upstream, auth=app_only(upstream)), trusting(folder)


def listing(answer: Reply, **settings: Any) -> Trouble:
    """Return trouble with what Partner Center answers."""

    def trouble(
        upstream: Upstream, folder: Path
    ) -> tuple[dict[str, Any], dict[str, str]]:
        upstream.answer("/v1/customers", answer)
        upstream.answer("/v1/customers/c1", answer)
        return partner(upstream, **settings), trusting(folder)

    return trouble


def token_with(**claims: Any) -> Trouble:
    """Return trouble with a token that says so of itself."""
    parts = ({"typ": "JWT", "alg": "none"}, claims)
    encoded = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in parts
    ]
    token = ".".join([*encoded, "c2lnbmF0dXJl"])

    def trouble(
        upstream: Upstream, folder: Path
    ) -> tuple[dict[str, Any], dict[str, str]]:
        serve_tokens(upstream, token_reply(token))
        upstream.answer("/v1/customers", partner_center_error(401, 400))
        return partner(upstream, auth=app_only(upstream)), trusting(folder)

    return trouble


def numbering(answer: Reply) -> Trouble:
    """Return trouble with what AppZen answers."""

    def trouble(
        upstream: Upstream, folder: Path
    ) -> tuple[dict[str, Any], dict[str, str]]:
        upstream.answer(number_path("A"), answer)
        return {"appzen": appzen(upstream, ["A"])}, trusting(folder)

    return trouble


def nobody_listens() -> str:
    """Return an address of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"https://127.0.0.1:{listener.getsockname()[1]}"


def reaching(address: Callable[[], str], *upstreams: str) -> Trouble:
    """Return trouble with an address."""

    def trouble(
        upstream: Upstream, folder: Path
    ) -> tuple[dict[str, Any], dict[str, str]]:
        config = partner(upstream, api_url=address())
        config["appzen"] = appzen(upstream, ["A"], api_url=address())
        return {name: config[name] for name in upstreams}, trusting(folder)

    return trouble


def authority_at(address: Callable[[], str]) -> Trouble:
    def trouble(
        upstream: Upstream, folder: Path
    ) -> tuple[dict[str, Any], dict[str, str]]:
        auth = app_only(upstream, authority=address())
        return partner(upstream, auth=auth), trusting(folder)

    return trouble


def unknown_ca(
    upstream: Upstream, folder: Path
) -> tuple[dict[str, Any], dict[str, str]]:
    del folder
    return both(upstream), {}


def unknown_ca_of_the_authority(
    upstream: Upstream, folder: Path
) -> tuple[dict[str, Any], dict[str, str]]:
    del folder
    return partner(upstream, auth=app_only(upstream)), {}


def proxy_refuses(
    upstream: Upstream, folder: Path
) -> tuple[dict[str, Any], dict[str, str]]:
    config = both(upstream)
    for section in config.values():
        section["api_url"] = "https://api.example.test"
    return config, {**trusting(folder), "HTTPS_PROXY": nobody_listens()}


def proxy_refuses_the_authority(
    upstream: Upstream, folder: Path
) -> tuple[dict[str, Any], dict[str, str]]:
    auth = app_only(upstream, authority="https://login.example.test")
    environment = {**trusting(folder), "HTTPS_PROXY": nobody_listens()}
    return partner(upstream, auth=auth), environment


def both(upstream: Upstream) -> dict[str, Any]:
    return {**partner(upstream), "appzen": appzen(upstream, ["A"])}


def checked(trouble: Trouble, folder: Path) -> Run:
    """Return how the check went with some trouble."""
    folder.mkdir()
    with Upstream(certificate()) as upstream:
        upstream.answer("/v1/customers", _LIST)
        serve_purchase_orders(upstream, {"A": purchase_order("A")})
        config, environment = trouble(upstream, folder)
        run, _ = run_measured(
            config, "--test", bounds=_ONE_TRY, environment=environment
        )
        return run
