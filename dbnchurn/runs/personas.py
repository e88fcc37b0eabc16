"""One search for personas: config in; record, page, table and assignments out, in one folder."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.config import build, dump
from dbnchurn.core.errors import DataError, did_you_mean
from dbnchurn.core.files import atomic_folder
from dbnchurn.core.progress import stage
from dbnchurn.core.spreadsheet_text import csv_text
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.personas.customer_ids import refuse_ids, totals_text
from dbnchurn.personas.differences import PersonaFigures, figures_of
from dbnchurn.personas.files import load, save
from dbnchurn.runs.folder import free_folder, open_output
from dbnchurn.runs.personas_config import PersonaColumnsSection, PersonasConfig
from dbnchurn.tables.empty_rows import total_rows
from dbnchurn.tables.keys import refuse_exponents
from dbnchurn.tables.label import read_label
from dbnchurn.tables.label_question import Question
from dbnchurn.tables.schema import text
from dbnchurn.tables.unused_columns import say

log = logging.getLogger(__name__)
PAGE, TABLE, ASSIGNED, RECORD = "personas.html", "personas.csv", "assigned.csv", "personas"


@dataclass(frozen=True, eq=False)
class PersonasTable:
    """The table of a search.

    Parameters
    ----------
    X : DataFrame of n rows
        Columns that make personas.
    ids : Series of n rows, or None
    left : int array of shape (n,), or None
        1 for those who left, 0 for those who stayed, -1 where it is not known.
    value : float array of shape (n,), or None
        NaN where it is not known.
    formats : mapping of column → format
        How numbers and dates were written in the file.
    notes : list of str
        What was converted or left out when the file was read.
    """

    X: pd.DataFrame
    ids: pd.Series[Any] | None
    left: Ints | None
    value: Floats | None
    formats: Mapping[str, str]
    notes: list[str]


def run(
    config: PersonasConfig, name: str = "personas", *, raw_text: bool = False, mkdir: bool = False
) -> Path:
    """Find personas as `config` says.

    Parameters
    ----------
    config : PersonasConfig
    name : str, default "personas"
        Name of the run folder; a number is added if there is one of that name.
    raw_text : bool, default False
        Leave texts of CSV files as they are; by default those that a spreadsheet would compute
        have an apostrophe in front.
    mkdir : bool, default False
        Whether the folders above the output are made if they do not exist.

    Returns
    -------
    Path
        Folder with ``personas.html``, ``personas.csv``, ``assigned.csv`` (one row a customer),
        the folder ``personas`` that ``dbnchurn assign`` takes, and ``config.yaml``.

    Raises
    ------
    DataError, ConfigError
        If the table or the config cannot be used.
    """
    open_output(config.output, [config.source.path], mkdir=mkdir)
    with stage("read"):
        table = load_personas_table(config)
    # Imported now that the table is found to be good.
    from dbnchurn.personas.page import personas_page
    from dbnchurn.personas.personas import Personas, PersonaWarning

    estimator = build(
        config.personas,
        Personas,
        kinds=dict(config.columns.kinds) or None,
        formats=dict(table.formats) or None,
        random_state=config.seed,
    )
    with stage("find"), warnings.catch_warnings():
        warnings.simplefilter("ignore", PersonaWarning)
        estimator.fit(table.X, table.left)
    record = replace(estimator.record_, id=config.columns.id, missing=tuple(config.source.missing))
    for sentence in record.warnings():
        log.warning("%s", sentence)
    notes = table.notes + [
        f"column {n!r} is left out: {why}" for n, why in estimator.skipped_.items()
    ]
    if config.columns.drop:
        notes.append(f"dropped by the config: {', '.join(config.columns.drop)}")
    if config.columns.private:
        notes.append(f"private, and in no output: {', '.join(config.columns.private)}")
    say(notes)
    figures = figures_of(estimator.labels_, record.names, table.left, table.value)
    assigned = estimator.labels_.to_frame()
    if table.ids is not None:
        assigned.insert(0, str(table.ids.name), table.ids)
    page = personas_page(
        record,
        figures,
        source=config.source.name,
        value_name=config.columns.value,
        notes=notes,
    )
    folder = free_folder(config.output, name)
    with atomic_folder(folder) as unfinished:
        save(record, unfinished / RECORD)
        (unfinished / PAGE).write_text(page, encoding="utf-8")
        found = csv_text(_with_figures(record.table(), figures), raw_text=raw_text)
        (unfinished / TABLE).write_text(found, encoding="utf-8")
        (unfinished / ASSIGNED).write_text(csv_text(assigned, raw_text=raw_text), encoding="utf-8")
        (unfinished / "config.yaml").write_text(dump(config), encoding="utf-8")
    return folder


def load_personas_table(config: PersonasConfig) -> PersonasTable:
    """Read the table of a search and sort its columns.

    Raises
    ------
    DataError
        If the table cannot be read, lacks a column, or repeats an id.
    """
    columns = config.columns
    loaded = config.source.load(
        id=columns.id, label=columns.label, kinds=columns.kinds, drop=columns.unused
    )
    private = [f"column {name!r}" for name in columns.private]
    frame = loaded.frame
    notes = [note for note in loaded.notes if not any(name in note for name in private)]
    if loaded.rejected:
        first = loaded.rejected[0]
        notes.append(
            f"{len(loaded.rejected)} lines cannot be read and are left out, the first is row "
            f"{first.row}: {first.reason}"
        )
    named = [n for n in (columns.id, columns.label, columns.value) if n is not None]
    named += columns.unused
    for name in named:
        if name not in frame.columns:
            raise DataError(
                f"the table has no column {name!r}: {did_you_mean(name, frame.columns)}"
            )
    ids = None
    if columns.id is not None:
        frame, said = _customers(frame, columns.id)
        notes += said
        ids = frame[columns.id]
    X = frame.drop(columns=list(dict.fromkeys(named)))
    formats = {**config.source.formats, **loaded.formats}
    return PersonasTable(
        X,
        ids,
        _left(frame, columns),
        _value(frame, columns.value),
        {name: form for name, form in formats.items() if name in X},
        notes,
    )


def _customers(frame: pd.DataFrame, id: str) -> tuple[pd.DataFrame, list[str]]:
    """The rows that are customers, each named once; what is set aside is said."""
    refuse_exponents(frame[id])
    totals = total_rows(frame[id], frame.drop(columns=id))
    said = [totals_text(int(totals.sum()))] if totals.any() else []
    frame = frame[~totals].reset_index(drop=True) if totals.any() else frame
    refuse_ids(text(frame[id]), id, "the table")
    return frame, said


def _left(frame: pd.DataFrame, columns: PersonaColumnsSection) -> Ints | None:
    if columns.label is None:
        return None
    answers = frame[columns.label]
    known = np.asarray(text(answers).notna())
    left = np.full(len(frame), -1, np.int64)
    _, left[known] = read_label(
        answers[known],
        positive=columns.positive,
        negative=columns.negative,
        column=columns.label,
        question=Question(),
    )
    return left


def _value(frame: pd.DataFrame, name: str | None) -> Floats | None:
    if name is None:
        return None
    values = frame[name]
    if not pd.api.types.is_numeric_dtype(values.dtype):
        raise DataError(f"column {name!r} is the value of a customer and has to hold numbers")
    return values.to_numpy(np.float64, na_value=np.nan)


def _with_figures(table: pd.DataFrame, figures: Sequence[PersonaFigures]) -> pd.DataFrame:
    """The table of personas with customers, churn and value, and everyone in the last row."""
    rows = []
    for found in figures:
        row: dict[str, Any] = {"persona": found.name, "customers": found.customers}
        for key, figure in (("churn", found.churn), ("value", found.value)):
            if figure is not None:
                row |= {key: figure.value, f"{key}_low": figure.low, f"{key}_high": figure.high}
        rows.append(row)
    return pd.DataFrame(rows).merge(table, on="persona", how="left")


def summary(folder: Path) -> str:
    """The result of a search as text.

    Parameters
    ----------
    folder : Path
        What :func:`run` returned.

    Returns
    -------
    str
    """
    record = load(folder)
    lines = [
        f"{persona.name}  {100 * persona.share:5.1f} %  {persona.words}"
        for persona in record.personas
    ]
    lines.append(
        f"\nfound again on customers drawn anew: {record.stability.ari:.2f} (adjusted Rand index); "
        f"a small tree reproduces {100 * record.tree_agreement:.0f} %"
    )
    return "\n".join([*lines, *record.warnings(), "", f"page: {folder / PAGE}"])
