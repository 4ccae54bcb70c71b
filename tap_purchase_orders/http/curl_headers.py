"""Parses response headers as libcurl delivers them, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_purchase_orders.http.api_response import ApiResponse

if TYPE_CHECKING:
    from collections.abc import Sequence


class Fields(Mapping[str, str]):
    """Header fields, looked up in lower or upper case alike.

    Of most responses one or two are looked up, so they are not all read for that.

    Args:
        lines: The lines behind the first of a head.
    """

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._text = b"\n%b\n" % b"".join(lines)
        self._lower = self._text.lower()

    @cached_property
    def _values(self) -> dict[str, str]:
        values: dict[str, str] = {}
        for line in self._text.decode("latin-1").split("\n"):
            name, colon, value = line.partition(":")
            if colon:
                name, value = name.lower(), value.strip()
                known = values.get(name)
                values[name] = value if known is None else f"{known}, {value}"
        return values

    @override
    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    @override
    def get(self, name: str, default: Any = None) -> Any:
        key = b"\n%b:" % name.lower().encode()
        start = self._lower.find(key)
        if start < 0:
            return default
        if self._lower.find(key, start + 1) >= 0:
            return self[name]
        end = self._text.index(b"\n", start + 1)
        return self._text[start + len(key) : end].decode("latin-1").strip()

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    @override
    def __len__(self) -> int:
        return len(self._values)


def read_head(lines: Sequence[bytes]) -> ApiResponse:
    """Return the head of a response; what is no field in it is left out.

    Args:
        lines: Its lines, the first and the empty last one too.
    """
    first, *others = lines
    _, _, rest = first.decode("latin-1").strip().partition(" ")
    status, _, reason = rest.partition(" ")
    return ApiResponse(int(status) if status.isdecimal() else 0, reason, Fields(others))
