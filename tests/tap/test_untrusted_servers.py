"""A server that does not prove who it is gets no credentials, and the line says why."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import threading
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING

import pytest
import trustme
from typing_extensions import override

from tests.tap.hostile_server import HostileServer
from tests.tap.measured_tap import run_measured
from tests.tap.tap import run_tap
from tests.tap.tokens import (
    app_only,
    application,
    authority,
    by_certificate,
    by_user,
    certificate,
    pem_file,
    trusting,
)
from tests.tap.upstream import Upstream
from tests.tap.worlds import (
    appzen,
    partner_center,
    purchase_order,
    serve_purchase_orders,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

DAY = dt.timedelta(days=1)
ONE_TRY = {"auth.authority:_TRIES": 1}


def expired() -> trustme.LeafCert:
    now = dt.datetime.now(dt.UTC)
    return authority().issue_cert(
        "127.0.0.1", not_before=now - 9 * DAY, not_after=now - DAY
    )


def of_another_host() -> trustme.LeafCert:
    return authority().issue_cert("api.example.test", "127.0.0.2")


def of_another_authority() -> trustme.LeafCert:
    return trustme.CA().issue_cert("127.0.0.1")


UNTRUSTED = {
    expired: "the server's certificate has expired",
    of_another_host: "the server's certificate is that of another host",
    of_another_authority: "for a private CA set REQUESTS_CA_BUNDLE",
}


@pytest.mark.parametrize("arguments", [(), ("--test",)], ids=["run", "check"])
@pytest.mark.parametrize("make", UNTRUSTED, ids=lambda make: make.__name__)
def test_an_untrusted_server_ends_the_requests_at_once(
    make: Any, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    with HostileServer(make()) as server:
        url: Any = server
        config = {"partner_center": partner_center(url, max_tries=6)}
        config["appzen"] = appzen(url, ["A", "B"], max_tries=6)
        run, _ = run_measured(config, *arguments, environment=trusting(tmp_path))

    errors = [line for line in run.errors if UNTRUSTED[make] in line]
    assert run.status == 1
    assert len(errors) == 2
    assert [("partner_center" in x, "appzen" in x) for x in errors] == [
        (True, False),
        (False, True),
    ]
    assert server.heard == []


@pytest.mark.parametrize("make", UNTRUSTED, ids=lambda make: make.__name__)
def test_an_untrusted_authority_gets_no_secret(make: Any, tmp_path: Path) -> None:
    with HostileServer(make()) as server:
        url: Any = server
        section = partner_center(url, auth=app_only(url))
        run, _ = run_measured(
            {"partner_center": section},
            bounds=ONE_TRY,
            environment=trusting(tmp_path),
        )

    assert run.status == 1
    errors = [line for line in run.errors if UNTRUSTED[make] in line]
    assert len(errors) == 1
    assert "`partner_center.auth.authority`" in errors[0]
    assert server.heard == []


class _Greeter(StreamRequestHandler):
    """Says something before it is asked, as servers of other protocols do."""

    @override
    def handle(self) -> None:
        self.wfile.write(b"220 mail.example ready\r\n")


def test_a_server_without_tls_is_a_plain_error(
    upstream_of_mail: str, tmp_path: Path
) -> None:
    with HostileServer() as server:
        url: Any = server
        config = {"appzen": appzen(url, ["A"], api_url=upstream_of_mail)}
        run, _ = run_measured(config, "--test", environment=trusting(tmp_path))

    assert run.status == 1
    (line,) = run.errors
    assert "no secure connection (TLS) could be made" in line
    assert "`appzen.api_url`" in line


@pytest.fixture
def upstream_of_mail() -> Iterator[str]:
    with ThreadingTCPServer(("127.0.0.1", 0), _Greeter) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"https://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_an_authority_is_trusted_by_either_variable(
    variable: str, tmp_path: Path
) -> None:
    (bundle,) = trusting(tmp_path).values()
    with Upstream(certificate()) as upstream:
        serve_purchase_orders(upstream, {"A": purchase_order("A")})
        config = {"appzen": appzen(upstream, ["A"])}
        run = run_tap(config, environment={variable: bundle})

    assert run.status == 0


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes the folder")
def test_authorities_may_be_a_folder(tmp_path: Path) -> None:
    trusting(tmp_path)
    subprocess.run(["openssl", "rehash", str(tmp_path)], check=True)
    with Upstream(certificate()) as upstream:
        serve_purchase_orders(upstream, {"A": purchase_order("A")})
        config = {"appzen": appzen(upstream, ["A"])}
        run = run_tap(config, environment={"REQUESTS_CA_BUNDLE": str(tmp_path)})

    assert run.status == 0


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_an_unreadable_ca_bundle_is_an_error_that_names_variable_and_path(
    variable: str, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("no certificate")
    with HostileServer(certificate()) as server:
        url: Any = server
        config = {"appzen": appzen(url, ["A"], max_tries=6)}
        run, _ = run_measured(config, "--test", environment={variable: str(bundle)})

    assert run.status == 1
    (line,) = run.errors
    assert f"the certificates in {variable} cannot be read ({bundle})" in line
    assert server.heard == []


@pytest.mark.parametrize("arguments", [(), ("--test",)], ids=["run", "check"])
@pytest.mark.parametrize("asked", ["api", "authority"])
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_that_are_not_there_are_said_before_anything_is_asked(
    variable: str, asked: str, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    bundle = tmp_path / "missing.pem"
    with HostileServer(certificate()) as server:
        url: Any = server
        config: dict[str, Any] = {"appzen": appzen(url, ["A"], max_tries=6)}
        if asked == "authority":
            section = partner_center(url, auth=app_only(url), max_tries=6)
            config = {"partner_center": section}
        run, _ = run_measured(config, *arguments, environment={variable: str(bundle)})

    assert run.status == 1
    line, *rest = run.errors
    assert line.endswith(f"{variable} names {bundle}, which is not there")
    # A run ends with a line for each upstream that was not read.
    assert len(rest) == (0 if arguments else 1)
    assert server.heard == []


SIGN_INS: dict[str, Callable[[Any, Path], dict[str, Any]]] = {
    "bearer_token": lambda *_: {"method": "bearer_token", "token": "a-token"},
    "client_secret": lambda server, _: app_only(server),
    "certificate": lambda server, folder: by_certificate(
        server, pem_file(application(), folder)
    ),
    "refresh_token": lambda server, _: by_user(server, "a-refresh-token"),
    "azure_identity": lambda *_: {"method": "azure_identity"},
}


def check_says_the_bundle_is_missing(method: str, folder: Path, **section: Any) -> None:
    """Test the connection without the bundle that the environment names."""
    bundle = folder / "missing.pem"
    with HostileServer(certificate()) as server:
        url: Any = server
        auth = SIGN_INS[method](url, folder)
        run, _ = run_measured(
            {"partner_center": partner_center(url, auth=auth, **section)},
            "--test",
            environment={"REQUESTS_CA_BUNDLE": str(bundle)},
        )

    assert run.status == 1
    (line,) = run.errors
    assert line.endswith(f"REQUESTS_CA_BUNDLE names {bundle}, which is not there")
    assert server.heard == []


@pytest.mark.parametrize("method", SIGN_INS)
def test_certificates_that_are_not_there_are_said_whatever_signs_in(
    method: str, tmp_path: Path
) -> None:
    check_says_the_bundle_is_missing(method, tmp_path)


@pytest.mark.parametrize("method", ["client_secret", "certificate", "refresh_token"])
def test_an_authority_needs_the_certificates_that_the_api_does_not(
    method: str, tmp_path: Path
) -> None:
    check_says_the_bundle_is_missing(method, tmp_path, api_url="http://127.0.0.1:1")


def test_verification_cannot_be_switched_off_by_an_empty_variable() -> None:
    with HostileServer(certificate()) as server:
        url: Any = server
        run, _ = run_measured(
            {"appzen": appzen(url, ["A"])},
            environment={"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": ""},
        )

    assert run.status == 1
    assert server.heard == []
