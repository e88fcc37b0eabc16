"""What remains of a search for next offers: weights, rates and coefficients; and lists by them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from dbnchurn.core.typing import Floats, Floats32, Rows
from dbnchurn.offers.acceptance import Acceptance
from dbnchurn.offers.eligibility import Eligibility, close
from dbnchurn.offers.item_weights import Weights, scores_of
from dbnchurn.offers.purchases import Standing, entries

CELLS = 20_000_000  # customers × items that are scored at once


@dataclass(frozen=True, eq=False)
class Lists:
    """The offers of some customers, the likeliest first.

    Parameters
    ----------
    items : int array of shape (n, k)
        Positions; -1 where fewer than k items are open.
    acceptance : float array of shape (n, k)
        NaN where it is not known: by time, of a customer who bought nothing yet.
    because : int array of shape (n, k)
        The held item that speaks most for it; -1 where none does.
    """

    items: Rows
    acceptance: Floats
    because: Rows


@dataclass(frozen=True, eq=False)
class NextOfferRecord:
    """All that lists need besides what customers hold.

    Parameters
    ----------
    items : tuple of m texts
    groups : tuple of m texts or None
    weights : array of shape (m, m)
        What each held item says of every other.
    acceptance : Acceptance
    method : {"ease", "cosine"}
    penalty : float, optional
        Of EASE.
    window : int
        Weeks in which an offer is taken; 0 where nothing has a date.
    repeat : bool
        Whether what was taken before is offered again.

    Examples
    --------
    >>> from dbnchurn.offers.acceptance import ItemRates
    >>> half = np.array([0.5, 0.5])
    >>> takes = Acceptance(
    ...     np.eye(8)[1], ItemRates(half, half, half), np.zeros((2, 1)), np.zeros(2), np.zeros(8),
    ...     np.ones(2, np.float32),
    ... )
    >>> record = NextOfferRecord(
    ...     ("tv", "phone"), (None, None), np.array([[0, 1], [1, 0]], np.float32), takes, "ease",
    ...     1.0, 6, False,
    ... )
    >>> (record.logits(Standing(csr_array([[1.0, 0.0]]), np.zeros(1))) > 0).tolist()
    [[False, True]]
    """

    items: tuple[str, ...]
    groups: tuple[str | None, ...]
    weights: Weights
    acceptance: Acceptance
    method: str
    penalty: float | None
    window: int
    repeat: bool

    def logits(self, standing: Standing) -> Floats32:
        """Log odds that customers take each item."""
        return self.acceptance.logits(scores_of(standing.held, self.weights), standing)

    def chunks(
        self, standing: Standing, rules: Eligibility
    ) -> Iterator[tuple[slice, Standing, Floats32]]:
        """Log odds of chunks of customers; minus infinity for what they must not be offered.

        Parameters
        ----------
        standing : Standing of n customers
        rules : Eligibility

        Yields
        ------
        rows : slice
        standing : Standing
            Theirs.
        logits : float32 array
        """
        size = max(1, CELLS // len(self.items))
        for first in range(0, len(standing), size):
            rows = slice(first, min(first + size, len(standing)))
            part = standing.of(rows)
            logits = self.logits(part)
            close(logits, rows, rules, None if self.repeat else part.held)
            yield rows, part, logits

    def lists(self, part: Standing, logits: Floats32, n_offers: int) -> Lists:
        """The likeliest items of some customers.

        Parameters
        ----------
        part : Standing of n customers
        logits : float32 array of shape (n, m)
        n_offers : int
            Items of a customer at most.

        Returns
        -------
        Lists
        """
        items = likeliest(logits, n_offers)
        chosen = np.take_along_axis(logits, items, axis=1)
        open_ = np.isfinite(chosen)
        acceptance = self.acceptance.probabilities(chosen)
        acceptance[~open_] = np.nan
        if self.window:
            acceptance[np.diff(part.held.indptr) == 0] = np.nan
        items = np.where(open_, items, -1)
        return Lists(items, acceptance, _because(part.held, items, self.weights))


def likeliest(logits: Floats32, k: int) -> Rows:
    """Positions of the k largest values of each row, largest first; of equals the first.

    Parameters
    ----------
    logits : float32 array of shape (n, m)
    k : int

    Returns
    -------
    int array of shape (n, min(k, m))

    Examples
    --------
    >>> likeliest(np.array([[0.1, 0.5, 0.5]], np.float32), 2).tolist()
    [[1, 2]]
    """
    n, m = logits.shape
    k = min(k, m)
    if k < m:
        few = np.argpartition(logits, m - k, axis=1)[:, m - k :]
        # Which of several equal values argpartition takes depends on the order of the others.
        least = np.take_along_axis(logits, few, axis=1).min(axis=1)
        tied = (logits >= least[:, None]).sum(axis=1) > k
        few[tied] = np.argsort(-logits[tied], axis=1, kind="stable")[:, :k]
    else:
        few = np.broadcast_to(np.arange(m), (n, m)).copy()
    few.sort(axis=1)
    order = np.argsort(-np.take_along_axis(logits, few, axis=1), axis=1, kind="stable")
    return np.take_along_axis(few, order, axis=1)


def _because(held: csr_array, items: Rows, weights: Weights) -> Rows:
    """The held item with the largest weight for every listed one."""
    k = items.shape[1]
    counts = np.diff(held.indptr)
    found = np.full(items.shape, -1, np.intp)
    for place in range(k):
        rows = np.flatnonzero((counts > 0) & (items[:, place] >= 0))
        if not len(rows):
            continue
        size = counts[rows]
        starts = np.cumsum(size) - size
        own = np.repeat(held.indptr[rows] - starts, size) + np.arange(size.sum())
        item = held.indices[own]
        offered = np.repeat(items[rows, place], size)
        if isinstance(weights, np.ndarray):
            value = weights[item, offered]
        else:
            value = entries(weights, item, offered).astype(np.float32)
        value[item == offered] = -np.inf
        largest = np.maximum.reduceat(value, starts)
        is_largest = value == np.repeat(largest, size)
        where = np.flatnonzero(is_largest)
        owner, first = np.unique(np.repeat(np.arange(len(rows)), size)[where], return_index=True)
        best = item[where[first]]
        found[rows[owner], place] = np.where(largest[owner] > 0, best, -1)
    return found
