"""What is drawn and recorded for the documents, held against what it shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"
SVG = "{http://www.w3.org/2000/svg}"

sys.path.insert(0, str(DOCS))
from generate_picture import PARENTS  # noqa: E402
from generate_session import commands_of, shape, shortened  # noqa: E402

from tap_purchase_orders.records.schemas import schema_of  # noqa: E402


def generate(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, DOCS / script, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=280,
    )


def test_the_picture_of_the_streams_is_what_the_schemas_say(tmp_path: Path) -> None:
    assert generate("generate_picture.py", "--check").returncode == 0

    drifted = tmp_path / "streams.svg"
    drawn = (DOCS / "pictures" / "streams.svg").read_text(encoding="utf-8")
    drifted.write_text(drawn.replace("lineItemNumber", "line"), encoding="utf-8")
    check = generate("generate_picture.py", "--check", drifted)
    assert check.returncode == 1
    assert "streams.svg is out of date" in check.stderr
    assert generate("generate_picture.py", drifted).returncode == 0
    assert drifted.read_text(encoding="utf-8") == drawn


def test_the_picture_shows_every_stream_once_and_nothing_outside_of_it() -> None:
    root = ET.parse(DOCS / "pictures" / "streams.svg").getroot()  # noqa: S314 - ours
    shown = [
        text.text for text in root.iter(f"{SVG}text") if text.get("class") == "stream"
    ]
    width, height = (float(root.attrib[name]) for name in ("width", "height"))

    schemas = {path.stem for path in (PROJECT / "schemas").glob("*.json")}
    assert sorted(map(str, shown)) == sorted(schemas)
    for box in root.iter(f"{SVG}rect"):
        x, y, w, h = (float(box.attrib[n]) for n in ("x", "y", "width", "height"))
        assert x >= 0
        assert y >= 0
        assert x + w <= width
        assert y + h <= height


@pytest.mark.parametrize("name", PARENTS)
def test_what_a_row_belongs_to_is_found_by_the_whole_key(name: str) -> None:
    parent, fields = PARENTS[name]
    child = schema_of(name)["properties"]
    keys = schema_of(parent)["required"]

    assert sorted(fields.values()) == sorted(keys)
    for field, key in fields.items():
        assert child[field]["type"] == schema_of(parent)["properties"][key]["type"]


def test_the_recorded_session_is_what_its_commands_print() -> None:
    check = generate("generate_session.py", "--check")

    assert check.returncode == 0, check.stderr


def test_a_record_of_another_shape_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    page.write_text(
        readme.replace("... AppZen works:", "... AppZen answers:"), encoding="utf-8"
    )

    check = generate("generate_session.py", "--check", page)

    assert check.returncode == 1
    assert "page.md is out of date" in check.stderr


def test_a_log_line_is_cut_to_what_it_says() -> None:
    printed = (
        "2026-01-02 03:04:05,678 | INFO     | singer_sdk.metrics | METRIC: {}\n"
        "2026-01-02 03:04:05,678 | INFO     | tap_purchase_orders.sync | orders: 1\n"
        "/home/x/sandbox\n"
    )

    assert list(shortened(printed, "/home/x")) == ["... orders: 1", ".../sandbox"]


def test_numbers_and_ids_have_no_shape() -> None:
    one = "orders: 12 of f4d7452d-7ae6-4089-823a-30b547bb5f3d"
    other = "orders: 3456 of 00000000-0000-0000-0000-000000000000"

    assert shape(one) == shape(other)


def test_a_command_over_two_lines_is_one() -> None:
    page = (
        "```shell\npip install x\npurchase-orders-sandbox -h\ntap \\\n  --test\n```\n"
        "<!-- recorded: first session -->\n<!-- end of record -->\n"
    )

    assert commands_of(page) == ["purchase-orders-sandbox -h\n", "tap \\\n  --test\n"]
