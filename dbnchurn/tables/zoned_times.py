"""Times with a zone in a column of days: midnight lies in another day elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from dbnchurn.core.errors import DataError
from dbnchurn.core.sql import quoted, text_literal
from dbnchurn.tables.duckdb import Session

ZONED = "TIMESTAMP WITH TIME ZONE"
OFFSET = r":\d\d(\.\d+)?\s*(Z|UTC|GMT|[+-]\d\d(:?\d\d)?)\s*$"  # behind the time of a text


def refuse_zones(session: Session, relation: str, columns: Iterable[str], where: str) -> None:
    """Refuse times whose day depends on where they are read.

    Parameters
    ----------
    session : Session
    relation : str
        Its SQL.
    columns : iterable of str
        Columns of days: times with a zone, or texts of such, are looked at; others pass.
    where : str
        Name of the table, for messages.

    Raises
    ------
    DataError
        If such a column holds another time than midnight in UTC.

    Examples
    --------
    >>> with Session() as session:
    ...     session.run("CREATE TABLE t AS SELECT '2026-08-31T22:30:00-05:00' AS day")
    ...     refuse_zones(session, "t", ["day"], "t.parquet")
    Traceback (most recent call last):
    ...
    dbnchurn.core.errors.DataError: t.parquet: column 'day' holds times with a zone, of which \
midnight lies in another day elsewhere; write dates alone
    """
    kinds = session.columns(relation)
    for column in columns:
        moment = quoted(column)
        if kinds[column] == "VARCHAR":
            has_zone = f"regexp_matches({moment}, {text_literal(OFFSET)})"
            moment = f"CASE WHEN {has_zone} THEN TRY_CAST({moment} AS {ZONED}) END"
        elif kinds[column] != ZONED:
            continue
        plain = f"timezone('UTC', {moment})"
        sql = f"SELECT count(*) FROM {relation} WHERE {plain} <> date_trunc('day', {plain})"
        if session.row(sql)[0]:
            raise DataError(
                f"{where}: column {column!r} holds times with a zone, of which midnight lies in "
                "another day elsewhere; write dates alone"
            )
