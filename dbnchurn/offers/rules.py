"""Associations in words: holders of A and B take C, 12 % against 4 %.

Rules are chosen on some rows and measured on others: by time on the window before the last and on
the last, without dates on two halves of the customers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from dbnchurn.core.html.format import joined, percent, thousands
from dbnchurn.core.statistics import wilson
from dbnchurn.core.typing import Bools, Floats, Rows

ITEMS = 3000  # most held items among which rules are looked for
LEAST_TAKERS = 10
LEAST_HOLDERS = 50
LEAST_EXPECTED = 5.0  # takers by the rate of everybody; with fewer, chance makes the clearest rules
PER_ITEM = 3  # rules at most that name the same item to take
EXTENDED = 60  # rules of one item that are tried with a second
CLEARLY = 2.0  # standard errors by which a second item has to raise the rate


@dataclass(frozen=True)
class Rule:
    """Holders of some items, and how many of them take another, on rows that did not choose it.

    Parameters
    ----------
    holders_of : tuple of str
    take : str
    takers, holders : int
        Holders who take it, and all who could.
    other_takers, others : int
        Those who do not hold them all.
    low, high : float
        Wilson's interval of the rate at 95 %.
    dated : bool
        Whether they take it afterwards; otherwise they hold it too.
    """

    holders_of: tuple[str, ...]
    take: str
    takers: int
    holders: int
    other_takers: int
    others: int
    low: float
    high: float
    dated: bool

    @property
    def rate(self) -> float:
        """Share of the holders who take it."""
        return self.takers / self.holders if self.holders else 0.0

    @property
    def other_rate(self) -> float:
        """Share of all others who take it."""
        return self.other_takers / self.others if self.others else 0.0

    @property
    def holds(self) -> bool:
        """Whether the difference of the two rates lies above 0, by Newcombe's interval at 95 %.

        The rate of few others is as uncertain as that of few holders: beside one other nothing
        holds.
        """
        _, other_high = wilson(self.other_takers, self.others)
        gap = self.rate - self.other_rate
        return bool(gap > np.hypot(self.rate - self.low, other_high - self.other_rate))

    def __str__(self) -> str:
        """The rule in words."""
        verb = "take" if self.dated else "also hold"
        return (
            f"holders of {joined(self.holders_of)} {verb} {self.take}: {percent(self.rate)} "
            f"against {percent(self.other_rate)} of the others"
        )

    def counts(self) -> str:
        """The counts behind it."""
        return (
            f"{thousands(self.takers)} of {thousands(self.holders)} against "
            f"{thousands(self.other_takers)} of {thousands(self.others)}"
        )

    def as_dict(self) -> dict[str, Any]:
        """All figures, for JSON and tables."""
        return {
            "holders_of": " + ".join(self.holders_of), "take": self.take, "rate": self.rate,
            "low": self.low, "high": self.high, "other_rate": self.other_rate,
            "takers": self.takers, "holders": self.holders,
            "other_takers": self.other_takers, "others": self.others, "holds": self.holds,
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class Observed:
    """Rows on which rules are chosen or measured.

    Parameters
    ----------
    held : csr_array of shape (n, m)
        What customers held before.
    taken : csr_array of shape (n, m)
        What they took afterwards; without dates what they hold.
    dated : bool
    """

    held: csr_array
    taken: csr_array
    dated: bool


def find_rules(
    choosing: Observed, measuring: Observed, items: Sequence[str], possible: Bools, n_rules: int
) -> tuple[Rule, ...]:
    """The clearest rules of one or two items, measured on other rows.

    Parameters
    ----------
    choosing, measuring : Observed
    items : sequence of m texts
    possible : bool array of shape (m,)
        Items that are offered; rules name no other to take.
    n_rules : int

    Returns
    -------
    tuple of Rule
        The clearest first.
    """
    counts = np.asarray(choosing.held.sum(axis=0)).ravel()
    among = np.sort(np.argsort(-counts, kind="stable")[:ITEMS])
    part = Observed(choosing.held[:, among], choosing.taken[:, among], choosing.dated)
    found = _pairs(part, possible[among], max(n_rules, EXTENDED))
    for _, before, take in found[:EXTENDED]:
        found += _extended(part, before[0], take)
    found.sort(key=lambda rule: (-rule[0], rule[1], rule[2]))
    chosen = [(tuple(among[list(b)].tolist()), among[t]) for _, b, t in _varied(found, n_rules)]
    return tuple(_measured(measuring, before, int(take), items) for before, take in chosen)


Found = tuple[float, tuple[int, ...], int]


def _pairs(seen: Observed, possible: Bools, most: int) -> list[Found]:
    """Rules of one item, the clearest of each item to take."""
    together = np.asarray((seen.held.T @ seen.taken).toarray(), np.float64)
    held = np.asarray(seen.held.sum(axis=0), np.float64).ravel()
    taken = np.asarray(seen.taken.sum(axis=0), np.float64).ravel()
    n = float(seen.held.shape[0])
    if seen.dated:
        both = np.asarray((seen.held.T @ seen.held).toarray(), np.float64)
        holders, everyone = held[:, None] - both, np.broadcast_to(n - held, together.shape)
    else:
        holders = np.repeat(held[:, None], len(held), axis=1)
        everyone = np.full(together.shape, n)
    clear = _clearness(together, holders, taken[None] - together, everyone - holders)
    clear[np.diag_indices(len(held))] = -np.inf
    clear[:, ~possible] = -np.inf
    clear[(together < LEAST_TAKERS) | (holders < LEAST_HOLDERS)] = -np.inf
    top = np.argsort(-clear, axis=0, kind="stable")[:PER_ITEM]
    listed: list[Found] = [
        (float(clear[before, take]), (int(before),), take)
        for take in range(len(held))
        for before in top[:, take]
        if clear[before, take] > 0
    ]
    return sorted(listed, key=lambda rule: (-rule[0], rule[1], rule[2]))[:most]


def _extended(seen: Observed, first: int, take: int) -> list[Found]:
    """The best second item, if it clearly raises the rate of the holders of the first."""
    rows = np.flatnonzero(seen.held[:, [first]].toarray().ravel() > 0)
    if seen.dated:
        rows = rows[seen.held[rows][:, [take]].toarray().ravel() == 0]
    held = seen.held[rows]
    takes = seen.taken[rows][:, [take]].toarray().ravel() > 0
    holders = np.asarray(held.sum(axis=0), np.float64).ravel()
    takers = np.asarray(held[takes].sum(axis=0), np.float64).ravel()
    clear = _clearness(takers, holders, takes.sum() - takers, len(rows) - holders)
    clear[[first, take]] = -np.inf
    clear[(takers < LEAST_TAKERS) | (holders < LEAST_HOLDERS)] = -np.inf
    second = int(np.argmax(clear))
    if not clear[second] > CLEARLY:
        return []
    both = (first, second) if first < second else (second, first)
    n = float(seen.held.shape[0])
    all_taken = float(seen.taken[:, [take]].sum())
    free = n - float(seen.held[:, [take]].sum()) if seen.dated else n
    whole = _clearness(
        takers[[second]], holders[[second]], all_taken - takers[[second]], free - holders[[second]]
    )
    return [(float(whole[0]), both, take)]


def _clearness(takers: Floats, holders: Floats, other_takers: Floats, others: Floats) -> Floats:
    """Difference of two rates in its standard errors; minus infinity for too few rows."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rate, other = takers / holders, other_takers / others
        pooled = (takers + other_takers) / (holders + others)
        pooled = np.where(holders * pooled >= LEAST_EXPECTED, pooled, np.nan)
        z = (rate - other) / np.sqrt(pooled * (1 - pooled) * (1 / holders + 1 / others))
    return np.where(np.isfinite(z), z, -np.inf)


def _varied(found: Sequence[Found], most: int) -> Iterator[Found]:
    """The clearest, with few rules for the same item, and no two of the same items."""
    per_item: dict[int, int] = {}
    named: set[tuple[tuple[int, ...], int]] = set()
    for rule in found:
        _, before, take = rule
        if per_item.get(take, 0) >= PER_ITEM or (before, take) in named:
            continue
        named.add((before, take))
        per_item[take] = per_item.get(take, 0) + 1
        yield rule
        if len(named) == most:
            return


def _measured(seen: Observed, before: tuple[int, ...], take: int, items: Sequence[str]) -> Rule:
    inside = np.asarray(seen.held[:, list(before)].sum(axis=1)).ravel() == len(before)
    free = np.ones(len(inside), bool)
    if seen.dated:
        free = seen.held[:, [take]].toarray().ravel() == 0
    takes = seen.taken[:, [take]].toarray().ravel() > 0
    takers, holders = int((inside & free & takes).sum()), int((inside & free).sum())
    low, high = wilson(takers, holders)
    return Rule(
        tuple(items[i] for i in before), items[take], takers, holders,
        int((~inside & free & takes).sum()), int((~inside & free).sum()),
        float(low), float(high), seen.dated,
    )  # fmt: skip


def halves(rows: int, random_state: int) -> tuple[Rows, Rows]:
    """Two halves of n customers, drawn.

    Parameters
    ----------
    rows : int
    random_state : int

    Returns
    -------
    pair of int arrays
    """
    order = np.random.default_rng([random_state, 1]).permutation(rows)
    return np.sort(order[: rows // 2]), np.sort(order[rows // 2 :])
