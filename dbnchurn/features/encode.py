"""Fitting of the encoding: which numbers become which kind of unit, and on what scale."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field
from sklearn.base import BaseEstimator

from dbnchurn.core.typing import Floats
from dbnchurn.dbn.visible import Visible
from dbnchurn.features.encode_record import EncodeRecord, encode
from dbnchurn.features.wide_tables import is_wide
from dbnchurn.tables.schema import Table


class Encode(BaseEstimator):  # type: ignore[misc]
    """Encode numbers as Gaussian units, 0/1 columns as binary units and categories as codes.

    Numbers are scaled to z = (x - median) / interquartile range and then limited smoothly to
    (-`reach`, `reach`) by ``z / sqrt(1 + (z / reach)²)`` (Holzmüller, Grinsztajn and Steinwart,
    2024). Unlike scaling by ranks this keeps magnitudes; unlike standardising it does not let a
    heavy tail compress the other rows. Where the interquartile range is 0, because half of the rows
    share one value, the standard deviation is used instead.

    A number also gets a *ladder* of binary units between its quantiles. A rung is 0 below its
    interval, 1 above it and linear within it (piecewise-linear encoding; Gorishniy, Rubachev and
    Babenko, 2022), so that a network learns with one weight that a value matters from some point
    on. The outer rungs are limited to 0 and 1 as well, since they are binary units; the Gaussian
    unit keeps the magnitude.

    Parameters
    ----------
    reach : float, default 3.0
        Largest encoded magnitude.
    rungs : int, default 12
        Rungs of every number's ladder; fewer where quantiles coincide. 0 for none, as in a table
        of more numbers than rows and than 1,000.

    Attributes
    ----------
    record_ : EncodeRecord

    References
    ----------
    Gorishniy, Rubachev and Babenko, 2022. On embeddings for numerical features in tabular deep
    learning. NeurIPS. Holzmüller, Grinsztajn and Steinwart, 2024. Better by default: strong
    pre-tuned MLPs and boosted trees on tabular data. NeurIPS.

    Examples
    --------
    >>> import pandas as pd
    >>> from dbnchurn.tables.reading import read
    >>> from dbnchurn.tables.kinds import infer
    >>> frame = pd.DataFrame({"debt": [1.0, 2.0, 3.0], "tv": [0, 1, None], "plan": ["A", "B", "A"]})
    >>> table = read(infer(frame), frame)[0]
    >>> Encode().fit(table).transform(table).widths
    (1, 13, 2)
    """

    def __init__(
        self,
        *,
        reach: Annotated[float, Field(gt=0)] = 3.0,
        rungs: Annotated[int, Field(ge=0)] = 12,
    ) -> None:
        self.reach = reach
        self.rungs = rungs

    def fit(self, table: Table) -> Encode:
        """Find which numbers are binary, and the scales and ladders of the others.

        Parameters
        ----------
        table : Table of n prepared rows

        Returns
        -------
        Encode
            Itself.
        """
        numbers = table.numbers
        binary = np.array(
            [bool(np.isin(c[~np.isnan(c)], (0.0, 1.0)).all()) for c in numbers.T], dtype=bool
        )
        gaussian = np.flatnonzero(~binary)
        scales = [_center_and_scale(numbers[:, j]) for j in gaussian]
        rungs = 0 if is_wide(*numbers.shape) else self.rungs
        ladders = [_ladder(numbers[:, j], rungs) for j in gaussian]
        edges = np.concatenate([*(pairs.T for pairs in ladders), np.empty((0, 2))])
        self.record_ = EncodeRecord(
            gaussian=gaussian,
            center=np.array([center for center, _ in scales], np.float64),
            scale=np.array([scale for _, scale in scales], np.float64),
            reach=float(self.reach),
            binary=np.flatnonzero(binary),
            rungs=np.repeat(gaussian, [pairs.shape[1] for pairs in ladders]),
            low=edges[:, 0].copy(),
            high=edges[:, 1].copy(),
        )
        return self

    def transform(self, table: Table) -> Visible:
        """Encode a prepared table, which has the columns of the training table."""
        return encode(self.record_, table)


def _ladder(column: Floats, rungs: int) -> Floats:
    """Lower and upper ends of a number's rungs, shape (2, at most `rungs`)."""
    if rungs == 0:
        return np.empty((2, 0))
    edges = np.unique(np.nanquantile(column, np.linspace(0, 1, rungs + 1)))
    # One rung alone would repeat the number itself.
    return np.stack([edges[:-1], edges[1:]]) if len(edges) > 2 else np.empty((2, 0))


def _center_and_scale(column: Floats) -> tuple[float, float]:
    values = column[~np.isnan(column)]
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    scale = high - low
    if scale <= 0:
        scale = values.std()
    # Subnormal spreads would overflow when divided by.
    return float(middle), float(scale) if scale > np.finfo(np.float64).tiny else 1.0
