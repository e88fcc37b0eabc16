"""Predictions of customers who were not drawn, made where their rows lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from dbnchurn.core.files import atomic_folder
from dbnchurn.core.sql import quoted
from dbnchurn.data.draw import Draw
from dbnchurn.data.joins import CUTOFF, LABEL
from dbnchurn.data.plan import DataPlan
from dbnchurn.exports.spark import loaded_once
from dbnchurn.spark.draw import rows_in, rows_not_drawn, store_rows
from dbnchurn.spark.exchange import packed, record, unpacked
from dbnchurn.spark.part_task import BATCH_ROWS
from dbnchurn.spark.records import RECORD
from dbnchurn.spark.score_task import SCORES
from dbnchurn.spark.session import readable
from dbnchurn.tables.duckdb import Session

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True, eq=False)
class OtherScores:
    """Scores the rows of customers who were not drawn.

    Parameters
    ----------
    files : tuple of (name, content)
        Of the model.
    plan : DataPlan
    draw : Draw
    cutoffs : tuple of str
        Of the rows that are scored.
    """

    files: tuple[tuple[str, bytes], ...]
    plan: DataPlan
    draw: Draw
    cutoffs: tuple[str, ...]

    def run(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Score the rows of some parts, in the order of cutoffs and keys.

        Parameters
        ----------
        batches : iterable of RecordBatch of RECORDS
            With packed features.

        Yields
        ------
        RecordBatch of RECORDS
        """
        key = self.plan.tables[self.plan.base].key
        query = rows_not_drawn(self.plan, self.draw, self.cutoffs)
        with Session(self.plan.memory, n_threads=1) as session:
            if not store_rows(session, rows_in(batches)):
                return
            ordered = session.connection.sql(f"{query} ORDER BY {CUTOFF}, {quoted(key)}")
            for batch in ordered.to_arrow_reader(BATCH_ROWS):
                if batch.num_rows:
                    yield record(0, "", SCORES, packed(self._scored(batch, key)))

    def _scored(self, rows: pa.RecordBatch, key: str) -> pa.Table:
        table = pa.Table.from_batches([rows])
        frame = table.drop_columns([LABEL]).to_pandas()
        return pa.table(
            {
                "id": table.column(key),
                CUTOFF: table.column(CUTOFF),
                LABEL: table.column(LABEL).cast(pa.int64()),
                "score": loaded_once(self.files).predict_proba(frame)[:, 1],
            }
        )


def write_other_scores(features: DataFrame, task: OtherScores, folder: Path) -> bool:
    """Score on the workers, and write the predictions here, a file for every batch.

    Parameters
    ----------
    features : pyspark.sql.DataFrame
        Records with packed rows; all rows of a customer are in one partition.
    task : OtherScores
    folder : Path
        New.

    Returns
    -------
    bool
        Whether there were any; without them no folder is left.

    Raises
    ------
    DataError
        If the model cannot score the rows.
    """
    found = 0
    try:
        with atomic_folder(folder) as unfinished:
            for row in features.mapInArrow(task.run, RECORD).toLocalIterator():
                rows = unpacked(bytes(row["data"]))
                pq.write_table(rows, unfinished / f"part-{found:06d}.parquet")
                found += 1
    except Exception as error:
        raise readable(error) from error
    if not found:
        folder.rmdir()
    return found > 0
