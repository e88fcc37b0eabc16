"""What scores promised and what came: leavers, with an interval and whether chance explains it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dbnchurn.core.errors import DataError
from dbnchurn.core.html.format import percent, points, thousands
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.statistics import adjusted_p_values
from dbnchurn.core.typing import Floats

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    from scipy import special
else:
    special = LazyModule("scipy.special")


LEVEL = 0.05  # of the interval, and of what chance no longer explains
FOOTNOTE = (
    "Compared is the number who left with the number that the scores of the same customers "
    "promise. *Within chance*: if the scores were true, a difference as large would come in at "
    "least 5 of 100 months. Groups are judged together, so that one of many does not stand out by "
    "chance: the interval of one group may leave out 0 and the group still be within chance."
)
MOST_GROUPS = 30  # of one column; the smaller ones are pooled
MOST_NUMBERS = 12  # different numbers of a column up to which each is a group of its own
PARTS = 4  # of the customers, by a column of more numbers


@dataclass(frozen=True)
class OutcomeGap:
    """Promised and observed leavers of some customers.

    Parameters
    ----------
    breakdown, group : str
        Column and value that the customers share; ``""`` and ``all customers`` for everybody.
    rows, left : int
        Customers, and those of them who left.
    promised : float
        Mean probability.
    low, high : float
        Ends of the 95 % interval of observed minus promised share (Clopper and Pearson, 1934).
    p_value : float
        Probability of a gap at least as large if the scores were true; of a group, raised for the
        number of groups (Benjamini and Hochberg, 1995).
    """

    breakdown: str
    group: str
    rows: int
    left: int
    promised: float
    low: float
    high: float
    p_value: float

    @property
    def observed(self) -> float:
        """Share of the customers who left."""
        return self.left / self.rows

    @property
    def gap(self) -> float:
        """Observed minus promised share."""
        return self.observed - self.promised

    @property
    def by_chance(self) -> bool:
        """Whether chance explains the gap."""
        return self.p_value >= LEVEL

    @property
    def standing(self) -> str:
        """Whether it is chance, in a few words."""
        if self.by_chance:
            return "within chance"
        return f"{'more' if self.gap > 0 else 'fewer'} left than promised, beyond chance"

    @property
    def sentence(self) -> str:
        """Promise, outcome, difference and whether it is chance."""
        return (
            f"Scores promised {percent(self.promised, 2)} leavers "
            f"({self.promised * self.rows:,.1f} of {thousands(self.rows)}), "
            f"{percent(self.observed, 2)} came ({thousands(self.left)}): a difference of "
            f"{points(self.gap)} points, 95 % interval {points(self.low)} to {points(self.high)}: "
            + ("chance explains it." if self.by_chance else f"{self.standing}.")
        )

    def plain(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            **asdict(self),
            "observed": self.observed,
            "gap": self.gap,
            "by_chance": self.by_chance,
        }


def outcome_gap(
    y: npt.ArrayLike, scores: npt.ArrayLike, *, breakdown: str = "", group: str = "all customers"
) -> OutcomeGap:
    """Compare the leavers that scores promised with those that came.

    The interval is exact for customers of one risk and too wide, never too narrow, for others:
    their number of leavers varies less (Hoeffding, 1956). It excludes 0 where `p_value` is
    below 0.05.

    Parameters
    ----------
    y : array of shape (n,)
        1 for those who left, 0 for the others; at least one.
    scores : array of shape (n,)
        Probabilities of leaving.
    breakdown, group : str
        What the customers have in common.

    Returns
    -------
    OutcomeGap

    Raises
    ------
    DataError
        If there are no rows, or other values.

    Examples
    --------
    >>> found = outcome_gap([1] * 30 + [0] * 970, [0.02] * 1000)
    >>> round(found.gap, 3), found.by_chance
    (0.01, False)
    """
    left, p = np.asarray(y, np.float64), np.asarray(scores, np.float64)
    if left.shape != p.shape or left.ndim != 1 or not len(p):
        raise DataError(
            f"labels and scores need one value for each of one or more rows, got {left.shape} and "
            f"{p.shape}"
        )
    if not np.isin(left, (0, 1)).all() or not ((p >= 0) & (p <= 1)).all():
        raise DataError("labels have to be 0 or 1, and scores probabilities from 0 to 1")
    return _gap(breakdown, group, len(p), int(left.sum()), float(p.mean()))


def _gap(breakdown: str, group: str, n: int, k: int, promised: float) -> OutcomeGap:
    """The gap of `k` leavers among `n` customers."""
    half = LEVEL / 2
    low = float(special.betaincinv(k, n - k + 1, half)) if k else 0.0
    high = float(special.betaincinv(k + 1, n - k, 1 - half)) if k < n else 1.0
    at_most = float(special.bdtr(k, n, promised))
    at_least = float(special.bdtrc(k - 1, n, promised)) if k else 1.0
    p_value = min(1.0, 2 * min(at_most, at_least))
    return OutcomeGap(breakdown, group, n, k, promised, low - promised, high - promised, p_value)


def pooled_gaps(months: Sequence[Sequence[OutcomeGap]]) -> tuple[OutcomeGap, ...]:
    """The gaps of several months as those of one: of all customers, then of every group.

    Parameters
    ----------
    months : sequence of sequences of OutcomeGap
        Each begins with all customers of the month.

    Returns
    -------
    tuple of OutcomeGap
        Groups of the same name count as the same customers' group.

    Examples
    --------
    >>> july, august = outcome_gap([1, 0], [0.5, 0.1]), outcome_gap([0, 0], [0.2, 0.2])
    >>> (both,) = pooled_gaps([[july], [august]])
    >>> both.rows, both.left, both.promised
    (4, 1, 0.25)
    """
    summed: dict[tuple[str, str], list[float]] = {}
    for gap in [gap for month in months for gap in month]:
        total = summed.setdefault((gap.breakdown, gap.group), [0, 0, 0.0])
        for place, more in enumerate((gap.rows, gap.left, gap.rows * gap.promised)):
            total[place] += more
    made = [
        _gap(breakdown, group, int(n), int(k), promised / n)
        for (breakdown, group), (n, k, promised) in summed.items()
    ]
    everybody, groups = made[:1], made[1:]
    raised = adjusted_p_values([gap.p_value for gap in groups])
    return (
        *everybody,
        *(replace(g, p_value=float(q)) for g, q in zip(groups, raised, strict=True)),
    )


def gaps_by(
    y: npt.ArrayLike, scores: npt.ArrayLike, columns: Mapping[str, Any]
) -> tuple[OutcomeGap, ...]:
    """Compare in groups of customers; p-values are raised for the number of all groups.

    Parameters
    ----------
    y, scores : array of shape (n,)
        As :func:`outcome_gap` takes them.
    columns : mapping of name → array or Series of shape (n,)
        What the customers are divided by: texts, categories, or numbers, which are divided into
        quarters of the customers where there are more than 12 different ones.

    Returns
    -------
    tuple of OutcomeGap
        Of a column with more than 30 values the smaller groups are one, the last.

    Raises
    ------
    DataError
        As :func:`outcome_gap`.

    Examples
    --------
    >>> found = gaps_by([1, 0, 0, 0], [0.5, 0.2, 0.2, 0.1], {"plan": ["A", "A", "B", None]})
    >>> [(gap.group, gap.rows, gap.left) for gap in found]
    [('A', 2, 1), ('B', 1, 0), ('missing', 1, 0)]
    """
    left, p = np.asarray(y), np.asarray(scores, np.float64)
    found = [
        outcome_gap(left[mask], p[mask], breakdown=name, group=group)
        for name, values in columns.items()
        for group, mask in _groups(pd.Series(values).reset_index(drop=True))
    ]
    raised = adjusted_p_values([gap.p_value for gap in found])
    return tuple(replace(g, p_value=float(q)) for g, q in zip(found, raised, strict=True))


def _groups(values: pd.Series[Any]) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    """Name and rows of every group of a column."""
    known = values.dropna()
    numbers = pd.api.types.is_numeric_dtype(values.dtype) and known.dtype != bool
    if numbers and known.nunique() > MOST_NUMBERS:
        return _quarters(values.to_numpy(np.float64, na_value=np.nan))
    kind = values.dtype
    if isinstance(kind, pd.CategoricalDtype):
        names = [level for level in kind.categories if (values == level).any()]
    else:
        names = sorted(known.unique(), key=lambda value: (str(type(value)), value))
    groups = [(str(name), (values == name).fillna(False).to_numpy(bool)) for name in names]
    if len(groups) > MOST_GROUPS:
        by_size = sorted(groups, key=lambda group: (-int(group[1].sum()), group[0]))
        kept = {name for name, _ in by_size[:MOST_GROUPS]}
        pooled = [group for group in groups if group[0] not in kept]
        groups = [group for group in groups if group[0] in kept]
        rest = np.logical_or.reduce([mask for _, mask in pooled])
        groups.append((f"other ({len(pooled)} small groups)", rest))
    missing = values.isna().to_numpy()
    return [*groups, ("missing", missing)] if missing.any() else groups


def _quarters(values: Floats) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    known = ~np.isnan(values)
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, PARTS + 1)))
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    groups = [
        (f"{edges[part]:g} to {edges[part + 1]:g}", known & (place == part))
        for part in range(len(edges) - 1)
    ]
    groups.append(("missing", ~known))
    return [(name, mask) for name, mask in groups if mask.any()]


def gap_lines(gaps: Sequence[OutcomeGap]) -> list[str]:
    """A table in Markdown of the gaps of groups, and what is compared; empty without groups."""
    if not gaps:
        return []
    head = [
        "| customers | number | promised | came | difference, points | 95 % interval | |",
        "|---|---|---|---|---|---|---|",
    ]
    rows = [
        f"| {f'{gap.breakdown}: ' if gap.breakdown else ''}{gap.group} | {thousands(gap.rows)} "
        f"| {percent(gap.promised, 2)} | {percent(gap.observed, 2)} | {points(gap.gap)} "
        f"| {points(gap.low)} to {points(gap.high)} | {gap.standing} |"
        for gap in gaps
    ]
    return [*head, *rows, "", FOOTNOTE]
