"""The verbs ``forecast`` and ``values``: who leaves in the coming months, and who is worth what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dbnchurn.cli.command_line import app
from dbnchurn.cli.options import Config, Facts, Mkdir, Page, RawText, output_file, print_written
from dbnchurn.core.progress import displayed

PANEL = "Forecast"
Output = Annotated[
    Path, output_file(".csv", ".parquet", help="The table: a .csv or .parquet file.")
]


@app.command(rich_help_panel=PANEL)
def forecast(
    config: Config,
    output: Output,
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes such as horizon=3.")
    ] = None,
    page: Page = None,
    facts: Facts = None,
    mkdir: Mkdir = False,
    raw_text: RawText = False,
) -> None:
    """Say how many leave, stay and pay in the coming months, by segment, with intervals."""
    from dbnchurn.forecast.config import read_forecast_config

    settings = read_forecast_config(config, overrides or [])  # refused before a second is spent
    from dbnchurn.forecast.forecast_job import write_forecast
    from dbnchurn.forecast.forecast_text import forecast_text

    with displayed():
        made = write_forecast(
            settings, output, page=page, facts=facts, mkdir=mkdir, raw_text=raw_text
        )
    print(forecast_text(made))
    print_written(output, page, facts)


@app.command(rich_help_panel=PANEL)
def values(
    config: Config,
    output: Output,
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes such as values.months=24.")
    ] = None,
    page: Page = None,
    facts: Facts = None,
    mkdir: Mkdir = False,
    raw_text: RawText = False,
) -> None:
    """Say how long every customer stays and what that is worth, by the config of a forecast."""
    from dbnchurn.forecast.config import read_forecast_config

    settings = read_forecast_config(config, overrides or [])  # refused before a second is spent
    from dbnchurn.forecast.values_job import write_values
    from dbnchurn.forecast.values_text import values_text

    with displayed():
        made = write_values(
            settings, output, page=page, facts=facts, mkdir=mkdir, raw_text=raw_text
        )
    print(values_text(made))
    print_written(output, page, facts)
