"""Ids of the customers of a table in DuckDB, as text that can be compared with that of others."""

from __future__ import annotations

import pandas as pd

from dbnchurn.core.errors import DataError
from dbnchurn.core.sql import WHOLE_TYPES, is_number_type, quoted, text_literal
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.empty_rows import total_rows
from dbnchurn.tables.keys import EXACT, EXPONENT, MOST, WHOLE

EMPTY = '"NULL"'  # type of a column without a value
PROBED = 20_000  # ids that show whether a word without a digit is a total


def key_expression(session: Session, relation: str, column: str, where: str) -> str:
    """SQL of the id of a row as text: 7 and 7.0 are one customer, 007 is another.

    Parameters
    ----------
    session : Session
    relation : str
        SQL of the table.
    column : str
        Names the customer.
    where : str
        Name of the table, for messages.

    Returns
    -------
    str

    Raises
    ------
    DataError
        If ids have lost digits, have decimals, or are something else than numbers and text.

    Examples
    --------
    >>> with Session() as session:
    ...     session.run("CREATE TABLE t AS SELECT 7.0::DOUBLE AS id")
    ...     session.rows(f"SELECT {key_expression(session, 't', 'id', 't.csv')} FROM t")
    [('7',)]
    """
    name, kind = quoted(column), session.columns(relation)[column]
    if kind in WHOLE_TYPES:
        return f"CAST({name} AS VARCHAR)"
    if is_number_type(kind):
        number = f"CAST({name} AS DOUBLE)"
        broken, large = session.row(
            f"SELECT count(*) FILTER ({number} <> floor({number})), "
            f"count(*) FILTER (abs({number}) >= {EXACT}) FROM {relation}"
        )
        if broken or large:
            raise DataError(
                f"{where}: column {column!r} has {broken or large} ids that are numbers with "
                f"{'decimals' if broken else 'more digits than they can hold'}; write ids as whole "
                "numbers or text"
            )
        return f"CAST(TRY_CAST({number} AS BIGINT) AS VARCHAR)"
    if kind not in ("VARCHAR", EMPTY) and not kind.startswith("ENUM"):
        raise DataError(
            f"{where}: column {column!r} names the customers and holds {kind}; ids are whole "
            "numbers or text"
        )
    word = f"nullif(trim(CAST({name} AS VARCHAR)), '')"
    lost, first, pointed, plain, known = session.row(
        f"SELECT count(*) FILTER (regexp_full_match(w, {text_literal(EXPONENT)})), "
        f"min(w) FILTER (regexp_full_match(w, {text_literal(EXPONENT)})), "
        f"count(*) FILTER (w LIKE '%.0'), "
        f"count(*) FILTER (regexp_full_match(w, {text_literal(WHOLE)})), count(w) "
        f"FROM (SELECT {word} AS w FROM {relation})"
    )
    if lost:
        raise DataError(
            f"{where}: column {column!r}: {lost} ids such as {first!r} are written with an "
            "exponent, so their last digits are lost; export the ids as text"
        )
    if pointed and plain >= MOST * known:
        return rf"regexp_replace({word}, '^(0|[1-9]\d*)\.0+$', '\1')"
    return word


def total_ids(session: Session, table: str) -> list[str]:
    """Ids of a table that are words such as Total, while the others hold digits.

    Parameters
    ----------
    session : Session
    table : str
        With the column ``customer``.

    Returns
    -------
    list of str

    Examples
    --------
    >>> with Session() as session:
    ...     session.run("CREATE TABLE t AS SELECT unnest(['17', '18', 'Total']) AS customer")
    ...     total_ids(session, "t")
    ['Total']
    """
    words = session.rows(
        f"SELECT DISTINCT customer FROM {table} WHERE NOT regexp_matches(customer, '[0-9]') "
        f"ORDER BY 1 LIMIT {PROBED}"
    )
    if not words:
        return []
    others = session.rows(
        f"SELECT customer FROM {table} WHERE regexp_matches(customer, '[0-9]') LIMIT {PROBED}"
    )
    ids = pd.Series([row[0] for row in words + others], dtype=object)
    return [str(word) for word in ids[total_rows(ids)]]
