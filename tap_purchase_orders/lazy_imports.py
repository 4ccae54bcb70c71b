"""Imports modules when they are first used."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.machinery import ModuleSpec


@contextmanager
def deferred(
    names: Iterable[str], called: Mapping[str, Iterable[str]] | None = None
) -> Iterator[None]:
    """Import modules without running their code while the context lasts.

    It is for packages whose parts are imported one by one, and for modules that are
    imported as a whole. Later, the code of a module runs when a name that it does not
    have yet is looked up.

    Args:
        names: The modules.
        called: More of them, with the names that others import from them and only
            call; the call runs their code.
    """
    called = called or {}
    modules: list[ModuleType] = []
    try:
        for name in (*names, *called):
            spec = _spec(name)
            if spec is not None and name not in sys.modules:
                module = sys.modules[name] = module_from_spec(spec)
                modules.append(module)
                package, _, last = name.rpartition(".")
                if package:
                    setattr(sys.modules[package], last, module)
                for attribute in called.get(name, ()):
                    setattr(module, attribute, _called_later(module, attribute))
        yield
    except BaseException:
        # What was put in the place of functions may be of no use.
        for name in called:
            sys.modules.pop(name, None)
        raise
    finally:
        for module in modules:
            module.__class__ = _Deferred


def _spec(name: str) -> ModuleSpec | None:
    try:
        return find_spec(name)
    # Of a part of a package that is not there.
    except ModuleNotFoundError:
        return None


def _called_later(module: ModuleType, name: str) -> Any:
    def call(*values: Any, **options: Any) -> Any:
        # Its own code may leave the name to a function that finds it.
        if vars(module).get(name) is call:
            delattr(module, name)
        return getattr(module, name)(*values, **options)

    return call


class _Deferred(ModuleType):
    @override
    def __getattr__(self, name: str) -> Any:
        # A plain module from now on: its own code may look up names.
        self.__class__ = ModuleType  # type: ignore[assignment]  # its only base
        if self.__spec__ is not None and self.__spec__.loader is not None:
            self.__spec__.loader.exec_module(self)
        return getattr(self, name)
