"""The config of ``dbnchurn keyusers``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from dbnchurn.config import Section, read
from dbnchurn.data.neighbour_plan import HubRule
from dbnchurn.data.plan import Memory, TableSource

Name = Annotated[str, Field(min_length=1)]
Day = date


class CustomerList(TableSource):
    """A table of the own customers."""

    id: Name = Field(description="Column with the id by which a customer calls and is called.")
    date: Name | None = Field(
        default=None,
        description="Column with the day of a row, such as its month: who has a row of the newest "
        "day (before `until`) is a customer. Without one everybody in the table is.",
    )


class GraphConfig(Section):
    """The config of ``dbnchurn keyusers``.

    Examples
    --------
    >>> GraphConfig(calls={"path": "calls.csv"}, caller="from", callee="to").seeds
    100
    """

    calls: TableSource = Field(
        description="One row for each call, or for several calls of one pair."
    )
    caller: Name = Field(description="Column with the id of who calls.")
    callee: Name = Field(description="Column with the id of who is called.")
    date: Name | None = Field(default=None, description="Column with the day or time of the call.")
    minutes: Name | None = Field(
        default=None, description="Column with the duration, in any one unit."
    )
    count: Name | None = Field(
        default=None, description="Column with the number of calls of the row; by default 1 each."
    )
    weight: Literal["calls", "minutes"] = Field(
        default="calls", description="What makes a tie strong."
    )
    negative_minutes: Literal["refuse", "leave_out"] = Field(
        default="refuse",
        description="What rows with a duration below 0 are: a fault, or calls that nobody took.",
    )
    start: Day | None = Field(default=None, description="First day of the calls that are used.")
    until: Day | None = Field(
        default=None, description="Calls from this day on are not used, such as the cutoff."
    )
    hubs: HubRule = Field(default_factory=HubRule)
    customers: CustomerList | None = Field(
        default=None, description="Only these can be key users; by default everybody who calls."
    )
    seeds: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=100, description="Key users that are listed."
    )
    passes_on: Annotated[float, Field(gt=0, le=10)] = Field(
        default=0.5,
        description="How many contacts a person who is reached moves on average. An assumption: "
        "calls do not show it.",
    )
    cascades: Annotated[int, Field(ge=10, le=10_000)] = Field(
        default=50, description="Simulations behind every point of the curve of reach."
    )
    seed: Annotated[int, Field(ge=0)] = 0
    memory: Memory = Field(default="1GB", description="Of DuckDB, before it writes to disk.")
    threads: Annotated[int, Field(ge=1)] = Field(
        default=2, description="Of DuckDB, of sums of ties, and of PageRank."
    )

    @model_validator(mode="after")
    def _columns_fit(self) -> GraphConfig:
        named = [n for n in (self.caller, self.callee, self.date, self.minutes, self.count) if n]
        if len(set(named)) < len(named):
            raise ValueError("caller, callee, date, minutes and count are different columns")
        if self.weight == "minutes" and self.minutes is None:
            raise ValueError("weight: minutes needs 'minutes', the column with the duration")
        if self.date is None and (self.start is not None or self.until is not None):
            raise ValueError("'start' and 'until' need 'date', the column with the day of the call")
        if self.start and self.until and self.start >= self.until:
            raise ValueError(f"start {self.start} does not lie before until {self.until}")
        return self


def read_graph_config(path: str | Path, overrides: Sequence[str] = ()) -> GraphConfig:
    """Read and check the config of a call graph.

    Parameters
    ----------
    path : path
        A YAML file.
    overrides : sequence of str
        ``a.b=c`` replaces what the file says.

    Returns
    -------
    GraphConfig

    Raises
    ------
    ConfigError
        With one line for everything that is wrong.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "graph.yaml")
    ...     _ = file.write_text("{calls: {path: a.csv}, caller: a, callee: b}")
    ...     read_graph_config(file, ["seeds=3"]).seeds
    3
    """
    return read(path, overrides, GraphConfig)
