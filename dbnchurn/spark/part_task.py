"""What a worker does with the rows of one part: the build of one machine, over these rows alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

import numpy as np
import pyarrow as pa

from dbnchurn.core.errors import DataError
from dbnchurn.core.scratch import ScratchFolder
from dbnchurn.data.joins import RESULT
from dbnchurn.data.open import raw_name
from dbnchurn.data.part import Task, build_part
from dbnchurn.data.plan import TablePlan
from dbnchurn.data.regrouping import Awaited, Regrouping, arrived_name
from dbnchurn.spark.exchange import GIVEN, LINES, packed, plain_schema, record, unpacked
from dbnchurn.tables.chunks import RejectedRow
from dbnchurn.tables.counts import Answer, Counts
from dbnchurn.tables.duckdb import Session

FEATURES, QUARANTINE, COUNTS = "features", "quarantine", "counts"
BATCH_ROWS = 50_000
STORED_BYTES = 16 * 2**20  # rows that wait until they are stored together


class Told(TypedDict):
    """What a part says of its round: failure, rows of features, and a digest of how it was built.

    `own` are its counts; `given` is what it gives to other parts: a packed table without rows.
    """

    own: dict[str, Answer]
    defined: str
    failed: str
    rows: int
    given: dict[str, str]


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
    places : tuple of int, default (0,)
        What stands for each part.
    given : mapping of name → bytes
        What all parts have given each other in earlier rounds: a packed table without rows.
    """

    task: Task
    schemas: Mapping[str, bytes]
    lookups: Mapping[str, bytes]
    known: Mapping[str, Answer]
    lines: Mapping[str, Sequence[RejectedRow]] = field(default_factory=dict)
    places: tuple[int, ...] = (0,)
    given: Mapping[str, bytes] = field(default_factory=dict)

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
            Its counts, its features, and the rows that it sets aside; in a round in which it lacks
            what other parts give, its counts and what it gives to them.
        """
        counts = Counts(self.known, first=number == 0)
        regrouping = Regrouping(len(self.places), frozenset(self.given))
        failed, rows, given = "", 0, dict[str, str]()
        with (
            ScratchFolder() as folder,
            Session(self.task.plan.memory, 1, counts=counts) as session,
        ):
            lines = self._store(session, batches)
            if number == 0:
                lines |= {name: list(found) for name, found in self.lines.items()}

            def stored(_: Session, name: str, table: TablePlan) -> list[RejectedRow]:
                return lines.get(name, [])

            try:
                build_part(session, self.task, folder, stored, regrouping)
            except DataError as error:
                failed = str(error)
            except Awaited:
                for name, relation in regrouping.given.items():
                    given[name] = packed(_without_rows(session, relation)).hex()
                    yield from self._given(session, name, relation)
            else:
                rows = int(session.row(f"SELECT count(*) FROM {RESULT}")[0])
                yield from _features(session, number)
                yield from _set_aside(folder, number)
        told = Told(own=counts.own, defined=counts.defined, failed=failed, rows=rows, given=given)
        yield record(number, "", COUNTS, json.dumps(told).encode())

    def _given(self, session: Session, name: str, relation: str) -> Iterator[pa.RecordBatch]:
        """The rows that this part gives, packed for the parts that they go to."""
        for batch in session.batches(f"FROM {relation} ORDER BY part", BATCH_ROWS):
            parts = batch.column("part").to_numpy()
            rows = pa.Table.from_batches([batch.drop_columns(["part"])])
            starts = np.flatnonzero(np.r_[True, parts[1:] != parts[:-1]])
            for start, end in zip(starts, [*starts[1:], len(parts)], strict=True):
                some = rows.slice(int(start), int(end - start))
                yield record(self.places[parts[start]], name, GIVEN, packed(some))

    def _store(
        self, session: Session, batches: Iterable[pa.RecordBatch]
    ) -> dict[str, list[RejectedRow]]:
        """Store the rows of all tables as they come; the lines that are no rows."""
        tables = {**self.schemas, **self.lookups}
        empty = {raw_name(name): data for name, data in tables.items()}
        empty |= {arrived_name(name): data for name, data in self.given.items()}
        for relation, data in empty.items():
            session.store(relation, unpacked(data).to_reader())
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
                named = arrived_name if kind.as_py() == GIVEN else raw_name
                table = named(name.as_py())
                waiting.setdefault(table, []).append(rows)
                sizes[table] = sizes.get(table, 0) + rows.nbytes
                if sizes[table] > STORED_BYTES:
                    _append(session, table, waiting.pop(table))
                    del sizes[table]
        for relation, held in waiting.items():
            _append(session, relation, held)
        return lines


def _without_rows(session: Session, relation: str) -> pa.Table:
    return session.arrow(f"SELECT * EXCLUDE (part) FROM {relation} LIMIT 0")


def _append(session: Session, relation: str, tables: list[pa.Table]) -> None:
    rows = pa.concat_tables(tables, promote_options="permissive")
    session.connection.register("incoming", rows)
    try:
        session.run(f"INSERT INTO {relation} BY NAME SELECT * FROM incoming")
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
