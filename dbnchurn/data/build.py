"""Build the table of features that a plan describes: open, check, join and write the tables."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.core.files import atomic_folder
from dbnchurn.core.places import check_places
from dbnchurn.core.progress import stage
from dbnchurn.core.sql import quoted, text_literal
from dbnchurn.data.contracts import CheckedTable, described, enforce
from dbnchurn.data.coverage import Coverage, check_reason, refuse_uncovered, uncovered, with_gaps
from dbnchurn.data.joins import (
    CUTOFF,
    LABEL,
    RESULT,
    Join,
    count_gone,
    hide_from,
    integrate,
    report_joins,
)
from dbnchurn.data.open import open_table
from dbnchurn.data.plan import DataPlan, TablePlan, used
from dbnchurn.tables.contract import Customers
from dbnchurn.tables.duckdb import Reach, Session
from dbnchurn.tables.files import find_files

log = logging.getLogger(__name__)
FEATURES, QUARANTINE, COVERAGE = "features.parquet", "quarantine", "coverage.json"


@dataclass(frozen=True)
class Built:
    """A table of features on disk, and the report of how it was built.

    A scoring month has ``coverage.json`` beside it, with what `coverage` holds.

    Parameters
    ----------
    folder : Path
        Holds ``features.parquet`` and, if rows broke their contract, ``quarantine/``.
    plan : DataPlan
        With a rule for every column, also for those whose kind was inferred.
    tables : dict of table → CheckedTable
        Rows kept and quarantined.
    joins : list of Join
    categories : tuple of str
        Features that are categories.
    coverage : Coverage, optional
        What the tables lack for the windows, and how many customers count as gone.

    Examples
    --------
    >>> plan = DataPlan(tables={"bills": {"path": "bills.csv", "key": "id"}}, base="bills")
    >>> Built(Path("prepared"), plan, {}, [], ("plan",)).features.name
    'features.parquet'
    """

    folder: Path
    plan: DataPlan
    tables: dict[str, CheckedTable]
    joins: list[Join]
    categories: tuple[str, ...]
    coverage: Coverage = field(default_factory=Coverage)

    @property
    def features(self) -> Path:
        """The Parquet file with the table."""
        return self.folder / FEATURES

    @property
    def rows(self) -> int:
        """Number of rows of the table."""
        return int(pq.read_metadata(self.features).num_rows)


def build(
    plan: DataPlan,
    folder: str | Path,
    *,
    cutoffs: Sequence[date] | None = None,
    labelled: bool = True,
    until: date | None = None,
    n_threads: int | None = None,
    allow_stale: str | None = None,
    mkdir: bool = False,
    closed: bool = False,
    finish: Callable[[Built], None] | None = None,
) -> Built:
    """Build the table of features that a plan describes.

    The tables of a scoring month have to reach over its windows; where they do not in training,
    that is logged.

    Parameters
    ----------
    plan : DataPlan
    folder : path
        New folder; it appears when it is whole. What is above it has to exist.
    cutoffs : sequence of date, optional
        By default those of the plan.
    labelled : bool, default True
        False for a scoring month, whose outcome is not known yet.
    until : date, optional
        Ignore all rows from this date on.
    n_threads : int, optional
        By default the number that DuckDB chooses.
    allow_stale : str, optional
        The reason why a scoring month is built from tables that do not reach over its windows.
    mkdir : bool, default False
        Make the folder above `folder` if it is not there.
    closed : bool, default False
        No statement may touch other files than those of the plan's paths and the new folder. For
        a plan that another party may have written; a table that is a query cannot be read so.
    finish : function of a Built, optional
        Called before the folder appears, with what is built in the unfinished one; may add files.

    Returns
    -------
    Built

    Raises
    ------
    DataError
        If a source or its contents cannot be used, or the tables do not reach over the windows of
        a scoring month.
    ConfigError
        If the folder exists, or the one above it does not, or the plan has no label and `labelled`
        is true.
    """
    folder = Path(folder)
    if folder.exists():
        raise ConfigError(f"{folder} exists already; name a new folder")
    if labelled and plan.label is None:
        raise ConfigError("the data need a 'label' to train with")
    check_reason(allow_stale)
    check_places({"output": folder}, {"tables": places(plan)}, mkdir=mkdir)
    if cutoffs is None:
        cutoffs = plan.windows.cutoffs if plan.windows else []
    with (
        atomic_folder(folder) as unfinished,
        Session(plan.memory, n_threads, _reach(plan, unfinished) if closed else None) as session,
    ):
        plan, tables = _clean(session, plan, unfinished / QUARANTINE, until)
        try:
            if labelled and cutoffs:
                plan = with_gaps(session, plan, max(cutoffs))
            coverage = Coverage()
            if until is None and plan.windows is not None:
                coverage = _cover(session, plan, cutoffs, labelled, allow_stale)
            with stage("integrate"):
                features = integrate(session, plan, cutoffs, labelled=labelled)
                joins = report_joins(session, plan)
                _write(session, plan, unfinished / FEATURES)
            if not labelled:
                told = json.dumps(asdict(coverage), indent=1, ensure_ascii=False)
                (unfinished / COVERAGE).write_text(told + "\n", encoding="utf-8")
        except duckdb.Error as error:
            raise DataError(f"the tables cannot be joined: {error}") from error
        categories = tuple(f.name for f in features if f.kind == "category")
        built = Built(unfinished, plan, tables, joins, categories, coverage)
        if finish is not None:
            finish(built)
    return replace(built, folder=folder)


def places(plan: DataPlan) -> list[str]:
    """Files, folders and patterns that the tables of a plan are read from."""
    return [table.path for table in plan.tables.values() if table.path is not None]


def _reach(plan: DataPlan, folder: Path) -> Reach:
    """The files of the paths of a plan, and the new folder."""
    files = [
        file
        for name, table in plan.tables.items()
        if table.path is not None
        for file in find_files(table.path, name)
    ]
    return Reach(tuple(files), (folder,))


def _cover(
    session: Session,
    plan: DataPlan,
    cutoffs: Sequence[date],
    labelled: bool,
    allow_stale: str | None,
) -> Coverage:
    """What the tables lack for the windows; refused for a scoring month, logged for a training."""
    assert plan.windows is not None
    found: list[str] = []
    gone = 0
    for cutoff in cutoffs:
        window = plan.windows.at(cutoff)
        lacking = uncovered(session, plan, window)
        if not labelled:
            refuse_uncovered(lacking, cutoff, allow_stale)
        gone += count_gone(session, plan, window)
        found += [f"cutoff {cutoff}: {sentence}" for sentence in lacking]
    coverage = Coverage(tuple(found), allow_stale, gone)
    for sentence in coverage.uncovered if labelled else ():
        log.warning("%s", sentence)
    return coverage


def _clean(
    session: Session, plan: DataPlan, quarantine: Path, until: date | None
) -> tuple[DataPlan, dict[str, CheckedTable]]:
    """Load the clean rows of every table; the plan with all rules, and the report of the checks."""
    checked: dict[str, CheckedTable] = {}
    complete = dict(plan.tables)
    derived = [name for name, table in plan.tables.items() if table.query is not None]
    for name in sorted(plan.tables, key=lambda name: name in derived):
        table = plan.tables[name]
        with stage(f"read {name}"):
            lines = open_table(session, name, table)
            complete[name] = described(session, name, table)
            needed = None if derived else _needed(plan, name, complete[name])
            try:
                checked[name] = enforce(
                    session,
                    name,
                    complete[name],
                    needed=needed,
                    quarantine=quarantine / f"{name}.parquet",
                    rejected=lines,
                )
            except duckdb.Error as error:
                raise DataError(f"table {name!r} cannot be read: {error}") from error
            if until is not None and complete[name].rows in ("month", "event"):
                hide_from(session, name, complete[name], until)
    return plan.model_copy(update={"tables": complete}), checked


def _needed(plan: DataPlan, name: str, table: TablePlan) -> set[str]:
    """Columns that features, label or lookups use."""
    wanted: set[str] = set()
    if name in plan.features:
        features = plan.features[name]
        wanted = {*used(features.window), *used(features.month)}
        wanted |= set(table.columns if features.values == "all" else features.values)
    if plan.label is not None and plan.label.table == name and plan.label.column is not None:
        wanted.add(plan.label.column)
    throughs = [t.through for t in plan.tables.values() if t.through is not None]
    return wanted | {t.column for t in throughs if t.table == name}


def _write(session: Session, plan: DataPlan, path: Path) -> None:
    order = f"{CUTOFF}, {quoted(plan.tables[plan.base].key)}"
    session.run(f"COPY (FROM {RESULT} ORDER BY {order}) TO {text_literal(path)} (FORMAT parquet)")


def load(built: Built) -> Customers:
    """The built table as customers with labels; rows without a label go to quarantine.

    Raises
    ------
    DataError
        If all labels are the same.
    """
    categories = [*built.categories]
    frame = pq.read_table(built.features, read_dictionary=categories).to_pandas()
    key = built.plan.tables[built.plan.base].key
    notes = built.coverage.uncovered
    known = frame[LABEL].notna()
    quarantine = frame.loc[~known, [key, CUTOFF]].assign(reason="the outcome is not known")
    if not known.all():
        frame = frame[known].reset_index(drop=True)
    y = frame.pop(LABEL).to_numpy(np.int64)
    if len(classes := np.unique(y)) < 2:
        who = "nobody" if not classes.any() else "everybody"
        raise DataError(
            f"{who} of {len(y)} customers left within the outcome window; both those who left and "
            "those who stayed are needed: check label and windows"
        )
    ids = frame.pop(key).to_numpy()
    cutoffs = pd.to_datetime(frame.pop(CUTOFF)).to_numpy("datetime64[ns]")
    windows = built.plan.windows
    if windows is None:
        return Customers(ids, frame, y, None, quarantine, key, notes=notes)
    days, place = np.unique(cutoffs, return_inverse=True)
    closes = [windows.at(day.astype("datetime64[D]").item()).closes for day in days]
    closed = np.array(closes, "datetime64[ns]")[place]
    return Customers(ids, frame, y, cutoffs, quarantine, key, closed, notes)
