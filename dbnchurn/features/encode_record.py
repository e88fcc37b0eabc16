"""The fitted encoding as a record, and its arithmetic: from a prepared table to visible units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.dbn.visible import Visible
from dbnchurn.tables.schema import Table

FAR = 1e9  # 1 + FAR² is FAR² in float64, so nothing further out makes a difference


@dataclass(frozen=True, eq=False)
class EncodeRecord:
    """How prepared columns become visible units.

    Parameters
    ----------
    gaussian : int64 array of shape (g,)
        Positions of the numbers that become Gaussian units.
    center, scale : float64 arrays of shape (g,)
    reach : float
        Limit of the encoded magnitude, in scales from the center.
    binary : int64 array of shape (b,)
        Positions of the 0/1 numbers.
    rungs : int64 array of shape (r,)
        Position of the number that each rung of a ladder belongs to.
    low, high : float64 arrays of shape (r,)
        A rung rises from 0 to 1 between these values of its number.

    Examples
    --------
    >>> import pandas as pd
    >>> from dbnchurn.features import Encode
    >>> from dbnchurn.tables.reading import read
    >>> from dbnchurn.tables.kinds import infer
    >>> frame = pd.DataFrame({"debt": [1.0, 2.0, 3.0], "tv": [0, 1, 0]})
    >>> record = Encode(rungs=2).fit(read(infer(frame), frame)[0]).record_
    >>> record.gaussian, record.center, record.scale, record.binary
    (array([0]), array([2.]), array([1.]), array([1]))
    >>> record.low, record.high
    (array([1., 2.]), array([2., 3.]))
    """

    gaussian: Ints
    center: Floats
    scale: Floats
    reach: float
    binary: Ints
    rungs: Ints
    low: Floats
    high: Floats

    def audit(self) -> None:
        """Check the lengths of the arrays, the scales and the rungs.

        Raises
        ------
        ArtifactError
            If lengths differ, a scale is not positive or a rung does not rise.
        """
        flat = (self.gaussian, self.binary, self.rungs)
        if any(positions.ndim != 1 for positions in flat):
            raise ArtifactError("encode record: positions have to be a list")
        if not self.gaussian.shape == self.center.shape == self.scale.shape:
            raise ArtifactError("encode record: centers and scales differ in number")
        with np.errstate(over="ignore", under="ignore"):
            divisor = self.scale * self.reach
            rise = self.high - self.low if self.low.shape == self.high.shape else np.empty(0)
        if self.reach <= 0 or (self.scale <= 0).any() or not np.isfinite(1 / divisor).all():
            raise ArtifactError("encode record: scales have to be positive")
        if not self.rungs.shape == self.low.shape == self.high.shape:
            raise ArtifactError("encode record: the rungs' edges differ in number")
        if (rise <= 0).any() or not np.isfinite(rise).all():
            raise ArtifactError("encode record: a rung has to rise")


def squash(
    values: Floats,
    center: Floats | float,
    scale: Floats | float,
    reach: float,
) -> Floats:
    """Scale to z = (x - center) / scale, then limit the tails: z / sqrt(1 + (z / reach)²).

    Nearly the identity around 0, strictly increasing, and within (-reach, reach).

    Parameters
    ----------
    values : float64 array of shape (..., g)
        NaN stays NaN.
    center, scale : float or float64 arrays of shape (g,)
    reach : float

    Returns
    -------
    float64 array of the shape of `values`

    Examples
    --------
    >>> squash(np.array([0.0, 3.0, 1e9]), 0.0, 1.0, 3.0).round(3)
    array([0.   , 2.121, 3.   ])
    """
    with np.errstate(over="ignore"):
        z = (values - center) / (scale * reach)
    z = np.clip(z, -FAR, FAR)
    return np.asarray(reach * (z / np.sqrt(1 + np.square(z))))


def encode(record: EncodeRecord, table: Table) -> Visible:
    """Turn a prepared table into the visible layer, without leaves.

    Parameters
    ----------
    record : EncodeRecord
    table : Table of n prepared rows

    Returns
    -------
    visible : Visible of n rows
        Flags first among the binary units, then the rungs of the ladders.

    Raises
    ------
    ArtifactError
        If the record does not fit the table's columns.
    """
    try:
        gaussian = squash(
            table.numbers[:, record.gaussian], record.center, record.scale, record.reach
        )
        binary = table.numbers[:, record.binary]
        climbed = table.numbers[:, record.rungs]
    except IndexError as error:
        raise ArtifactError(f"the encode record does not fit the columns: {error}") from error
    with np.errstate(over="ignore"):  # far above a rung, which is as good as infinite
        ladders = (climbed - record.low) / (record.high - record.low)
    # A flag outside 0 and 1 at scoring time is as strong as the nearest one seen.
    units = np.clip(np.hstack([binary, ladders]), 0, 1)
    return Visible.of(gaussian, units, table.codes, table.sizes)
