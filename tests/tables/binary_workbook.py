"""A workbook in the binary format of Excel (``.xlsb``), written record by record."""

import struct
import zipfile
from datetime import date
from pathlib import Path

RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}'
    "</Relationships>"
)
SHEET, END_SHEETS, END_BOOK = 0x9C, 0x90, 0x84
BEGIN, SIZE, BEGIN_ROWS, ROW, END_ROWS, END = 0x81, 0x94, 0x91, 0x00, 0x92, 0x82
BOOLEAN, NUMBER, TEXT = 0x04, 0x05, 0x06
FORMATS, FORMAT = 0x269, 0x2F
GENERAL, DAY = 0, 14  # number formats that every workbook has
FIRST = date(1899, 12, 30)


def record(kind, content=b""):
    """A record: its kind and length in groups of seven bits, then its content."""
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    length, size = b"", len(content)
    while size >= 0x80:
        length, size = length + bytes([size & 0x7F | 0x80]), size >> 7
    return head + length + bytes([size]) + content


def wide(text):
    """A text with its length in characters."""
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def cell(column, value):
    """The record of a value; none of an empty cell."""
    if value is None:
        return b""
    place = struct.pack("<II", column, int(isinstance(value, date)))
    if isinstance(value, bool):
        return record(BOOLEAN, place + bytes([value]))
    if isinstance(value, date):
        value = (value - FIRST).days
    if isinstance(value, str):
        return record(TEXT, place + wide(value))
    return record(NUMBER, place + struct.pack("<d", value))


def sheet(rows):
    """The records of one sheet."""
    size = struct.pack("<IIII", 0, len(rows) - 1, 0, len(rows[0]) - 1)
    cells = b"".join(
        record(ROW, struct.pack("<I", k) + bytes(13))
        + b"".join(cell(j, value) for j, value in enumerate(row))
        for k, row in enumerate(rows)
    )
    parts = [record(BEGIN), record(SIZE, size), record(BEGIN_ROWS), cells, record(END_ROWS)]
    return b"".join([*parts, record(END)])


def write_binary_workbook(path: Path, sheets):
    """Write a workbook of rows by the names of their sheets.

    Values are texts, numbers, truth values, dates and None.
    """
    listed, related = b"", ""
    with zipfile.ZipFile(path, "w") as package:
        for k, (name, rows) in enumerate(sheets.items(), start=1):
            listed += record(SHEET, struct.pack("<II", 0, k) + wide(f"rId{k}") + wide(name))
            kind, target = f"{RELATION}/worksheet", f"worksheets/sheet{k}.bin"
            related += f'<Relationship Id="rId{k}" Type="{kind}" Target="{target}"/>'
            package.writestr(f"xl/{target}", sheet(rows))
        package.writestr("xl/workbook.bin", listed + record(END_SHEETS) + record(END_BOOK))
        package.writestr("xl/_rels/workbook.bin.rels", RELATIONS.format(related))
        formats = b"".join(
            record(FORMAT, struct.pack("<HH", 0, kind) + bytes(12)) for kind in (GENERAL, DAY)
        )
        package.writestr("xl/styles.bin", record(FORMATS, struct.pack("<I", 2)) + formats)
    return path
