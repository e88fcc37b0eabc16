"""The config of a campaign, with its sections ``plan`` and ``lift``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from dbnchurn.campaign.id_match import Match
from dbnchurn.campaign.options import AllocateConfig, AllocateSection, Count, Money
from dbnchurn.campaign.source import CampaignSource
from dbnchurn.config import Section, read
from dbnchurn.core.errors import ConfigError

Share = Annotated[float, Field(ge=0, le=1)]
Inner = Annotated[float, Field(gt=0, lt=1)]


class LiftSection(Section):
    """What a campaign did: how it is measured, and what a kept customer is worth."""

    log: CampaignSource | None = Field(default=None, description="The contact log.")
    outcomes: CampaignSource | None = Field(
        default=None, description="What became of the customers."
    )
    scores: CampaignSource | None = Field(
        default=None,
        description="The customers of before the campaign: `customer`, the probability of leaving "
        "as `score` or `probability`, in place of the log's, and the columns of `by`.",
    )
    by: tuple[str, ...] = Field(
        default=(), description="Columns of `scores`, such as a persona: effects of their groups."
    )
    campaign: str | None = Field(default=None, description="Name of the campaign in the log.")
    every: bool = Field(default=False, description="Take all campaigns of the log together.")
    days: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="Outcome window: days from the contact on in which leaving counts.",
    )
    as_of: date | None = Field(
        default=None, description="Day up to which outcomes are complete; by default the last date."
    )
    match: Match = Field(default="exact", description="How ids of log and outcomes are compared.")
    looks: Annotated[int, Field(ge=1)] = Field(
        default=1, description="How often the result is looked at; above 1 the claim is judged by "
        "the interval that holds however often one looks.",
    )  # fmt: skip
    confidence: Inner = Field(default=0.95, description="Of all intervals.")
    worth: Money | None = Field(
        default=None, description="Money that keeping one customer brings, offer cost taken off."
    )
    contact_cost: Money | None = Field(
        default=None, description="Money per contact, where the log has no column cost."
    )
    currency: str = Field(default="", description="Of all money, such as EUR.")
    before: Share | None = Field(
        default=None, description="Share that left before the campaign; shown, and no effect."
    )
    planned_effect: Annotated[float, Field(gt=-1, lt=1)] | None = Field(
        default=None, description="Effect that was planned, such as -0.02 for two points fewer."
    )


class Pilot(Section):
    """Two groups of an earlier campaign with a control group."""

    contacted: Annotated[int, Field(ge=1)] = Field(description="Customers who were contacted.")
    contacted_left: Count = Field(description="Those of them who left.")
    control: Annotated[int, Field(ge=1)] = Field(description="Customers of the control group.")
    control_left: Count = Field(description="Those of them who left.")
    accepted: Count | None = Field(
        default=None, description="Contacted customers who accepted the offer."
    )

    @model_validator(mode="after")
    def _counts(self) -> Pilot:
        if self.contacted_left > self.contacted or self.control_left > self.control:
            raise ValueError("more customers of the pilot left than there were")
        if (self.accepted or 0) > self.contacted:
            raise ValueError("more customers of the pilot accepted than were contacted")
        return self


class PlanSection(Section):
    """What is planned: how many customers, how many held out, and what it may cost and bring."""

    customers: Annotated[int, Field(ge=2)] = Field(description="Customers on the list.")
    base_rate: Inner = Field(description="Share that leaves without a contact.")
    effect: Annotated[float, Field(gt=-1, lt=1)] = Field(
        description="Effect that shall be found, such as -0.02 for two points fewer."
    )
    control: Inner = Field(default=0.1, description="Share of the list that is held out.")
    power: Inner = Field(default=0.8, description="Chance of finding that effect, if it is there.")
    confidence: Inner = Field(default=0.95, description="Of the interval of the effect.")
    explained: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.0,
        description="Share of the variance that the score explains: 'variance cut' of an earlier "
        "campaign.",
    )
    pilot: Pilot | None = Field(
        default=None, description="Counts of a pilot; without them nothing is said of the return."
    )
    worth: Money | None = Field(default=None, description="Money that keeping one customer brings.")
    contact_cost: Money = Field(default=0.0, description="Money per contact, accepted or not.")
    offer_cost: Money = Field(default=0.0, description="Money per accepted offer.")
    currency: str = Field(default="", description="Of all money, such as EUR.")
    seed: Count = Field(default=0, description="Of the draws behind cost and return.")

    @model_validator(mode="after")
    def _possible(self) -> PlanSection:
        if not 0 < self.base_rate + self.effect < 1:
            raise ValueError(
                f"base_rate {self.base_rate:g} and effect {self.effect:g} lead to a rate of "
                f"{self.base_rate + self.effect:g}; give an effect that leaves it between 0 and 1"
            )
        if self.effect == 0:
            raise ValueError("effect 0 cannot be found; give the smallest one that is worth it")
        if self.offer_cost and self.pilot is not None and self.pilot.accepted is None:
            raise ValueError("offer_cost needs pilot.accepted: how many accepted the offer")
        return self


SHARED = ("campaign", "currency", "worth", "control")


class CampaignConfig(Section):
    """The config of a campaign: what all its commands share, and a section for each of them.

    `campaign`, `currency`, `worth` and `control` hold in every section that has such a key and does
    not say it itself. A section may say another worth (a column, say), not another campaign or
    currency.
    """

    # Keys of `allocate` that are written at the top are told where they belong.
    renamed: ClassVar[Mapping[str, str]] = {
        name: f"allocate.{name}" for name in AllocateSection.model_fields if name not in SHARED
    }

    campaign: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="Its name, in list and contact log."
    )
    currency: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="The one currency of all money here, such as EUR."
    )
    worth: Money | None = Field(
        default=None, description="Money that a customer is worth who stays instead of leaving."
    )
    control: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None, description="Share of the list that is held out."
    )
    plan: PlanSection | None = None
    allocate: AllocateSection | None = None
    lift: LiftSection = Field(default_factory=LiftSection)

    @model_validator(mode="after")
    def _fits(self) -> CampaignConfig:
        if problems := [*self._problems()]:
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        for name in ("plan", "allocate", "lift"):
            section = getattr(self, name)
            for key in ("campaign", "currency"):
                own, common = getattr(section, key, None), getattr(self, key)
                if own and common and own != common:
                    yield f"{key} is {common!r} at the top and {own!r} in {name}; say it once"
        for key in ("campaign", "currency", "worth"):
            if self.allocate is not None and self._for(self.allocate).get(key) is None:
                yield f"allocate needs {key!r}: say it at the top of the config, or in allocate"

    def _for(self, section: Section) -> dict[str, Any]:
        """What a section says, and for its other keys what is said at the top."""
        own = {key: getattr(section, key) for key in section.model_fields_set}
        common = {key: getattr(self, key) for key in SHARED if key in type(section).model_fields}
        return {key: value for key, value in common.items() if value is not None} | own

    def for_plan(self, where: str = "the config") -> PlanSection:
        """What ``dbnchurn plan`` works with.

        Parameters
        ----------
        where : str, default "the config"
            Name of the config, for the message.

        Raises
        ------
        ConfigError
            If there is no such section.
        """
        if self.plan is None:
            raise ConfigError(f"{where}: there is no section 'plan'; say there what is planned")
        return PlanSection(**self._for(self.plan))

    def for_allocate(self, where: str = "the config") -> AllocateConfig:
        """What ``dbnchurn allocate`` works with.

        Parameters
        ----------
        where : str, default "the config"
            Name of the config, for the message.

        Raises
        ------
        ConfigError
            If there is no such section.
        """
        if self.allocate is None:
            raise ConfigError(
                f"{where}: there is no section 'allocate'; say there who may be contacted with what"
            )
        return AllocateConfig(**self._for(self.allocate))

    def for_lift(self) -> LiftSection:
        """What ``dbnchurn lift`` works with; all campaigns of the log if the section says so."""
        made = LiftSection(**self._for(self.lift))
        if self.lift.every and self.lift.campaign is None:
            return made.model_copy(update={"campaign": None})
        return made


def read_campaign_config(path: str | Path, overrides: Sequence[str] = ()) -> CampaignConfig:
    """Read and check the config of a campaign.

    Parameters
    ----------
    path : path
        A YAML file.
    overrides : sequence of str
        ``a.b=c`` replaces what the file says.

    Returns
    -------
    CampaignConfig

    Raises
    ------
    ConfigError
        With one line for everything that is wrong.
    """
    return read(path, overrides, CampaignConfig)
