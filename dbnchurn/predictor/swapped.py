"""Columns of numbers that changed places with others since training: each holds what another held.

Their values lie in plausible ranges, so that nothing else gives them away.
"""

from __future__ import annotations

import numpy as np

from dbnchurn.core.typing import Floats
from dbnchurn.predictor.reference import ABSENT, Reference
from dbnchurn.predictor.rescaled import (
    FEWEST_BINS,
    FEWEST_VALUES,
    LOOKED_AT,
    distance,
    fitting_distance,
)

CLOSER = 0.25  # by so much the values have to be closer to those of the other column


def swapped_columns(reference: Reference, numbers: Floats) -> dict[str, str]:
    """Column → the column whose values of training it holds now, where columns changed places.

    Only closed circles count: every column of it holds the values of the next one. Where usage
    doubles, the minutes of a month may look like those of two, but not the other way round.

    Parameters
    ----------
    reference : Reference
        Distributions of the training rows.
    numbers : float64 array of shape (n, columns)
        In the order of ``reference.numbers``; NaN is missing.

    Returns
    -------
    dict of column → column

    Examples
    --------
    >>> from dbnchurn.predictor.reference import learn_reference
    >>> from dbnchurn.tables.schema import Table
    >>> generator = np.random.default_rng(0)
    >>> trained = np.column_stack([generator.uniform(1, 72, 900), generator.uniform(18, 118, 900)])
    >>> table = Table(trained, np.zeros((900, 0), np.int32), ("months", "price"), (), ())
    >>> reference = learn_reference(table, np.linspace(0, 1, 50))
    >>> swapped_columns(reference, trained[:200, ::-1]), swapped_columns(reference, trained[:200])
    ({'months': 'price', 'price': 'months'}, {})
    """
    known = {
        j: values[:: -(-len(values) // LOOKED_AT)]
        for j, column in enumerate(reference.numbers)
        if len(column.edges) + 1 >= FEWEST_BINS
        if len(values := numbers[~np.isnan(numbers[:, j]), j]) >= FEWEST_VALUES
    }
    beyond = {j: _distance(reference, j, values) for j, values in known.items()}
    moved = {j: far for j, far in beyond.items() if far > _fitting(reference, j, len(known[j]))}
    other = {}
    for j, far in moved.items():
        distances = {k: _distance(reference, k, known[j]) for k in moved if k != j}
        if not distances:
            continue
        nearest = min(distances, key=lambda k: distances[k])
        fits = distances[nearest] <= _fitting(reference, nearest, len(known[j]))
        if fits and far - distances[nearest] >= CLOSER:
            other[j] = nearest
    names = [column.name for column in reference.numbers]
    return {names[j]: names[other[j]] for j in other if _returns(j, other)}


def _returns(first: int, other: dict[int, int]) -> bool:
    """Whether the way from a column to the next one and so on leads back to it."""
    place: int | None = other[first]
    for _ in other:
        if place is None or place == first:
            break
        place = other.get(place)
    return place == first


def _share(reference: Reference, j: int) -> Floats:
    column = reference.numbers[j]
    return column.shares[:-ABSENT] / max(1 - column.missing, 1e-9)


def _distance(reference: Reference, j: int, values: Floats) -> float:
    return distance(reference.numbers[j], _share(reference, j), values)


def _fitting(reference: Reference, j: int, count: int) -> float:
    return fitting_distance(_share(reference, j), count)
