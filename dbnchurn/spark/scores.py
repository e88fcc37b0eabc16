"""Score a table of the catalog, or a data frame, on Spark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dbnchurn.core.errors import ConfigError, first_line
from dbnchurn.exports.spark import score_spark
from dbnchurn.spark.outputs import TABLE
from dbnchurn.spark.session import (
    check_frame,
    check_session,
    check_workers,
    table_of,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def score(
    model: str | Path,
    table: DataFrame | str,
    *,
    id: str | None = None,
    spark: SparkSession | None = None,
) -> DataFrame:
    """Score customers on Spark.

    Parameters
    ----------
    model : path of a model folder
        On the driver.
    table : pyspark.sql.DataFrame or str
        Customers, or the name of a table of the catalog.
    id : str, optional
        Column that names the customer; by default the one that was named in training.
    spark : SparkSession, optional
        Needed for the name of a table.

    Returns
    -------
    pyspark.sql.DataFrame
        As :func:`dbnchurn.exports.score_spark`.

    Raises
    ------
    ConfigError
        If a table is named without a session, there is no such table, or workers have other
        versions than the driver.
    ArtifactError
        If the model cannot be used.

    Examples
    --------
    >>> score("runs/crm/model", "crm.features", spark=spark)  # doctest: +SKIP
    """
    if isinstance(table, str):
        if spark is None:
            raise ConfigError(f"{table!r} is the name of a table: give the session too, spark=")
        check_session(spark)
        if "/" in table:
            raise ConfigError(
                f"{table!r} is a path, and score takes the name of a table or a data frame: give "
                "spark.read.parquet(...) of it, or write the scores with score_table"
            )
        try:
            table = table_of(spark, table.removeprefix(TABLE))
        except Exception as error:
            raise ConfigError(f"no table to score: {first_line(error)}") from error
    else:
        check_frame(table, table.sparkSession if hasattr(table, "sparkSession") else spark)
    check_workers(table.sparkSession)
    return score_spark(table, model, id=id)
