"""A user's table as plain columns: numbers with NaN, or strings with None.

The only module of this package that knows pandas' many dtypes. Nothing here changes its input.
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
    """One column, ready for numpy.

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
        """Whether all values there are are whole numbers."""
        known = self.values[np.isfinite(self.values)]
        return bool(len(known)) and bool(np.all(known == np.floor(known)))


def as_frame(X: Any) -> pd.DataFrame:
    """A table or 2-D array as a data frame with text names (``x0``, ``x1`` … for arrays).

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
    """The given columns of a table (all by default) as plain columns.

    Raises
    ------
    DataError
        A column is absent, holds dates, or mixes kinds of values.
    """
    names = list(frame.columns) if names is None else names
    require(frame, names)
    return [plain(frame[name]) for name in names]


def read_known_columns(frame: pd.DataFrame, kinds: Mapping[str, Kind]) -> dict[str, PlainColumn]:
    """Columns as they were at fit, by name: the same kind of values, or an error.

    Raises
    ------
    DataError
        A column is absent or has become another kind.
    """
    found = {column.name: column for column in read_columns(frame, list(kinds))}
    return {name: _as_kind(found[name], kind) for name, kind in kinds.items()}


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
    """Raise if one of the columns is absent."""
    absent = [name for name in names if name not in frame.columns]
    if absent:
        hint = did_you_mean(absent[0], list(frame.columns))
        raise DataError(f"X has no column {listed(absent)}: {hint}")


def plain(series: pd.Series[Any]) -> PlainColumn:
    """One pandas column of any dtype as a plain column."""
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
    values = plain(levels).values
    codes = np.asarray(series.cat.codes)
    empty = None if kind == "text" else np.nan
    taken = np.append(values, np.array([empty], values.dtype))[codes]
    named = tuple(level_of(value, kind) for value in values)
    return PlainColumn(name, kind, taken, named, bool(dtype.ordered))


def level_of(value: Any, kind: Kind) -> Level:
    """A plain value as the Python object that words, SQL and JSON show."""
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


def read_answers(y: Any, rows: int, positive: Level, threshold: float | None) -> Bools:
    """Who said yes: ``y == positive``, or ``y >= threshold`` where a threshold is given.

    Parameters
    ----------
    y : array-like of `rows` values
        Answers of any two values, or scores.
    rows : int
        Rows of the table beside it.
    positive : str, bool, int or float
        The value that means yes.
    threshold : float or None
        From which score on a row counts as a yes.

    Raises
    ------
    DataError
        Wrong length, missing answers, more than two values, or text scores.
    """
    answers = y if isinstance(y, pd.Series) else pd.Series(np.asarray(y).squeeze(), name="y")
    if len(answers) != rows:
        raise DataError(f"y has {len(answers)} rows, but X has {rows}; they must match")
    unknown = int(answers.isna().sum())
    if unknown:
        raise DataError(f"y is missing in {unknown} of {rows} rows; drop these rows first")
    if threshold is not None:
        if not types.is_numeric_dtype(answers.dtype):
            raise DataError("a threshold needs scores, but y is not numeric; leave threshold=None")
        return np.asarray(answers >= threshold, bool)
    values = list(pd.unique(answers))
    if len(values) > 2:
        raise DataError(
            f"y holds {len(values)} values ({listed(values, 4)}); allowed are two, one of them "
            f"positive={positive!r}; for scores set threshold"
        )
    if positive not in values:
        raise DataError(
            f"y has no positives: none of {rows} rows equals positive={positive!r} "
            f"(found: {listed(values)})"
        )
    return np.asarray(answers == positive, bool)
