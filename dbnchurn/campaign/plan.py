"""What a campaign may cost and bring, and what its control group costs, before it starts.

Cost and return are drawn: acceptance and the two rates from what the pilot leaves open, then the
customers who accept and who are kept. Both are needed: the draw of the customers alone gives
intervals that are far too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dbnchurn.campaign.config import Pilot, PlanSection
from dbnchurn.campaign.power import customers_needed, power, smallest_effect
from dbnchurn.core.html.format import amount, percent, points
from dbnchurn.core.statistics import wilson
from dbnchurn.core.typing import Floats

DRAWS = 20_000
SHARES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)  # of the control group, in the table
UNLIKE = 0.999  # confidence that the pilot's customers leave otherwise
PROMISE = 0.9  # confidence of cost and return


@dataclass(frozen=True)
class Range:
    """A quantity with its interval of 90 %.

    Parameters
    ----------
    value, low, high : float
        Mean, and the ends.
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, draws: Floats) -> Range:
        """Mean and the middle 90 % of draws."""
        low, high = np.quantile(draws, [(1 - PROMISE) / 2, (1 + PROMISE) / 2])
        return cls(float(draws.mean()), float(low), float(high))


@dataclass(frozen=True)
class ControlChoice:
    """One size of the control group.

    Parameters
    ----------
    share : float
    customers : int
        Held out.
    power : float
        Chance of finding the wanted effect.
    smallest : float or None
        Smallest effect that is found with the wanted chance.
    needed : int
        Customers on the list for the wanted effect and chance.
    forgone : Range or None
        Money that the customers held out would have brought; None without pilot and worth.
    wanted : bool, default False
        Whether it is the one of the config.
    """

    share: float
    customers: int
    power: float
    smallest: float | None
    needed: int
    forgone: Range | None
    wanted: bool = False


@dataclass(frozen=True)
class Plan:
    """What a campaign may cost and bring.

    Parameters
    ----------
    settings : PlanSection
    choices : tuple of ControlChoice
        The wanted size among them.
    cost, kept, gain : Range or None
        Money, customers kept, and money that these bring minus the cost; None where the pilot or
        the worth is not given.
    accepted : Range or None
        Contacted customers who accept.
    loss_chance : float or None
        Chance that the cost exceeds what is brought.
    notes : tuple of str, default ()

    Examples
    --------
    >>> plan = make_plan(PlanSection(customers=20_000, base_rate=0.1, effect=-0.02))
    >>> round(plan.choice.power, 2), plan.cost is None
    (0.85, True)
    """

    settings: PlanSection
    choices: tuple[ControlChoice, ...]
    cost: Range | None
    kept: Range | None
    gain: Range | None
    accepted: Range | None
    loss_chance: float | None
    notes: tuple[str, ...] = ()

    @property
    def choice(self) -> ControlChoice:
        """The size of the control group that the config wants."""
        return next(choice for choice in self.choices if choice.wanted)

    @property
    def contacted(self) -> int:
        """Customers who are contacted."""
        return self.settings.customers - self.choice.customers

    @property
    def verdict(self) -> str:
        """What the plan comes to, in a sentence or two."""
        choice, wanted = self.choice, self.settings
        found = (
            f"An effect of {points(wanted.effect)} points{_harm(wanted)} would be found "
            f"with a chance of "
            f"{100 * choice.power:.0f} %, "
            f"holding out {choice.customers:,} of {wanted.customers:,} customers."
        )
        if choice.power < wanted.power:
            larger = any(c.share > choice.share and c.power >= wanted.power for c in self.choices)
            found += (
                f" That is less than the {100 * wanted.power:.0f} % wanted: it takes "
                f"{choice.needed:,} customers" + (", or a larger control group." if larger else ".")
            )
        if self.gain is not None:
            money = f" {wanted.currency}" if wanted.currency else ""
            found += (
                f" The campaign would bring {amount(round(self.gain.value))}{money} after cost, "
                f"{amount(round(self.gain.low))} to {amount(round(self.gain.high))} with 90 %."
            )
        return found

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        ranges = {"cost": self.cost, "customers_kept": self.kept, "return": self.gain}
        ranges["accepted"] = self.accepted
        return {
            "verdict": self.verdict,
            "settings": self.settings.model_dump(mode="json"),
            "contacted": self.contacted,
            "control": self.choice.customers,
            **{name: range_ and dict(vars(range_)) for name, range_ in ranges.items()},
            "interval": PROMISE,
            "chance_of_loss": self.loss_chance,
            "control_groups": [
                {**vars(choice), "forgone": choice.forgone and dict(vars(choice.forgone))}
                for choice in self.choices
            ],
            "notes": list(self.notes),
        }


def _harm(settings: PlanSection) -> str:
    """What an effect above 0 means, for it may be meant as customers kept."""
    return " (more leave because of the contact)" if settings.effect > 0 else ""


def make_plan(settings: PlanSection) -> Plan:
    """Plan a campaign.

    Parameters
    ----------
    settings : PlanSection

    Returns
    -------
    Plan
        The same for the same settings.

    Examples
    --------
    >>> pilot = Pilot(contacted=4000, contacted_left=300, control=1000, control_left=100)
    >>> plan = make_plan(PlanSection(customers=20_000, base_rate=0.1, effect=-0.02, pilot=pilot))
    >>> plan.kept.low < 18_000 * 0.025 < plan.kept.high
    True
    """
    shares = sorted({*SHARES, settings.control})
    pilot, draws = settings.pilot, None
    if pilot is not None:
        draws = drawn(pilot, np.random.default_rng(settings.seed))
    choices = tuple(_choice(settings, share, draws) for share in shares)
    wanted = next(choice for choice in choices if choice.wanted)
    if draws is None:
        return Plan(settings, choices, None, None, None, None, None, _notes(settings))
    generator = np.random.default_rng([settings.seed, 1])
    contacted = settings.customers - wanted.customers
    accepted, kept = realised(draws, contacted, generator)
    cost = settings.contact_cost * contacted + settings.offer_cost * accepted
    gain = None if settings.worth is None else settings.worth * kept - cost
    return Plan(
        settings,
        choices,
        Range.of(cost),
        Range.of(kept),
        None if gain is None else Range.of(gain),
        None if pilot is None or pilot.accepted is None else Range.of(accepted),
        None if gain is None else float((gain < 0).mean()),
        _notes(settings),
    )


@dataclass(frozen=True, eq=False)
class Draws:
    """What a pilot leaves open: one value a draw.

    Parameters
    ----------
    acceptance, effect : float array of shape (draws,)
        Share of the contacted who accept; share of the contacted who are kept.
    """

    acceptance: Floats
    effect: Floats


def drawn(pilot: Pilot, generator: np.random.Generator) -> Draws:
    """Acceptance and effect as likely as the pilot makes them, with Jeffreys' prior.

    Parameters
    ----------
    pilot : Pilot
    generator : numpy Generator

    Returns
    -------
    Draws
    """

    def rate(hits: int, rows: int) -> Floats:
        return generator.beta(hits + 0.5, rows - hits + 0.5, DRAWS)

    control = rate(pilot.control_left, pilot.control)
    contact = rate(pilot.contacted_left, pilot.contacted)
    accepted = pilot.accepted
    acceptance = np.zeros(DRAWS) if accepted is None else rate(accepted, pilot.contacted)
    return Draws(acceptance, control - contact)


def realised(draws: Draws, contacted: int, generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Customers who accept and who are kept, of those contacted.

    Parameters
    ----------
    draws : Draws
    contacted : int
    generator : numpy Generator

    Returns
    -------
    accepted, kept : float array of shape (draws,)
        Kept is below 0 where more left because of the contact.
    """
    accepted = generator.binomial(contacted, draws.acceptance).astype(np.float64)
    kept = np.sign(draws.effect) * generator.binomial(contacted, np.abs(draws.effect))
    return accepted, kept.astype(np.float64)


def _choice(settings: PlanSection, share: float, draws: Draws | None) -> ControlChoice:
    held_out = round(settings.customers * share)
    how = {"confidence": settings.confidence, "explained": settings.explained}
    forgone = None
    if draws is not None and settings.worth is not None:
        accepted, kept = realised(draws, held_out, np.random.default_rng([settings.seed, 1]))
        cost = settings.contact_cost * held_out + settings.offer_cost * accepted
        forgone = Range.of(settings.worth * kept - cost)
    return ControlChoice(
        share,
        held_out,
        power(settings.customers, settings.base_rate, settings.effect, control=share, **how),
        smallest_effect(
            settings.customers, settings.base_rate, control=share, power=settings.power, **how
        ),
        customers_needed(
            settings.base_rate, settings.effect, control=share, power=settings.power, **how
        ),
        forgone,
        share == settings.control,
    )


def _notes(settings: PlanSection) -> tuple[str, ...]:
    notes = ["The chance of finding the effect is that of the interval that 'dbnchurn lift' gives."]
    if not round(settings.customers * settings.control):
        notes.append(
            "Nobody is held out, so no effect can be told: the share of the control group is below "
            "one customer."
        )
    if settings.effect > 0:
        notes.append(
            f"plan.effect {settings.effect:g} is above 0, so more customers would leave because of "
            f"the contact; that so many fewer leave is effect: {-settings.effect:g}."
        )
    if settings.pilot is None:
        notes.append(
            "Nothing is said of cost and return: that needs the counts of a pilot with a control "
            "group (plan.pilot)."
        )
        return tuple(notes)
    notes.append(
        "Cost and return are drawn 20,000 times, with what the pilot leaves open of acceptance "
        "and effect; the pilot's customers have to be like those of the list."
    )
    low, high = wilson(settings.pilot.control_left, settings.pilot.control, UNLIKE)
    if not low <= settings.base_rate <= high:
        rate = settings.pilot.control_left / settings.pilot.control
        notes.append(
            f"They are not: {percent(rate)} of the pilot's control group left, and base_rate is "
            f"{percent(settings.base_rate)}; so cost and return are those of other customers."
        )
    if settings.worth is None:
        notes.append("The return needs what keeping a customer brings (plan.worth).")
    return tuple(notes)
