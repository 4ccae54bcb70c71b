"""App-only sign-in by a certificate: the assertion as the server sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_purchase_orders.auth.certificate import METHOD
from tap_purchase_orders.errors import SignInError
from tests.tap.scenes import Played, Scene, play_named
from tests.tap.tokens import (
    CERTIFICATE_PASSWORD,
    TOKEN_PATH,
    application,
    by_certificate,
    certificate,
    if_proven,
    pem_file,
    pfx_file,
    serve_tokens,
    signed,
    signed_anew,
    token_reply,
    trusting,
)
from tests.tap.upstream import Reply, Upstream
from tests.tap.worlds import SECRETS, order, partner_center, serve_customers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

OTHER = "other.example"
DEBUG = {"LOGLEVEL": "DEBUG", "TAP_PURCHASE_ORDERS_LOGLEVEL": "DEBUG"}
TOKEN = token_reply(SECRETS["access_token"])


def pem(upstream: Upstream, folder: Path) -> dict[str, Any]:
    return by_certificate(upstream, pem_file(application(), folder))


def pfx(upstream: Upstream, folder: Path) -> dict[str, Any]:
    path = pfx_file(application(), folder)
    return by_certificate(upstream, path, certificate_password=CERTIFICATE_PASSWORD)


def another_certificate(upstream: Upstream, folder: Path) -> dict[str, Any]:
    return by_certificate(upstream, pem_file(application(OTHER), folder))


def no_password(upstream: Upstream, folder: Path) -> dict[str, Any]:
    return by_certificate(upstream, pfx_file(application(), folder))


def no_file(upstream: Upstream, folder: Path) -> dict[str, Any]:
    return by_certificate(upstream, folder / "nowhere.pem")


SECTIONS = {
    make.__name__: make
    for make in (pem, pfx, another_certificate, no_password, no_file)
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    trust = trusting(tmp_path_factory.mktemp("trust"))

    def scene(make: Callable[[Upstream, Path], dict[str, Any]]) -> Scene:
        def options(upstream: Upstream) -> Mapping[str, Any]:
            serve_customers(upstream, {"c1": [order("o", "c1")]})
            serve_tokens(upstream, if_proven(upstream, application(), TOKEN))
            auth = make(upstream, tmp_path_factory.mktemp("certificate"))
            config = {"partner_center": partner_center(upstream, auth=auth)}
            return {"config": config, "environment": {**trust, **DEBUG}}

        return options

    scenes = {name: scene(make) for name, make in SECTIONS.items()}
    return play_named(scenes, certificate())


@pytest.fixture
def upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    for name, value in trusting(tmp_path).items():
        monkeypatch.setenv(name, value)
    with Upstream(certificate()) as server:
        yield server


@pytest.mark.parametrize("name", ["pem", "pfx"])
def test_a_certificate_proves_the_application(
    name: str, played: dict[str, Played]
) -> None:
    scene = played[name]

    assert scene.run.status == 0, scene.run.log
    assert len(scene.run.records("orders")) == 1
    (asked,) = scene.asked_for(TOKEN_PATH)
    assert b"grant_type=client_credentials" in asked.body


@pytest.mark.parametrize("name", SECTIONS)
def test_key_and_password_are_in_no_log(name: str, played: dict[str, Played]) -> None:
    log = played[name].run.log

    assert CERTIFICATE_PASSWORD not in log
    assert "PRIVATE KEY" not in log
    lines = application().private_key_pem.bytes().decode().splitlines()[1:-1]
    assert not any(line in log for line in lines)


def test_a_refused_assertion_names_the_certificate(played: dict[str, Played]) -> None:
    run = played["another_certificate"].run

    assert run.status == 1
    (error, *_) = run.errors
    assert "AADSTS700027" in error
    assert "`partner_center.auth.certificate_path`" in error


@pytest.mark.parametrize(
    ("name", "setting"),
    [("no_password", "certificate_password"), ("no_file", "certificate_path")],
)
def test_an_unusable_file_is_reported_before_any_request(
    name: str, setting: str, played: dict[str, Played]
) -> None:
    assert played[name].run.status == 1
    (error,) = played[name].run.errors
    assert error.startswith(f"`partner_center.auth.{setting}` ")
    assert played[name].asked == []


def test_a_certificate_that_was_replaced_signs_the_next_sign_in(
    upstream: Upstream, tmp_path: Path
) -> None:
    path = pem_file(application(), tmp_path)
    serve_tokens(
        upstream,
        if_proven(upstream, application(), token_reply("first")),
        if_proven(upstream, application(OTHER), token_reply("second")),
    )
    auth = METHOD(by_certificate(upstream, path))

    assert signed(auth) == "first"
    assert pem_file(application(OTHER), tmp_path) == path
    assert signed_anew(auth) == "second"


def test_a_certificate_that_went_away_ends_the_sign_in_in_words(
    upstream: Upstream, tmp_path: Path
) -> None:
    path = pem_file(application(), tmp_path)
    serve_tokens(upstream, Reply(b"", 503))
    auth = METHOD(by_certificate(upstream, path))
    path.unlink()

    with pytest.raises(SignInError, match=r"application\.pem, which is not there"):
        signed(auth)
    assert upstream.asked == []
