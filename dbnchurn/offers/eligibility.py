"""Who may get what: items that are offered, conditions of customers, and pairs that are closed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.sparse import csr_array

from dbnchurn.core.errors import did_you_mean
from dbnchurn.core.typing import Bools, Floats32


@dataclass(frozen=True, eq=False)
class Eligibility:
    """Who may get which of m items; applied before anything is ranked.

    Parameters
    ----------
    offered : bool array of shape (m,)
        Items that are offered to anybody.
    eligible : mapping of position → bool array of shape (n,)
        Customers who may get an item, for items that are not for all.
    closed : csr_array of shape (n, m), optional
        Pairs that must not be offered.

    Examples
    --------
    >>> rules = Eligibility(np.array([True, False]), {0: np.array([True, False])})
    >>> rules.open(slice(0, 2)).tolist()
    [[True, False], [False, False]]
    """

    offered: Bools
    eligible: Mapping[int, Bools] = field(default_factory=dict)
    closed: csr_array | None = None

    @classmethod
    def of_all(cls, n_items: int) -> Eligibility:
        """Every item for everybody."""
        return cls(np.ones(n_items, bool))

    def open(self, rows: slice) -> Bools:
        """Items that some customers may get, as an array of shape (rows, m)."""
        found = np.repeat(self.offered[None], rows.stop - rows.start, axis=0)
        for item, customers in self.eligible.items():
            found[:, item] &= customers[rows]
        if self.closed is not None:
            closed = self.closed[rows]
            row = np.repeat(np.arange(closed.shape[0]), np.diff(closed.indptr))
            found[row, closed.indices] = False
        return found


def close(logits: Floats32, rows: slice, rules: Eligibility, held: csr_array | None) -> None:
    """Set what must not be offered to minus infinity.

    Parameters
    ----------
    logits : float32 array of shape (rows, m)
        Changed.
    rows : slice
        Of the customers.
    rules : Eligibility
    held : csr_array of shape (rows, m), optional
        What is held, where it must not be offered again.
    """
    if len(rules.eligible) or rules.closed is not None:
        logits[~rules.open(rows)] = -np.inf
    else:
        logits[:, ~rules.offered] = -np.inf
    if held is not None:
        row = np.repeat(np.arange(held.shape[0]), np.diff(held.indptr))
        logits[row, held.indices] = -np.inf


def name_problems(named: Sequence[str], items: Sequence[str], where: str) -> Iterator[str]:
    """Items of a config that no table has.

    Parameters
    ----------
    named : sequence of str
    items : sequence of str
        Those of the table.
    where : str
        Key of the config, for messages.

    Yields
    ------
    str
    """
    known = set(items)
    for name in named:
        if name not in known:
            yield f"{where}: there is no item {name!r}: {did_you_mean(name, items)}"


def also_closed(rules: Eligibility, pairs: csr_array | None) -> Eligibility:
    """Rules by which further pairs must not be offered.

    Parameters
    ----------
    rules : Eligibility
    pairs : csr_array of shape (n, m), optional

    Returns
    -------
    Eligibility
    """
    if pairs is None or not pairs.nnz:
        return rules
    both = pairs if rules.closed is None else csr_array(rules.closed + pairs)
    return replace(rules, closed=both)
