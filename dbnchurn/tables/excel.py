"""A sheet of a spreadsheet (.xlsx, .xls, .ods) as an Arrow table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbnchurn.core.errors import DataError, did_you_mean, listed
from dbnchurn.core.lazy import LazyModule
from dbnchurn.tables.column_names import refuse_alike
from dbnchurn.tables.sheet_cells import typed_column
from dbnchurn.tables.sheet_formulas import FormulaFaults, formula_faults
from dbnchurn.tables.sheet_header import Grid, without_repeats, without_titles
from dbnchurn.tables.sheet_size import check_sheet_size
from dbnchurn.tables.text_column import FORMULA_ERRORS

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pyarrow as pa
    import python_calamine
else:
    pa = LazyModule("pyarrow")
    python_calamine = LazyModule("python_calamine")


@dataclass(frozen=True, eq=False)
class Sheet:
    """A sheet as a table.

    Parameters
    ----------
    table : Arrow table
        Columns without a name are called by their place, ``column 3``.
    name : str
    notes : tuple of str
        Sentences about rows that are left out and cells that were converted or have no value.
    """

    table: pa.Table
    name: str
    notes: tuple[str, ...]


def read_sheet(path: Path, sheet: str | None = None) -> Sheet:
    """Read a sheet: its first row that is not empty holds the names of the columns.

    Titles above that row, rows that repeat it and formulas without a value are left out, which the
    notes say. A column whose cells are all numbers, dates, spans of time or booleans gets that
    type, also where some are texts that mean the same. Where numbers and words are mixed all cells
    are text, numbers as 1234.5.

    Parameters
    ----------
    path : Path
    sheet : str, optional
        Name of the sheet; needed where several hold something.

    Returns
    -------
    Sheet

    Raises
    ------
    DataError
        If the file cannot be read, there is no such sheet, several hold something and none is
        named, names are repeated, or a text can be read in two ways.
    """
    with _readable(path), python_calamine.CalamineWorkbook.from_path(str(path)) as book:
        name = _chosen(path, book, sheet)
        opened = book.get_sheet_by_name(name)
        rows = opened.to_python(skip_empty_area=True)
        row, column = opened.start or (0, 0)
    grid, notes = without_titles(Grid(rows, row + 1))
    if not grid.rows:
        raise DataError(f"{path}: sheet {name!r} is empty; it needs a header and rows")
    header = [" ".join(str(cell).split()) for cell in grid.rows[0]]
    _check_header(path, header, grid)
    grid, repeats = without_repeats(grid)
    names = [text or f"column {place}" for place, text in enumerate(header, 1)]
    columns = {}
    for place, text in enumerate(names):
        try:
            columns[text], note = typed_column(text, [row[place] for row in grid.rows[1:]])
        except DataError as error:
            raise DataError(f"{path}: sheet {name!r}: {error}") from error
        notes = [*notes, note]
    faults = formula_faults(path, name)
    for place, text in enumerate(names):
        found = faults.get(column + place + 1, FormulaFaults())
        found.errors.update(_errors_kept_as_text(grid, place))
        notes += found.sentences(text)
    said = tuple(f"{path}: sheet {name!r}: {note}" for note in [*repeats, *notes] if note)
    return Sheet(pa.table(columns), name, said)


def _chosen(path: Path, book: python_calamine.CalamineWorkbook, sheet: str | None) -> str:
    names = book.sheet_names
    if sheet is None:
        filled = [name for name in names if book.get_sheet_by_name(name).total_height > 1]
        if len(filled) > 1:
            raise DataError(
                f"{path}: {len(filled)} sheets hold something; say which is the table, for "
                f"example sheet: {filled[0]!r} (there are {listed(filled)}), on the command line "
                f"--sheet {filled[0]!r}"
            )
        return filled[0] if filled else names[0]
    if sheet not in names:
        raise DataError(f"{path}: no sheet {sheet!r}: {did_you_mean(sheet, names)}")
    return sheet


def _check_header(path: Path, header: Sequence[str], grid: Grid) -> None:
    named = [name for name in header if name]
    if repeated := sorted({name for name in named if named.count(name) > 1}):
        raise DataError(
            f"{path}: the header repeats the columns {listed(repeated)}; give each its own name"
        )
    refuse_alike(named, path)
    unnamed = [
        place
        for place, name in enumerate(header)
        if not name and any(row[place] != "" for row in grid.rows[1:])
    ]
    if len(named) < 2 <= len(unnamed):
        raise DataError(
            f"{path}: the first row, row {grid.first} of the sheet, holds {len(named)} of "
            f"{len(header)} names, and no row below it names every column once; take away title "
            "rows above the names of the columns"
        )


def _errors_kept_as_text(grid: Grid, place: int) -> list[str]:
    """Errors of formulas in a column of cells whose values were pasted, or of an .ods file."""
    cells = (row[place] for row in grid.rows[1:])
    texts = (cell.strip() for cell in cells if isinstance(cell, str) and cell)
    return [text for text in texts if text in FORMULA_ERRORS]


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        check_sheet_size(path)
        yield
    except DataError:
        raise
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise DataError(f"{path}: not a readable spreadsheet: {error}") from error
