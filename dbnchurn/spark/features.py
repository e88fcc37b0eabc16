"""Build the table of features of a plan on Spark: the build of one machine in every part."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.core.files import atomic_folder
from dbnchurn.core.sql import quoted, text_literal
from dbnchurn.data.build import FEATURES as FEATURES_FILE
from dbnchurn.data.build import QUARANTINE as QUARANTINE_FOLDER
from dbnchurn.data.build import Built, finished
from dbnchurn.data.build import places as source_places
from dbnchurn.data.coverage import check_reason
from dbnchurn.data.draw import DrawRule
from dbnchurn.data.joins import NO_WINDOWS, RESULT
from dbnchurn.data.part import Part, Task, with_sources, write_part
from dbnchurn.data.plan import DataPlan
from dbnchurn.spark.draw import draw_on_workers, store_rows
from dbnchurn.spark.exchange import places_of, plain_schema, unpacked
from dbnchurn.spark.outputs import check_output, publish, refuse_bare_name
from dbnchurn.spark.part_task import FEATURES, QUARANTINE
from dbnchurn.spark.records import rows_of
from dbnchurn.spark.rounds import built_parts
from dbnchurn.spark.session import check_session, check_workers
from dbnchurn.spark.sources import sources_of
from dbnchurn.tables.duckdb import Session

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

log = logging.getLogger(__name__)


@dataclass(repr=False)
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
    _records: DataFrame

    def __repr__(self) -> str:
        """One line, as a notebook shows it."""
        where = "not published" if self.output is None else f"in {self.output}"
        aside = sum(sum(table.quarantined.values()) for table in self.part.tables.values())
        return (
            f"PreparedFeatures({self.rows} rows, {len(self.frame.columns)} columns, {where}; "
            f"{aside} source rows in quarantine)"
        )

    @property
    def features(self) -> DataFrame:
        """Records with the packed rows of the table; a partition has all rows of its customers."""
        return self._records.filter(f"kind = '{FEATURES}'")

    def collect(
        self, folder: str | Path, *, mkdir: bool = False, rule: DrawRule | None = None
    ) -> Built:
        """Bring the table to this machine, as the file that a build here would have written.

        Parameters
        ----------
        folder : path
            New.
        mkdir : bool, default False
            Whether the folder above may be made.
        rule : DrawRule, optional
            Of a table with more rows, those of drawn customers are brought.

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
            draw, features = None, self.features
            if rule is not None and self.rows > rule.most_rows:
                draw, features = draw_on_workers(features, self.part.plan, rule)
            path = unfinished / FEATURES_FILE
            self._write_features(features, path, drawn=draw is not None)
            self._write_quarantine(unfinished / QUARANTINE_FOLDER)
            built = finished(unfinished, self.part, labelled=self.labelled)
        return replace(built, folder=folder, draw=draw)

    def _write_features(self, features: DataFrame, path: Path, *, drawn: bool) -> None:
        packed_rows = (bytes(row["data"]) for row in features.toLocalIterator())
        with Session(self.part.plan.memory) as session:
            store_rows(session, map(unpacked, packed_rows))
            found = int(session.row(f"SELECT count(*) FROM {RESULT}")[0])
            if not drawn and found != self.rows:
                raise DataError(
                    f"{self.rows} rows of features were built and {found} are there: a source was "
                    "changed meanwhile and Spark has read it again; prepare again"
                )
            write_part(session, self.part.plan, path)

    def _write_quarantine(self, folder: Path) -> None:
        files: dict[str, list[pa.Table]] = {}
        aside = self._records.filter(f"kind = '{QUARANTINE}'")
        for row in aside.toLocalIterator():
            rows = pq.read_table(pa.BufferReader(bytes(row["data"])))
            if rows.num_rows:
                files.setdefault(row["name"], []).append(rows)
        for name, tables in files.items():
            folder.mkdir(exist_ok=True)
            pq.write_table(pa.concat_tables(tables, promote_options="permissive"), folder / name)

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
    if not isinstance(plan, DataPlan):
        raise ConfigError(
            f"a {type(plan).__name__} is no plan: give read_config('CONFIG.yaml').data of a config "
            "with 'data'"
        )
    if labelled is None:
        labelled = plan.label is not None and cutoffs is None
    check_session(spark)
    if labelled and plan.label is None:
        raise ConfigError("the data need a 'label' to train with")
    check_reason(allow_stale)
    tables = [table.table for table in plan.tables.values() if table.table is not None]
    check_output(output, source_places(plan), tables)
    refuse_bare_name(spark, output)
    if cutoffs is None:
        cutoffs = plan.windows.cutoffs if plan.windows else []
    check_workers(spark)
    sources = sources_of(spark, plan)
    stood = {
        name: table.model_copy(update=sources[name].stand_in) for name, table in plan.tables.items()
    }
    standing = plan.model_copy(update={"tables": stood})
    task = Task(standing, tuple(cutoffs), labelled, until, allow_stale)
    places = places_of(parts or int(str(spark.conf.get("spark.sql.shuffle.partitions"))))
    records, whole, rows = built_parts(sources, places, task)
    reading = (*(note for source in sources.values() for note in source.notes), *whole.part.reading)
    part = replace(whole.part, plan=with_sources(whole.part.plan, plan), reading=reading)
    for sentence in (*(part.coverage.uncovered if labelled else ()), *part.notes):
        log.warning("%s", sentence)
    try:
        frame = rows_of(records, FEATURES, plain_schema(whole.schema))
        if output is not None:
            built, aside = list(cutoffs) or [NO_WINDOWS], {"quarantine": _set_aside(records)}
            publish(spark, frame, output, built, aside, {"tables": _report(part, cutoffs)})
    except BaseException:
        records.unpersist()
        raise
    return PreparedFeatures(frame, part, rows, labelled, output, records)


def _report(part: Part, cutoffs: Sequence[date]) -> dict[str, object]:
    """What was counted over all rows, as plain data."""
    return {
        "tables": {name: asdict(checked) for name, checked in part.tables.items()},
        "joins": [asdict(join) for join in part.joins],
        "coverage": asdict(part.coverage),
        "cutoffs": [str(cutoff) for cutoff in cutoffs],
    }


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
