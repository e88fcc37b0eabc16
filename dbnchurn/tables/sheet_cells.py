"""A column of cells of a spreadsheet: its type, and what texts among typed cells stand for.

A cell that is a number, a date or a truth value says so by itself, and is no evidence of how texts
beside it are written: beside the number 9.9 the text ``1.250`` may still be 1250.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np

from dbnchurn.core.errors import DataError
from dbnchurn.core.lazy import LazyModule
from dbnchurn.tables.date_format import date_readings
from dbnchurn.tables.number_format import CURRENCIES, number_readings
from dbnchurn.tables.text_column import MISSING, NO, PERHAPS_MISSING, YES

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pyarrow as pa
else:
    pa = LazyModule("pyarrow")

Cell = int | float | str | bool | time | date | datetime | timedelta
ABSENT = frozenset({"", *MISSING})
CODE = r"[-+]?0\d+"
BARE = r"[-+]?\d+"
DAY_0 = datetime(1970, 1, 1)


def typed_column(name: str, cells: Sequence[Cell]) -> tuple[pa.Array, str]:
    """Cells as a column of their common type, or of text.

    Parameters
    ----------
    name : str
        Of the column, for messages.
    cells : sequence of n cells
        Empty ones are the empty text.

    Returns
    -------
    column : Arrow array of length n
    note : str
        What texts among typed cells were read as; empty if there are none.

    Raises
    ------
    DataError
        If texts among numbers with decimals can be read in two ways.

    Examples
    --------
    >>> column, note = typed_column("price", [9.9, "1.250,00 €"])
    >>> column.to_pylist()
    [9.9, 1250.0]
    >>> note
    "column 'price': 1 text such as '1.250,00 €' is read like the 1 number beside it"
    """
    present = [None if isinstance(cell, str) and cell.strip() in ABSENT else cell for cell in cells]
    texts = {cell.strip() for cell in present if isinstance(cell, str)}
    if texts and texts <= set(PERHAPS_MISSING) and len(texts) < len({*present} - {None}):
        present = [None if isinstance(cell, str) else cell for cell in present]
    kinds = {type(cell) for cell in present if cell is not None}
    note = ""
    if str in kinds and len(kinds) > 1:
        known = _meanings(name, kinds - {str}, present)
        if known:
            note = _note(name, known, present)
            present = [
                known.get(cell.strip(), cell) if isinstance(cell, str) else cell for cell in present
            ]
            kinds = {type(cell) for cell in present if cell is not None}
    return _array(present, kinds), note


def _meanings(
    name: str, kinds: set[type], cells: Sequence[Cell | None]
) -> dict[str, float | datetime | bool]:
    """What texts stand for beside cells of some types, without those that stand for nothing."""
    texts = sorted({cell.strip() for cell in cells if isinstance(cell, str)})
    if kinds == {bool}:
        return {t: t.lower() in YES for t in texts if t.lower() in YES | NO and t[0].isalpha()}
    numeric = [text for text in texts if any(map(str.isdigit, text))]
    if not numeric:
        return {}
    if kinds <= {date, datetime}:
        found = date_readings(numeric)
        if len(found.formats) != 1 or np.isnan(found.days[0]).any():
            return {}
        spans = (timedelta(days=float(day)) for day in found.days[0])
        return {text: DAY_0 + span for text, span in zip(numeric, spans, strict=True)}
    if kinds <= {int, float}:
        return dict(_numbers(name, numeric, cells))
    return {}


def _numbers(name: str, texts: Sequence[str], cells: Sequence[Cell | None]) -> dict[str, float]:
    if any(re.fullmatch(CODE, t) for t in texts) or all(re.fullmatch(BARE, t) for t in texts):
        return {}
    found = number_readings(texts)
    if not found.formats or np.isnan(found.numbers[0]).any():
        return {}
    if found.units and (found.units[1:] or found.units[0] not in CURRENCIES.split()):
        return {}
    if found.formats[1:]:
        decimal = next((c for c in cells if isinstance(c, float) and not c.is_integer()), None)
        if decimal is None:
            return {}
        text = texts[found.example]
        first, second = (f"{numbers[found.example]:.12g}" for numbers in found.numbers[:2])
        raise DataError(
            f"column {name!r}: the text {text!r} beside numbers such as {decimal} is {first} or "
            f"{second}; make it a number in the spreadsheet"
        )
    return dict(zip(texts, map(float, found.numbers[0]), strict=True))


def _note(
    name: str, known: dict[str, float | datetime | bool], cells: Sequence[Cell | None]
) -> str:
    converted = [cell.strip() for cell in cells if isinstance(cell, str) and cell.strip() in known]
    others = sum(cell is not None and not isinstance(cell, str) for cell in cells)
    kind = {bool: "truth value", datetime: "date"}.get(type(next(iter(known.values()))), "number")
    texts = "text" if len(converted) == 1 else "texts"
    return (
        f"column {name!r}: {len(converted):,} {texts} such as {converted[0]!r} "
        f"{'is' if len(converted) == 1 else 'are'} read like the {others:,} "
        f"{kind}{'s' * (others != 1)} beside {'it' if len(converted) == 1 else 'them'}"
    )


def _array(cells: Sequence[Cell | None], kinds: set[type]) -> pa.Array:
    if kinds == {bool}:
        return pa.array(cells, pa.bool_())
    if kinds and kinds <= {int, float}:
        numbers = pa.array(
            [float(cell) if isinstance(cell, int | float) else None for cell in cells],
            pa.float64(),
        )
        whole = all(float(cell).is_integer() for cell in cells if isinstance(cell, int | float))
        return numbers.cast(pa.int64() if whole else pa.float64(), safe=False)
    if kinds and kinds <= {date, datetime}:
        return pa.array(list(map(_moment, cells)), pa.timestamp("us"))
    if kinds == {timedelta} or kinds == {time}:
        return pa.array([_span(cell) for cell in cells], pa.duration("us"))
    return pa.array([None if cell is None else _text(cell) for cell in cells], pa.string())


def _moment(cell: Cell | None) -> Cell | None:
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return datetime(cell.year, cell.month, cell.day)
    return cell


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
