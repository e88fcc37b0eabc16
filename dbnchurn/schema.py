"""The schema: how a frame of customers becomes plain arrays, the same way every time.

:func:`infer` learns it from the training frame, :func:`read` applies it. Training and scoring call
the same :func:`read`, which refuses what cannot be read without loss and counts what it has not
seen before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.interchange

from dbnchurn.errors import ArtifactError, DataError, did_you_mean, listed

Kind = Literal["number", "flag", "category", "date", "ignore"]
KINDS: tuple[str, ...] = get_args(Kind)

DAY = 86_400.0  # seconds
# A text column whose values hardly ever repeat names its rows rather than describing them.
IDENTIFIER_SHARE = 0.5
IDENTIFIER_LEVELS = 1_000
# Text of which this share of the distinct values are numbers is a column of numbers with mistakes.
NUMERIC_SHARE = 0.9
# Boosters and network compute in float32; what lies beyond is read as its largest number.
LARGEST = float(np.finfo(np.float32).max)

Mask = Sequence[bool] | npt.ArrayLike
Refuse = Callable[["Column", "pd.Series[Any]", Mask, str], None]


STARTS_AS_DATE = r"[0-9]{4}([0-9]{4})?(?![0-9])"  # a year, or a year with month and day


@dataclass(frozen=True)
class Column:
    """One column of the input frame.

    Parameters
    ----------
    name : str
    kind : {"number", "flag", "category", "date", "ignore"}
    levels : tuple of str, default ()
        Values of a category seen in training, in sorted order.
    """

    name: str
    kind: str
    levels: tuple[str, ...] = ()

    def audit(self) -> None:
        """Refuse a column that cannot have come from :func:`infer`."""
        if self.kind not in KINDS:
            raise ArtifactError(
                f"schema: column {self.name!r} has the unknown kind {self.kind!r}, "
                f"{did_you_mean(self.kind, KINDS)}"
            )
        if len(set(self.levels)) != len(self.levels):
            raise ArtifactError(f"schema: column {self.name!r} repeats a level")
        if self.levels and self.kind != "category":
            raise ArtifactError(f"schema: column {self.name!r} is a {self.kind} and has levels")

    @cached_property
    def code_of(self) -> dict[str, int]:
        """Position of every level."""
        return {level: code for code, level in enumerate(self.levels)}


@dataclass(frozen=True)
class Schema:
    """The columns that a model expects, in the order of the training frame.

    Parameters
    ----------
    columns : tuple of Column
    """

    columns: tuple[Column, ...]

    @property
    def used(self) -> tuple[Column, ...]:
        """The columns that are not ignored."""
        return tuple(column for column in self.columns if column.kind != "ignore")

    def audit(self) -> None:
        """Refuse repeated names."""
        names = Counter(column.name for column in self.columns)
        if repeated := [name for name, count in names.items() if count > 1]:
            raise ArtifactError(f"schema: repeated columns {listed(repeated)}")


@dataclass(frozen=True, eq=False)
class Table:
    """Customers as two plain matrices; this is what the stages pass on.

    Parameters
    ----------
    numbers : float64 array of shape (n, p)
        Numbers, flags (0, 1) and dates (days since 1970); NaN where missing.
    codes : int32 array of shape (n, q)
        Position of every category in its levels; -1 where missing or never seen.
    number_names, code_names : tuples of str
    sizes : tuple of q integers
        Number of levels of every category.
    """

    numbers: npt.NDArray[np.float64]
    codes: npt.NDArray[np.int32]
    number_names: tuple[str, ...]
    code_names: tuple[str, ...]
    sizes: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: npt.NDArray[np.intp]) -> Table:
        """The given rows, in the given order, as copies."""
        return replace(self, numbers=self.numbers[rows], codes=self.codes[rows])


def stacked(first: Table, second: Table) -> Table:
    """The rows of both tables, which have the same columns."""
    return replace(
        first,
        numbers=np.vstack([first.numbers, second.numbers]),
        codes=np.vstack([first.codes, second.codes]),
    )


@dataclass
class Unusual:
    """What :func:`read` met that training had not: counts per column.

    Parameters
    ----------
    unknown_levels : dict of column → number of rows whose category was never seen
    """

    unknown_levels: dict[str, int] = field(default_factory=dict)


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Say in our words that pandas, Arrow or a cell failed; they raise errors of every kind."""
    try:
        yield
    except (DataError, MemoryError):
        raise
    except Exception as error:
        reason = next(iter(str(error).splitlines()), "")
        raise DataError(f"{what}: {type(error).__name__} {reason}".rstrip()) from error


def as_frame(X: Any) -> pd.DataFrame:
    """Whatever holds a table as a DataFrame: pandas, Arrow, polars and the like, or a 2-D array.

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
    with _told(f"{type(X).__name__} cannot be read as a table"):
        if hasattr(X, "__arrow_c_stream__"):
            frame: pd.DataFrame = pa.table(X).to_pandas()
            return frame
        if hasattr(X, "__dataframe__"):
            exchanged: pd.DataFrame = pa.interchange.from_dataframe(X).to_pandas()
            return exchanged
        values = np.asarray(X)
    if values.ndim != 2 or values.dtype.kind in "cV":
        raise DataError(
            f"expected a table of customers, found {type(X).__name__} of shape {values.shape} and "
            f"type {values.dtype}; give a DataFrame or a 2-D array"
        )
    return pd.DataFrame(values, columns=[f"x{j}" for j in range(values.shape[1])])


def infer(frame: pd.DataFrame, kinds: Mapping[str, str] | None = None) -> Schema:
    """Learn the schema of a training frame.

    Parameters
    ----------
    frame : DataFrame of shape (n, columns)
    kinds : mapping of column → kind, optional
        Overrides what would be inferred. Inferred are: numbers, and text with more than 20
        distinct values of which nearly all are numbers → ``number`` (so that :func:`read` names
        the others); booleans → ``flag``; dates → ``date``; other text → ``category``, or
        ``ignore`` where it looks like an identifier (over 1,000 levels, over half of them met
        once).

    Raises
    ------
    DataError
        If a name is repeated or not in the frame, a kind is unknown, or nothing is left to use.

    Examples
    --------
    >>> frame = pd.DataFrame({"debt": [1.5, None], "plan": ["A", "B"], "tv": [True, False]})
    >>> [column.kind for column in infer(frame).columns]
    ['number', 'category', 'flag']
    """
    kinds = dict(kinds or {})
    names = check_names(frame)
    for name, kind in kinds.items():
        if name not in names:
            raise DataError(f"kinds names the column {name!r}: {did_you_mean(name, names)}")
        if kind not in KINDS:
            raise DataError(
                f"unknown kind {kind!r} of column {name!r}: {did_you_mean(kind, KINDS)}"
            )
    schema = Schema(
        tuple(
            _infer_column(name, frame.iloc[:, i], kinds.get(name)) for i, name in enumerate(names)
        )
    )
    if not schema.used:
        what = f"all of {listed(names)} are ignored or identifiers" if names else "there is none"
        raise DataError(f"no column is left to learn from: {what}")
    return schema


def check_names(frame: pd.DataFrame) -> list[str]:
    """Column names as text; repeated ones are refused."""
    names = [str(name) for name in frame.columns]
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise DataError(f"the table repeats the columns {listed(repeated)}; give each its own name")
    return names


def _infer_column(name: str, values: pd.Series[Any], kind: str | None) -> Column:
    kind = kind or _infer_kind(values)
    if kind != "category":
        return Column(name, kind)
    present = text(values).dropna()
    return Column(name, kind, tuple(sorted(present.unique())))


def _infer_kind(values: pd.Series[Any]) -> str:
    if pd.api.types.is_bool_dtype(values.dtype):
        return "flag"
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return "date"
    if pd.api.types.is_numeric_dtype(values.dtype):
        return "number"
    present = text(values).dropna()
    if present.empty:
        return "number"
    if pd.api.types.infer_dtype(values, skipna=True) == "boolean":
        return "flag"
    distinct = pd.Series(present.unique())
    numeric = pd.to_numeric(distinct, errors="coerce").notna().mean()
    levels = len(distinct)
    if (levels > 20 and numeric >= NUMERIC_SHARE) or (numeric == 1 and not _is_text(values)):
        return "number"
    if levels > IDENTIFIER_LEVELS and (present.value_counts() == 1).mean() > IDENTIFIER_SHARE:
        return "ignore"
    return "category"


def _is_text(values: pd.Series[Any]) -> bool:
    """Whether a non-numeric column holds strings (as opposed to, say, Decimal objects)."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return True
    present = values.dropna()
    return present.empty or any(isinstance(value, str) for value in present)


def text(values: pd.Series[Any]) -> pd.Series[Any]:
    """Values as text, missing and blank as NA; whole floats lose their ``.0``.

    The same category must not change its name because a missing value turned the integers of its
    column into floats.

    Examples
    --------
    >>> list(text(pd.Series([3.0, 4.5, None])).fillna("-"))
    ['3', '4.5', '-']
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        levels = text(pd.Series(values.cat.categories))
        return pd.Series(
            levels.to_numpy()[values.cat.codes] if len(levels) else None, values.index, dtype=object
        ).where(values.cat.codes >= 0)
    missing = values.isna()
    if pd.api.types.is_float_dtype(values.dtype):
        numbers = values.to_numpy(np.float64, na_value=np.nan)
        whole = np.isfinite(numbers) & (numbers == np.round(numbers)) & (abs(numbers) < 2**53)
        integers = np.where(whole, numbers, 0).astype(np.int64)
        spelled = np.where(whole, integers.astype(str), numbers.astype(str))
        return pd.Series(spelled, values.index, dtype=object).where(~missing)
    if pd.api.types.infer_dtype(values, skipna=True) != "string":
        words = values.astype(object).map(_word, na_action="ignore")
        return words.where(~missing & (words != ""))
    # Strings repeat: clean each distinct one once. (Other objects may not be merged by equality,
    # for 1 == True.)
    places, distinct = pd.factorize(values)
    clean = np.array([_word(level) or None for level in distinct] + [None], dtype=object)
    return pd.Series(clean[places], values.index, dtype=object)


def _word(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def read(schema: Schema, frame: pd.DataFrame) -> tuple[Table, Unusual]:
    """Read a frame as `schema` says.

    Columns may come in any order and others are passed over. A category that training has not
    seen is read as no evidence and counted.

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
    >>> schema = infer(pd.DataFrame({"debt": [1.0, 2.0], "plan": ["A", "B"]}))
    >>> table, unusual = read(schema, pd.DataFrame({"plan": ["B", "C"], "debt": ["7", None]}))
    >>> table.numbers.ravel(), table.codes.ravel(), unusual.unknown_levels
    (array([ 7., nan]), array([ 1, -1], dtype=int32), {'plan': 1})
    """
    names = check_names(frame)
    values = dict(zip(names, (column for _, column in frame.items()), strict=True))
    if absent := [c.name for c in schema.used if c.name not in values]:
        raise DataError(
            f"the table lacks {len(absent)} of {len(schema.used)} columns: {listed(absent)}; "
            f"it has {listed(names)}"
        )
    unusual = Unusual()
    numbers = [c for c in schema.used if c.kind != "category"]
    categories = [c for c in schema.used if c.kind == "category"]
    number_matrix = np.empty((len(frame), len(numbers)), np.float64)
    code_matrix = np.empty((len(frame), len(categories)), np.int32)
    for j, column in enumerate(numbers):
        with _told(f"column {column.name!r} ({column.kind}) cannot be read"):
            number_matrix[:, j] = _read_number(column, values[column.name])
    for j, column in enumerate(categories):
        with _told(f"column {column.name!r} ({column.kind}) cannot be read"):
            codes, unknown = _read_codes(column, values[column.name])
        code_matrix[:, j] = codes
        if unknown:
            unusual.unknown_levels[column.name] = unknown
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
    """Which rows :func:`read` refuses, and why; for use when it did.

    Parameters
    ----------
    schema : Schema
    frame : DataFrame of shape (n, any)
        Has the columns of the schema.

    Returns
    -------
    reasons : dict of position of the row → every column and value at fault, in words

    Raises
    ------
    DataError
        If a whole column is of another kind than the schema says.

    Examples
    --------
    >>> schema = infer(pd.DataFrame({"debt": [1.0, 2.0]}))
    >>> unreadable(schema, pd.DataFrame({"debt": ["7", "much"]}))
    {1: "column 'debt' (number): 'much' is not a number; leave it empty if it is unknown"}
    """
    place = {name: i for i, name in enumerate(check_names(frame))}
    found: dict[int, list[str]] = {}

    def note(column: Column, values: pd.Series[Any], bad: Mask, what: str) -> None:
        for row in np.flatnonzero(np.asarray(bad)):
            why = f"column {column.name!r} ({column.kind}): {_shown(values.iloc[row])} {what}"
            found.setdefault(int(row), []).append(why)

    for column in schema.used:
        if column.kind != "category":
            _read_number(column, frame.iloc[:, place[column.name]], refuse=note)
    return {row: "; ".join(reasons) for row, reasons in sorted(found.items())}


def _read_number(
    column: Column, values: pd.Series[Any], refuse: Refuse | None = None
) -> npt.NDArray[np.float64]:
    refuse = refuse or _refuse
    if column.kind == "date":
        return _read_date(column, values, refuse)
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "biuf":
        numbers = values.to_numpy().astype(np.float64)
    elif pd.api.types.is_datetime64_any_dtype(values.dtype):
        raise DataError(f"column {column.name!r} has to hold numbers, it holds dates")
    elif pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        if pd.api.types.is_complex_dtype(values.dtype):
            raise DataError(f"Complex data not supported: column {column.name!r}")
        numbers = values.to_numpy(np.float64, na_value=np.nan)
    else:
        places, distinct = _distinct(values)
        words = pd.Series(distinct, dtype=object)
        words = words.where(~words.isin(["True", "False"]), words == "True")
        parsed = pd.to_numeric(words, errors="coerce")
        what = "is not a number; leave it empty if it is unknown"
        refuse(column, values, _of_rows(parsed.isna() & words.notna(), places, False), what)
        numbers = _of_rows(parsed.to_numpy(np.float64, na_value=np.nan), places, np.nan)
    refuse(column, values, np.isinf(numbers), "is infinite; leave it empty if it is unknown")
    return np.asarray(np.clip(numbers, -LARGEST, LARGEST), np.float64)


def _read_date(column: Column, values: pd.Series[Any], refuse: Refuse) -> npt.NDArray[np.float64]:
    if isinstance(values.dtype, np.dtype) and values.dtype.kind == "M":
        since = values.to_numpy() - np.datetime64(0, "s")
        return np.asarray(since / np.timedelta64(1, "s") / DAY, np.float64)
    if pd.api.types.is_numeric_dtype(values.dtype) and values.notna().any():
        raise DataError(
            f"column {column.name!r} has to hold dates, it holds numbers; "
            "write them as 2026-08-31 or give the column the kind 'number'"
        )
    words = values if pd.api.types.is_datetime64_any_dtype(values.dtype) else _dated(text(values))
    parsed = pd.to_datetime(words, errors="coerce", format="ISO8601", utc=True)
    refuse(column, values, parsed.isna() & words.notna(), "is not a date such as 2026-08-31")
    # Text, for its unit is coarse enough for contracts that end in 9999.
    seconds = (parsed - pd.Timestamp("1970-01-01", tz="UTC")).dt.total_seconds()
    return np.asarray(seconds.to_numpy(np.float64, na_value=np.nan) / DAY, np.float64)


def _dated(words: pd.Series[Any]) -> pd.Series[Any]:
    """Text without what pandas would take for a year: -1, 5, 12345."""
    return words.where(words.isna() | words.astype(str).str.match(STARTS_AS_DATE), "no date")


def _read_codes(column: Column, values: pd.Series[Any]) -> tuple[npt.NDArray[np.int32], int]:
    places, words = _distinct(values)
    found = np.array([column.code_of.get(word, -1) if word else -1 for word in words], np.int32)
    unknown = np.array([bool(word) and word not in column.code_of for word in words], bool)
    return _of_rows(found, places, -1), int(_of_rows(unknown, places, False).sum())


def _distinct(values: pd.Series[Any]) -> tuple[npt.NDArray[np.intp], list[str | None]]:
    """Place of every value among the distinct ones, -1 where missing, and these as :func:`text`.

    Values repeat, so what has to be done with their text is done once for each.
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        return np.asarray(values.cat.codes, np.intp), _words(values.cat.categories)
    if values.dtype == object and pd.api.types.infer_dtype(values) not in ("string", "boolean"):
        values = text(values)  # objects of several types may not be merged by equality: 1 == True
    places, distinct = pd.factorize(values)
    return np.asarray(places, np.intp), _words(distinct)


def _words(distinct: Any) -> list[str | None]:
    """Distinct values as :func:`text`, missing and blank as None."""
    found = list(distinct)
    if not all(type(value) is str for value in found):
        words = text(pd.Series(distinct))
        found = words.where(words.notna(), "").tolist()
    return [word.strip() or None for word in found]


def _of_rows(
    of_distinct: npt.ArrayLike, places: npt.NDArray[np.intp], missing: object
) -> npt.NDArray[Any]:
    """What each row's distinct value has, and `missing` where there is none."""
    of_distinct = np.asarray(of_distinct)
    return np.append(of_distinct, np.array(missing, of_distinct.dtype))[places]


def _refuse(column: Column, values: pd.Series[Any], bad: Mask, what: str) -> None:
    rows = np.flatnonzero(np.asarray(bad))
    if len(rows):
        value, row = values.iloc[rows[0]], values.index[rows[0]]
        raise DataError(
            f"column {column.name!r} ({column.kind}), row {row}: {_shown(value)} {what} "
            f"({len(rows)} such {'row' if len(rows) == 1 else 'rows'})"
        )


def _shown(value: object) -> str:
    return repr(value.item() if isinstance(value, np.generic) else value)
