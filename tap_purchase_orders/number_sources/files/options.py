"""The options of the settings for reading numbers from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping


class FileOptions(Struct, frozen=True):
    """The settings of the source `file` that say how a file is to be read.

    Attributes:
        column: The name of the column of the numbers.
        sheet: The name of the sheet of a workbook.
        delimiter: What stands between the values of CSV.
        encoding: The encoding of a text.
        verbatim: Texts are asked for as they stand, whatever they look like.
    """

    column: str | None = None
    sheet: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    verbatim: bool = False


def file_options(section: Mapping[str, Any]) -> FileOptions:
    """Return the options of a section."""
    names = FileOptions.__struct_fields__
    return FileOptions(**{name: section[name] for name in names if name in section})
