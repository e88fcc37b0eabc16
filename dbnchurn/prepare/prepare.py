"""Fitting of the preparation steps, each on the training table as its predecessors left it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field
from sklearn.base import BaseEstimator

from dbnchurn.errors import DataError, listed
from dbnchurn.prepare.record import (
    Clip,
    Fill,
    FlagMissing,
    Keep,
    Pool,
    PrepareRecord,
    Step,
    prepare,
)
from dbnchurn.schema import Table

log = logging.getLogger(__name__)


class Prepare(BaseEstimator):  # type: ignore[misc]
    """Clean, transform and reduce the columns of a customer table.

    Guarantees: no row is dropped, nothing but the training table is looked at, and
    ``prepare(record_, table)`` gives the same numbers for a row alone as in a batch.

    Parameters
    ----------
    clip : float, default 0.001
        Share of the rows at either end of a number that counts as outliers and is moved to the
        fence. 0 leaves them. A column that has no other values than its outliers is left alone.
    rare : float, default 0.002
        A level of a category met in less than this share of the rows, or fewer than 10 of them, is
        pooled with the other rare levels.
    flag_missing : float, default 0.005
        A column that lacks values in more than this share of the rows (and has them in as many)
        gets a 0/1 companion that says so. 1 turns this off.
    missing : {"no evidence", "fill"}, default "no evidence"
        What becomes of missing values: nothing, so that they do not speak to the model at all, or
        the median and the most frequent level.

    Attributes
    ----------
    record_ : PrepareRecord
    dropped_ : dict of column → reason

    Examples
    --------
    >>> import pandas as pd
    >>> from dbnchurn.schema import infer, read
    >>> frame = pd.DataFrame({"debt": [0.0, 5.0, 9.0], "year": [1, 1, 1], "owed": [0.0, 5.0, 9.0]})
    >>> stage = Prepare().fit(read(infer(frame), frame)[0])
    >>> stage.dropped_
    {'year': 'constant', 'owed': "a copy of 'debt'"}
    """

    def __init__(
        self,
        *,
        clip: Annotated[float, Field(ge=0, lt=0.5)] = 0.001,
        rare: Annotated[float, Field(ge=0, lt=0.5)] = 0.002,
        flag_missing: Annotated[float, Field(ge=0, le=1)] = 0.005,
        missing: Literal["no evidence", "fill"] = "no evidence",
    ) -> None:
        self.clip = clip
        self.rare = rare
        self.flag_missing = flag_missing
        self.missing = missing

    def fit(self, table: Table) -> Prepare:
        """Learn the steps from the training table.

        Raises
        ------
        DataError
            If no column is left.
        """
        self.dropped_: dict[str, str] = {}
        fits: list[Callable[[Table], Step]] = [self._fit_flags, self._fit_clip, self._fit_pool]
        if self.missing == "fill":
            fits.append(_fit_fill)
        fits.append(self._fit_keep)
        steps: list[Step] = []
        for fit in fits:
            step = fit(table)
            table = step.apply(table)
            steps.append(step)
        if not table.number_names and not table.code_names:
            raise DataError(
                "every column is empty or constant in the training rows, so there is nothing to "
                f"learn from: {listed(f'{name} ({why})' for name, why in self.dropped_.items())}"
            )
        if self.dropped_:
            log.info(
                "dropped %d columns: %s",
                len(self.dropped_),
                listed(f"{name} ({why})" for name, why in self.dropped_.items()),
            )
        self.record_ = PrepareRecord(tuple(steps))
        return self

    def transform(self, table: Table) -> Table:
        """Replay the fitted steps."""
        return prepare(self.record_, table)

    def _fit_flags(self, table: Table) -> FlagMissing:
        def worth_a_flag(missing: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
            share = missing.mean(axis=0)
            return np.flatnonzero(np.minimum(share, 1 - share) > self.flag_missing)

        return FlagMissing(worth_a_flag(np.isnan(table.numbers)), worth_a_flag(table.codes < 0))

    def _fit_clip(self, table: Table) -> Clip:
        low = np.full(table.numbers.shape[1], -np.finfo(np.float64).max)
        high = -low
        if self.clip > 0:
            for j, column in enumerate(table.numbers.T):
                values = column[~np.isnan(column)]
                if len(values) == 0:
                    continue
                fences = np.quantile(values, [self.clip, 1 - self.clip])
                # Fences that meet would make a rare event vanish.
                if fences[0] < fences[1]:
                    low[j], high[j] = fences
        return Clip(low, high)

    def _fit_pool(self, table: Table) -> Pool:
        least = max(10.0, self.rare * len(table)) if self.rare > 0 else 0.0
        pooled = []
        for j, size in enumerate(table.sizes):
            codes = table.codes[:, j]
            counts = np.bincount(codes[codes >= 0], minlength=size)
            rare = counts < least
            if rare.sum() < 2:
                pooled.append(np.arange(size, dtype=np.int32))
                continue
            new = np.cumsum(~rare) - 1
            pooled.append(np.where(rare, new[-1] + 1, new).astype(np.int32))
        return Pool(tuple(pooled))

    def _fit_keep(self, table: Table) -> Keep:
        numbers = self._informative(table.numbers, table.number_names, np.isnan(table.numbers))
        codes = self._informative(table.codes, table.code_names, table.codes < 0)
        return Keep(numbers, codes)

    def _informative(
        self,
        matrix: npt.NDArray[np.float64] | npt.NDArray[np.int32],
        names: tuple[str, ...],
        missing: npt.NDArray[np.bool_],
    ) -> npt.NDArray[np.int64]:
        """Positions of the columns that are neither empty, constant, nor copies."""
        kept: list[int] = []
        first: dict[bytes, str] = {}
        for j, name in enumerate(names):
            present = matrix[~missing[:, j], j]
            if len(present) == 0:
                self.dropped_[name] = "empty"
            elif (present == present[0]).all():
                self.dropped_[name] = "constant"
            elif (twin := first.setdefault(matrix[:, j].tobytes(), name)) != name:
                self.dropped_[name] = f"a copy of {twin!r}"
            else:
                kept.append(j)
        return np.array(kept, dtype=np.int64)


def _fit_fill(table: Table) -> Fill:
    numbers = np.array(
        [np.median(v) if len(v := c[~np.isnan(c)]) else 0.0 for c in table.numbers.T], np.float64
    )
    codes = np.array(
        [np.bincount(v).argmax() if len(v := c[c >= 0]) else -1 for c in table.codes.T], np.int32
    )
    return Fill(numbers, codes)
