"""Which columns of a table of outcomes name the customer and say who left, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dbnchurn.campaign.source import CampaignSource
from dbnchurn.core.errors import listed
from dbnchurn.tables.roles import is_key_name
from dbnchurn.tables.streaming import open_files

IDS = ("id", "customer", "customer_id")
"""Usual names of the column of the ids; any other that is taken is said."""
ANSWERS = ("left", "left_date")


def id_columns(header: Sequence[str]) -> list[str]:
    """The columns that may name the customers.

    Parameters
    ----------
    header : sequence of str

    Returns
    -------
    list of str
        Those of a usual name; without one the only column, or those that are named like an id.

    Examples
    --------
    >>> id_columns(["name", "id", "left_date"]), id_columns(["Kundennummer", "town"])
    (['id'], ['Kundennummer'])
    """
    usual = [name for name in IDS if name in header]
    if usual or len(header) == 1:
        return usual or [*header]
    return [name for name in header if is_key_name(name)]


def own_names(header: Sequence[str], told: Mapping[str, str]) -> dict[str, str]:
    """The columns of a table that stand for those of outcomes under another name.

    Parameters
    ----------
    header : sequence of str
    told : mapping of str → str
        What is known: name that is needed → name in the table.

    Returns
    -------
    dict of str → str
        ``customer``, where one column alone may name it, and ``left`` and ``left_date`` in
        capitals or small letters → name in the table; without what is told or is named so.

    Examples
    --------
    >>> own_names(["name", "id", "Left_Date"], {})
    {'customer': 'id', 'left_date': 'Left_Date'}
    """
    free = [name for name in header if name not in told.values()]
    found = {} if {"customer"} & {*free, *told} else {"customer": id_columns(free)}
    for needed in ANSWERS:
        if needed not in free and needed not in told:
            found[needed] = [name for name in free if name.casefold() == needed]
    return {needed: names[0] for needed, names in found.items() if len(names) == 1}


def id_note(where: str, column: str, header: Sequence[str]) -> list[str]:
    """What is said of a column of ids without a usual name, or beside another that may hold them.

    Parameters
    ----------
    where : str
        Name of the table.
    column : str
    header : sequence of str
        All columns of the table.

    Returns
    -------
    list of str

    Examples
    --------
    >>> id_note("left.csv", "id", ["id", "left"])
    []
    >>> id_note("left.csv", "id", ["id", "msisdn"])
    ["left.csv: 'id' names the customers, and 'msisdn' does not."]
    """
    others = [n for n in header if n != column and (n in IDS or is_key_name(n))]
    if others:
        verb = "does" if len(others) == 1 else "do"
        return [f"{where}: {column!r} names the customers, and {listed(others)} {verb} not."]
    return [] if column in IDS else [f"{where}: {column!r} names the customers."]


def with_own_names(source: CampaignSource) -> tuple[CampaignSource, list[str]]:
    """Outcomes whose columns are known by the names that the files give them, and what is said.

    Parameters
    ----------
    source : CampaignSource
        A table of a database stays as it is; its columns are named when they are there.

    Returns
    -------
    source : CampaignSource
    notes : list of str

    Raises
    ------
    DataError
        If the files cannot be read.
    """
    if source.path is None:
        return source, []
    files = open_files(source.path, source.csv.settings(), sheet=source.sheet)
    header = [*next(iter(files.columns.values()))]
    own = own_names(header, source.columns)
    named = {**source.columns, **own}.get("customer", "customer")
    said = [] if "customer" in source.columns else id_note(source.name, named, header)
    return source.model_copy(update={"columns": {**source.columns, **own}}), said
