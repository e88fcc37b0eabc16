"""Which raw columns every prepared column is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dbnchurn.core.typing import Ints
from dbnchurn.features.encode_record import EncodeRecord
from dbnchurn.prepare.record import Construct, FlagMissing, Keep, PrepareRecord, Step

Raw = frozenset[int]


@dataclass(frozen=True)
class Lineage:
    """Raw columns, by their position, behind every prepared column.

    Parameters
    ----------
    numbers, codes : tuples of frozenset of int
        One set per prepared number and category. Raw columns are counted as a
        :class:`~dbnchurn.tables.schema.Table` orders them: numbers, then categories.
    """

    numbers: tuple[Raw, ...]
    codes: tuple[Raw, ...]

    @property
    def columns(self) -> tuple[Raw, ...]:
        """Of the prepared numbers, then of the categories, as the boosters see them."""
        return self.numbers + self.codes

    def units(self, record: EncodeRecord, sizes: Sequence[int]) -> list[Raw]:
        """Of every visible unit: Gaussian, binary, rungs, and every level of every category."""
        places = np.concatenate([record.gaussian, record.binary, record.rungs])
        dense = [self.numbers[place] for place in places]
        return dense + [
            raw for raw, size in zip(self.codes, sizes, strict=True) for _ in range(size)
        ]


def lineage(record: PrepareRecord, numbers: int, codes: int) -> Lineage:
    """Follow the names of the raw columns through the steps of preparation.

    Parameters
    ----------
    record : PrepareRecord
    numbers, codes : int
        How many raw numbers and categories there are.

    Examples
    --------
    >>> flag = FlagMissing(np.array([1]), np.array([0]))
    >>> found = lineage(PrepareRecord((flag,)), 2, 1)
    >>> [sorted(raw) for raw in found.numbers], [sorted(raw) for raw in found.codes]
    ([[0], [1], [1], [2]], [[2]])
    """
    found = Lineage(
        tuple(frozenset([j]) for j in range(numbers)),
        tuple(frozenset([numbers + j]) for j in range(codes)),
    )
    for step in record.steps:
        found = _after(step, found)
    return found


def _after(step: Step, before: Lineage) -> Lineage:
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


def _at(found: tuple[Raw, ...], places: Ints) -> tuple[Raw, ...]:
    return tuple(found[place] for place in places)
