"""One segment with its rates, and the further data of a list of segments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dbnchurn.core.html.format import percent
from dbnchurn.core.typing import Bools
from dbnchurn.segments.columns import PlainColumn
from dbnchurn.segments.conditions import Condition
from dbnchurn.segments.rates import Rate


@dataclass(frozen=True)
class Segment:
    """One segment: conditions that all hold, and its rates on three sets of rows.

    Customers who belong to an earlier segment of the list are not counted.

    Parameters
    ----------
    conditions : tuple of Condition
    mined, selected, report : Rate
        On the rows that were mined, those of selection, and the untouched ones of the report.
    alone : Rate
        On the report's rows, including customers of earlier segments.
    p_value, q_value : float
        Of the selection's test, plain and adjusted for the number of candidates.
    share : float, default 1
        Part of its customers to approach, at random: less than 1 where the budget ends.
    """

    conditions: tuple[Condition, ...]
    mined: Rate
    selected: Rate
    report: Rate
    alone: Rate
    p_value: float
    q_value: float
    share: float = 1.0

    def to_text(self) -> str:
        """Its conditions as readers of a page see them."""
        return ", ".join(condition.to_text() for condition in self.conditions)

    def edges(self) -> str:
        """Edges in original units, exact."""
        return "; ".join(condition.edges() for condition in self.conditions)

    def sql(self) -> str:
        """WHERE clause; rows with NULL in a tested column do not satisfy it."""
        return " AND ".join(condition.sql() for condition in self.conditions)

    def holds(self, columns: dict[str, PlainColumn]) -> Bools:
        """Rows that satisfy all conditions."""
        masks = [c.holds(columns[c.column].values) for c in self.conditions]
        return np.asarray(np.logical_and.reduce(masks))


@dataclass(frozen=True)
class Chance:
    """Results of the same search on shuffled answers, where every segment is chance.

    Parameters
    ----------
    runs : int
        Number of shuffles.
    runs_with_findings : int
        Shuffles in which at least one candidate passed selection.
    top : int
        The rates below are of the rows in the `top` best mined candidates together.
    mined, fresh : Rate
        With the true answers: on the mined rows, and on the report's.
    shuffled_mined, shuffled_fresh : Rate
        The same, summed over all shuffles.
    """

    runs: int
    runs_with_findings: int
    top: int
    mined: Rate
    fresh: Rate
    shuffled_mined: Rate
    shuffled_fresh: Rate

    def summary_text(self, outcome: str, base: float) -> str:
        """One paragraph on the runs.

        Parameters
        ----------
        outcome : str
            What the yeses do, e.g. "buy".
        base : float
            Rate of everyone.

        Returns
        -------
        str
        """
        return (
            f"On shuffled answers a segment passed the test in {self.runs_with_findings} of "
            f"{self.runs} runs. There the best {self.top} patterns mined seemed to reach "
            f"{percent(self.shuffled_mined.value)} on the rows they were mined from; on fresh rows "
            f"{percent(self.shuffled_fresh.value)} {outcome} (of everyone: {percent(base)}). With "
            f"the true answers the best {self.top} reach {percent(self.mined.value)} and "
            f"{percent(self.fresh.value)}."
        )


@dataclass(frozen=True)
class PairCounts:
    """Yeses and rows over the items of two columns of one segment, on the report's rows.

    Parameters
    ----------
    segment : int
        Number of the segment, from 1.
    columns : pair of str
    labels : pair of tuples of str
        Names of the items.
    hits, rows : nested tuples of int
        One row per item of the first column, one column per item of the second.
    box : pair of (first, last)
        The segment's items.
    among : str
        The segment's other conditions, to which the rows are restricted; empty for none.
    """

    segment: int
    columns: tuple[str, str]
    labels: tuple[tuple[str, ...], tuple[str, ...]]
    hits: tuple[tuple[int, ...], ...]
    rows: tuple[tuple[int, ...], ...]
    box: tuple[tuple[int, int], tuple[int, int]]
    among: str = ""
