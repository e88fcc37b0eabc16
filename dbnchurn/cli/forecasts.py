"""The verb ``forecast``: who leaves in the coming months."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dbnchurn.cli.command_line import app
from dbnchurn.cli.options import Config, Mkdir, RawText, output_file
from dbnchurn.core.progress import displayed

PANEL = "Forecast"


@app.command(rich_help_panel=PANEL)
def forecast(
    config: Config,
    output: Annotated[
        Path, output_file(".csv", ".parquet", help="The table: a .csv or .parquet file.")
    ],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes such as horizon=3.")
    ] = None,
    page: Annotated[
        Path | None, output_file(".html", help="Write a page too.", option="--page")
    ] = None,
    facts: Annotated[
        Path | None, output_file(".json", help="Write all numbers too.", option="--facts")
    ] = None,
    mkdir: Mkdir = False,
    raw_text: RawText = False,
) -> None:
    """Say how many leave, stay and pay in the coming months, by segment, with intervals."""
    from dbnchurn.forecast.config import read_forecast_config
    from dbnchurn.forecast.forecast_job import write_forecast
    from dbnchurn.forecast.forecast_text import forecast_text

    settings = read_forecast_config(config, overrides or [])
    with displayed():
        made = write_forecast(
            settings, output, page=page, facts=facts, mkdir=mkdir, raw_text=raw_text
        )
    print(forecast_text(made))
    written = [path for path in (output, page, facts) if path is not None]
    print(f"written: {', '.join(map(str, written))}")
