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
    """Let modules be imported without their own code, as long as the context lasts.

    It is for packages whose parts are imported one by one, and for modules that are
    imported as a whole. Afterwards the code of a module runs as soon as somebody asks
    for a name that is not there yet.

    Args:
        names: The modules.
        called: More of them, with what others import from them by name and only call;
            that runs their code when it is called.
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
            module.__class__ = _PutOff


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


class _PutOff(ModuleType):
    @override
    def __getattr__(self, name: str) -> Any:
        # It is a module like any other from now on: its own code may ask for names.
        self.__class__ = ModuleType  # type: ignore[assignment]  # its only base
        if self.__spec__ is not None and self.__spec__.loader is not None:
            self.__spec__.loader.exec_module(self)
        return getattr(self, name)
