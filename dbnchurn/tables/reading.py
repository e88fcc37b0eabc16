"""Read a frame of customers into the arrays of a :class:`~dbnchurn.tables.schema.Table`.

Training and scoring call the same :func:`read`. It refuses values that cannot be read without loss
and counts categories that the training frame did not hold. :func:`as_frame` turns Arrow, polars
and arrays into a frame, :func:`unreadable` names the rows that :func:`read` refuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import DataError
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Floats
from dbnchurn.tables.column_names import absent_columns
from dbnchurn.tables.column_values import (
    FEW,
    LARGEST,
    PLAIN_KINDS,
    Mask,
    code_values,
    days_of,
    number_values,
    shown,
)
from dbnchurn.tables.schema import Column, Schema, Table, check_names

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from pyarrow import interchange
else:
    pd = LazyModule("pandas")
    pa = LazyModule("pyarrow")
    interchange = LazyModule("pyarrow.interchange")

FEW_LEVELS = 256  # of a category, up to which objects for all of them take little time


@dataclass
class Unusual:
    """Values of a frame that the training frame did not hold, counted for each column.

    Parameters
    ----------
    unknown_levels : dict of column → number of rows whose category was never seen
    lost_zeros : dict of column → number of these rows that would be known with zeros before them
    """

    unknown_levels: dict[str, int] = field(default_factory=dict)
    lost_zeros: dict[str, int] = field(default_factory=dict)


@contextmanager
def _as_data_error(what: str) -> Iterator[None]:
    """Re-raise errors of pandas, Arrow and cell values, which are of many classes, as DataError."""
    try:
        yield
    except (DataError, MemoryError):
        raise
    except Exception as error:
        reason = next(iter(str(error).splitlines()), "")
        raise DataError(f"{what}: {type(error).__name__} {reason}".rstrip()) from error


def as_frame(X: Any) -> pd.DataFrame:
    """A table of any library as a DataFrame: pandas, Arrow, polars and the like, or a 2-D array.

    The columns of an array are called ``x0``, ``x1``, …

    Raises
    ------
    DataError
        If it is none of these.

    Examples
    --------
    >>> list(as_frame(np.zeros((1, 2))).columns)
    ['x0', 'x1']
    """
    if isinstance(X, pd.DataFrame):
        return X
    refuse_sparse(X)
    with _as_data_error(f"{type(X).__name__} cannot be read as a table"):
        if hasattr(X, "__arrow_c_stream__"):
            frame: pd.DataFrame = pa.table(X).to_pandas()
            return frame
        if hasattr(X, "__dataframe__"):
            exchanged: pd.DataFrame = interchange.from_dataframe(X).to_pandas()
            return exchanged
        values = np.asarray(X)
        if np.ma.is_masked(X) and values.dtype.kind != "c":  # masked is not known
            numeric = values.dtype.kind in "iuf"
            values = values.astype(np.float64 if numeric else object)
            values[np.ma.getmaskarray(X)] = np.nan if numeric else None
    if values.dtype.kind == "c":
        raise DataError("Complex data not supported: expected a table of customers in real numbers")
    if values.ndim != 2 or values.dtype.kind == "V":
        raise DataError(
            f"expected a table of customers, found {type(X).__name__} of shape {values.shape} and "
            f"type {values.dtype}; give a DataFrame or a 2-D array"
        )
    return pd.DataFrame(values, columns=[f"x{j}" for j in range(values.shape[1])])


def refuse_sparse(X: Any) -> None:
    """Refuse a sparse matrix: whether its empty cells are zeros or unknown is not told by it.

    Raises
    ------
    DataError
        If it is one.

    Examples
    --------
    >>> refuse_sparse(np.zeros((1, 2)))
    """
    if not type(X).__module__.startswith("scipy.sparse"):
        return
    gigabytes = np.prod(X.shape, dtype=float) * 8 / 1e9
    raise DataError(
        f"sparse input ({type(X).__name__} of shape {X.shape}) is not read, since its empty cells "
        f"may be zeros or missing values; give X.toarray() if they are zeros ({gigabytes:.3g} GB), "
        "or a DataFrame with names and NaN for what is missing"
    )


def read(schema: Schema, frame: pd.DataFrame) -> tuple[Table, Unusual]:
    """Read the columns of a schema from a frame.

    Columns may stand in any order, and columns that the schema does not have are ignored. A
    category that the training frame did not hold gets the code -1, as a missing one, and is
    counted.

    Parameters
    ----------
    schema : Schema
    frame : DataFrame of shape (n, any)

    Returns
    -------
    table : Table of n rows
    unusual : Unusual

    Raises
    ------
    DataError
        If columns are missing or repeated, a number cannot be read or is infinite, or a date
        cannot be read.

    Examples
    --------
    >>> from dbnchurn.tables.kinds import infer
    >>> schema = infer(pd.DataFrame({"debt": [1.0, 2.0], "plan": ["A", "B"]}))
    >>> table, unusual = read(schema, pd.DataFrame({"plan": ["B", "C"], "debt": ["7", None]}))
    >>> table.numbers.ravel(), table.codes.ravel(), unusual.unknown_levels
    (array([ 7., nan]), array([ 1, -1], dtype=int32), {'plan': 1})
    """
    names = check_names(frame)
    place = {name: i for i, name in enumerate(names)}
    if absent := [c.name for c in schema.used if c.name not in place]:
        raise DataError(absent_columns(absent, len(schema.used), names))
    unusual = Unusual()
    numbers = [c for c in schema.used if c.kind != "category"]
    categories = [c for c in schema.used if c.kind == "category"]
    few = _FewRows.of(frame)
    number_matrix = _read_numbers(numbers, frame, [place[c.name] for c in numbers], few)
    code_matrix = np.empty((len(frame), len(categories)), np.int32)
    for j, column in enumerate(categories):
        with _as_data_error(f"column {column.name!r} ({column.kind}) cannot be read"):
            codes, unknown, bare = code_values(column, _column(frame, place[column.name], few))
        code_matrix[:, j] = codes
        if unknown:
            unusual.unknown_levels[column.name] = unknown
        if bare:
            unusual.lost_zeros[column.name] = bare
    return (
        Table(
            number_matrix,
            code_matrix,
            tuple(c.name for c in numbers),
            tuple(c.name for c in categories),
            tuple(len(c.levels) for c in categories),
        ),
        unusual,
    )


def unreadable(schema: Schema, frame: pd.DataFrame) -> dict[int, str]:
    """The rows that :func:`read` refuses, each with its reason.

    Parameters
    ----------
    schema : Schema
    frame : DataFrame of shape (n, any)
        Has the columns of the schema.

    Returns
    -------
    reasons : dict of row number → sentence with every column and value at fault

    Raises
    ------
    DataError
        If a whole column is of another kind than the schema says.

    Examples
    --------
    >>> from dbnchurn.tables.kinds import infer
    >>> schema = infer(pd.DataFrame({"debt": [1.0, 2.0]}))
    >>> unreadable(schema, pd.DataFrame({"debt": ["7", "much"]}))
    {1: "column 'debt' (number): 'much' is not a number; leave it empty if it is unknown"}
    """
    place = {name: i for i, name in enumerate(check_names(frame))}
    reasons: dict[int, list[str]] = {}

    def note(column: Column, values: pd.Series[Any], bad: Mask, what: str) -> None:
        for row in np.flatnonzero(np.asarray(bad)):
            why = f"column {column.name!r} ({column.kind}): {shown(values.iloc[row])} {what}"
            reasons.setdefault(int(row), []).append(why)

    for column in schema.used:
        if column.kind != "category":
            number_values(column, frame.iloc[:, place[column.name]], refuse=note)
    return {row: "; ".join(found) for row, found in sorted(reasons.items())}


@dataclass(frozen=True, eq=False)
class _FewRows:
    """The cells of a few rows, and the types of the columns that they are of."""

    cells: npt.NDArray[np.object_]
    types: list[Any]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> _FewRows | None:
        """None of many rows, and where a column costs more or may not convert.

        A category makes an object of each of its levels, and other types of their own may refuse.
        """
        types = list(frame.dtypes) if len(frame) <= FEW else []
        if len(types) < frame.shape[1] or not all(map(_converts, types)):
            return None
        try:
            return cls(frame.to_numpy(object), types)
        except (ValueError, OverflowError):  # a date beyond those of Python
            return None

    def read_numbers(
        self, matrix: Floats, columns: Sequence[Column], places: Sequence[int]
    ) -> set[int]:
        """Fill in what numpy holds as numbers and dates; the columns of `matrix` that are read."""
        kinds = [self.types[i].kind for i in places]
        dates = [j for j, c in enumerate(columns) if c.kind == "date" and kinds[j] == "M"]
        numbers = [j for j, c in enumerate(columns) if c.kind != "date" and kinds[j] in PLAIN_KINDS]
        for j in dates:
            moments = [moment.to_datetime64() for moment in self.cells[:, places[j]]]
            matrix[:, j] = days_of(np.array(moments, self.types[places[j]]))
        block = self.cells[:, [places[j] for j in numbers]].astype(np.float64)
        if np.isinf(block).any():  # which is refused with its column and row
            return set(dates)
        matrix[:, numbers] = np.clip(block, -LARGEST, LARGEST)
        return {*dates, *numbers}


def _converts(kind: Any) -> bool:
    """Whether a column of a type surely becomes objects, and soon."""
    if isinstance(kind, pd.CategoricalDtype):
        few = len(kind.categories) <= FEW_LEVELS
        return few and kind.categories.dtype in ("object", "str")
    return isinstance(kind, np.dtype | pd.StringDtype)


def _column(frame: pd.DataFrame, place: int, few: _FewRows | None) -> pd.Series[Any] | list[str]:
    """A column; its texts alone where the rows are few and it holds nothing else."""
    if few is not None:
        words: list[str] = few.cells[:, place].tolist()
        if all(type(word) is str for word in words):
            return words
    return frame.iloc[:, place]


def _read_numbers(
    columns: Sequence[Column], frame: pd.DataFrame, places: Sequence[int], few: _FewRows | None
) -> Floats:
    """Numbers, flags and dates; of a few rows, what numpy holds as such in one call."""
    matrix = np.empty((len(frame), len(columns)), np.float64)
    one_by_one = set(range(len(columns)))
    if few is not None:
        one_by_one -= few.read_numbers(matrix, columns, places)
    refused: list[str] = []
    for j in sorted(one_by_one):
        column = columns[j]
        try:
            with _as_data_error(f"column {column.name!r} ({column.kind}) cannot be read"):
                matrix[:, j] = number_values(column, frame.iloc[:, places[j]])
        except DataError as error:
            refused.append(str(error))
    if refused:
        raise DataError("; ".join(refused))
    return matrix
