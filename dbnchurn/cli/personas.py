"""The verbs ``personas`` and ``assign``: which kinds of customers there are, and who is whose."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dbnchurn.cli.command_line import app
from dbnchurn.cli.options import (
    Config,
    Delimiter,
    Encoding,
    Mkdir,
    RawText,
    Sheet,
    csv_settings,
    output_file,
    print_written,
)
from dbnchurn.core.progress import displayed

PANEL = "Find personas"


@app.command(rich_help_panel=PANEL)
def personas(
    config: Config,
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes such as personas.n_personas=5.")
    ] = None,
    mkdir: Mkdir = False,
    raw_text: RawText = False,
) -> None:
    """Group customers by what they are like, without their outcome, described in words."""
    from dbnchurn.runs.personas_config import read_personas_config

    settings = read_personas_config(config, overrides or [])  # refused before a second is spent
    from dbnchurn.runs.personas import run, summary

    with displayed():
        folder = run(settings, name=config.stem, raw_text=raw_text, mkdir=mkdir)
    print(summary(folder))


@app.command(rich_help_panel=PANEL)
def assign(
    found: Annotated[
        Path, typer.Argument(metavar="PERSONAS", help="Folder of 'dbnchurn personas'.")
    ],
    table: Annotated[str, typer.Argument(help="This month's customers: a file or folder.")],
    output: Annotated[
        Path, output_file(".csv", ".parquet", help="Id and persona: a .csv or .parquet file.")
    ],
    id: Annotated[
        str | None,
        typer.Option(help="Column that names the customer; by default as the personas have it."),
    ] = None,
    sheet: Sheet = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    earlier: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="An earlier output, to count who changed persona."),
    ] = None,
    page: Annotated[
        Path | None,
        output_file(".html", help="Write a page of who changed persona.", option="--page"),
    ] = None,
    mkdir: Mkdir = False,
    raw_text: RawText = False,
) -> None:
    """Give every customer its persona; the personas stay as they were found."""
    from dbnchurn.personas.assignment import assign_file

    with displayed():
        done = assign_file(
            found,
            table,
            output,
            id=id,
            sheet=sheet,
            csv=csv_settings(delimiter, encoding),
            earlier=earlier,
            page=page,
            mkdir=mkdir,
            raw_text=raw_text,
        )
    print(done.summary())
    print_written(output, page)
