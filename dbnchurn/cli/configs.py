"""The verb ``schema``: what a config may say, for editors."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

from dbnchurn.cli.command_line import app

PANEL = "Write configs"


class ConfigKind(StrEnum):
    """The two kinds of configs."""

    RUN = "run"
    SEGMENTS = "segments"


@app.command(rich_help_panel=PANEL)
def schema(
    of: Annotated[ConfigKind, typer.Argument(help="Kind of config.")] = ConfigKind.RUN,
) -> None:
    """Print the JSON schema of a run's config, or of a search for segments, for editors."""
    from dbnchurn.config import json_schema
    from dbnchurn.runs.config import RunConfig
    from dbnchurn.runs.segments import SegmentsConfig

    model = SegmentsConfig if of is ConfigKind.SEGMENTS else RunConfig
    print(json.dumps(json_schema(model), indent=2))
