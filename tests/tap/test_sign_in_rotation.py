"""Refresh tokens that rotate: over the wire, in one process and in several."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tap_purchase_orders.auth.refresh_token import METHOD
from tap_purchase_orders.errors import SignInError
from tests.tap.tokens import (
    TOKEN_PATH,
    RefreshTokens,
    by_user,
    certificate,
    form_of,
    keep,
    kept,
    serve_tokens,
    signed,
    signed_anew,
    token_reply,
    trusting,
)
from tests.tap.upstream import Asked, Reply, Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST = "planted-refresh-token-4be71c"
KEPT = "planted-kept-token-d20a95"
SECONDS = 120
ROTATIONS = 25
# Signs requests, each with a new token: `auth` section, how many.
WORKER = """
import json, sys
from requests import Request
from tap_purchase_orders.auth.refresh_token import METHOD
auth = METHOD(json.loads(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    auth.renew(auth(Request("GET", "https://api.example/").prepare()))
"""


def good(**more: str) -> Reply:
    return token_reply("access", **more)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "token.json"


@pytest.fixture
def upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    for name, value in trusting(tmp_path).items():
        monkeypatch.setenv(name, value)
    with Upstream(certificate()) as server:
        yield server


def test_each_renewal_redeems_the_successor_of_the_last(
    upstream: Upstream, path: Path
) -> None:
    tokens = RefreshTokens(FIRST)
    serve_tokens(upstream, tokens)
    auth = METHOD(by_user(upstream, FIRST, refresh_token_path=str(path)))

    assert [signed(auth), signed_anew(auth), signed_anew(auth)] == [
        "access-1",
        "access-2",
        "access-3",
    ]
    assert tokens.sent == [FIRST, f"{FIRST}-1", f"{FIRST}-2"]
    assert kept(path) == tokens.newest == f"{FIRST}-3"


def test_without_a_file_the_successor_is_used_for_this_run(
    upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = RefreshTokens(FIRST)
    serve_tokens(upstream, tokens)
    auth = METHOD(by_user(upstream, FIRST))

    assert [signed(auth), signed_anew(auth)] == ["access-1", "access-2"]
    assert tokens.sent == [FIRST, f"{FIRST}-1"]
    assert len([r for r in caplog.records if r.levelname == "WARNING"]) == 1


def test_a_token_that_could_not_be_kept_is_used_and_kept_when_that_works_again(
    upstream: Upstream, path: Path
) -> None:
    tokens = RefreshTokens(FIRST)
    serve_tokens(upstream, tokens)
    auth = METHOD(by_user(upstream, FIRST, refresh_token_path=str(path)))
    obstacle = path.with_name("token.json.new")
    obstacle.mkdir()

    assert [signed(auth), signed_anew(auth)] == ["access-1", "access-2"]
    assert not path.exists()
    obstacle.rmdir()
    assert signed_anew(auth) == "access-3"
    assert kept(path) == tokens.newest


def test_an_unkept_token_is_kept_later_though_no_newer_one_comes(
    upstream: Upstream, path: Path
) -> None:
    serve_tokens(upstream, good(refresh_token=KEPT), good())
    auth = METHOD(by_user(upstream, FIRST, refresh_token_path=str(path)))
    obstacle = path.with_name("token.json.new")
    obstacle.mkdir()
    signed(auth)
    obstacle.rmdir()
    signed_anew(auth)

    assert kept(path) == KEPT


def test_a_file_that_was_deleted_meanwhile_is_made_anew(
    upstream: Upstream, path: Path
) -> None:
    tokens = RefreshTokens(KEPT)
    serve_tokens(upstream, tokens)
    section = by_user(upstream, FIRST, refresh_token_path=str(keep(path, KEPT)))
    auth = METHOD(section)
    signed(auth)
    path.unlink()

    assert signed_anew(auth) == "access-2"
    assert kept(path) == tokens.newest


def test_what_another_run_has_kept_meanwhile_goes_before_an_unkept_token(
    upstream: Upstream, path: Path
) -> None:
    serve_tokens(upstream, good(refresh_token=f"{FIRST}-2"))
    auth = METHOD(by_user(upstream, FIRST, refresh_token_path=str(path)))
    obstacle = path.with_name("token.json.new")
    obstacle.mkdir()
    signed(auth)
    keep(path, KEPT)
    obstacle.rmdir()
    signed_anew(auth)

    last = upstream.asked_for(TOKEN_PATH)[-1]
    assert form_of(last)["refresh_token"] == KEPT


def test_an_answer_that_got_lost_is_asked_for_again_with_the_same_token(
    upstream: Upstream, path: Path
) -> None:
    serve_tokens(upstream, Reply(dropped=True), good(refresh_token=KEPT))
    auth = METHOD(by_user(upstream, FIRST, refresh_token_path=str(path)))
    signed(auth)

    sent = [form_of(a)["refresh_token"] for a in upstream.asked_for(TOKEN_PATH)]
    assert sent == [FIRST, FIRST]
    assert kept(path) == KEPT


def test_a_file_that_was_spoilt_meanwhile_ends_the_sign_in_and_stays(
    upstream: Upstream, path: Path
) -> None:
    serve_tokens(upstream, RefreshTokens(FIRST))
    auth = METHOD(by_user(upstream, FIRST, refresh_token_path=str(path)))
    signed(auth)
    path.write_text("{")

    with pytest.raises(SignInError, match="refresh_token_path"):
        signed_anew(auth)
    assert path.read_text() == "{"


def test_every_token_is_hidden_before_it_is_used(
    upstream: Upstream, path: Path
) -> None:
    told: list[str] = []

    def reply(asked: Asked) -> Reply:
        assert form_of(asked)["refresh_token"] in told
        return good(refresh_token=f"{KEPT}-2")

    serve_tokens(upstream, reply)
    section = by_user(upstream, FIRST, refresh_token_path=str(keep(path, KEPT)))
    auth: Any = METHOD(section)
    auth.hide_secrets(told.append)
    signed(auth)

    assert told == [KEPT, f"{KEPT}-2"]


# Several processes


def worker(upstream: Upstream, path: Path, rotations: int) -> subprocess.Popen[str]:
    section = by_user(upstream, FIRST, refresh_token_path=str(path))
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, json.dumps(section), str(rotations)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_two_processes_share_a_file_over_fifty_rotations(
    upstream: Upstream, path: Path
) -> None:
    tokens = RefreshTokens(FIRST)
    serve_tokens(upstream, tokens)
    workers = [worker(upstream, path, ROTATIONS) for _ in range(2)]
    said = [process.communicate(timeout=SECONDS)[0] for process in workers]

    assert [process.returncode for process in workers] == [0, 0], said
    # Each token was sent once: nobody was refused.
    assert len(tokens.sent) == len(set(tokens.sent)) == 2 * ROTATIONS
    assert kept(path) == tokens.newest


def test_a_process_killed_between_redeeming_and_keeping_leaves_a_readable_file(
    upstream: Upstream, path: Path
) -> None:
    victims: list[int] = []

    def kill_who_asks(_asked: Asked) -> Reply:
        os.kill(victims[0], signal.SIGKILL)
        return good(refresh_token=f"{KEPT}-lost")

    serve_tokens(upstream, kill_who_asks, good(refresh_token=f"{KEPT}-2"))
    keep(path, KEPT)
    with worker(upstream, path, 1) as process:
        victims.append(process.pid)
        process.communicate(timeout=SECONDS)
    assert process.returncode == -signal.SIGKILL
    assert kept(path) == KEPT

    signed(METHOD(by_user(upstream, FIRST, refresh_token_path=str(path))))
    sent = [form_of(a)["refresh_token"] for a in upstream.asked_for(TOKEN_PATH)]
    assert sent == [KEPT, KEPT]
    assert kept(path) == f"{KEPT}-2"
