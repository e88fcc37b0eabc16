"""Cells of a spreadsheet whose formula has no value: an error such as ``#N/A``, or never computed.

Readers of spreadsheets give such cells as empty ones. A file that a program wrote may hold formulas
alone, which have a value only after a spreadsheet program has opened and saved it.
"""

from __future__ import annotations

import html
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from dbnchurn.tables.doubtful_values import formula_errors
from dbnchurn.tables.sheet_size import column_number

BLOCK = 2**20
CELL_END = re.compile(rb"</(?:\w+:)?c>")
CELL_START = rb"<(?:\w+:)?c\s"
PLACE = rb"""[^>]*?\br=["']([A-Z]+)[0-9]+["']"""
ERROR = re.compile(
    CELL_START + rb"""(?=[^>]*\bt=["']e["'])""" + PLACE + rb"[^>]*>"
    rb"(?:(?!</(?:\w+:)?c>).)*?<(?:\w+:)?v>([^<]*)<",
    re.DOTALL,
)
UNCOMPUTED = re.compile(
    CELL_START + rb"""(?![^>]*\bt=["'](?:str|s|e)["'])""" + PLACE + rb"[^>]*>\s*"
    rb"<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</"
)


@dataclass
class FormulaFaults:
    """What the formulas of a column lack.

    Parameters
    ----------
    errors : Counter of text → cells
        Such as ``#N/A``.
    uncomputed : int, default 0
        Cells with a formula and no value.
    """

    errors: Counter[str] = field(default_factory=Counter)
    uncomputed: int = 0

    def sentences(self, column: str) -> Iterator[str]:
        """What is said of a column.

        Examples
        --------
        >>> list(FormulaFaults(Counter({"#N/A": 2})).sentences("share"))
        ["column 'share': 2 rows hold the error of a formula, such as '#N/A', and count as \
missing; mend the spreadsheet if it has their values"]
        """
        if self.errors:
            yield formula_errors(column, self.errors)
        if count := self.uncomputed:
            cells = "1 cell holds" if count == 1 else f"{count:,} cells hold"
            yield (
                f"column {column!r}: {cells} a formula that was never computed: missing; open and "
                "save the file in a spreadsheet program, which computes its formulas"
            )


def formula_faults(path: Path, sheet: str) -> dict[int, FormulaFaults]:
    """Count cells whose formula has no value.

    Parameters
    ----------
    path : Path
        A spreadsheet. Of formats other than ``.xlsx`` and ``.xlsm`` nothing is counted.
    sheet : str
        Name of the sheet.

    Returns
    -------
    dict of number of the column → FormulaFaults
        The first column of the sheet has the number 1. Only columns with faults.
    """
    faults: dict[int, FormulaFaults] = {}
    if not zipfile.is_zipfile(path):
        return faults
    with zipfile.ZipFile(path) as archive:
        part = _part_of(archive, sheet)
        if part is None:
            return faults
        with archive.open(part) as opened:
            for cells in _whole_cells(opened):
                for letters, error in ERROR.findall(cells):
                    found = faults.setdefault(_number(letters), FormulaFaults())
                    found.errors[html.unescape(error.decode("utf-8", "replace"))] += 1
                for letters in UNCOMPUTED.findall(cells):
                    faults.setdefault(_number(letters), FormulaFaults()).uncomputed += 1
    return faults


def _number(letters: bytes) -> int:
    return column_number(letters.decode())


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The file of the archive that holds a sheet."""
    names = set(archive.namelist())
    book, relations = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
    if not {book, relations} <= names:
        return None
    key = None
    for tag in re.findall(
        r"<(?:\w+:)?sheet\s[^>]*>", archive.read(book).decode("utf-8", "replace")
    ):
        if _attribute(tag, "name") == sheet:
            key = _attribute(tag, r"\w+:id")
    for tag in re.findall(r"<(?:\w+:)?Relationship\s[^>]*>", archive.read(relations).decode()):
        if key is not None and _attribute(tag, "Id") == key:
            target = _attribute(tag, "Target") or ""
            part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            return part if part in names else None
    return None


def _attribute(tag: str, name: str) -> str | None:
    found = re.search(rf"""\s{name}\s*=\s*(?:"([^"]*)"|'([^']*)')""", tag)
    return None if found is None else html.unescape(found[1] or found[2] or "")


def _whole_cells(opened: IO[bytes]) -> Iterator[bytes]:
    """Blocks of the XML that end with the end of a cell."""
    rest = b""
    while block := opened.read(BLOCK):
        block = rest + block
        end = max((found.end() for found in CELL_END.finditer(block)), default=0)
        yield block[:end]
        rest = block[end:]
