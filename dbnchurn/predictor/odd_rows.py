"""Rows whose columns do not belong together: what is written of each, and counts to sum up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.features.plausibility_record import ODD, PlausibilityRecord

SEPARATOR = "; "
MANY = 3.0  # times the expected number of odd rows
FEWEST = 5  # odd rows, below which chance explains a multiple
SHOWN = 5  # columns


@dataclass(frozen=True)
class OddRows:
    """How many rows are odder than 1 in 1,000 customers; those of several tables add up.

    Parameters
    ----------
    rows : int
        Number of rows that were looked at.
    odd : int
        Rows as odd as one customer in 1,000, or odder.
    columns : dict of column → odd rows of which it is named

    Examples
    --------
    >>> found = OddRows(1000, 1, {"debt": 1}) + OddRows(1000, 40, {"debt": 39, "age": 2})
    >>> found.expected, found.many
    (2.0, True)
    >>> found.line()
    '41 of 2000 rows are odder than 1 in 1,000 customers of the training, 2 are expected; columns \
named most often: debt (40), age (2)'
    """

    rows: int = 0
    odd: int = 0
    columns: dict[str, int] = field(default_factory=dict)

    def __add__(self, other: OddRows) -> OddRows:
        columns = Counter(self.columns) + Counter(other.columns)
        return OddRows(self.rows + other.rows, self.odd + other.odd, dict(columns))

    @property
    def expected(self) -> float:
        """Odd rows among so many customers like those of the training."""
        return self.rows / ODD

    @property
    def many(self) -> bool:
        """Whether there are at least three times the expected odd rows, and at least five."""
        return self.odd >= max(FEWEST, MANY * self.expected)

    @property
    def most_named(self) -> list[tuple[str, int]]:
        """Columns with the number of odd rows that name them, the largest first."""
        return sorted(self.columns.items(), key=lambda item: (-item[1], item[0]))

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "rows": self.rows,
            "odder_than_1_in_1000": self.odd,
            "expected": self.expected,
            "many": self.many,
            "columns": dict(self.most_named),
        }

    def line(self) -> str:
        """One sentence."""
        named = ", ".join(f"{name} ({rows})" for name, rows in self.most_named[:SHOWN])
        return (
            f"{self.odd} of {self.rows} rows are odder than 1 in 1,000 customers of the training, "
            f"{self.expected:.3g} are expected"
            + (f"; columns named most often: {named}" if named else "")
        )


def count_odd(names: Sequence[str], rarity: Floats, columns: Ints) -> OddRows:
    """Count odd rows, and the columns that are named of them.

    Parameters
    ----------
    names : sequence of str
        Of the columns: numbers, then categories.
    rarity : float64 array of shape (n,)
    columns : int64 array of shape (n, k)
        Both as :func:`~dbnchurn.features.plausibility_record.examine_rows` gives them.

    Returns
    -------
    OddRows
    """
    odd = rarity >= ODD
    named = columns[odd]
    counts = np.bincount(named[named >= 0], minlength=len(names))
    by_name = {name: int(rows) for name, rows in zip(names, counts, strict=True) if rows}
    return OddRows(len(rarity), int(odd.sum()), by_name)


def column_texts(names: Sequence[str], columns: Ints) -> npt.NDArray[np.object_]:
    """The named columns of every row as one text; None where there are none.

    Parameters
    ----------
    names : sequence of str
    columns : int64 array of shape (n, k)
        Positions in `names`, or -1.

    Returns
    -------
    object array of shape (n,)

    Examples
    --------
    >>> list(column_texts(["debt", "age"], np.array([[1, 0], [-1, -1]])))
    ['age; debt', None]
    """
    out = np.full(len(columns), None, object)
    for row in np.flatnonzero((columns >= 0).any(axis=1)):
        out[row] = SEPARATOR.join(names[j] for j in columns[row] if j >= 0)
    return out


def machine_of(record: PlausibilityRecord | None) -> PlausibilityRecord:
    """The machine of a model.

    Raises
    ------
    ConfigError
        If the model has none.
    """
    if record is None:
        raise ConfigError(
            "the model holds no machine that measures how plausible rows are: train it again with "
            "classifier.use_plausibility=true (in Python ChurnClassifier(use_plausibility=True))"
        )
    return record
