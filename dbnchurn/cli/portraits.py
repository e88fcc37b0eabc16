"""The verb ``portrait``: what is known of a customer, of a persona, of all customers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dbnchurn.cli.command_line import app
from dbnchurn.cli.options import Config, Mkdir, output_file, print_written
from dbnchurn.core.progress import displayed

PANEL = "Portraits"


@app.command(rich_help_panel=PANEL)
def portrait(
    config: Config,
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes such as scores.as_of=2026-08-31.")
    ] = None,
    customer: Annotated[
        str | None, typer.Option(metavar="ID", help="The customer of the page.")
    ] = None,
    page: Annotated[
        Path | None, output_file(".html", help="Write the page of one customer.", option="--page")
    ] = None,
    personas: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write a page for each persona, and all figures."),
    ] = None,
    profiles: Annotated[
        Path | None,
        output_file(
            ".jsonl", ".ndjson", help="Write all customers as JSON lines.", option="--profiles"
        ),
    ] = None,
    mkdir: Mkdir = False,
) -> None:
    """Show what is known of customers, with dates, beside their persona and everyone."""
    from dbnchurn.portraits.config import read_portrait_config

    settings = read_portrait_config(config, overrides or [])  # refused before a second is spent
    from dbnchurn.portraits.portrait_job import write_portraits

    with displayed():
        made = write_portraits(
            settings, customer=customer, page=page, personas=personas, profiles=profiles,
            mkdir=mkdir,
        )  # fmt: skip
    print(made.summary())
    print_written(page, personas, profiles)
