"""The schema of a model's input columns, and the arrays that a frame is read into.

:func:`dbnchurn.tables.kinds.infer` derives the schema from the training frame, and
:func:`dbnchurn.tables.reading.read` applies it and returns a :class:`Table`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args
from unicodedata import normalize

import numpy as np

from dbnchurn.core.errors import ArtifactError, ConfigError, DataError, did_you_mean, listed
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Floats, Ints32, Rows
from dbnchurn.tables.column_names import refuse_alike
from dbnchurn.tables.reading_rules import form_of
from dbnchurn.tables.text_column import truth_of

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LazyModule("pandas")

Kind = Literal["number", "flag", "category", "date", "ignore"]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True)
class Column:
    """One column of the input frame.

    Parameters
    ----------
    name : str
    kind : {"number", "flag", "category", "date", "ignore"}
    levels : tuple of str, default ()
        Values of a category in the training frame, in sorted order.
    format : str, default ""
        How texts of a number or date are written, see
        :func:`dbnchurn.tables.reading_rules.form_of`; empty if the training frame had none.
    note : str, default ""
        Why the column is ignored, or how it was read where that is not plain.
    """

    name: str
    kind: str
    levels: tuple[str, ...] = ()
    format: str = ""
    note: str = ""

    def audit(self) -> None:
        """Refuse a column that :func:`dbnchurn.tables.kinds.infer` cannot have returned.

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
        if self.format and self.kind not in ("number", "date"):
            raise ArtifactError(f"schema: column {self.name!r} is a {self.kind} and has a format")
        if self.format:
            try:
                form_of(self.format)
            except ConfigError as error:
                raise ArtifactError(f"schema: column {self.name!r}: {error}") from error

    @cached_property
    def code_of(self) -> dict[str, int]:
        """Level → its position in `levels`, which is its code."""
        return {level: code for code, level in enumerate(self.levels)}

    @cached_property
    def _code_of_meaning(self) -> dict[str, int]:
        """Number or truth value → code of the only level that spells it."""
        meanings = [_meaning(level) for level in self.levels]
        counts = Counter(meanings)
        return {
            meaning: code
            for code, meaning in enumerate(meanings)
            if meaning is not None and counts[meaning] == 1
        }

    def code(self, word: str) -> int | None:
        """The code of a value as text: of the level, or of the only one that means the same.

        ``0.10`` means the same as the level ``0.1``, ``true`` the same as the level ``Yes``, and an
        ``ü`` of two characters (u and its dots) the same as one of one.

        Parameters
        ----------
        word : str
            Without blanks around it.

        Returns
        -------
        int or None
            None if no level means the same.

        Examples
        --------
        >>> column = Column("rate", "category", ("0.1", "0.25"))
        >>> column.code("0.10"), column.code("0.3")
        (0, None)
        """
        code = self.code_of.get(word)
        if code is not None:
            return code
        meaning = _meaning(word)
        return None if meaning is None else self._code_of_meaning.get(meaning)

    @cached_property
    def _bare_digits(self) -> frozenset[str]:
        """The levels of digits that begin with zeros, without these."""
        return frozenset(
            level.lstrip("0") for level in self.levels if re.fullmatch(r"0+[1-9]\d*", level)
        )

    def has_lost_zeros(self, word: str) -> bool:
        """Whether a value is no level, but would be one with zeros before it.

        Parameters
        ----------
        word : str
            Without blanks around it.

        Returns
        -------
        bool

        Examples
        --------
        >>> column = Column("zip", "category", ("01067", "80331"))
        >>> column.has_lost_zeros("1067"), column.has_lost_zeros("80331")
        (True, False)
        """
        return word in self._bare_digits and self.code(word) is None


def _meaning(word: str) -> str | None:
    """What a level says apart from its spelling: a number, yes or no, or letters with accents."""
    if re.fullmatch(r"[-+]?(0|[1-9]\d*)(\.\d*)?([eE][-+]?\d+)?", word):  # 007 is a code
        return repr(float(word) + 0.0) if len(word) < 16 else word
    truth = truth_of(word)
    if truth is not None:
        return str(truth)
    return None if word.isascii() else f"letters {normalize('NFC', word)}"


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


def check_names(frame: pd.DataFrame) -> list[str]:
    """Column names as text.

    Raises
    ------
    DataError
        If a name is repeated, or two differ only in case, blanks or the encoding of letters.
    """
    names = tuple(str(name) for name in frame.columns)
    _refuse_names(names)
    return list(names)


@lru_cache(maxsize=8)
def _refuse_names(names: tuple[str, ...]) -> None:
    """As :func:`check_names`; a table that is read in parts is looked at once."""
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise DataError(f"the table repeats the columns {listed(repeated)}; give each its own name")
    refuse_alike(names)


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
        # A float32 is spelled with its own digits: 0.1, not 0.10000000149011612.
        narrow = getattr(values.dtype, "itemsize", 8) < 8
        numbers = values.to_numpy(np.float64, na_value=np.nan)
        whole = np.isfinite(numbers) & (numbers == np.round(numbers)) & (abs(numbers) < 2**53)
        integers = np.where(whole, numbers, 0).astype(np.int64)
        decimals = numbers.astype(np.float32) if narrow else numbers
        spelled = np.where(whole, integers.astype(str), decimals.astype(str))
        return pd.Series(spelled, values.index, dtype=object).where(~missing)
    if pd.api.types.infer_dtype(values, skipna=True) != "string":
        # Of nothing but NaT a map makes dates.
        words = values.astype(object).map(_word, na_action="ignore").astype(object)
        return words.where(~missing & (words != ""))
    # Strings repeat: clean each distinct one once. (Other objects may not be merged by equality,
    # for 1 == True.)
    places, distinct = pd.factorize(values)
    clean = np.array([_word(level) or None for level in distinct] + [None], dtype=object)
    return pd.Series(clean[places], values.index, dtype=object)


def _word(value: object) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        value = float(value)
    if isinstance(value, float | np.floating):
        number = float(value)
        value = int(number) if number.is_integer() and abs(number) < 2**53 else value
    return str(value).strip()
