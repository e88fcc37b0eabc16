"""A scoring job whose scores come with their reasons, and a look at the highest of them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dbnchurn.core.errors import ConfigError
from dbnchurn.scoring.job import CHUNK, score_file
from dbnchurn.scoring.outputs import Job
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.writing import relation_of

MEMORY = "400MB"


def explain_file(
    model: str | Path,
    table: str | Path,
    output: str | Path,
    *,
    top: int = 3,
    id: str | None = None,
    chunk_rows: int = CHUNK,
    n_threads: int = 1,
) -> Job:
    """Score every customer of a table of any size and tell why.

    The job of :func:`~dbnchurn.scoring.job.score_file` with `top` reasons: streamed, restartable,
    rows that cannot be read set aside.

    Parameters
    ----------
    model, table, output, id, chunk_rows, n_threads
        As in :func:`~dbnchurn.scoring.job.score_file`; `table` is a file, a folder or a pattern.
    top : int, default 3
        Reasons per customer, at least 1.

    Returns
    -------
    job : Job
        The scores have the columns of :meth:`dbnchurn.predictor.predictor.Predictor.reasons`.

    Raises
    ------
    ArtifactError, DataError, ConfigError
        If model, table or output cannot be used, or `top` is less than 1.
    """
    if top < 1:
        raise ConfigError(f"the number of reasons has to be a whole number from 1 on, got {top}")
    return score_file(
        model, table, output, id=id, reasons=top, chunk_rows=chunk_rows, n_threads=n_threads
    )


def highest(scores: Path, count: int) -> pd.DataFrame:
    """The customers with the highest probabilities, best first; the others stay on disk.

    Parameters
    ----------
    scores : path
        What a scoring job wrote.
    count : int

    Returns
    -------
    DataFrame of at most `count` rows
        Columns as they were written; ids of a CSV file are text.
    """
    with Session(MEMORY, n_threads=1) as session:
        found: pd.DataFrame = session.connection.execute(
            f"SELECT * FROM {relation_of([scores])} "
            f"ORDER BY CAST(probability AS DOUBLE) DESC, id LIMIT {count}"
        ).df()
    numbers = [n for n in map(str, found) if n == "probability" or n.startswith("contribution_")]
    return found.astype(dict.fromkeys(numbers, float))
