"""Who calls whom, as a sparse matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Bools, Floats, Ints

MOST_WEIGHT = 1_000_000  # up to which whole weights are counted, not sorted


@dataclass(frozen=True, eq=False)
class CallGraph:
    """People, and the weight of the calls from each to each other.

    Parameters
    ----------
    ids : array of shape (n,)
        Texts or whole numbers, in ascending order.
    ties : csr_array of shape (n, n)
        Row: caller; column: callee. Weights are positive, and the diagonal is empty.

    Examples
    --------
    >>> graph = graph_of(["a", "b", "c"], [0, 1, 2], [1, 0, 1], [3.0, 1.0, 2.0])
    >>> graph.partners.tolist(), graph.reciprocity.tolist()
    ([1, 2, 1], [1.0, 0.5, 0.0])
    """

    ids: npt.NDArray[Any]
    ties: Any  # scipy has no types

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def incoming(self) -> Any:
        """csr_array of shape (n, n): row: who is called, column: caller."""
        return self.ties.T.tocsr()

    @cached_property
    def both(self) -> Any:
        """Symmetric csr_array of shape (n, n): the weight of the calls in both directions."""
        return (self.ties + self.incoming).tocsr()

    @cached_property
    def weights(self) -> tuple[Floats, Ints]:
        """The different weights of pairs in both directions, and how often each occurs."""
        data = self.both.data
        whole = data.astype(np.int64)
        if len(data) and (whole == data).all() and whole.max() < MOST_WEIGHT:
            times = np.bincount(whole)
            return np.flatnonzero(times).astype(np.float64), times[times > 0]
        return np.unique(data, return_counts=True)

    @cached_property
    def partners(self) -> Ints:
        """Number of others whom each calls or is called by."""
        return np.asarray(np.diff(self.both.indptr), np.int64)

    @cached_property
    def called(self) -> Ints:
        """Number of others whom each calls."""
        return np.asarray(np.diff(self.ties.indptr), np.int64)

    @cached_property
    def callers(self) -> Ints:
        """Number of others by whom each is called."""
        return np.asarray(np.diff(self.incoming.indptr), np.int64)

    @cached_property
    def reciprocity(self) -> Floats:
        """Share of the partners whom each both calls and is called by; 0 without partners."""
        mutual = self.called + self.callers - self.partners
        return mutual / np.maximum(self.partners, 1)

    @cached_property
    def strength(self) -> Floats:
        """Weight of the calls of each, in both directions."""
        return np.asarray(self.both.sum(axis=1)).ravel()

    @cached_property
    def component(self) -> Ints:
        """Number of the connected part to which each belongs; 0 is the largest."""
        _, label = sp.csgraph.connected_components(self.ties, directed=False)
        size = np.bincount(label, minlength=1)
        rank = np.empty(len(size), np.int64)
        rank[np.argsort(-size, kind="stable")] = np.arange(len(size))
        return rank[label] if len(label) else np.zeros(0, np.int64)

    def without(self, nodes: Bools) -> CallGraph:
        """The same without some people.

        Parameters
        ----------
        nodes : bool array of shape (n,)
            True for those who are left out.

        Returns
        -------
        CallGraph
        """
        if not nodes.any():
            return self
        kept = np.flatnonzero(~nodes)
        rest = CallGraph(self.ids[kept], self.ties[kept][:, kept].tocsr())
        if "both" in self.__dict__:  # two slices cost less than to add the directions up again
            rest.__dict__["both"] = self.both[kept][:, kept].tocsr()
        return rest


def graph_of(ids: npt.ArrayLike, callers: Any, callees: Any, weights: Any) -> CallGraph:
    """A graph from a list of calls; those of one pair are added up.

    Parameters
    ----------
    ids : array of shape (n,)
        In ascending order, each once.
    callers, callees : int array of shape (m,)
        Positions in `ids`; who calls oneself is left out.
    weights : float array of shape (m,)
        Positive.

    Returns
    -------
    CallGraph

    Raises
    ------
    DataError
        With all that is wrong in ids, positions and weights.

    Examples
    --------
    >>> graph = graph_of(["a", "b"], [0, 0, 1], [1, 1, 1], [3.0, 1.0, 2.0])
    >>> graph.ties.toarray().tolist()
    [[0.0, 4.0], [0.0, 0.0]]
    """
    names, weights = np.asarray(ids), np.asarray(weights, np.float64)
    callers, callees = np.asarray(callers), np.asarray(callees)
    if wrong := _faults(names, callers, callees, weights):
        raise DataError(f"the calls make no graph: {'; '.join(wrong)}")
    callers, callees = (part.astype(np.int32, copy=False) for part in (callers, callees))
    others = callers != callees
    if not others.all():
        callers, callees, weights = callers[others], callees[others], weights[others]
    shape = (len(names), len(names))
    ties = sp.coo_array((weights, (callers, callees)), shape=shape).tocsr()
    ties.sort_indices()
    return CallGraph(names, ties)


def _faults(
    ids: npt.NDArray[Any], callers: npt.NDArray[Any], callees: npt.NDArray[Any], weights: Floats
) -> list[str]:
    """What is wrong with the arguments of :func:`graph_of`, in sentences."""
    found = []
    if not (ids[1:] > ids[:-1]).all():
        found.append("ids have to be in ascending order, each once; take those of numpy.unique")
    if not callers.shape == callees.shape == weights.shape:
        found.append(
            f"callers, callees and weights have the shapes {callers.shape}, {callees.shape} and "
            f"{weights.shape}, and one of each belongs to a call"
        )
    for name, places in (("callers", callers), ("callees", callees)):
        if len(places) and not (
            places.dtype.kind in "iu" and places.min() >= 0 and places.max() < len(ids)
        ):
            found.append(f"{name} have to be positions in ids, whole numbers from 0 to "
                         f"{len(ids) - 1}")  # fmt: skip
    if few := int((~((weights > 0) & np.isfinite(weights))).sum()):
        found.append(
            f"{few} of {weights.size} weights are not positive numbers; leave out such calls"
        )
    return found
