"""Heads of answers, as libcurl hands them over: line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Sequence


class Fields(Mapping[str, str]):
    """Header fields, looked up in lower or upper case alike.

    Args:
        values: Them by their names in lower case.
    """

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    @override
    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    @override
    def get(self, name: str, default: Any = None) -> Any:
        return self._values.get(name.lower(), default)

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    @override
    def __len__(self) -> int:
        return len(self._values)


class Head(Struct, frozen=True):
    """The head of an answer.

    Attributes:
        status: HTTP status.
        reason: The reason phrase, which HTTP/2 does not have.
        fields: The header fields.
    """

    status: int
    reason: str
    fields: Mapping[str, str]


def read_head(lines: Sequence[bytes]) -> Head:
    """Return a head; what is no field in it is left out.

    Args:
        lines: Its lines, the first and the empty last one too.
    """
    first, *others = b"".join(lines).decode("latin-1").split("\n")
    values: dict[str, str] = {}
    for line in others:
        name, colon, value = line.partition(":")
        if colon:
            name, value = name.lower(), value.strip()
            known = values.get(name)
            values[name] = value if known is None else f"{known}, {value}"
    _, _, rest = first.strip().partition(" ")
    status, _, reason = rest.partition(" ")
    return Head(int(status) if status.isdecimal() else 0, reason, Fields(values))
