"""Matches paths to handlers."""

from __future__ import annotations

from tap_purchase_orders.sandbox.messages import Asked


class Routes:
    """The paths of one service, written `v1/customers/{customer}/orders`.

    A name in braces stands for any one segment. The last path may end in `*`, which
    stands for whatever else there is below it: answered with 404, but counted.

    Args:
        api: The name of the service.
        paths: Resource and path; the first that fits decides.
    """

    def __init__(self, api: str, paths: tuple[tuple[str, str], ...]) -> None:
        self._api = api
        self._paths = tuple((name, tuple(path.split("/"))) for name, path in paths)

    def asked(self, segments: tuple[str, ...]) -> Asked | None:
        """Return what a path asks for, or None if it is not one of these."""
        for resource, path in self._paths:
            if path[-1] == "*" and segments[: len(path) - 1] == path[:-1]:
                rest = "/".join(segments[len(path) - 1 :])
                return Asked(self._api, resource, {"path": rest})
            names = _names(path, segments)
            if names is not None:
                return Asked(self._api, resource, names)
        return None


def _names(path: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    if len(path) != len(segments):
        return None
    names = {}
    for part, segment in zip(path, segments, strict=True):
        if part[0] == "{":
            names[part[1:-1]] = segment
        elif part != segment:
            return None
    return names
