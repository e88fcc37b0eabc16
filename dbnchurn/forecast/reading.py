"""Read the history of a forecast: the table in DuckDB becomes arrays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dbnchurn.core.errors import DataError, listed
from dbnchurn.core.progress import stage
from dbnchurn.core.sql import is_number_type, quoted, text_literal
from dbnchurn.forecast.config import ForecastConfig
from dbnchurn.forecast.history import STAYS, TENURES, History, tenure_codes
from dbnchurn.forecast.history_table import LEAST_SHARE, check_spells, make_rows
from dbnchurn.forecast.intervals import LEAST_ORIGINS
from dbnchurn.tables.duckdb import Session

LEAST_MONTHS = 6  # before the first origin of the backtest
BINS = 16
LEVELS = 20  # of a category; the others are one
LAG = 2  # months of a change
NO_DATE = -9999  # tenure of a customer without a date
MOST_GROWTH = 8.0  # of the revenue of a customer from one month to the next


def read_history(config: ForecastConfig) -> History:
    """Read all months of all customers.

    Parameters
    ----------
    config : ForecastConfig

    Returns
    -------
    History
        Rows in the order of months and ids, whatever order they had.

    Raises
    ------
    DataError
        With what is wrong in the table, all at once.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> rows = [
    ...     (f"c{k}", f"{2024 + m // 12}-{m % 12 + 1:02d}-01", int(m == k))
    ...     for k in range(40) for m in range(16) if m <= k
    ... ]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/months.parquet"
    ...     pd.DataFrame(rows, columns=["id", "month", "left"]).to_parquet(path)
    ...     config = ForecastConfig(history={"path": path}, id="id", month="month", left="left",
    ...                             horizon=2)
    ...     history = read_history(config)
    >>> history.customers[:3].ravel().tolist(), history.leavers.sum()
    ([40.0, 39.0, 38.0], np.float64(16.0))
    """
    with stage("read the history"), Session(config.memory, n_threads=1) as session:
        notes = make_rows(session, config)
        check_spells(session, config)
        if config.left is None:
            _leaving_by_absence(session)
        history = _arrays(session, config, notes)
    _check_history(history, config)
    return history


def _leaving_by_absence(session: Session) -> None:
    """Who has no row in the next month leaves in that of the last row; the last month is apart."""
    session.run("CREATE TABLE ends AS SELECT id, last FROM lives")
    session.run("DROP TABLE lives")
    session.run(
        "CREATE TABLE lives AS SELECT e.id, first, e.last, CASE WHEN e.last < m.month THEN e.last "
        "END AS gone FROM ends e JOIN (SELECT id, min(month) AS first FROM spells GROUP BY id) f "
        "USING (id), (SELECT max(month) AS month FROM spells) m"
    )


def _arrays(session: Session, config: ForecastConfig, notes: list[str]) -> History:
    first, last = session.row("SELECT min(month), max(month) FROM spells")
    months = np.arange(np.datetime64(first, "M"), np.datetime64(last, "M") + 1)
    if config.left is None and len(months) < 2:
        raise DataError(
            f"{config.history.name}: there is one month alone, so nobody is seen to be absent in "
            "the next; give the months of a year at least"
        )
    segments = tuple(r[0] for r in session.rows("SELECT DISTINCT segment FROM spells ORDER BY 1"))
    early = str(months[min(LEAST_MONTHS, len(months)) - 1] + 1)
    codes, sizes = _codes(session, config, f"month < '{early}-01'::DATE", notes)
    table = _person_months(session, config, first, segments, codes)

    def column(name: str) -> npt.NDArray[Any]:
        return np.asarray(table.column(name).to_numpy())

    starts = np.searchsorted(column("month"), np.arange(len(months) + 1))
    tenure = column("tenure")
    early_since = int(((tenure < 0) & (tenure != NO_DATE)).sum()) if config.since else 0
    if early_since:
        notes.append(f"{early_since} rows lie before the date in {config.since!r}: no tenure")
    history = History(
        months,
        segments,
        starts.astype(np.int64),
        column("segment"),
        column("age"),
        column("ahead"),
        np.column_stack(
            [tenure_codes(tenure), *(column(f"code{i}") for i in range(len(codes)))]
        ).astype(np.uint8),
        (len(TENURES) + 1, *sizes),
        column("revenue") if config.revenue else None,
        column("customer"),
        session.arrow("SELECT id FROM people ORDER BY number").column("id").to_pandas().to_numpy(),
        tuple(notes),
    )
    # By absence, the last month says only who left before it.
    return history if config.left is not None else history.until(len(months) - 2)


def _person_months(
    session: Session,
    config: ForecastConfig,
    first: date,
    segments: Sequence[str],
    codes: Sequence[str],
) -> pa.Table:
    """One row for each month of a customer, by month and customer; makes the table ``people``."""
    position = f"datediff('month', {text_literal(first)}::DATE, s.month)"
    began = (
        f"CASE WHEN l.first = {text_literal(first)}::DATE THEN NULL ELSE l.first END"
        if config.since is None
        else "date_trunc('month', s.since)"
    )
    segment = "list_position([" + ", ".join(map(text_literal, segments)) + "], s.segment) - 1"
    changes = ", ".join(
        f"lag({quoted(f'change {n}')}, {LAG}) OVER w AS {quoted(f'before {n}')}"
        for n in config.changes
    )
    source = (
        f"(SELECT *, {changes} FROM spells WINDOW w AS (PARTITION BY id ORDER BY month))"
        if changes
        else "spells"
    )
    revenue = "s.revenue::FLOAT" if config.revenue else "NULL::FLOAT"
    session.run(
        "CREATE TABLE people AS SELECT *, (row_number() OVER (ORDER BY id) - 1)::INTEGER AS number "
        "FROM lives"
    )
    return session.arrow(
        f"SELECT {position}::SMALLINT AS month, ({segment})::SMALLINT AS segment, "
        f"(CASE WHEN l.first = {text_literal(first)}::DATE THEN -1 ELSE datediff('month', l.first, "
        f"s.month) END)::SMALLINT AS age, "
        f"coalesce(datediff('month', s.month, l.gone), {STAYS})::SMALLINT AS ahead, "
        f"coalesce(datediff('month', {began}, s.month), {NO_DATE})::INTEGER AS tenure, "
        f"{revenue} AS revenue{''.join(f', {sql} AS code{i}' for i, sql in enumerate(codes))}"
        f", l.number AS customer "
        f"FROM {source} s JOIN people l USING (id) ORDER BY s.month, l.number"
    )


def _codes(
    session: Session, config: ForecastConfig, early: str, notes: list[str]
) -> tuple[list[str], list[int]]:
    """SQL of the bins of every column, with edges of the first months alone, and their number."""
    found: list[str] = []
    sizes: list[int] = []
    kinds = session.columns("spells")
    for name in config.columns:
        column = quoted(f"column {name}")
        if is_number_type(kinds[f"column {name}"]):
            _add_bins(session, f"s.{column}", column, f"spells WHERE {early}", found, sizes)
            continue
        levels = [
            row[0]
            for row in session.rows(
                f"SELECT CAST({column} AS VARCHAR) AS v FROM spells WHERE {early} AND {column} IS "
                f"NOT NULL GROUP BY v ORDER BY count(*) DESC, v LIMIT {LEVELS}"
            )
        ]
        listing = ", ".join(map(text_literal, levels))
        found.append(
            f"(CASE WHEN s.{column} IS NULL THEN 0 ELSE 1 + coalesce(list_position([{listing}]"
            f"::VARCHAR[], CAST(s.{column} AS VARCHAR)), 0) END)::UTINYINT"
        )
        sizes.append(len(levels) + 2)
    for name in config.changes:
        now, before = quoted(f"change {name}"), quoted(f"before {name}")
        change = f"{_log(f's.{now}')} - {_log(f's.{before}')}"
        pairs = (
            f"(SELECT {_log(f'a.{now}')} - {_log(f'b.{now}')} AS d FROM spells a JOIN spells b ON "
            f"a.id = b.id AND a.month = b.month + INTERVAL {LAG} MONTH WHERE a.{early})"
        )
        _add_bins(session, f"({change})", "d", pairs, found, sizes)
    return found, sizes


def _log(value: str) -> str:
    return f"sign({value}) * ln(1 + abs({value}))"


def _add_bins(
    session: Session, value: str, column: str, source: str, found: list[str], sizes: list[int]
) -> None:
    """SQL of the bin of a number: 0 where it is missing."""
    shares = [k / BINS for k in range(1, BINS)]
    row = session.row(f"SELECT quantile_cont(CAST({column} AS DOUBLE), {shares}) FROM {source}")
    edges = sorted(set(row[0] or []))
    above = " + ".join(f"({value} > {float(edge)!r}::DOUBLE)::INT" for edge in edges) or "0"
    found.append(f"(CASE WHEN {value} IS NULL THEN 0 ELSE 1 + {above} END)::UTINYINT")
    sizes.append(len(edges) + 2)


def _check_history(history: History, config: ForecastConfig) -> None:
    """Refuse months that seem unfinished, and segments that come or go."""
    where = config.history.name
    months, customers, leavers = history.months, history.customers, history.leavers
    if len(months) < LEAST_MONTHS + 1:
        raise DataError(
            f"{where}: there are {len(months)} months with known leavers; a forecast needs "
            f"{LEAST_MONTHS + 1} at least, and intervals over "
            f"{config.horizon} months {LEAST_MONTHS + LEAST_ORIGINS - 1 + config.horizon}"
        )
    wrong = []
    if config.until is None and config.left is not None:
        share = leavers.sum(1) / np.maximum(customers.sum(1), 1)
        usual = float(np.mean(share[-1 - LEAST_MONTHS : -1])) * customers[-1].sum()
        few = leavers[-1].sum() < LEAST_SHARE * usual - 3 * np.sqrt(usual)
        if few:
            wrong.append(
                f"in {months[-1]} {leavers[-1].sum():.0f} customers left where {usual:.0f} were "
                f"usual: the last month seems unfinished; say until: {months[-2]}-01, or until: "
                f"{months[-1]}-01 if it is complete"
            )
    here = customers > 0
    for number, segment in enumerate(history.segments):
        gaps = np.flatnonzero(~here[:, number])
        if len(gaps) and here[0, number] and not here[-1, number]:
            wrong.append(f"segment {segment!r} vanishes in {months[gaps[0]]}")
        elif len(gaps) and not here[0, number]:
            wrong.append(f"segment {segment!r} appears in {months[np.argmax(here[:, number])]}")
        elif len(gaps):
            wrong.append(f"segment {segment!r} has nobody in {listed(map(str, months[gaps]))}")
    if any("segment" in sentence for sentence in wrong):
        wrong.append("name such segments in 'pool', or give another 'start' or 'segment'")
    wrong += _jumps(history, config)
    if not leavers.sum():
        wrong.append("nobody leaves in any month; look at 'left' and 'left_values'")
    if wrong:
        raise DataError(f"{where}: {'; '.join(wrong)}")


def _jumps(history: History, config: ForecastConfig) -> list[str]:
    """Months in which a customer pays nothing, or many times what was paid the month before."""
    if history.revenue is None:
        return []
    paid = history.earned.sum(1) / np.maximum(history.customers.sum(1), 1)
    found = []
    for month, now, before in zip(history.months[1:], paid[1:], paid[:-1], strict=True):
        if before > 0 and now <= 0:
            found.append(f"nobody pays anything in {month}")
        elif before > 0 and not 1 / MOST_GROWTH < now / before < MOST_GROWTH:
            found.append(
                f"a customer pays {now:,.4g} on average in {month} and {before:,.4g} the month "
                "before, as if in another unit"
            )
    if found:
        found[-1] += f"; mend {config.revenue!r}, or leave these months out with 'start' or 'until'"
    return found
