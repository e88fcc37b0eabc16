"""What scoring gives besides probabilities: risk tiers, counts, and what was unusual."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.predictor.odd_rows import OddRows
from dbnchurn.predictor.reference import Distribution, Reference
from dbnchurn.predictor.rescaled import FEWEST_VALUES, factor_of
from dbnchurn.predictor.swapped import swapped_columns
from dbnchurn.tables.reading import Unusual
from dbnchurn.tables.schema import Table

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LazyModule("pandas")

TIERS = ("low", "medium", "high", "very high")
RISK_ODDS = (1.0, 2.0, 5.0)
"""Multiples of the average customer's odds of leaving at which the tiers after the first begin."""

# A share of missing values is reported when it changed by both of these at least.
NOTABLE_CHANGE = 0.05
STANDARD_ERRORS = 4.0
MOSTLY = 0.5  # share of the values that are there
FILLED = 0.95  # share of the values that are there from which on zeros took the place of others


@dataclass(frozen=True)
class Oddities:
    """Counts of scored rows that differ from the training rows; those of several tables add up.

    Parameters
    ----------
    rows : int
        Number of scored rows.
    unknown_levels : dict of column → rows with a category that training did not have
    out_of_range : dict of column → rows with a number outside the range of training
    missing : dict of column → rows without a value, for every column
    trained_missing : dict of column → share of the training rows without a value
        Empty, as `out_of_range` is, for models without a reference.
    rescaled : dict of column → factor → rows
        Rows of tables whose numbers are those of training if they are multiplied by the factor.
    swapped : dict of column → other column → rows
        Rows of tables in which the column holds what the other one held in training.
    far_outside : dict of column → rows with a number that no passing of time explains
        See :meth:`~dbnchurn.predictor.reference.Distribution.far_outside`.
    zeros : dict of column → rows with a zero, where most values of training were others
        See :meth:`~dbnchurn.predictor.reference.Distribution.zeros`.
    lost_zeros : dict of column → rows with a code that training had with zeros before it
        They are among the unknown levels too.

    Examples
    --------
    >>> first = Oddities(2, {"plan": 1}, {}, {"plan": 0})
    >>> (first + Oddities(3, {"plan": 2}, {}, {"plan": 1})).unknown_levels
    {'plan': 3}
    """

    rows: int = 0
    unknown_levels: dict[str, int] = field(default_factory=dict)
    out_of_range: dict[str, int] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    trained_missing: dict[str, float] = field(default_factory=dict)
    rescaled: dict[str, dict[str, int]] = field(default_factory=dict)
    swapped: dict[str, dict[str, int]] = field(default_factory=dict)
    far_outside: dict[str, int] = field(default_factory=dict)
    zeros: dict[str, int] = field(default_factory=dict)
    lost_zeros: dict[str, int] = field(default_factory=dict)

    def __add__(self, other: Oddities) -> Oddities:
        return Oddities(
            self.rows + other.rows,
            dict(Counter(self.unknown_levels) + Counter(other.unknown_levels)),
            dict(Counter(self.out_of_range) + Counter(other.out_of_range)),
            {
                name: self.missing.get(name, 0) + other.missing.get(name, 0)
                for name in self.missing | other.missing
            },
            self.trained_missing | other.trained_missing,
            _summed(self.rescaled, other.rescaled),
            _summed(self.swapped, other.swapped),
            dict(Counter(self.far_outside) + Counter(other.far_outside)),
            dict(Counter(self.zeros) + Counter(other.zeros)),
            dict(Counter(self.lost_zeros) + Counter(other.lost_zeros)),
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON, with the shares of missing values here and in training."""
        shares = {name: rows / max(self.rows, 1) for name, rows in self.missing.items()}
        return {
            "rows": self.rows,
            "unknown_levels": dict(self.unknown_levels),
            "out_of_range": dict(self.out_of_range),
            "rescaled": {name: dict(rows) for name, rows in self.rescaled.items()},
            "swapped": {name: dict(rows) for name, rows in self.swapped.items()},
            "far_outside": dict(self.far_outside),
            "zeros": dict(self.zeros),
            "lost_zeros": dict(self.lost_zeros),
            "missing": {
                name: {"share": share, "in_training": self.trained_missing.get(name)}
                for name, share in shares.items()
                if share > 0 or self.trained_missing.get(name, 0) > 0
            },
        }

    @property
    def mostly_far(self) -> dict[str, int]:
        """The columns of which more than half of at least 20 values are far outside."""
        counted = self._of_enough(self.far_outside)
        return {name: rows for name, rows, present in counted if rows > MOSTLY * present}

    @property
    def all_zero(self) -> dict[str, int]:
        """The columns of which nearly all of at least 20 values became zero."""
        counted = self._of_enough(self.zeros)
        return {name: rows for name, rows, present in counted if rows >= FILLED * present}

    def _of_enough(self, counts: Mapping[str, int]) -> Iterator[tuple[str, int, int]]:
        """Column, its count, and its rows with a value, where these are at least 20."""
        for name, rows in counts.items():
            present = self.rows - self.missing.get(name, 0)
            if present >= FEWEST_VALUES:
                yield name, rows, present

    def lines_on_numbers(self) -> list[str]:
        """One line per column whose numbers are in another unit, of another column, or far away.

        Codes that lost the zeros before them, as where they were read as numbers, are told too.
        """
        lines = [
            f"{name}: {_rows(rows, self.rows)} with numbers {times(factor)} than in training"
            for name, factors in self.rescaled.items()
            for factor, rows in factors.items()
        ]
        lines += [
            f"{name}: {_rows(rows, self.rows)} with numbers as {other} had them in training"
            for name, others in self.swapped.items()
            for other, rows in others.items()
        ]
        lines += [
            f"{name}: {_rows(rows, self.rows)} with a zero, where most values of training were "
            "others"
            for name, rows in self.all_zero.items()
        ]
        lines += [
            f"{name}: {_rows(rows, self.rows)} with a code that lost the zeros before it; read the "
            "column as text"
            for name, rows in self.lost_zeros.items()
        ]
        return lines + [
            f"{name}: {_rows(rows, self.rows)} far outside the range of training"
            for name, rows in self.mostly_far.items()
            if name not in self.rescaled and name not in self.swapped
        ]

    def lines(self) -> list[str]:
        """One line per notable finding; none where nothing is notable.

        Unknown levels and numbers out of range are always notable; a share of missing values is
        where it differs from training by at least 5 points and four standard errors.
        """
        lines = self.lines_on_numbers()
        lines += [
            f"{name}: {_rows(rows, self.rows)} with a category that no training row has"
            for name, rows in self.unknown_levels.items()
        ]
        lines += [
            f"{name}: {_rows(rows, self.rows)} outside the range of training"
            for name, rows in self.out_of_range.items()
            if name not in self.mostly_far
        ]
        for name, then in self.trained_missing.items():
            now = self.missing.get(name, 0) / max(self.rows, 1)
            by_chance = STANDARD_ERRORS * np.sqrt(then * (1 - then) / max(self.rows, 1))
            if self.rows and abs(now - then) >= max(NOTABLE_CHANGE, by_chance):
                lines.append(f"{name}: {now:.1%} missing, {then:.1%} in training")
        return lines


def _summed(
    first: Mapping[str, Mapping[str, int]], second: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, int]]:
    return {
        name: dict(Counter(first.get(name, {})) + Counter(second.get(name, {})))
        for name in {**first, **second}
    }


def times(factor: str) -> str:
    """What numbers are that have to be multiplied by a factor.

    Examples
    --------
    >>> times("100"), times("0.001")
    ('about 100 times smaller', 'about 1000 times larger')
    """
    number = float(factor)
    larger = number < 1
    return f"about {1 / number if larger else number:.0f} times {'larger' if larger else 'smaller'}"


def _rows(count: int, total: int) -> str:
    return f"{count} of {total} {'row' if total == 1 else 'rows'}"


def oddities(
    table: Table,
    values: Unusual,
    reference: Reference | None,
    dates: Collection[str] = (),
) -> Oddities:
    """Count what is unusual in a table as read.

    Parameters
    ----------
    table : Table of n rows
    values : Unusual
        What was unusual when the table was read.
    reference : Reference or None
        Distributions of the training rows.
    dates : collection of str, default ()
        The columns of numbers that are dates.

    Returns
    -------
    Oddities
    """
    unknown, bare = values.unknown_levels, dict(values.lost_zeros)
    absent = [*np.isnan(table.numbers).sum(axis=0), *(table.codes < 0).sum(axis=0)]
    names = table.number_names + table.code_names
    missing = {name: int(n) - unknown.get(name, 0) for name, n in zip(names, absent, strict=True)}
    if reference is None:
        return Oddities(len(table), dict(unknown), {}, missing, lost_zeros=bare)
    outside = {
        column.name: _outside(column, table.numbers[:, j])
        for j, column in enumerate(reference.numbers)
    }
    swapped = swapped_columns(reference, table.numbers)
    far = {
        column.name: column.far_outside(table.numbers[:, j], is_date=column.name in dates)
        for j, column in enumerate(reference.numbers)
    }
    zeros = {
        column.name: column.zeros(table.numbers[:, j])
        for j, column in enumerate(reference.numbers)
        if column.name not in dates
    }
    known = {name: int(n) for name, n in zip(names, len(table) - np.array(absent), strict=True)}
    return Oddities(
        len(table),
        dict(unknown),
        {name: rows for name, rows in outside.items() if rows},
        missing,
        {column.name: column.missing for column in reference.columns},
        _rescaled(table, reference, swapped, dates),
        {name: {other: known[name]} for name, other in swapped.items()},
        {name: rows for name, rows in far.items() if rows},
        {name: rows for name, rows in zeros.items() if rows},
        bare,
    )


def _rescaled(
    table: Table, reference: Reference, others: Collection[str], dates: Collection[str]
) -> dict[str, dict[str, int]]:
    found = {}
    for j, column in enumerate(reference.numbers):
        if column.name in others or column.name in dates:
            continue
        if (factor := factor_of(column, table.numbers[:, j])) is not None:
            rows = int((~np.isnan(table.numbers[:, j])).sum())
            found[column.name] = {f"{factor:g}": rows}
    return found


def _outside(column: Distribution, values: Floats) -> int:
    """Rows with a number outside the range of training; every number where training had none."""
    if column.missing == 1:
        return int((~np.isnan(values)).sum())
    return int(((values < column.low) | (values > column.high)).sum())


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of a table's rows, with counts to find what is unusual and to measure drift.

    Parameters
    ----------
    frame : DataFrame of n rows
        Columns ``id``, ``probability``, ``decision`` (bool: at or above the threshold), ``risk``
        (one of :data:`TIERS`) and ``model`` (version of the model); with plausibility also
        ``plausibility`` (one customer in so many is as odd) and ``odd_columns``.
    unusual : Oddities
    counts : dict of column → int64 array
        Rows in every slot of the model's :class:`~dbnchurn.predictor.reference.Reference`; those of
        the score have the key ``""``. Counts of several tables may be added. Empty for models
        without a reference.
    odd : OddRows or None
        None where plausibility was not asked for.

    Examples
    --------
    >>> from dbnchurn import ChurnClassifier
    >>> from dbnchurn.predictor import Predictor
    >>> customers = pd.DataFrame({"debt": [5.0, 80.0] * 50})
    >>> model = ChurnClassifier(use_leaves=False, use_companion=False, random_state=0)
    >>> model = model.fit(customers, ["no", "yes"] * 50)
    >>> scored = Predictor(model.record_, {}).examine(pd.DataFrame({"debt": [5.0, 500.0]}))
    >>> scored.frame.shape, scored.unusual.lines()
    ((2, 5), ['debt: 1 of 2 rows outside the range of training'])
    """

    frame: pd.DataFrame
    unusual: Oddities
    counts: dict[str, Ints]
    odd: OddRows | None = None


def default_edges(prior: float) -> tuple[float, ...]:
    """Probabilities at which a risk tier begins: 1, 2 and 5 times the average customer's odds.

    Odds rather than shares are multiplied, so that every tier can be reached at any base rate.

    Parameters
    ----------
    prior : float
        Share of leavers among the training rows.

    Returns
    -------
    tuple of three float

    Examples
    --------
    >>> [round(edge, 3) for edge in default_edges(0.04)]
    [0.04, 0.077, 0.172]
    """
    odds = prior / (1 - prior)
    return tuple(multiple * odds / (1 + multiple * odds) for multiple in RISK_ODDS)


def check_edges(edges: Iterable[float]) -> tuple[float, ...]:
    """Check that the edges of the risk tiers are three rising probabilities.

    Raises
    ------
    ConfigError
        If they are something else.
    """
    numbers = tuple(float(edge) for edge in edges)
    rising = all(a < b for a, b in pairwise(numbers))
    if len(numbers) != len(TIERS) - 1 or not rising or not all(0 < edge < 1 for edge in numbers):
        raise ConfigError(
            f"risk edges {numbers!r}: give three rising probabilities between 0 and 1, where the "
            "tiers medium, high and very high begin"
        )
    return numbers


def tiers(probability: Floats, edges: Sequence[float]) -> npt.NDArray[np.object_]:
    """The risk tier of every probability.

    Parameters
    ----------
    probability : float64 array of shape (n,)
    edges : sequence of three float
        A tier after the first begins at its edge.

    Returns
    -------
    object array of shape (n,)
        Members of :data:`TIERS`.

    Examples
    --------
    >>> list(tiers(np.array([0.01, 0.04, 0.5]), (0.04, 0.08, 0.2)))
    ['low', 'medium', 'very high']
    """
    return np.array(TIERS, object)[np.searchsorted(edges, probability, side="right")]
