"""The verb ``offers``: what to offer whom next."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dbnchurn.cli.command_line import app
from dbnchurn.cli.options import Config, Mkdir, RawText
from dbnchurn.core.progress import displayed

PANEL = "Find next offers"


@app.command(rich_help_panel=PANEL)
def offers(
    config: Config,
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes such as offers.window=8.")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            help="Run folder of an earlier search: its lists are made anew for the customers of "
            "the config, and nothing is learned."
        ),
    ] = None,
    mkdir: Mkdir = False,
    raw_text: RawText = False,
) -> None:
    """List what each customer takes next, with probabilities, and say how good the lists are."""
    from dbnchurn.runs.offers_config import read_offers_config

    settings = read_offers_config(config, overrides or [])  # refused before a second is spent
    from dbnchurn.runs.offers import PAGE, run

    with displayed():
        found = run(settings, name=config.stem, model=model, raw_text=raw_text, mkdir=mkdir)
    print(found.summary.text())
    print(f"\npage: {found.folder / PAGE}")
