"""Sign-in as application and user: the refresh token rotates and is never lost."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.scenes import Played, Scene, play_named
from tests.tap.tokens import (
    TOKEN_PATH,
    application,
    by_user,
    certificate,
    form_of,
    if_proven,
    keep,
    kept,
    pem_file,
    serve_tokens,
    token_refusal,
    token_reply,
    trusting,
)
from tests.tap.worlds import SECRETS, order, partner_center, serve_customers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.tap.upstream import Asked, Reply, Upstream

FIRST = "planted-refresh-token-4be71c"
KEPT = "planted-kept-token-d20a95"
SETTING = "`partner_center.auth.refresh_token_path`"
DEBUG = {"LOGLEVEL": "DEBUG", "TAP_PURCHASE_ORDERS_LOGLEVEL": "DEBUG"}


def good(**more: str) -> Reply:
    return token_reply(SECRETS["access_token"], **more)


def refused_but(good: str, code: int, answer: Reply) -> Callable[[Asked], Reply]:
    """Answer one refresh token, and refuse all others."""

    def reply(asked: Asked) -> Reply:
        if form_of(asked)["refresh_token"] == good:
            return answer
        return token_refusal("invalid_grant", code)

    return reply


# Whole runs


def new_file(upstream: Upstream, folder: Path) -> dict[str, Any]:
    serve_tokens(upstream, good(refresh_token=KEPT))
    return by_user(upstream, FIRST, refresh_token_path=str(folder / "token.json"))


def kept_file(upstream: Upstream, folder: Path) -> dict[str, Any]:
    serve_tokens(upstream, good(refresh_token=f"{KEPT}-2"))
    path = keep(folder / "token.json", KEPT)
    return by_user(upstream, FIRST, refresh_token_path=str(path))


def old_file(upstream: Upstream, folder: Path) -> dict[str, Any]:
    serve_tokens(upstream, good())
    path = keep(folder / "token.json", KEPT, days=80.5)
    return by_user(upstream, FIRST, refresh_token_path=str(path))


def no_file(upstream: Upstream, _folder: Path) -> dict[str, Any]:
    serve_tokens(upstream, good(refresh_token=KEPT))
    return by_user(upstream, FIRST)


def consented_anew(upstream: Upstream, folder: Path) -> dict[str, Any]:
    serve_tokens(upstream, refused_but(FIRST, 700082, good(refresh_token=f"{FIRST}-2")))
    path = keep(folder / "token.json", KEPT)
    return by_user(upstream, FIRST, refresh_token_path=str(path))


def both_refused(upstream: Upstream, folder: Path) -> dict[str, Any]:
    serve_tokens(upstream, refused_but("none", 50173, good()))
    path = keep(folder / "token.json", KEPT)
    return by_user(upstream, FIRST, refresh_token_path=str(path))


def cannot_be_kept(upstream: Upstream, folder: Path) -> dict[str, Any]:
    serve_tokens(upstream, good(refresh_token=KEPT))
    # In the way of the temporary file.
    (folder / "token.json.new").mkdir()
    return by_user(upstream, FIRST, refresh_token_path=str(folder / "token.json"))


def with_certificate(upstream: Upstream, folder: Path) -> dict[str, Any]:
    answer = good(refresh_token=KEPT)
    serve_tokens(upstream, if_proven(upstream, application(), answer))
    section = by_user(
        upstream,
        FIRST,
        refresh_token_path=str(folder / "token.json"),
        certificate_path=str(pem_file(application(), folder)),
    )
    del section["client_secret"]
    return section


def two_proofs(upstream: Upstream, folder: Path) -> dict[str, Any]:
    return {**with_certificate(upstream, folder), "client_secret": "s"}


def no_proof(upstream: Upstream, folder: Path) -> dict[str, Any]:
    section = with_certificate(upstream, folder)
    del section["certificate_path"]
    return section


SCENES = {
    make.__name__: make
    for make in (
        new_file,
        kept_file,
        old_file,
        no_file,
        consented_anew,
        both_refused,
        cannot_be_kept,
        with_certificate,
        two_proofs,
        no_proof,
    )
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: tmp_path_factory.mktemp(name) for name in SCENES}


@pytest.fixture(scope="module")
def played(
    folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Played]:
    trust = trusting(tmp_path_factory.mktemp("trust"))

    def scene(name: str) -> Scene:
        def options(upstream: Upstream) -> Mapping[str, Any]:
            serve_customers(upstream, {"c1": [order("o", "c1")]})
            auth = SCENES[name](upstream, folders[name])
            config = {"partner_center": partner_center(upstream, auth=auth)}
            return {"config": config, "environment": {**trust, **DEBUG}}

        return options

    return play_named({name: scene(name) for name in SCENES}, certificate())


def sent(scene: Played) -> list[str]:
    return [form_of(asked)["refresh_token"] for asked in scene.asked_for(TOKEN_PATH)]


@pytest.mark.parametrize("name", SCENES)
def test_no_refresh_token_is_in_any_log(name: str, played: dict[str, Played]) -> None:
    run = played[name].run

    assert FIRST not in run.log
    assert KEPT not in run.log
    assert FIRST.encode() not in run.output


def test_the_configured_token_is_redeemed_and_its_successor_kept(
    played: dict[str, Played], folders: dict[str, Path]
) -> None:
    scene, path = played["new_file"], folders["new_file"] / "token.json"

    assert scene.run.status == 0, scene.run.log
    assert sent(scene) == [FIRST]
    (asked,) = scene.asked_for(TOKEN_PATH)
    form = form_of(asked)
    assert form["grant_type"] == "refresh_token"
    assert "offline_access" in form["scope"].split()
    assert "https://api.partnercenter.microsoft.com/.default" in form["scope"].split()
    assert kept(path) == KEPT
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {entry.name for entry in path.parent.iterdir()} == {
        "token.json",
        "token.json.lock",
    }
    assert not any("refresh token" in line for line in scene.run.warnings)


def test_a_kept_token_goes_before_the_configured_one(
    played: dict[str, Played], folders: dict[str, Path]
) -> None:
    scene = played["kept_file"]

    assert scene.run.status == 0
    assert sent(scene) == [KEPT]
    assert kept(folders["kept_file"] / "token.json") == f"{KEPT}-2"


def test_without_a_file_there_is_a_warning_once(played: dict[str, Played]) -> None:
    scene = played["no_file"]

    assert scene.run.status == 0
    (warning,) = [line for line in scene.run.warnings if "refresh_token" in line]
    assert SETTING in warning
    assert "90 days" in warning


def test_an_old_token_is_warned_of_and_keeps_its_age_if_not_replaced(
    played: dict[str, Played], folders: dict[str, Path]
) -> None:
    scene, path = played["old_file"], folders["old_file"] / "token.json"
    before = keep(folders["old_file"] / "as-it-was.json", KEPT, days=80.5)

    assert scene.run.status == 0
    (warning,) = [line for line in scene.run.warnings if "refresh token" in line]
    assert SETTING in warning
    assert "80 days old" in warning
    assert "9 are left" in warning
    assert "consent again" in warning
    assert kept(path) == KEPT
    moments = [json.loads(p.read_text())["obtained_at"][:13] for p in (path, before)]
    assert moments[0] <= moments[1]


def test_a_new_consent_replaces_a_kept_token_that_is_refused(
    played: dict[str, Played], folders: dict[str, Path]
) -> None:
    scene = played["consented_anew"]

    assert scene.run.status == 0
    assert sent(scene) == [KEPT, FIRST]
    assert kept(folders["consented_anew"] / "token.json") == f"{FIRST}-2"
    assert any("AADSTS700082" in line for line in scene.run.warnings)


def test_if_both_tokens_are_refused_the_file_stays_and_the_remedy_is_named(
    played: dict[str, Played], folders: dict[str, Path]
) -> None:
    scene = played["both_refused"]

    assert scene.run.status == 1
    assert sent(scene) == [KEPT, FIRST]
    assert kept(folders["both_refused"] / "token.json") == KEPT
    (error, *_) = scene.run.errors
    assert "AADSTS50173" in error
    assert "consent again" in error
    assert "`partner_center.auth.refresh_token`" in error


def test_a_token_that_cannot_be_kept_does_not_end_the_run(
    played: dict[str, Played], folders: dict[str, Path]
) -> None:
    run = played["cannot_be_kept"].run

    assert run.status == 0
    assert len(run.records("orders")) == 1
    assert any(SETTING in line for line in run.warnings)
    assert not (folders["cannot_be_kept"] / "token.json").exists()


def test_the_application_may_prove_itself_by_a_certificate(
    played: dict[str, Played], folders: dict[str, Path]
) -> None:
    assert played["with_certificate"].run.status == 0
    assert kept(folders["with_certificate"] / "token.json") == KEPT


@pytest.mark.parametrize("name", ["two_proofs", "no_proof"])
def test_there_has_to_be_one_proof_of_the_application(
    name: str, played: dict[str, Played]
) -> None:
    (error,) = played[name].run.errors

    assert "`partner_center.auth.client_secret`" in error
    assert "`partner_center.auth.certificate_path`" in error
    assert played[name].asked == []
