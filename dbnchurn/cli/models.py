"""Verbs about a stored model as a whole: ``digest`` and ``sign``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dbnchurn.cli.command_line import app
from dbnchurn.cli.options import Model

PANEL = "Identify a model"


@app.command(rich_help_panel=PANEL)
def digest(model: Model) -> None:
    """Print the digest of a whole model folder, which score --expect takes."""
    from dbnchurn.predictor.artifact import load_stored
    from dbnchurn.predictor.model_files import check_entries

    found = load_stored(model).digest
    check_entries(model)
    print(found)


@app.command(rich_help_panel=PANEL)
def sign(
    model: Model,
    key: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Private Ed25519 key in PEM, without a password."),
    ],
) -> None:
    """Sign a model folder, so that score --public-key knows who made it."""
    from dbnchurn.predictor.artifact import load_stored
    from dbnchurn.predictor.digest import write_signature
    from dbnchurn.predictor.model_files import check_entries

    found = load_stored(model).digest
    check_entries(model)
    print(f"digest {found} signed: {write_signature(model, found, key)}")
