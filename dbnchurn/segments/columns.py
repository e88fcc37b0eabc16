"""Columns of a user's table as numpy arrays: numbers with NaN, or strings with None.

All handling of pandas' dtypes in this package is here. Nothing changes its input.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from dbnchurn.core.errors import DataError, did_you_mean, listed
from dbnchurn.core.typing import Bools, Floats, Rows
from dbnchurn.segments.conditions import Level
from dbnchurn.tables.label import LabelMeaning, read_label
from dbnchurn.tables.label_classes import LabelValues
from dbnchurn.tables.label_question import Question
from dbnchurn.tables.schema import text

Kind = Literal["number", "boolean", "text"]
KINDS: dict[str, Kind] = {
    "string": "text",
    "boolean": "boolean",
    "integer": "number",
    "floating": "number",
    "mixed-integer-float": "number",
    "decimal": "number",
}
DATES = {"datetime", "datetime64", "date", "timedelta", "timedelta64", "period", "time"}


@dataclass(frozen=True, eq=False)
class PlainColumn:
    """One column as a numpy array.

    Parameters
    ----------
    name : str
    kind : {"number", "boolean", "text"}
    values : array of n rows
        float64 with NaN for missing (0 and 1 for booleans), or objects: str and None.
    levels : tuple or None
        Levels of a categorical column, in its order.
    ordered : bool
        Whether these levels have a meaningful order.
    """

    name: str
    kind: Kind
    values: npt.NDArray[Any]
    levels: tuple[Level, ...] | None = None
    ordered: bool = False

    def take(self, rows: Rows) -> PlainColumn:
        """The given rows."""
        return replace(self, values=self.values[rows])

    @property
    def whole(self) -> bool:
        """Whether all finite values are whole numbers, and there is one."""
        known = self.values[np.isfinite(self.values)]
        return bool(len(known)) and bool(np.all(known == np.floor(known)))


def checked_frame(X: Any) -> pd.DataFrame:
    """A table or 2-D array as a data frame with text names (``x0``, ``x1`` … for arrays).

    Stricter than ``dbnchurn.tables.reading.as_frame``, which reads other kinds of tables too and
    leaves names to the schema; this package stands below ``tables`` and cannot import it.

    Parameters
    ----------
    X : DataFrame or 2-D array of shape (n, d)

    Returns
    -------
    DataFrame

    Raises
    ------
    DataError
        Not a table, no rows, no columns, or two columns of one name.
    """
    if isinstance(X, pd.DataFrame):
        frame = X
        if not all(isinstance(name, str) for name in X.columns):
            frame = X.set_axis([str(name) for name in X.columns], axis=1)
    elif isinstance(X, pd.Series):
        raise DataError(
            f"X is one column ({X.name!r}), not a table; pass a data frame, e.g. X[[{X.name!r}]]"
        )
    else:
        array = np.asarray(X)
        if array.ndim != 2:
            raise DataError(
                f"X must be a data frame or a 2-D array, but has {array.ndim} dimensions; "
                "reshape one column with X.reshape(-1, 1)"
            )
        frame = pd.DataFrame(array, columns=[f"x{j}" for j in range(array.shape[1])])
    twice = frame.columns[frame.columns.duplicated()].unique()
    if len(twice):
        raise DataError(f"X has several columns of one name: {listed(twice)}; rename or drop them")
    if not len(frame) or not frame.shape[1]:
        raise DataError(f"X has {len(frame)} rows and {frame.shape[1]} columns; both must be > 0")
    return frame


def read_columns(frame: pd.DataFrame, names: Sequence[str] | None = None) -> list[PlainColumn]:
    """Read columns of a table.

    Parameters
    ----------
    frame : DataFrame
    names : sequence of str, optional
        Columns to read; all by default.

    Returns
    -------
    list of PlainColumn

    Raises
    ------
    DataError
        A column is absent, holds dates, or mixes kinds of values.
    """
    names = list(frame.columns) if names is None else names
    require(frame, names)
    return [plain_column(frame[name]) for name in names]


def read_known_columns(frame: pd.DataFrame, kinds: Mapping[str, Kind]) -> dict[str, PlainColumn]:
    """Read columns that hold the same kinds of values as when segments were found.

    Parameters
    ----------
    frame : DataFrame
    kinds : mapping of str to {"number", "boolean", "text"}
        Column → kind; numbers and booleans may stand for each other.

    Returns
    -------
    dict of str to PlainColumn

    Raises
    ------
    DataError
        A column is absent or has become another kind.
    """
    columns = {column.name: column for column in read_columns(frame, list(kinds))}
    return {name: _as_kind(columns[name], kind) for name, kind in kinds.items()}


def _as_kind(column: PlainColumn, kind: Kind) -> PlainColumn:
    numeric = {"number", "boolean"}
    if column.kind == kind or {column.kind, kind} <= numeric:
        return column
    empty = np.full(len(column.values), None, object)
    if kind == "text" and bool(np.all(pd.isna(column.values))):
        return PlainColumn(column.name, "text", empty)
    if kind in numeric and all(value is None for value in column.values):
        return PlainColumn(column.name, kind, empty.astype(np.float64))
    raise DataError(
        f"column {column.name!r} held {kind} values when the segments were found and holds "
        f"{column.kind} values now; convert it"
    )


def require(frame: pd.DataFrame, names: Iterable[str]) -> None:
    """Refuse a table that lacks a column.

    Parameters
    ----------
    frame : DataFrame
    names : iterable of str

    Raises
    ------
    DataError
        A column is absent.
    """
    absent = [name for name in names if name not in frame.columns]
    if absent:
        hint = did_you_mean(absent[0], list(frame.columns))
        raise DataError(f"X has no column {listed(absent)}: {hint}")


def plain_column(series: pd.Series[Any]) -> PlainColumn:
    """Read one pandas column of any dtype but dates, complex numbers and mixtures."""
    name, dtype = str(series.name), series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _categorical(name, series, dtype)
    kind = _kind(name, series)
    if kind == "text":
        return PlainColumn(name, kind, _text(series))
    return PlainColumn(name, kind, _numbers(series))


def _categorical(name: str, series: pd.Series[Any], dtype: pd.CategoricalDtype) -> PlainColumn:
    levels = dtype.categories.to_series(name=name)
    kind = _kind(name, levels)
    values = plain_column(levels).values
    codes = np.asarray(series.cat.codes)
    empty = None if kind == "text" else np.nan
    taken = np.append(values, np.array([empty], values.dtype))[codes]
    named = tuple(level_of(value, kind) for value in values)
    return PlainColumn(name, kind, taken, named, bool(dtype.ordered))


def level_of(value: Any, kind: Kind) -> Level:
    """A value of a :class:`PlainColumn` as a Python object, for text, SQL and JSON.

    Parameters
    ----------
    value : str or float
    kind : {"number", "boolean", "text"}

    Returns
    -------
    str, bool, int or float
        Whole numbers become int.
    """
    if kind == "text":
        return str(value)
    if kind == "boolean":
        return bool(value)
    return int(value) if np.isfinite(value) and value == int(value) else float(value)


def _kind(name: str, series: pd.Series[Any]) -> Kind:
    if types.is_bool_dtype(series.dtype):
        return "boolean"
    if types.is_complex_dtype(series.dtype):
        raise DataError(f"column {name!r} holds complex numbers; split or drop it")
    if types.is_numeric_dtype(series.dtype):
        return "number"
    inferred = types.infer_dtype(series, skipna=True)
    if inferred == "empty":
        return "text"
    if inferred in DATES or types.is_datetime64_any_dtype(series.dtype):
        raise DataError(
            f"column {name!r} holds dates; turn it into a number (e.g. days since then), drop it, "
            f"or set date={name!r} to split the rows by it"
        )
    if inferred not in KINDS:
        kinds = sorted({type(value).__name__ for value in series.dropna()})
        raise DataError(
            f"column {name!r} mixes kinds of values ({listed(kinds)}); allowed: numbers, "
            "booleans or text; convert it with .astype(str) or pandas.to_numeric"
        )
    return KINDS[inferred]


def _numbers(series: pd.Series[Any]) -> Floats:
    if series.dtype == object:
        series = series.where(series.notna(), np.nan)
    # adding zero turns -0.0 into 0.0
    return series.to_numpy(dtype=np.float64, na_value=np.nan, copy=True) + 0.0


def _text(series: pd.Series[Any]) -> npt.NDArray[np.object_]:
    values = series.to_numpy(dtype=object, copy=True)
    values[np.asarray(series.isna())] = None
    return values


# Where a user of Python says which answer means yes.
ANSWERS = Question(
    "SegmentMiner(positive={})",
    "SegmentMiner(negative={})",
    subject="y",
    asked="said yes",
    leaving=False,
    scores="; for scores set threshold",
)


def read_answers(
    y: Any,
    rows: int,
    *,
    positive: LabelValues | None = None,
    negative: LabelValues | None = None,
    threshold: float | None = None,
) -> tuple[LabelMeaning | None, Bools]:
    """Decide what a yes is, and read who said yes; or whose score reaches a threshold.

    Parameters
    ----------
    y : array-like of `rows` values
        Answers, or scores.
    rows : int
        Rows of the table that the answers belong to.
    positive, negative : one value or several, optional
        The answers that mean yes, and those that mean no; by default known words decide.
    threshold : float, optional
        Lowest score that counts as a yes.

    Returns
    -------
    meaning : LabelMeaning or None
        None for scores.
    hits : bool array of shape (rows,)

    Raises
    ------
    DataError
        Wrong length, missing answers, classes that nothing decides, or text scores.

    Examples
    --------
    >>> read_answers(["no", "YES"], 2)[1]
    array([False,  True])
    """
    answers = checked_answers(y, rows)
    if threshold is not None:
        if not types.is_numeric_dtype(answers.dtype):
            raise DataError("a threshold needs scores, but y is not numeric; leave threshold=None")
        return None, np.asarray(answers >= threshold, bool)
    meaning, hits = read_label(
        answers, positive=positive, negative=negative, column=answer_name(y), question=ANSWERS
    )
    return meaning, hits.astype(bool)


def checked_answers(y: Any, rows: int) -> pd.Series[Any]:
    """Answers or scores as a column, none of them missing.

    Parameters
    ----------
    y : array-like of `rows` values
    rows : int

    Returns
    -------
    Series

    Raises
    ------
    DataError
        Wrong length, or missing answers.
    """
    answers = y if isinstance(y, pd.Series) else pd.Series(np.asarray(y).squeeze(), name="y")
    if len(answers) != rows:
        raise DataError(f"y has {len(answers)} rows, but X has {rows}; they must match")
    plain = types.is_numeric_dtype(answers.dtype)
    unknown = int((answers if plain else text(answers)).isna().sum())
    if unknown:
        raise DataError(f"y is missing in {unknown} of {rows} rows; drop these rows first")
    return answers


def answer_name(y: Any) -> str | None:
    """The name of answers that come as a column with a name."""
    return y.name if isinstance(y, pd.Series) and isinstance(y.name, str) else None
