"""Labels and scores of a data frame of Spark, counted in bins where they lie."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dbnchurn.core.errors import ConfigError, did_you_mean
from dbnchurn.evaluate.binned import BinnedScores
from dbnchurn.exports.spark import quoted
from dbnchurn.spark.session import readable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PARTIAL = "churners binary, stayers binary, sums binary"


def binned_scores(
    frame: DataFrame, *, label: str = "label", score: str = "probability", cut: float | None = None
) -> BinnedScores:
    """Count churners and stayers by score.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
    label : str, default "label"
        Column with 0 and 1.
    score : str, default "probability"
        Column with probabilities.
    cut : float, optional
        Threshold of decisions; no bin has scores on both sides of it.

    Returns
    -------
    BinnedScores
        Whose ranking every metric takes.

    Raises
    ------
    ConfigError
        If there is no such column.
    DataError
        If labels are missing or not 0 and 1, or scores no probabilities.

    Examples
    --------
    >>> from dbnchurn.evaluate.metrics import average_precision
    >>> counted = binned_scores(spark.table("crm.scored"))  # doctest: +SKIP
    >>> average_precision(counted.ranking())  # doctest: +SKIP
    0.42
    """
    for column in (label, score):
        if column not in frame.columns:
            raise ConfigError(f"no column {column!r}: {did_you_mean(column, frame.columns)}")

    def count(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        total = BinnedScores.of([], [], cut=cut)
        for batch in batches:
            y = batch.column("y").to_numpy(zero_copy_only=False).astype(np.float64)
            p = batch.column("p").to_numpy(zero_copy_only=False).astype(np.float64)
            total = total + BinnedScores.of(y, p, cut=cut)
        yield pa.record_batch(
            {name: [getattr(total, name).tobytes()] for name in ("churners", "stayers", "sums")}
        )

    chosen = frame.selectExpr(
        f"CAST({quoted(label)} AS DOUBLE) AS y", f"CAST({quoted(score)} AS DOUBLE) AS p"
    )
    try:
        rows = chosen.mapInArrow(count, PARTIAL).collect()
    except Exception as error:
        raise readable(error) from error
    total = BinnedScores.of([], [], cut=cut)
    for row in rows:
        total = total + BinnedScores(
            total.edges,
            np.frombuffer(row["churners"], np.int64),
            np.frombuffer(row["stayers"], np.int64),
            np.frombuffer(row["sums"], np.float64),
        )
    return total
