"""What recent months say about the next forecast: how many times as many left as promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from dbnchurn.core.statistics import normal_quantile, wilson
from dbnchurn.evaluate.bootstrap import Interval
from dbnchurn.evaluate.outcome_gaps import OutcomeGap
from dbnchurn.months.month_names import month_list
from dbnchurn.months.month_state import MonthState

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Correction:
    """Leavers of the months in a row that were not as promised, all in one direction.

    Parameters
    ----------
    months : tuple of date
        The earliest first.
    rows, left : int
        Customers with an outcome, and those of them who left.
    promised : float
        Leavers that the scores of the same customers promised.

    Examples
    --------
    >>> correction = Correction((date(2025, 8, 1),), 1000, 150, 100.0)
    >>> correction.ratio, round(correction.apply(0.08, 10**9).value, 3)
    (1.5, 0.12)
    """

    months: tuple[date, ...]
    rows: int
    left: int
    promised: float

    @property
    def ratio(self) -> float:
        """Leavers for each one promised."""
        return self.left / self.promised

    @property
    def more(self) -> float:
        """Leavers beyond those promised; below 0 where fewer left."""
        return self.left - self.promised

    @property
    def named(self) -> str:
        """The months in words."""
        return month_list(self.months)

    def apply(self, mean: float, rows: int) -> Interval:
        """The share that leaves if as many leave for each one promised as in these months.

        Parameters
        ----------
        mean : float
            Mean score of the month to forecast.
        rows : int
            Its customers.

        Returns
        -------
        Interval
            The interval is of chance alone: in the months that the correction is from (Wilson) and
            in the month to come, added as independent.
        """
        times = mean * self.rows / self.promised
        value = min(1.0, mean * self.ratio)
        low, high = (min(1.0, float(end) * times) for end in wilson(self.left, self.rows))
        chance = normal_quantile(CONFIDENCE) * float(np.sqrt(value * (1 - value) / rows))
        below, above = (float(np.hypot(value - end, chance)) for end in (low, high))
        return Interval(value, max(0.0, value - below), min(1.0, value + above))


def find_correction(states: Sequence[MonthState]) -> Correction | None:
    """The correction that the newest months with outcomes ask for.

    Parameters
    ----------
    states : sequence of MonthState
        The earliest first.

    Returns
    -------
    Correction or None
        None where the newest outcomes are as promised, or nothing was promised.
    """
    run: list[tuple[date, OutcomeGap]] = []
    for state in reversed(states):
        if (gap := state.gap) is None:
            continue
        if not state.miscalibrated or (run and (gap.gap > 0) != (run[0][1].gap > 0)):
            break
        run.insert(0, (state.month.month, gap))
    gaps = [gap for _, gap in run]
    promised = sum(gap.promised * gap.rows for gap in gaps)
    if not promised:
        return None
    rows, left = sum(gap.rows for gap in gaps), sum(gap.left for gap in gaps)
    return Correction(tuple(day for day, _ in run), rows, left, promised)
