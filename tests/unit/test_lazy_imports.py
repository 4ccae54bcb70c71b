"""Imports that wait until something needs them."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from tap_purchase_orders.lazy_imports import deferred, left_out

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = {
    "large/__init__.py": """
from large.part import Part
from large import other
LATE = 1
""",
    "large/part.py": "class Part: pass",
    "large/other.py": "OTHER = 2",
    "user.py": """
from unused import Maker, table
import unused.inner as inner
made = Maker(3)
row = table["row"]
deep = inner.deep.value
def late():
    return Maker(4).number
""",
    "unused/__init__.py": """
from unused import inner
class Maker:
    def __init__(self, number): self.number = number
table = {"row": 5}
""",
    "unused/inner.py": "class deep: value = [6]",
    "heir.py": "from unused import Maker\nclass Heir(Maker): pass",
}
MODULES = [path.split(".")[0].replace("/", ".") for path in FILES]


@pytest.fixture(autouse=True)
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, code in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in MODULES:
        sys.modules.pop(name.removesuffix(".__init__"), None)


def user() -> Any:
    """Return the module that takes names of a package which is left out."""
    with left_out(["unused", "unused.inner"]):
        return import_module("user")


def test_a_part_is_imported_without_the_code_of_its_package() -> None:
    with deferred(["large"]):
        part = import_module("large.part")

    assert part.Part
    assert "large.other" not in sys.modules


def test_a_package_that_was_put_off_is_whole_for_who_asks_for_what_it_defines() -> None:
    with deferred(["large"]):
        part = import_module("large.part")

    large = import_module("large")

    assert large.LATE == 1
    assert large.Part is large.part.Part is part.Part
    assert large.other.OTHER == 2


def test_who_asks_for_what_a_package_does_not_define_is_told_so() -> None:
    with deferred(["large"]):
        import_module("large.part")

    with pytest.raises(AttributeError, match="nothing_such"):
        _ = import_module("large").nothing_such


def test_a_package_that_was_put_off_is_usable_after_an_error() -> None:
    with pytest.raises(ModuleNotFoundError), deferred(["large"]):
        import_module("large.nothing_such")

    assert import_module("large").LATE == 1


def test_a_module_that_is_there_is_neither_put_off_nor_left_out() -> None:
    large, unused = import_module("large"), import_module("unused")

    with deferred(["large"]), left_out(["unused"]):
        assert sys.modules["large"] is large
        assert sys.modules["unused"] is unused

    assert sys.modules["unused"] is unused


def test_a_module_that_is_left_out_is_not_imported() -> None:
    assert user()
    assert sys.modules.keys().isdisjoint({"unused", "unused.inner"})


def test_a_name_of_a_module_that_was_left_out_is_what_it_would_have_been() -> None:
    names = user()

    assert names.late() == 4
    assert names.Maker(7).number == 7
    assert names.table["row"] == 5
    assert names.inner.deep.value == [6]


def test_what_was_made_of_such_a_name_is_made_when_it_is_used() -> None:
    names = user()

    assert names.made.number == 3
    assert names.row.bit_length() == 3
    assert names.deep[0] == 6


def test_who_cannot_do_with_less_than_the_module_is_told_at_once() -> None:
    with pytest.raises(TypeError), left_out(["unused"]):
        import_module("heir")

    assert import_module("heir").Heir(8).number == 8
