"""Offers, channels and rules: the section ``allocate`` of the config of a campaign."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dbnchurn.campaign.conditions import Condition
from dbnchurn.campaign.id_match import Match
from dbnchurn.campaign.limits import Option
from dbnchurn.campaign.other_campaigns import RUNNING
from dbnchurn.campaign.source import CampaignSource
from dbnchurn.config import Section
from dbnchurn.core.errors import did_you_mean
from dbnchurn.data.plan import Csv

Money = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Given = int | float | str  # a number, or the name of a column
Name = Annotated[str, Field(min_length=1)]


class EffectSection(Section):
    """What an option does, each as a number or as the name of a column."""

    effect: Annotated[float, Field(ge=-1, le=1)] | None = Field(
        default=None,
        description="Share of the churn probability that the option takes away: 0.25 makes 40 % "
        "to 30 %. A measured average, from a campaign with a control group.",
    )
    uplift: Given | None = Field(
        default=None,
        description="In place of `effect`: reduction of the churn probability itself, such as "
        "0.1 for 40 % to 30 %; mostly a column of individual estimates.",
    )
    error: Annotated[float, Field(ge=0)] | str | None = Field(
        default=None,
        description="Standard error of `effect` or `uplift`, in its unit. Noisy estimates are "
        "drawn to their mean by it.",
    )
    acceptance: Given | None = Field(
        default=None, description="Probability that the customer accepts the offer."
    )

    @model_validator(mode="after")
    def _one_effect(self) -> EffectSection:
        if self.effect is not None and self.uplift is not None:
            raise ValueError("give one of 'effect' and 'uplift'")
        if isinstance(self.acceptance, int | float) and not 0 <= self.acceptance <= 1:
            raise ValueError(f"acceptance {self.acceptance:g}: give a probability from 0 to 1")
        if isinstance(self.uplift, int | float) and not -1 <= self.uplift <= 1:
            raise ValueError(
                f"uplift {self.uplift:g}: give a reduction of the probability from -1 to 1"
            )
        return self


class OfferSection(EffectSection):
    """An offer: what it does, costs and brings, how often there is it, and who may get it."""

    cost: Money = Field(default=0.0, description="Money for each customer who accepts.")
    margin: Given = Field(
        default=0.0, description="Money that each acceptance brings besides the customer kept."
    )
    stock: Count | None = Field(default=None, description="Contacts with it at most.")
    minimum: Count = Field(default=0, description="Contacts with it at least.")
    when: dict[str, Condition] = Field(
        default_factory=dict, description="Column → condition of those who may get it."
    )


class ChannelSection(Section):
    """A channel: what a contact costs, how many there can be, and who can be reached by it."""

    cost: Money = Field(default=0.0, description="Money for each contact, accepted or not.")
    capacity: Count | None = Field(default=None, description="Contacts by it at most.")
    minimum: Count = Field(default=0, description="Contacts by it at least.")
    when: dict[str, Condition] = Field(
        default_factory=dict, description="Column → condition of those who can be reached."
    )


class OptionSection(EffectSection):
    """An offer through a channel, where it does otherwise than the offer does in general."""

    offer: Name
    channel: Name
    excluded: bool = Field(default=False, description="The offer does not go by this channel.")

    @property
    def option(self) -> Option:
        """Its two names."""
        return Option(self.offer, self.channel)


class FrequencySection(Section):
    """At most so many contacts of a customer in so many days, by the contact log."""

    contacts: Annotated[int, Field(ge=1)] = Field(
        description="Contacts at most, the one that is planned now among them."
    )
    days: Annotated[int, Field(ge=1)] = Field(
        description="In so many days before (or after) the contact date."
    )
    channel: str | None = Field(
        default=None, description="Count, and close, this channel alone; by default all."
    )


class PilotSection(Section):
    """A campaign with known propensities, on whose rows the plan's rule is valued."""

    log: CampaignSource = Field(description="Its contact log.")
    outcomes: CampaignSource = Field(description="What became of its customers.")
    customers: CampaignSource = Field(
        description="Its customers as they were then, with the columns of `customers`."
    )
    used_for_effects: Path | Literal["none"] = Field(
        description="List of the customers whose outcomes the effects were estimated on, who are "
        "left out here (CSV with a column customer); none if the effects are from elsewhere."
    )
    window: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Days after the contact in which leaving counts."
    )
    as_of: date | None = Field(
        default=None, description="Day up to which its outcomes are complete."
    )


class AllocateSection(Section):
    """Whom to contact: customers, offers, channels, limits and rules."""

    campaign: Name | None = Field(
        default=None, description="Its name, in list and log; needed here or at the top."
    )
    contact_date: date = Field(description="When the customers are to be contacted.")
    currency: Name | None = Field(
        default=None, description="The one currency of all money; needed here or at the top."
    )
    customers: CampaignSource = Field(description="Scored customers, one row each.")
    values: CampaignSource | None = Field(
        default=None,
        description="Further columns of every customer, such as the table of `dbnchurn values` "
        "with `worth`; joined by its column `customer`.",
    )
    values_of: Literal["all", "some"] = Field(
        default="all",
        description="Whether every customer has a row in `values`; `some` leaves the cells of the "
        "others empty, as of a list of key users.",
    )
    id: Name = Field(description="Column that names the customer.")
    probability: str = Field(
        default="probability", description="Column with the probability of leaving."
    )
    worth: Given | None = Field(
        default=None,
        description="Money that a customer is worth who stays instead of leaving: a number or a "
        "column; needed here or at the top.",
    )
    effect_of: Literal["contact", "acceptance"] = Field(
        description="Whether effects and uplifts are those of a contact, accepted or not, as a "
        "control group measures them, or those of an acceptance."
    )
    offers: Annotated[dict[str, OfferSection], Field(min_length=1)]
    channels: Annotated[dict[str, ChannelSection], Field(min_length=1)]
    options: tuple[OptionSection, ...] = Field(
        default=(), description="Pairs of offer and channel that differ; the others are as their "
        "offer says.",
    )  # fmt: skip
    budget: Money | None = Field(default=None, description="Money; by default without limit.")
    budget_covers: Literal["expected", "every acceptance"] = Field(
        default="expected",
        description="Offer costs by the probability of acceptance, or as if everybody accepted.",
    )
    max_contacts: Annotated[int, Field(ge=1)] = Field(
        default=1, description="Options of a customer at most."
    )
    when: dict[str, Condition] = Field(
        default_factory=dict, description="Column → condition of those who may be contacted."
    )
    log: CampaignSource | None = Field(default=None, description="Contact log of the past.")
    frequency: tuple[FrequencySection, ...] = ()
    keep_control: Count = Field(
        default=RUNNING,
        description="Days for which customers who are held out in another campaign of the log "
        "are left alone, so that its effect can be measured; 0 contacts them.",
    )
    suppress: Path | None = Field(
        default=None, description="Ids of customers who must not be contacted."
    )
    suppress_csv: Csv | None = Field(
        default=None, description="How a CSV file of these ids is written; by default found out."
    )
    suppress_sheet: str | None = Field(default=None, description="Sheet of these ids.")
    suppress_match: Match = Field(default="exact", description="How its ids are compared.")
    allow_unmatched: bool = Field(
        default=False, description="Its ids may be of people who are not in the table."
    )
    control: Share = Field(
        default=0.1, description="Share of the list that is drawn not to be contacted."
    )
    explore: Share = Field(
        default=0.0, description="Share of the contacted who exchange their options at random."
    )
    pilot: PilotSection | None = None
    seed: Annotated[int, Field(ge=0)] = Field(default=0, description="Seed of the draws.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if problems := [*self._problems()]:
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        for section in self.options:
            if section.offer not in self.offers:
                yield f"options: no offer {section.offer!r}: " + did_you_mean(
                    section.offer, self.offers
                )
            if section.channel not in self.channels:
                yield f"options: no channel {section.channel!r}: " + did_you_mean(
                    section.channel, self.channels
                )
        for rule in self.frequency:
            if rule.channel is not None and rule.channel not in self.channels:
                yield f"frequency: no channel {rule.channel!r}: " + did_you_mean(
                    rule.channel, self.channels
                )
        for name in sorted(self.offers.keys() & self.channels.keys()):
            yield f"{name!r} is the name of an offer and of a channel; rename one of them"
        if self.frequency and self.log is None:
            yield "frequency needs the contacts of the past: give 'log'"
        if not self.pairs:
            yield "options: every pair of offer and channel is excluded; leave one open"
        for pair in self.pairs:
            effect = self.effect_of_pair(pair)
            if isinstance(effect.error, str) and not isinstance(effect.uplift, str):
                yield f"{pair}: 'error' is a column, and the effect one number; give a number"
            if effect.effect is None and effect.uplift is None:
                yield f"{pair}: nothing says what it does; give 'effect' or 'uplift'"
            if effect.acceptance is None and self.needs_acceptance(pair):
                yield (
                    f"{pair}: its offer has a cost or a margin, or effects are those of an "
                    "acceptance; give 'acceptance'"
                )

    @property
    def pairs(self) -> tuple[Option, ...]:
        """The options, in the order of offers and channels."""
        closed = {section.option for section in self.options if section.excluded}
        every = [Option(offer, channel) for offer in self.offers for channel in self.channels]
        return tuple(option for option in every if option not in closed)

    def effect_of_pair(self, pair: Option) -> EffectSection:
        """What an option does: what its offer does, and what is said of the pair."""
        offer = self.offers[pair.offer]
        own = next((section for section in self.options if section.option == pair), None)
        if own is None:
            return offer
        if own.effect is not None or own.uplift is not None:
            what = {"effect": own.effect, "uplift": own.uplift, "error": own.error}
        else:
            error = offer.error if own.error is None else own.error
            what = {"effect": offer.effect, "uplift": offer.uplift, "error": error}
        accepted = offer.acceptance if own.acceptance is None else own.acceptance
        return EffectSection(**what, acceptance=accepted)

    def needs_acceptance(self, pair: Option) -> bool:
        """Whether the value of an option depends on who accepts."""
        offer = self.offers[pair.offer]
        return self.effect_of == "acceptance" or offer.cost > 0 or offer.margin != 0


class AllocateConfig(AllocateSection):
    """The section ``allocate`` with what the whole config says for it."""

    campaign: Name
    currency: Name
    worth: Given
