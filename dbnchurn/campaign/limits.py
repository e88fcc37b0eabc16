"""The constraints of a plan: a budget, and least and most contacts of groups of options."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from dbnchurn.core.errors import did_you_mean
from dbnchurn.core.typing import Bools, Floats, Ints


class Option(NamedTuple):
    """What a customer can be contacted with: an offer through a channel.

    Attributes
    ----------
    offer, channel : str

    Examples
    --------
    >>> str(Option("discount", "call"))
    'discount by call'
    """

    offer: str
    channel: str

    def __str__(self) -> str:
        return f"{self.offer} by {self.channel}"


@dataclass(frozen=True, eq=False)
class Limits:
    """Least and most contacts of groups of options, and the money of all.

    Parameters
    ----------
    names : tuple of str
        A name for every group, for messages and prices.
    members : array of bool of shape (groups, m)
        Whether an option counts in a group.
    most : array of shape (groups,)
        Contacts at most; infinite where there is no limit.
    least : array of shape (groups,)
        Contacts at least.
    budget : float
        Money at most; infinite where there is no limit.
    """

    names: tuple[str, ...]
    members: Bools
    most: Floats
    least: Floats
    budget: float

    def of_list(self, control: float) -> Limits:
        """The limits of a list of which only a share of 1 − `control` is contacted."""
        if not control:
            return self
        share = 1 - control
        least = np.ceil(self.least / share - 1e-9)
        most = np.maximum(np.floor(self.most / share + 1e-9), least)
        return replace(self, most=most, least=least, budget=self.budget / share)

    def broken(self, counts: Ints, spent: float) -> list[str]:
        """The names of the limits that so many contacts by option and so much money break.

        Parameters
        ----------
        counts : int array of shape (m,)
        spent : float

        Returns
        -------
        list of str
        """
        used = self.members @ counts
        found = [
            f"{name}: {n} contacts"
            for name, n, least, most in zip(self.names, used, self.least, self.most, strict=True)
            if n < least or n > most
        ]
        return found + [f"budget: {spent:g}"] * (spent > self.budget)


def make_limits(
    options: Sequence[Option],
    budget: float | None,
    capacities: Mapping[str, int],
    stock: Mapping[str, int],
    minimums: Mapping[str, int],
) -> Limits:
    """The limits as arrays.

    Parameters
    ----------
    options : sequence of Option
    budget : float or None
        Money at most.
    capacities : mapping of channel → contacts at most
    stock : mapping of offer → contacts at most
    minimums : mapping of channel or offer → contacts at least

    Returns
    -------
    Limits
    """
    channels = np.array([option.channel for option in options])
    offers = np.array([option.offer for option in options])
    names, members, most, least = [], [], [], []
    for kind, column, limits in (("channel", channels, capacities), ("offer", offers, stock)):
        for name in dict.fromkeys(column.tolist()):
            if name in limits or name in minimums:
                names.append(f"{kind} {name}")
                members.append(column == name)
                most.append(float(limits.get(name, math.inf)))
                least.append(float(minimums.get(name, 0)))
    return Limits(
        tuple(names),
        np.array(members, bool).reshape(len(names), len(options)),
        np.array(most, float),
        np.array(least, float),
        math.inf if budget is None else float(budget),
    )


def limit_problems(
    options: Sequence[Option],
    budget: float | None,
    capacities: Mapping[str, int],
    stock: Mapping[str, int],
    minimums: Mapping[str, int],
) -> Iterator[str]:
    """What is wrong with the limits, before any customer is looked at.

    Parameters
    ----------
    options : sequence of Option
    budget : float or None
    capacities, stock, minimums : mapping of name → number of contacts

    Yields
    ------
    str
        A sentence without its full stop.
    """
    if repeated := {str(option) for option in options if list(options).count(option) > 1}:
        yield f"options are given twice: {', '.join(sorted(repeated))}; give each once"
    if budget is not None and not 0 <= budget < math.inf:
        yield f"budget {budget:g}: give an amount of money from 0 on, or none for no limit"
    channels = dict.fromkeys(option.channel for option in options)
    offers = dict.fromkeys(option.offer for option in options)
    both = [name for name in channels if name in offers]
    if both:
        yield f"{', '.join(both)}: both an offer and a channel have this name; rename one of them"
    places = (
        ("capacities", "channel", capacities, channels),
        ("stock", "offer", stock, offers),
        ("minimums", "channel or offer", minimums, {**channels, **offers}),
    )
    for where, kind, limits, known in places:
        for name, number in limits.items():
            if name not in known:
                yield f"{where}: there is no {kind} {name!r}: {did_you_mean(name, known)}"
            if not (number >= 0 and number == math.floor(number)):
                yield f"{where}: {name!r} is {number}; give a whole number of contacts from 0 on"
    for name, least in minimums.items():
        most = capacities.get(name, stock.get(name, math.inf))
        if least > most:
            yield (
                f"minimums: at least {least} contacts of {name!r} are asked for, and at most "
                f"{most} are allowed; lower the minimum or raise the limit"
            )
