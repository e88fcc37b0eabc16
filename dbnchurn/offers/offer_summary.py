"""All that a search for next offers found, and its sentences and figures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from dbnchurn.core.html.format import percent, thousands
from dbnchurn.evaluate.bootstrap import Interval
from dbnchurn.offers.list_quality import ListQuality
from dbnchurn.offers.new_items import NewItemList, NewItemQuality
from dbnchurn.offers.next_offer_record import NextOfferRecord
from dbnchurn.offers.offer_table import Listed
from dbnchurn.offers.rules import Rule

SHOWN_RULES = 5
MOST_OFFERS = 15  # that are shown


@dataclass(frozen=True, eq=False)
class OfferSummary:
    """What a page, a terminal and a file of figures are made from.

    Parameters
    ----------
    source : str
        Name of the table.
    customers : int
    record : NextOfferRecord
    quality : ListQuality
    tried : dict of penalty → recall
    rules : tuple of Rule
    new_quality : NewItemQuality or None
    new_items : tuple of NewItemList
    listed : Listed
    n_offers : int
        Of a list at most.
    notes : tuple of str
    """

    source: str
    customers: int
    record: NextOfferRecord
    quality: ListQuality
    tried: dict[float, float]
    rules: tuple[Rule, ...]
    new_quality: NewItemQuality | None
    new_items: tuple[NewItemList, ...]
    listed: Listed
    n_offers: int
    notes: tuple[str, ...]

    @property
    def dated(self) -> bool:
        """Whether figures are of what was taken afterwards."""
        return self.record.window > 0

    def verdict(self) -> str:
        """How good the lists are, in one sentence."""
        q = self.quality
        measured = (
            f"Of the new items that {thousands(q.customers)} customers took in the "
            f"{self.record.window} weeks kept apart"
            if self.dated and not self.record.repeat
            else f"Of what {thousands(q.customers)} customers took in the {self.record.window} "
            "weeks kept apart"
            if self.dated
            else f"Of one hidden item of each of {thousands(q.customers)} customers kept apart"
        )
        return (
            f"{measured}, {span(q.recall)} stood on their lists of {q.k}; on lists of what is most "
            f"popular {span(q.recall_popular)}. {self.comparison()}{self._shorter()}"
        )

    def _shorter(self) -> str:
        """Why lists of another length are measured than are made."""
        if self.quality.k >= self.n_offers:
            return ""
        return (
            f" (Lists of {self.n_offers} are made; of so few items, those of a quarter of them are "
            "measured, for longer ones could hardly miss.)"
        )

    def comparison(self) -> str:
        """Whether the lists are better than those of popularity."""
        gain = self.quality.gain
        points = f"{100 * gain.low:+.1f} to {100 * gain.high:+.1f} points".replace("-", "−")
        if gain.low > 0:
            return f"The lists are better than popularity, by {points}."
        if gain.high < 0:
            return (
                f"The lists are worse than popularity, by {points}: offer what is most popular "
                "instead."
            )
        return f"Whether the lists are better than popularity is not shown ({points})."

    def meaning(self) -> str:
        """What the probability is, and what it is not."""
        if self.dated:
            return (
                f"The acceptance is the probability that a customer takes the item within "
                f"{self.record.window} weeks without being asked. By how much an offer raises it, "
                "only a campaign with a control group says. It is lower than the share above, "
                "which is of what was taken, not of what was listed."
            )
        return (
            "Holdings have no dates. The similarity is the share of customers with the same other "
            "items who hold this one: it says who is like its holders, not who takes it next, and "
            "is no acceptance for a plan of contacts."
        )

    def expected(self) -> str:
        """Expected and found takers of the listed offers, where they were measured."""
        bins = self.quality.calibration
        pairs = sum(part.pairs for part in bins)
        wanted = sum(part.pairs * part.expected for part in bins)
        found = sum(part.pairs * part.found for part in bins)
        what = "listed offers" if self.dated else "customers and items"
        verb = "were taken" if self.dated else "are held"
        share = f" ({percent(found / pairs)})" if pairs else ""
        return (
            f"Of {thousands(pairs)} {what}, {thousands(round(found))}{share} {verb}; "
            f"{thousands(round(wanted))} were expected."
        )

    def new_item_text(self) -> str:
        """How well customers are ranked for new items."""
        q = self.new_quality
        if q is None:
            return (
                "How well customers are ranked for new items is not measured: it takes groups of "
                "three items and more, and 50 holders of two of them."
            )
        return (
            f"{q.items} items were treated as new, and customers ranked by the items of the same "
            f"group: the area under the curve is {q.auc:.3f} (standard error {q.error:.3f}); by "
            f"the number of items held alone {q.activity_auc:.3f}."
        )

    def text(self) -> str:
        """What the terminal shows."""
        lines = [self.verdict(), self.expected(), self.meaning()]
        if self.rules:
            holding = sum(rule.holds for rule in self.rules)
            lines.append(f"{holding} of {len(self.rules)} rules hold on rows that chose none:")
            shown = [rule for rule in self.rules if rule.holds][:SHOWN_RULES]
            lines += [f"  {rule} ({rule.counts()})" for rule in shown]
        lines += [
            f"new item {new.item}: {thousands(len(new.rows))} customers, by {new.by}"
            for new in self.new_items
        ]
        if self.new_items:
            lines.append(self.new_item_text())
        lines.append(self.reach())
        return "\n".join(lines)

    def reach(self) -> str:
        """How many customers have a list."""
        text = f"{thousands(self.listed.customers)} of {thousands(self.customers)} customers"
        missing = self.listed.without
        rest = f"; to {thousands(missing)} nothing can be offered" if missing else ""
        return f"{text} have a list of up to {self.n_offers} offers{rest}."

    def as_dict(self) -> dict[str, Any]:
        """All figures, for JSON."""
        return {
            "source": self.source, "customers": self.customers, "items": len(self.record.items),
            "method": self.record.method, "penalty": self.record.penalty,
            "recall_by_penalty": {f"{p:g}": recall for p, recall in self.tried.items()},
            "window_weeks": self.record.window, "repeat": self.record.repeat,
            "quality": self.quality.as_dict(),
            "rules": [rule.as_dict() for rule in self.rules],
            "new_items": None if self.new_quality is None else asdict(self.new_quality),
            "lists": {
                "customers": self.listed.customers, "without": self.listed.without,
                "offers": [
                    {"offer": name, "first": first, "listed": listed,
                     "mean_probability": None if np.isnan(mean) else mean}
                    for name, first, listed, mean in self.listed.offers
                ],
            },
            "notes": list(self.notes),
        }  # fmt: skip


def span(found: Interval) -> str:
    """A share with its interval.

    Examples
    --------
    >>> span(Interval(0.12, 0.1, 0.14))
    '12.0 % (10.0 to 14.0)'
    """
    return f"{percent(found.value)} ({100 * found.low:.1f} to {100 * found.high:.1f})"
