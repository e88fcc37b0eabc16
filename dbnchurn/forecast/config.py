"""The config of ``dbnchurn forecast`` and ``dbnchurn values``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from dbnchurn.config import Section, read
from dbnchurn.data.plan import TableSource

Name = Annotated[str, Field(min_length=1)]
Level = str | int | float | bool


class ValuesSection(Section):
    """What ``dbnchurn values`` says of every customer."""

    months: Annotated[int, Field(ge=1, le=36)] = Field(
        default=12, description="Coming months that are counted; nothing is said of later ones."
    )
    window: Annotated[int, Field(ge=1)] = Field(
        default=1,
        description="First months in which a campaign prevents leaving: those of the probability "
        "that it works with.",
    )
    margin: Annotated[float, Field(gt=0, le=1)] = Field(
        default=1.0, description="Share of the revenue that counts as value; 1 is revenue itself."
    )
    discount: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.0, description="Rate of interest of a year by which later money counts less."
    )

    @model_validator(mode="after")
    def _within(self) -> ValuesSection:
        if self.window > self.months:
            raise ValueError(f"window {self.window} is longer than months {self.months}")
        return self


class ForecastConfig(Section):
    """The config of ``dbnchurn forecast`` and ``dbnchurn values``.

    Examples
    --------
    >>> ForecastConfig(history={"path": "a.csv"}, id="id", month="month", left="left").horizon
    6
    """

    history: TableSource = Field(
        description="One row for each customer and month in which the customer is there, the month "
        "of leaving included."
    )
    id: Name = Field(description="Column that names the customer.")
    month: Name = Field(description="Column with any date of the month.")
    left: Name | None = Field(
        default=None, description="Column that says whether the customer left in the month."
    )
    left_values: tuple[Level, ...] = Field(
        default=(), description="Values of `left` that mean left; by default 1 and true."
    )
    absence_is_leaving: bool = Field(
        default=False,
        description="In place of `left`: who has no row in the next month has left.",
    )
    segment: Name | None = Field(
        default=None, description="Column by which is forecast; by default all customers together."
    )
    pool: tuple[str, ...] = Field(
        default=(), description="Segments that are taken together as 'other'."
    )
    revenue: Name | None = Field(default=None, description="Column with the money of the month.")
    negative_revenue: Literal["refuse", "credit"] = Field(
        default="refuse", description="Whether amounts below 0 are credits, which lower the sum."
    )
    currency: str = Field(default="", description="Of the revenue, such as EUR.")
    since: Name | None = Field(
        default=None,
        description="Column with the date from which on the customer is one; by default the first "
        "month with a row.",
    )
    columns: tuple[Name, ...] = Field(
        default=(), description="Columns of the hazards: numbers in sixteen bins, or categories."
    )
    changes: tuple[Name, ...] = Field(
        default=(), description="Columns of numbers whose change over two months the hazards use."
    )
    start: date | None = Field(
        default=None, description="First month that is used; by default the first of the table."
    )
    until: date | None = Field(
        default=None,
        description="Last month that is used, which is complete; by default the last of the table.",
    )
    horizon: Annotated[int, Field(ge=1, le=24)] = Field(
        default=6, description="Months that are forecast."
    )
    recent: Annotated[int, Field(ge=1, le=12)] = Field(
        default=3, description="Months of the recent rate of leaving and of the recent revenue."
    )
    origins: Annotated[int, Field(ge=1)] = Field(
        default=18, description="Past months at most from which is forecast as a test."
    )
    scenario: TableSource | None = Field(
        default=None,
        description="Customers that a planned campaign saves: columns month, segment and saved.",
    )
    values: ValuesSection = Field(default_factory=ValuesSection)
    sample: Annotated[int, Field(ge=1000)] = Field(
        default=40_000, description="Rows at most from which one hazard is learned."
    )
    seed: Annotated[int, Field(ge=0)] = 0
    memory: str = Field(default="2GB", description="Of DuckDB, before it writes to disk.")

    @model_validator(mode="after")
    def _one_reading(self) -> ForecastConfig:
        if (self.left is None) != self.absence_is_leaving:
            raise ValueError(
                "say how leaving shows: either 'left', the column that says it, or "
                "'absence_is_leaving: true' if who has no row in the next month has left"
            )
        if self.left is None and self.left_values:
            raise ValueError("'left_values' are values of the column 'left', which is not given")
        if self.pool and self.segment is None:
            raise ValueError("'pool' names segments, and there is no column 'segment'")
        if self.start and self.until and self.start > self.until:
            raise ValueError(f"start {self.start} lies after until {self.until}")
        for twice in ("columns", "changes"):
            names = getattr(self, twice)
            if len(set(names)) < len(names):
                raise ValueError(f"{twice!r} names a column twice")
        outcome = {self.left, self.id, self.month} & {*self.columns, *self.changes}
        if outcome:
            raise ValueError(f"{sorted(map(str, outcome))[0]!r} cannot be a column of the hazards")
        return self


def read_forecast_config(path: str | Path, overrides: Sequence[str] = ()) -> ForecastConfig:
    """Read and check the config of a forecast.

    Parameters
    ----------
    path : path
        A YAML file.
    overrides : sequence of str
        ``a.b=c`` replaces what the file says.

    Returns
    -------
    ForecastConfig

    Raises
    ------
    ConfigError
        With one line for everything that is wrong.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "forecast.yaml")
    ...     _ = file.write_text("{history: {path: a.csv}, id: id, month: month, left: left}")
    ...     read_forecast_config(file, ["horizon=3"]).horizon
    3
    """
    return read(path, overrides, ForecastConfig)
