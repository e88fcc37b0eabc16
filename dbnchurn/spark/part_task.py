"""What a worker does with the rows of one part: the build of one machine, over these rows alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from dbnchurn.core.errors import DataError
from dbnchurn.core.scratch import ScratchFolder
from dbnchurn.data.joins import RESULT
from dbnchurn.data.open import raw_name
from dbnchurn.data.part import Task, build_part
from dbnchurn.data.plan import TablePlan
from dbnchurn.spark.exchange import LINES, packed, plain_schema, record, unpacked
from dbnchurn.tables.chunks import RejectedRow
from dbnchurn.tables.counts import Answer, Counts
from dbnchurn.tables.duckdb import Session

FEATURES, QUARANTINE, COUNTS = "features", "quarantine", "counts"
BATCH_ROWS = 50_000
STORED_BYTES = 16 * 2**20  # rows that wait until they are stored together


@dataclass(frozen=True)
class PartTask:
    """The build of every part, as it is sent to the workers.

    Parameters
    ----------
    task : Task
        The sources of its tables are stand-ins: rows come to the worker.
    schemas : mapping of table → bytes
        Of its raw rows: a packed table without any.
    lookups : mapping of table → bytes
        Tables that every part has in full, packed.
    known : mapping of question → Answer
        What is known of the whole.
    lines : mapping of table → sequence of RejectedRow
        Lines of the files of these lookups that are no rows; the first part counts them.
    """

    task: Task
    schemas: Mapping[str, bytes]
    lookups: Mapping[str, bytes]
    known: Mapping[str, Answer]
    lines: Mapping[str, Sequence[RejectedRow]] = field(default_factory=dict)

    def run(self, number: int, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Build one part.

        Parameters
        ----------
        number : int
            Of the part.
        batches : iterable of RecordBatch of RECORDS

        Yields
        ------
        RecordBatch of RECORDS
            Its counts, its features, and the rows that it sets aside.
        """
        counts = Counts(self.known, first=number == 0)
        failed, rows = "", 0
        with (
            ScratchFolder() as folder,
            Session(self.task.plan.memory, 1, counts=counts) as session,
        ):
            lines = self._store(session, batches)
            if number == 0:
                lines |= {name: list(found) for name, found in self.lines.items()}

            def given(_: Session, name: str, table: TablePlan) -> list[RejectedRow]:
                return lines.get(name, [])

            try:
                build_part(session, self.task, folder, given)
            except DataError as error:
                failed = str(error)
            else:
                rows = int(session.row(f"SELECT count(*) FROM {RESULT}")[0])
                yield from _features(session, number)
                yield from _set_aside(folder, number)
        told = {"own": counts.own, "defined": counts.defined, "failed": failed, "rows": rows}
        yield record(number, "", COUNTS, json.dumps(told).encode())

    def _store(
        self, session: Session, batches: Iterable[pa.RecordBatch]
    ) -> dict[str, list[RejectedRow]]:
        """Store the rows of all tables as they come; the lines that are no rows."""
        for name, data in {**self.schemas, **self.lookups}.items():
            session.store(raw_name(name), unpacked(data).to_reader())
        lines: dict[str, list[RejectedRow]] = {}
        waiting: dict[str, list[pa.Table]] = {}
        sizes: dict[str, int] = {}
        for batch in batches:
            for name, kind, data in zip(
                *(batch.column(column) for column in ("name", "kind", "data")), strict=True
            ):
                rows = unpacked(data.as_buffer())
                if kind.as_py() == LINES:
                    found = (RejectedRow(**line) for line in rows.to_pylist())
                    lines.setdefault(name.as_py(), []).extend(found)
                    continue
                table = name.as_py()
                waiting.setdefault(table, []).append(rows)
                sizes[table] = sizes.get(table, 0) + rows.nbytes
                if sizes[table] > STORED_BYTES:
                    _append(session, table, waiting.pop(table))
                    del sizes[table]
        for name, held in waiting.items():
            _append(session, name, held)
        return lines


def _append(session: Session, name: str, tables: list[pa.Table]) -> None:
    rows = pa.concat_tables(tables, promote_options="permissive")
    session.connection.register("incoming", rows)
    try:
        session.run(f"INSERT INTO {raw_name(name)} BY NAME SELECT * FROM incoming")
    finally:
        session.connection.unregister("incoming")


def _features(session: Session, number: int) -> Iterator[pa.RecordBatch]:
    reader = session.connection.sql(f"FROM {RESULT}").to_arrow_reader(BATCH_ROWS)
    for batch in reader:
        rows = pa.Table.from_batches([batch])
        yield record(number, "", FEATURES, packed(rows.cast(plain_schema(rows.schema))))


def _set_aside(folder: Path, number: int) -> Iterator[pa.RecordBatch]:
    for file in sorted(folder.glob("*.parquet")):
        yield record(number, file.name, QUARANTINE, file.read_bytes())
