"""The config of ``dbnchurn portrait``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from dbnchurn.config import Section, read
from dbnchurn.data.plan import Memory, TableSource

Name = Annotated[str, Field(min_length=1)]
SECTIONS = ("basic", "behaviour", "social")
TABLES = ("customers", "scores", "personas", "log", "plan")


class PortraitSource(TableSource):
    """A table of a portrait: files or a database, and the day of which it tells."""

    columns: dict[str, str] = Field(
        default_factory=dict, description="Name that is needed → name of the column in the table."
    )
    id: Name | None = Field(
        default=None,
        description="Column that names the customer; by default that of the config in `customers` "
        "and `personas`, 'id' in `scores`, and 'customer' in `log` and `plan`.",
    )
    as_of: date | None = Field(
        default=None, description="The day of which the table tells; shown beside every figure."
    )

    @model_validator(mode="after")
    def _dated(self) -> PortraitSource:
        if self.as_of is None and getattr(self, "date", None) is None:
            raise ValueError(
                "say the day of which the table tells, as_of: 2026-08-31; no figure is shown "
                "without a date"
            )
        return self


class CustomersSource(PortraitSource):
    """The table of customers, in which every row may have a date of its own."""

    date: Name | None = Field(
        default=None, description="In place of `as_of`: column with the day of which a row tells."
    )

    @model_validator(mode="after")
    def _one_date(self) -> CustomersSource:
        if self.as_of is not None and self.date is not None:
            raise ValueError("give 'as_of' or 'date', not both")
        return self


class PortraitConfig(Section):
    """The config of ``dbnchurn portrait``; the first table that is given names the customers.

    Examples
    --------
    >>> config = PortraitConfig(
    ...     id="id", customers={"path": "a.csv", "as_of": "2026-08-31"}, basic=["age"])
    >>> config.given, config.customers.as_of.year
    (['customers'], 2026)
    """

    id: Name = Field(description="Column that names the customer.")
    customers: CustomersSource | None = Field(
        default=None, description="One row for each customer."
    )
    basic: tuple[Name, ...] = Field(
        default=(), description="Columns of `customers` that say who the customer is."
    )
    behaviour: tuple[Name, ...] = Field(
        default=(), description="Columns of `customers` on what the customer uses, pays and holds."
    )
    social: tuple[Name, ...] = Field(
        default=(), description="Columns of `customers` on relations to other customers."
    )
    private: tuple[Name, ...] = Field(
        default=(),
        description="Columns that never leave: they are on no page, in no profile and in no query, "
        "and a reason that names one is hidden.",
    )
    scores: PortraitSource | None = Field(
        default=None, description="What 'dbnchurn score' wrote, with --reasons if possible."
    )
    personas: PortraitSource | None = Field(
        default=None, description="What 'dbnchurn personas' or 'dbnchurn assign' wrote."
    )
    words: Path | None = Field(
        default=None, description="personas.csv of 'dbnchurn personas': the personas in words."
    )
    log: PortraitSource | None = Field(default=None, description="The contact log.")
    plan: PortraitSource | None = Field(
        default=None, description="What 'dbnchurn allocate' wrote, or another list of contacts."
    )
    fewest: Annotated[int, Field(ge=1)] = Field(
        default=10, description="Known values below which a group has no figure of its own."
    )
    memory: Memory = Field(
        default="500MB", description="What DuckDB may use before it goes to disk."
    )

    @model_validator(mode="after")
    def _consistent(self) -> PortraitConfig:
        if not self.given:
            raise ValueError(f"give one of the tables {', '.join(TABLES)} at least")
        shown = [name for section in SECTIONS for name in getattr(self, section)]
        if twice := [name for name in shown if shown.count(name) > 1]:
            raise ValueError(f"{twice[0]!r} is named twice among {', '.join(SECTIONS)}")
        if shown and self.customers is None:
            raise ValueError(f"{shown[0]!r} is a column of 'customers', which is not given")
        if both := [name for name in self.private if name in shown]:
            raise ValueError(f"{both[0]!r} is private and shown; take it out of one of the two")
        if keys := [name for name in self.private if name in self.ids.values()]:
            raise ValueError(
                f"{keys[0]!r} names the customers and cannot be private, since every profile has "
                "it; give a column with numbers of your own"
            )
        if self.words is not None and self.personas is None:
            raise ValueError("'words' describes personas, and 'personas' is not given")
        return self

    @property
    def given(self) -> list[str]:
        """Names of the tables that are given."""
        return [name for name in TABLES if getattr(self, name) is not None]

    @property
    def ids(self) -> dict[str, str]:
        """Table that is given → its column that names the customer."""
        usual = {"customers": self.id, "personas": self.id, "scores": "id"}
        return {t: getattr(self, t).id or usual.get(t, "customer") for t in self.given}


def read_portrait_config(path: str | Path, overrides: Sequence[str] = ()) -> PortraitConfig:
    """Read and check the config of portraits.

    Parameters
    ----------
    path : path
        A YAML file.
    overrides : sequence of str
        ``a.b=c`` replaces what the file says.

    Returns
    -------
    PortraitConfig

    Raises
    ------
    ConfigError
        With one line for everything that is wrong.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "portrait.yaml")
    ...     _ = file.write_text("{id: id, scores: {path: s.csv, as_of: 2026-08-31}}")
    ...     read_portrait_config(file, ["fewest=20"]).fewest
    20
    """
    return read(path, overrides, PortraitConfig)
