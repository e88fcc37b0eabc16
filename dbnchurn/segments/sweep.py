"""Sweeps: the rate of the best patterns by setting, on mined rows and on fresh ones.

The source paper varies the number of intervals and the minimum count and quotes rates of the rows
that were mined. Here each setting is measured twice, and once more on shuffled answers, where the
true rate of every pattern is that of everyone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sklearn.base import clone

from dbnchurn.core.errors import ConfigError, did_you_mean
from dbnchurn.segments.miner import SegmentMiner


@dataclass(frozen=True)
class SweepPoint:
    """One setting in one split.

    Parameters
    ----------
    setting : float
        Value of the parameter.
    repeat : int
        Number of the split.
    shuffled : bool
        The answers were shuffled first.
    mined, fresh : float
        Rate of all rows in the best patterns together: mined rows, and the report's.
    customers : float
        Share of the report's rows they hold.
    """

    setting: float
    repeat: int
    shuffled: bool
    mined: float
    fresh: float
    customers: float


def sweep(
    X: Any,
    y: Any,
    *,
    miner: SegmentMiner,
    parameter: str,
    values: Sequence[int],
    repeats: int = 3,
) -> list[SweepPoint]:
    """Mine with every value of one parameter, without any selection, as the paper does.

    Parameters
    ----------
    X, y : table and answers
        As for :meth:`SegmentMiner.fit`.
    miner : SegmentMiner
        With the other settings; ``n_segments`` says how many of the best patterns count.
    parameter : str
        Name of the parameter, such as ``"bins"``.
    values : sequence of int
    repeats : int, default 3
        Random splits; they are the same for all values.

    Returns
    -------
    list of SweepPoint
        Two per value and repeat: true answers and shuffled ones.

    Raises
    ------
    ConfigError
        The miner has no such parameter.

    Examples
    --------
    >>> import numpy as np
    >>> generator = np.random.default_rng(0)
    >>> age, visits = generator.integers(18, 80, 3000), generator.poisson(3, 3000)
    >>> X = pd.DataFrame({"age": age, "visits": visits})
    >>> y = generator.random(3000) < np.where(X["age"] >= 60, 0.4, 0.1)
    >>> points = sweep(X, y, miner=SegmentMiner(mode="paper"), parameter="min_count",
    ...                values=[20, 40], repeats=1)
    >>> [(p.setting, p.shuffled) for p in points]
    [(20, False), (20, True), (40, False), (40, True)]
    """
    if parameter not in miner.get_params():
        raise ConfigError(
            f"no parameter {parameter!r} to sweep: {did_you_mean(parameter, miner.get_params())}"
        )
    points = []
    for value in values:
        for repeat in range(repeats):
            tried = clone(miner).set_params(**{parameter: value, "random_state": repeat})
            for shuffled in (False, True):
                rates = tried.best_mined(X, y, shuffled=shuffled)
                points.append(SweepPoint(value, repeat, shuffled, *rates))
    return points


def as_table(points: Sequence[SweepPoint]) -> pd.DataFrame:
    """Points as a table, one row each."""
    return pd.DataFrame([vars(point) for point in points])
