"""A scoring job: read customers, score them, write a table; all of it or nothing."""

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

WRITERS = {
    ".csv": lambda frame, path: frame.to_csv(path, index=False),
    ".parquet": lambda frame, path: frame.to_parquet(path, index=False),
}


def score_file(
    model: str | Path, table: str | Path, output: str | Path, *, id: str | None = None
) -> pd.DataFrame:
    """Score every customer of a file.

    Parameters
    ----------
    model : path
        Model folder.
    table : path
        CSV or Parquet file.
    output : path
        ``.csv`` or ``.parquet``; written under another name and renamed.
    id : str, optional
        Column that names the customer; by default the one that was named in training, if the
        table has it, and otherwise rows are numbered.

    Returns
    -------
    scores : DataFrame with columns ``id``, ``probability`` and ``decision``

    Raises
    ------
    ArtifactError, DataError, ConfigError
        If model, table or output cannot be used.
    """
    output = Path(output)
    writer = WRITERS.get(output.suffix.lower())
    if writer is None:
        raise ConfigError(f"{output}: scores are written as one of {listed(WRITERS)}")
    predictor = Predictor.load(model)
    frame = read_table(table)
    trained_id = predictor.about.get("id")
    if id is None and trained_id in frame.columns:
        id = trained_id
    if id is not None and id not in frame.columns:
        raise DataError(f"{table}: no id column {id!r}: {did_you_mean(id, frame.columns)}")
    scores = pd.DataFrame(
        {
            "id": range(len(frame)) if id is None else frame[id].to_numpy(),
            "probability": predictor.predict_proba(frame)[:, 1],
        }
    )
    scores["decision"] = scores["probability"] >= predictor.threshold
    _write(scores, output, writer)
    return scores


def _write(scores: pd.DataFrame, output: Path, writer: Callable[[pd.DataFrame, Path], Any]) -> None:
    """Write whole or not at all."""
    aside = output.with_name(f".{uuid.uuid4().hex[:8]}{output.name}")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        try:
            writer(scores, aside)
            os.replace(aside, output)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{output}: scores cannot be written there: {error.strerror}") from error
