"""Draw customers from a table of features on Spark, as one machine draws them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dbnchurn.data.draw import SLOTS, Draw, DrawRule
from dbnchurn.data.joins import CUTOFF, LABEL, RESULT
from dbnchurn.data.plan import DataPlan
from dbnchurn.spark.exchange import packed, record, unpacked
from dbnchurn.spark.part_task import BATCH_ROWS, FEATURES
from dbnchurn.spark.records import RECORD
from dbnchurn.spark.session import readable
from dbnchurn.tables.duckdb import Session

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def draw_on_workers(features: DataFrame, plan: DataPlan, rule: DrawRule) -> tuple[Draw, DataFrame]:
    """Draw customers where their rows lie.

    Parameters
    ----------
    features : pyspark.sql.DataFrame
        Records with packed rows; all rows of a customer are in one partition.
    plan : DataPlan
    rule : DrawRule

    Returns
    -------
    draw : Draw
    drawn : pyspark.sql.DataFrame
        Records with the packed rows of drawn customers.

    Raises
    ------
    DataError
        If nobody who left, or nobody who stayed, would be drawn.
    """
    key, memory = plan.tables[plan.base].key, plan.memory

    def count(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with Session(memory, n_threads=1) as session:
            if store_rows(session, rows_in(batches)):
                counts = rule.slot_counts(session, RESULT, key)
                yield record(0, "", "", counts.tobytes())

    try:
        told = features.mapInArrow(count, RECORD).collect()
    except Exception as error:
        raise readable(error) from error
    parts = [np.frombuffer(bytes(row["data"]), np.int64).reshape(2, SLOTS) for row in told]
    draw = Draw.of(np.sum(parts, axis=0, dtype=np.int64), rule)

    def take(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with Session(memory, n_threads=1) as session:
            if store_rows(session, rows_in(batches)):
                drawn = session.connection.sql(rule.drawn_rows(RESULT, key, draw))
                for batch in drawn.to_arrow_reader(BATCH_ROWS):
                    yield record(0, "", FEATURES, packed(pa.Table.from_batches([batch])))

    return draw, features.mapInArrow(take, RECORD)


def rows_not_drawn(plan: DataPlan, draw: Draw, cutoffs: Sequence[str] | None) -> str:
    """SQL of the rows with an outcome of customers who were not drawn, from a session's features.

    Parameters
    ----------
    plan : DataPlan
    draw : Draw
    cutoffs : sequence of str or None
        Of these rows; None for all.

    Returns
    -------
    str
    """
    rule = DrawRule(draw.most_rows, draw.seed)
    others = rule.drawn_rows(RESULT, plan.tables[plan.base].key, draw, others=True)
    days = ", ".join(f"DATE '{day}'" for day in cutoffs or ())
    dated = f" AND {CUTOFF} IN ({days})" if cutoffs is not None else ""
    return f"SELECT * FROM ({others}) WHERE {LABEL} IS NOT NULL{dated}"


def store_rows(session: Session, tables: Iterable[pa.Table]) -> bool:
    """Store features as the build leaves them in a session.

    Parameters
    ----------
    session : Session
    tables : iterable of Arrow tables

    Returns
    -------
    bool
        Whether there were any.
    """
    made = False
    for rows in tables:
        session.connection.register("incoming", rows)
        verb = f"INSERT INTO {RESULT}" if made else f"CREATE TABLE {RESULT} AS"
        session.run(f"{verb} FROM incoming")
        session.connection.unregister("incoming")
        made = True
    return made


def rows_in(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The tables that are packed in records."""
    for batch in batches:
        for data in batch.column("data"):
            yield unpacked(data.as_buffer())
