"""Contributions by literal occlusion: members of the blend evaluated again for every value.

Boosters that test hidden codes read every column through them, so the paths to their leaves do not
divide by column. The members that take their leaves are evaluated once more per column and
background value; what they add is then exact, for as many evaluations as there are values.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from dbnchurn.core.typing import Floats
from dbnchurn.predictor.explain.background import Background, occluded_columns
from dbnchurn.predictor.model_record import ModelRecord, logits
from dbnchurn.tables.schema import Table

AT_ONCE = 4_096  # rows that are scored together


class OccludedMembers:
    """Some members of a model, evaluated again for every column and background value.

    Parameters
    ----------
    model : ModelRecord
    members : collection of int
        Places of the members in the blend.
    """

    def __init__(self, model: ModelRecord, members: Collection[int]) -> None:
        chosen = np.isin(np.arange(model.members), list(members))
        # Members without weight are not evaluated.
        weights = np.where(chosen, model.decide.weights, 0.0)
        self._model = replace(model, decide=replace(model.decide, weights=weights))

    def contributions(self, table: Table, backgrounds: Sequence[Background]) -> Floats:
        """What every raw column adds to the log-odds through these members.

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
        columns = range(len(backgrounds))
        return occluded_columns(self._log_odds, table, backgrounds, columns, at_once=AT_ONCE)

    def _log_odds(self, table: Table) -> Floats:
        return np.asarray(logits(self._model, table) @ self._model.decide.weights)
