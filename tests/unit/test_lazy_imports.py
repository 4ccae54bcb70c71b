"""Imports that wait until something needs them."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from tap_purchase_orders.lazy_imports import deferred

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


def test_a_part_is_imported_without_the_code_of_its_package() -> None:
    with deferred(["large"]):
        part = import_module("large.part")

    assert part.Part
    assert "large.other" not in sys.modules


def test_a_deferred_package_is_loaded_when_one_of_its_names_is_used() -> None:
    with deferred(["large"]):
        part = import_module("large.part")

    large = import_module("large")

    assert large.LATE == 1
    assert large.Part is large.part.Part is part.Part
    assert large.other.OTHER == 2


def test_an_unknown_name_of_a_deferred_package_is_an_attribute_error() -> None:
    with deferred(["large"]):
        import_module("large.part")

    with pytest.raises(AttributeError, match="nothing_such"):
        _ = import_module("large").nothing_such


def test_a_package_that_was_put_off_is_usable_after_an_error() -> None:
    with pytest.raises(ModuleNotFoundError), deferred(["large"]):
        import_module("large.nothing_such")

    assert import_module("large").LATE == 1


def test_a_module_that_is_there_is_not_put_off() -> None:
    large = import_module("large")

    with deferred(["large"]):
        assert sys.modules["large"] is large


def test_what_is_only_called_runs_the_code_of_its_package_when_it_is_called() -> None:
    with deferred([], {"large": ["LATE"], "large.part": ["Part"]}):
        part = import_module("large.part").Part
    assert "large.other" not in sys.modules

    made = part()

    assert isinstance(made, import_module("large.part").Part)
    assert import_module("large.part").Part is not part


def test_a_package_that_finds_its_names_by_itself_is_asked_for_them(
    tmp_path: Path,
) -> None:
    (tmp_path / "lazy.py").write_text("def __getattr__(name): return lambda: name")
    with deferred([], {"lazy": ["first", "second"]}):
        lazy = import_module("lazy")
        first, second = lazy.first, lazy.second

    assert (first(), second(), lazy.first()) == ("first", "second", "first")


def test_where_an_import_fails_nothing_stands_in_for_what_is_called() -> None:
    with pytest.raises(ZeroDivisionError), deferred([], {"large": ["LATE"]}):
        raise ZeroDivisionError

    assert import_module("large").LATE == 1


def test_a_part_of_what_is_not_there_is_passed_over() -> None:
    with deferred([], {"no_such.part": ["name"]}):
        pass

    assert "no_such.part" not in sys.modules
