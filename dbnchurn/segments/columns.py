"""Columns of a user's table as numpy arrays: numbers with NaN, or strings with None.

They are read by the schema that a model would have, see :mod:`dbnchurn.tables.kinds`. Nothing
changes its input.
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
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.label import LabelMeaning, read_label
from dbnchurn.tables.label_classes import LabelValues
from dbnchurn.tables.label_question import Question
from dbnchurn.tables.reading import as_frame, read
from dbnchurn.tables.schema import Column, Schema, text
from dbnchurn.tables.text_column import MISSING

Kind = Literal["number", "date", "boolean", "text"]
OF_SCHEMA: dict[str, Kind] = {
    "number": "number",
    "date": "date",
    "flag": "boolean",
    "category": "text",
}
KIND_OF: dict[str, str] = {kind: name for name, kind in OF_SCHEMA.items()}


@dataclass(frozen=True, eq=False)
class PlainColumn:
    """One column as a numpy array.

    Parameters
    ----------
    name : str
    kind : {"number", "date", "boolean", "text"}
    values : array of n rows
        float64 with NaN for missing (0 and 1 for booleans, days since 1970 for dates), or objects:
        str and None.
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
    """A table of any library or a 2-D array as a data frame with text names.

    Parameters
    ----------
    X : DataFrame, Arrow or polars table, or 2-D array of shape (n, d)

    Returns
    -------
    DataFrame

    Raises
    ------
    DataError
        Not a table, no rows, no columns, or two columns of one name.
    """
    if isinstance(X, pd.Series):
        raise DataError(
            f"X is one column ({X.name!r}), not a table; pass a data frame, e.g. X[[{X.name!r}]]"
        )
    if isinstance(X, np.ndarray) and X.ndim != 2:
        raise DataError(
            f"X must be a data frame or a 2-D array, but has {X.ndim} dimensions; "
            "reshape one column with X.reshape(-1, 1)"
        )
    frame = as_frame(X)
    if not all(isinstance(name, str) for name in frame.columns):
        frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
    twice = frame.columns[frame.columns.duplicated()].unique()
    if len(twice):
        raise DataError(f"X has several columns of one name: {listed(twice)}; rename or drop them")
    if not len(frame) or not frame.shape[1]:
        raise DataError(f"X has {len(frame)} rows and {frame.shape[1]} columns; both must be > 0")
    return frame


def read_columns(frame: pd.DataFrame, names: Sequence[str] | None = None) -> list[PlainColumn]:
    """Read columns of a table, their kinds as they are found.

    Parameters
    ----------
    frame : DataFrame
    names : sequence of str, optional
        Columns to read; all by default.

    Returns
    -------
    list of PlainColumn
        Without columns that are ignored.

    Raises
    ------
    DataError
        A column is absent or can be read in two ways.
    """
    names = list(frame.columns) if names is None else list(names)
    require(frame, names)
    return columns_of(infer(frame[names]), frame)


def columns_of(schema: Schema, frame: pd.DataFrame) -> list[PlainColumn]:
    """Read the columns of a schema.

    Parameters
    ----------
    schema : Schema
    frame : DataFrame
        Has its columns.

    Returns
    -------
    list of PlainColumn
        One for each column that is not ignored.

    Raises
    ------
    DataError
        A value cannot be read.
    """
    return [_plain(column, frame[column.name]) for column in schema.used]


def read_known_columns(
    frame: pd.DataFrame, kinds: Mapping[str, Kind], schema: Schema
) -> dict[str, PlainColumn]:
    """Read columns as they were read when segments were found, however they are written now.

    A level that is spelled in another way, such as 0.10 for 0.1 or TRUE for Yes, is that level.

    Parameters
    ----------
    frame : DataFrame
    kinds : mapping of str to {"number", "date", "boolean", "text"}
        Column → kind.
    schema : Schema
        These columns; of lists that were stored without it, made of the kinds.

    Returns
    -------
    dict of str to PlainColumn

    Raises
    ------
    DataError
        A column is absent, or holds values that cannot be read as its kind.
    """
    require(frame, kinds)
    stored = {column.name: column for column in schema.columns}
    columns = [stored.get(name, Column(name, KIND_OF[kind])) for name, kind in kinds.items()]
    return {column.name: _plain(column, frame[column.name]) for column in columns}


def stored_column(column: Column, plain: PlainColumn) -> Column:
    """What has to be stored of a column to read it again.

    Parameters
    ----------
    column : Column
        Of the schema.
    plain : PlainColumn
        What was read by it.

    Returns
    -------
    Column
    """
    kind = KIND_OF[plain.kind]
    return Column(column.name, kind, column.levels if kind == "category" else (), column.format)


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
    """Read one pandas column of any type, its kind as it is found."""
    name = str(series.name)
    return read_columns(series.to_frame(name))[0]


def _plain(column: Column, series: pd.Series[Any]) -> PlainColumn:
    if column.kind == "category":
        return _category(column, series)
    table, _ = read(Schema((column,)), series.to_frame(column.name))
    # adding zero turns -0.0 into 0.0
    values: Floats = table.numbers[:, 0] + 0.0
    if column.kind == "date":
        values = np.floor(values)
    known = values[~np.isnan(values)]
    if column.kind == "flag" and not np.isin(known, (0, 1)).all():
        raise DataError(f"column {column.name!r} (flag) holds other values than 0 and 1")
    return PlainColumn(column.name, OF_SCHEMA[column.kind], values)


def _category(column: Column, series: pd.Series[Any]) -> PlainColumn:
    dtype = series.dtype
    if not isinstance(dtype, pd.CategoricalDtype):
        return PlainColumn(column.name, "text", _levels_of(column, series))
    levels = dtype.categories.to_series(name=column.name)
    number, boolean = types.is_numeric_dtype(levels.dtype), types.is_bool_dtype(levels.dtype)
    kind: Kind = "boolean" if boolean else "number" if number else "text"
    if kind == "text":
        values: npt.NDArray[Any] = _levels_of(column, levels)
    else:
        values = levels.to_numpy(np.float64, na_value=np.nan) + 0.0
    codes = np.asarray(series.cat.codes)
    empty = None if kind == "text" else np.nan
    taken = np.append(values, np.array([empty], values.dtype))[codes]
    named = tuple(level_of(value, kind) for value in values if value is not None)
    return PlainColumn(column.name, kind, taken, named, bool(dtype.ordered))


def _levels_of(column: Column, series: pd.Series[Any]) -> npt.NDArray[np.object_]:
    """Every value as the level that means the same, or as it is written; None where missing."""
    places, words = pd.factorize(text(series))
    names: list[str | None] = []
    for word in words:
        code = column.code(str(word))
        if code is not None:
            names.append(column.levels[code])
        else:
            names.append(None if word in MISSING else str(word))
    return np.array([*names, None], object)[places]


def level_of(value: Any, kind: Kind) -> Level:
    """A value of a :class:`PlainColumn` as a Python object, for text, SQL and JSON.

    Parameters
    ----------
    value : str or float
    kind : {"number", "date", "boolean", "text"}

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
    if y is None:
        raise DataError("fit requires y to be passed, but the target y is None")
    answers = y if isinstance(y, pd.Series) else pd.Series(_one_column(np.asarray(y)), name="y")
    if len(answers) != rows:
        raise DataError(f"y has {len(answers)} rows, but X has {rows}; they must match")
    plain = types.is_numeric_dtype(answers.dtype)
    unknown = int((answers if plain else text(answers)).isna().sum())
    if unknown:
        raise DataError(f"y is missing in {unknown} of {rows} rows; drop these rows first")
    return answers


def _one_column(y: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """An array of shape (n,), also of one of shape (n, 1)."""
    if y.ndim != 1 and y.shape[1:] != (1,):
        raise DataError(f"y has shape {y.shape}; one answer per row means (n,)")
    return y.reshape(-1)


def answer_name(y: Any) -> str | None:
    """The name of answers that come as a column with a name."""
    return y.name if isinstance(y, pd.Series) and isinstance(y.name, str) else None
