"""Imports modules when they are first used."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@contextmanager
def deferred(names: Iterable[str]) -> Iterator[None]:
    """Import modules without running their code while the context lasts.

    It is for packages whose parts are imported one by one, and for modules that are
    imported as a whole. Later, the code of a module runs when a name that it does not
    have yet is looked up.
    """
    modules: list[ModuleType] = []
    try:
        for name in names:
            spec = find_spec(name)
            if spec is not None and name not in sys.modules:
                module = sys.modules[name] = module_from_spec(spec)
                modules.append(module)
                package, _, last = name.rpartition(".")
                if package:
                    setattr(sys.modules[package], last, module)
        yield
    finally:
        for module in modules:
            module.__class__ = _Deferred


class _Deferred(ModuleType):
    @override
    def __getattr__(self, name: str) -> Any:
        # A plain module from now on: its own code may look up names.
        self.__class__ = ModuleType  # type: ignore[assignment]  # its only base
        if self.__spec__ is not None and self.__spec__.loader is not None:
            self.__spec__.loader.exec_module(self)
        return getattr(self, name)
