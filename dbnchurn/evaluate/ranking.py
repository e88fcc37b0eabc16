"""Labels behind scores, sorted once: what every metric and curve is computed from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Bools, Floats, Ints, Rows


@dataclass(frozen=True, eq=False)
class Ranking:
    """Groups of customers with the same score, highest score first.

    No metric tells apart customers with the same score, so the weight of churners and of stayers
    in every such group is all that is needed, and a resample only changes the weights.

    Parameters
    ----------
    scores : array of shape (g,)
        Distinct scores, descending.
    positive, negative : arrays of shape (g,)
        Weight of the churners and of the stayers with each score.
    gain : array of shape (g,), optional
        Sum of what contacting those customers gains, in money.

    Examples
    --------
    >>> r = Ranking.of([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.1])
    >>> r.scores.tolist(), r.positive.tolist(), r.negative.tolist()
    ([0.9, 0.5, 0.1], [1.0, 1.0, 0.0], [0.0, 1.0, 1.0])
    """

    scores: Floats
    positive: Floats
    negative: Floats
    gain: Floats | None = None

    @classmethod
    def of(
        cls,
        y: npt.ArrayLike,
        scores: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None = None,
        gain: npt.ArrayLike | None = None,
    ) -> Ranking:
        """Sort and group rows.

        Parameters
        ----------
        y : array of shape (n,)
            1 or True for churners, 0 or False for the others.
        scores : array of shape (n,)
            Higher means more likely to churn.
        sample_weight : array of shape (n,), optional
            Not negative; a weight of 2 is the same as the row twice.
        gain : array of shape (n,), optional
            What contacting this customer gains or, if negative, costs.

        Raises
        ------
        DataError
            If there are no rows, lengths differ, labels are not 0 and 1, or a number is missing
            or infinite.
        """
        columns = checked(y, scores, sample_weight, gain)
        distinct, group = np.unique(-columns.scores, return_inverse=True)
        return cls(-distinct, *columns.sums(columns.cells(group), len(distinct)))

    @cached_property
    def sample_weight(self) -> Floats:
        """Weight of every group, of shape (g,)."""
        return self.positive + self.negative

    @cached_property
    def contacted(self) -> Floats:
        """Weight of the customers contacted down to every group, of shape (g,)."""
        return np.cumsum(self.sample_weight)

    @cached_property
    def caught(self) -> Floats:
        """Weight of the churners among them, of shape (g,)."""
        return np.cumsum(self.positive)

    @property
    def total(self) -> float:
        """Weight of all customers."""
        return float(self.contacted[-1])

    @property
    def churners(self) -> float:
        """Weight of all churners."""
        return float(self.caught[-1])

    def caught_at(self, contacts: npt.ArrayLike) -> Floats:
        """Expected weight of churners among the first `contacts` customers.

        Where the limit falls among equal scores, their order is taken as random.
        """
        return upto(self.contacted, self.caught, contacts)

    def above(self, threshold: float) -> int:
        """Number of groups with a score of at least `threshold`."""
        return int(np.searchsorted(-self.scores, -threshold, side="right"))


@dataclass(frozen=True, eq=False)
class Columns:
    """Checked rows: labels (0 or 1), scores, weights, and gains or None, each of shape (n,)."""

    y: Ints
    scores: Floats
    sample_weight: Floats
    gain: Floats | None

    def take(self, rows: Bools) -> Columns:
        """The rows for which a mask holds."""
        gain = None if self.gain is None else self.gain[rows]
        return Columns(self.y[rows], self.scores[rows], self.sample_weight[rows], gain)

    def cells(self, group: Rows) -> Rows:
        """Where each row is counted: by its group, and within it by its label."""
        return 2 * group + self.y

    def sums(
        self, cells: Rows, groups: int, counts: Floats | None = None
    ) -> tuple[Floats, Floats, Floats | None]:
        """Weight of churners, of stayers, and gain in every group of rows.

        Parameters
        ----------
        cells : array of shape (n,)
            As :meth:`cells` gives them.
        groups : int
            How many groups there are.
        counts : array of shape (n,), optional
            How often each row was drawn; once by default.
        """
        sample_weight = self.sample_weight
        if counts is not None:
            sample_weight = counts if self._even else sample_weight * counts
        both = _sums(cells, sample_weight, 2 * groups)
        negative, positive = both[::2], both[1::2]
        if self.gain is None:
            return positive, negative, None
        if self._gain_by_label is not None:
            of_stayers, of_churners = self._gain_by_label
            return positive, negative, of_stayers * negative + of_churners * positive
        return positive, negative, _sums(cells >> 1, sample_weight * self.gain, groups)

    @cached_property
    def _even(self) -> bool:
        return bool((self.sample_weight == 1).all())

    @cached_property
    def _gain_by_label(self) -> tuple[float, float] | None:
        """Gain of a stayer and of a churner, if it is the same for all: an offer's is."""
        assert self.gain is not None
        found = [self.gain[self.y == label] for label in (0, 1)]
        if any(len(gain) and np.ptp(gain) for gain in found):
            return None
        of_stayers, of_churners = (float(gain[0]) if len(gain) else 0.0 for gain in found)
        return of_stayers, of_churners


def checked(
    y: npt.ArrayLike,
    scores: npt.ArrayLike,
    sample_weight: npt.ArrayLike | None = None,
    gain: npt.ArrayLike | None = None,
) -> Columns:
    """Rows as arrays, or a :class:`DataError` that says what is wrong with them."""
    labels = np.asarray(y)
    n = len(labels) if labels.ndim == 1 else -1
    if n <= 0:
        raise DataError(f"labels should be a list of at least one row, got shape {labels.shape}")
    strange = np.unique(labels[~np.isin(labels, (0, 1))].astype(str))
    if len(strange):
        raise DataError(f"labels should be 0 or 1, got also {', '.join(strange[:5])}")
    sample_weight = _numbers(
        "sample_weight", np.ones(n) if sample_weight is None else sample_weight, n
    )
    if sample_weight.min() < 0 or sample_weight.sum() == 0:
        raise DataError("sample_weight should not be negative and not zero everywhere")
    return Columns(
        labels.astype(np.int64),
        _numbers("scores", scores, n),
        sample_weight,
        None if gain is None else _numbers("gain", gain, n),
    )


def _sums(group: Rows, values: Floats, groups: int) -> Floats:
    return np.asarray(np.bincount(group, weights=values, minlength=groups), np.float64)


def _numbers(name: str, values: npt.ArrayLike, n: int) -> Floats:
    array = np.asarray(values, np.float64)
    if array.shape != (n,):
        raise DataError(
            f"{name} should have one number for each of the {n} labels, got shape {array.shape}"
        )
    bad = np.flatnonzero(~np.isfinite(array))
    if len(bad):
        raise DataError(
            f"{name} should be finite numbers, got {array[bad[0]]} in row {bad[0]} "
            f"({len(bad)} such rows)"
        )
    return array


def upto(cumulated: Floats, values: Floats, at: npt.ArrayLike) -> Floats:
    """Cumulated `values` where the cumulated weight reaches `at`, proportionally within a group."""
    return np.asarray(
        np.interp(np.asarray(at, np.float64), np.append(0.0, cumulated), np.append(0.0, values))
    )


def thinned(n: int, points: int) -> Rows:
    """At most `points` of `n` ranks, first and last included: dense at the top, even below.

    The first contacts move a curve most, so half of the points follow the logarithm of the rank.
    """
    if n <= points:
        return np.arange(n)
    half = points // 2
    ranks = np.concatenate([np.geomspace(1, n, half) - 1, np.linspace(0, n - 1, half)])
    return np.unique(ranks.round().astype(np.intp))
