"""The verb ``keyusers``: through whom word gets around."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dbnchurn.cli.command_line import app
from dbnchurn.cli.options import Config, Facts, Mkdir, Page, RawText, output_file, print_written
from dbnchurn.core.progress import displayed

PANEL = "Key users"


@app.command(rich_help_panel=PANEL)
def keyusers(
    config: Config,
    output: Annotated[
        Path, output_file(".csv", ".parquet", help="The list: a .csv or .parquet file.")
    ],
    overrides: Annotated[list[str] | None, typer.Argument(help="Changes such as seeds=50.")] = None,
    page: Page = None,
    facts: Facts = None,
    measures: Annotated[
        Path | None,
        output_file(
            ".csv", ".parquet", help="Write the measures of everybody too.", option="--measures"
        ),
    ] = None,
    mkdir: Mkdir = False,
    raw_text: RawText = False,
) -> None:
    """Find the key users of a table of calls: whom to address so that word reaches most people."""
    from dbnchurn.graph.config import read_graph_config

    settings = read_graph_config(config, overrides or [])  # refused before a second is spent
    from dbnchurn.graph.key_users_job import write_key_users
    from dbnchurn.graph.key_users_text import key_users_text

    with displayed():
        found = write_key_users(
            settings, output, page=page, facts=facts, measures=measures, mkdir=mkdir,
            raw_text=raw_text,
        )  # fmt: skip
    print(key_users_text(found))
    print_written(output, page, facts, measures)
