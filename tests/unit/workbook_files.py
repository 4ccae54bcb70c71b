"""Workbooks of the formats that no library writes, or only an old one."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

import xlwt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Sheets = Mapping[str, Sequence[Sequence[Any]]]

_HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def as_xls(sheets: Sheets, hidden: Sequence[str] = ()) -> bytes:
    """Return a workbook as Excel 97 to 2003 has it."""
    book = xlwt.Workbook()
    for name, rows in sheets.items():
        sheet = book.add_sheet(name)
        sheet.visibility = int(name in hidden)
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                sheet.write(at, column, value)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def as_ods(sheets: Sheets, hidden: Sequence[str] = ()) -> bytes:
    """Return a workbook as LibreOffice has it."""
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    names = "urn:oasis:names:tc:opendocument:xmlns"
    spaces = " ".join(
        f'xmlns:{name}="{names}:{name}:1.0"'
        for name in ("office", "style", "table", "text")
    )
    styles = "".join(
        f'<style:style style:name="ta{shown}" style:family="table">'
        f'<style:table-properties table:display="{shown}"/></style:style>'
        for shown in ("true", "false")
    )
    tables = "".join(
        f"<table:table table:name={quoteattr(name)} "
        f'table:style-name="ta{str(name not in hidden).lower()}">'
        f"{''.join(map(_ods_row, rows))}</table:table>"
        for name, rows in sheets.items()
    )
    manifest = (
        f'{_HEADER}<manifest:manifest xmlns:manifest="{names}:manifest:1.0" '
        f'manifest:version="1.3"><manifest:file-entry manifest:full-path="/" '
        f'manifest:media-type="{kind}"/><manifest:file-entry '
        f'manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        f"</manifest:manifest>"
    )
    content = (
        f'{_HEADER}<office:document-content {spaces} office:version="1.3">'
        f"<office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet>"
        f"</office:body></office:document-content>"
    )
    parts = {"META-INF/manifest.xml": manifest, "content.xml": content}
    # Stored, and the first: programs look for it in the first bytes.
    return _zip({"mimetype": kind, **parts})


def _ods_row(row: Sequence[Any]) -> str:
    return f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>"


def _ods_cell(value: Any) -> str:
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, str):
        kind = 'office:value-type="string"'
    else:
        kind = f'office:value-type="float" office:value="{value}"'
    text = f"<text:p>{escape(str(value))}</text:p>"
    return f"<table:table-cell {kind}>{text}</table:table-cell>"


def as_xlsb(sheets: Sheets, hidden: Sequence[str] = ()) -> bytes:
    """Return a workbook in Excel's binary format ([MS-XLSB]).

    Texts are shared, and numbers are short where they can be, as Excel has them.
    """
    shared: dict[str, int] = {}
    parts = {
        f"xl/worksheets/sheet{at}.bin": _xlsb_sheet(rows, shared)
        for at, rows in enumerate(sheets.values(), 1)
    }
    kind = "application/vnd.ms-excel"
    related = [("worksheet", f"worksheets/sheet{at + 1}") for at in range(len(sheets))]
    related.append(("sharedStrings", "sharedStrings"))
    kinds = {"xl/workbook": "sheet.binary.macroEnabled.main"}
    kinds |= {f"xl/{path}": name for name, path in related}
    types = "".join(
        f'<Override PartName="/{path}.bin" ContentType="{kind}.{name}"/>'
        for path, name in kinds.items()
    )
    parts["[Content_Types].xml"] = (
        f'{_HEADER}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f"{types}</Types>"
    ).encode()
    parts["_rels/.rels"] = _relationships([("officeDocument", "xl/workbook")])
    parts["xl/_rels/workbook.bin.rels"] = _relationships(related)
    parts["xl/workbook.bin"] = _xlsb_book(sheets, hidden)
    texts = (_record(19, b"\0" + _wide(text)) for text in shared)
    counts = struct.pack("<II", len(shared), len(shared))
    parts["xl/sharedStrings.bin"] = b"".join(
        [_record(159, counts), *texts, _record(160)]
    )
    return _zip(parts)


def _relationships(related: Iterable[tuple[str, str]]) -> bytes:
    items = "".join(
        f'<Relationship Id="rId{at}" Type="{_OFFICE}/{kind}" Target="{path}.bin"/>'
        for at, (kind, path) in enumerate(related, 1)
    )
    start = f'<Relationships xmlns="{_PACKAGE}/relationships">'
    return f"{_HEADER}{start}{items}</Relationships>".encode()


def _xlsb_book(sheets: Sheets, hidden: Sequence[str]) -> bytes:
    bundle = (
        _record(
            156,
            struct.pack("<II", int(name in hidden), at)
            + _wide(f"rId{at}")
            + _wide(name),
        )
        for at, name in enumerate(sheets, 1)
    )
    return b"".join([_record(131), _record(143), *bundle, _record(144), _record(132)])


def _xlsb_sheet(rows: Sequence[Sequence[Any]], shared: dict[str, int]) -> bytes:
    last = (max(0, len(rows) - 1), max(map(len, rows), default=1) - 1)
    records = [_record(129), _record(148, struct.pack("<IIII", 0, last[0], 0, last[1]))]
    records.append(_record(145))
    for at, row in enumerate(rows):
        records.append(_record(0, struct.pack("<IIH3xI", at, 0, 300, 0)))
        records += [
            _xlsb_cell(column, value, shared)
            for column, value in enumerate(row)
            if value is not None
        ]
    return b"".join([*records, _record(146), _record(130)])


def _xlsb_cell(column: int, value: Any, shared: dict[str, int]) -> bytes:
    place = struct.pack("<II", column, 0)
    if isinstance(value, str):
        return _record(
            7, place + struct.pack("<I", shared.setdefault(value, len(shared)))
        )
    if isinstance(value, int) and -(2**29) <= value < 2**29:
        return _record(2, place + struct.pack("<i", value << 2 | 2))
    return _record(5, place + struct.pack("<d", value))


def _record(number: int, content: bytes = b"") -> bytes:
    """Return a record: number and length in sevens of bits, and its content."""
    return _sevens(number) + _sevens(len(content)) + content


def _sevens(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _wide(text: str) -> bytes:
    encoded = text.encode("utf-16-le")
    return struct.pack("<I", len(encoded) // 2) + encoded


def _zip(parts: Mapping[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            stored = zipfile.ZIP_STORED if name == "mimetype" else None
            archive.writestr(name, content, stored)
    return file.getvalue()


WORKBOOKS: dict[str, Callable[[Sheets, Sequence[str]], bytes]] = {
    ".ods": as_ods,
    ".xls": as_xls,
    ".xlsb": as_xlsb,
}
