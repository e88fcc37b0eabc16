"""The size of a spreadsheet before it is read: a small file may stand for more than the memory.

The rows and columns of a sheet are made up to its farthest cell, so that a single one at
``XFD1048576`` stands for 17 billion; and what is packed may be a thousand times its size.
"""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from dbnchurn.core.errors import DataError

BLOCK, OVERLAP = 2**20, 256
LARGEST_UNPACKED, LARGEST_RATIO = 2**28, 100
"""Bytes that are never too many, and how many times the size of the file more may be."""
FEW_CELLS, SPARSE = 2**22, 50
"""Cells that are never too many, and how many there may be for each that is written."""
MOST_CELLS = 2**28
UNREADABLE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError)
"""What a damaged or encrypted part of an archive raises."""
SPACED = re.compile(rb"""\sr(?:\s{32}|\s*=\s{32})""")  # longer than the overlap of two blocks
PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,9})([0-9]{1,18})["']""")


def check_sheet_size(path: Path) -> None:
    """Refuse a spreadsheet that would take far more memory than its size says.

    Parameters
    ----------
    path : Path
        A spreadsheet; what is no archive passes, such as ``.xls``.

    Raises
    ------
    DataError
        If it holds a cell far beyond the others, or unpacks to a multiple of its size, or a part of
        it cannot be unpacked.
    """
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        return
    with archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
        size = path.stat().st_size
        if unpacked > max(LARGEST_UNPACKED, LARGEST_RATIO * size):
            raise DataError(
                f"{path}: its {size:,} bytes would be {unpacked:,} unpacked, which no table is; "
                "save the sheet as CSV"
            )
        for entry in archive.infolist():  # any of them may be named as a sheet
            try:
                with archive.open(entry) as part:
                    _check_cells(path, part)
            except UNREADABLE as error:
                raise DataError(
                    f"{path}: not a readable spreadsheet: {entry.filename}: {error}"
                ) from error


def _check_cells(path: Path, sheet: IO[bytes]) -> None:
    """Refuse a sheet whose farthest cell makes it far larger than what is written in it."""
    written, last_row, names = 0, 1, {b"A"}
    for block in _blocks(sheet):
        if SPACED.search(block):
            raise DataError(
                f"{path}: its XML is spaced as no spreadsheet program writes it; save it as CSV"
            )
        places = PLACE.findall(block)
        written += len(places)
        names.update(letters for letters, _ in places)
        last_row = max(last_row, max((int(row) for _, row in places), default=1))
    last_column = max(column_number(letters.decode().upper()) for letters in names)
    cells = last_row * last_column
    if cells > MOST_CELLS or cells > max(FEW_CELLS, SPARSE * written):
        raise DataError(
            f"{path}: a sheet with {written:,} filled cells reaches to row {last_row:,} and column "
            f"{last_column:,}, which makes {cells:,}; delete the rows and columns beyond the "
            "table, or save it as CSV"
        )


def _blocks(sheet: IO[bytes]) -> Iterator[bytes]:
    """Blocks that begin with the end of the one before, so that no place is cut in two."""
    before = b""
    while block := sheet.read(BLOCK):
        yield before + block
        before = block[-OVERLAP:]


def column_number(letters: str) -> int:
    """The number of a column.

    Examples
    --------
    >>> [column_number(letters) for letters in ("A", "AA", "XFD", "")]
    [1, 27, 16384, 0]
    """
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number
