"""Scenes: an upstream set up in one way, and one run of the tap against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from tests.tap.tap import Run, run_tap
from tests.tap.upstream import Asked, Upstream

if TYPE_CHECKING:
    import trustme

Name = TypeVar("Name")

# Sets an upstream up and returns the keyword arguments of `run_tap`.
Scene = Callable[[Upstream], Mapping[str, Any]]

# More commands at once only get into each other's way.
_AT_ONCE = 3


@dataclass(frozen=True)
class Played:
    """What came of a scene.

    Attributes:
        asked: What the tap has asked for.
    """

    asked: list[Asked]
    _run: Future[Run]

    @property
    def run(self) -> Run:
        """The run; if it did what no run may do, this is where it is told."""
        return self._run.result()

    def paths(self) -> list[str]:
        """Return the paths that were asked for, in their order."""
        return [asked.path for asked in self.asked]

    def asked_for(self, path: str) -> list[Asked]:
        """Return the requests for one path."""
        return [asked for asked in self.asked if asked.path == path]


def play(*scenes: Scene) -> dict[Scene, Played]:
    """Return what came of scenes, each with an upstream of its own, side by side."""
    return play_named({scene: scene for scene in scenes})


def play_named(
    scenes: Mapping[Name, Scene], certificate: trustme.LeafCert | None = None
) -> dict[Name, Played]:
    """Return what came of scenes that have names.

    Args:
        scenes: The scenes by their names.
        certificate: With it the upstreams speak TLS.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        begun = {
            name: pool.submit(_play, scene, certificate)
            for name, scene in scenes.items()
        }
    return {name: future.result() for name, future in begun.items()}


def _play(scene: Scene, certificate: trustme.LeafCert | None) -> Played:
    run: Future[Run] = Future()
    with Upstream(certificate) as upstream:
        try:
            options = dict(scene(upstream))
            arguments = options.pop("arguments", ())
            run.set_result(run_tap(options.pop("config"), *arguments, **options))
        except AssertionError as error:
            run.set_exception(error)
        return Played(upstream.asked, run)
