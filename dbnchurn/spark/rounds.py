"""Rounds of building all parts: each is given what all parts have counted and given before.

One round is enough where every part decides by its own rows as the whole does. Features of
neighbours take three: parts give each other ties, then what is known of partners, then build.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from dbnchurn.core.errors import DataError
from dbnchurn.data.open import raw_name
from dbnchurn.data.part import Task, Whole, conclude
from dbnchurn.spark.exchange import GIVEN, packed
from dbnchurn.spark.part_task import COUNTS, PartTask, Told
from dbnchurn.spark.records import kept_records
from dbnchurn.spark.session import readable
from dbnchurn.spark.sources import Source
from dbnchurn.tables.counts import Answer, NotCounted, folded
from dbnchurn.tables.duckdb import Session

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

log = logging.getLogger(__name__)
MOST_ROUNDS = 20
DISAGREE = (
    "the parts of the tables are not built alike, although each was given the counts of all; "
    "build the tables on one machine, and report it"
)


def built_parts(
    sources: Mapping[str, Source], places: tuple[int, ...], task: Task
) -> tuple[DataFrame, Whole, int]:
    """Build all parts until each was built as the counts of the whole say.

    Parameters
    ----------
    sources : mapping of table → Source
    places : tuple of int
        What stands for each part.
    task : Task

    Returns
    -------
    records : pyspark.sql.DataFrame
        Of all parts; to be unpersisted by the caller.
    whole : Whole
    rows : int
        Of the features.

    Raises
    ------
    DataError
        If the tables cannot be used.
    """
    rounds = _Rounds(sources, places, task)
    try:
        for _ in range(MOST_ROUNDS):
            if (built := rounds.build()) is not None:
                return built
    finally:
        for frame in rounds.kept:
            frame.unpersist()
    raise DataError(DISAGREE)


@dataclass
class _Rounds:
    """What the rounds so far have found out.

    Attributes
    ----------
    known : dict of question → Answer
        Folded from all parts.
    given : dict of name → bytes
        What all parts have given: a packed table without rows.
    kept : list of DataFrame
        Divided rows that several rounds read, and records of rounds with what was given in them.
    """

    sources: Mapping[str, Source]
    places: tuple[int, ...]
    task: Task
    known: dict[str, Answer] = field(default_factory=dict)
    given: dict[str, bytes] = field(default_factory=dict)
    kept: list[DataFrame] = field(default_factory=list)

    def build(self) -> tuple[DataFrame, Whole, int] | None:
        """One round: as :func:`built_parts`, or None if another one is needed.

        Raises
        ------
        DataError
            If the tables cannot be used, or another round would be like this one.
        """
        records = self._built()
        keep = False
        try:
            told = _told(records)
            before, self.known = self.known, folded([part["own"] for part in told])
            whole = self._whole()
            if whole is not None and all(_is_done(part, whole) for part in told):
                keep = True
                return records, whole, sum(part["rows"] for part in told)
            if fresh := _given_by_all(told, self.given):
                keep = True
                self.given |= fresh
                self.kept.append(records)
                return None
        finally:
            if not keep:
                records.unpersist()
        if self.known == before:  # another round would be built of the same answers
            raise DataError(next((part["failed"] for part in told if part["failed"]), DISAGREE))
        log.info("the parts decided differently; all are built again with what all rows say")
        return None

    def _whole(self) -> Whole | None:
        """What holds of the whole; None if not all parts have counted all of it."""
        try:
            return conclude(self.task, _sql_types(self.sources), self.known)
        except NotCounted:
            return None

    def _built(self) -> DataFrame:
        """The records of all parts, not computed yet."""
        part_task = PartTask(
            self.task,
            {n: packed(s.schema.empty_table()) for n, s in self.sources.items() if s.rows is None},
            {n: s.rows for n, s in self.sources.items() if s.rows is not None},
            self.known,
            {n: s.lines for n, s in self.sources.items() if s.lines},
            self.places,
            self.given,
        )

        def build(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            from pyspark import TaskContext

            context = TaskContext.get()
            yield from part_task.run(context.partitionId() if context else 0, batches)

        return kept_records(self._shuffled(), build)

    def _shuffled(self) -> DataFrame:
        """The packed rows of all tables and those that were given; a part is one partition."""
        together = self.kept[0] if self.kept else self._divided()
        for records in self.kept[1:]:
            names = ", ".join(f"'{name}'" for name in self.given)
            together = together.unionByName(
                records.filter(f"kind = '{GIVEN}' AND name IN ({names})")
            )
        return together.repartition(len(self.places), "place")

    def _divided(self) -> DataFrame:
        """The packed rows of all tables, kept where several rounds will read them."""
        frames = [s.divide(self.places) for s in self.sources.values() if s.divide is not None]
        together = frames[0]
        for frame in frames[1:]:
            together = together.unionByName(frame)
        if self.task.plan.neighbours and len(self.places) > 1:
            together = kept_records(together, _as_they_are)
            self.kept.append(together)
        return together


def _as_they_are(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return batches


def _told(records: DataFrame) -> list[Told]:
    """What each part tells of its round."""
    try:
        counts = records.filter(f"kind = '{COUNTS}'").collect()
    except Exception as error:
        raise readable(error) from error
    return [json.loads(bytes(row["data"])) for row in counts]


def _is_done(part: Told, whole: Whole) -> bool:
    return not (part["failed"] or part["given"]) and part["defined"] == whole.defined


def _given_by_all(told: list[Told], known: Mapping[str, bytes]) -> dict[str, bytes]:
    """What every part has given and was not known: name → a packed table without rows."""
    first, *others = (part["given"] for part in told)
    return {
        name: bytes.fromhex(schema)
        for name, schema in first.items()
        if name not in known and all(name in given for given in others)
    }


def _sql_types(sources: Mapping[str, Source]) -> dict[str, dict[str, str]]:
    with Session(n_threads=1) as session:
        for name, source in sources.items():
            session.store(raw_name(name), source.schema.empty_table().to_reader())
        return {name: session.columns(raw_name(name)) for name in sources}
