"""The verb ``schema``: what a config may say, for editors."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

from dbnchurn.cli.command_line import app

PANEL = "Write configs"


class ConfigKind(StrEnum):
    """The kinds of configs."""

    RUN = "run"
    SEGMENTS = "segments"
    CAMPAIGN = "campaign"
    FORECAST = "forecast"


@app.command(rich_help_panel=PANEL)
def schema(
    of: Annotated[ConfigKind, typer.Argument(help="Kind of config.")] = ConfigKind.RUN,
) -> None:
    """Print the JSON schema of a config: run, segments, campaign or forecast; for editors."""
    from dbnchurn.campaign.options import AllocateConfig
    from dbnchurn.config import Section, json_schema
    from dbnchurn.forecast.config import ForecastConfig
    from dbnchurn.runs.config import RunConfig
    from dbnchurn.runs.segments import SegmentsConfig

    models: dict[ConfigKind, type[Section]] = {
        ConfigKind.RUN: RunConfig,
        ConfigKind.SEGMENTS: SegmentsConfig,
        ConfigKind.CAMPAIGN: AllocateConfig,
        ConfigKind.FORECAST: ForecastConfig,
    }
    print(json.dumps(json_schema(models[of]), indent=2))
