"""The stage: from purchases or holdings to lists of next offers, their quality, and rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.core.typing import Bools
from dbnchurn.offers.eligibility import Eligibility, also_closed
from dbnchurn.offers.hidden_holdings import learn_by_hiding
from dbnchurn.offers.list_quality import ListQuality
from dbnchurn.offers.new_items import NewItemQuality, measure_new
from dbnchurn.offers.next_offer_record import NextOfferRecord
from dbnchurn.offers.offer_table import offer_tables
from dbnchurn.offers.purchases import Holdings, Purchases, Standing
from dbnchurn.offers.rules import Observed, Rule, find_rules, halves
from dbnchurn.offers.settings import COSINE, EASE, Settings
from dbnchurn.offers.time_split import Learned, learn_by_time, new_taken

PENALTIES = (30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0)
EASE_ITEMS = 20_000


class NextOffer:
    """What each customer takes next, by what customers with the same items took.

    Purchases with dates are split by time, so that every figure comes from weeks after those that
    made it. Holdings without dates are measured by finding a held item by the others; they say who
    is like the holders of an item, not who takes it next.

    Parameters
    ----------
    method : {"auto", "ease", "cosine"}, default "auto"
        EASE is a linear model of every item by all others. It inverts a matrix of items by items;
        "auto" takes cosine above 20,000 items.
    penalties : sequence of float, default (30, 100, 300, 1000, 3000, 10000)
        From which that of EASE is chosen, on weeks or customers that measure nothing else.
    window : int, default 6
        Weeks in which an offer is taken; probabilities and figures are those of so many weeks.
    recent : int, default 8
        Weeks whose purchases make popularity, the measure to beat.
    repeat : bool, default False
        Whether what a customer took before is offered again.
    n_offers : int, default 10
        Offers of a customer at most, and the length of the lists that are measured.
    n_rules : int, default 20
        Rules at most.
    random_state : int, default 0
        Draws customers where a part is enough, and halves for the rules.

    Attributes
    ----------
    record_ : NextOfferRecord
    quality_ : ListQuality
        Of lists on the last weeks, or on customers apart.
    tried_ : dict of penalty → recall
    rules_ : tuple of Rule
    new_item_quality_ : NewItemQuality or None
        None where items have no groups, or too few.
    measured_length_ : int
        Offers of the lists that were measured: a quarter of the items where there are few.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> liked = generator.integers(0, 2, 400)  # whose customers take one of two kinds of items
    >>> customer = np.repeat(np.arange(400), 24)
    >>> item = liked[customer] * 10 + generator.integers(0, 10, len(customer))
    >>> bought = Purchases.of(customer, item, np.tile(np.arange(24), 400))
    >>> offers = NextOffer(n_offers=3).fit(bought)
    >>> offers.quality_.gain.low > 0
    True
    """

    def __init__(
        self,
        *,
        method: Literal["auto", "ease", "cosine"] = "auto",
        penalties: Sequence[float] = PENALTIES,
        window: int = 6,
        recent: int = 8,
        repeat: bool = False,
        n_offers: int = 10,
        n_rules: int = 20,
        random_state: int = 0,
    ) -> None:
        self.method = method
        self.penalties = penalties
        self.window = window
        self.recent = recent
        self.repeat = repeat
        self.n_offers = n_offers
        self.n_rules = n_rules
        self.random_state = random_state

    def fit(self, history: Purchases | Holdings, rules: Eligibility | None = None) -> NextOffer:
        """Learn, measure, and learn from everything.

        Parameters
        ----------
        history : Purchases or Holdings
        rules : Eligibility, optional
            Its offered items are those that are measured; by default all.

        Returns
        -------
        NextOffer

        Raises
        ------
        ConfigError
            If a parameter is out of its range, or asks for dates that are not there.
        DataError
            If there are too few weeks or customers.
        """
        possible = np.ones(len(history.items), bool) if rules is None else rules.offered
        settings = self._settings(history, possible)
        if isinstance(history, Purchases):
            learned = learn_by_time(history, settings)
            choosing, measuring = (
                _followed(history, week, settings)
                for week in (
                    history.n_weeks - 2 * self.window, history.n_weeks - self.window
                )
            )  # fmt: skip
        else:
            learned = learn_by_hiding(history, settings)
            choosing, measuring = (
                Observed(history.held[rows], history.held[rows], False)
                for rows in halves(len(history.customers), self.random_state)
            )
        self._keep(learned, settings)
        self.rules_: tuple[Rule, ...] = find_rules(
            choosing, measuring, history.items, possible, self.n_rules
        )
        self.new_item_quality_: NewItemQuality | None = measure_new(
            measuring.held, measuring.taken, history.groups, settings, learned.record.penalty,
            dated=measuring.dated,
        )  # fmt: skip
        return self

    def recommend(
        self, history: Purchases | Holdings, rules: Eligibility | None = None
    ) -> pd.DataFrame:
        """Lists of all customers, the likeliest offer first.

        Parameters
        ----------
        history : Purchases or Holdings
            As in :meth:`fit`.
        rules : Eligibility, optional

        Returns
        -------
        DataFrame
            ``customer``, ``rank``, ``offer``, ``acceptance`` (``similarity`` without dates) and
            ``because``, the held item that speaks most for it.
        """
        rules = rules or Eligibility.of_all(len(history.items))
        standing, closed = self.standing_of(history, rules)
        tables = offer_tables(self.record_, standing, closed, history.customers, self.n_offers)
        frames = [table.to_pandas() for table in tables]
        return pd.DataFrame(pd.concat(frames, ignore_index=True))

    def standing_of(
        self, history: Purchases | Holdings, rules: Eligibility
    ) -> tuple[Standing, Eligibility]:
        """What lists are made from: customers as they are now, and what is closed for them.

        Parameters
        ----------
        history : Purchases or Holdings
        rules : Eligibility

        Returns
        -------
        standing : Standing
        rules : Eligibility
            With what is not known to be free, or was taken after the last complete week.

        Raises
        ------
        DataError
            If the items are others than those that were learned from.
        """
        if history.items != self.record_.items:
            raise DataError(
                f"the history has {len(history.items)} items, which are not the "
                f"{len(self.record_.items)} that were learned from, in their order; fit again, or "
                "give a history of the same items"
            )
        if isinstance(history, Holdings) == bool(self.record_.window):
            raise DataError(
                "purchases with dates and holdings without were mixed; give a history of the kind "
                "that was learned from"
            )
        if isinstance(history, Holdings):
            return history.standing(), also_closed(rules, history.unknown)
        later = None
        if not self.repeat and (history.week >= history.n_weeks).any():
            later = history.taken(history.n_weeks, int(history.week.max()) + 1)
        standing = history.standing(history.n_weeks, self.recent, self.repeat)
        return standing, also_closed(rules, later)

    def _keep(self, learned: Learned, settings: Settings) -> None:
        self.record_: NextOfferRecord = learned.record
        self.quality_: ListQuality = learned.quality
        self.tried_ = learned.tried
        self.measured_length_ = settings.k

    def _settings(self, history: Purchases | Holdings, possible: Bools) -> Settings:
        dated = isinstance(history, Purchases)
        problems = [
            f"{name} is {value}; it has to be at least 1"
            for name, value in (
                ("window", self.window), ("recent", self.recent), ("n_offers", self.n_offers),
            )
            if value < 1
        ]  # fmt: skip
        if self.method not in ("auto", EASE, COSINE):
            problems.append(f"method is {self.method!r}; give 'auto', 'ease' or 'cosine'")
        if not self.penalties or min(self.penalties) <= 0:
            problems.append(f"penalties are {self.penalties!r}; give numbers above 0")
        if self.repeat and not dated:
            problems.append("repeat needs purchases with dates; holdings are held once")
        if problems:
            raise ConfigError("; ".join(problems))
        few = len(history.items) <= EASE_ITEMS
        method = self.method if self.method != "auto" else EASE if few else COSINE
        length = min(self.n_offers, max(1, int(possible.sum()) // 4))
        return Settings(
            method, tuple(map(float, self.penalties)), self.window, self.recent, self.repeat,
            length, possible, self.random_state,
        )  # fmt: skip


def _followed(bought: Purchases, week: int, settings: Settings) -> Observed:
    """Customers at the start of a week, and what they took from then on.

    Who had bought nothing by then may not have been a customer yet, and is none of the others.
    """
    held = bought.held(week)
    there = np.flatnonzero(np.diff(held.indptr) > 0)
    return Observed(held[there], new_taken(bought, week, settings)[there], True)
