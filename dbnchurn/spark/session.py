"""The Spark session of a job, and what has to hold before the job begins."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING

import pyarrow as pa

from dbnchurn.core.errors import (
    ConfigError,
    DataError,
    ResourceError,
    first_line,
    listed,
    wants_extra,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

log = logging.getLogger(__name__)

PACKAGES = ("dbnchurn", "duckdb", "pyarrow")
"""What has to be of one version on the driver and the workers: hashes and types depend on it."""

OF_BOOSTERS = (*PACKAGES, "numpy", "xgboost", "scikit-learn")
"""The same where boosters are fitted by the workers."""

FEWEST_TASKS = 8
MARK = "dbnchurn.core.errors."


def spark_session() -> SparkSession:
    """The session that runs, as in a notebook, or a new one with what spark-submit was given.

    Raises
    ------
    ConfigError
        If pyspark is not installed, or no session can be made.
    """
    with wants_extra("spark"):
        from pyspark.sql import SparkSession
    try:
        return SparkSession.builder.appName("dbnchurn").getOrCreate()
    except Exception as error:
        raise ConfigError(
            f"no Spark session can be made ({first_line(error)}); Spark needs Java 17: check that "
            "java runs, or start the job with spark-submit"
        ) from error


def reads_own_files(spark: SparkSession) -> bool:
    """Whether a path without a scheme is one of the machines themselves, as ``file:`` is."""
    try:
        settings = spark.sparkContext._jsc.hadoopConfiguration()
    except Exception:  # a client of Spark Connect has no context
        return False
    return str(settings.get("fs.defaultFS", "file:///")).startswith("file:")


def table_of(spark: SparkSession, name: str) -> DataFrame:
    """A table of the catalog as it is now.

    A session keeps the list of a table's files, and passes over what other jobs have written since.

    Parameters
    ----------
    spark : SparkSession
    name : str

    Returns
    -------
    pyspark.sql.DataFrame
    """
    frame = spark.table(name)
    try:
        spark.catalog.refreshTable(name)
    except Exception as error:  # not every catalog has that; one without keeps no list
        log.info("table %s: its files cannot be listed again: %s", name, first_line(error))
        return frame
    return spark.table(name)


def check_frame(frame: object, spark: object) -> None:
    """Refuse what is no data frame of Spark, or no session, with what to give instead.

    Parameters
    ----------
    frame : object
        A data frame, or text: the name of a table, or a path.
    spark : object

    Raises
    ------
    ConfigError
    """
    if not isinstance(frame, str) and not hasattr(frame, "mapInArrow"):
        raise ConfigError(
            f"a {type(frame).__name__} is no data frame of Spark: give spark.createDataFrame(...) "
            "of it, or the name of a table"
        )
    check_session(spark)


def check_session(spark: object) -> None:
    """Refuse what is no session of Spark.

    Raises
    ------
    ConfigError
    """
    if not hasattr(spark, "createDataFrame"):
        raise ConfigError(
            f"a {type(spark).__name__} is no session of Spark: give the one of the notebook, "
            "usually called spark"
        )


def check_workers(spark: SparkSession, packages: Sequence[str] = PACKAGES) -> None:
    """Refuse workers whose versions are not those of the driver.

    Parameters
    ----------
    spark : SparkSession
    packages : sequence of str, optional
        What the job uses.

    Raises
    ------
    ConfigError
        With every difference, or if a worker lacks a package.
    """
    own = {"python": _python(), **{name: version(name) for name in packages}}

    def report(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        # Pickled whole, for a worker may lack this package: nothing of it is used here.
        import platform
        import sys as worker_sys
        from importlib.metadata import PackageNotFoundError
        from importlib.metadata import version as version_of

        import pyarrow

        for _ in batches:
            pass
        rows = [("python", f"{worker_sys.version_info[0]}.{worker_sys.version_info[1]}")]
        for name in packages:
            try:
                rows.append((name, version_of(name)))
            except PackageNotFoundError:
                rows.append((name, "none"))
        names, versions = zip(*rows, strict=True)
        hosts = [platform.node()] * len(rows)
        yield pyarrow.record_batch({"host": hosts, "name": list(names), "version": list(versions)})

    try:
        asked = int(spark.sparkContext.defaultParallelism)
    except Exception:  # a client of Spark Connect has no context
        asked = FEWEST_TASKS
    frame = spark.range(0, asked, 1, asked)
    try:
        rows = frame.mapInArrow(report, "host string, name string, version string").collect()
    except Exception as error:
        raise ConfigError(
            f"the workers of Spark cannot run Python with pyarrow: {first_line(error)}; ship an "
            "environment with dbnchurn to them, for example with --archives of spark-submit"
        ) from error
    found = sorted({(row["host"], row["name"], row["version"]) for row in rows})
    wrong = [
        f"{name} is {of_worker} on {host} and {own[name]} on the driver"
        for host, name, of_worker in found
        if of_worker != own[name]
    ]
    if wrong:
        raise ConfigError(
            f"the workers of Spark have other packages: {listed(wrong, limit=4)}; ship the "
            "environment of the driver to them, for example with --archives of spark-submit"
        )


def readable(error: Exception) -> Exception:
    """The error of this package that a worker has raised, or the error as it is.

    Parameters
    ----------
    error : Exception
        Of Spark, with the text of a traceback.

    Returns
    -------
    Exception
    """
    kinds: dict[str, type[Exception]] = {
        "DataError": DataError, "ConfigError": ConfigError, "ResourceError": ResourceError,
    }  # fmt: skip
    for line in str(error).splitlines():
        _, mark, rest = line.partition(MARK)
        kind, colon, message = rest.partition(": ")
        if mark and colon and kind in kinds:
            return kinds[kind](message)
    if "No space left on device" in str(error):
        return ResourceError("the disk of a worker is full: free some space, or use more workers")
    return error


def _python() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"
