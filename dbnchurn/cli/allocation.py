"""The verb ``allocate``: whom to contact with which offer through which channel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dbnchurn.cli.command_line import app
from dbnchurn.cli.options import Config, Mkdir, RawText, output_file
from dbnchurn.core.progress import displayed

PANEL = "Plan a campaign"


@app.command(rich_help_panel=PANEL)
def allocate(
    config: Config,
    output: Annotated[
        Path, output_file(".csv", ".parquet", help="The list: a .csv or .parquet file.")
    ],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes such as budget=20000.")
    ] = None,
    page: Annotated[
        Path | None, output_file(".html", help="Write a page too.", option="--page")
    ] = None,
    log: Annotated[
        Path | None,
        output_file(".csv", ".parquet", help="Contact log to add the list to.", option="--log"),
    ] = None,
    facts: Annotated[
        Path | None,
        output_file(".json", help="Write the plan's numbers too.", option="--facts"),
    ] = None,
    mkdir: Mkdir = False,
    raw_text: RawText = False,
) -> None:
    """Choose whom to contact with which offer through which channel, within a budget."""
    from dbnchurn.campaign.allocation_job import allocate_customers
    from dbnchurn.campaign.allocation_text import summary
    from dbnchurn.campaign.options import read_allocate_config

    settings = read_allocate_config(config, overrides or [])
    with displayed():
        result = allocate_customers(
            settings,
            output,
            log_to=log,
            page=page,
            facts=facts,
            mkdir=mkdir,
            raw_text=raw_text,
        )
    print(summary(result))
    written = [path for path in (output, page, facts, log) if path is not None]
    print(f"written: {', '.join(map(str, written))}")
