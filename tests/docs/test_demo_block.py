"""What `make check` notices of README's block about the demo."""

from __future__ import annotations

import pytest

from tests.docs.demo_block import difference

README = """
```text
Sandbox     60 customers
Warehouse   PostgreSQL 18.6, port ...
...
Checked: 1,755 records
```
"""
PRINTED = """Sandbox     60 customers
Warehouse   PostgreSQL 18.6, port 53367
Run 1

Checked: 1,755 records
"""


def test_what_is_left_out_may_be_anything() -> None:
    assert difference(README, PRINTED) is None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("60 customers", "61 customers", "Sandbox     60 customers"),
        ("18.6", "18.7", "Warehouse   PostgreSQL 18.6, port ..."),
        ("1,755", "1,756", "Checked: 1,755 records"),
        ("records\n", "records\nReport\n", "nothing more: Report"),
    ],
)
def test_a_figure_that_drifts_is_noticed(old: str, new: str, told: str) -> None:
    assert difference(README, PRINTED.replace(old, new)) == told


def test_a_readme_without_the_block_is_noticed() -> None:
    with pytest.raises(ValueError, match="not enough values"):
        difference("```text\nSandbox ready\n", PRINTED)
