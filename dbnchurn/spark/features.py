"""Build the table of features of a plan on Spark: the build of one machine in every part."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.core.files import atomic_folder
from dbnchurn.core.sql import quoted, text_literal
from dbnchurn.data.build import FEATURES as FEATURES_FILE
from dbnchurn.data.build import QUARANTINE as QUARANTINE_FOLDER
from dbnchurn.data.build import Built, finished, places
from dbnchurn.data.coverage import check_reason
from dbnchurn.data.joins import RESULT
from dbnchurn.data.open import raw_name
from dbnchurn.data.part import Part, Task, Whole, conclude, with_sources, write_part
from dbnchurn.data.plan import DataPlan
from dbnchurn.spark.exchange import packed, plain_schema, unpacked
from dbnchurn.spark.outputs import check_output, publish
from dbnchurn.spark.part_task import COUNTS, FEATURES, QUARANTINE, PartTask
from dbnchurn.spark.session import check_workers, readable
from dbnchurn.spark.sources import RECORD, Source, sources_of
from dbnchurn.tables.counts import Answer, NotCounted, folded
from dbnchurn.tables.duckdb import Session

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

log = logging.getLogger(__name__)
MOST_ROUNDS = 20


@dataclass
class PreparedFeatures:
    """A table of features on Spark, and the report of how it was built.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
        One row a customer and cutoff, in no order; kept on the disks of the workers until
        :meth:`close`.
    part : Part
        Plan with all rules, counts, joins and coverage of all rows.
    rows : int
    labelled : bool
        Whether the outcome belongs to the table.
    output : str or None
        Where it was published.

    Examples
    --------
    >>> with_spark = prepare(plan, spark)  # doctest: +SKIP
    >>> with_spark.collect("prepared").features  # doctest: +SKIP
    PosixPath('prepared/features.parquet')
    """

    frame: DataFrame
    part: Part
    rows: int
    labelled: bool
    output: str | None
    _records: DataFrame = field(repr=False)

    def collect(self, folder: str | Path, *, mkdir: bool = False) -> Built:
        """Bring the table to this machine, as the file that a build here would have written.

        Parameters
        ----------
        folder : path
            New.
        mkdir : bool, default False
            Whether the folder above may be made.

        Returns
        -------
        Built

        Raises
        ------
        ConfigError
            If the folder exists.
        """
        folder = Path(folder)
        if folder.exists():
            raise ConfigError(f"{folder} exists already; name a new folder")
        if mkdir:
            folder.parent.mkdir(parents=True, exist_ok=True)
        with atomic_folder(folder) as unfinished:
            self._write_features(unfinished / FEATURES_FILE)
            self._write_quarantine(unfinished / QUARANTINE_FOLDER)
            built = finished(unfinished, self.part, labelled=self.labelled)
        return replace(built, folder=folder)

    def _write_features(self, path: Path) -> None:
        with Session(self.part.plan.memory) as session:
            made = False
            for row in self._of_kind(FEATURES):
                rows = unpacked(bytes(row["data"]))
                session.connection.register("incoming", rows)
                verb = f"INSERT INTO {RESULT}" if made else f"CREATE TABLE {RESULT} AS"
                session.run(f"{verb} FROM incoming")
                session.connection.unregister("incoming")
                made = True
            write_part(session, self.part.plan, path)

    def _write_quarantine(self, folder: Path) -> None:
        files: dict[str, list[pa.Table]] = {}
        for row in self._of_kind(QUARANTINE):
            rows = pq.read_table(pa.BufferReader(bytes(row["data"])))
            if rows.num_rows:
                files.setdefault(row["name"], []).append(rows)
        for name, tables in files.items():
            folder.mkdir(exist_ok=True)
            pq.write_table(pa.concat_tables(tables, promote_options="permissive"), folder / name)

    def _of_kind(self, kind: str) -> Iterator[Any]:
        return iter(self._records.filter(f"kind = '{kind}'").toLocalIterator())

    def close(self) -> None:
        """Free the disks of the workers."""
        self._records.unpersist()


def prepare(
    plan: DataPlan,
    spark: SparkSession,
    output: str | None = None,
    *,
    cutoffs: Sequence[date] | None = None,
    labelled: bool | None = None,
    allow_stale: str | None = None,
    until: date | None = None,
    parts: int | None = None,
) -> PreparedFeatures:
    """Build the table of features of a plan on Spark.

    Rows are brought together by customer, and in every part the build of one machine runs. The
    features are equal to those that it gives for all rows at once; counts, shares and refusals are
    those of all rows.

    Parameters
    ----------
    plan : DataPlan
        Its tables are ``table:`` or ``path:``.
    spark : SparkSession
    output : str, optional
        Folder of the session's file systems, or ``table:catalog.schema.name``: the cutoffs that are
        built replace what is there of them.
    cutoffs : sequence of date, optional
        By default those of the plan.
    labelled : bool, optional
        Whether the outcome is read; by default if the plan has a label and no `cutoffs` are given.
    allow_stale : str, optional
        The reason why a scoring month is built from tables that do not reach over its windows.
    until : date, optional
        Ignore all rows from this date on.
    parts : int, optional
        How many; by default ``spark.sql.shuffle.partitions``.

    Returns
    -------
    PreparedFeatures

    Raises
    ------
    DataError
        If a source or its contents cannot be used: the message of the build on one machine.
    ConfigError
        If workers have other versions, a table cannot be divided, or the output is a source.

    Examples
    --------
    >>> prepared = prepare(plan, spark, "s3://crm/features")  # doctest: +SKIP
    >>> prepared.rows  # doctest: +SKIP
    98112345
    """
    if labelled is None:
        labelled = plan.label is not None and cutoffs is None
    if plan.neighbours:
        raise ConfigError(
            "neighbours need the calls of all customers in one place, and Spark divides them: "
            "build without --engine spark, or leave 'neighbours' out"
        )
    if labelled and plan.label is None:
        raise ConfigError("the data need a 'label' to train with")
    check_reason(allow_stale)
    tables = [table.table for table in plan.tables.values() if table.table is not None]
    check_output(output, places(plan), tables)
    if cutoffs is None:
        cutoffs = plan.windows.cutoffs if plan.windows else []
    check_workers(spark)
    sources = sources_of(spark, plan)
    stood = {
        name: table.model_copy(update=sources[name].stand_in) for name, table in plan.tables.items()
    }
    standing = plan.model_copy(update={"tables": stood})
    task = Task(standing, tuple(cutoffs), labelled, until, allow_stale)
    number = parts or int(str(spark.conf.get("spark.sql.shuffle.partitions")))
    records, whole = _rounds(spark, sources, task, number)
    part = replace(whole.part, plan=with_sources(whole.part.plan, plan))
    for sentence in part.coverage.uncovered if labelled else ():
        log.warning("%s", sentence)
    frame = _frame(records, plain_schema(whole.schema))
    rows = frame.count()
    if output is not None:
        publish(spark, frame, output, list(cutoffs), part, _set_aside(records))
    return PreparedFeatures(frame, part, rows, labelled, output, records)


def _rounds(
    spark: SparkSession, sources: Mapping[str, Source], task: Task, parts: int
) -> tuple[DataFrame, Whole]:
    """Build all parts until each was built as the counts of the whole say; usually once."""
    from pyspark import StorageLevel

    places_of = _places(spark, parts)
    shuffled = _shuffled(sources, places_of)
    kinds = _sql_types(sources)
    known: dict[str, Answer] = {}
    for _ in range(MOST_ROUNDS):
        part_task = PartTask(
            task,
            {n: _packed_schema(s) for n, s in sources.items() if s.rows is None},
            {n: s.rows for n, s in sources.items() if s.rows is not None},
            known,
        )
        records = _built(shuffled, part_task).persist(StorageLevel.DISK_ONLY)
        try:
            told = [
                json.loads(bytes(row["data"]))
                for row in records.filter(f"kind = '{COUNTS}'").collect()
            ]
        except Exception as error:
            records.unpersist()
            raise readable(error) from error
        before, known = known, folded([part["own"] for part in told])
        try:
            whole = conclude(task, kinds, known)
        except NotCounted:
            agreed, failures = False, [part["failed"] for part in told if part["failed"]]
        except BaseException:
            records.unpersist()
            raise
        else:
            failures = [part["failed"] for part in told if part["failed"]]
            agreed = not failures and all(part["defined"] == whole.defined for part in told)
        if agreed:
            return records, whole
        records.unpersist()
        if known == before and failures:
            raise DataError(failures[0])
        log.info("the parts decided differently; all are built again with what all rows say")
    raise DataError(f"the parts of the tables do not agree after {MOST_ROUNDS} rounds; report it")


def _places(spark: SparkSession, parts: int) -> tuple[int, ...]:
    """A number for every part that Spark's hash sends there."""
    rows = (
        spark.range(0, 64 * parts + 256)
        .selectExpr("id", f"pmod(hash(id), {parts}) AS part")
        .groupBy("part")
        .agg({"id": "min"})
        .collect()
    )
    found = {int(row[0]): int(row[1]) for row in rows}
    return tuple(found[part] for part in range(parts))


def _shuffled(sources: Mapping[str, Source], places_of: tuple[int, ...]) -> DataFrame:
    frames = [source.divide(places_of) for source in sources.values() if source.divide is not None]
    together = frames[0]
    for frame in frames[1:]:
        together = together.unionByName(frame)
    return together.repartition(len(places_of), "place")


def _built(shuffled: DataFrame, part_task: PartTask) -> DataFrame:
    def build(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        context = TaskContext.get()
        yield from part_task.run(context.partitionId() if context else 0, batches)

    return shuffled.mapInArrow(build, RECORD)


def _packed_schema(source: Source) -> bytes:
    return packed(source.schema.empty_table())


def _sql_types(sources: Mapping[str, Source]) -> dict[str, dict[str, str]]:
    with Session(n_threads=1) as session:
        for name, source in sources.items():
            session.store(raw_name(name), source.schema.empty_table().to_reader())
        return {name: session.columns(raw_name(name)) for name in sources}


def _frame(records: DataFrame, schema: pa.Schema) -> DataFrame:
    """The features as rows of Spark."""
    from pyspark.sql.pandas.types import from_arrow_schema

    def unpack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for data in batch.column("data"):
                yield from unpacked(data.as_buffer()).cast(schema).to_batches()

    spark_schema = from_arrow_schema(schema, prefer_timestamp_ntz=True)
    return records.filter(f"kind = '{FEATURES}'").mapInArrow(unpack, spark_schema)


def _set_aside(records: DataFrame) -> DataFrame:
    """Rows that were set aside: table, reason, and the row as it came in JSON."""

    def unpack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for name, data in zip(batch.column("name"), batch.column("data"), strict=True):
                with Session(n_threads=1) as session:
                    table = pq.read_table(pa.BufferReader(data.as_buffer()))
                    session.store(quoted("set aside"), table.to_reader())
                    told = (
                        f"SELECT {text_literal(name.as_py().partition('.parquet')[0])} AS file, "
                        f"reason, CAST(to_json(r) AS VARCHAR) AS row FROM {quoted('set aside')} r"
                    )
                    yield from session.arrow(told).to_batches()

    return records.filter(f"kind = '{QUARANTINE}'").mapInArrow(
        unpack, "file string, reason string, row string"
    )
