"""What becomes of each persona, beside everyone: churn and value, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.core.statistics import normal_quantile, wilson
from dbnchurn.core.typing import Floats, Ints

FEWEST_VALUES = 30  # known values, below which a mean has no normal interval


@dataclass(frozen=True)
class Figure:
    """A share or a mean with its interval; None where it is not known.

    Parameters
    ----------
    value, low, high : float or None
    rows : int
        Customers it was computed of.
    """

    value: float | None
    low: float | None
    high: float | None
    rows: int


@dataclass(frozen=True)
class PersonaFigures:
    """A persona, or everyone, in figures.

    Parameters
    ----------
    name : str
    customers : int
    churn : Figure or None
        Share that left, with Wilson's interval; None without an outcome.
    value : Figure or None
        Mean value; None without such a column.
    """

    name: str
    customers: int
    churn: Figure | None
    value: Figure | None


def figures_of(
    personas: pd.Series[Any],
    names: tuple[str, ...],
    left: Ints | None,
    value: Floats | None,
    confidence: float = 0.95,
) -> list[PersonaFigures]:
    """Figures of every persona, and of everyone at the end.

    Parameters
    ----------
    personas : Series of n names
        Missing for customers of whom nothing is known; they count for everyone.
    names : tuple of str
    left : int array of shape (n,) or None
        1 for those who left, 0 for those who stayed, -1 where it is not known.
    value : float array of shape (n,) or None
        NaN where it is not known, which is never counted as 0.
    confidence : float, default 0.95

    Returns
    -------
    list of PersonaFigures

    Examples
    --------
    >>> everyone = figures_of(pd.Series(["P1", "P1"]), ("P1",), np.array([1, -1]), None)[-1]
    >>> everyone.name, everyone.customers, everyone.churn.value, everyone.churn.rows
    ('everyone', 2, 1.0, 1)
    """
    found = []
    groups = {name: np.asarray(personas == name) for name in names}
    groups["everyone"] = np.ones(len(personas), bool)
    for name, rows in groups.items():
        found.append(
            PersonaFigures(
                name,
                int(rows.sum()),
                None if left is None else _rate(left[rows], confidence),
                None if value is None else _mean(value[rows], confidence),
            )
        )
    return found


def _rate(left: Ints, confidence: float) -> Figure:
    known = left[left >= 0]
    if not len(known):
        return Figure(None, None, None, 0)
    low, high = wilson(int(known.sum()), len(known), confidence)
    return Figure(float(known.mean()), float(low), float(high), len(known))


def _mean(value: Floats, confidence: float) -> Figure:
    known = value[~np.isnan(value)]
    if len(known) < FEWEST_VALUES:
        return Figure(float(known.mean()) if len(known) else None, None, None, len(known))
    mean = float(known.mean())
    reach = normal_quantile(confidence) * float(known.std(ddof=1)) / np.sqrt(len(known))
    return Figure(mean, mean - reach, mean + reach, len(known))


def flows(before: pd.Series[Any], after: pd.Series[Any]) -> tuple[pd.DataFrame, float | None]:
    """Where customers went between two assignments, by their ids.

    Parameters
    ----------
    before, after : Series of persona names, indexed by id
        Ids are unique in each.

    Returns
    -------
    table : DataFrame
        Customers by persona before (rows) and after (columns); those in one of the two alone are
        ``new`` or ``gone``, those without a persona ``not known``.
    kept : float or None
        Share of the customers with a persona in both who kept it; None if there are none.

    Examples
    --------
    >>> table, kept = flows(pd.Series({"a": "P1", "b": "P1"}), pd.Series({"b": "P2", "c": "P1"}))
    >>> kept, int(table.loc["P1", "P2"]), int(table.loc["new", "P1"])
    (0.0, 1, 1)
    """
    both = pd.concat(
        {"before": before.fillna("not known"), "after": after.fillna("not known")}, axis=1
    )
    there = (both.fillna("not known") != "not known").all(axis=1)
    shared = both[there]
    kept = float((shared["before"] == shared["after"]).mean()) if len(shared) else None
    both = both.fillna({"before": "new", "after": "gone"})
    return pd.crosstab(both["before"], both["after"]), kept
