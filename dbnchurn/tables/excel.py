"""A sheet of a spreadsheet (.xlsx, .xls, .ods) as an Arrow table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pyarrow as pa
import python_calamine

from dbnchurn.core.errors import DataError, did_you_mean, listed
from dbnchurn.tables.column_names import refuse_alike
from dbnchurn.tables.sheet_size import check_sheet_size
from dbnchurn.tables.text_column import MISSING, PERHAPS_MISSING
from dbnchurn.tables.title_rows import title_note, title_rows

PROBED_ROWS = 200

Cell = int | float | str | bool | time | date | datetime | timedelta


@dataclass(frozen=True, eq=False)
class Sheet:
    """A sheet as it was read.

    Parameters
    ----------
    table : Arrow table
    notes : tuple of str
        Sentences about what was assumed.
    """

    table: pa.Table
    notes: tuple[str, ...] = ()


def read_sheet(path: Path, sheet: str | None = None) -> Sheet:
    """Read a sheet: its first row that is not empty holds the names of the columns.

    Titles above that row are passed over, see :func:`dbnchurn.tables.title_rows.title_rows`.

    A column whose cells are all numbers, dates, spans of time or booleans gets that type. Where
    numbers and words are mixed all cells are text, numbers as 1234.5.

    Parameters
    ----------
    path : Path
    sheet : str, optional
        Name of the sheet; needed where several hold something.

    Returns
    -------
    Sheet
        Columns without a name are called by their place, ``column 3``.

    Raises
    ------
    DataError
        If the file cannot be read, there is no such sheet, several hold something and none is
        named, or names are repeated.
    """
    with _readable(path), python_calamine.CalamineWorkbook.from_path(str(path)) as book:
        sheet = _chosen(path, book, sheet)
        rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=True)
    while rows and all(cell == "" for cell in rows[0]):
        rows = rows[1:]
    if not rows:
        raise DataError(f"{path}: sheet {sheet!r} is empty; it needs a header and rows")
    shown = [k for k, row in enumerate(rows[:PROBED_ROWS]) if any(cell != "" for cell in row)]
    titles = shown[: title_rows([rows[k] for k in shown])]
    note = title_note(path.name, [rows[k] for k in titles])
    rows = rows[shown[len(titles)] :]
    header = [" ".join(str(cell).split()) for cell in rows[0]]
    _check_header(path, header, rows[1:])
    columns = {
        name or f"column {place}": _column([row[place - 1] for row in rows[1:]])
        for place, name in enumerate(header, 1)
    }
    return Sheet(pa.table(columns), (note,) if note else ())


def chosen_sheet(path: Path, sheet: str | None = None) -> str:
    """The name of the sheet that :func:`read_sheet` reads.

    Parameters
    ----------
    path : Path
    sheet : str, optional

    Returns
    -------
    str

    Raises
    ------
    DataError
        As :func:`read_sheet`.
    """
    with _readable(path), python_calamine.CalamineWorkbook.from_path(str(path)) as book:
        return _chosen(path, book, sheet)


def _chosen(path: Path, book: python_calamine.CalamineWorkbook, sheet: str | None) -> str:
    names = book.sheet_names
    if sheet is None:
        filled = [name for name in names if book.get_sheet_by_name(name).total_height > 1]
        if len(filled) > 1:
            raise DataError(
                f"{path}: {len(filled)} sheets hold something; say which is the table, for "
                f"example sheet: {filled[0]!r} (there are {listed(filled)})"
            )
        return filled[0] if filled else names[0]
    if sheet not in names:
        raise DataError(f"{path}: no sheet {sheet!r}: {did_you_mean(sheet, names)}")
    return sheet


def _check_header(path: Path, header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    named = [name for name in header if name]
    if repeated := sorted({name for name in named if named.count(name) > 1}):
        raise DataError(
            f"{path}: the header repeats the columns {listed(repeated)}; give each its own name"
        )
    refuse_alike(named, path)
    unnamed = [
        place
        for place, name in enumerate(header)
        if not name and any(row[place] != "" for row in rows)
    ]
    if len(named) < 2 <= len(unnamed):
        raise DataError(
            f"{path}: the first row holds {len(named)} of {len(header)} names; take away title "
            "rows above the names of the columns"
        )


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        check_sheet_size(path)
        yield
    except DataError:
        raise
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise DataError(f"{path}: not a readable spreadsheet: {error}") from error


def _column(cells: Sequence[Cell]) -> pa.Array:
    """Cells as a column of their common type, or of text."""
    absent = {"", *MISSING}
    present = [None if isinstance(cell, str) and cell.strip() in absent else cell for cell in cells]
    texts = {cell.strip() for cell in present if isinstance(cell, str)}
    if texts and texts <= set(PERHAPS_MISSING) and len(texts) < len({*present} - {None}):
        present = [None if isinstance(cell, str) else cell for cell in present]
    kinds = {type(cell) for cell in present if cell is not None}
    if kinds == {bool}:
        return pa.array(present, pa.bool_())
    if kinds and kinds <= {int, float}:
        numbers = pa.array(
            [float(cell) if isinstance(cell, int | float) else None for cell in present],
            pa.float64(),
        )
        whole = all(float(cell).is_integer() for cell in present if isinstance(cell, int | float))
        return numbers.cast(pa.int64() if whole else pa.float64(), safe=False)
    if kinds and kinds <= {date, datetime}:
        moments = [
            datetime(cell.year, cell.month, cell.day)
            if isinstance(cell, date) and not isinstance(cell, datetime)
            else cell
            for cell in present
        ]
        return pa.array(moments, pa.timestamp("us"))
    if kinds == {timedelta} or kinds == {time}:
        return pa.array([_span(cell) for cell in present], pa.duration("us"))
    return pa.array([None if cell is None else _text(cell) for cell in present], pa.string())


def _span(cell: Cell | None) -> timedelta | None:
    if isinstance(cell, time):
        return timedelta(
            hours=cell.hour, minutes=cell.minute, seconds=cell.second, microseconds=cell.microsecond
        )
    return cell if isinstance(cell, timedelta) else None


def _text(cell: Cell) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
