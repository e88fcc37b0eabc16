"""The raw columns that every prepared column is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dbnchurn.core.typing import Ints
from dbnchurn.features.encode_record import EncodeRecord
from dbnchurn.prepare.record import Construct, FlagMissing, Keep, PrepareRecord, Step

Raw = frozenset[int]
"""Positions of raw columns, counted as a Table orders them: numbers, then categories."""


@dataclass(frozen=True)
class Lineage:
    """The raw columns that every prepared column is made of.

    Parameters
    ----------
    numbers, codes : tuples of :data:`Raw`
        One set per prepared number and category.
    """

    numbers: tuple[Raw, ...]
    codes: tuple[Raw, ...]

    @property
    def columns(self) -> tuple[Raw, ...]:
        """Of the columns of the boosters' matrix: prepared numbers, then categories."""
        return self.numbers + self.codes

    def units(self, record: EncodeRecord, sizes: Sequence[int]) -> list[Raw]:
        """The raw columns that every visible unit is made of.

        Parameters
        ----------
        record : EncodeRecord
        sizes : sequence of int
            Levels of every prepared category.

        Returns
        -------
        list of :data:`Raw`
            For the Gaussian units, the binary ones, the rungs, and every level of every category.
        """
        places = np.concatenate([record.gaussian, record.binary, record.rungs])
        dense = [self.numbers[place] for place in places]
        return dense + [
            raw for raw, size in zip(self.codes, sizes, strict=True) for _ in range(size)
        ]


def lineage(record: PrepareRecord, numbers: int, codes: int) -> Lineage:
    """Follow the raw columns through the steps of preparation.

    Parameters
    ----------
    record : PrepareRecord
    numbers, codes : int
        Number of raw numbers and of raw categories.

    Returns
    -------
    Lineage

    Examples
    --------
    >>> flag = FlagMissing(np.array([1]), np.array([0]))
    >>> prepared = lineage(PrepareRecord((flag,)), 2, 1)
    >>> [sorted(raw) for raw in prepared.numbers], [sorted(raw) for raw in prepared.codes]
    ([[0], [1], [1], [2]], [[2]])
    """
    columns = Lineage(
        tuple(frozenset([j]) for j in range(numbers)),
        tuple(frozenset([numbers + j]) for j in range(codes)),
    )
    for step in record.steps:
        columns = _after(step, columns)
    return columns


def _after(step: Step, before: Lineage) -> Lineage:
    """The lineage of the columns that a step returns."""
    numbers, codes = before.numbers, before.codes
    if isinstance(step, Keep):
        return Lineage(_at(numbers, step.numbers), _at(codes, step.codes))
    if isinstance(step, FlagMissing):
        return Lineage(numbers + _at(numbers, step.numbers) + _at(codes, step.codes), codes)
    if isinstance(step, Construct):
        pairs = zip(_at(numbers, step.above), _at(numbers, step.below), strict=True)
        ratios = tuple(above | below for above, below in pairs)
        trends = tuple(frozenset[int]().union(*_at(numbers, s)) for s in step.series)
        return Lineage(numbers + ratios + trends, codes)
    return before  # the other steps change values within their column


def _at(columns: tuple[Raw, ...], places: Ints) -> tuple[Raw, ...]:
    return tuple(columns[place] for place in places)
