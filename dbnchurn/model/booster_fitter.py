"""Boosters that are fitted elsewhere, on more rows than a fit on this machine is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from dbnchurn.features import Leaves
from dbnchurn.model.inputs import LabelledFrame
from dbnchurn.model.training_rows import PreparedRows
from dbnchurn.prepare import Prepare
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Schema, Table


@dataclass(frozen=True, eq=False)
class RowPreparation:
    """What makes prepared rows of raw ones.

    Parameters
    ----------
    schema : Schema
    prepare : Prepare
        Fitted.
    """

    schema: Schema
    prepare: Prepare

    def prepared(self, frame: pd.DataFrame) -> Table:
        """Rows as the boosters are given them."""
        table: Table = self.prepare.transform(read(self.schema, frame)[0])
        return table


class BoosterFitter(Protocol):
    """Fits the boosters of a model on the rows of a fit and on others."""

    def fit(
        self,
        leaves: Leaves,
        train: LabelledFrame,
        preparation: RowPreparation,
        prepared: PreparedRows,
        generator: np.random.Generator,
    ) -> Leaves:
        """Fit the boosters.

        Parameters
        ----------
        leaves : Leaves
            Unfitted.
        train : LabelledFrame
            The rows of the fit.
        preparation : RowPreparation
            Of further rows.
        prepared : PreparedRows
            The rows of the fit, prepared, with their folds.
        generator : numpy Generator

        Returns
        -------
        Leaves
        """


_fitter: ContextVar[BoosterFitter | None] = ContextVar("booster fitter", default=None)


@contextmanager
def boosters_fitted_by(fitter: BoosterFitter | None) -> Iterator[None]:
    """Let the fits within the block have their boosters fitted elsewhere.

    Parameters
    ----------
    fitter : BoosterFitter or None
        None for fits on this machine.
    """
    token = _fitter.set(fitter)
    try:
        yield
    finally:
        _fitter.reset(token)


def current_fitter() -> BoosterFitter | None:
    """What fits boosters; None where this machine does."""
    return _fitter.get()
