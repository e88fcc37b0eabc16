"""Rates of patterns on each part of the rows, and patterns as segments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dbnchurn.core.typing import Floats
from dbnchurn.segments.bins import Axis
from dbnchurn.segments.conditions import Condition
from dbnchurn.segments.counts import CodedRows
from dbnchurn.segments.patterns import Patterns, rows_in
from dbnchurn.segments.rates import Rate
from dbnchurn.segments.segment import PairCounts, Segment


def conditions(patterns: Patterns, i: int, axes: Sequence[Axis]) -> tuple[Condition, ...]:
    """Conditions of one pattern.

    Parameters
    ----------
    patterns : Patterns
    i : int
        Number of the pattern.
    axes : sequence of Axis

    Returns
    -------
    tuple of Condition
        One per column.
    """
    return tuple(axes[j].condition(first, last) for j, first, last in patterns.ranges(i))


def marginal_rates(patterns: Patterns, data: CodedRows) -> list[Rate]:
    """Rate of each pattern among the rows that no earlier pattern contains.

    Parameters
    ----------
    patterns : Patterns
    data : CodedRows

    Returns
    -------
    list of Rate
        One per pattern.
    """
    left, rates = np.ones(len(data.hits), bool), []
    for i in range(len(patterns)):
        inside = patterns.mask(i, data) & left
        rates.append(Rate.of(data.hits[inside]))
        left &= ~inside
    return rates


def candidate_table(patterns: Patterns, axes: Sequence[Axis], p: Floats, q: Floats) -> pd.DataFrame:
    """List all candidates with their p-values.

    Parameters
    ----------
    patterns : Patterns
        m candidates.
    axes : sequence of Axis
    p, q : float array of shape (m,)
        Plain and adjusted p-values of selection.

    Returns
    -------
    DataFrame of m rows
        ``words, mined_hits, mined_rows, mined_rate, p_value, q_value``.
    """
    texts = [
        ", ".join(c.to_text() for c in conditions(patterns, i, axes)) for i in range(len(patterns))
    ]
    return pd.DataFrame(
        {
            "words": pd.Series(texts, dtype=object),
            "mined_hits": patterns.hits,
            "mined_rows": patterns.rows,
            "mined_rate": patterns.rates,
            "p_value": p,
            "q_value": q,
        }
    )


def top_rates(patterns: Patterns, parts: Sequence[CodedRows]) -> tuple[Rate, Rate]:
    """Rate of all rows in the patterns together.

    Parameters
    ----------
    patterns : Patterns
    parts : three CodedRows
        Mined, selected on, and reported from.

    Returns
    -------
    mined, fresh : Rate
        On the first part and on the last.
    """
    mined, fresh = (
        sum(marginal_rates(patterns, part), Rate(0, 0)) for part in (parts[0], parts[2])
    )
    return mined, fresh


def measured_segments(
    patterns: Patterns,
    shares: Sequence[float],
    axes: Sequence[Axis],
    parts: Sequence[CodedRows],
    p: Floats,
    q: Floats,
) -> tuple[Segment, ...]:
    """Make segments of patterns, in their order, with their rates on the three parts.

    Parameters
    ----------
    patterns : Patterns
        In the order in which to act on them.
    shares : sequence of float
        Part of each segment's customers to approach, from 0 to 1.
    axes : sequence of Axis
    parts : three CodedRows
        Mined, selected on, and reported from.
    p, q : float array
        Plain and adjusted p-values of the patterns.

    Returns
    -------
    tuple of Segment
    """
    mined, selected, report = (marginal_rates(patterns, part) for part in parts)
    return tuple(
        Segment(
            conditions(patterns, i, axes),
            mined[i],
            selected[i],
            report[i],
            Rate.of(parts[2].hits[patterns.mask(i, parts[2])]),
            float(p[i]),
            float(q[i]),
            float(shares[i]),
        )
        for i in range(len(patterns))
    )


def pair_counts(
    patterns: Patterns, axes: Sequence[Axis], report: CodedRows
) -> tuple[PairCounts, ...]:
    """Count yeses and rows over the first two columns of every pattern that has two.

    Parameters
    ----------
    patterns : Patterns
        In the order of the segments.
    axes : sequence of Axis
    report : CodedRows
        Rows to count.

    Returns
    -------
    tuple of PairCounts
    """
    long_enough = np.flatnonzero(patterns.lengths >= 2).tolist()
    return tuple(_pair(patterns.ranges(i), i, axes, report) for i in long_enough)


def _pair(
    ranges: Sequence[tuple[int, int, int]], i: int, axes: Sequence[Axis], report: CodedRows
) -> PairCounts:
    (a, *box_a), (b, *box_b) = ranges[:2]
    inside = np.flatnonzero(rows_in(ranges[2:], report))
    hits, rows = report.take(inside).table((a, b))[:, :-1, :-1].tolist()
    return PairCounts(
        segment=i + 1,
        columns=(axes[a].column, axes[b].column),
        labels=(axes[a].labels(), axes[b].labels()),
        hits=tuple(tuple(row) for row in hits),
        rows=tuple(tuple(row) for row in rows),
        box=((box_a[0], box_a[1]), (box_b[0], box_b[1])),
        among=", ".join(axes[j].condition(f, t).to_text() for j, f, t in ranges[2:]),
    )
