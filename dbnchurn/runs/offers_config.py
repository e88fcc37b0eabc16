"""The config of ``dbnchurn offers``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date as Day
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from dbnchurn.campaign.conditions import Condition
from dbnchurn.campaign.source import CampaignSource
from dbnchurn.config import Section, read, section_of, source_class
from dbnchurn.data.plan import Memory
from dbnchurn.runs.source import SourceSection

Level = bool | int | float | str
Name = Annotated[str, Field(min_length=1)]
SET_ELSEWHERE = {"random_state": ".seed"}


class PurchasesSection(Section):
    """Purchases with dates: one row for each customer, item and day."""

    source: SourceSection
    customer: Name = Field(description="Column that names the customer.")
    item: Name = Field(description="Column that names the item.")
    date: Name = Field(description="Column with the day of the purchase.")
    group: Name | None = Field(
        default=None, description="Column that says what kind of item it is, such as a department."
    )
    until: Day | None = Field(
        default=None, description="Last complete day; by default the last one of the table."
    )


class HoldingsSection(Section):
    """Holdings without dates: one row a customer, and a column of yes and no for every item."""

    source: SourceSection
    customer: Name = Field(description="Column that names the customer.")
    items: Annotated[tuple[Name, ...], Field(min_length=2)] = Field(
        description="Columns that say who holds what."
    )
    yes: tuple[Level, ...] = Field(
        default=(), description="Values that mean yes, besides 1, true, yes, ja, oui and the like."
    )
    no: tuple[Level, ...] = Field(
        default=(), description="Values that mean no, besides 0, false, no, nein, non and the like."
    )
    groups: dict[str, str] = Field(
        default_factory=dict, description="Item → what kind of item it is."
    )


class CustomersSection(Section):
    """What is known of customers besides their purchases."""

    source: CampaignSource
    customer: Name = Field(description="Column that names the customer, once each.")


GeneratedOffersSection: Any = section_of(
    source_class("dbnchurn.offers.next_offer", "NextOffer"), omit=SET_ELSEWHERE
)


class OffersSection(GeneratedOffersSection):  # type: ignore[misc]
    """The search itself: parameters of the estimator."""

    renamed: ClassVar[Mapping[str, str]] = SET_ELSEWHERE


class OffersConfig(Section):
    """The config of one search for next offers."""

    purchases: PurchasesSection | None = None
    holdings: HoldingsSection | None = None
    customers: CustomersSection | None = Field(
        default=None,
        description="Table with the columns of `eligible` and `portrait`; with `holdings`, these "
        "are columns of their table.",
    )
    only: tuple[Name, ...] = Field(
        default=(), description="Items that are offered; by default all."
    )
    never: tuple[Name, ...] = Field(default=(), description="Items that are not offered.")
    eligible: dict[str, dict[str, Condition]] = Field(
        default_factory=dict, description="Item → column → condition of those who may get it."
    )
    exclude: CampaignSource | None = Field(
        default=None, description="Pairs that must not be offered: columns customer and item."
    )
    new_items: dict[str, str] = Field(
        default_factory=dict, description="Item that nobody has → what kind of item it is."
    )
    new_customers: Annotated[int, Field(ge=1)] = Field(
        default=1000, description="Customers at most of the list of a new item."
    )
    portrait: tuple[Name, ...] = Field(
        default=(),
        description="Columns by which customers are ranked for a new item that has fewer than "
        "three siblings.",
    )
    acceptance_of: tuple[Name, ...] = Field(
        default=(),
        description="Items of which every customer's acceptance is written, a column each.",
    )
    table: Literal["csv", "parquet"] = Field(default="csv", description="How lists are written.")
    seed: Annotated[int, Field(ge=0)] = Field(default=0, description="Seed of everything.")
    output: Path = Field(default=Path("runs"), description="Folder in which run folders are made.")
    memory: Memory = Field(default="2GB", description="Of DuckDB, before it writes to disk.")
    offers: OffersSection = Field(default_factory=OffersSection)

    @model_validator(mode="after")
    def _consistent(self) -> OffersConfig:
        if problems := [*self._problems()]:
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        if (self.purchases is None) == (self.holdings is None):
            yield "give exactly one of 'purchases', which have dates, and 'holdings', which do not"
        if self.purchases is not None and self.purchases.source.sample is not None:
            yield "purchases: no sample has dates; use 'holdings' for it"
        if self.holdings is not None:
            items = self.holdings.items
            if len(set(items)) < len(items):
                yield "holdings: 'items' names a column twice"
            if self.holdings.customer in items:
                yield f"holdings: {self.holdings.customer!r} names the customer and is no item"
            if unknown := sorted(self.holdings.groups.keys() - set(items)):
                yield f"holdings: 'groups' has {unknown[0]!r}, which is none of 'items'"
            if self.customers is not None:
                yield "'customers' is for purchases; holdings have the columns in their own table"
            if self.acceptance_of:
                yield (
                    "'acceptance_of' needs purchases with dates: without them nobody is seen to "
                    "accept anything"
                )
            if outcome := sorted(set(self.portrait) & {*items, self.holdings.customer}):
                yield f"portrait: {outcome[0]!r} is an item or the customer"
        needs = "eligible" if self.eligible else "portrait" if self.portrait else None
        if self.purchases is not None and self.customers is None and needs:
            yield f"'{needs}' names columns of 'customers', which is not given"
        if both := sorted(set(self.only) & set(self.never)):
            yield f"{both[0]!r} is in 'only' and in 'never'"


def read_offers_config(path: str | Path, overrides: Sequence[str] = ()) -> OffersConfig:
    """Read and check the config of a search for next offers.

    Parameters
    ----------
    path : path
        A YAML file.
    overrides : sequence of str
        ``a.b=c`` replaces what the file says.

    Returns
    -------
    OffersConfig

    Raises
    ------
    ConfigError
        With one line for everything that is wrong.
    """
    return read(path, overrides, OffersConfig)
