"""Arms of a list: control group and exploration, within the chosen options and their limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dbnchurn.campaign.arm_names import ARMS
from dbnchurn.campaign.draw import Hashes, share_of_each
from dbnchurn.campaign.integral import Contacts
from dbnchurn.campaign.limits import Limits
from dbnchurn.campaign.margins import Margins, exact_sum
from dbnchurn.core.typing import Bools, Floats, Ints

IN_CONTACT, IN_CONTROL, IN_EXPLORE = range(len(ARMS))


@dataclass(frozen=True, eq=False)
class Drawn:
    """Contacts with their arms.

    Parameters
    ----------
    rows, options : int arrays
    arms : int array
        Places in :data:`~dbnchurn.campaign.arm_names.ARMS`.
    propensity : array
    set_aside : int
        Customers who are on the list no more.
    """

    rows: Ints
    options: Ints
    arms: Ints
    propensity: Floats
    set_aside: int


def draw_arms(
    margins: Margins,
    contacts: Contacts,
    limits: Limits,
    keys: Hashes,
    control: float,
    explore: float,
) -> Drawn | None:
    """Draw the control group, and among the others those who explore.

    Of customers with the same options, those with the lowest keys are contacted. Of these the
    lowest keys explore: they exchange their options at random with others who may get the same.

    Parameters
    ----------
    margins : Margins
    contacts : Contacts
        The list.
    limits : Limits
        Of those who are contacted.
    keys : uint64 array of shape (n,)
        A random number of every customer.
    control, explore : float
        Shares.

    Returns
    -------
    Drawn, or None
        None where no whole numbers of contacts keep the limits.
    """
    rows, options = contacts.rows, contacts.options
    customers, place = np.unique(rows, return_inverse=True)
    patterns, group = _patterns(place, options, len(customers), margins.m)
    sizes = np.bincount(group, minlength=len(patterns))
    fixed = margins.costs if margins.costs.ndim == 1 else np.zeros(margins.m)
    made = sizes
    if control:
        found = share_of_each(sizes, patterns, 1 - control, limits, np.asarray(fixed, float))
        if found is None:
            return None
        made = found
    trying = np.round(explore * made).astype(np.int64)
    rank = _rank_within(group, keys[customers])
    arm = np.where(
        rank >= made[group], IN_CONTROL, np.where(rank < trying[group], IN_EXPLORE, IN_CONTACT)
    )
    chances = np.stack([made - trying, sizes - made, trying]) / np.maximum(sizes, 1)
    arms, propensity = arm[place], chances[arm, group][place]
    if trying.any():
        options, exchanged = _exchange(margins, rows, options, arms == IN_EXPLORE, keys)
        propensity = propensity * exchanged
    kept = _affordable(margins, rows, options, arms, limits, keys)
    if kept is None:
        return None
    aside = len(customers) - len(np.unique(rows[kept]))
    return Drawn(rows[kept], options[kept], arms[kept], propensity[kept], aside)


def _patterns(place: Ints, options: Ints, n: int, m: int) -> tuple[list[tuple[int, ...]], Ints]:
    """The different sets of options of customers, and the number of every customer's."""
    has = np.zeros((n, m), bool)
    has[place, options] = True
    different, group = np.unique(np.packbits(has, axis=1), axis=0, return_inverse=True)
    sets = np.unpackbits(different, axis=1)[:, :m]
    return [tuple(np.flatnonzero(row).tolist()) for row in sets], group.reshape(-1)


def _rank_within(group: Ints, keys: Hashes) -> Ints:
    """The place of every customer among those of his group, lowest key first."""
    order = np.lexsort((keys, group))
    starts = np.r_[0, np.flatnonzero(np.diff(group[order])) + 1]
    lengths = np.diff(np.r_[starts, len(group)])
    rank = np.empty(len(group), np.int64)
    rank[order] = np.arange(len(group)) - np.repeat(starts, lengths)
    return rank


def _exchange(
    margins: Margins, rows: Ints, options: Ints, trying: Bools, keys: Hashes
) -> tuple[Ints, Floats]:
    """Options after those who explore have exchanged theirs, and the chance of what they got.

    The options of a group of customers stay the same in sum, so the limits hold as before.
    """
    chance = np.ones(len(rows))
    chosen = np.flatnonzero(trying)
    may = np.isfinite(margins.values[:, rows[chosen]]).T
    _, group = np.unique(np.packbits(may, axis=1), axis=0, return_inverse=True)
    group = group.reshape(-1)
    # Both orders are random, and one does not depend on the other.
    first = chosen[np.lexsort((keys[rows[chosen]], group))]
    other = keys[rows[chosen]] * np.uint64(0xD1342543DE82EF95) + np.uint64(1)
    second = chosen[np.lexsort((other ^ (other >> np.uint64(32)), group))]
    changed = options.copy()
    changed[first] = options[second]
    pairs = group * margins.m + options[chosen]
    counts = np.bincount(pairs, minlength=int(group.max()) * margins.m + margins.m)
    got = changed[chosen] + group * margins.m
    chance[chosen] = counts[got] / np.bincount(group)[group]
    return changed, chance


def _affordable(
    margins: Margins, rows: Ints, options: Ints, arms: Ints, limits: Limits, keys: Hashes
) -> Bools | None:
    """Contacts without the customers, drawn at random, whose costs the budget does not cover."""
    kept = np.ones(len(rows), bool)
    costs = np.where(arms == IN_CONTROL, 0.0, margins.costs_of(rows, options))
    counts = limits.members @ np.bincount(options[arms != IN_CONTROL], minlength=margins.m)
    excess = exact_sum(costs) - limits.budget
    if not excess > 0:
        return kept
    paid = np.flatnonzero(costs > 0)
    places = np.argsort(rows, kind="stable")  # those of a customer side by side
    for row in dict.fromkeys(rows[paid[np.argsort(~keys[rows[paid]], kind="stable")]].tolist()):
        # A customer has one arm, so what costs nothing goes too.
        first, last = np.searchsorted(rows, (row, row + 1), sorter=places)
        own = places[first:last]
        groups = limits.members[:, options[own]].sum(axis=1)
        if (counts - groups >= limits.least).all():
            kept[own] = False
            counts = counts - groups
            excess -= float(costs[own].sum())
            if excess <= 0 and exact_sum(costs[kept]) <= limits.budget:
                return kept
    return None
