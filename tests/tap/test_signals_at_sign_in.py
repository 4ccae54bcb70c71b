"""A signal is heard while credentials are waited for, on whatever thread that is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from tests.tap.tap import COMMAND
from tests.tap.tokens import (
    TENANT,
    TOKEN_PATH,
    app_only,
    by_user,
    certificate,
    serve_tokens,
    token_reply,
    trusting,
)
from tests.tap.upstream import Asked, Reply, Upstream
from tests.tap.worlds import (
    order,
    partner_center,
    partner_center_error,
    serve_customers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

# What the contract promises is 10; a loaded machine has its own pace.
HEARD_WITHIN_SECONDS = 15
BUSY = Reply(b"", 503, {"Retry-After": "60"})


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(certificate()) as server:
        serve_customers(server, {"c1": [order("o1", "c1")]})
        yield server


def ended(
    config: Any,
    folder: Path,
    is_waiting: Callable[[subprocess.Popen[bytes]], object],
    more: Mapping[str, str] | None = None,
) -> tuple[int, list[dict[str, Any]], str]:
    """Return status, messages and log of a run that is told to end while it waits."""
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **(more or {})}
    with subprocess.Popen(
        [COMMAND, "--config", str(path)],
        env=environment | trusting(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert is_waiting(process)
            process.send_signal(signal.SIGTERM)
            output, log = process.communicate(timeout=HEARD_WITHIN_SECONDS)
        finally:
            process.kill()
    lines = [json.loads(line) for line in output.splitlines()]
    return process.returncode, lines, log.decode()


def after(answer: Reply, event: threading.Event) -> Callable[[Asked], Reply]:
    """Return an answer that says when it is given."""

    def reply(_: Asked) -> Reply:
        event.set()
        return answer

    return reply


def test_a_signal_ends_a_wait_for_a_busy_authority(
    upstream: Upstream, tmp_path: Path
) -> None:
    asked = threading.Event()
    serve_tokens(upstream, after(BUSY, asked))
    config = {"partner_center": partner_center(upstream, auth=app_only(upstream))}

    status, _, log = ended(config, tmp_path, lambda _: asked.wait(60))

    assert status == 128 + signal.SIGTERM
    assert "Traceback" not in log
    assert len(upstream.asked_for(TOKEN_PATH)) == 1


def test_a_signal_ends_the_renewal_of_a_token(
    upstream: Upstream, tmp_path: Path
) -> None:
    asked = threading.Event()
    serve_tokens(upstream, token_reply("first-token"), after(BUSY, asked))
    upstream.answer("/v1/customers/c1/orders", partner_center_error(401, 400))
    config = {"partner_center": partner_center(upstream, auth=app_only(upstream))}

    status, messages, log = ended(config, tmp_path, lambda _: asked.wait(60))

    assert status == 128 + signal.SIGTERM
    assert "Traceback" not in log
    assert [m["stream"] for m in messages if m["type"] == "RECORD"] == ["customers"]


def test_a_signal_ends_a_wait_for_the_refresh_token_lock(
    upstream: Upstream, tmp_path: Path
) -> None:
    path = tmp_path / "token.json"
    section = by_user(upstream, "a-refresh-token", refresh_token_path=str(path))
    config = {"partner_center": partner_center(upstream, auth=section)}

    def is_waiting(process: subprocess.Popen[bytes]) -> bool:
        assert process.stderr is not None
        return any(b"waiting for another run" in line for line in process.stderr)

    with FileLock(f"{path}.lock"):
        status, messages, _ = ended(config, tmp_path, is_waiting)

    assert status == 128 + signal.SIGTERM
    assert not [message for message in messages if message["type"] == "RECORD"]


def test_a_signal_ends_a_wait_for_azure(upstream: Upstream, tmp_path: Path) -> None:
    asked = threading.Event()
    serve_tokens(upstream, after(BUSY, asked))
    section = {"method": "azure_identity"}
    config = {"partner_center": partner_center(upstream, auth=section)}
    variables = {
        "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
        "AZURE_AUTHORITY_HOST": upstream.url,
        "AZURE_TENANT_ID": TENANT,
        "AZURE_CLIENT_ID": "client-9",
        "AZURE_CLIENT_SECRET": "a-secret-of-azure",
    }

    status, _, log = ended(config, tmp_path, lambda _: asked.wait(60), variables)

    assert status == 128 + signal.SIGTERM
    assert "Traceback" not in log
