"""Train with tables that are built on Spark: the table comes to the driver, which trains."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dbnchurn.core.errors import DataError
from dbnchurn.data.build import Built
from dbnchurn.data.plan import DataPlan
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.customers import BuildTables
from dbnchurn.runs.training import train as train_run
from dbnchurn.spark.features import prepare

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MOST_ROWS = 20_000_000
"""Of the table of features that the driver takes, which it holds in memory as a whole."""


def built_on(
    spark: SparkSession, *, parts: int | None = None, most_rows: int = MOST_ROWS
) -> BuildTables:
    """What builds the table of a plan on Spark, in a folder of the driver.

    Parameters
    ----------
    spark : SparkSession
    parts : int, optional
        As :func:`prepare` takes it.
    most_rows : int, default 20,000,000
        A larger table is refused before it is brought to the driver.

    Returns
    -------
    function of plan and folder
    """

    def build_tables(plan: DataPlan, folder: Path) -> Built:
        prepared = prepare(plan, spark, parts=parts)
        try:
            if prepared.rows > most_rows:
                raise DataError(
                    f"the table of features has {prepared.rows} rows, more than the {most_rows} "
                    "that are trained on one machine; give fewer cutoffs, draw a sample of the "
                    "customers of the base table, or allow more with most_rows"
                )
            return prepared.collect(folder)
        finally:
            prepared.close()

    return build_tables


def train(
    config: RunConfig,
    spark: SparkSession,
    name: str = "run",
    *,
    mkdir: bool = False,
    parts: int | None = None,
    most_rows: int = MOST_ROWS,
) -> Path:
    """Train a model whose source tables are read and joined on Spark.

    The table of features is brought to the driver, in the order of cutoffs and keys, and the model
    is trained there: its files are those that a run on one machine gives.

    Parameters
    ----------
    config : RunConfig
        With ``data``.
    spark : SparkSession
    name : str, default "run"
        Name of the run folder.
    mkdir : bool, default False
        Whether the folders above the output are made if they do not exist.
    parts : int, optional
        As :func:`prepare` takes it.
    most_rows : int, default 20,000,000
        A larger table of features is refused before it is brought to the driver.

    Returns
    -------
    Path
        The run folder.

    Raises
    ------
    DataError, ConfigError
        As :func:`prepare` and :func:`dbnchurn.runs.train`.

    Examples
    --------
    >>> train(read_config("configs/crm.yaml"), spark, "crm")  # doctest: +SKIP
    PosixPath('runs/crm')
    """
    tables = built_on(spark, parts=parts, most_rows=most_rows)
    return train_run(config, name, mkdir=mkdir, build_tables=tables)
