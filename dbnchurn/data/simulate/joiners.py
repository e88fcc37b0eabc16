"""Customers who join later, and the true number of leavers by package and month.

Joiners have streams of random numbers of their own, named by their purpose, so that the files of
all other customers are the same with and without them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from dbnchurn.core.typing import Bools, Floats, Ints, Rows
from dbnchurn.data.simulate.campaigns import stream
from dbnchurn.data.simulate.world import LEVELS, START, World, draw

PACKAGE = "package_name"


@dataclass(frozen=True, eq=False)
class Joiners:
    """Customers of one chunk who join after the first month.

    Parameters
    ----------
    ids : int array of shape (n,)
    world : World
        Their records as if they had been there from the first month on.
    joined : int array of shape (n,)
        Position of the month in which each joins.
    fate, spoiling : Generator
        Decide who leaves, and which records are spoilt.
    """

    ids: Ints
    world: World
    joined: Ints
    fate: np.random.Generator
    spoiling: np.random.Generator


def draw_joiners(first_id: int, per_month: float, months: int, chunk: tuple[int, int]) -> Joiners:
    """Draw the customers who join in the months after the first one.

    Parameters
    ----------
    first_id : int
    per_month : float
        Expected number of joiners in a month.
    months : int
        Of the simulation.
    chunk : pair of int
        Random state and number of the chunk.

    Returns
    -------
    Joiners
        Nobody for a `per_month` of 0.
    """
    life = stream(*chunk, "joiners", 0)
    n = int(life.poisson(per_month * (months - 1)))
    joined = life.integers(1, max(months, 2), n)
    ids = np.arange(first_id, first_id + n)
    world = draw(ids, months, life)
    first = (START + joined).astype("datetime64[D]")
    day = first + life.integers(0, 28, n).astype("timedelta64[D]")
    fixed = world.fixed
    fixed["network_access_date"] = day
    mobile = fixed["mobile_access_date"]
    fixed["mobile_access_date"] = np.where(np.isnat(mobile), mobile, day)
    return Joiners(
        ids, world, joined, stream(*chunk, "joiners leave", 0), stream(*chunk, "joiners spoilt", 0)
    )


@dataclass(frozen=True, eq=False)
class ExpectedLeavers:
    """By package and month: customers, the sum of their true probabilities, and who left.

    Parameters
    ----------
    months : int
    customers, expected, leavers : float64 array of shape (packages, months)
    """

    months: int
    customers: Floats
    expected: Floats
    leavers: Floats

    @classmethod
    def over(cls, months: int) -> ExpectedLeavers:
        """Nobody yet, in so many months."""
        shape = len(LEVELS[PACKAGE]), months
        return cls(months, np.zeros(shape), np.zeros(shape), np.zeros(shape))

    def add_leaving(
        self, world: World, month: int, staying: Rows, p: Floats, leaves: Bools
    ) -> None:
        """Count those who may leave in a month.

        Parameters
        ----------
        world : World
        month : int
        staying : int array of shape (k,)
            Positions of those who may leave.
        p : float64 array of shape (k,)
            Their probabilities of leaving.
        leaves : bool array of shape (k,)
        """
        package = world.fixed[PACKAGE][staying]
        size = len(self.expected)
        self.expected[:, month] += np.bincount(package, p, size)
        self.leavers[:, month] += np.bincount(package, leaves, size)

    def add_customers(self, world: World, left_in: Ints, joined: Ints | None = None) -> None:
        """Count the customers of every month, those who leave in it among them.

        Parameters
        ----------
        world : World
            Of n customers.
        left_in : int array of shape (n,)
            Position of the month in which each leaves.
        joined : int array of shape (n,), optional
            Position of the month in which each joins; by default all are there from the first on.
        """
        package = world.fixed[PACKAGE]
        first = np.zeros(len(left_in), np.int64) if joined is None else joined
        for month in range(self.months):
            there = (first <= month) & (month <= left_in)
            self.customers[:, month] += np.bincount(package[there], minlength=len(self.customers))

    def table(self) -> pa.Table:
        """One row for each package and month."""
        packages = len(self.customers)
        months = (START + np.arange(self.months)).astype("datetime64[D]")
        return pa.table(
            {
                PACKAGE: np.repeat(np.array(LEVELS[PACKAGE]), self.months),
                "month": np.tile(months, packages),
                "customers": self.customers.ravel().astype(np.int64),
                "expected": self.expected.ravel(),
                "leavers": self.leavers.ravel().astype(np.int64),
            }
        )
