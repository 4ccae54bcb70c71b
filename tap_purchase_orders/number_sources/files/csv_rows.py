"""The values of one column of CSV, many at a time."""

from __future__ import annotations

import csv
from functools import partial
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from tap_purchase_orders.number_sources.error_messages import source_error
from tap_purchase_orders.number_sources.files.text_lines import LONGEST_LINE, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_purchase_orders.errors import SourceError

_ROWS_PER_PAGE = 250
_QUOTE = '"'

# Values, and what returns the line of the value in a position.
Page: TypeAlias = "tuple[list[str], Callable[[int], int]]"


class CsvColumn(Struct, frozen=True):
    """One column of a CSV file.

    Attributes:
        file: What messages call the file.
        delimiter: What stands between the values of a row.
        width: How many values a row has.
        place: The position of the column.
    """

    file: str
    delimiter: str
    width: int
    place: int

    def pages(self, blocks: Iterator[str], line: int) -> Iterator[Page]:
        """Yield the values of the column.

        Args:
            blocks: Text that ends where lines end, from the first row on.
            line: The line before it.

        Raises:
            SourceError: It is no CSV, or a row has more or fewer values.
        """
        for block in blocks:
            text = block if block.endswith("\n") else f"{block}\n"
            count = text.count("\n") if block else 0
            quote = _QUOTE if _QUOTE in block else ""
            values = self._split(text, count, quote) if count else []
            if values is not None:
                yield values, (line + 1).__add__
            elif quote:
                # A quoted value may go on in the next block.
                rest = chain((block,), blocks)
                yield from self._parsed(chain.from_iterable(map(lines_of, rest)), line)
                return
            else:
                yield from self._parsed(lines_of(block), line)
            line += count

    def _split(self, text: str, count: int, quote: str) -> list[str] | None:
        """Return the values in lines, in a fraction of the time.

        Args:
            text: The lines.
            count: How many there are.
            quote: What is around each value.

        Returns:
            None where a line is empty or has more or fewer values, or only some values
            are quoted, or hold a quote or an end of a line.
        """
        if (
            "\n\n" in text
            or text.startswith("\n")
            or len(text) > LONGEST_LINE
            or text.count(_QUOTE) != 2 * len(quote) * self.width * count
            or not (text.startswith(quote) and text.endswith(f"{quote}\n"))
        ):
            return None
        # The end of each line but the last becomes a value of its own.
        step, end = self.width + 1, f"{quote}\n{quote}"
        delimiter = f"{quote}{self.delimiter}{quote}"
        values = (
            text[len(quote) : -len(quote) - 1]
            .replace(end, f"{delimiter}\n{delimiter}")
            .split(delimiter)
        )
        ends = values[self.width :: step]
        if len(values) != count * step - 1 or ends != ["\n"] * (count - 1):
            return None
        return values[self.place :: step]

    def _parsed(self, lines: Iterable[str], line: int) -> Iterator[Page]:
        """Yield the values of lines of any kind."""
        rows = csv.reader(lines, delimiter=self.delimiter, strict=True)
        take, widths, before = itemgetter(self.place), {self.width}, line
        try:
            while page := list(islice(rows, _ROWS_PER_PAGE)):
                filled = page
                if {*map(len, page)} != widths:
                    # A row without anything is no row.
                    filled = list(filter(None, page))
                    self._check_widths(filled, partial(_line_of, page, line))
                yield list(map(take, filled)), partial(_line_of, page, line)
                line = before + rows.line_num
        except csv.Error as error:
            raise no_csv(self.file, before + rows.line_num, error) from error

    def _check_widths(
        self, rows: list[list[str]], line_of: Callable[[int], int]
    ) -> None:
        for position, row in enumerate(rows):
            if len(row) != self.width:
                problem = (
                    f"{self.file}: line {line_of(position)} has {len(row)} values, and "
                    f"the header {self.width}; a value with the delimiter in it has to "
                    f"be quoted"
                )
                raise source_error(problem, "path")


def no_csv(file: str, line: int, error: csv.Error) -> SourceError:
    """Return the error for a line that cannot be read."""
    return source_error(f"{file} is no CSV: line {line}: {error}", "path")


def _line_of(page: list[list[str]], line: int, position: int) -> int:
    """Return the line in which a row ends.

    Args:
        page: Rows.
        line: The line before them.
        position: That of the row among those that have anything.
    """
    for row in page:
        # A quoted value may have several lines.
        line += 1 + sum(value.count("\n") for value in row)
        if row and (position := position - 1) < 0:
            break
    return line
