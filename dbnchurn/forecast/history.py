"""The months of all customers in arrays: what a forecast learns from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.typing import Dates, Floats, Ints

STAYS = 30_000  # months until leaving of those who are there at the end
UNKNOWN = 0  # code of a missing value, and of a tenure that nobody knows
TENURES = (0, 1, 2, 3, 6, 12, 24)  # first month of every bin of tenure


@dataclass(frozen=True, eq=False)
class History:
    """One row for each customer and month, in the order of the months.

    Parameters
    ----------
    months : datetime64[M] array of shape (m,)
    segments : tuple of str
    starts : int array of shape (m + 1,)
        First row of every month, and the number of rows.
    segment : int array of shape (n,)
        Position in `segments`.
    age : int array of shape (n,)
        Months since the customer joined within the history; -1 for those of the first month.
    ahead : int array of shape (n,)
        Months until the customer leaves, 0 for the month of leaving; ``STAYS`` for those who have
        not left at the end.
    codes : uint8 array of shape (n, k)
        Bins of the columns of the hazards, the tenure first.
    sizes : tuple of int
        Number of codes of each column.
    revenue : float32 array of shape (n,) or None
    customer : int32 array of shape (n,)
        Number of the customer.
    ids : array of shape (customers,)
        Of every customer, in the order of the numbers.
    notes : tuple of str, default ()
    """

    months: Dates
    segments: tuple[str, ...]
    starts: Ints
    segment: npt.NDArray[Any]
    age: npt.NDArray[Any]
    ahead: npt.NDArray[Any]
    codes: npt.NDArray[np.uint8]
    sizes: tuple[int, ...]
    revenue: npt.NDArray[np.float32] | None
    customer: npt.NDArray[np.int32]
    ids: npt.NDArray[Any]
    notes: tuple[str, ...] = ()

    def rows(self, month: int) -> slice:
        """The rows of a month."""
        return slice(int(self.starts[month]), int(self.starts[month + 1]))

    def staying(self, month: int) -> Ints:
        """Rows of a month whose customers have not left at its end."""
        rows = self.rows(month)
        return np.asarray(np.flatnonzero(self.ahead[rows] > 0) + rows.start)

    def _by_segment(self, chosen: Any) -> Floats:
        """Sum by month and segment."""
        width = len(self.segments)
        return np.stack(
            [
                np.bincount(
                    self.segment[rows], np.asarray(chosen[rows], float), minlength=width
                ).astype(float)
                for rows in map(self.rows, range(len(self.months)))
            ]
        )

    @cached_property
    def customers(self) -> Floats:
        """Customers who are there in a month, those who leave in it included: (m, segments)."""
        return self._by_segment(np.ones(len(self.segment), np.int8))

    @cached_property
    def leavers(self) -> Floats:
        """Customers who leave in a month: (m, segments)."""
        return self._by_segment(self.ahead == 0)

    @cached_property
    def joiners(self) -> Floats:
        """Customers who join in a month: (m, segments); unknown, and 0, for the first month."""
        return self._by_segment(self.age == 0)

    @cached_property
    def earned(self) -> Floats:
        """Revenue of a month: (m, segments); 0 where none is known."""
        if self.revenue is None:
            return np.zeros((len(self.months), len(self.segments)))
        return self._by_segment(self.revenue)

    def until(self, month: int) -> History:
        """The history as it was at the end of a month: who left later is still there.

        Parameters
        ----------
        month : int
            Position of the last month that is kept.

        Returns
        -------
        History
        """
        end = int(self.starts[month + 1])
        ahead = self.ahead[:end].copy()
        for past in range(month + 1):
            until = ahead[self.rows(past)]
            until[until > month - past] = STAYS
        return replace(
            self,
            months=self.months[: month + 1],
            starts=self.starts[: month + 2],
            segment=self.segment[:end],
            age=self.age[:end],
            ahead=ahead,
            codes=self.codes[:end],
            revenue=None if self.revenue is None else self.revenue[:end],
            customer=self.customer[:end],
        )


def tenure_codes(tenure: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """Bins of the months since a customer joined; ``UNKNOWN`` for negative ones.

    Examples
    --------
    >>> tenure_codes([-1, 0, 1, 4, 400]).tolist()
    [0, 1, 2, 4, 7]
    """
    return np.searchsorted(np.array(TENURES), np.asarray(tenure), side="right").astype(np.uint8)
