"""Whether the tests notice a mutant: in a process of its own, forked from this one."""

from __future__ import annotations

import importlib.abc
import importlib.util
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

# Loaded once, for all the processes that are forked: nothing of ours is among them.
import hypothesis
import jsonschema
import msgspec
import pytest
import singer_sdk  # noqa: F401
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from .mutants import Mutant

Outcome = Literal["killed", "timeout", "survived"]

_OPTIONS = (
    *("-x", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "pytest_timeout"),
    *("-p", "_hypothesis_pytestplugin", "--hypothesis-seed=0"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
_LOADED = (hypothesis, jsonschema, msgspec)


def outcome_of(
    mutant: Mutant | None, tests: Sequence[str], most_seconds: int
) -> tuple[Outcome, float]:
    """Return what the tests make of a mutant, and how many seconds that took.

    Args:
        mutant: The mutant; none: the module as it is.
        tests: Paths of the tests.
        most_seconds: After so long it is taken to run for ever.
    """
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _run(mutant, tests, most_seconds)
    _, status = os.waitpid(child, 0)
    seconds = time.monotonic() - began
    if os.WIFSIGNALED(status):
        is_late = os.WTERMSIG(status) == signal.SIGALRM
        return ("timeout" if is_late else "killed"), seconds
    return ("killed" if os.WEXITSTATUS(status) else "survived"), seconds


def _run(mutant: Mutant | None, tests: Sequence[str], most_seconds: int) -> None:
    """Run the tests and end the process: with status 0 if they pass."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(most_seconds)
    status = 1
    try:
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
            if mutant is not None:
                sys.meta_path.insert(0, _Finder(mutant))
            os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
            status = int(pytest.main([*_OPTIONS, *tests]))
    finally:
        os._exit(status)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a mutant where its module is looked for."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    @override
    def find_spec(
        self, fullname: str, path: object, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._mutant.module:
            return None
        file = f"{fullname.replace('.', '/')}.py"
        return importlib.util.spec_from_file_location(fullname, file, loader=self)

    @override
    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._mutant.source, module.__name__, "exec"), vars(module))
