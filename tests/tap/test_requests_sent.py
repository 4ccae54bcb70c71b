"""Proxies, other people's credentials, cookies, and readers that go away."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.tap.tap import COMMAND, run_tap
from tests.tap.upstream import Upstream, json_reply
from tests.tap.worlds import (
    SECRETS,
    collection,
    customer,
    order,
    partner_center,
    serve_customers,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BEARER = f"Bearer {SECRETS['token']}"


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as started:
        serve_customers(started, {"c1": [order("o1", "c1")]})
        yield started


def test_https_goes_through_the_proxy_of_the_usual_variable(
    upstream: Upstream,
) -> None:
    section = partner_center(upstream, api_url="https://api.example.test")

    run = run_tap(
        {"partner_center": section}, environment={"HTTPS_PROXY": upstream.url}
    )

    assert run.status == 1
    assert [asked.method for asked in upstream.asked] == ["CONNECT"]
    assert [asked.path for asked in upstream.asked] == ["api.example.test:443"]
    assert upstream.asked[0].headers.get("authorization") is None
    assert "proxy" in run.issues()[0]["message"]


def test_plain_http_never_leaves_this_machine(upstream: Upstream) -> None:
    with Upstream() as proxy:
        variables = {"HTTP_PROXY": proxy.url, "http_proxy": proxy.url}
        section = partner_center(upstream)
        run = run_tap({"partner_center": section}, environment=variables)

        assert proxy.asked == []
    assert run.status == 0


def test_a_netrc_file_replaces_no_credentials(
    upstream: Upstream, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    netrc.chmod(0o600)

    section = partner_center(upstream)
    run = run_tap({"partner_center": section}, environment={"NETRC": str(netrc)})

    assert run.status == 0
    assert {asked.headers["authorization"] for asked in upstream.asked} == {BEARER}


def test_cookies_are_not_kept(upstream: Upstream) -> None:
    page = json_reply(collection([customer("c1")]), Set_Cookie="a=b")
    upstream.answer("/v1/customers", page)

    run = run_tap({"partner_center": partner_center(upstream)})

    assert run.status == 0
    assert len(upstream.asked) == 2
    assert [asked.headers.get("cookie") for asked in upstream.asked] == [None, None]


def test_a_closed_output_pipe_is_one_line_of_error(
    upstream: Upstream, tmp_path: Path
) -> None:
    keys = [f"c{number}" for number in range(60)]
    serve_customers(upstream, {key: [order("o", key)] for key in keys})
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"partner_center": partner_center(upstream)}))
    log = tmp_path / "log"

    with (
        log.open("wb") as said,
        subprocess.Popen(
            [COMMAND, "--config", config], stdout=subprocess.PIPE, stderr=said
        ) as process,
    ):
        assert process.stdout is not None
        process.stdout.close()
        status = process.wait(60)

    errors = [line for line in log.read_text().splitlines() if "ERROR" in line]
    assert status == 1
    assert len(errors) == 1
    assert "Traceback" not in log.read_text()
    assert "Exception ignored" not in log.read_text()
