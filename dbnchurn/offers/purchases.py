"""What customers hold, and what they bought in which week, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from scipy.sparse import csr_array, csr_matrix

from dbnchurn.core.errors import DataError, listed
from dbnchurn.core.typing import Bools, Floats, Ints32, Rows


@dataclass(frozen=True, eq=False)
class Standing:
    """What n customers hold and lately did at some time.

    Parameters
    ----------
    held : csr_array of shape (n, m)
        1 for an item that the customer has or had.
    recent : float array of shape (n,)
        Different items that the customer took lately; 0 where nothing has a date.
    habit : csr_array of shape (n, m), optional
        Recent weeks in which the customer took the item; given where items are taken repeatedly.
    as_if_new : bool, default False
        Every held item is judged by the other items alone.
    """

    held: csr_array
    recent: Floats
    habit: csr_array | None = None
    as_if_new: bool = False

    def __len__(self) -> int:
        return int(self.held.shape[0])

    def of(self, rows: Rows | slice) -> Standing:
        """Those of some customers."""
        habit = None if self.habit is None else self.habit[rows]
        return Standing(self.held[rows], self.recent[rows], habit, self.as_if_new)


@dataclass(frozen=True, eq=False)
class Holdings:
    """What n customers hold, without dates.

    Parameters
    ----------
    customers : tuple of n texts
    items : tuple of m texts
    held : csr_array of shape (n, m)
        1 for an item that the customer holds.
    unknown : csr_array of shape (n, m), optional
        1 where it is not known.
    groups : tuple of m texts or None, optional
        What kind of item each is.
    notes : tuple of str

    Examples
    --------
    >>> from scipy.sparse import csr_array, csr_matrix
    >>> Holdings(("a", "b"), ("tv",), csr_array([[1.0], [0.0]])).standing().held.sum()
    np.float64(1.0)
    """

    customers: tuple[str, ...]
    items: tuple[str, ...]
    held: csr_array
    unknown: csr_array | None = None
    groups: tuple[str | None, ...] = ()
    notes: tuple[str, ...] = ()

    def standing(self, as_if_new: bool = False) -> Standing:
        """What they hold."""
        return Standing(self.held, np.zeros(len(self.customers)), as_if_new=as_if_new)

    def on_items(self, items: Sequence[str]) -> Holdings:
        """The same on given items, in their order.

        Parameters
        ----------
        items : sequence of str
            Such as those of a stored :class:`NextOffer`.

        Returns
        -------
        Holdings
            A note says which items were left out.

        Raises
        ------
        DataError
            If the table lacks an item, for then nobody knows who holds it.
        """
        if absent := [name for name in items if name not in self.items]:
            raise DataError(
                f"the holdings lack the items {listed(absent)}, which were learned from; add their "
                "columns, or learn again"
            )
        place = item_places(self.items, items)
        kept = place[self.held.indices] >= 0
        columns = [self.items.index(name) for name in items]
        groups = self.groups or (None,) * len(self.items)
        return replace(
            self,
            items=tuple(items),
            held=csr_array(self.held[:, columns]),
            unknown=None if self.unknown is None else csr_array(self.unknown[:, columns]),
            groups=tuple(groups[column] for column in columns),
            notes=(*self.notes, *_left_out(self.items, place, kept, "holdings")),
        )

    def with_customers(self, ids: Sequence[str]) -> Holdings:
        """The same with further customers, who hold nothing.

        Parameters
        ----------
        ids : sequence of str
            Those that are there already stay as they are.

        Returns
        -------
        Holdings
        """
        known = set(self.customers)
        new = tuple(sorted(set(ids) - known))
        return replace(
            self,
            customers=self.customers + new,
            held=_longer(self.held, len(new)),
            unknown=None if self.unknown is None else _longer(self.unknown, len(new)),
        )


@dataclass(frozen=True, eq=False)
class Purchases:
    """What customers bought in which week; r rows, each another customer, item or week.

    Parameters
    ----------
    customers : tuple of n texts
    items : tuple of m texts
    customer, item, week : int32 arrays of shape (r,)
        Positions of customer and item, and the number of the week. Week 0 is the oldest; weeks
        from `n_weeks` on lie after `until`, and serve only to offer nothing that is there by now.
    n_weeks : int
        Complete weeks.
    until : date or None
        Last day of the last complete week; None where weeks have no dates.
    groups : tuple of m texts or None, optional
        What kind of item each is.
    notes : tuple of str

    Examples
    --------
    >>> bought = Purchases.of(["a", "a", "b"], ["tv", "phone", "tv"], [0, 1, 1])
    >>> bought.held(1).toarray().tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """

    customers: tuple[str, ...]
    items: tuple[str, ...]
    customer: Ints32
    item: Ints32
    week: Ints32
    n_weeks: int
    until: date | None
    groups: tuple[str | None, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        customer: Sequence[Any],
        item: Sequence[Any],
        week: Sequence[int],
        *,
        groups: dict[str, str] | None = None,
        until: date | None = None,
    ) -> Purchases:
        """Purchases of three columns of the same length; weeks are counted from 0.

        Parameters
        ----------
        customer, item : sequence
            Names.
        week : sequence of int
        groups : dict of item → group, optional
        until : date, optional
            Last day of the last week.

        Returns
        -------
        Purchases
        """
        customers, c = np.unique(np.asarray(customer, str), return_inverse=True)
        items, i = np.unique(np.asarray(item, str), return_inverse=True)
        rows = np.unique(np.column_stack([c, i, np.asarray(week, int)]), axis=0).astype(np.int32)
        names = tuple(map(str, items))
        return cls(
            tuple(map(str, customers)),
            names,
            customer=rows[:, 0],
            item=rows[:, 1],
            week=rows[:, 2],
            n_weeks=int(max(week)) + 1,
            until=until,
            groups=tuple((groups or {}).get(name) for name in names),
        )

    def first_weeks(self, n_weeks: int) -> Purchases:
        """The purchases of the first weeks, as if the others had not come yet."""
        kept, earlier = self.week < n_weeks, timedelta(weeks=self.n_weeks - n_weeks)
        return replace(
            self,
            customer=self.customer[kept],
            item=self.item[kept],
            week=self.week[kept],
            n_weeks=n_weeks,
            until=None if self.until is None else self.until - earlier,
        )

    def with_customers(self, ids: Sequence[str]) -> Purchases:
        """The same with further customers, who bought nothing."""
        new = tuple(sorted(set(ids) - set(self.customers)))
        return replace(self, customers=self.customers + new)

    def on_items(self, items: Sequence[str]) -> Purchases:
        """The same on given items, in their order; what was bought of others takes no part.

        Parameters
        ----------
        items : sequence of str
            Such as those of a stored :class:`NextOffer`.

        Returns
        -------
        Purchases
            A note says which items were left out.

        Raises
        ------
        DataError
            If nothing of these items was bought.

        Examples
        --------
        >>> bought = Purchases.of(["a", "a", "b"], ["tv", "phone", "tv"], [0, 1, 1])
        >>> same = bought.on_items(["box", "tv"])
        >>> same.held(2).toarray().tolist(), same.notes
        ([[0.0, 1.0], [0.0, 1.0]], ("1 of 3 purchases are of 1 items that were not learned from, \
such as 'phone': they say nothing, and these items are not offered; learn again to have them",))
        """
        place = item_places(self.items, items)
        item = place[self.item]
        kept = item >= 0
        groups = dict(zip(self.items, self.groups or [None] * len(self.items), strict=True))
        return replace(
            self,
            items=tuple(items),
            customer=self.customer[kept],
            item=item[kept].astype(np.int32),
            week=self.week[kept],
            groups=tuple(groups.get(name) for name in items),
            notes=(*self.notes, *_left_out(self.items, place, kept, "purchases")),
        )

    def held(self, week: int) -> csr_array:
        """Customers × items, 1 for what was bought before a week."""
        return self._matrix(self.week < week)

    def taken(self, first: int, stop: int) -> csr_array:
        """Customers × items, 1 for what was bought in the weeks from `first` to before `stop`.

        Parameters
        ----------
        first, stop : int

        Returns
        -------
        csr_array of shape (n, m)
        """
        return self._matrix((self.week >= first) & (self.week < stop))

    def standing(self, week: int, recent: int, repeat: bool = False) -> Standing:
        """What is known of the customers before a week.

        Parameters
        ----------
        week : int
        recent : int
            Weeks that are recent.
        repeat : bool, default False
            Whether to count the recent weeks of every item.

        Returns
        -------
        Standing
        """
        lately = (self.week >= week - recent) & (self.week < week)
        counts = np.asarray(self._matrix(lately).sum(axis=1), np.float64).ravel()
        habit = self._matrix(lately, count=True) if repeat else None
        return Standing(self.held(week), counts, habit)

    def _matrix(self, rows: Bools, count: bool = False) -> csr_array:
        shape = len(self.customers), len(self.items)
        ones = np.ones(int(rows.sum()), np.float32)
        made = csr_array((ones, (self.customer[rows], self.item[rows])), shape=shape)
        made.sum_duplicates()
        if not count:
            made.data[:] = 1
        return made


def item_places(own: Sequence[str], items: Sequence[str]) -> Rows:
    """Where each of some items stands among others; -1 where it is none of them.

    Parameters
    ----------
    own, items : sequence of str

    Returns
    -------
    int array of shape (len(own),)

    Raises
    ------
    DataError
        If none is.

    Examples
    --------
    >>> item_places(["phone", "tv"], ["box", "tv"]).tolist()
    [-1, 1]
    """
    known = {name: place for place, name in enumerate(items)}
    place = np.array([known.get(name, -1) for name in own], np.intp)
    if not (place >= 0).any():
        raise DataError(
            f"none of the items {listed(own)} is among those that were learned from: "
            f"{listed(items)}; are they written alike?"
        )
    return place


def _left_out(own: Sequence[str], place: Rows, kept: Bools, what: str) -> tuple[str, ...]:
    """The note on items that were not learned from; none where there are none."""
    others = [name for name, where in zip(own, place, strict=True) if where < 0]
    if not others:
        return ()
    return (
        f"{int((~kept).sum())} of {len(kept)} {what} are of {len(others)} items that were not "
        f"learned from, such as {others[0]!r}: they say nothing, and these items are not offered; "
        "learn again to have them",
    )


def _longer(matrix: csr_array, more: int) -> csr_array:
    """The same with empty rows at the end."""
    n, m = matrix.shape
    end = np.full(more, matrix.indptr[-1], matrix.indptr.dtype)
    return csr_array(
        (matrix.data, matrix.indices, np.concatenate([matrix.indptr, end])), shape=(n + more, m)
    )


def holders(held: csr_array) -> Floats:
    """Customers who hold each item.

    Examples
    --------
    >>> holders(csr_array([[1.0, 1.0], [0.0, 1.0]])).tolist()
    [1.0, 2.0]
    """
    return np.asarray(held.sum(axis=0, dtype=np.float64)).ravel()


def entries(matrix: csr_array, row: Rows, column: Rows) -> Floats:
    """Values at pairs of positions, as a dense array.

    Parameters
    ----------
    matrix : csr_array of shape (n, m)
    row, column : int arrays of shape (k,)

    Returns
    -------
    float array of shape (k,)

    Examples
    --------
    >>> entries(csr_array([[0, 2], [3, 0]]), np.array([0, 1]), np.array([1, 1])).tolist()
    [2.0, 0.0]
    """
    if not len(row):
        return np.zeros(0)  # with no position the result would be sparse
    return np.asarray(csr_matrix(matrix)[row, column], np.float64).ravel()
