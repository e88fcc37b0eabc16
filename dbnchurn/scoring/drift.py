"""Drift: how far the scored customers, and their scores, are from those of the training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dbnchurn.core.typing import Ints
from dbnchurn.predictor.reference import Reference

SCORE = "score"


@dataclass(frozen=True)
class Shift:
    """How far the distribution of one column moved.

    Parameters
    ----------
    column : str
    index : float
        Population stability index; 0 where the distributions are the same.
    by_chance : float
        The index that rows of this number have on average if nothing moved.
    """

    column: str
    index: float
    by_chance: float


@dataclass(frozen=True)
class Drift:
    """How far inputs and scores moved.

    Parameters
    ----------
    score : Shift
        Compared with the scores of customers that the model was not trained on.
    columns : tuple of Shift
        Of the inputs, the largest first.
    """

    score: Shift
    columns: tuple[Shift, ...]

    def beyond(self, limit: float) -> list[Shift]:
        """Score and columns whose index is at least `limit`, the largest first."""
        moved = [shift for shift in (self.score, *self.columns) if shift.index >= limit]
        return sorted(moved, key=lambda shift: -shift.index)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "score": _indices(self.score),
            "columns": {shift.column: _indices(shift) for shift in self.columns},
        }


def _indices(shift: Shift) -> dict[str, float]:
    return {"index": shift.index, "by_chance": shift.by_chance}


def drift(reference: Reference, counts: Mapping[str, Ints]) -> Drift:
    """Measure drift by the population stability index.

    ``Σ (p - q) log(p / q)`` over deciles of the training rows, or over levels, with a slot each for
    values that no training row had and for missing ones (Siddiqi, 2006). With `n` rows and nothing
    moved, it is about ``(slots - 1) / n`` (Yurdakul and Naranjo, 2020).

    Parameters
    ----------
    reference : Reference
        Distributions of the training rows.
    counts : mapping of column → rows in every slot
        As :meth:`~dbnchurn.predictor.reference.Reference.count` gives them; they may be sums over
        chunks.

    Returns
    -------
    Drift

    Examples
    --------
    >>> import numpy as np
    >>> from dbnchurn.predictor.reference import learn_reference
    >>> from dbnchurn.tables.schema import Table
    >>> def table(x):
    ...     return Table(x, np.zeros((len(x), 0), np.int32), ("debt",), (), ())
    >>> generator = np.random.default_rng(0)
    >>> x, p = generator.normal(size=(10_000, 1)), generator.random(10_000)
    >>> reference = learn_reference(table(x), p)
    >>> drift(reference, reference.count(table(x), p)).score.index
    0.0
    >>> [s.column for s in drift(reference, reference.count(table(x + 1), p)).beyond(0.25)]
    ['debt']
    """
    shifts = []
    for column in (reference.score, *reference.columns):
        rows = counts[column.name]
        slots = int(((column.shares > 0) | (rows > 0)).sum())
        by_chance = max(slots - 1, 0) / max(int(rows.sum()), 1)
        name = SCORE if column is reference.score else column.name
        shifts.append(Shift(name, column.stability_index(rows), by_chance))
    score, *columns = shifts
    return Drift(score, tuple(sorted(columns, key=lambda shift: -shift.index)))
