"""Fitting of the encoding: which number is which kind of unit, and on what scale."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field
from sklearn.base import BaseEstimator

from dbnchurn.features.encode_record import EncodeRecord, encode
from dbnchurn.schema import Table
from dbnchurn.visible import Visible


class Encode(BaseEstimator):  # type: ignore[misc]
    """Numbers as Gaussian units on a robust scale, 0/1 columns as binary ones, categories as codes.

    The scale is z = (x - median) / interquartile range, drawn in smoothly beyond `reach`: unlike
    scaling by ranks it keeps the magnitudes that networks need, unlike standardising it does not
    let a heavy tail squeeze everyone else. Where half of the rows share one value, so that the
    interquartile range is 0, the standard deviation takes its place.

    Parameters
    ----------
    reach : float, default 3.0
        Largest encoded magnitude.

    Attributes
    ----------
    record_ : EncodeRecord

    Examples
    --------
    >>> import pandas as pd
    >>> from dbnchurn.schema import infer, read
    >>> frame = pd.DataFrame({"debt": [1.0, 2.0, 3.0], "tv": [0, 1, None], "plan": ["A", "B", "A"]})
    >>> table = read(infer(frame), frame)[0]
    >>> Encode().fit(table).transform(table).widths
    (1, 1, 2)
    """

    def __init__(self, *, reach: Annotated[float, Field(gt=0)] = 3.0) -> None:
        self.reach = reach

    def fit(self, table: Table) -> Encode:
        """Learn kinds and scales from the prepared training table."""
        numbers = table.numbers
        binary = np.array(
            [bool(np.isin(c[~np.isnan(c)], (0.0, 1.0)).all()) for c in numbers.T], dtype=bool
        )
        gaussian = np.flatnonzero(~binary)
        scales = [_center_and_scale(numbers[:, j]) for j in gaussian]
        self.record_ = EncodeRecord(
            gaussian=gaussian,
            center=np.array([center for center, _ in scales], np.float64),
            scale=np.array([scale for _, scale in scales], np.float64),
            reach=float(self.reach),
            binary=np.flatnonzero(binary),
        )
        return self

    def transform(self, table: Table) -> Visible:
        """Encode a prepared table."""
        return encode(self.record_, table)


def _center_and_scale(column: npt.NDArray[np.float64]) -> tuple[float, float]:
    values = column[~np.isnan(column)]
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    scale = high - low
    if scale <= 0:
        scale = values.std()
    # Subnormal spreads would overflow when divided by.
    return float(middle), float(scale) if scale > np.finfo(np.float64).tiny else 1.0
