"""Whatever bytes a token authority sends, the tap says what is wrong, and ends soon."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.hostile_server import HostileServer, of
from tests.tap.measured_tap import run_measured
from tests.tap.test_hostile_upstream import ANSWERS, MIB, OK, plain, trickling
from tests.tap.tokens import (
    DISCOVERY_PATH,
    TENANT,
    TOKEN_PATH,
    app_only,
    authority,
    certificate,
    token_reply,
    trusting,
)
from tests.tap.upstream import json_reply
from tests.tap.worlds import SECRETS, collection, partner_center

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tap.hostile_server import Bytes
    from tests.tap.tap import Run

BOUNDS = {"auth.authority:_TRIES": 1, "http.response_limits:ANSWER_SECONDS": 4.0}
# The interpreter with all that signing in imports; an authority may say 1 MiB.
MOST_MEMORY = 200 * MIB
AT_ONCE = (
    "endless",
    "endless-chunks",
    "endless-redirect",
    "a-length-too-large",
    "gzip-bomb",
    "brotli",
    "large-head",
    "continue-for-ever",
    "no-http",
    "nothing",
    "deep-arrays",
    "long-integer",
)
SLOWLY = ("silence", "slow-head", "slow-body", "slow-interim", "slow-packed")
# Good JSON, and no good tokens.
TOKENS: dict[str, Bytes] = {
    name: plain(body)
    for name, body in {
        "number": b'{"access_token": 5, "expires_in": 3600}',
        "object": b'{"access_token": {}, "expires_in": 3600}',
        "line-end": b'{"access_token": "a\\r\\nHost: b", "expires_in": 3600}',
        "no-ascii": b'{"access_token": "\\u20ac", "expires_in": 3600}',
        "surrogate": b'{"access_token": "\\ud800", "expires_in": 3600}',
        "lifetime": b'{"access_token": "a", "expires_in": {}}',
        "codes": b'{"error": "x", "error_codes": 5}',
        "codes-within": b'{"error": "x", "error_codes": [[], {}, null, "7"]}',
        "error": b'{"error": {"a": []}, "error_description": [5]}',
        "claims": b'{"access_token": "a", "id_token": "b.c.d", "expires_in": 1}',
        "long-number": b'{"access_token": "a", "expires_in": 1e999999999}',
        "not-a-number": b'{"access_token": "a", "expires_in": "nan"}',
    }.items()
}


def signed_in(path: str, name: str, folder: Path) -> tuple[Run, int]:
    """Return how a run went in which an authority answers strangely."""
    folder.mkdir(parents=True)
    with HostileServer(certificate()) as server:
        document = {
            "issuer": f"{server.url}/{TENANT}/v2.0",
            "authorization_endpoint": f"{server.url}/{TENANT}/oauth2/v2.0/authorize",
            "token_endpoint": f"{server.url}{TOKEN_PATH}",
        }
        answers = {key: answer for key, (_, answer) in ANSWERS.items()}
        server.answer("/v1/customers", json_reply(collection([])))
        server.answer(DISCOVERY_PATH, json_reply(document))
        server.answer(TOKEN_PATH, token_reply(SECRETS["access_token"]))
        server.answer(path, {**answers, **trickling(server), **TOKENS}[name])
        url: Any = server
        return run_measured(
            {"partner_center": partner_center(url, auth=app_only(url))},
            bounds=BOUNDS,
            environment=trusting(folder),
        )


STRANGE = (*AT_ONCE, *SLOWLY)
CASES = [(path, name) for path in (DISCOVERY_PATH, TOKEN_PATH) for name in STRANGE]
Runs = dict[tuple[str, str], Future[tuple["Run", int]]]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    # Made before there are threads, so that there is one for all of them.
    authority()
    folder = tmp_path_factory.mktemp("runs")
    with ThreadPoolExecutor(4) as pool:
        return {
            (path, name): pool.submit(
                signed_in, path, name, folder / path.replace("/", "-") / name
            )
            for path, name in [*CASES, *((TOKEN_PATH, name) for name in TOKENS)]
        }


@pytest.mark.parametrize("path", [DISCOVERY_PATH, TOKEN_PATH], ids=["first", "token"])
@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_authority_ends_the_run_in_one_line_and_in_bounded_memory(
    name: str, path: str, runs: Runs
) -> None:
    run, memory = runs[path, name].result()
    lines = [line for line in run.errors if "`partner_center.auth." in line]

    assert run.status == 1
    assert len(lines) == 1
    assert len(lines[0]) < 500
    assert run.records("customers") == []
    assert memory < MOST_MEMORY


@pytest.mark.parametrize("name", TOKENS)
def test_a_malformed_token_is_one_line_of_error(name: str, runs: Runs) -> None:
    run, _ = runs[TOKEN_PATH, name].result()

    assert run.status == 1
    assert len([line for line in run.errors if "`partner_center.auth" in line]) == 1


def test_bytes_that_are_sent_before_a_good_answer_are_no_matter() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    with HostileServer() as server:
        server.answer("/v1/customers", of(interim, OK, b"\r\n", b'{"items": []}'))
        url: Any = server
        run, _ = run_measured({"partner_center": partner_center(url)})

    assert run.status == 0
