"""The schema of a model's input columns, and the arrays that a frame is read into.

:func:`infer` derives the schema from the training frame: name, kind and levels of every column.
:func:`dbnchurn.tables.reading.read` applies it and returns a :class:`Table`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from dbnchurn.core.errors import ArtifactError, DataError, did_you_mean, listed
from dbnchurn.core.typing import Floats, Ints32, Rows

Kind = Literal["number", "flag", "category", "date", "ignore"]
KINDS: tuple[str, ...] = get_args(Kind)

# A text column is an identifier if this share of its values, of this many, occurs only once.
IDENTIFIER_SHARE = 0.5
IDENTIFIER_LEVELS = 1_000
# Text is a number column with mistakes in it if this share of its distinct values are numbers.
NUMERIC_SHARE = 0.9


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
        """Refuse a column that :func:`infer` cannot have returned.

        Raises
        ------
        ArtifactError
            If the kind is unknown, a level is repeated, or a column that is no category has levels.
        """
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
        """Level → its position in `levels`, which is its code."""
        return {level: code for code, level in enumerate(self.levels)}


@dataclass(frozen=True)
class Schema:
    """The columns that a model expects, in the order of the training frame.

    Parameters
    ----------
    columns : tuple of Column

    Examples
    --------
    >>> schema = Schema((Column("debt", "number"), Column("note", "ignore")))
    >>> [column.name for column in schema.used]
    ['debt']
    """

    columns: tuple[Column, ...]

    @property
    def used(self) -> tuple[Column, ...]:
        """The columns that are not ignored."""
        return tuple(column for column in self.columns if column.kind != "ignore")

    def audit(self) -> None:
        """Refuse names that are empty or repeated.

        Raises
        ------
        ArtifactError
            If a name is empty or repeated.
        """
        names = Counter(column.name for column in self.columns)
        if repeated := [name for name, count in names.items() if count > 1]:
            raise ArtifactError(f"schema: repeated columns {listed(repeated)}")
        if "" in names:
            raise ArtifactError("schema: a column has an empty name")


@dataclass(frozen=True, eq=False)
class Table:
    """Customers as two matrices, numbers and category codes: the input of every stage.

    Parameters
    ----------
    numbers : float64 array of shape (n, p)
        Numbers, flags (0, 1) and dates (days since 1970); NaN where missing.
    codes : int32 array of shape (n, q)
        Position of every category in its levels; -1 where missing or never seen.
    number_names, code_names : tuples of str
    sizes : tuple of q integers
        Number of levels of every category.

    Examples
    --------
    >>> debt, plan = np.array([[1.5], [np.nan]]), np.array([[0], [-1]], np.int32)
    >>> table = Table(debt, plan, ("debt",), ("plan",), (3,))
    >>> len(table), table.take(np.array([1])).codes.tolist()
    (2, [[-1]])
    """

    numbers: Floats
    codes: Ints32
    number_names: tuple[str, ...]
    code_names: tuple[str, ...]
    sizes: tuple[int, ...]

    @classmethod
    def empty(cls, schema: Schema, rows: int) -> Table:
        """A table with the columns of a schema in which every value is missing.

        Parameters
        ----------
        schema : Schema
        rows : int
            Number of rows.

        Returns
        -------
        Table of `rows` rows

        Examples
        --------
        >>> schema = Schema((Column("plan", "category", ("A", "B")), Column("debt", "number")))
        >>> table = Table.empty(schema, 1)
        >>> table.number_names, table.code_names, table.sizes, table.numbers, table.codes
        (('debt',), ('plan',), (2,), array([[nan]]), array([[-1]], dtype=int32))
        """
        numbers = [column for column in schema.used if column.kind != "category"]
        categories = [column for column in schema.used if column.kind == "category"]
        return cls(
            np.full((rows, len(numbers)), np.nan),
            np.full((rows, len(categories)), -1, np.int32),
            tuple(column.name for column in numbers),
            tuple(column.name for column in categories),
            tuple(len(column.levels) for column in categories),
        )

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: Rows) -> Table:
        """A copy of the rows with these row numbers, in their order."""
        return replace(self, numbers=self.numbers[rows], codes=self.codes[rows])


def stacked(first: Table, second: Table) -> Table:
    """The rows of two tables with the same columns, one below the other.

    Parameters
    ----------
    first, second : Table of n and m rows

    Returns
    -------
    Table of n + m rows
    """
    return replace(
        first,
        numbers=np.vstack([first.numbers, second.numbers]),
        codes=np.vstack([first.codes, second.codes]),
    )


def infer(frame: pd.DataFrame, kinds: Mapping[str, str] | None = None) -> Schema:
    """Infer the schema of a training frame.

    Parameters
    ----------
    frame : DataFrame of shape (n, columns)
    kinds : mapping of column → kind, optional
        Overrides what would be inferred. Inferred are: numbers, and text with more than 20
        distinct values of which nearly all are numbers → ``number`` (so that
        :func:`~dbnchurn.tables.reading.read` names the others); booleans → ``flag``; dates →
        ``date``; other text → ``category``, or ``ignore`` where it looks like an identifier (over
        1,000 levels, over half of them met once).

    Returns
    -------
    Schema
        One column for every column of the frame, in its order.

    Raises
    ------
    DataError
        If a name is empty, repeated or not in the frame, a kind is unknown, or nothing is left to
        use.

    Examples
    --------
    >>> frame = pd.DataFrame({"debt": [1.5, None], "plan": ["A", "B"], "tv": [True, False]})
    >>> [column.kind for column in infer(frame).columns]
    ['number', 'category', 'flag']
    """
    kinds = dict(kinds or {})
    names = check_names(frame)
    if "" in names:
        place = names.index("") + 1
        raise DataError(f"column {place} of {len(names)} has an empty name; give it one or drop it")
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
    """Column names as text.

    Raises
    ------
    DataError
        If a name is repeated.
    """
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
