"""Customers to score as a data frame of Spark, each row with its cutoff."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from dbnchurn.core.errors import ConfigError, DataError, first_line
from dbnchurn.data.joins import CUTOFF
from dbnchurn.spark.outputs import TABLE
from dbnchurn.spark.session import table_of
from dbnchurn.tables.files import ENDINGS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def customers_of(
    spark: SparkSession, table: DataFrame | str, month: date | None = None
) -> tuple[DataFrame, str]:
    """Read a table of customers.

    Parameters
    ----------
    spark : SparkSession
    table : pyspark.sql.DataFrame or str
        ``table:`` and a name, or a path of Parquet files.
    month : date, optional
        Only rows of this cutoff; of a table without a column ``cutoff``, that of all rows.

    Returns
    -------
    frame : DataFrame
        With a column ``cutoff``.
    source : str
        Its name, for messages.

    Raises
    ------
    ConfigError
        If there is no such table, or it has no column ``cutoff`` and no month is given.
    DataError
        If its cutoffs are no dates, or their column is spelled otherwise.
    """
    source = table if isinstance(table, str) else "the data frame"
    frame = _read(spark, table) if isinstance(table, str) else table
    if alike := [c for c in frame.columns if c != CUTOFF and c.casefold() == CUTOFF]:
        raise DataError(
            f"{source}: rename column {alike[0]!r} to {CUTOFF!r}, which Spark does not tell from it"
        )
    if CUTOFF not in frame.columns:
        if month is None:
            raise ConfigError(
                f"{source} has no column {CUTOFF!r}, and scores are kept by cutoff: say with "
                "--month DATE (month=) of which these customers are"
            )
        from pyspark.sql import functions

        return frame.withColumn(CUTOFF, functions.lit(month)), source
    kind = frame.schema[CUTOFF].dataType.simpleString()
    if kind != "date":
        raise DataError(f"{source}: column {CUTOFF!r} is {kind}; make it a date")
    return (frame if month is None else frame.filter(f"{CUTOFF} = DATE '{month}'")), source


def _read(spark: SparkSession, table: str) -> DataFrame:
    if not table.startswith(TABLE) and table.lower().endswith((*ENDINGS["csv"], *ENDINGS["excel"])):
        raise ConfigError(
            f"{table}: Spark scores Parquet files and tables of its catalog; save it as Parquet, "
            "or leave --engine out"
        )
    try:
        if table.startswith(TABLE):
            return table_of(spark, table.removeprefix(TABLE))
        return spark.read.option("mergeSchema", "true").parquet(table)
    except Exception as error:
        hint = "" if table.startswith(TABLE) or "/" in table else f"; a table is {TABLE}{table}"
        raise ConfigError(f"no table to score: {first_line(error)}{hint}") from error
