"""The verb ``clean``: what stopped processes have left."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dbnchurn.cli.command_line import app

PANEL = "Look after"


@app.command(rich_help_panel=PANEL)
def clean(
    folder: Annotated[Path, typer.Argument(help="Folder of outputs or runs.")],
    unfinished: Annotated[
        bool,
        typer.Option(
            "--unfinished", help="Remove unfinished jobs and runs too, which could go on."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")
    ] = False,
) -> None:
    """Remove what killed processes have left in a folder and in that for temporary files."""
    from dbnchurn.scoring.leftovers import clean as clean_folder

    print(clean_folder(folder, unfinished=unfinished, dry_run=dry_run))
