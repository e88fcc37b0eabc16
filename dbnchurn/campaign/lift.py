"""The result of a campaign as a record: effect, groups, money, and what may be claimed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from dbnchurn.campaign.balance import Balance
from dbnchurn.campaign.effect import Effect, SampleRatio

Claim = Literal["kept", "lost", "not told", "stopped"]
UNCLAIMED = dict.fromkeys(("value", "low", "high", "p_value", "unadjusted", "variance_cut"))


@dataclass(frozen=True)
class GroupEffect:
    """The effect among some of the customers.

    Parameters
    ----------
    breakdown : str
        What the customers are divided by: offer, channel, segment or risk.
    group : str
    rows : int
        Customers of both arms whose outcome is known.
    effect : Effect or None
        None where an arm is empty.
    adjusted_p : float, default 1
        p-value after Benjamini and Hochberg, over all groups of all breakdowns.
    """

    breakdown: str
    group: str
    rows: int
    effect: Effect | None
    adjusted_p: float = 1.0

    def stands_out(self, confidence: float) -> bool:
        """Whether the group has an effect, given that many were looked at."""
        return self.effect is not None and self.adjusted_p < 1 - confidence


@dataclass(frozen=True)
class MoneyKept:
    """What a campaign brought.

    Parameters
    ----------
    contacted : int
        Contacted customers whose outcome is known.
    customers, customers_low, customers_high : float
        Customers kept: minus the effect times `contacted`.
    value, low, high : float
        Customers kept times worth, minus cost.
    cost : float or None
        Of all these contacts; None where nothing is known of it.
    worth : float
        Money that keeping one customer brings.
    currency : str, default ""
    """

    contacted: int
    customers: float
    customers_low: float
    customers_high: float
    value: float
    low: float
    high: float
    cost: float | None
    worth: float
    currency: str = ""


@dataclass(frozen=True)
class Planned:
    """What was planned beside what came.

    Parameters
    ----------
    what : str
    planned, actual, low, high : float
    """

    what: str
    planned: float
    actual: float
    low: float
    high: float


@dataclass(frozen=True)
class Lift:
    """What a campaign did.

    Parameters
    ----------
    campaign : str
    claim : {"kept", "lost", "not told", "stopped"}
    verdict : str
        The claim as a sentence or two.
    effect : Effect
    sequence : pair of float, optional
        The interval that holds however often one looks; None where one looks once.
    explore : Effect or None
        Of an option drawn at random, where some customers explore.
    ratio : SampleRatio
    outcomes_p : float
        p-value that outcomes are known of the same share of both arms.
    counts : mapping of arm → (rows of the log, those whose outcome is counted)
    window : int or None
        Days after the contact.
    preliminary : bool
        Whether windows are not over.
    groups : tuple of GroupEffect
    differences : mapping of breakdown → p-value that all its groups have one effect
    money : MoneyKept or None
    revenue : mapping with value, low and high, or None
        Revenue per customer, contacted minus control.
    acceptance : mapping with value, low and high, or None
        Share of the contacted who accepted.
    planned : tuple of Planned
    before : float or None
        Share that left before the campaign.
    before_sentence : str
        Why a comparison with it is no effect.
    balance : Balance or None
        Scores of both arms before the campaign; None where too few customers have one.
    elsewhere : mapping of arm → (customers whom other campaigns contacted meanwhile, customers)
    warnings, notes : tuple of str

    Examples
    --------
    >>> from dbnchurn.campaign.effect import Arm
    >>> effect = Effect(Arm(1000, 80, 0.08, 1000), Arm(1000, 110, 0.11, 1000), -0.03)
    >>> counts = {"contact": (1000, 1000), "control": (1000, 1000)}
    >>> lift = Lift("spring", "kept", "It kept customers.", effect, None, None,
    ...             SampleRatio(1000, 1000.0, 1.0), 1.0, counts, 90, False)
    >>> lift.as_dict()["effect"]["value"]
    -0.03
    """

    campaign: str
    claim: Claim
    verdict: str
    effect: Effect
    sequence: tuple[float, float] | None
    explore: Effect | None
    ratio: SampleRatio
    outcomes_p: float
    counts: Mapping[str, tuple[int, int]]
    window: int | None
    preliminary: bool
    groups: tuple[GroupEffect, ...] = ()
    differences: Mapping[str, float] = field(default_factory=dict)
    money: MoneyKept | None = None
    revenue: Mapping[str, float] | None = None
    acceptance: Mapping[str, float] | None = None
    planned: tuple[Planned, ...] = ()
    before: float | None = None
    before_sentence: str = ""
    balance: Balance | None = None
    elsewhere: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON; no claim and no money where the draw does not fit."""
        stopped = self.claim == "stopped"
        return {
            "campaign": self.campaign,
            "claim": self.claim,
            "verdict": self.verdict,
            "confidence": self.effect.confidence,
            "window_days": self.window,
            "preliminary": self.preliminary,
            "effect": {**plain_effect(self.effect), **(UNCLAIMED if stopped else {})},
            "always_valid": None
            if self.sequence is None or stopped
            else {"low": self.sequence[0], "high": self.sequence[1]},
            "explore": None if self.explore is None or stopped else plain_effect(self.explore),
            "sample_ratio": {
                "control": self.ratio.control,
                "expected": self.ratio.expected,
                "p_value": self.ratio.p_value,
                "fits": self.ratio.fits,
            },
            "outcomes_p_value": self.outcomes_p,
            "balance": None
            if self.balance is None
            else {**vars(self.balance), "fits": self.balance.fits},
            "contacted_elsewhere": {arm: count for arm, (count, _) in self.elsewhere.items()},
            "arms": {arm: {"log": n, "counted": k} for arm, (n, k) in self.counts.items()},
            "groups": [] if stopped else [self._plain_group(group) for group in self.groups],
            "differences_p_value": {} if stopped else dict(self.differences),
            "money": None if self.money is None or stopped else dict(vars(self.money)),
            "revenue_per_customer": None if stopped else self.revenue and dict(self.revenue),
            "acceptance": self.acceptance and dict(self.acceptance),
            "planned_against_actual": [] if stopped else [dict(vars(p)) for p in self.planned],
            "before": None
            if self.before is None
            else {"rate": self.before, "note": self.before_sentence},
            "warnings": list(self.warnings),
            "notes": list(self.notes),
        }

    def _plain_group(self, group: GroupEffect) -> dict[str, Any]:
        measured = group.effect
        return {
            "breakdown": group.breakdown,
            "group": group.group,
            "rows": group.rows,
            "effect": None if measured is None else plain_effect(measured),
            "adjusted_p_value": None if measured is None else group.adjusted_p,
            "stands_out": group.stands_out(self.effect.confidence),
        }


def plain_effect(effect: Effect) -> dict[str, Any]:
    """An effect as plain data."""
    arms = {"contact": effect.contact, "control": effect.control}
    return {
        "value": effect.value,
        "low": effect.low,
        "high": effect.high,
        "p_value": effect.p_value,
        "unadjusted": effect.unadjusted,
        "variance_cut": effect.variance_cut,
        **{
            name: {"rows": arm.rows, "left": arm.left, "rate": arm.rate, "effective": arm.effective}
            for name, arm in arms.items()
        },
    }
