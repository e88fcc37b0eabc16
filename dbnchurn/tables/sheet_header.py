"""Where the table of a sheet begins: titles above the names of its columns, and names again below.

A printed sheet has a title, a day or a note above its table, and may repeat the names of the
columns on every page. What is no row of the table is left out, and said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dbnchurn.tables.sheet_cells import Cell

SHOWN = 3  # titles that a note names
LONGEST = 60  # characters of a title


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

    Rows above are titles where each has cells in at most half of the columns of the table, and the
    first row with more names every column that has values, each once, by texts that no cell of the
    column repeats. Otherwise the first row that is not empty counts as the names.

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
    >>> found.rows[0], notes[0][:48]
    (['id', 'plan', 'debt'], 'row 1 above the names of the columns is left out')
    """
    start = next((k for k, row in enumerate(grid.rows) if _filled(row)), len(grid.rows))
    places = {place for row in grid.rows for place in _filled(row)}
    least = max(2, len(places) // 2 + 1)
    header = next((k for k, row in enumerate(grid.rows) if len(_filled(row)) >= least), start)
    below = Grid(grid.rows[header:], grid.first + header)
    if header <= start or not _names_all(below.rows):
        return Grid(grid.rows[start:], grid.first + start), []
    above = grid.rows[start:header]
    titles = [" ".join(str(row[place]) for place in _filled(row)) for row in above if _filled(row)]
    shown = ", ".join(repr(title[:LONGEST]) for title in titles[:SHOWN])
    where = f"row {grid.first + start}" if header == start + 1 else ""
    where = where or f"rows {grid.first + start} to {grid.first + header - 1}"
    verb = "is" if header == start + 1 else "are"
    return below, [f"{where} above the names of the columns {verb} left out: {shown}"]


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


def _names_all(rows: Sequence[Sequence[Cell]]) -> bool:
    """Whether the first row may hold the names of all columns."""
    names = list(rows[0])
    texts = [cell for cell in names if cell != ""]
    if not all(isinstance(cell, str) for cell in texts) or len(set(texts)) < len(texts):
        return False
    others = [row for row in rows[1:] if list(row) != names]
    for place, name in enumerate(names):
        cells = [row[place] for row in others]
        if any(cell != "" for cell in cells) if name == "" else name in cells:
            return False
    return bool(others)
