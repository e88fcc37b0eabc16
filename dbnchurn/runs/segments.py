"""One search for segments: config in; list, page, candidates and sweeps out, in one folder."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dbnchurn.config import build, dump
from dbnchurn.core.errors import DataError, did_you_mean
from dbnchurn.core.files import atomic_folder
from dbnchurn.core.progress import stage
from dbnchurn.core.spreadsheet_text import csv_text
from dbnchurn.runs.folder import free_folder, open_output
from dbnchurn.runs.segments_config import SegmentColumnsSection, SegmentsConfig
from dbnchurn.segments.files import load, save
from dbnchurn.segments.page import headline
from dbnchurn.tables.empty_rows import rows_without_customer
from dbnchurn.tables.keys import refuse_exponents
from dbnchurn.tables.label import LabelMeaning, read_label
from dbnchurn.tables.label_question import Question
from dbnchurn.tables.schema import Schema, text
from dbnchurn.tables.unused_columns import say, unused_columns

if TYPE_CHECKING:
    from dbnchurn.segments.miner import SegmentMiner

log = logging.getLogger(__name__)
SWEPT = {"bins": "intervals per column", "min_count": "minimum count"}
ANSWERS = Question(asked="said yes", leaving=False, scores="; for scores set miner.threshold")


@dataclass(frozen=True, eq=False)
class SegmentsTable:
    """The table of a search.

    Parameters
    ----------
    X : DataFrame of n rows
        Columns that may describe segments, and the date if there is one.
    y : Series of n rows
        Answers or scores.
    meaning : LabelMeaning or None
        Which answers mean yes; None for scores.
    ids : Series of n rows, or None
        Names of the customers.
    formats : mapping of column → format
        How numbers and dates were written in the file.
    """

    X: pd.DataFrame
    y: pd.Series[Any]
    meaning: LabelMeaning | None
    ids: pd.Series[Any] | None
    formats: Mapping[str, str]


def run(
    config: SegmentsConfig, name: str = "segments", *, raw_text: bool = False, mkdir: bool = False
) -> Path:
    """Find segments as `config` says.

    Parameters
    ----------
    config : SegmentsConfig
    name : str, default "segments"
        Name of the run folder; a number is added if there is one of that name.
    raw_text : bool, default False
        Leave texts of CSV files as they are; by default those that a spreadsheet would compute
        have an apostrophe in front.
    mkdir : bool, default False
        Whether the folders above the output are made if they do not exist.

    Returns
    -------
    Path
        Folder with ``segments.csv``, ``.json``, ``.sql``, ``.md`` and ``.html``,
        ``candidates.csv``, ``config.yaml`` and, where settings are swept, ``sweeps.csv`` and a
        picture of each. It appears when all of it is written.

    Raises
    ------
    DataError, ConfigError
        If the table or the config cannot be used.
    """
    open_output(config.output, [config.source.path], mkdir=mkdir)
    with stage("read"):
        table = load_table(config)
    miner = _miner(config, table)
    with stage("mine"), warnings.catch_warnings(record=True) as caught:
        miner.fit(table.X, table.y, groups=_groups(config, table))
    segments = replace(miner.segments_, missing=config.source.missing)
    if (note := segments.majority_note()) is not None:
        log.warning("%s", note)
    for warning in caught:
        log.warning("%s", warning.message)
    say(f"column {name!r} is left out: {reason}" for name, reason in miner.skipped_.items())
    if config.columns.drop:
        say(unused_columns(Schema(()), dropped=config.columns.drop))
    if config.columns.date is not None and table.ids is not None:
        _warn_of_shared_customers(miner, table.ids)
    folder = free_folder(config.output, name)
    with atomic_folder(folder) as unfinished:
        save(segments, unfinished, raw_text=raw_text)
        candidates = csv_text(miner.candidates_, raw_text=raw_text)
        (unfinished / "candidates.csv").write_text(candidates, encoding="utf-8")
        (unfinished / "config.yaml").write_text(dump(config), encoding="utf-8")
        if config.sweeps:
            write_sweeps(config, table, segments.base["report"].value, unfinished)
    return folder


def load_table(config: SegmentsConfig) -> SegmentsTable:
    """Read the table of a search and sort its columns.

    Raises
    ------
    DataError
        If the table cannot be read or lacks a column.
    """
    columns = config.columns
    loaded = config.source.load(
        id=columns.id,
        label=None if config.miner.threshold is not None else columns.label,
        kinds=columns.kinds,
        drop=columns.drop,
    )
    for note in loaded.notes:
        log.warning("%s", note)
    if loaded.rejected:
        first = loaded.rejected[0]
        log.warning(
            "%d lines cannot be read and are left out, the first is row %d: %s",
            len(loaded.rejected), first.row, first.reason,
        )  # fmt: skip
    frame, formats = loaded.frame, {**config.source.formats, **loaded.formats}
    named = [columns.label, *columns.drop]
    named += [name for name in (columns.id, columns.date) if name is not None]
    for name in named:
        _require(name, frame)
    frame = _without_totals(frame, columns)
    X = frame.drop(columns=named)
    for name in config.sweeps.columns if config.sweeps else ():
        _require(name, X)  # now, not after the search
    y = frame[columns.label]
    return SegmentsTable(
        X if columns.date is None else X.assign(**{columns.date: frame[columns.date]}),
        y,
        None if config.miner.threshold is not None else _meaning(y, columns),
        None if columns.id is None else frame[columns.id],
        {name: form for name, form in formats.items() if name in (*X, columns.date)},
    )


def _without_totals(frame: pd.DataFrame, columns: SegmentColumnsSection) -> pd.DataFrame:
    """The rows that are customers; how many others there are is said."""
    special = {columns.label, columns.id, columns.date, *columns.drop}
    features = frame[[name for name in frame if name not in special]]
    if columns.id is not None:
        refuse_exponents(frame[columns.id])
    found = rows_without_customer(None if columns.id is None else frame[columns.id], features)
    say(f"{rows.sum()} rows are set aside: {why}" for why, rows in found.items() if rows.any())
    others = np.logical_or.reduce([*found.values()])
    return frame[~others] if others.any() else frame


def _require(name: str, frame: pd.DataFrame) -> None:
    if name not in frame.columns:
        raise DataError(f"the table has no column {name!r}: {did_you_mean(name, frame.columns)}")


def _meaning(answers: pd.Series[Any], columns: SegmentColumnsSection) -> LabelMeaning:
    """Which of the answers mean yes, of the rows that have one."""
    known = answers[text(answers).notna()]
    meaning, _ = read_label(
        known,
        positive=columns.positive,
        negative=columns.negative,
        column=columns.label,
        question=ANSWERS,
    )
    return meaning


def _miner(config: SegmentsConfig, table: SegmentsTable) -> SegmentMiner:
    from dbnchurn.segments.miner import SegmentMiner  # now that the table is found to be good

    return build(
        config.miner,
        SegmentMiner,
        positive=None if table.meaning is None else table.meaning.positive,
        negative=None if table.meaning is None else table.meaning.negative,
        date=config.columns.date,
        kinds=dict(config.columns.kinds) or None,
        formats=dict(table.formats) or None,
        random_state=config.seed,
    )


def _groups(config: SegmentsConfig, table: SegmentsTable) -> pd.Series[Any] | None:
    """Customers whose rows stay in one part; None if parts are divided by time or all ids differ.

    Without groups, every part has the same rate of yeses.
    """
    by_time = config.columns.date is not None
    return None if by_time or table.ids is None or table.ids.is_unique else table.ids


def _warn_of_shared_customers(miner: SegmentMiner, ids: pd.Series[Any]) -> None:
    """Log how many customers of the report's part were mined or selected on at other dates."""
    parts = miner.parts_
    earlier = ids.iloc[np.concatenate([parts.mine, parts.select])]
    report = ids.iloc[parts.report].unique()
    if shared := int(np.isin(report, earlier.unique()).sum()):
        log.warning(
            "%d of the %d customers in the part to report from are in earlier parts too",
            shared,
            len(report),
        )


def write_sweeps(config: SegmentsConfig, table: SegmentsTable, base: float, folder: Path) -> None:
    """Write ``sweeps.csv`` and a picture of every setting that is swept.

    Parameters
    ----------
    config : SegmentsConfig
        With ``sweeps``.
    table : SegmentsTable
    base : float
        Rate of yeses among all customers.
    folder : Path
    """
    from dbnchurn.segments.pictures import sweep_png
    from dbnchurn.segments.sweep import as_table, sweep

    sweeps, tables = config.sweeps, []
    if sweeps is None:
        return
    X = table.X
    if sweeps.columns:
        dates = [] if config.columns.date is None else [config.columns.date]
        X = X[[*sweeps.columns, *dates]]
    miner = _miner(config, table).set_params(mode=sweeps.mode)
    for parameter, axis in SWEPT.items():
        values = getattr(sweeps, parameter)
        if not values:
            continue
        with stage(f"sweep {parameter}"):
            points = sweep(
                X, table.y, miner=miner, parameter=parameter, values=values, repeats=sweeps.repeats
            )
        drawn = sweep_png(points, axis, miner.n_segments, base)
        (folder / f"sweep_{parameter}.png").write_bytes(drawn)
        tables.append(as_table(points).assign(parameter=parameter))
    if tables:
        (folder / "sweeps.csv").write_text(csv_text(pd.concat(tables)), encoding="utf-8")


def summary(folder: Path) -> str:
    """The result of a search as text: the list, its totals, and the means of the sweeps.

    Parameters
    ----------
    folder : Path
        What :func:`run` returned.

    Returns
    -------
    str
    """
    segments = load(folder)
    table = segments.table()
    rates = ["rate", "low", "high", "mined_rate", "reach", "cumulative_share", "cumulative_rate"]
    paragraphs = [
        table[["words", "customers"]].join((100 * table[rates]).round(1)).to_string(index=False)
        if len(table)
        else "",
        "\n".join(headline(segments)),
        segments.chance.summary_text(segments.outcome, segments.base["report"].value)
        if segments.chance
        else "",
        _sweep_means(folder / "sweeps.csv"),
        f"page: {folder / 'segments.html'}",
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _sweep_means(path: Path) -> str:
    if not path.exists():
        return ""
    by = pd.read_csv(path).groupby(["parameter", "setting", "shuffled"])
    means = 100 * by[["mined", "fresh", "customers"]].mean()
    return f"Best patterns together, in percent:\n{means.round(1).to_string()}"
