"""Customers drawn from a table that is too large to be trained on as a whole.

A customer is drawn by a hash of seed and key, with all rows of the customer. The draw therefore
depends neither on the order of the rows nor on how they are divided, and counts of parts add up to
its bounds. Those who left at one of the cutoffs and those who stayed are drawn at the same share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dbnchurn.core.errors import DataError
from dbnchurn.core.sql import quoted, text_literal
from dbnchurn.core.typing import Ints
from dbnchurn.data.joins import LABEL
from dbnchurn.tables.duckdb import Session

SLOTS = 2**16
STAYERS, LEAVERS = 0, 1


@dataclass(frozen=True)
class DrawRule:
    """From how many rows on customers are drawn, and by which seed.

    Parameters
    ----------
    most_rows : int
        Of the drawn customers, at most.
    seed : int
    """

    most_rows: int
    seed: int

    def slot_counts(self, session: Session, relation: str, key: str) -> Ints:
        """Rows of the customers in every slot of the hash.

        Parameters
        ----------
        session : Session
        relation : str
            SQL of a table of features with labels: all rows of its customers.
        key : str
            Column that names the customer.

        Returns
        -------
        int64 array of shape (2, SLOTS)
            Of those who stayed and of those who left; what several parts count is added.
        """
        found = session.rows(
            f"SELECT kind, slot, sum(n) FROM ({self._customers(relation, key)}) GROUP BY kind, slot"
        )
        counts = np.zeros((2, SLOTS), np.int64)
        for kind, slot, rows in found:
            counts[kind, slot] = rows
        return counts

    def drawn_rows(self, relation: str, key: str, draw: Draw, *, others: bool = False) -> str:
        """SQL of the rows of the drawn customers.

        Parameters
        ----------
        relation : str
            As :meth:`slot_counts` takes it.
        key : str
        draw : Draw
        others : bool, default False
            The rows of all customers but those.

        Returns
        -------
        str
        """
        edge = f"CASE kind WHEN {LEAVERS} THEN {draw.edges[LEAVERS]} ELSE {draw.edges[STAYERS]} END"
        return (
            f"SELECT * FROM {relation} WHERE {quoted(key)} {'NOT ' if others else ''}IN "
            f"(SELECT key FROM ({self._customers(relation, key)}) WHERE slot < {edge})"
        )

    def _customers(self, relation: str, key: str) -> str:
        """SQL of one row a customer: slot, kind and number of rows."""
        name, salt = quoted(key), text_literal(f"{self.seed}:")
        return (
            f"SELECT {name} AS key, count(*) AS n, CAST(coalesce(max({LABEL}), 0) AS INTEGER) AS "
            f"kind, CAST(md5_number_lower({salt} || CAST({name} AS VARCHAR)) % {SLOTS} AS INTEGER) "
            f"AS slot FROM {relation} GROUP BY {name}"
        )


@dataclass(frozen=True)
class Draw:
    """Which customers were drawn, and of how many.

    Parameters
    ----------
    table_rows : int
        Of the whole table.
    rows : int
        Of the drawn customers.
    most_rows, seed : int
        Of the rule.
    edges : tuple of two int
        Slots of those who stayed, and of those who left, below which customers are drawn.
    boosted : bool, default False
        Whether boosters are fitted on the rows of the others, too.

    Examples
    --------
    >>> counts = np.zeros((2, SLOTS), np.int64)
    >>> counts[:, ::2**13] = [[9], [1]]
    >>> drawn = Draw.of(counts, DrawRule(most_rows=45, seed=0))
    >>> drawn.rows, drawn.table_rows
    (40, 80)
    """

    table_rows: int
    rows: int
    most_rows: int
    seed: int
    edges: tuple[int, int]
    boosted: bool = False

    @classmethod
    def of(cls, counts: Ints, rule: DrawRule) -> Draw:
        """The draw by the counts of all rows.

        Parameters
        ----------
        counts : int64 array of shape (2, SLOTS)
            As :meth:`DrawRule.slot_counts` gives them.
        rule : DrawRule

        Returns
        -------
        Draw

        Raises
        ------
        DataError
            If nobody who left, or nobody who stayed, would be drawn.
        """
        total = int(counts.sum())
        sums = counts.cumsum(axis=1)
        allowed = [int(of_kind) * rule.most_rows // max(total, 1) for of_kind in sums[:, -1]]
        edges = [
            int(np.searchsorted(s, a, side="right")) for s, a in zip(sums, allowed, strict=True)
        ]
        rows = [int(s[edge - 1]) if edge else 0 for s, edge in zip(sums, edges, strict=True)]
        for who, drawn, there in zip(("stayed", "left"), rows, sums[:, -1], strict=True):
            if there and not drawn:
                raise DataError(
                    f"the table has {total} rows, and of data.most_rows {rule.most_rows} none are "
                    f"left for customers who {who}; allow more with data.most_rows"
                )
        return cls(total, sum(rows), rule.most_rows, rule.seed, (edges[STAYERS], edges[LEAVERS]))

    @property
    def sentence(self) -> str:
        """What was drawn, in words."""
        others = "boosters alone learn from" if self.boosted else "nothing learns from"
        return (
            f"Drawn customers: the table has {self.table_rows} rows, more than data.most_rows "
            f"{self.most_rows}; {self.rows} rows of customers drawn by a hash of seed and key, the "
            "same share of those who left and of those who stayed, are trained on and measured; "
            f"{others} the rows of the other customers."
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain data for the model."""
        return {
            "table_rows": self.table_rows,
            "rows": self.rows,
            "most_rows": self.most_rows,
            "seed": self.seed,
            "boosted": self.boosted,
        }
