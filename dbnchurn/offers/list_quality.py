"""How good lists of offers are: recall, NDCG and coverage beside popularity, with intervals."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from dbnchurn.core.statistics import wilson
from dbnchurn.core.typing import Floats, Rows
from dbnchurn.evaluate.bootstrap import Interval
from dbnchurn.offers.purchases import entries

DRAWS = 1000
BINS = 10


@dataclass(frozen=True)
class ExpectedAndFound:
    """Pairs with similar probabilities: how many are expected to take the item, and who did.

    Parameters
    ----------
    pairs : int
    expected, found : float
        Shares.
    low, high : float
        Wilson's interval of the share found.
    """

    pairs: int
    expected: float
    found: float
    low: float
    high: float


@dataclass(frozen=True)
class ListQuality:
    """Lists measured on what followed.

    Parameters
    ----------
    k : int
        Offers of a list that count.
    customers : int
        Who took something new afterwards.
    drawn : bool
        Whether they are a sample.
    recall, recall_popular : Interval
        Share of what a customer took that was in the list: of the model, and of popularity.
    ndcg, ndcg_popular : Interval
        The same with hits that stand higher counting more.
    gain : Interval
        Recall beyond that of popularity.
    gain_se : float
        The gain in its standard errors.
    coverage, coverage_popular : float
        Share of the items that any list has.
    calibration : tuple of ExpectedAndFound
        Listed offers of all customers, by probability.
    """

    k: int
    customers: int
    drawn: bool
    recall: Interval
    recall_popular: Interval
    ndcg: Interval
    ndcg_popular: Interval
    gain: Interval
    gain_se: float
    coverage: float
    coverage_popular: float
    calibration: tuple[ExpectedAndFound, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """All figures, for JSON."""
        found = asdict(self)
        intervals = ("recall", "recall_popular", "ndcg", "ndcg_popular", "gain")
        return {**found, **{name: getattr(self, name).plain() for name in intervals}}


@dataclass(frozen=True, eq=False)
class Hits:
    """What lists met, a row for every customer who took something.

    Parameters
    ----------
    recall, ndcg : float arrays of shape (n,)
    """

    recall: Floats
    ndcg: Floats


def hits_of(lists: Rows, taken: csr_array) -> Hits:
    """Recall and NDCG of every list.

    Parameters
    ----------
    lists : int array of shape (n, k)
        Items, best first; -1 for none.
    taken : csr_array of shape (n, m)
        What every customer took; something each.

    Returns
    -------
    Hits

    Examples
    --------
    >>> found = hits_of(np.array([[1, 0]]), csr_array([[1.0, 0, 1]]))
    >>> found.recall.tolist(), found.ndcg.round(3).tolist()
    ([0.5], [0.387])
    """
    n, k = lists.shape
    met = np.zeros((n, k))
    for place in range(k):
        real = lists[:, place] >= 0
        met[real, place] = entries(taken, np.flatnonzero(real), lists[real, place]) > 0
    count = np.diff(taken.indptr)
    discount = 1 / np.log2(np.arange(k) + 2)
    best = np.concatenate([[0], np.cumsum(discount)])[np.minimum(count, k)]
    return Hits(met.sum(axis=1) / count, met @ discount / best)


def compare(model: Hits, popular: Hits, random_state: int) -> tuple[dict[str, Interval], float]:
    """Means with bootstrap intervals over customers, and the gain in its standard errors.

    Parameters
    ----------
    model, popular : Hits of the same customers
    random_state : int

    Returns
    -------
    intervals : dict
    gain_se : float
        0 where the two are equal for everybody.
    """
    columns = {
        "recall": model.recall,
        "recall_popular": popular.recall,
        "ndcg": model.ndcg,
        "ndcg_popular": popular.ndcg,
        "gain": model.recall - popular.recall,
    }
    table = np.column_stack(list(columns.values()))
    n = len(table)
    generator = np.random.default_rng(random_state)
    drawn = np.empty((DRAWS, table.shape[1]))
    for draw in range(DRAWS):
        drawn[draw] = table[generator.integers(0, n, n)].mean(axis=0)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    intervals = {
        name: Interval(float(table[:, place].mean()), float(low[place]), float(high[place]))
        for place, name in enumerate(columns)
    }
    gain = columns["gain"]
    error = gain.std(ddof=1) / np.sqrt(n) if n > 1 else 0.0
    return intervals, float(gain.mean() / error) if error > 0 else 0.0


def coverage_of(lists: Rows, possible: int) -> float:
    """Share of the items that any list has.

    Parameters
    ----------
    lists : int array of shape (n, k)
        Items; -1 for none.
    possible : int
        Items that are offered.

    Returns
    -------
    float
    """
    return len(np.unique(lists[lists >= 0])) / max(1, possible)


def calibration_of(expected: Floats, found: Floats) -> tuple[ExpectedAndFound, ...]:
    """Pairs in ten bins of about as many each, by probability; equal ones are in the same.

    Parameters
    ----------
    expected : float array of shape (n,)
        Probabilities.
    found : float array of shape (n,)
        1 for what was taken.

    Returns
    -------
    tuple of ExpectedAndFound
        Fewer than ten where many are equal or there are few.
    """
    # Rounding, so that equal pairs are not told apart by the order in which numbers were added.
    rounded = np.round(expected, 6)
    shares = np.linspace(0, 1, min(BINS, max(1, len(expected) // 50)) + 1)[1:-1]
    edges = np.unique(np.quantile(rounded, shares, method="lower")) if len(expected) else shares
    place = np.searchsorted(edges, rounded, side="left")
    bins = []
    for part in (np.flatnonzero(place == number) for number in range(len(edges) + 1)):
        if not len(part):
            continue
        low, high = wilson(found[part].sum(), len(part))
        bins.append(
            ExpectedAndFound(
                len(part), float(expected[part].mean()), float(found[part].mean()),
                float(low), float(high),
            )
        )  # fmt: skip
    return tuple(bins)
