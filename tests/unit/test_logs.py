from __future__ import annotations

import gc
import io
import json
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.logging import StructuredFormatter

from tap_purchase_orders.logs import (
    RedactingFilter,
    hide_in_log,
    uncaught_errors_in_log,
)
from tap_purchase_orders.redaction import Secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "hunter2-hunter2"
LIBRARIES = [
    "urllib3.connectionpool",
    "requests",
    "msal.application",
    "azure.core.pipeline.policies.http_logging_policy",
    "azure.identity",
    "py.warnings",
    "tap_purchase_orders.http.api_client",
]


class Log:
    """A root handler of its own.

    Attributes:
        secrets: What is hidden in it.
    """

    def __init__(self) -> None:
        self.secrets = Secrets([SECRET])
        self._stream = io.StringIO()
        self.handler = logging.StreamHandler(self._stream)
        self.handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))

    @property
    def text(self) -> str:
        return self._stream.getvalue()


@pytest.fixture
def log() -> Iterator[Log]:
    made = Log()
    logging.root.addHandler(made.handler)
    level = logging.root.level
    logging.root.setLevel(logging.DEBUG)
    # A sign-in in this process has silenced some of them: here they may speak.
    libraries = [logging.getLogger(name.partition(".")[0]) for name in LIBRARIES]
    levels = [library.level for library in libraries]
    for library in libraries:
        library.setLevel(logging.NOTSET)
    hide_in_log(made.secrets)
    yield made
    logging.root.removeHandler(made.handler)
    logging.root.setLevel(level)
    for library, own in zip(libraries, levels, strict=True):
        library.setLevel(own)


def failure() -> Any:
    """Return what `sys.exc_info` says of an error that names the secret."""
    try:
        try:
            int(f"no {SECRET} here")
        except ValueError as error:
            msg = f"again {SECRET}"
            raise RuntimeError(msg) from error
    except RuntimeError:
        return sys.exc_info()


@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO, logging.CRITICAL])
def test_no_library_logs_a_secret_at_any_level(name: str, level: int, log: Log) -> None:
    logger = logging.getLogger(name)
    logger.log(level, "sent %s and %d", f"Bearer {SECRET}", 5)
    logger.log(level, "sent %(secret)s", {"secret": SECRET})
    logger.log(level, SECRET)
    logger.log(level, "failed", exc_info=failure())
    logger.log(level, "more", extra={"body": SECRET, "parts": [SECRET]})
    logger.log(level, "does not fit %d", SECRET)
    logger.log(level, "stack", stack_info=True)

    assert "hunter2" not in log.text
    assert f"{name}: sent Bearer *** and 5" in log.text
    assert "does not fit" in log.text


def test_details_of_an_error_are_logged_at_debug_level_only(log: Log) -> None:
    logging.getLogger("lib").warning("failed", exc_info=failure())
    assert log.text == "lib: failed: RuntimeError: again ***\n"

    logging.getLogger("lib").debug("failed", exc_info=failure())
    assert "Traceback" in log.text
    assert "'no *** here'" in log.text


def test_a_record_is_one_line_that_a_terminal_can_show(log: Log) -> None:
    logging.getLogger("lib").info(
        "said %s", "a\n2026 | ERROR | forged\r\x1b[2Jb\x9b31m\u202e\u2028"
    )
    logging.getLogger("lib").info("x" * 100_000)

    first, second, *rest = log.text.split("\n")
    assert first == (r"lib: said a\n2026 | ERROR | forged\r\x1b[2Jb\x9b31m\u202e\u2028")
    assert len(second) < 10_000
    assert rest == [""]


def test_a_structured_log_shows_no_secret_either_and_keeps_its_parts(log: Log) -> None:
    log.handler.setFormatter(StructuredFormatter())
    logging.getLogger("lib").error("sent %s", SECRET, exc_info=failure())
    logging.getLogger("lib").info("%s of %d", "one", 2, extra={"point": {"a": 1}})

    first, second = map(json.loads, log.text.splitlines())
    assert "hunter2" not in json.dumps(first)
    assert first["message"].startswith("sent ***")
    assert second["message"] == "one of 2"
    assert second["extra"]["point"] == {"a": 1}


def test_a_record_without_secrets_stays_as_it_was_made(log: Log) -> None:
    record = logging.makeLogRecord({"msg": "METRIC: %s", "args": ({"a": 1},)})
    log.handler.handle(record)

    assert record.msg == "METRIC: %s"
    assert record.args == ({"a": 1},)


def test_every_handler_has_one_filter_however_many_taps_there_are(log: Log) -> None:
    others = [Secrets([f"another-{number}-secret"]) for number in range(20)]
    for secrets in others:
        hide_in_log(secrets)
    logging.getLogger("lib").info("%s another-0-secret another-19-secret", SECRET)

    kinds = [type(each) for each in log.handler.filters]
    assert kinds.count(RedactingFilter) == 1
    assert log.text == "lib: *** *** ***\n"


def test_what_a_tap_hid_is_forgotten_with_the_tap(log: Log) -> None:
    gone = Secrets(["another-secret"])
    hide_in_log(gone)
    del gone
    gc.collect()
    logging.getLogger("lib").info("%s another-secret", SECRET)

    assert log.text == "lib: *** another-secret\n"


def test_a_logger_with_a_handler_of_its_own_is_covered_too() -> None:
    own = Log()
    logger = logging.getLogger("with.its.own")
    logger.propagate = False
    logger.addHandler(own.handler)
    hide_in_log(own.secrets)
    logger.error(SECRET)
    logger.removeHandler(own.handler)

    assert own.text == "with.its.own: ***\n"


def test_what_a_thread_dies_of_is_one_line_of_the_log(
    log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    def die() -> None:
        msg = f"with {SECRET}"
        raise RuntimeError(msg)

    with uncaught_errors_in_log():
        logging.root.setLevel(logging.INFO)
        for target in (die, sys.exit):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()

    _, _, message = log.text.partition(": ")
    assert message == "unexpected RuntimeError in the background: with ***\n"
    assert capsys.readouterr().err == ""


def test_an_error_that_cannot_be_raised_is_one_line_of_the_log(
    log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    class Dying:
        def __del__(self) -> None:
            msg = f"with {SECRET}"
            raise RuntimeError(msg)

    with uncaught_errors_in_log():
        Dying()
        gc.collect()

    assert "unexpected RuntimeError in the background: with ***" in log.text
    assert "hunter2" not in log.text
    assert capsys.readouterr().err == ""


def test_the_hooks_are_put_back() -> None:
    before = threading.excepthook, sys.unraisablehook
    with uncaught_errors_in_log():
        assert threading.excepthook != before[0]

    assert (threading.excepthook, sys.unraisablehook) == before
