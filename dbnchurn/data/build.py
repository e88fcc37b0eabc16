"""Build the table of features that a plan describes: open, check, join and write the tables."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.core.files import atomic_folder
from dbnchurn.core.places import check_places
from dbnchurn.core.sql import text_literal
from dbnchurn.data.contracts import CheckedTable
from dbnchurn.data.coverage import Coverage, check_reason
from dbnchurn.data.draw import Draw, DrawRule
from dbnchurn.data.join_report import Join
from dbnchurn.data.joins import CUTOFF, LABEL
from dbnchurn.data.part import Part, Task, build_part, write_part
from dbnchurn.data.plan import DataPlan
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
    notes : tuple of str, default ()
        What was left out of the features.
    draw : Draw, optional
        Where ``features.parquet`` holds drawn customers alone.
    reading : tuple of str, default ()
        What was assumed, converted or left out when the tables were read.

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
    notes: tuple[str, ...] = ()
    draw: Draw | None = None
    reading: tuple[str, ...] = ()

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
    task = Task(plan, tuple(cutoffs), labelled, until, allow_stale)
    with (
        atomic_folder(folder) as unfinished,
        Session(plan.memory, n_threads, _reach(plan, unfinished) if closed else None) as session,
    ):
        part = build_part(session, task, unfinished / QUARANTINE)
        for sentence in (*(part.coverage.uncovered if labelled else ()), *part.notes):
            log.warning("%s", sentence)
        write_part(session, part.plan, unfinished / FEATURES)
        built = finished(unfinished, part, labelled=labelled)
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


def finished(folder: Path, part: Part, *, labelled: bool) -> Built:
    """The built table of a folder that holds the features.

    Parameters
    ----------
    folder : Path
    part : Part
        What was built, and counted over all rows.
    labelled : bool
        False for a scoring month, beside which ``coverage.json`` is written.

    Returns
    -------
    Built
    """
    if not labelled:
        told = json.dumps(asdict(part.coverage), indent=1, ensure_ascii=False)
        (folder / COVERAGE).write_text(told + "\n", encoding="utf-8")
    return Built(
        folder,
        part.plan,
        part.tables,
        part.joins,
        part.categories,
        part.coverage,
        part.notes,
        reading=part.reading,
    )


def draw_customers(built: Built, rule: DrawRule) -> Built:
    """Leave the rows of drawn customers alone in a built table, if it has more than a rule allows.

    Parameters
    ----------
    built : Built
        With labels; its file is replaced.
    rule : DrawRule

    Returns
    -------
    Built
        `built` itself where it has no more rows.

    Raises
    ------
    DataError
        If nobody who left, or nobody who stayed, would be drawn.
    """
    if built.rows <= rule.most_rows:
        return built
    key = built.plan.tables[built.plan.base].key
    relation = f"read_parquet({text_literal(built.features)})"
    drawn = built.features.with_name(f"drawn_{FEATURES}")
    with Session(built.plan.memory, n_threads=1) as session:
        draw = Draw.of(rule.slot_counts(session, relation, key), rule)
        write_part(session, built.plan, drawn, f"({rule.drawn_rows(relation, key, draw)})")
    drawn.replace(built.features)
    return replace(built, draw=draw)


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
    notes = (*built.coverage.uncovered, *built.reading, *built.notes)
    if built.draw is not None:
        notes = (built.draw.sentence, *notes)
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
