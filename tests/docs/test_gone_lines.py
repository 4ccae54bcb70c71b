"""The query for lines that are gone, over what two runs and a loader leave."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.pipeline.loaded_world import SCHEMA, loaded_world

if TYPE_CHECKING:
    import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "gone-lines.md"
GONE_LINES, _ = re.findall(
    r"^```sql\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
)


def test_the_line_that_is_gone_is_found_and_no_other(
    request: pytest.FixtureRequest,
) -> None:
    world = loaded_world(request.config)

    rows = world.postgres.rows(GONE_LINES, SCHEMA)

    gone = {(row["purchase_order_number"], row["line_key"]) for row in rows}
    assert (world.shortened, "4") in gone
    assert {number for number, _ in gone} == {world.shortened}
