"""Imports modules when they are first used."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from operator import attrgetter, itemgetter
from types import ModuleType
from typing import TYPE_CHECKING, Any

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


@contextmanager
def deferred(names: Iterable[str]) -> Iterator[None]:
    """Let modules be imported without their own code, as long as the context lasts.

    It is for packages whose parts are imported one by one, and for modules that are
    imported as a whole. Afterwards the code of a module runs as soon as somebody asks
    for a name that is not there yet.
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
            module.__class__ = _PutOff


class _PutOff(ModuleType):
    @override
    def __getattr__(self, name: str) -> Any:
        # It is a module like any other from now on: its own code may ask for names.
        self.__class__ = ModuleType  # type: ignore[assignment]  # its only base
        if self.__spec__ is not None and self.__spec__.loader is not None:
            self.__spec__.loader.exec_module(self)
        return getattr(self, name)


@contextmanager
def left_out(names: Iterable[str]) -> Iterator[None]:
    """Let names be taken from modules without them, as long as the context lasts.

    Afterwards a module is imported as soon as one of these names is used: called, or
    asked for what it has. They cannot be base classes, nor what errors are caught by:
    whatever tries that fails at once.
    """
    stand_ins = {name: _LeftOut(name) for name in names if name not in sys.modules}
    sys.modules |= stand_ins
    try:
        yield
    finally:
        for name in stand_ins:
            del sys.modules[name]


class _LeftOut(ModuleType):
    @override
    def __getattr__(self, name: str) -> _Later:
        # The import system asks for some of these.
        if name.startswith("__"):
            raise AttributeError(name)
        return _Later(self.__name__, attrgetter(name))


class _Later:
    """Something of a module that was left out, by how it is come by."""

    def __init__(self, module: str, value_in: Callable[[ModuleType], Any]) -> None:
        self._module = module
        self._value_in = value_in

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._then(attrgetter(name))

    def __getitem__(self, key: object) -> Any:
        return self._then(itemgetter(key))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._then(lambda value: value(*args, **kwargs))

    def _then(self, step: Callable[[Any], Any]) -> Any:
        if isinstance(sys.modules.get(self._module), _LeftOut):
            return _Later(self._module, lambda module: step(self._value_in(module)))
        return step(self._value_in(import_module(self._module)))
