"""Checks that refuse keys and dates which could be read in more than one way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pyarrow as pa

from dbnchurn.core.errors import DataError
from dbnchurn.core.sql import is_number_type, quoted, text_literal
from dbnchurn.data.open import is_csv, raw_name
from dbnchurn.data.plan import Rule, TablePlan
from dbnchurn.data.typed import ISO, has_offset, present
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.keys import EXPONENT
from dbnchurn.tables.loading import conversions
from dbnchurn.tables.reading_rules import ReadingRules, name_of
from dbnchurn.tables.serial_format import is_date_name, serial_question
from dbnchurn.tables.text_column import PERHAPS_MISSING, TextColumn
from dbnchurn.tables.text_decision import decide

OTHER_FORMATS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y%m%d", "%d.%m.%y")
READ_FROM_TEXT = ("number", "integer", "date")


def key_kind(
    session: Session, name: str, table: TablePlan, kinds: dict[str, str]
) -> Literal["number", "text"]:
    """Whether the keys of a table are numbers or text.

    Keys of a CSV file, where every value is text, are numbers if none has a letter or a leading
    zero.

    Parameters
    ----------
    session : Session
        Has the raw rows, see :func:`dbnchurn.data.open.open_table`.
    name : str
        Name of the table.
    table : TablePlan
    kinds : dict of column → SQL type
        Of the raw rows.

    Returns
    -------
    {"number", "text"}

    Raises
    ------
    DataError
        If a text column holds both numbers and other words.
    """
    if table.key_kind is not None:
        return table.key_kind
    if kinds[table.key] != "VARCHAR":
        return "text" if kinds[table.key].startswith(("ENUM", "UUID")) else "number"
    key = present(table.key, "VARCHAR", (*table.missing, *PERHAPS_MISSING))
    once = table.rows == "lookup"
    digits, words, padded, number, word = session.total(
        "SELECT count_if(d), count_if(NOT d), count_if(regexp_matches(k, '^0[0-9]')), "
        "min(k) FILTER (d), min(k) FILTER (NOT d) FROM (SELECT k, "
        "regexp_full_match(k, '[0-9]+(\\.0)?') AS d FROM "
        f"(SELECT {key} AS k FROM {raw_name(name)}))",
        "sum sum sum min min",
        once=once,
    )
    exponents, exponent = session.total(
        f"SELECT count(k), min(k) FROM (SELECT {key} AS k FROM {raw_name(name)}) "
        f"WHERE regexp_full_match(k, {text_literal(EXPONENT)})",
        "sum min",
        once=once,
    )
    if exponents:
        session.refuse(
            f"table {name!r}: {exponents} keys {table.key!r} such as {exponent!r} are written with "
            "an exponent, so their last digits are lost; export them as text"
        )
    if digits and words:
        session.refuse(
            f"table {name!r}: the key {table.key!r} mixes types: {digits} are numbers like "
            f"{number!r}, {words} are not, like {word!r}; say key_kind: text if both are right, or "
            "key_kind: number to set the others aside"
        )
    return "number" if is_csv(table) and digits and not padded else "text"


def check_dates(session: Session, name: str, table: TablePlan, kinds: dict[str, str]) -> None:
    """Refuse dates in two formats, and times with an offset next to times without.

    Parameters
    ----------
    session : Session
        Has the raw rows, see :func:`dbnchurn.data.open.open_table`.
    name : str
        Name of the table.
    table : TablePlan
        Has a rule for every date column.
    kinds : dict of column → SQL type
        Of the raw rows.

    Raises
    ------
    DataError
        If a date column can be read in more than one way, or times have an offset and the plan
        names no time zone.
    """
    for column, rule in table.columns.items():
        if rule.kind != "date":
            continue
        kind = kinds[column]
        if kind == "TIMESTAMP WITH TIME ZONE" and table.timezone is None:
            raise DataError(
                f"table {name!r}: {column!r} has times with an offset, while cutoffs have none; "
                "say in which times to read them, for example timezone: Europe/Berlin"
            )
        if kind != "VARCHAR":
            continue
        text = present(column, "VARCHAR", table.missing, rule)
        if set(rule.formats) <= set(ISO):  # those that a model has found out too
            _check_offsets(session, name, table, column, text)
        if not rule.formats:
            _check_formats(session, name, column, text, once=table.rows == "lookup")


def _check_offsets(session: Session, name: str, table: TablePlan, column: str, text: str) -> None:
    aware, naive, with_offset, without = session.total(
        f"SELECT count_if(aware), count_if(NOT aware), min(d) FILTER (aware), "
        f"min(d) FILTER (NOT aware) FROM (SELECT d, {has_offset('d')} AS aware FROM "
        f"(SELECT {text} AS d FROM {raw_name(name)})) "
        "WHERE d IS NOT NULL",
        "sum sum min min",
        once=table.rows == "lookup",
    )
    if aware and naive:
        session.refuse(
            f"table {name!r}: {column!r} mixes times with an offset, like {with_offset!r} ({aware} "
            f"rows), and without, like {without!r} ({naive} rows); write them in one way"
        )
    if aware and table.timezone is None:
        session.refuse(
            f"table {name!r}: {column!r} has times with an offset, like {with_offset!r}, while "
            "cutoffs have none; say in which times to read them, for example timezone: "
            "Europe/Berlin"
        )


def _check_formats(session: Session, name: str, column: str, text: str, *, once: bool) -> None:
    formats = ", ".join(text_literal(f) for f in OTHER_FORMATS)
    iso, others, iso_date, other = session.total(
        f"SELECT count_if(iso), count_if(other), min(d) FILTER (iso), min(d) FILTER (other) FROM "
        f"(SELECT d, TRY_CAST(d AS TIMESTAMP) IS NOT NULL OR regexp_full_match(d, "
        f"'[0-9]{{4}}-[0-9]{{2}}') AS iso, NOT iso AND try_strptime(d, [{formats}]) IS NOT NULL AS "
        f"other FROM (SELECT {text} AS d FROM {raw_name(name)}) WHERE d IS NOT NULL)",
        "sum sum min min",
        once=once,
    )
    if iso and others:
        session.refuse(
            f"table {name!r}: {column!r} has dates in two formats: {iso} like {iso_date!r} and "
            f"{others} like {other!r}; write them in one way, or name both, for example "
            "format: ['%Y-%m-%d', '%d.%m.%Y']"
        )


def check_serials(
    session: Session, name: str, kinds: Mapping[str, str], *, once: bool = False
) -> None:
    """Refuse numbers that may be dates, of a table whose columns have no rules.

    Parameters
    ----------
    session : Session
        Has the raw rows, see :func:`dbnchurn.data.open.open_table`.
    name : str
        Name of the table.
    kinds : mapping of column → SQL type
        Of the raw rows.
    once : bool, default False
        Whether every part of a divided build has all rows.

    Raises
    ------
    DataError
        If columns that are named like dates hold numbers that are plausible as such.
    """
    found = []
    for column, kind in kinds.items():
        if not is_date_name(column) or not is_number_type(kind):
            continue
        values = f"CAST({quoted(column)} AS DOUBLE) AS v FROM {raw_name(name)}"
        if session.counts is None:
            rows = session.arrow(f"SELECT DISTINCT {values}")
        else:
            sql = f"SELECT v, 1::BIGINT FROM (SELECT DISTINCT {values}) WHERE v IS NOT NULL"
            rows = pa.table({"v": pa.array([v for v, _ in session.tally(sql, once=once)], "f8")})
        numbers = rows.column("v").to_numpy()
        if question := serial_question(column, numbers, "formats"):
            found.append(question)
    if found:
        session.refuse(
            f"table {name!r}: {'; '.join(found)}; here it is said under columns, "
            "as {kind: number} or {kind: date, format: excel_serial}"
        )


def with_formats(
    session: Session, name: str, table: TablePlan, kinds: dict[str, str]
) -> tuple[dict[str, Rule], list[str]]:
    """The rules of a table with the formats of its texts, found out where they do not say.

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
    rules : dict of column → Rule
    conversions : list of str
        How texts are read where that was found out.

    Raises
    ------
    DataError
        If columns can be read in two ways.
    """
    texts = []
    for column, rule in table.columns.items():
        if kinds[column] == "VARCHAR" and rule.kind in READ_FROM_TEXT and not rule.formats:
            cell = present(column, "VARCHAR", table.missing, rule)
            words = _words(session, name, cell, once=table.rows == "lookup")
            texts.append(TextColumn.of(column, words, table.missing))
    if not texts:
        return table.columns, []
    numbers = {column: rule.kind != "date" for column, rule in table.columns.items()}
    known = {c: r.formats[0] for c, r in table.columns.items() if len(r.formats) == 1}
    rules = ReadingRules(
        decimal=table.csv.decimal,
        kinds={column: "number" if numbers[column] else "date" for column in table.columns},
        place="format of",
    )
    try:
        decisions = decide(texts, rules)
    except DataError as error:
        raise DataError(f"table {name!r}: {error}") from error
    found = {c: name_of(d.form) for c, d in decisions.items() if d.form is not None}
    completed = {
        column: rule.model_copy(update={"format": found[column]})
        if column in found and column not in known
        else rule
        for column, rule in table.columns.items()
    }
    return completed, conversions(decisions.values())


def _words(session: Session, name: str, cell: str, *, once: bool) -> pa.ChunkedArray:
    """The different texts of a column, in order."""
    distinct = (
        f"SELECT DISTINCT w FROM (SELECT {cell} AS w FROM {raw_name(name)}) "
        "WHERE w IS NOT NULL ORDER BY w"
    )
    if session.counts is None:
        return session.arrow(distinct).column("w")
    found = session.tally(f"SELECT w, 1::BIGINT FROM ({distinct})", once=once)
    return pa.chunked_array([pa.array([word for word, _ in found], pa.string())])
