"""The source `command`: purchase order numbers from the lines of a command."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.errors import SourceError
from tap_purchase_orders.number_sources.source import SECTION, NumberSource
from tap_purchase_orders_commands.running import (
    SETTINGS,
    CommandError,
    mistakes,
    run,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def numbers(section: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that the command prints, once it has come to a good end."""
    # In a file: there may be more of them than memory can hold.
    with tempfile.TemporaryFile("w+", encoding="utf-8-sig") as lines:
        try:
            run(section, stdout=lines)
            lines.seek(0)
            yield from map(str.strip, lines)
        except (CommandError, UnicodeDecodeError) as error:
            msg = f"AppZen: `{SECTION}.command` {error}"
            raise SourceError(msg) from None


SOURCE = NumberSource(
    numbers=lambda section, _: numbers(section),
    settings=SETTINGS,
    required=("command",),
    mistakes=lambda section: [
        f"`{SECTION}.{key}` {problem}" for key, problem in mistakes(section)
    ],
)
