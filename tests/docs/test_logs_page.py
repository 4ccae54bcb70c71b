"""What docs/how-to/logs.md says of the log, tried."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tap.tap import run_tap
from tests.tap.upstream import Upstream
from tests.tap.worlds import appzen, purchase_order, serve_purchase_orders

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2].joinpath("docs/how-to/logs.md").read_text("utf-8")
(CONFIGURATION,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        serve_purchase_orders(server, {"A": purchase_order("A")})
        yield server


@pytest.mark.parametrize(
    ("variables", "levels"),
    [
        ({}, {"INFO"}),
        ({"LOGLEVEL": "ERROR"}, set()),
        ({"LOGLEVEL": "ERROR", "TAP_PURCHASE_ORDERS_LOGLEVEL": "INFO"}, {"INFO"}),
    ],
    ids=["unset", "general", "own"],
)
def test_the_variables_set_the_level(
    upstream: Upstream, variables: dict[str, str], levels: set[str]
) -> None:
    run = run_tap({"appzen": appzen(upstream, ["A"])}, environment=variables)

    assert run.status == 0
    names = ("DEBUG", "INFO", "WARNING", "ERROR")
    assert {name for name in names if run.logged(name)} == levels


def test_each_line_is_one_json_object_with_the_members_that_the_page_names(
    upstream: Upstream, tmp_path: Path
) -> None:
    path = tmp_path / "logging.yaml"
    path.write_text(CONFIGURATION, encoding="utf-8")

    run = run_tap(
        {"appzen": appzen(upstream, ["A", "not there"])},
        environment={"SINGER_SDK_LOG_CONFIG": str(path)},
    )

    # What comes before the file is read is in the usual form.
    lines = [json.loads(line) for line in run.log.splitlines() if line[0] == "{"]
    assert len(lines) >= len(run.log.splitlines()) - 1
    named = re.search(r"one JSON object with (.*?), among others", PAGE, re.DOTALL)
    assert named is not None
    members = set(re.findall(r"`(\w+)`", named[1]))
    assert members == {"level", "logger_name", "ts", "message"}
    assert all(members <= line.keys() for line in lines)
    assert "purchase_orders: 1 records" in [line["message"] for line in lines]
    assert any(line.get("metric_info") for line in lines)
