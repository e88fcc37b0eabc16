"""Build the features of one part of the customers: all of them, or those of one partition.

The whole table of a local run is one part. Where there are several, each gives its features and its
counts, and the same build over tables without rows, with the folded counts, says what holds of the
whole: what is refused, which rules the plan has, how many rows were set aside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from dbnchurn.core.errors import ConfigError, DataError, did_you_mean, listed
from dbnchurn.core.progress import stage
from dbnchurn.core.sql import quoted, text_literal
from dbnchurn.data.aggregates import Feature
from dbnchurn.data.contracts import CheckedTable, contract_notes, copy_notes, enforce
from dbnchurn.data.coverage import (
    Coverage,
    refuse_uncovered,
    uncovered,
    unfinished_outcome,
    with_gaps,
)
from dbnchurn.data.described_table import described, has_values, unusable
from dbnchurn.data.join_report import Join, refuse_unmatched, report_joins
from dbnchurn.data.joins import CUTOFF, RESULT, count_gone, hide_from, integrate
from dbnchurn.data.month_contents import dated_ahead, unlike_other_months
from dbnchurn.data.neighbours import hub_notes
from dbnchurn.data.open import open_table, raw_name
from dbnchurn.data.plan import DataPlan, TablePlan, used
from dbnchurn.data.regrouping import Regrouping
from dbnchurn.data.windows import shift
from dbnchurn.tables.chunks import RejectedRow
from dbnchurn.tables.counts import Answer, Counts
from dbnchurn.tables.duckdb import Session

Open = Callable[[Session, str, TablePlan], Sequence[RejectedRow]]
"""Makes the raw rows of a table available, and gives the lines that are no rows."""


@dataclass(frozen=True)
class Task:
    """What is built from the tables of a plan.

    Parameters
    ----------
    plan : DataPlan
    cutoffs : tuple of date
        Empty for tables without dates.
    labelled : bool
        Whether the outcome is known and belongs to the table.
    until : date, optional
        Ignore all rows from this date on.
    allow_stale : str, optional
        The reason why a scoring month is built from tables that do not reach over its windows.
    today : date, optional
        Rows of later days are told.

    Raises
    ------
    ConfigError
        If a cutoff lies inside a month, and a table has a row per month; unless one of the plan's
        own cutoffs does.
    """

    plan: DataPlan
    cutoffs: tuple[date, ...]
    labelled: bool
    until: date | None = None
    allow_stale: str | None = None
    today: date = field(default_factory=date.today)

    def __post_init__(self) -> None:
        """Refuse a cutoff at which the row of its month is neither past nor to come."""
        months = [name for name, table in self.plan.tables.items() if table.rows == "month"]
        windows = self.plan.windows
        if not months or windows is None or any(cutoff.day != 1 for cutoff in windows.cutoffs):
            return
        for cutoff in self.cutoffs:
            if cutoff.day != 1:
                raise ConfigError(
                    f"the cutoff {cutoff} lies inside a month, the tables {listed(months)} have a "
                    "row per month, and the cutoffs of the config are first days of months; give "
                    f"{cutoff.replace(day=1)}, or the first day of the next month"
                )


@dataclass(frozen=True)
class Part:
    """What was built and counted; the features are in the session, see :func:`write_part`.

    Parameters
    ----------
    plan : DataPlan
        With a rule for every column.
    tables : dict of table → CheckedTable
    features : list of Feature
    joins : list of Join
    coverage : Coverage
    notes : tuple of str, default ()
        What was left out of the tables or the features.
    reading : tuple of str, default ()
        What was assumed, converted or left out when the tables were read.
    """

    plan: DataPlan
    tables: dict[str, CheckedTable]
    features: list[Feature]
    joins: list[Join]
    coverage: Coverage = field(default_factory=Coverage)
    notes: tuple[str, ...] = ()
    reading: tuple[str, ...] = ()

    @property
    def categories(self) -> tuple[str, ...]:
        """Features that are categories."""
        return tuple(f.name for f in self.features if f.kind == "category")


@dataclass(frozen=True)
class Whole:
    """What holds of all parts together.

    Parameters
    ----------
    part : Part
        Plan, counts and features, as if all rows had been built at once.
    defined : str
        Digest of the statements by which every part has to have been built.
    schema : Arrow schema
        Of the table of features.
    """

    part: Part
    defined: str
    schema: pa.Schema


def build_part(
    session: Session,
    task: Task,
    quarantine: Path | None,
    open_raw: Open = open_table,
    regrouping: Regrouping | None = None,
) -> Part:
    """Clean and join the tables of a session into its features.

    Parameters
    ----------
    session : Session
        Without tables. Its `counts` say whether its rows are only some.
    task : Task
    quarantine : Path or None
        Folder for rows that break their contract; None to drop them.
    open_raw : function, optional
        By default the sources of the plan are read.
    regrouping : Regrouping, optional
        Where the customers are divided: what the parts give each other.

    Returns
    -------
    Part

    Raises
    ------
    DataError
        If the tables cannot be used.
    Awaited
        If a part has to wait for what others give.
    """
    plan, tables, passed_over = _clean(session, task, quarantine, open_raw)
    if session.counts is not None:
        session.counts.settle()
    try:
        if task.labelled and task.cutoffs:
            plan = with_gaps(session, plan, max(task.cutoffs))
        coverage = Coverage()
        if task.until is None and plan.windows is not None:
            coverage = _cover(session, plan, task)
        with stage("integrate"):
            features = integrate(
                session, plan, task.cutoffs, labelled=task.labelled, regrouping=regrouping
            )
            joins = report_joins(session, plan)
            refuse_unmatched(session, plan, joins)
            notes = (
                *passed_over,
                *hub_notes(session, plan),
                *contract_notes(tables),
                *copy_notes(tables),
                *_ahead(session, plan, task),
            )
    except duckdb.Error as error:
        raise DataError(f"the tables cannot be joined: {error}") from error
    return Part(plan, tables, features, joins, coverage, notes, tuple(session.notes))


def write_part(session: Session, plan: DataPlan, path: Path, rows: str = RESULT) -> None:
    """Write the features of a session as Parquet, in the order of cutoffs and keys.

    Parameters
    ----------
    session : Session
        After :func:`build_part`.
    plan : DataPlan
    path : Path
    rows : str, optional
        SQL of the rows, as it stands behind FROM; by default all.

    Raises
    ------
    DataError
        If they cannot be computed.
    """
    order = f"{CUTOFF}, {quoted(plan.tables[plan.base].key)}"
    try:
        session.run(f"COPY (FROM {rows} ORDER BY {order}) TO {text_literal(path)} (FORMAT parquet)")
    except duckdb.Error as error:
        raise DataError(f"the tables cannot be joined: {error}") from error


def conclude(
    task: Task, kinds: Mapping[str, Mapping[str, str]], known: Mapping[str, Answer]
) -> Whole:
    """What holds of the whole, by the folded counts of all parts: the build without any row.

    Parameters
    ----------
    task : Task
    kinds : mapping of table → mapping of column → SQL type
        Of the raw rows.
    known : mapping of question → Answer
        As :func:`dbnchurn.tables.counts.folded` gives it.

    Returns
    -------
    Whole

    Raises
    ------
    DataError
        If the tables cannot be used, with the numbers of the whole.
    NotCounted
        If a question was not answered by all parts.
    """

    def empty(session: Session, name: str, table: TablePlan) -> list[RejectedRow]:
        columns = ", ".join(f"{quoted(column)} {kind}" for column, kind in kinds[name].items())
        session.run(f"CREATE TABLE {raw_name(name)} ({columns})")
        return []

    counts = Counts(known, alone=True)
    with Session(task.plan.memory, 1, counts=counts) as session:
        part = build_part(session, task, None, empty)
        schema = session.arrow(f"FROM {RESULT}").schema
    return Whole(part, counts.defined, schema)


def _cover(session: Session, plan: DataPlan, task: Task) -> Coverage:
    """What the tables lack for the windows; refused for a scoring month."""
    assert plan.windows is not None
    found: list[str] = []
    gone = 0
    for cutoff in task.cutoffs:
        window = plan.windows.at(cutoff)
        lacking = [*uncovered(session, plan, window), *unlike_other_months(session, plan, window)]
        if not task.labelled and (session.counts is None or session.counts.alone):
            refuse_uncovered(lacking, cutoff, task.allow_stale)
        if task.labelled:
            lacking += unfinished_outcome(session, plan, window)
        gone += count_gone(session, plan, window)
        found += [f"cutoff {cutoff}: {sentence}" for sentence in lacking]
    return Coverage(tuple(found), task.allow_stale, gone)


def _ahead(session: Session, plan: DataPlan, task: Task) -> list[str]:
    """Tables with rows of days that are still to come and lie in no window."""
    if plan.windows is None or task.until is not None:
        return []
    closes = [plan.windows.at(cutoff).closes for cutoff in task.cutoffs]
    return dated_ahead(session, plan, max(shift(task.today, "1 day"), *closes))


def _clean(
    session: Session, task: Task, quarantine: Path | None, open_raw: Open
) -> tuple[DataPlan, dict[str, CheckedTable], list[str]]:
    """Load the clean rows of every table.

    Gives the plan with all rules, the report of the checks, and which columns are passed over.
    """
    plan = task.plan
    checked: dict[str, CheckedTable] = {}
    complete = dict(plan.tables)
    lines: dict[str, Sequence[RejectedRow]] = {}
    derived = [name for name, table in plan.tables.items() if table.query is not None]
    sources = [name for name in plan.tables if name not in derived]
    for name in sources:  # how all are read, before any is: several parts then agree at once
        with stage(f"read {name}"):
            lines[name] = open_raw(session, name, plan.tables[name])
            complete[name] = described(session, name, plan.tables[name])
    notes = _check_columns(session, plan, {name: complete[name] for name in sources})
    for name in sources:
        needed = _needed(plan, name, complete[name])
        checked[name] = _checked(session, task, name, complete[name], needed, lines, quarantine)
    for name in derived:
        with stage(f"read {name}"):
            open_raw(session, name, plan.tables[name])
            complete[name] = described(session, name, plan.tables[name])
        notes += _check_columns(session, plan, {name: complete[name]})
        checked[name] = _checked(session, task, name, complete[name], None, lines, quarantine)
    return plan.model_copy(update={"tables": complete}), checked, notes


def _checked(
    session: Session,
    task: Task,
    name: str,
    table: TablePlan,
    needed: set[str] | None,
    lines: Mapping[str, Sequence[RejectedRow]],
    quarantine: Path | None,
) -> CheckedTable:
    """Make the clean rows of one table."""
    own = table.rows != "lookup" or session.counts is None or session.counts.first
    with stage(f"check {name}"):
        try:
            checked = enforce(
                session,
                name,
                table,
                needed=needed,
                quarantine=quarantine / f"{name}.parquet" if quarantine and own else None,
                rejected=lines.get(name, ()),
            )
        except duckdb.Error as error:
            raise DataError(f"table {name!r} cannot be read: {error}") from error
        if task.until is not None and table.rows in ("month", "event"):
            hide_from(session, name, table, task.until)
    return checked


def _check_columns(session: Session, plan: DataPlan, tables: Mapping[str, TablePlan]) -> list[str]:
    """Refuse tables without the columns that features, label or lookups use: all of them at once.

    Columns with a rule are left to the contract. Gives a sentence for each that is passed over.
    """
    problems, notes = list[str](), list[str]()
    for name, table in tables.items():
        there = session.columns(raw_name(name))
        # Those of neighbours are looked at with the kinds that they have to be of.
        needed = _needed(plan, name, table) - _of_neighbours(plan, name) - {"*"}
        without = {column: kind for column, kind in there.items() if not has_values(kind)}
        if not plan.tables[name].columns:
            notes += [
                f"table {name!r}: {unusable(c, k)}; it is passed over" for c, k in without.items()
            ]
        problems += [
            f"table {name!r}: {unusable(column, without[column])}, and features, label or lookups "
            "use it; take one value out of it beforehand"
            for column in sorted(needed & without.keys())
        ]
        problems += [
            f"table {name!r} has no column {column!r}, which features, label or lookups use: "
            f"{did_you_mean(column, there)}"
            for column in sorted(needed - there.keys() - table.columns.keys())
        ]
    if problems:
        raise DataError("; ".join(problems))
    return notes


def _needed(plan: DataPlan, name: str, table: TablePlan) -> set[str]:
    """Columns that features, label, lookups or queries may use."""
    wanted: set[str] = set()
    if name in plan.features:
        features = plan.features[name]
        wanted = {*used(features.window), *used(features.month)}
        wanted |= set(table.columns if features.values == "all" else features.values)
    if plan.label is not None and plan.label.table == name and plan.label.column is not None:
        wanted.add(plan.label.column)
    wanted |= _of_neighbours(plan, name)
    if any(_mentions(other.query, name) for other in plan.tables.values()):
        wanted |= set(table.columns)
    throughs = [t.through for t in plan.tables.values() if t.through is not None]
    return wanted | {t.column for t in throughs if t.table == name}


def _of_neighbours(plan: DataPlan, name: str) -> set[str]:
    """Columns of a table that features of neighbours use."""
    wanted: set[str] = set()
    for of, neighbours in plan.neighbours.items():
        wanted |= set(neighbours.usage.get(name, ()))
        if of == name:
            wanted |= {neighbours.to, *([neighbours.weight] if neighbours.weight else [])}
    return wanted


def _mentions(query: str | None, name: str) -> bool:
    """Whether a query holds the name of a table, in which case it may use any of its columns."""
    return query is not None and name.casefold() in query.casefold()


def with_sources(plan: DataPlan, sources: DataPlan) -> DataPlan:
    """A plan whose tables have the sources of another.

    Parameters
    ----------
    plan : DataPlan
    sources : DataPlan
        With the same tables.

    Returns
    -------
    DataPlan
    """
    names = ("path", "query", "postgres", "table")
    tables = {
        name: table.model_copy(update={n: getattr(sources.tables[name], n) for n in names})
        for name, table in plan.tables.items()
    }
    return plan.model_copy(update={"tables": tables})
