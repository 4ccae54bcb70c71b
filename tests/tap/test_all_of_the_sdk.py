"""The whole SDK is there for who needs more of it than the tap was started with.

Plug-ins, for one, run in the process of the tap.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.python_process import run_python
from tests.tap.tap import run_tap
from tests.tap.upstream import Upstream
from tests.tap.worlds import appzen, purchase_order, serve_purchase_orders

if TYPE_CHECKING:
    from pathlib import Path

# Starts the command, and does something else in the same process instead of leaving it.
STARTED = """
import sys
from pathlib import Path
from tap_purchase_orders import __main__ as command
command.run_and_exit = lambda run: run()
sys.argv = ["tap-purchase-orders", "--version"]
try:
    command.main()
except SystemExit:
    pass
"""
REST_API = """
import singer_sdk.streams.core, singer_sdk.tap_base
from singer_sdk import RESTStream, Stream, Tap
from singer_sdk.streams import RESTStream as the_same
class Things(RESTStream):
    name, path, url_base = "things", "/", "http://localhost"
assert RESTStream is the_same and issubclass(Things, singer_sdk.streams.core.Stream)
assert Stream is singer_sdk.streams.Stream is singer_sdk.streams.core.Stream
assert Tap is singer_sdk.tap_base.Tap
"""
TARGET = """
import singer_sdk
class Target(singer_sdk.Target):
    pass
"""
EVERYTHING = """
from singer_sdk import *
assert Sink and Tap and InlineMapper
"""
REFERENCES = """
from singer_sdk.singerlib import resolve_schema_references
assert resolve_schema_references({
    "properties": {"id": {"$ref": "#/$defs/id"}}, "$defs": {"id": {"type": "string"}}
})["properties"]["id"] == {"type": "string"}
"""
OTHER_TAP = """
from singer_sdk import Tap, typing as th
from singer_sdk.exceptions import ConfigValidationError
class Other(Tap):
    name = "tap-other"
    config_jsonschema = th.PropertiesList(
        th.Property("count", th.IntegerType, required=True),
        th.Property("page", th.IntegerType, default=7),
    ).to_dict()
    def discover_streams(self):
        return []
assert Other(config={"count": 5}).config["page"] == 7
try:
    Other(config={"count": "five"})
except ConfigValidationError as error:
    assert "'five' is not of type" in str(error.errors)
else:
    raise AssertionError("no mistake was found")
"""
VALIDATOR = """
from singer_sdk.typing import DEFAULT_JSONSCHEMA_VALIDATOR
assert not DEFAULT_JSONSCHEMA_VALIDATOR({"type": "string"}).is_valid(5)
"""
BATCHES = """
from singer_sdk.batch import Batcher
from singer_sdk.helpers._batch import BaseBatchFileEncoding, BatchConfig, StorageTarget
encoding = BaseBatchFileEncoding("jsonl", "gzip")
where = StorageTarget(Path.cwd().as_uri())
batches = Batcher("tap", "things", BatchConfig(encoding, where))
((file,),) = batches.get_batches(iter([{"id": 1}]))
assert Path(file.removeprefix("file://")).stat().st_size
"""
# The tap's command with an SDK that needs at once what is left out.
NEEDING_MORE = """
from tap_purchase_orders import __main__ as command
command._PUT_OFF += ("simpleeval",)
command.main()
"""


@pytest.mark.parametrize(
    ("code", "brings"),
    [
        (REST_API, "singer_sdk.streams.rest"),
        (TARGET, "singer_sdk.target_base"),
        (EVERYTHING, "singer_sdk.sinks"),
        (BATCHES, "asyncio.events"),
        (BATCHES, "fsspec._version"),
    ],
)
def test_what_was_not_imported_is_when_it_is_needed(
    code: str, brings: str, tmp_path: Path
) -> None:
    before = f'assert "{brings}" not in sys.modules\n'
    done = f'\nassert "{brings}" in sys.modules\nprint("done")\n'

    finished = run_python(STARTED + before + code + done, tmp_path)

    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.endswith("done\n")


@pytest.mark.parametrize("code", [REFERENCES, OTHER_TAP, VALIDATOR])
def test_what_takes_other_parts_of_the_sdk_works_as_ever(
    code: str, tmp_path: Path
) -> None:
    finished = run_python(STARTED + code + '\nprint("done")\n', tmp_path)

    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.endswith("done\n")


def test_an_sdk_that_needs_more_at_once_gets_it() -> None:
    with Upstream() as upstream:
        serve_purchase_orders(upstream, {"A": purchase_order("A")})

        finished = run_tap(
            {"appzen": appzen(upstream, ["A"])},
            command=(sys.executable, "-c", NEEDING_MORE),
        )

    assert finished.status == 0
    assert finished.counts()["purchase_orders"] == 1


def test_the_log_can_be_configured_as_the_sdk_offers_it(tmp_path: Path) -> None:
    configuration, log = tmp_path / "logging.yaml", tmp_path / "log.txt"
    configuration.write_text(
        """
version: 1
disable_existing_loggers: false
formatters:
  json: {(): singer_sdk.logging.StructuredFormatter}
handlers:
  file: {class: logging.FileHandler, formatter: json, filename: log.txt}
root: {level: INFO, handlers: [file]}
""".replace("log.txt", str(log))
    )
    with Upstream() as upstream:
        serve_purchase_orders(upstream, {"A": purchase_order("A")})

        finished = run_tap(
            {"appzen": appzen(upstream, ["A"])},
            environment={"SINGER_SDK_LOG_CONFIG": str(configuration)},
        )

    assert finished.status == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert "purchase_orders: 1 records" in [line["message"] for line in lines]
