"""A table of customers in, their scores with reasons out."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from dbnchurn.data.sources import read_table
from dbnchurn.errors import ConfigError, DataError, did_you_mean, listed
from dbnchurn.predictor.predictor import Predictor

WRITERS: dict[str, Callable[[pd.DataFrame, Path], Any]] = {
    ".csv": lambda frame, path: frame.to_csv(path, index=False),
    ".parquet": lambda frame, path: frame.to_parquet(path, index=False),
}


def explain_file(
    model: str | Path, table: str | Path, output: str | Path, *, top: int = 3, id: str | None = None
) -> pd.DataFrame:
    """Score every customer of a file and tell why.

    Parameters
    ----------
    model : path
        Model folder.
    table : path
        CSV or Parquet file.
    output : path
        ``.csv`` or ``.parquet``; written under another name and renamed.
    top : int, default 3
        Reasons per customer.
    id : str, optional
        Column that names the customer; by default the one that was named in training, if the
        table has it, and otherwise rows are numbered.

    Returns
    -------
    DataFrame
        ``id``, ``probability``, and the columns of
        :meth:`dbnchurn.predictor.predictor.Predictor.reasons`.

    Raises
    ------
    ArtifactError, DataError, ConfigError
        If model, table or output cannot be used.
    """
    output = Path(output)
    writer = WRITERS.get(output.suffix.lower())
    if writer is None:
        raise ConfigError(f"{output}: reasons are written as one of {listed(WRITERS)}")
    predictor = Predictor.load(model)
    frame = read_table(table).reset_index(drop=True)
    trained_id = predictor.about.get("id")
    if id is None and trained_id in frame.columns:
        id = trained_id
    if id is not None and id not in frame.columns:
        raise DataError(f"{table}: no id column {id!r}: {did_you_mean(id, frame.columns)}")
    reasons = predictor.reasons(frame, top)
    reasons.insert(0, "id", frame.index if id is None else frame[id])
    reasons.insert(1, "probability", predictor.predict_proba(frame)[:, 1])
    _write(reasons, output, writer)
    return reasons


def _write(frame: pd.DataFrame, output: Path, writer: Callable[[pd.DataFrame, Path], Any]) -> None:
    """Write whole or not at all."""
    aside = output.with_name(f".{uuid.uuid4().hex[:8]}{output.name}")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        try:
            writer(frame, aside)
            os.replace(aside, output)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{output}: reasons cannot be written there: {error.strerror}") from error
