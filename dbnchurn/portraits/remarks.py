"""What a reader of portraits has to know beforehand: days, columns that are not shown, reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dbnchurn.core.errors import DataError, listed
from dbnchurn.portraits.columns import Column
from dbnchurn.portraits.config import PortraitConfig
from dbnchurn.portraits.typed_tables import TypedTable


def remarks(
    config: PortraitConfig, tables: Mapping[str, TypedTable], columns: Sequence[Column]
) -> list[str]:
    """Sentences for the terminal and the notes of every page.

    Parameters
    ----------
    config : PortraitConfig
    tables : mapping of name → TypedTable
    columns : sequence of Column
        That are shown.

    Returns
    -------
    list of str

    Raises
    ------
    DataError
        If there are private columns, and reasons that do not say which column they are made of.
    """
    said = []
    days = {name: table.as_of for name, table in tables.items() if table.as_of is not None}
    if len(set(days.values())) > 1:
        listing = ", ".join(f"{name} {day}" for name, day in days.items())
        said.append(f"the tables tell of different days: {listing}")
    if (customers := tables.get("customers")) is not None:
        passed = {*customers.used, *config.private}
        if others := [name for name in customers.all_columns if name not in passed]:
            said.append(
                f"{len(others)} columns of {customers.where} are in no section and not shown: "
                f"{listed(others)}"
            )
    if config.private:  # their names may be said, their values never are
        said.append(f"private, and in no output: {listed(config.private)}")
    if (scores := tables.get("scores")) is not None:
        if "reason_1" not in scores.columns:
            said.append(f"{scores.where} has no reasons; 'dbnchurn score --reasons 3' adds them")
        elif config.private and any(
            name.startswith("reason_") and name.replace("reason", "column") not in scores.columns
            for name in scores.columns
        ):
            raise DataError(
                f"{scores.where}: there are private columns, and the reasons do not say which "
                "column they are made of (column_1, …); take the whole output of 'dbnchurn score "
                "--reasons 3'"
            )
    if wide := [column.name for column in columns if not column.compared]:
        said.append(f"{listed(wide)}: too many different texts to be compared")
    return said
