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
    PERSONAS = "personas"
    OFFERS = "offers"
    CAMPAIGN = "campaign"
    FORECAST = "forecast"
    PORTRAIT = "portrait"
    GRAPH = "graph"


@app.command(rich_help_panel=PANEL)
def schema(
    of: Annotated[ConfigKind, typer.Argument(help="Kind of config.")] = ConfigKind.RUN,
) -> None:
    """Print the JSON schema of a config, of a run or of another kind."""
    from dbnchurn.campaign.config import CampaignConfig
    from dbnchurn.config import Section, json_schema
    from dbnchurn.forecast.config import ForecastConfig
    from dbnchurn.graph.config import GraphConfig
    from dbnchurn.portraits.config import PortraitConfig
    from dbnchurn.runs.config import RunConfig
    from dbnchurn.runs.offers_config import OffersConfig
    from dbnchurn.runs.personas_config import PersonasConfig
    from dbnchurn.runs.segments_config import SegmentsConfig

    models: dict[ConfigKind, type[Section]] = {
        ConfigKind.RUN: RunConfig,
        ConfigKind.SEGMENTS: SegmentsConfig,
        ConfigKind.PERSONAS: PersonasConfig,
        ConfigKind.OFFERS: OffersConfig,
        ConfigKind.CAMPAIGN: CampaignConfig,
        ConfigKind.FORECAST: ForecastConfig,
        ConfigKind.PORTRAIT: PortraitConfig,
        ConfigKind.GRAPH: GraphConfig,
    }
    print(json.dumps(json_schema(models[of]), indent=2))
