"""The table of all customers and months, opened in DuckDB and held to what a forecast needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from dbnchurn.core.errors import DataError, did_you_mean, first_line, listed
from dbnchurn.core.sql import (
    FLOAT_TYPES,
    is_number_type,
    literal,
    quoted,
    text_literal,
    text_literals,
)
from dbnchurn.data.open import open_source, raw_name
from dbnchurn.forecast.config import ForecastConfig, Level
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.zoned_times import refuse_zones

POOLED = "other"
TOTAL = "total"
MISSING = "(not known)"
EVERYBODY = "all customers"
LEAST_SHARE = 0.7  # of the expected rows or leavers; below, the last month is held for unfinished


def _finite(name: str, columns: Mapping[str, str]) -> str:
    """A column in SQL, with NULL for NaN and infinity, which no bin can hold."""
    floats = columns[name] in FLOAT_TYPES
    return f"CASE WHEN isfinite({quoted(name)}) THEN {quoted(name)} END" if floats else quoted(name)


def _check_dates(session: Session, config: ForecastConfig) -> None:
    """Refuse times with a zone, which would fall into another month, and unreadable dates."""
    where, source = config.history.name, raw_name("history")
    refuse_zones(session, source, filter(None, (config.month, config.since)), where)
    if config.since is not None:
        one = quoted(config.since)
        bad, such = session.row(
            f"SELECT count(*), any_value({one}) FROM {source} WHERE {one} IS NOT NULL AND "
            f"TRY_CAST({one} AS DATE) IS NULL"
        )
        if bad:
            raise DataError(
                f"{where}: column {config.since!r} holds no date in {bad} rows, such as {such!r}; "
                "write dates as 2026-08-31"
            )


def make_rows(session: Session, config: ForecastConfig) -> list[str]:
    """Make the table ``spells``: id, month, segment, left, revenue, since and further columns.

    Parameters
    ----------
    session : Session
    config : ForecastConfig

    Returns
    -------
    list of str
        Sentences on what was assumed.

    Raises
    ------
    DataError
        With all that is wrong in columns and values.
    """
    where = config.history.name
    named = [config.left, config.segment, config.revenue, config.since]
    needed = [config.id, config.month, *[n for n in named if n], *config.columns, *config.changes]
    columns = open_source(session, "history", config.history, [config.id], needed[1:])
    notes: list[str] = []
    parts = [
        f"CAST({quoted(config.id)} AS VARCHAR) AS id",
        f"CAST(date_trunc('month', TRY_CAST({quoted(config.month)} AS TIMESTAMP)) AS DATE) "
        "AS month",
        f"{_segment(config, notes)} AS segment",
        f"{_left(config, columns, notes)} AS left_now",
        "NULL::DOUBLE AS revenue"
        if config.revenue is None
        else f"TRY_CAST({quoted(config.revenue)} AS DOUBLE) AS revenue",
        "NULL::DATE AS since"
        if config.since is None
        else f"TRY_CAST({quoted(config.since)} AS DATE) AS since",
    ]
    _check_dates(session, config)
    parts += [f"{_finite(n, columns)} AS {quoted(f'column {n}')}" for n in config.columns]
    parts += [
        f"TRY_CAST({_finite(n, columns)} AS DOUBLE) AS {quoted(f'change {n}')}"
        for n in config.changes
    ]
    if texts := [n for n in config.changes if not is_number_type(columns[n])]:
        raise DataError(
            f"{where}: changes are those of numbers, and {listed(texts)} holds text; name it in "
            "'columns'"
        )
    _make_given(session, config, columns, parts)
    _check_values(session, config)
    _check_segments(session, config)
    notes += _unused_values(session, config, columns)
    session.run(f"CREATE TABLE spells AS SELECT * FROM given WHERE {_kept(config)}")
    session.run("DROP TABLE given")
    unknown = session.row(f"SELECT count(*) FROM spells WHERE segment = {text_literal(MISSING)}")[0]
    if unknown:
        notes.append(f"{unknown} rows have no value in {config.segment!r}: segment {MISSING!r}")
    return notes


def _make_given(
    session: Session, config: ForecastConfig, columns: Mapping[str, str], parts: Sequence[str]
) -> None:
    """The named columns of the table, as what they are said to be."""
    try:
        session.run(f"CREATE TABLE given AS SELECT {', '.join(parts)} FROM {raw_name('history')}")
    except duckdb.Error as error:
        where, what = config.history.name, first_line(error)
        if not config.left_values:
            raise DataError(f"{where}: a column cannot be read: {what}") from error
        assert config.left is not None
        raise DataError(
            f"{where}: 'left_values' {listed(map(str, config.left_values))} cannot be values of "
            f"column {config.left!r}, which holds {columns[config.left]} ({what}); write them as "
            "the table has them"
        ) from error


def _unused_values(
    session: Session, config: ForecastConfig, columns: Mapping[str, str]
) -> list[str]:
    """A note on values that mean left and that no row has."""
    if not config.left_values:
        return []
    counts = ", ".join(f"count_if({_holds(config, columns, [v])})" for v in config.left_values)
    row = session.row(f"SELECT {counts} FROM {raw_name('history')}")
    unused = [str(v) for v, rows in zip(config.left_values, row, strict=True) if not rows]
    if not unused:
        return []
    return [f"no row has {listed(unused)} of 'left_values' in column {config.left!r}"]


def _check_segments(session: Session, config: ForecastConfig) -> None:
    """Refuse names in `pool` that no row has, and segments called as the sums are."""
    if config.segment is None:
        return
    column = f"CAST({quoted(config.segment)} AS VARCHAR)"
    names = [
        str(row[0])
        for row in session.rows(
            f"SELECT DISTINCT {column} AS name FROM {raw_name('history')} WHERE {column} IS NOT "
            "NULL ORDER BY name"
        )
    ]
    wrong = [
        f"pool: there is no segment {name!r} in column {config.segment!r}: "
        + did_you_mean(name, names)
        for name in config.pool
        if name not in names and name != MISSING
    ]
    if config.pool and POOLED in names and POOLED not in config.pool:
        wrong.append(
            f"there is a segment {POOLED!r}, and those of 'pool' are called so together; name it "
            "in 'pool' as well, or rename it"
        )
    if TOTAL in names and TOTAL not in config.pool:
        wrong.append(
            f"a segment is called {TOTAL!r}, as the sum of all is; rename it, or name it in 'pool'"
        )
    if wrong:
        raise DataError(f"{config.history.name}: {'; '.join(wrong)}")


def _segment(config: ForecastConfig, notes: list[str]) -> str:
    if config.segment is None:
        return text_literal(EVERYBODY)
    plain = f"coalesce(CAST({quoted(config.segment)} AS VARCHAR), {text_literal(MISSING)})"
    if not config.pool:
        return plain
    notes.append(f"segments {listed(config.pool)} are taken together as {POOLED!r}")
    return (
        f"CASE WHEN {plain} IN {text_literals(config.pool)} THEN {text_literal(POOLED)} "
        f"ELSE {plain} END"
    )


def _left(config: ForecastConfig, columns: dict[str, str], notes: list[str]) -> str:
    if config.left is None:
        notes.append(
            "who has no row in the next month has left; who left in the last month is not known, "
            "so that it counts as its customers alone"
        )
        return "NULL::BOOLEAN"
    if config.left_values:
        return _holds(config, columns, config.left_values)
    column = quoted(config.left)
    if is_number_type(columns[config.left]):  # another number than 0 and 1 says neither
        return f"(CASE {column} WHEN 1 THEN true WHEN 0 THEN false END)"
    return f"TRY_CAST({column} AS BOOLEAN)"


def _holds(config: ForecastConfig, columns: Mapping[str, str], values: Sequence[Level]) -> str:
    """SQL condition that the column of leaving has one of some values; texts compare as texts."""
    name = str(config.left)
    if is_number_type(columns[name]) or columns[name] == "BOOLEAN":
        return f"({quoted(name)} IN ({', '.join(map(literal, values))}))"
    return f"(CAST({quoted(name)} AS VARCHAR) IN {text_literals(values)})"


def _kept(config: ForecastConfig) -> str:
    kept = ["true"]
    if config.start is not None:
        kept.append(f"month >= {text_literal(config.start.replace(day=1))}::DATE")
    if config.until is not None:
        kept.append(f"month <= {text_literal(config.until.replace(day=1))}::DATE")
    return " AND ".join(kept)


def _check_values(session: Session, config: ForecastConfig) -> None:
    """Refuse values that cannot be read, all kinds at once."""
    where = config.history.name
    wrong = []
    tests = {
        f"column {config.id!r} is empty": "id IS NULL OR trim(id) = ''",
        f"column {config.month!r} holds no date; write dates as 2026-08-31": "month IS NULL",
    }
    if config.left is not None:
        tests[
            f"column {config.left!r} is neither 0 nor 1; name the values that mean left in "
            "'left_values', and fill empty cells"
        ] = "left_now IS NULL"
    if config.revenue is not None:
        tests[f"column {config.revenue!r} holds no number; fill 0 where nothing was paid"] = (
            "revenue IS NULL OR NOT isfinite(revenue)"
        )
        if config.negative_revenue == "refuse":
            tests[
                f"column {config.revenue!r} holds negative amounts; say negative_revenue: credit "
                "if they lower the sum, or mend them"
            ] = "revenue < 0"
    for sentence, condition in tests.items():
        count, example = session.row(
            f"SELECT count(*), any_value(concat(coalesce(id, 'no id'), ' in ', "
            f"coalesce(strftime(month, '%Y-%m'), 'no month'))) FROM given WHERE {condition}"
        )
        if count:
            wrong.append(f"{sentence} ({count} rows, such as customer {example})")
    if wrong:
        raise DataError(f"{where}: {'; '.join(wrong)}")


def check_spells(session: Session, config: ForecastConfig) -> None:
    """Refuse months and customers from which nothing can be learned.

    Parameters
    ----------
    session : Session
        With the table ``spells``.
    config : ForecastConfig

    Raises
    ------
    DataError
        With one sentence for everything that is wrong.
    """
    where = config.history.name
    months = [row[0] for row in session.rows("SELECT DISTINCT month FROM spells ORDER BY month")]
    if not months:
        raise DataError(f"{where}: there are no rows between start and until; widen them")
    wrong = []
    known = {(m.year * 12 + m.month) for m in months}
    absent = [n for n in range(min(known), max(known)) if n not in known]
    if absent:
        names = [f"{(n - 1) // 12}-{(n - 1) % 12 + 1:02d}" for n in absent]
        wrong.append(
            f"there are no rows of the months {', '.join(names[:8])} between others; add them, or "
            "give a 'start' after them"
        )
    twice = session.row(
        "SELECT count(*), any_value(concat(id, ' in ', strftime(month, '%Y-%m'))) FROM (SELECT id, "
        "month FROM spells GROUP BY id, month HAVING count(*) > 1)"
    )
    if twice[0]:
        wrong.append(
            f"{twice[0]} customers have several rows in a month, such as {twice[1]}; keep one row "
            "of each"
        )
    if not absent and not twice[0]:
        wrong += _lives(session, config, months[-1])
    if wrong:
        raise DataError(f"{where}: {'; '.join(wrong)}")


def _lives(session: Session, config: ForecastConfig, last: Any) -> list[str]:
    """What is wrong with customers from month to month."""
    session.run(
        "CREATE TABLE lives AS SELECT id, min(month) AS first, max(month) AS last, count(*) AS n, "
        "max(CASE WHEN left_now THEN month END) AS gone, "
        "sum(CASE WHEN left_now THEN 1 ELSE 0 END) AS times FROM spells GROUP BY id"
    )
    wrong = []
    count, example = session.row(
        "SELECT count(*), any_value(id) FROM lives WHERE n < 1 + datediff('month', first, last) "
        "OR times > 1 OR gone < last"
    )
    if count:
        wrong.append(
            f"{count} customers come back after they left or were absent, such as {example}; give "
            "who comes back another id, or fill the months between"
        )
    if config.left is None or count:
        return wrong
    end = text_literal(last)
    absent = session.rows(
        f"SELECT last, count(*), any_value(id) FROM lives WHERE gone IS NULL AND last < "
        f"{end}::DATE GROUP BY last ORDER BY last"
    )
    if not absent:
        return wrong
    total = sum(row[1] for row in absent)
    before = session.row(f"SELECT max(month) FROM spells WHERE month < {end}::DATE")[0]
    if len(absent) == 1 and absent[0][0] == before:
        wrong.append(
            f"{total} customers of {before:%Y-%m} are absent in {last:%Y-%m} and have not left, "
            f"such as {absent[0][2]}: the last month seems unfinished; say until: {before:%Y-%m-%d}"
        )
    else:
        wrong.append(
            f"{total} customers end without having left, such as {absent[0][2]} in "
            f"{absent[0][0]:%Y-%m}; mark their last month in {config.left!r}, or say "
            "absence_is_leaving: true"
        )
    return wrong
