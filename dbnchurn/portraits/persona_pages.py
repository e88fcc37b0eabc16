"""One page a persona, a page that leads to them, and all their figures with queries as a table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import pandas as pd

from dbnchurn.core.errors import DataError
from dbnchurn.core.html.format import percent, thousands
from dbnchurn.core.html.picture import Picture
from dbnchurn.core.html.plain_page import bullets, drawing, paragraph, plain_page, rows_table
from dbnchurn.core.spreadsheet_text import csv_text
from dbnchurn.core.sql import text_literal
from dbnchurn.portraits.columns import Column
from dbnchurn.portraits.customer_page import STYLE, TITLES, recomputing
from dbnchurn.portraits.figures import Figure, Value, place_query, places_among_everyone
from dbnchurn.portraits.place_picture import place_picture
from dbnchurn.portraits.portraits import Portraits
from dbnchurn.portraits.words import figure_text, value_text

INDEX, TABLE, VIEWS = "index.html", "figures.csv", "views.sql"
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
EVERYONE = "everyone"
READING = (
    "Medians and shares are of the customers of whom the value is known. A difference to everyone "
    "is no effect of the persona."
)


@dataclass(frozen=True)
class GroupRow:
    """A figure of a persona beside that of everyone.

    Parameters
    ----------
    column : Column
    level : str, float, bool or None
        For a column of levels.
    persona, everyone : Figure or None
    """

    column: Column
    level: Value
    persona: Figure | None
    everyone: Figure | None


def group_rows(portraits: Portraits, persona: str) -> list[GroupRow]:
    """The figures of a persona: medians, and the three levels that most of it hold.

    Parameters
    ----------
    portraits : Portraits
    persona : str

    Returns
    -------
    list of GroupRow
    """
    rows = []
    for column in portraits.columns:
        levels: list[Value] = [None]
        if column.kind == "level":
            levels = portraits.figures.commonest(column, persona)
            if column.compared and not levels:
                few = portraits.figures.no_level(column, persona)
                rows.append(GroupRow(column, None, few, None))
        for level in levels:
            pair = (portraits.figures.figure(column, group, level) for group in (persona, None))
            rows.append(GroupRow(column, level, *pair))
    return rows


def persona_files(portraits: Portraits) -> dict[str, str]:
    """Name → content of the pages of all personas, their index, their figures and the views.

    Parameters
    ----------
    portraits : Portraits
        Open, with personas.

    Returns
    -------
    dict

    Raises
    ------
    DataError
        If a persona has the name by which all customers are called.
    """
    if EVERYONE in portraits.personas:
        raise DataError(
            f"{portraits.tables['personas'].where} (personas): a persona is named {EVERYONE!r}, as "
            f"all customers are in {TABLE}; give it another name"
        )
    names = file_names(portraits.personas)
    rows = {persona: group_rows(portraits, persona) for persona in portraits.personas}
    made = {name: _page(portraits, persona, rows[persona]) for persona, name in names.items()}
    made[INDEX] = _index(portraits, names)
    made[TABLE] = csv_text(_table(portraits, rows))
    made[VIEWS] = "\n".join(portraits.views()) + "\n"
    return made


def file_names(personas: list[str]) -> dict[str, str]:
    """Persona → name of its page, which is safe on every file system.

    Examples
    --------
    >>> file_names(["P1", "p1", "../P2"])
    {'P1': 'P1.html', 'p1': 'persona_2.html', '../P2': 'persona_3.html'}
    """
    taken, found = {"index", "figures", "views"}, {}
    for place, name in enumerate(personas, 1):
        stem = name if SAFE.fullmatch(name) and name.casefold() not in taken else f"persona_{place}"
        while stem.casefold() in taken:
            stem += "_"
        taken.add(stem.casefold())
        found[name] = f"{stem}.html"
    return found


def _page(portraits: Portraits, persona: str, rows: list[GroupRow]) -> str:
    counts = portraits.figures.customers
    everyone, own = counts[None], counts[persona]
    words = portraits.words.get(persona)
    verdict = (
        f"{thousands(own)} customers, {percent(own / everyone)} of {thousands(everyone)}"
        f"{f': {words}' if words else ''}. Personas as of {portraits.days('personas')}."
    )
    medians = _medians(portraits, persona)
    sections = [drawing(_picture(portraits, persona, medians))]
    queries = [("customers of the persona", count_query(persona))]
    for section, title in TITLES.items():
        shown = [row for row in rows if row.column.section == section and row.persona is not None]
        if not shown:
            continue
        sections.append(f"<h2>{escape(title)}</h2>")
        heads = ["", f"persona {persona}", EVERYONE, "known of the persona", "as of"]
        sections.append(rows_table(heads, [_cells(portraits, row) for row in shown]))
        for row in shown:
            for group, figure in ((persona, row.persona), (EVERYONE, row.everyone)):
                if figure is not None and figure.value is not None:
                    queries.append((f"{_label(row)}, of {group}", figure.query))
    queries += [
        (f"{column.name}, place of {persona}", place_query(column, median))
        for column, median in medians.items()
    ]
    sections.append(paragraph(READING, "soft"))
    sections += [bullets("Notes", portraits.notes), recomputing(portraits, queries)]
    return plain_page(f"Who are the customers of persona {persona}?", verdict, sections, STYLE)


def count_query(persona: str) -> str:
    """The query of the number of customers of a persona."""
    return (
        "SELECT count(*) FROM population JOIN personas USING (customer) WHERE persona = "
        f"{text_literal(persona)}"
    )


def _label(row: GroupRow) -> str:
    if row.level is None:
        return row.column.name
    return f"{row.column.name}: {value_text(row.column, row.level)}"


def _cells(portraits: Portraits, row: GroupRow) -> list[str]:
    said = [
        figure_text(row.column, f).removesuffix(" the same") for f in (row.persona, row.everyone)
    ]
    known = 0 if row.persona is None else row.persona.known
    return [_label(row), *said, thousands(known), portraits.days(row.column.table)]


def _medians(portraits: Portraits, persona: str) -> dict[Column, float]:
    """Known medians of a persona that are numbers."""
    found = {}
    for column in portraits.columns:
        if column.kind == "number" and column.section != "contacts":
            figure = portraits.figures.figure(column, persona)
            if figure is not None and figure.number is not None:
                found[column] = figure.number
    return found


def _picture(portraits: Portraits, persona: str, medians: dict[Column, float]) -> Picture | None:
    places = places_among_everyone(portraits.session, [*medians], [*medians.values()])
    names = [column.name for column in medians]
    return place_picture(names, places, [None] * len(names), f"the median of persona {persona}")


def _index(portraits: Portraits, names: dict[str, str]) -> str:
    counts = portraits.figures.customers
    everyone = counts[None]
    items = "".join(
        f'<li><a href="{escape(file)}">persona {escape(persona)}</a>: '
        f"{thousands(counts[persona])} customers, {percent(counts[persona] / everyone)}"
        f"{escape('; ' + portraits.words[persona]) if persona in portraits.words else ''}</li>"
        for persona, file in names.items()
    )
    known = sum(number for group, number in counts.items() if group is not None)
    verdict = (
        f"{thousands(known)} of {thousands(everyone)} customers have one of {len(names)} personas, "
        f"as of {portraits.days('personas')}; of {thousands(everyone - known)} the persona "
        "is not known."
    )
    return plain_page(
        "Portraits of the personas",
        verdict,
        [f"<ul>{items}</ul>", bullets("Notes", portraits.notes)],
    )


def _table(portraits: Portraits, rows: dict[str, list[GroupRow]]) -> pd.DataFrame:
    """Every figure of every group once, with its query."""
    found: dict[tuple[str, str, str, str], dict[str, object]] = {}
    for persona, shown in rows.items():
        for row in shown:
            for group, figure in ((persona, row.persona), (EVERYONE, row.everyone)):
                if figure is None:
                    continue
                level = "" if row.level is None else value_text(row.column, row.level)
                key = (row.column.section, row.column.name, level, group)
                found[key] = dict(
                    zip(("section", "column", "level", "group"), key, strict=True)
                ) | {
                    "figure": "share" if row.column.kind == "level" else "median",
                    "value": figure.value,
                    "known": figure.known,
                    "as_of": portraits.days(row.column.table),
                    "query": figure.query,
                }
    return pd.DataFrame(list(_in_order(found)))


def _in_order(
    found: dict[tuple[str, str, str, str], dict[str, object]],
) -> Iterator[dict[str, object]]:
    """Everyone before the personas, each in the order of the columns."""
    yield from (row for key, row in found.items() if key[3] == EVERYONE)
    yield from (row for key, row in found.items() if key[3] != EVERYONE)
