"""The verb ``segments``: who says yes to an offer, in words."""

from __future__ import annotations

from typing import Annotated

import typer

from dbnchurn.cli.command_line import app
from dbnchurn.cli.options import Config, Mkdir, RawText
from dbnchurn.core.progress import displayed

PANEL = "Find segments"


@app.command(rich_help_panel=PANEL)
def segments(
    config: Config,
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes such as miner.budget=0.1.")
    ] = None,
    mkdir: Mkdir = False,
    raw_text: RawText = False,
) -> None:
    """Find segments of customers who say yes, described in words."""
    from dbnchurn.runs.segments_config import read_segments_config

    settings = read_segments_config(config, overrides or [])  # refused before a second is spent
    from dbnchurn.runs.segments import run, summary

    with displayed():
        folder = run(settings, name=config.stem, raw_text=raw_text, mkdir=mkdir)
    print(summary(folder))
