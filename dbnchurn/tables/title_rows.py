"""Titles above the header of a table, as reports have them: what the table is, and of which day."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from dbnchurn.core.errors import listed

MOST_TITLES = 20  # rows above a header
FEWEST_COLUMNS = 3  # of a table whose titles can be told from its header
WIDE = 5  # columns of a table whose titles may fill two cells, such as a word and a date
VALUE = r"[-+(]?[\d.,:/' -]*\d[\d.,:/' TZ-]*[)%€$£-]?"  # a number or a date


def title_rows(rows: Sequence[Sequence[object]]) -> int:
    """How many rows above the header are titles.

    Such rows fill one cell, or two of five columns or more. Below them stands a row that is as
    wide as most rows and all of words, none of which stands in its column again: the header.
    Whatever else is above a header leaves doubt, and is not told from it.

    Parameters
    ----------
    rows : sequence of rows
        The first ones of the table, without empty rows; a row is a sequence of cells, and an empty
        text is an empty cell.

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
    widths = Counter(len(row) for row in rows)
    usual = widths.most_common(1)[0][0] if rows else 0
    if usual < FEWEST_COLUMNS:
        return 0
    most = 2 if usual >= WIDE else 1
    titles = 0
    while titles < len(rows) and len(_filled(rows[titles])) <= most:
        titles += 1
    if not titles or titles > MOST_TITLES or titles >= len(rows) - 1:
        return 0
    header, body = rows[titles], rows[titles + 1 :]
    named = len(_filled(header)) == len(header) == usual
    if not named or any(not isinstance(name, str) or _is_value(name) for name in header):
        return 0
    again = any(
        str(cell).strip() == name.strip()
        for row in body
        for name, cell in zip(map(str, header), row, strict=False)
    )
    return 0 if again or len(set(header)) < len(header) else titles


def title_note(where: str, rows: Sequence[Sequence[object]]) -> str:
    """A sentence about the titles that are passed over.

    Parameters
    ----------
    where : str
        Name of the file.
    rows : sequence of rows
        The titles; rows without any text do not count.

    Returns
    -------
    str
        Empty where nothing is passed over.

    Examples
    --------
    >>> title_note("customers.csv", [["Report", ""], ["as of", "31.08.2026"]])
    "customers.csv: 2 title lines above the names of the columns are passed over: 'Report', \
'as of 31.08.2026'"
    """
    texts = [" ".join(map(str, filled)) for row in rows if (filled := _filled(row))]
    if not texts:
        return ""
    what = "1 title line" if len(texts) == 1 else f"{len(texts)} title lines"
    return (
        f"{where}: {what} above the names of the columns {'is' if len(texts) == 1 else 'are'} "
        f"passed over: {listed(texts, 3)}"
    )


def _filled(row: Sequence[object]) -> list[object]:
    return [cell for cell in row if str(cell).strip()]


def _is_value(name: str) -> bool:
    return re.fullmatch(VALUE, name.strip()) is not None
