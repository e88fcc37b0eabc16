"""Rules for large tables: what is bounded, and from how many rows on."""

from __future__ import annotations

from math import sqrt
from typing import Annotated

from pydantic import Field
from sklearn.base import BaseEstimator, clone

from dbnchurn.features import Leaves

LARGEST_FACTOR = 2.0  # on the boosters' learning rate


class LargeTableRules(BaseEstimator):  # type: ignore[misc]
    """Bounds on the cost of a large table; up to their numbers of rows nothing changes.

    Parameters
    ----------
    boost_rows : int, default 50_000
        From so many training rows on, boosters learn in larger steps and there are fewer of them.
        At n times as many the learning rate is sqrt(n) times as large, at most doubled, and the
        bound on the number of trees is divided by the same factor. The number of folds is reduced
        so that the rows of all boosters together stay near twice `boost_rows` for every tree
        (rounded to whole folds), and is at least two: with many rows a booster fitted on half of
        them is nearly as good.
    pretrain_rows : int, default 50_000
        Rows of pretraining at most; of more, so many are drawn, the same share of every fold.
    stop_rows : int, default 50_000
        Validation rows on which boosters and networks are stopped, at most; of more, so many are
        drawn, the same share of either class. All of them calibrate and choose the threshold.
    memory : float, default 2.0
        Gigabytes that encoded rows and leaf codes may take in memory. Beyond, they lie in files of
        the temporary folder, and mini-batches are read from there.

    Examples
    --------
    >>> rules = LargeTableRules()
    >>> leaves = Leaves(folds=5, learning_rate=0.05)
    >>> small, large = (rules.leaves(leaves, n) for n in (10_000, 1_000_000))
    >>> (small.folds, small.learning_rate), (large.folds, large.learning_rate)
    ((5, 0.05), (2, 0.1))
    """

    def __init__(
        self,
        *,
        boost_rows: Annotated[int, Field(ge=1)] = 50_000,
        pretrain_rows: Annotated[int, Field(ge=1)] = 50_000,
        stop_rows: Annotated[int, Field(ge=1)] = 50_000,
        memory: Annotated[float, Field(ge=0)] = 2.0,
    ) -> None:
        self.boost_rows = boost_rows
        self.pretrain_rows = pretrain_rows
        self.stop_rows = stop_rows
        self.memory = memory

    def leaves(self, leaves: Leaves, rows: int) -> Leaves:
        """The boosters for a table of so many training rows.

        Parameters
        ----------
        leaves : Leaves
            As for a small table.
        rows : int
            Number of training rows.

        Returns
        -------
        Leaves
            `leaves` itself up to `boost_rows`, else an unfitted copy.
        """
        larger = rows / self.boost_rows
        if larger <= 1:
            return leaves
        faster = min(LARGEST_FACTOR, sqrt(larger))
        passes = 2 * (leaves.folds - 1) / larger  # over the table, of all boosters together
        return clone(leaves).set_params(  # type: ignore[no-any-return]
            folds=min(leaves.folds, 1 + max(1, round(passes))),
            learning_rate=min(1.0, leaves.learning_rate * faster),
            n_trees=max(1, round(leaves.n_trees / faster)),
        )
