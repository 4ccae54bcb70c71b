"""Reading the blocks of the tutorial, and comparing what comes out."""

from __future__ import annotations

import pytest

from tests.docs.tutorial_page import Step, first_difference, steps

PAGE = """\
Text.

```shell
echo one
```

```text
one
```

```shell
echo two
```

```json
{}
```
"""


def test_the_output_of_a_step_is_the_block_of_text_behind_it() -> None:
    assert list(steps(PAGE)) == [
        Step("echo one\n", "one\n", 4),
        Step("echo two\n", None, 12),
    ]


@pytest.mark.parametrize(
    ("shown", "output"),
    [
        ("a\nb", "a\nb\n"),
        ("a\n...\nd", "a\nb\nc\nd"),
        ("a\n...", "a\nb"),
        ("...\nb", "a\nb"),
        ("port ... is free", "port 8443 is free"),
        ("a", "a   "),
        ("...", ""),
    ],
)
def test_what_is_shown_is_found(shown: str, output: str) -> None:
    assert first_difference(shown, output) is None


@pytest.mark.parametrize(
    ("shown", "output", "difference"),
    [
        ("a\nc", "a\nb\nc", "c"),
        ("b\na", "a\nb", "b"),
        ("...\nc", "a\nb", "c"),
        ("a", "a\nb", "nothing more: b"),
        ("a.c", "abc", "a.c"),
    ],
)
def test_what_is_not_there_is_named(shown: str, output: str, difference: str) -> None:
    assert first_difference(shown, output) == difference
