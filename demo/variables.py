"""Settings as the variables from which Meltano reads them.

`python -m demo.variables config.json > .env` writes those of a configuration file of
the tap as lines that Meltano and a shell read alike.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TAP = "TAP_PURCHASE_ORDERS"
LOADER = "TARGET_POSTGRES"

# The one list that the tap takes as comma-separated text, too.
_NUMBERS = f"{TAP}_APPZEN_PURCHASE_ORDER_NUMBERS_NUMBERS"


def variables(prefix: str, settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the names and values of the variables for settings in sections.

    Raises:
        ValueError: A purchase order number has a comma; the message names it.
    """
    for name, value in settings.items():
        variable = f"{prefix}_{name.upper()}"
        if isinstance(value, dict):
            yield from variables(variable, value)
        elif variable == _NUMBERS and isinstance(value, list):
            yield variable, _separated(value)
        else:
            yield variable, value if isinstance(value, str) else json.dumps(value)


def line(name: str, value: str) -> str:
    """Return a variable as a line of a file such as `.env`.

    Raises:
        ValueError: Meltano and a shell would read the value differently.
    """
    if any(sign in value for sign in "'\\\n"):
        message = f"{name} has a quotation mark, a backslash or the end of a line"
        raise ValueError(message)
    return f"{name}='{value}'"


def main() -> int:
    """Write the variables; return the exit status: 1 if there is none for a value."""
    parser = argparse.ArgumentParser(prog="python -m demo.variables")
    parser.add_argument("config", type=Path, help="a configuration file of the tap")
    settings = json.loads(parser.parse_args().config.read_text(encoding="utf-8"))
    try:
        for name, value in variables(TAP, settings):
            print(line(name, value))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _separated(numbers: list[str]) -> str:
    for number in numbers:
        if "," in number:
            message = f"a comma in the purchase order number {number!r}"
            raise ValueError(message)
    return ",".join(numbers)


if __name__ == "__main__":
    sys.exit(main())
