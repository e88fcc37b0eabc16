"""What scoring gives beside probabilities: decisions, risk tiers, and what was unusual."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.predictor.reference import Distribution, Reference
from dbnchurn.tables.schema import Table

TIERS = ("low", "medium", "high", "very high")
RISK_ODDS = (1.0, 2.0, 5.0)
"""A tier begins at these multiples of the average customer's odds of leaving."""

# A share of missing values stands out when it moved by this much, and by more than chance would.
NOTABLE_CHANGE = 0.05
STANDARD_ERRORS = 4.0


@dataclass(frozen=True)
class Oddities:
    """What the scored rows had that training had not; those of several tables may be added.

    Parameters
    ----------
    rows : int
    unknown_levels : dict of column → rows with a category that training never saw
    out_of_range : dict of column → rows with a number outside the range of training
    missing : dict of column → rows without a value, for every column
    trained_missing : dict of column → share of the training rows without a value
        Empty, as `out_of_range` is, for models that do not know their training's distributions.

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
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON: shares of missing values stand beside those of training."""
        shares = {name: rows / max(self.rows, 1) for name, rows in self.missing.items()}
        return {
            "rows": self.rows,
            "unknown_levels": dict(self.unknown_levels),
            "out_of_range": dict(self.out_of_range),
            "missing": {
                name: {"share": share, "in_training": self.trained_missing.get(name)}
                for name, share in shares.items()
                if share > 0 or self.trained_missing.get(name, 0) > 0
            },
        }

    def lines(self) -> list[str]:
        """What stands out, a sentence for each finding; empty where nothing does.

        Every unknown level and every number out of range is told; a share of missing values where
        it differs from training by 5 points or more and by more than four standard errors.
        """
        found = [
            f"{name}: {_rows(rows, self.rows)} with a category that training never saw"
            for name, rows in self.unknown_levels.items()
        ]
        found += [
            f"{name}: {_rows(rows, self.rows)} outside the range of training"
            for name, rows in self.out_of_range.items()
        ]
        for name, then in self.trained_missing.items():
            now = self.missing.get(name, 0) / max(self.rows, 1)
            by_chance = STANDARD_ERRORS * np.sqrt(then * (1 - then) / max(self.rows, 1))
            if self.rows and abs(now - then) >= max(NOTABLE_CHANGE, by_chance):
                found.append(f"{name}: {now:.1%} missing, {then:.1%} in training")
        return found


def _rows(count: int, total: int) -> str:
    return f"{count} of {total} {'row' if total == 1 else 'rows'}"


def oddities(table: Table, unknown: Mapping[str, int], reference: Reference | None) -> Oddities:
    """Count what is unusual in a table as read.

    Parameters
    ----------
    table : Table of n rows
    unknown : mapping of column → rows with a level that training never saw
    reference : Reference or None
        What training looked like.
    """
    gone = [*np.isnan(table.numbers).sum(axis=0), *(table.codes < 0).sum(axis=0)]
    names = table.number_names + table.code_names
    missing = {name: int(n) - unknown.get(name, 0) for name, n in zip(names, gone, strict=True)}
    if reference is None:
        return Oddities(len(table), dict(unknown), {}, missing)
    outside = {
        column.name: _outside(column, table.numbers[:, j])
        for j, column in enumerate(reference.numbers)
    }
    return Oddities(
        len(table),
        dict(unknown),
        {name: rows for name, rows in outside.items() if rows},
        missing,
        {column.name: column.missing for column in reference.columns},
    )


def _outside(column: Distribution, values: Floats) -> int:
    """Rows with a number outside the range; any number is, where training had none."""
    if column.missing == 1:
        return int((~np.isnan(values)).sum())
    return int(((values < column.low) | (values > column.high)).sum())


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of a table's rows and what is worth knowing about them.

    Parameters
    ----------
    frame : DataFrame of n rows
        Columns ``id``, ``probability``, ``decision`` (bool: at or above the threshold), ``risk``
        (one of :data:`TIERS`) and ``model`` (version of the model).
    unusual : Oddities
    counts : dict of column → int64 array
        Rows in every slot of the model's :class:`~dbnchurn.predictor.reference.Reference`, the
        score's under its own name; counts of several tables may be added. Empty for models
        without a reference.
    """

    frame: pd.DataFrame
    unusual: Oddities
    counts: dict[str, Ints]


def default_edges(prior: float) -> tuple[float, ...]:
    """Probabilities at which a risk tier begins: 1, 2 and 5 times the average customer's odds.

    Odds rather than shares are multiplied, so that every tier can be reached at any base rate.

    Parameters
    ----------
    prior : float
        Share of leavers among the customers that the model learned from.

    Examples
    --------
    >>> [round(edge, 3) for edge in default_edges(0.04)]
    [0.04, 0.077, 0.172]
    """
    odds = prior / (1 - prior)
    return tuple(multiple * odds / (1 + multiple * odds) for multiple in RISK_ODDS)


def check_edges(edges: Iterable[float]) -> tuple[float, ...]:
    """Three rising probabilities.

    Raises
    ------
    ConfigError
        If they are something else.
    """
    found = tuple(float(edge) for edge in edges)
    rising = all(a < b for a, b in pairwise(found))
    if len(found) != len(TIERS) - 1 or not rising or not all(0 < edge < 1 for edge in found):
        raise ConfigError(
            f"risk edges {found!r}: give three rising probabilities between 0 and 1, where the "
            "tiers medium, high and very high begin"
        )
    return found


def tiers(probability: Floats, edges: Sequence[float]) -> npt.NDArray[np.object_]:
    """The risk tier of every probability; a tier begins at its edge.

    Examples
    --------
    >>> list(tiers(np.array([0.01, 0.04, 0.5]), (0.04, 0.08, 0.2)))
    ['low', 'medium', 'very high']
    """
    return np.array(TIERS, object)[np.searchsorted(edges, probability, side="right")]
