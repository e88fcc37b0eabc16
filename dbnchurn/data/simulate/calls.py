"""Who calls whom: communities, hubs, and departures that follow those of others.

Calls have streams of random numbers of their own, named by their purpose, so that the files of all
other tables are the same with and without them, as long as nobody follows others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.special import expit, logit

from dbnchurn.core.typing import Floats, Ints
from dbnchurn.data.simulate.campaigns import stream
from dbnchurn.data.simulate.hazard import leaving_probability
from dbnchurn.data.simulate.world import OBSERVED, World

COMMUNITY = 20  # people
PARTNERS = 4  # whom a customer finds on average; the others find the customer
WITHIN = 0.8  # share of them in the own community
PER_MONTH = 1.6  # calls of a pair in a month, both directions together
HUBS = 3
CALLS_HUBS = 0.3  # share of the customers who call a hub
MINUTES = 3.0  # mean of a call


@dataclass(frozen=True)
class Contagion:
    """How calls and departures hang together.

    Parameters
    ----------
    coefficient : float, default 0.0
        By how much the log-odds of leaving grow if all partners of the last months have left.
    homophily : float, default 0.0
        From 0 to 1: how far communities are of people with alike probabilities of leaving.
    """

    coefficient: float = 0.0
    homophily: float = 0.0

    def probability(self, alone: Floats, share: Floats) -> Floats:
        """Probability of leaving, by that without partners who left and their share.

        With the coefficient 0 nothing changes, not even the last bit.

        Parameters
        ----------
        alone, share : float64 array of shape (n,)

        Returns
        -------
        float64 array of shape (n,)
        """
        if not self.coefficient:
            return alone
        return np.asarray(expit(logit(alone) + self.coefficient * share))


@dataclass(frozen=True, eq=False)
class CallRecords:
    """Pairs of one chunk of customers, and the calls that they would make if nobody left.

    Parameters
    ----------
    first, second : int array of shape (k,)
        Positions of the customers of every pair.
    forth, back : int array of shape (k, m)
        Calls of the first and of the second in every month.
    hub : int array of shape (n,)
        Number of the hub whom each calls; -1 for none.
    """

    first: Ints
    second: Ints
    forth: Ints
    back: Ints
    hub: Ints

    def there(self, left_in: Ints) -> Ints:
        """Last month in which both of a pair are there, of shape (k,)."""
        return np.minimum(left_in[self.first], left_in[self.second])

    def share_left(self, month: int, left_in: Ints) -> Floats:
        """Share of the partners of the last months who left before a month; 0 without partners.

        Parameters
        ----------
        month : int
        left_in : int array of shape (n,)
            Month in which each leaves; later than `month` for those who have not left.

        Returns
        -------
        float64 array of shape (n,)
        """
        months = np.arange(month - OBSERVED, month)
        talked = (self.forth + self.back)[:, months] > 0
        met = (talked & (months <= self.there(left_in)[:, None])).any(axis=1)
        first, second = self.first[met], self.second[met]
        n = len(left_in)
        partners = np.bincount(first, minlength=n) + np.bincount(second, minlength=n)
        gone = left_in < month
        left = np.bincount(first, gone[second], n) + np.bincount(second, gone[first], n)
        return np.asarray(left / np.maximum(partners, 1))

    def table(self, world: World, left_in: Ints, generator: np.random.Generator) -> pa.Table:
        """One row for each call of people who are there, those with hubs included.

        Parameters
        ----------
        world : World
            Of n customers.
        left_in : int array of shape (n,)
        generator : Generator
            Of days and minutes.

        Returns
        -------
        Arrow table
        """
        m = len(world.months)
        month_of = np.arange(m)
        there = month_of <= self.there(left_in)[:, None]
        forth, back = self.forth * there, self.back * there
        pair = np.repeat(np.arange(len(self.first)), m)
        months = np.tile(month_of, len(self.first))
        caller = np.r_[np.repeat(self.first[pair], forth.ravel()),
                       np.repeat(self.second[pair], back.ravel())]  # fmt: skip
        callee = np.r_[np.repeat(self.second[pair], forth.ravel()),
                       np.repeat(self.first[pair], back.ravel())]  # fmt: skip
        month = np.r_[np.repeat(months, forth.ravel()), np.repeat(months, back.ravel())]
        ids = [world.ids[caller], world.ids[callee]]
        of_hub = np.flatnonzero(self.hub >= 0)
        hub_calls = generator.poisson(1.0, (len(of_hub), m))
        hub_calls *= month_of <= left_in[of_hub][:, None]
        rows = np.repeat(np.repeat(of_hub, m), hub_calls.ravel())
        ids = [np.r_[ids[0], world.ids[rows]], np.r_[ids[1], self.hub[rows] + 1]]
        month = np.r_[month, np.repeat(np.tile(month_of, len(of_hub)), hub_calls.ravel())]
        # Calls of a month lie in its first 28 days, as all months have these.
        second = generator.integers(0, 28 * 86_400, len(month)).astype("timedelta64[s]")
        moment = world.months[month].astype("datetime64[s]") + second
        minutes = np.round(0.1 + generator.exponential(MINUTES, len(month)), 1)
        return pa.table({"caller": ids[0], "callee": ids[1], "moment": moment, "minutes": minutes})


def draw_calls(world: World, chunk: tuple[int, int], homophily: float) -> CallRecords:
    """Draw communities, pairs and the calls of every month.

    Parameters
    ----------
    world : World
        Of n customers.
    chunk : pair of int
        Random state and number of the chunk.
    homophily : float
        From 0 to 1.

    Returns
    -------
    CallRecords
    """
    generator = stream(*chunk, "calls", 0)
    n, m = len(world.ids), len(world.months)
    risk = np.zeros(n)
    if m > OBSERVED:
        risk = logit(leaving_probability(world, OBSERVED))
        risk = (risk - risk.mean()) / max(float(risk.std()), 1e-12)
    alike = np.sqrt(homophily) * risk + np.sqrt(1 - homophily) * generator.normal(size=n)
    order = np.argsort(alike, kind="stable")
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    who = np.repeat(np.arange(n), generator.poisson(PARTNERS, n))
    near = place[who] // COMMUNITY * COMMUNITY + generator.integers(0, COMMUNITY, len(who))
    other = np.where(generator.random(len(who)) < WITHIN, near, generator.integers(0, n, len(who)))
    other = order[np.minimum(other, n - 1)]
    pairs = np.unique(
        np.column_stack([np.minimum(who, other), np.maximum(who, other)])[who != other], axis=0
    )
    rate = generator.gamma(2.0, PER_MONTH / 4, len(pairs))[:, None] * np.ones(m)
    hub = np.where(generator.random(n) < CALLS_HUBS, generator.integers(0, HUBS, n), -1)
    return CallRecords(
        pairs[:, 0], pairs[:, 1], generator.poisson(rate), generator.poisson(rate), hub
    )
