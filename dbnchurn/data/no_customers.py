"""Rows of a source table that are no customers: totals, and keys without any value."""

from __future__ import annotations

from collections.abc import Sequence

from dbnchurn.core.sql import quoted, text_literal, text_literals
from dbnchurn.data.open import raw_name
from dbnchurn.data.plan import TablePlan
from dbnchurn.data.typed import cell_name, present
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.empty_rows import FULL, MOST, NOTHING_ELSE, TOTAL, TOTALS

FIRST_WORD = r"^(\p{L}+(?:-\p{L}+)?)(?:[\s:(]|$)"
FEWEST = 2  # columns, of which a row may lack all


def no_customers(
    session: Session, name: str, table: TablePlan, kinds: dict[str, str]
) -> list[tuple[str, str]]:
    """Conditions under which a row of a table is no customer, each with its reason.

    Parameters
    ----------
    session : Session
        Has the raw rows, see :func:`dbnchurn.data.open.open_table`.
    name : str
        Name of the table.
    table : TablePlan
        Has a rule for every column.
    kinds : dict of column → SQL type
        Of the raw rows.

    Returns
    -------
    list of (condition, reason)
        SQL over :func:`dbnchurn.data.typed.cell_name`; empty where nothing is to be looked for.
    """
    found = []
    if kinds[table.key] == "VARCHAR" and _has_totals(
        session, name, table.key, once=table.rows == "lookup"
    ):
        found.append((_is_total(cell_name(table.key)), TOTAL))
    columns = [column for column in table.columns if column != table.key]
    if (
        table.date is None
        and len(columns) >= FEWEST
        and _is_full(session, name, table, columns, kinds)
    ):
        nothing = " AND ".join(f"{cell_name(column)} IS NULL" for column in columns)
        found.append((nothing, NOTHING_ELSE))
    return found


def _is_total(text: str) -> str:
    """SQL condition that a text is, or begins with, a word such as Total."""
    plain = f"lower(trim({text}, ' :.*'))"
    words = text_literals(sorted(TOTALS))
    first = f"regexp_extract({plain}, {text_literal(FIRST_WORD)}, 1)"
    return f"({plain} IN {words} OR {first} IN {words})"


def _has_totals(session: Session, name: str, key: str, *, once: bool) -> bool:
    """Whether some keys are totals, while nearly all others hold digits."""
    totals, others, digits = session.total(
        "SELECT count_if(t), count_if(NOT t), count_if(NOT t AND regexp_matches(k, '[0-9]')) "
        f"FROM (SELECT {quoted(key)} AS k, {_is_total(quoted(key))} AS t FROM {raw_name(name)} "
        "WHERE k IS NOT NULL)",
        "sum sum sum",
        once=once,
    )
    return bool(totals) and totals < others and digits >= MOST * others


def _is_full(
    session: Session, name: str, table: TablePlan, columns: Sequence[str], kinds: dict[str, str]
) -> bool:
    """Whether rows have most of their values, so that one without any is no customer."""
    counts = ", ".join(
        f"count({present(column, kinds[column], table.missing, table.columns[column])})"
        for column in columns
    )
    rows, *known = session.total(
        f"SELECT count(*), {counts} FROM {raw_name(name)}",
        " ".join(["sum"] * (1 + len(columns))),
        once=table.rows == "lookup",
    )
    return bool(rows) and sum(known) >= FULL * rows * len(columns)
