"""What another value in one column would do to the log-odds of the extra trees."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dbnchurn.core.typing import Floats, Floats32
from dbnchurn.features.extra_trees_record import LEAF, ExtraTreesRecord
from dbnchurn.predictor.explain.background import Background, with_values
from dbnchurn.predictor.explain.lineage import Raw
from dbnchurn.tables.schema import Table

TREES = 20
"""Trees that are evaluated again for every column and value. All of them would take five times as
long for a member of the blend whose trees are alike."""


class SampledTrees:
    """A sample of the extra trees, evaluated once more per column and background value.

    Parameters
    ----------
    record : ExtraTreesRecord
    made_of : sequence of frozenset of int
        Raw columns that every column of the trees' matrix is made of.
    matrix_of : callable
        The trees' matrix of a table as read.
    """

    def __init__(
        self,
        record: ExtraTreesRecord,
        made_of: Sequence[Raw],
        matrix_of: Callable[[Table], Floats32],
    ) -> None:
        self._trees = record.sample(TREES)
        tested = np.unique(self._trees.feature[self._trees.feature != LEAF]).tolist()
        self._tested = frozenset[int]().union(*(made_of[column] for column in tested))
        self._matrix_of = matrix_of

    def contributions(self, table: Table, backgrounds: Sequence[Background]) -> Floats:
        """Contribution of every raw column to the log-odds.

        Parameters
        ----------
        table : Table of n rows
            As read.
        backgrounds : sequence of Background
            One per raw column.

        Returns
        -------
        float64 array of shape (n, raw columns)
        """
        n, out = len(table), np.zeros((len(table), len(backgrounds)))
        own = self._trees.logits(self._matrix_of(table))
        for column in sorted(self._tested):
            values, shares = backgrounds[column].values, backgrounds[column].shares
            repeated = table.take(np.repeat(np.arange(n), len(values)))
            others = with_values(repeated, column, np.tile(values, n))
            without = self._trees.logits(self._matrix_of(others)).reshape(n, len(values))
            out[:, column] = own - without @ shares
        return out
