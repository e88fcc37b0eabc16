"""Titles above the header of a table, as reports have them: what the table is, and of which day."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from dbnchurn.core.errors import listed
from dbnchurn.tables.text_column import MISSING

MOST_TITLES = 20  # rows above a header
SHOWN = 3  # titles that a note names
LONGEST = 60  # characters of a title in a note
VALUE = r"[-+(]?[\d.,:/' -]*\d[\d.,:/' TZ-]*[)%€$£-]?"  # a number or a date


def title_rows(rows: Sequence[Sequence[object]]) -> int:
    """How many rows above the header are titles.

    Titles have cells in at most half of the columns. Below them stands the header: it names every
    column that has values, each once, by words that do not stand in the column again, and a column
    below it holds numbers or dates alone, so that it is no row of values. Whatever else is above a
    header leaves doubt, and is not told from it.

    Parameters
    ----------
    rows : sequence of rows
        A row is a sequence of cells; an empty text is an empty cell. Rows that repeat the header
        may stand among the others.

    Returns
    -------
    int
        0 where the first row is the header, or where it cannot be told.

    Examples
    --------
    >>> title_rows([["Report", "", ""], ["id", "plan", "debt"], ["1", "A", "2"], ["2", "B", "0"]])
    1
    >>> title_rows([["id", "plan", "debt"], ["1", "A", "2"], ["2", "B", "0"]])
    0
    """
    usual = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    if not rows or 2 * len(_filled(rows[0])) > usual:
        return 0
    columns = {place for row in rows if len(row) == usual for place in _filled(row)}
    start = next((k for k, row in enumerate(rows) if 2 * len(_filled(row)) > len(columns)), 0)
    if len(columns) < 2 or not 0 < start <= MOST_TITLES or len(rows[start]) != usual:
        return 0
    return start if _is_header(rows[start], rows[start + 1 :]) else 0


def title_note(titles: Sequence[Sequence[object]]) -> str:
    """A sentence about the titles that are passed over.

    Parameters
    ----------
    titles : sequence of rows
        Rows without any text do not count.

    Returns
    -------
    str
        Empty where nothing is passed over.

    Examples
    --------
    >>> title_note([["Report", ""], ["as of", "31.08.2026"]])
    "2 title lines above the names of the columns are passed over: 'Report', 'as of 31.08.2026'"
    """
    texts = [" ".join(str(row[place]) for place in _filled(row)) for row in titles if _filled(row)]
    if not texts:
        return ""
    what = "1 title line" if len(texts) == 1 else f"{len(texts)} title lines"
    return (
        f"{what} above the names of the columns {'is' if len(texts) == 1 else 'are'} passed over: "
        f"{listed([text[:LONGEST] for text in texts], SHOWN)}"
    )


def _is_header(header: Sequence[object], below: Sequence[Sequence[object]]) -> bool:
    names = [str(cell).strip() for cell in header]
    given = [name for name in names if name]
    words = all(isinstance(cell, str) for cell in header) and not any(map(_is_value, given))
    if not words or len(set(given)) < len(given) or set(given) & set(MISSING):
        return False
    rows = [row for row in below if list(row) != list(header)]
    of_values = False
    for place, name in enumerate(names):
        cells = [row[place] for row in rows if len(row) > place and _holds(row[place])]
        texts = {str(cell).strip() for cell in cells}
        if name in texts or (texts and not name):
            return False
        present = [cell for cell in cells if str(cell).strip() not in MISSING]
        of_values |= bool(present) and all(map(_is_value, present))
    return of_values


def _filled(row: Sequence[object]) -> list[int]:
    return [place for place, cell in enumerate(row) if _holds(cell)]


def _holds(cell: object) -> bool:
    return not isinstance(cell, str) or bool(cell.strip())


def _is_value(cell: object) -> bool:
    return not isinstance(cell, str) or re.fullmatch(VALUE, cell.strip()) is not None
