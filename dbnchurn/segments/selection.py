"""Selection on fresh rows: tests of the candidates, and the greedy cover of the customers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dbnchurn.core.statistics import adjusted_p_values, wilson
from dbnchurn.core.typing import Bools, Floats, Ints, Rows
from dbnchurn.segments.counts import CodedRows
from dbnchurn.segments.patterns import Patterns, rows_in
from dbnchurn.segments.rates import upper_tail


def p_values(patterns: Patterns, data: CodedRows) -> Floats:
    """p-value of every pattern: chance of its rate if it were no better than a simpler one.

    One-sided hypergeometric tests against all rows, against the same pattern without each of its
    columns in turn, and against every candidate that contains it; the largest p-value counts. So a
    column that adds nothing is caught (the pattern is not *productive* in the sense of Webb), and
    so is a corner of a good segment that looked even better by chance.

    Parameters
    ----------
    patterns : Patterns
        m candidates, found on other rows.
    data : CodedRows
        Fresh rows.

    Returns
    -------
    float array of shape (m,)

    References
    ----------
    G. I. Webb, "Discovering significant patterns", Machine Learning 68, 2007.
    """
    counts: dict[tuple[tuple[int, int, int], ...], tuple[int, int]] = {}

    def count(ranges: tuple[tuple[int, int, int], ...]) -> tuple[int, int]:
        if ranges not in counts:
            inside = rows_in(ranges, data)
            hits = int(np.count_nonzero(data.hits & inside))
            counts[ranges] = hits, int(np.count_nonzero(inside))
        return counts[ranges]

    owner, tests = [], []
    all_ranges = [tuple(patterns.ranges(i)) for i in range(len(patterns))]
    for i, (ranges, wider) in enumerate(zip(all_ranges, patterns.containers(), strict=True)):
        simpler = {(), *(ranges[:a] + ranges[a + 1 :] for a in range(len(ranges)))}
        simpler.update(all_ranges[k] for k in wider)
        for parent in sorted(simpler):
            owner.append(i)
            tests.append((*count(ranges), *count(parent)))
    worst = np.zeros(len(patterns))
    if tests:
        np.maximum.at(worst, np.array(owner), upper_tail(*np.array(tests).T))
    return worst


def significant(patterns: Patterns, data: CodedRows, alpha: float) -> tuple[Rows, Floats, Floats]:
    """Select candidates by their p-values, with at most a share `alpha` of false ones.

    Parameters
    ----------
    patterns : Patterns
        m candidates, found on other rows.
    data : CodedRows
        Fresh rows.
    alpha : float
        Expected share of false ones, in (0, 1].

    Returns
    -------
    kept : int array of shape (k,)
        Numbers of the selected ones.
    p, q : float array of shape (m,)
        p-value and Benjamini–Hochberg adjusted p-value of all candidates.
    """
    p = p_values(patterns, data)
    q = adjusted_p_values(p)
    return np.flatnonzero(q <= alpha), p, q


@dataclass(frozen=True)
class CoverRules:
    """Rules by which the greedy cover takes segments.

    Parameters
    ----------
    n_segments : int
        At most so many.
    budget : float or None
        Largest share of the customers to approach.
    cost, value : float or None
        Of one contact, and of one yes; with both, a segment must earn more than it costs.
    confidence : float
        Of the Wilson bound that ranks segments.
    min_count : int, default 1
        Yeses that a segment must add to the earlier ones.
    """

    n_segments: int
    budget: float | None
    cost: float | None
    value: float | None
    confidence: float
    min_count: int = 1

    def worth(self, low: Floats, base: float) -> Bools:
        """Whether approaching a segment is better than approaching anyone, and pays.

        Parameters
        ----------
        low : float array of shape (m,)
            Lower bounds of the rates.
        base : float
            Rate of everyone.

        Returns
        -------
        bool array of shape (m,)
        """
        good = low > base
        if self.cost is not None and self.value is not None:
            good &= low * self.value > self.cost
        return np.asarray(good)


def greedy_cover(
    patterns: Patterns, data: CodedRows, rules: CoverRules
) -> Iterator[tuple[int, float]]:
    """Choose patterns to act on, in order, each with the share of its rows to approach.

    Parameters
    ----------
    patterns : Patterns
        m candidates.
    data : CodedRows
        Rows of selection.
    rules : CoverRules

    Yields
    ------
    i : int
        Number of a pattern.
    share : float
        Part of its rows that the budget allows, in (0, 1]; only the last may be below 1.

    Notes
    -----
    Each step takes the pattern with the highest lower bound of the rate *among the rows that no
    earlier one holds*: the greedy rule for maximum coverage under a budget, with the lower bound in
    the place of the observed rate. Where the budget ends within a pattern, part of its rows are
    approached (share < 1), and the list ends.

    References
    ----------
    S. Khuller, A. Moss and J. Naor, "The budgeted maximum coverage problem", 1999.
    """
    n = len(data.hits)
    inside = np.zeros((len(patterns), -(-n // 8)), np.uint8)
    for i in range(len(patterns)):
        inside[i] = np.packbits(patterns.mask(i, data))
    left, hits = np.packbits(np.ones(n, bool)), np.packbits(data.hits)
    base = float(np.mean(data.hits))
    left_to_approach = math.inf if rules.budget is None else rules.budget * n
    for _ in range(rules.n_segments):
        rows = _count(inside & left)
        yes = _count(inside & left & hits)
        low, _high = wilson(yes, rows, rules.confidence)
        good = (yes >= rules.min_count) & rules.worth(low, base)
        score = np.where(good, low, -1.0)
        if not len(score) or score.max() < 0:
            return
        best = int(np.argmax(score))
        yield best, min(1.0, left_to_approach / int(rows[best]))
        left_to_approach -= int(rows[best])
        if left_to_approach <= 0:
            return
        left &= ~inside[best]


def _count(bits: npt.NDArray[np.uint8]) -> Ints:
    return np.asarray(np.bitwise_count(bits).sum(axis=1), np.int64)
