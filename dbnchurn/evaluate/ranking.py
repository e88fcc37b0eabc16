"""Weights of churners and stayers by score, sorted once: the input of every metric and curve."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Bools, Floats, Ints, Rows
from dbnchurn.core.weights import weight_problem

SMALLEST_TOTAL, LARGEST_TOTAL = 1e-100, 1e100  # of the weights, whose squares are summed too


@dataclass(frozen=True, eq=False)
class Ranking:
    """Groups of customers with the same score, highest score first.

    No metric depends on the order of customers with the same score, so the weight of churners and
    of stayers in every such group is all that is needed, and a resample only changes the weights.

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
            What contacting this customer gains or, if negative, costs, in money.

        Returns
        -------
        Ranking
            With one group per distinct score.

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
    def hits(self) -> Floats:
        """Weight of the churners among those contacted down to every group, of shape (g,)."""
        return np.cumsum(self.positive)

    @property
    def total(self) -> float:
        """Weight of all customers."""
        return float(self.contacted[-1])

    @property
    def churners(self) -> float:
        """Weight of all churners."""
        return float(self.hits[-1])

    def hits_at(self, contacts: npt.ArrayLike) -> Floats:
        """Expected weight of churners among the first `contacts` customers.

        Where the limit falls among equal scores, their order is taken as random.
        """
        return cumulated_at(self.contacted, self.hits, contacts)

    def above(self, threshold: float) -> int:
        """Number of groups with a score of at least `threshold`."""
        return int(np.searchsorted(-self.scores, -threshold, side="right"))


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """Rows as :func:`checked` returns them.

    Parameters
    ----------
    y : int array of shape (n,)
        1 for churners, 0 for the others.
    scores : float64 array of shape (n,)
        Finite.
    sample_weight : float64 array of shape (n,)
        Not negative, and not zero everywhere.
    gain : float64 array of shape (n,), or None
        What contacting each customer gains, in money.
    """

    y: Ints
    scores: Floats
    sample_weight: Floats
    gain: Floats | None

    def take(self, rows: Bools) -> ScoredRows:
        """The rows for which a mask holds."""
        gain = None if self.gain is None else self.gain[rows]
        return ScoredRows(self.y[rows], self.scores[rows], self.sample_weight[rows], gain)

    def cells(self, group: Rows) -> Rows:
        """Number of the cell, group × label, that each row is counted in, of shape (n,)."""
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
            Number of groups.
        counts : array of shape (n,), optional
            How often each row was drawn; once by default.

        Returns
        -------
        positive, negative : float64 arrays of shape (groups,)
        gain : float64 array of shape (groups,), or None where the rows have none
        """
        sample_weight = self.sample_weight
        if counts is not None:
            sample_weight = counts if self._unweighted else sample_weight * counts
        by_cell = _sums(cells, sample_weight, 2 * groups)
        negative, positive = by_cell[::2], by_cell[1::2]
        if self.gain is None:
            return positive, negative, None
        if self._gain_by_label is not None:
            of_stayers, of_churners = self._gain_by_label
            return positive, negative, of_stayers * negative + of_churners * positive
        return positive, negative, _sums(cells >> 1, sample_weight * self.gain, groups)

    @cached_property
    def _unweighted(self) -> bool:
        return bool((self.sample_weight == 1).all())

    @cached_property
    def _gain_by_label(self) -> tuple[float, float] | None:
        """Gain of a stayer and of a churner, if all of a class have the same, as with an offer."""
        assert self.gain is not None
        by_label = [self.gain[self.y == label] for label in (0, 1)]
        if any(len(gain) and np.ptp(gain) for gain in by_label):
            return None
        of_stayers, of_churners = (float(gain[0]) if len(gain) else 0.0 for gain in by_label)
        return of_stayers, of_churners


def checked(
    y: npt.ArrayLike,
    scores: npt.ArrayLike,
    sample_weight: npt.ArrayLike | None = None,
    gain: npt.ArrayLike | None = None,
) -> ScoredRows:
    """Check rows and convert them to arrays.

    Parameters
    ----------
    y : array of shape (n,)
        1 or True for churners, 0 or False for the others.
    scores : array of shape (n,)
        Higher means more likely to churn.
    sample_weight : array of shape (n,), optional
        Not negative; ones by default.
    gain : array of shape (n,), optional
        What contacting each customer gains, in money.

    Returns
    -------
    ScoredRows

    Raises
    ------
    DataError
        If there are no rows, lengths differ, labels are not 0 and 1, weights are negative, all
        zero or too far apart, or a number is missing or infinite.
    """
    labels = np.asarray(y)
    n = len(labels) if labels.ndim == 1 else -1
    if n <= 0:
        raise DataError(f"labels should be a list of at least one row, got shape {labels.shape}")
    others = np.unique(labels[~np.isin(labels, (0, 1))].astype(str))
    if len(others):
        raise DataError(f"labels should be 0 or 1, got also {', '.join(others[:5])}")
    return ScoredRows(
        labels.astype(np.int64),
        _finite("scores", scores, n),
        _weights(sample_weight, n),
        None if gain is None else _finite("gain", gain, n),
    )


def _sums(group: Rows, values: Floats, groups: int) -> Floats:
    return np.asarray(np.bincount(group, weights=values, minlength=groups), np.float64)


def _weights(sample_weight: npt.ArrayLike | None, n: int) -> Floats:
    """Weights as they are, for they count customers; they have to have sums and squares."""
    if sample_weight is None:
        return np.ones(n)
    if problem := weight_problem(sample_weight, n, largest_ratio=1e12):
        raise DataError(problem)
    weights = np.asarray(sample_weight, np.float64)
    if not SMALLEST_TOTAL < weights.max() * n < LARGEST_TOTAL:
        raise DataError(
            f"sample_weight is up to {weights.max():g} over {n} rows, and sums have to stay "
            f"between {SMALLEST_TOTAL:g} and {LARGEST_TOTAL:g}; a weight says how many customers "
            "a row stands for"
        )
    return weights


def _finite(name: str, values: npt.ArrayLike, n: int) -> Floats:
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


def cumulated_at(contacted: Floats, cumulated: Floats, contacts: npt.ArrayLike) -> Floats:
    """A cumulated amount after a number of contacts, interpolated linearly within a group.

    Parameters
    ----------
    contacted : array of shape (g,)
        Cumulated weight of the groups.
    cumulated : array of shape (g,)
        Cumulated amount, such as the weight of churners.
    contacts : float or array
        Weight of the customers contacted.

    Returns
    -------
    float64 array of the shape of `contacts`

    Examples
    --------
    >>> cumulated_at(np.array([2.0, 4.0]), np.array([2.0, 3.0]), [1, 3]).tolist()
    [1.0, 2.5]
    """
    return np.asarray(
        np.interp(
            np.asarray(contacts, np.float64), np.append(0.0, contacted), np.append(0.0, cumulated)
        )
    )


def thinned(n: int, points: int) -> Rows:
    """A selection of ranks, first and last included: dense at the top, evenly spaced below.

    The first contacts move a curve most, so half of the points follow the logarithm of the rank.

    Parameters
    ----------
    n : int
        Number of ranks.
    points : int
        Largest number of ranks to keep.

    Returns
    -------
    int array of shape (at most `points`,)
        Ascending, from 0 to n - 1.

    Examples
    --------
    >>> thinned(1000, 8).tolist()
    [0, 9, 99, 333, 666, 999]
    """
    if n <= points:
        return np.arange(n)
    half = points // 2
    ranks = np.concatenate([np.geomspace(1, n, half) - 1, np.linspace(0, n - 1, half)])
    return np.unique(ranks.round().astype(np.intp))
