"""A table of newly labelled customers whose columns are not those of the training is refused."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from dbnchurn.predictor.changed import check_frame
from dbnchurn.predictor.predictor import Predictor
from dbnchurn.tables.files import read_table


def check_table(
    model: str | Path, table: str | Path, allowed: Collection[str] = ()
) -> tuple[str, ...]:
    """Refuse a table with columns that are empty or full of unknown categories.

    Parameters
    ----------
    model : path
        Model folder.
    table : path
        CSV or Parquet file.
    allowed : collection of str
        Columns that may be so.

    Returns
    -------
    tuple of str
        A sentence for every such column that is allowed.

    Raises
    ------
    ArtifactError, DataError, ConfigError
        If the model or the table cannot be used, or another column changed.
    """
    predictor = Predictor.load(model)
    return check_frame(predictor, read_table(table, predictor.about.get("id")), allowed)
