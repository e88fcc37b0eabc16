"""Measures of every person in a call graph: core number, PageRank, clustering."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sp

from dbnchurn.core.typing import Floats, Ints, Rows
from dbnchurn.graph.call_graph import CallGraph

DAMPING = 0.85
ROUGH = 1e-6  # sum of absolute changes up to which PageRank is computed in float32
TOLERANCE = 1e-8  # sum of absolute changes at which PageRank stops
MOST_STEPS = 200  # in either precision
SMALLEST = 1e-25  # weight in float32: sums of many, and their inverses, lie within its range
MIXED = 3  # points that PageRank's next one is made of
BLOCK = 2_000_000  # entries of a sparse product at once


def neighbours_of(matrix: Any, rows: Rows) -> tuple[Rows, Rows]:
    """Positions of the entries of some rows of a csr_array, and how many each row has.

    Parameters
    ----------
    matrix : csr_array of shape (n, n)
    rows : int array of shape (k,)

    Returns
    -------
    positions : int array
        In ``matrix.indices`` and ``matrix.data``, row after row.
    counts : int array of shape (k,)
    """
    first = matrix.indptr[rows].astype(np.int64)
    counts = matrix.indptr[rows + 1].astype(np.int64) - first
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(first - (ends - counts), counts) + np.arange(total), counts


def core_numbers(graph: CallGraph) -> Ints:
    """The largest k for which each person belongs to a group of people with k partners within it.

    People with at most k partners left are taken off in rounds, for k from 0 up, as Batagelj and
    Zaversnik (2003) do it one by one; the result is the same.

    Parameters
    ----------
    graph : CallGraph
        Of n people.

    Returns
    -------
    int array of shape (n,)

    Examples
    --------
    >>> from dbnchurn.graph.call_graph import graph_of
    >>> core_numbers(graph_of(list("abcd"), [0, 1, 2, 2], [1, 2, 0, 3], [1, 1, 1, 1])).tolist()
    [2, 2, 2, 1]
    """
    ties = graph.both
    left = graph.partners.copy()
    core = np.zeros(len(graph), np.int64)
    alive = np.ones(len(graph), bool)
    among = np.arange(len(graph))
    k = 0
    while len(among):
        k = max(k, int(left[among].min()))
        off = among[left[among] <= k]
        while len(off):
            core[off] = k
            alive[off] = False
            positions, _ = neighbours_of(ties, off)
            met = ties.indices[positions]
            met = np.compress(alive[met], met)  # sooner than met[alive[met]]
            if len(met) * 8 > len(graph):
                left -= np.bincount(met, minlength=len(graph))
                touched = np.flatnonzero(alive & (left <= k))
            else:
                touched, times = np.unique(met, return_counts=True)
                left[touched] -= times
                touched = touched[left[touched] <= k]
            off = touched
        among = among[alive[among]]
    return core


def pagerank(graph: CallGraph, damping: float = DAMPING, *, threads: int = 1) -> Floats:
    """PageRank by the weights of the calls: who is called by people who are called.

    Parameters
    ----------
    graph : CallGraph
        Of n people.
    damping : float, default 0.85
    threads : int, default 1
        They change nothing but the time.

    Returns
    -------
    float64 array of shape (n,)
        Positive, with the sum 1.

    Examples
    --------
    >>> from dbnchurn.graph.call_graph import graph_of
    >>> rank = pagerank(graph_of(list("abc"), [0, 1], [2, 2], [1.0, 1.0]))
    >>> rank.argmax(), rank.sum().round(9)
    (np.int64(2), np.float64(1.0))
    """
    n = len(graph)
    if not n:
        return np.zeros(0)
    out = np.asarray(graph.ties.sum(axis=1)).ravel()
    silent = out == 0
    share = np.divide(1.0, out, out=np.zeros(n), where=~silent)
    rank = np.full(n, 1.0 / n)
    for kind, tolerance in _phases(graph.incoming.data):
        parts = _row_blocks(graph.incoming, threads, kind)
        mixing = _Mixing()
        with ThreadPoolExecutor(len(parts)) as pool:
            for _ in range(MOST_STEPS):
                sent = (rank * share).astype(kind, copy=False)
                spread = np.concatenate(
                    list(pool.map(lambda part, sent=sent: part @ sent, parts)), dtype=np.float64
                )
                spread += rank[silent].sum() / n
                after = damping * spread + (1.0 - damping) / n
                if float(np.abs(after - rank).sum()) < tolerance:
                    rank = after
                    break
                rank = mixing.next(rank, after)
    return np.asarray(rank / rank.sum())


def _phases(weights: Floats) -> list[tuple[type[np.floating[Any]], float]]:
    """Precisions to compute in one after another, each with the change at which it ends.

    A step in float32 reads half as much memory; only weights that it holds are computed so.
    """
    exact = (np.float64, TOLERANCE)
    if not len(weights) or weights.min() < SMALLEST or weights.max() > 1 / SMALLEST:
        return [exact]
    return [(np.float32, ROUGH), exact]


class _Mixing:
    """The next point of an iteration from several before it (Anderson, 1965).

    The changes of the last steps are combined to the smallest one, and the points likewise, with
    coefficients that sum to 1. Where plain steps come near slowly, as in clusters that are hardly
    tied to each other, half as many are enough; where they are quick, nothing is lost.
    """

    def __init__(self) -> None:
        self.points: list[Floats] = []
        self.changes: list[Floats] = []

    def next(self, point: Floats, image: Floats) -> Floats:
        """The next point, given the newest one and what the iteration makes of it."""
        self.points.append(image)
        self.changes.append(image - point)
        del self.points[:-MIXED], self.changes[:-MIXED]
        *earlier, newest = self.changes
        differences = [newest - change for change in earlier]
        if not differences:
            return image
        # Sums without BLAS, whose rounding may depend on its threads.
        products = np.array([[np.einsum("i,i", a, b) for a in differences] for b in differences])
        wanted = np.array([np.einsum("i,i", a, newest) for a in differences])
        weights = np.linalg.lstsq(products, wanted, rcond=1e-12)[0]
        mixed = (1.0 - weights.sum()) * image
        for weight, before in zip(weights, self.points, strict=False):
            mixed += weight * before
        return mixed if (mixed > 0).all() else image


def _row_blocks(matrix: Any, number: int, kind: type[np.floating[Any]]) -> list[Any]:
    """The rows of a csr_array in blocks of about as many entries each, copied in another type."""
    rows = np.searchsorted(matrix.indptr, np.linspace(0, matrix.nnz, number + 1)[1:-1])
    ends = np.r_[0, rows, matrix.shape[0]]
    found = []
    for start, stop in pairwise(ends):
        first, last = matrix.indptr[start], matrix.indptr[stop]
        data = matrix.data[first:last].astype(kind, copy=False)
        block = data, matrix.indices[first:last]
        indptr = matrix.indptr[start : stop + 1] - first
        found.append(sp.csr_array((*block, indptr), shape=(stop - start, matrix.shape[1])))
    return found


def clustering(graph: CallGraph, people: Rows | None = None) -> Floats:
    """Share of the pairs of one's partners who call each other, in either direction.

    Parameters
    ----------
    graph : CallGraph
        Of n people.
    people : int array of shape (k,), optional
        Positions; by default all.

    Returns
    -------
    float64 array of shape (k,)
        NaN for those with fewer than two partners.

    Examples
    --------
    >>> from dbnchurn.graph.call_graph import graph_of
    >>> clustering(graph_of(list("abcd"), [0, 1, 2, 2], [1, 2, 0, 3], [1, 1, 1, 1])).round(2)
    array([1.  , 1.  , 0.33,  nan])
    """
    rows = np.arange(len(graph)) if people is None else np.asarray(people)
    both, partners = graph.both, graph.partners
    ones = np.ones(both.nnz, np.float32)
    pattern = sp.csr_array((ones, both.indices, both.indptr), shape=both.shape)
    own = pattern if people is None else pattern[rows]
    work = np.asarray(own @ partners.astype(np.float64)).ravel()
    twice = np.zeros(len(rows))
    block = (np.cumsum(work) // BLOCK).astype(np.int64)
    for start, stop in zip(*_runs(block), strict=True):
        some = own[start:stop]
        twice[start:stop] = np.asarray((some @ pattern).multiply(some).sum(axis=1)).ravel()
    degree = partners[rows].astype(np.float64)
    pairs = degree * (degree - 1)
    shares = np.divide(twice, pairs, out=np.full(len(rows), np.nan), where=pairs > 0)
    return np.asarray(shares)


def _runs(block: Ints) -> tuple[Rows, Rows]:
    """Starts and ends of the runs of equal numbers."""
    change = np.flatnonzero(np.diff(block)) + 1
    return np.r_[0, change][: len(block)], np.r_[change, len(block)][: max(len(block), 0)]
