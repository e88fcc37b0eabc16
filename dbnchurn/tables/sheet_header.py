"""Where the table of a sheet begins: titles above the names of its columns, and names again below.

A printed sheet has a title, a day or a note above its table, and may repeat the names of the
columns on every page. What is no row of the table is left out, and said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dbnchurn.tables.sheet_cells import Cell
from dbnchurn.tables.title_rows import title_note, title_rows


@dataclass(frozen=True, eq=False)
class Grid:
    """Rows of a sheet.

    Parameters
    ----------
    rows : sequence of rows of cells
        All of one length; an empty cell is the empty text.
    first : int
        Number of the first row as the sheet counts, from 1.
    """

    rows: Sequence[Sequence[Cell]]
    first: int


def without_titles(grid: Grid) -> tuple[Grid, list[str]]:
    """The rows from the names of the columns on.

    What is a title says :func:`dbnchurn.tables.title_rows.title_rows`. Otherwise the first row that
    is not empty counts as the names.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    grid : Grid
        Without empty rows in front.
    notes : list of str
        What the titles are.

    Examples
    --------
    >>> rows = [["May", "", ""], ["id", "plan", "debt"], [1.0, "A", 9.9]]
    >>> found, notes = without_titles(Grid(rows, 1))
    >>> found.rows[0], notes
    (['id', 'plan', 'debt'], ["1 title line above the names of the columns is passed over: 'May'"])
    """
    start = next((k for k, row in enumerate(grid.rows) if _filled(row)), len(grid.rows))
    rows = grid.rows[start:]
    titles = title_rows(rows)
    note = title_note(rows[:titles])
    return Grid(rows[titles:], grid.first + start + titles), [note] if note else []


def without_repeats(grid: Grid) -> tuple[Grid, list[str]]:
    """The rows without those that repeat the names of the columns.

    Parameters
    ----------
    grid : Grid
        The first row holds the names.

    Returns
    -------
    grid : Grid
    notes : list of str
    """
    names = list(grid.rows[0])
    if len(_filled(names)) < 2:  # one name may be a value of its column
        return grid, []
    repeats = [k for k, row in enumerate(grid.rows) if k and list(row) == names]
    if not repeats:
        return grid, []
    left_out = set(repeats)
    kept = [row for k, row in enumerate(grid.rows) if k not in left_out]
    count = "1 row repeats" if len(repeats) == 1 else f"{len(repeats):,} rows repeat"
    verb = "is" if len(repeats) == 1 else "are"
    return Grid(kept, grid.first), [
        f"{count} the names of the columns and {verb} left out, the first is row "
        f"{grid.first + repeats[0]}"
    ]


def _filled(row: Sequence[Cell]) -> list[int]:
    return [place for place, cell in enumerate(row) if cell != ""]
