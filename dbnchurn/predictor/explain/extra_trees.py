"""What another value in one column would do to the log-odds of the extra trees."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dbnchurn.core.typing import Floats, Floats32
from dbnchurn.features.extra_trees_record import LEAF, ExtraTreesRecord
from dbnchurn.predictor.explain.background import Background, occluded_columns
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
        return occluded_columns(
            lambda rows: self._trees.logits(self._matrix_of(rows)),
            table,
            backgrounds,
            sorted(self._tested),
        )
