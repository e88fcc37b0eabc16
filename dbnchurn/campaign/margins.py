"""Values of all customers and options, and what is best for every customer at given prices.

Options are rows here, so that a pass over all customers runs along memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dbnchurn.core.typing import Floats, Ints

Values = npt.NDArray[np.floating]
CHUNK = 16_384  # customers whose values fit into a processor's cache
NONE = -1  # the option of a customer without one


@dataclass(frozen=True, eq=False)
class Margins:
    """Values and costs of n customers and m options.

    Parameters
    ----------
    values : array of shape (m, n)
        Money; minus infinity where a customer must not get the option.
    costs : array of shape (m,) or (m, n)
        Money of a contact.
    most : int
        Contacts of a customer at most.
    """

    values: Values
    costs: Values
    most: int = 1

    @property
    def n(self) -> int:
        """Number of customers."""
        return int(self.values.shape[1])

    @property
    def m(self) -> int:
        """Number of options."""
        return int(self.values.shape[0])

    def part(self, rows: slice | Ints) -> Margins:
        """The same of some of the customers."""
        costs = self.costs if self.costs.ndim == 1 else self.costs[:, rows]
        return Margins(self.values[:, rows], costs, self.most)

    def costs_of(self, rows: Ints, options: Ints) -> Floats:
        """Costs of contacts, in float64.

        Parameters
        ----------
        rows, options : int arrays of the same length

        Returns
        -------
        array of the same length
        """
        found = self.costs[options] if self.costs.ndim == 1 else self.costs[options, rows]
        return np.asarray(found, float)

    def reduced(self, rows: slice, prices: Floats, price_of_money: float) -> Values:
        """Values less what the contacts use, of shape (m, rows).

        Parameters
        ----------
        rows : slice
        prices : array of shape (m,)
            Of a contact by option.
        price_of_money : float

        Returns
        -------
        array of shape (m, rows)
        """
        kind = self.values.dtype
        if self.costs.ndim == 1:
            prices = prices + price_of_money * self.costs
            return np.asarray(self.values[:, rows] - prices.astype(kind)[:, None])
        reduced = self.values[:, rows] - prices.astype(kind)[:, None]
        if price_of_money:
            reduced -= self.costs[:, rows] * kind.type(price_of_money)
        return np.asarray(reduced)

    def slices(self, size: int = CHUNK) -> Iterator[slice]:
        """The customers in pieces."""
        return (slice(k, min(k + size, self.n)) for k in range(0, self.n, size))


@dataclass(frozen=True, eq=False)
class Totals:
    """What the best choices at some prices come to, for a piece of the customers.

    Parameters
    ----------
    gain : float
        Sum of the reduced values that are chosen.
    counts : array of shape (m,)
        Contacts by option.
    spent : float
        Money.
    """

    gain: float
    counts: Floats
    spent: float


def best(reduced: Values, most: int) -> Iterator[tuple[Ints, Values]]:
    """The best options of every customer, one after another, for up to `most` contacts.

    Parameters
    ----------
    reduced : array of shape (m, n)
        Changed where `most` is above 1.
    most : int

    Yields
    ------
    option : int array of shape (n,)
    gain : array of shape (n,)
        At or below zero where the customer is better without.
    """
    for turn in range(min(most, len(reduced))):
        gain, option = reduced[0].copy(), np.zeros(reduced.shape[1], np.int64)
        for number in range(1, len(reduced)):
            better = reduced[number] > gain
            np.copyto(gain, reduced[number], where=better)
            np.copyto(option, number, where=better)
        yield option, gain
        if turn + 1 < most:
            reduced[option, np.arange(reduced.shape[1])] = -np.inf


def totals(margins: Margins, rows: slice, prices: Floats, price_of_money: float) -> Totals:
    """Sum the best choices of a chunk of customers.

    Parameters
    ----------
    margins : Margins
    rows : slice
    prices : array of shape (m,)
    price_of_money : float

    Returns
    -------
    Totals
    """
    gain, counts, spent = 0.0, np.zeros(margins.m), 0.0
    for option, value in best(margins.reduced(rows, prices, price_of_money), margins.most):
        chosen = np.flatnonzero(value > 0)
        gain += float(value[chosen].sum(dtype=float))
        counts += np.bincount(option[chosen], minlength=margins.m)
        if margins.costs.ndim == 2:
            spent += float(margins.costs_of(chosen + rows.start, option[chosen]).sum())
    if margins.costs.ndim == 1:
        spent = float(counts @ margins.costs)
    return Totals(gain, counts, spent)


def choices(margins: Margins, prices: Floats, price_of_money: float) -> tuple[Ints, Floats]:
    """The best options of every customer, and how far the next best choice is.

    Parameters
    ----------
    margins : Margins
    prices : array of shape (m,)
    price_of_money : float

    Returns
    -------
    options : int array of shape (most, n)
        -1 where a customer has fewer.
    distance : array of shape (n,)
        By how much the prices may err before another choice is better.
    """
    most = min(margins.most, margins.m)
    options = np.full((most, margins.n), NONE, np.int64)
    distance = np.empty(margins.n)
    for rows in margins.slices():
        reduced = margins.reduced(rows, prices, price_of_money)
        gains = np.full((most + 1, reduced.shape[1]), -np.inf)
        for turn, (option, gain) in enumerate(best(reduced, most + 1)):
            gains[turn] = gain
            if turn < most:
                options[turn, rows] = np.where(gain > 0, option, NONE)
        distance[rows] = _distance(gains)
    return options, distance


def _distance(gains: Floats) -> Floats:
    """How far the next best choice is; `gains` are the highest, one more than are taken."""
    most, each = len(gains) - 1, np.arange(gains.shape[1])
    taken = (gains[:most] > 0).sum(axis=0)
    last = np.where(taken > 0, gains[np.maximum(taken - 1, 0), each], np.inf)
    following = gains[taken, each]
    full = taken == most
    with np.errstate(invalid="ignore"):
        swapped = last - np.maximum(following, 0)
    return np.asarray(np.where(full, swapped, np.minimum(last, -following)))


def exact_sum(values: Values) -> float:
    """The sum without errors of rounding between the terms, whatever their order."""
    return math.fsum(values.tolist())
