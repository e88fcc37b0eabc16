"""The verb ``whatif``, which asks a stored model about one customer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from dbnchurn.cli.command_line import app
from dbnchurn.cli.options import (
    AllowChanged,
    Delimiter,
    Encoding,
    Expect,
    Id,
    Model,
    PublicKey,
    Sheet,
    csv_settings,
)
from dbnchurn.core.errors import ConfigError, listed

PANEL = "Ask about a customer"


@app.command(rich_help_panel=PANEL)
def whatif(
    model: Model,
    table: Annotated[
        Path, typer.Argument(help="CSV, Excel or Parquet file, folder of them, or pattern.")
    ],
    customer: Annotated[str, typer.Argument(help="Id of the customer, as the table has it.")],
    changes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[COLUMN[=VALUE]]...",
            help="Set this column to this value, or to values of training; left out, the columns "
            "of the three leading reasons.",
        ),
    ] = None,
    id: Id = None,
    sheet: Sheet = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    allow_changed: AllowChanged = None,
    expect: Expect = None,
    public_key: PublicKey = None,
) -> None:
    """Say what a customer's probability would be if one column had another value.

    Each value is set alone and all other columns keep theirs. It is what the model says, no effect.
    """
    from dbnchurn.scoring.one_customer import what_if_of

    found = what_if_of(
        model,
        table,
        customer,
        _wanted(changes) if changes else None,
        id=id,
        csv=csv_settings(delimiter, encoding),
        sheet=sheet,
        allow_changed=allow_changed,
        expect=expect,
        public_key=public_key,
    )
    print(found.to_text())


def _wanted(changes: Sequence[str]) -> dict[str, list[str]]:
    """Column → the values that it is set to; none where the model is to choose them."""
    wanted: dict[str, list[str]] = {}
    for change in changes:
        column, equals, value = change.partition("=")
        values = wanted.setdefault(column, [])
        if equals and not value:
            raise ConfigError(f"{change}: give a value after '=', or the column alone")
        values += [value] if equals else []
    both = [column for column, values in wanted.items() if values and column in changes]
    if both:
        raise ConfigError(f"{listed(both)}: give the column alone, or with values")
    return wanted
