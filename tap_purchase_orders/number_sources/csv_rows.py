"""The values of one column of CSV, many at a time."""

from __future__ import annotations

import csv
from functools import partial
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from tap_purchase_orders.number_sources.error_messages import source_error
from tap_purchase_orders.number_sources.text_lines import LONGEST_LINE, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_purchase_orders.errors import SourceError

_ROWS_PER_PAGE = 250

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
            if '"' in block or len(block) > LONGEST_LINE:
                # A quoted value may go on in the next block.
                rest = chain((block,), blocks)
                yield from self._parsed(chain.from_iterable(map(lines_of, rest)), line)
                return
            text = block if block.endswith("\n") else f"{block}\n"
            count = text.count("\n") if block else 0
            values = self._split(text, count) if count else []
            if values is None:
                yield from self._parsed(lines_of(block), line)
            else:
                yield values, (line + 1).__add__
            line += count

    def _split(self, text: str, count: int) -> list[str] | None:
        """Return the values in lines without quotes, in a fraction of the time.

        Args:
            text: The lines.
            count: How many there are.

        Returns:
            None where a line is empty, or has more or fewer values.
        """
        if text.startswith("\n") or "\n\n" in text:
            return None
        if self.width == 1:
            return None if self.delimiter in text else text[:-1].split("\n")
        # The end of each line becomes a value of its own.
        step = self.width + 1
        end = f"{self.delimiter}\n{self.delimiter}"
        values = text.replace("\n", end).split(self.delimiter)[:-1]
        if len(values) != count * step or values[self.width :: step] != ["\n"] * count:
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
