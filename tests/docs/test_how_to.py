"""The queries of the how-to pages, over what two runs and a loader leave."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.loaded_world import SCHEMA, LoadedWorld, loaded_world

PAGES = Path(__file__).parents[2] / "docs" / "how-to"
QUERIES = [
    pytest.param(query, id=f"{page.stem}-{number}")
    for page in sorted(PAGES.glob("*.md"))
    for number, query in enumerate(
        re.findall(
            r"^```sql\n(.*?)^```$",
            page.read_text(encoding="utf-8"),
            re.DOTALL | re.MULTILINE,
        )
    )
]
GONE_LINES = next(
    str(query.values[0]) for query in QUERIES if query.id == "gone-lines-0"
)
# Behind the loaded tables, for one that is there with a setting only.
BESIDE = "how_to"


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest) -> LoadedWorld:
    world = loaded_world(request.config)
    world.postgres.make_schema(BESIDE)
    world.postgres.execute(
        "CREATE TABLE extraction_runs (started_at timestamp)", BESIDE
    )
    return world


def rows(world: LoadedWorld, query: str) -> list[dict[str, Any]]:
    return world.postgres.rows(query, SCHEMA, BESIDE)


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_can_be_asked(world: LoadedWorld, query: str) -> None:
    world.postgres.execute(query, SCHEMA, BESIDE)


def test_the_line_that_is_gone_is_found_and_no_other(world: LoadedWorld) -> None:
    gone = {
        (row["purchase_order_number"], row["line_key"])
        for row in rows(world, GONE_LINES)
    }

    assert (world.shortened, "4") in gone
    assert {number for number, _ in gone} == {world.shortened}
