"""What a plan says of features of those whom a customer calls."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from dbnchurn.config.from_signatures import Section
from dbnchurn.data.windows import Duration

Id = str | int


class HubRule(Section):
    """Who is no person: call centres, own numbers, short codes."""

    cut: bool = Field(default=True, description="Whether hubs are found by the rule at all.")
    quantile: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.99, description="A hub has more partners than this share of all people."
    )
    times: Annotated[float, Field(ge=1, le=1e6)] = Field(
        default=10.0, description="A hub has more than so many times the partners of the median."
    )
    reciprocity: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.05,
        description="A hub both calls and is called by at most this share of its partners.",
    )
    also: tuple[Id, ...] = Field(default=(), description="Ids that are hubs in any case.")
    never: tuple[Id, ...] = Field(default=(), description="Ids that are people in any case.")

    @model_validator(mode="after")
    def _one_way(self) -> HubRule:
        both = {str(name) for name in self.also} & {str(name) for name in self.never}
        if both:
            raise ValueError(f"{min(both)!r} is in 'also' and in 'never'")
        return self


class Neighbours(Section):
    """Features of those whom a customer calls or is called by within the observation window.

    Examples
    --------
    >>> Neighbours(to="callee").recent
    '1 month'
    """

    to: str = Field(
        min_length=1,
        description="Column with the other customer; the key of the table is the one who calls.",
    )
    weight: str | None = Field(
        default=None,
        description="Column of numbers from 0 on, such as minutes; a missing one counts 0. By "
        "default every row counts 1.",
    )
    directions: Literal["both", "out"] = Field(
        default="both", description="Whether those who call the customer are neighbours too."
    )
    recent: Duration = Field(
        default="1 month", description="Span before the cutoff in which a departure is recent."
    )
    usage: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Table → columns of numbers: the mean over the neighbours of their means.",
    )
    hubs: HubRule = Field(default_factory=HubRule)
