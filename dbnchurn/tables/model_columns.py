"""The columns of a table as a model reads them: what checks, reports and segments look at.

Whether a column is a number, a flag, a category or a date is decided by its schema and never by the
type of its values: a date may come as text, as a whole number or as an object of Python.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dbnchurn.core.errors import DataError
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Bools, Floats, Ints32, Rows
from dbnchurn.tables.kinds import IDENTIFIER, NO_VALUE, SPANS, infer, is_nested
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Column, Schema, check_names, text
from dbnchurn.tables.text_decision import days_as_dates

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LazyModule("pandas")

FIRST_ROWS = 1_000


@dataclass(frozen=True, eq=False)
class ModelColumn:
    """One column as a model reads it.

    Parameters
    ----------
    name : str
    kind : {"number", "flag", "category", "date", "ignore"}
    numbers : float64 array of shape (n,)
        Numbers, flags (0, 1), dates (days since 1970); NaN where missing. Empty for a category.
    codes : int32 array of shape (n,)
        Position of the values of a category in its levels, -1 where missing; so are the values of
        an ignored column. Empty for the others.
    levels : tuple of str, default ()
    is_span : bool, default False
        Whether the numbers are spans of time, in days.
    """

    name: str
    kind: str
    numbers: Floats
    codes: Ints32
    levels: tuple[str, ...] = ()
    is_span: bool = False

    def __len__(self) -> int:
        return max(len(self.numbers), len(self.codes))

    @property
    def has_levels(self) -> bool:
        """Whether its values are codes of levels."""
        return self.kind in ("category", "ignore")

    @property
    def missing(self) -> Bools:
        """Rows without a value, shape (n,)."""
        return np.asarray(self.codes < 0 if self.has_levels else np.isnan(self.numbers))

    def take(self, rows: Rows | slice) -> ModelColumn:
        """The given rows."""
        if self.has_levels:
            return replace(self, codes=self.codes[rows])
        return replace(self, numbers=self.numbers[rows])

    def words(self) -> pd.Series[Any]:
        """Every value as people write it, None where missing."""
        if self.has_levels:
            names = np.array([*self.levels, None], object)
            return pd.Series(names[self.codes], dtype=object)
        if self.kind == "date":
            days = days_as_dates(self.numbers).dt.strftime("%Y-%m-%d").astype(object)
            known: pd.Series[Any] = days.where(~self.missing, None)
            return known
        if self.kind == "flag":
            flags = np.full(len(self.numbers), None, object)
            flags[self.numbers == 0], flags[self.numbers == 1] = "no", "yes"
            return pd.Series(flags, dtype=object)
        return text(pd.Series(self.numbers))


@dataclass(frozen=True, eq=False)
class ModelColumns:
    """The columns of a table with the schema by which a model reads them.

    Columns are read when they are asked for.

    Parameters
    ----------
    schema : Schema
    frame : DataFrame of shape (n, columns)
        Has the columns of the schema.

    Examples
    --------
    >>> columns = ModelColumns.of(pd.DataFrame({"since": ["31.08.2026", None], "debt": [1, 2]}))
    >>> columns["since"].kind, columns["since"].words().tolist(), columns["debt"].kind
    ('date', ['2026-08-31', None], 'number')
    """

    schema: Schema
    frame: pd.DataFrame

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        kinds: Mapping[str, str] | None = None,
        formats: Mapping[str, str] | None = None,
        *,
        train: Rows | None = None,
    ) -> ModelColumns:
        """The columns of a frame, their kinds as :func:`dbnchurn.tables.kinds.infer` finds them.

        Parameters
        ----------
        frame : DataFrame of shape (n, columns)
        kinds : mapping of column → kind, optional
            Kinds that are not to be found out.
        formats : mapping of column → format, optional
        train : int array, optional
            Row numbers of the training rows, which decide; by default all do.

        Returns
        -------
        ModelColumns

        Raises
        ------
        DataError
            If columns can be read in two ways, or none is left to use.
        """
        frame = frame.set_axis(check_names(frame), axis=1)
        return cls(infer(frame if train is None else frame.iloc[train], kinds, formats), frame)

    def without_empty(self, told: Collection[str] = ()) -> ModelColumns:
        """The same, with columns that hold no value ignored, so that a later table may lack them.

        Parameters
        ----------
        told : collection of str, default ()
            Columns of which the kind is told; they stay as they are.

        Returns
        -------
        ModelColumns
            Unchanged where no column would be left.

        Examples
        --------
        >>> columns = ModelColumns.of(pd.DataFrame({"fax": [None, None], "debt": [1, 2]}))
        >>> [column.name for column in columns.without_empty().schema.used]
        ['debt']
        """
        some = self.take(slice(FIRST_ROWS))  # tell nearly every column that holds something
        empty = {
            column.name
            for column in self.schema.used
            if column.name not in told
            and not column.levels
            and all(columns._read(column).missing.all() for columns in (some, self))
        }
        if len(empty) == len(self.schema.used):
            return self
        kept = tuple(
            Column(column.name, "ignore", note=NO_VALUE) if column.name in empty else column
            for column in self.schema.columns
        )
        return replace(self, schema=Schema(kept))

    def __len__(self) -> int:
        return len(self.frame)

    def __iter__(self) -> Iterator[ModelColumn]:
        """The columns that a model learns from."""
        return (self._read(column) for column in self.schema.used)

    def __getitem__(self, name: str) -> ModelColumn:
        return self._read(next(c for c in self.schema.columns if c.name == name))

    def take(self, rows: Rows | slice) -> ModelColumns:
        """The given rows, by the same schema."""
        return replace(self, frame=self.frame.iloc[rows])

    @property
    def identifiers(self) -> Iterator[ModelColumn]:
        """Columns that are ignored because they look like identifiers."""
        return (
            self._read(column)
            for column in self.schema.columns
            if column.kind == "ignore" and column.note.startswith(IDENTIFIER)
        )

    def _read(self, column: Column) -> ModelColumn:
        values = self.frame[column.name]
        if column.kind == "ignore":
            return _ignored(column, values)
        table, _ = read(Schema((column,)), values.to_frame())
        span = column.note.startswith(SPANS) or column.format == "duration"
        if column.kind == "category":
            empty = np.empty(0, np.float64)
            return ModelColumn(column.name, "category", empty, table.codes[:, 0], column.levels)
        codes = np.empty(0, np.int32)
        return ModelColumn(column.name, column.kind, table.numbers[:, 0], codes, is_span=span)


def _ignored(column: Column, values: pd.Series[Any]) -> ModelColumn:
    """An ignored column, its values as levels; nested values as text."""
    words = values.astype(str).where(values.notna()) if is_nested(values) else text(values)
    places, levels = pd.factorize(words)
    names = tuple(str(level) for level in levels)
    empty = np.empty(0, np.float64)
    return ModelColumn(column.name, "ignore", empty, places.astype(np.int32), names)


def side_column(values: pd.Series[Any], formats: Mapping[str, str]) -> ModelColumn:
    """A column that no model learns from, as one would read it; text if that is in doubt.

    Parameters
    ----------
    values : Series of length n
    formats : mapping of column → format
        How numbers and dates are written, where that is known.

    Returns
    -------
    ModelColumn
    """
    name = str(values.name)
    frame, own = values.to_frame(name), {name: formats[name]} if name in formats else {}
    try:
        return ModelColumns.of(frame, formats=own)[name]
    except DataError:
        return _ignored(Column(name, "ignore"), values)
