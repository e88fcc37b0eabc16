"""Publish a table on Spark by cutoff: those that were made replace what is there of them.

Files are written aside by Spark's committer, and appear when the job has ended; of a job that fails
nothing appears.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.places import conflicts
from dbnchurn.data.joins import CUTOFF
from dbnchurn.spark.session import readable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

TABLE = "table:"
OVERWRITE = "spark.sql.sources.partitionOverwriteMode"


def check_output(output: str | None, paths: Sequence[str], tables: Sequence[str]) -> None:
    """Refuse an output that is a source, or lies in one.

    Parameters
    ----------
    output : str or None
    paths : sequence of str
        That are read.
    tables : sequence of str
        Of the catalog, that are read.

    Raises
    ------
    ConfigError
        With every conflict.
    """
    if output is None:
        return
    if output.startswith(TABLE):
        name = output.removeprefix(TABLE)
        if any(_same_table(name, table) for table in tables):
            raise ConfigError(f"output {output} is a table that is read; name another")
        return
    plain, read = _without_scheme(output), [_without_scheme(path) for path in paths]
    found = conflicts({"output": plain}, {"tables": read}, emptied=["output"])
    inside = [
        f"output: {output} lies in what is read ({path})"
        for path in read
        if PurePosixPath(path) in PurePosixPath(plain).parents
    ]
    if problems := list(dict.fromkeys([*found, *([] if found else inside)])):
        raise ConfigError("; ".join(problems))


def refuse_bare_name(spark: SparkSession, output: str | None) -> None:
    """Refuse an output that may be the name of a table or of a folder.

    Parameters
    ----------
    spark : SparkSession
    output : str or None

    Raises
    ------
    ConfigError
        If it has no slash, and names a table of the catalog or one within a schema of it.
    """
    if output is None or output.startswith(TABLE) or "/" in output:
        return
    schema, dot, _ = output.rpartition(".")
    try:
        perhaps = spark.catalog.tableExists(output) or (
            bool(dot) and spark.catalog.databaseExists(schema)
        )
    except Exception:  # no name that a table may have
        return
    if perhaps:
        raise ConfigError(
            f"output {output} may be a table or a folder: write {TABLE}{output} for the table, or "
            f"./{output} for a folder"
        )


def _same_table(one: str, other: str) -> bool:
    """Whether two names may be one table: the shorter may leave out catalog and schema."""
    a, b = ([*reversed(name.lower().replace("`", "").split("."))] for name in (one, other))
    return all(x == y for x, y in zip(a, b, strict=False))


def _without_scheme(path: str) -> str:
    return path.removeprefix("file://") if path.startswith("file://") else path


def publish(
    spark: SparkSession,
    frame: DataFrame,
    output: str,
    cutoffs: Sequence[date],
    asides: Mapping[str, DataFrame],
    reports: Mapping[str, Mapping[str, object]],
) -> None:
    """Write a table by cutoff, and what belongs to it.

    Parameters
    ----------
    spark : SparkSession
    frame : DataFrame
        With the column ``cutoff``.
    output : str
        Folder, or ``table:`` and a name.
    cutoffs : sequence of date
        That `frame` holds, all rows of them.
    asides : mapping of name → DataFrame
        Written into the folder ``_NAME`` within the output, or into the table ``OUTPUT_NAME``;
        of an earlier job nothing is left there.
    reports : mapping of name → plain data
        Written beside them as JSON, in one row.

    Raises
    ------
    ConfigError
        If the table of that name has other columns, or a kind of which cutoffs cannot be replaced.
    """
    told = [(report, _json_row(spark, content)) for report, content in reports.items()]
    try:
        if output.startswith(TABLE):
            name = output.removeprefix(TABLE)
            _to_table(spark, frame, name, cutoffs)
            for aside, rows in [*asides.items(), *told]:
                rows.write.mode("overwrite").saveAsTable(f"{name}_{aside}")
            return
        writer = frame.write.partitionBy(CUTOFF).mode("overwrite")
        writer.option("partitionOverwriteMode", "dynamic").parquet(output)
        for aside, rows in asides.items():
            rows.write.mode("overwrite").parquet(f"{output}/_{aside}")
        for report, row in told:
            row.write.mode("overwrite").text(f"{output}/_{report}")
    except ConfigError:
        raise
    except Exception as error:
        raise readable(error) from error


def _json_row(spark: SparkSession, content: Mapping[str, object]) -> DataFrame:
    text = json.dumps(content, ensure_ascii=False)
    return spark.createDataFrame([(text,)], "report string").coalesce(1)


def _to_table(spark: SparkSession, frame: DataFrame, name: str, cutoffs: Sequence[date]) -> None:
    if not spark.catalog.tableExists(name):
        frame.write.partitionBy(CUTOFF).saveAsTable(name)
        return
    there = spark.table(name)
    if set(there.columns) != set(frame.columns):
        differing = sorted(set(there.columns) ^ set(frame.columns))
        raise ConfigError(
            f"the table {name} has other columns than the features ({', '.join(differing[:6])} "
            "are in one of them alone); name another table"
        )
    ordered = frame.select(*(f"`{column.replace('`', '``')}`" for column in there.columns))
    provider = _provider(spark, name)
    if provider == "delta":
        days = ", ".join(f"DATE '{cutoff}'" for cutoff in cutoffs)
        writer = ordered.write.format("delta").mode("overwrite")
        writer.option("replaceWhere", f"{CUTOFF} IN ({days})").saveAsTable(name)
    elif provider == "iceberg":
        ordered.writeTo(name).overwritePartitions()
    elif provider in ("parquet", "orc", "hive"):
        # insertInto takes no options of the writer; static, the default, would empty the table.
        before = spark.conf.get(OVERWRITE, "static")
        spark.conf.set(OVERWRITE, "dynamic")
        try:
            ordered.write.mode("overwrite").insertInto(name)
        finally:
            spark.conf.set(OVERWRITE, before or "static")
    else:
        raise ConfigError(
            f"the table {name} is of the kind {provider}, of which single cutoffs cannot be "
            "replaced; name a table of Delta, Iceberg or Parquet, or a folder"
        )


def _provider(spark: SparkSession, name: str) -> str:
    rows = spark.sql(f"DESCRIBE TABLE EXTENDED {name}").collect()
    found = [str(row[1]) for row in rows if row[0] == "Provider"]
    return found[0].lower() if found else "unknown"
