"""Publish a table on Spark by cutoff: those that were made replace what is there of them.

Files are written aside by Spark's committer, and appear when the job has ended; of a job that fails
nothing appears.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from dbnchurn.core.errors import ConfigError, first_line, listed
from dbnchurn.core.places import conflicts
from dbnchurn.data.joins import CUTOFF
from dbnchurn.spark.session import readable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

TABLE = "table:"
NOTHING_THERE = ("PATH_NOT_FOUND", "UNABLE_TO_INFER_SCHEMA")  # error classes of Spark
SHOWN = 6  # columns that differ, in a message
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


def refuse_other_columns(
    spark: SparkSession,
    schema: StructType,
    output: str,
    cutoffs: Callable[[], Collection[date]],
) -> None:
    """Refuse to add rows to an output whose other cutoffs have other columns or types.

    Parameters
    ----------
    spark : SparkSession
    schema : StructType
        Of the rows, with the column ``cutoff``.
    output : str
        Folder, or ``table:`` and a name.
    cutoffs : callable without parameters → collection of date
        Those that are written; asked only where columns differ.

    Raises
    ------
    ConfigError
        With the columns that differ. A folder all of whose cutoffs are written may change them.
    """
    there = _there(spark, output)
    if there is None:
        return
    is_table = output.startswith(TABLE)
    differing = _differing(there.schema, schema, is_table=is_table)
    if not differing:
        return
    what = f"the table {output.removeprefix(TABLE)}" if is_table else output
    kept = ""
    if not is_table:
        others = _kept(there, cutoffs())
        if others == []:
            return
        kept = "" if others is None else f" for cutoffs {listed(others)}"
    more = f" and {len(differing) - SHOWN} more" if len(differing) > SHOWN else ""
    raise ConfigError(
        f"{what} has other columns{kept} than what is written: {', '.join(differing[:SHOWN])}"
        f"{more}; name another {'table' if is_table else 'folder, or write all its cutoffs anew'}"
    )


def _there(spark: SparkSession, output: str) -> DataFrame | None:
    """What an output holds; None where it is not there, or without rows."""
    if output.startswith(TABLE):
        name = output.removeprefix(TABLE)
        return spark.table(name) if spark.catalog.tableExists(name) else None
    try:
        return spark.read.parquet(output)
    except Exception as error:
        if any(name in str(error) for name in NOTHING_THERE):
            return None
        raise ConfigError(f"{output} is no folder of such rows: {first_line(error)}") from error


def _differing(there: StructType, written: StructType, *, is_table: bool) -> list[str]:
    """What differs between the columns there and those that are written, each in words."""
    here, old = (
        {field.name: field.dataType.simpleString() for field in schema}
        for schema in (written, there)
    )
    if not is_table and CUTOFF in old:
        del here[CUTOFF], old[CUTOFF]  # its type is that of the names of folders
    told = [f"{name!r} is written alone" for name in here if name not in old]
    told += [f"{name!r} is there alone" for name in old if name not in here]
    return told + [
        f"{name!r} is {old[name]} there and written as {kind}"
        for name, kind in here.items()
        if old.get(name, kind) != kind
    ]


def _kept(there: DataFrame, cutoffs: Collection[date]) -> list[str] | None:
    """Cutoffs of a folder that are not written anew; None where its rows have no cutoff."""
    if CUTOFF not in there.columns:
        return None
    found = {str(row[0]) for row in there.select(CUTOFF).distinct().collect()}
    return sorted(found - {str(cutoff) for cutoff in cutoffs})


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
        If the table of that name, or other cutoffs of the folder, have other columns or types, or
        the table is of a kind of which cutoffs cannot be replaced.
    """
    refuse_other_columns(spark, frame.schema, output, lambda: cutoffs)
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
    columns = spark.table(name).columns
    ordered = frame.select(*(f"`{column.replace('`', '``')}`" for column in columns))
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
