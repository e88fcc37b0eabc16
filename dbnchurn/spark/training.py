"""Train with tables that are built on Spark: the table comes to the driver, which trains."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dbnchurn.data.build import Built
from dbnchurn.data.draw import DrawRule
from dbnchurn.data.plan import DataPlan
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.customers import BuildTables
from dbnchurn.runs.training import train as train_run
from dbnchurn.spark.features import prepare

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def built_on(spark: SparkSession, *, parts: int | None = None) -> BuildTables:
    """What builds the table of a plan on Spark, in a folder of the driver.

    Parameters
    ----------
    spark : SparkSession
    parts : int, optional
        As :func:`prepare` takes it.

    Returns
    -------
    function of plan, folder and the rule by which customers are drawn
    """

    def build_tables(plan: DataPlan, folder: Path, rule: DrawRule) -> Built:
        prepared = prepare(plan, spark, parts=parts)
        try:
            return prepared.collect(folder, rule=rule)
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
) -> Path:
    """Train a model whose source tables are read and joined on Spark.

    The table of features is brought to the driver, in the order of cutoffs and keys, and the model
    is trained there: its files are those that a run on one machine gives. Of a table with more
    rows than ``data.most_rows``, those of drawn customers are brought: the same as on one machine.

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
    tables = built_on(spark, parts=parts)
    return train_run(config, name, mkdir=mkdir, build_tables=tables)
