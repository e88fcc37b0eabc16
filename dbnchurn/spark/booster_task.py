"""What workers do for boosters on all rows: prepare and divide them, then fit together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from safetensors.numpy import save

from dbnchurn.core.records import pack
from dbnchurn.core.sql import quoted, text_literal
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.data.draw import Draw
from dbnchurn.data.joins import CUTOFF, LABEL
from dbnchurn.data.plan import DataPlan
from dbnchurn.features import Leaves
from dbnchurn.features.compact_rows import row_chunks
from dbnchurn.features.leaves import Share
from dbnchurn.features.leaves_record import booster_matrix
from dbnchurn.model.booster_fitter import RowPreparation
from dbnchurn.spark.barrier import communicator
from dbnchurn.spark.draw import rows_not_drawn, store_rows
from dbnchurn.spark.exchange import packed, record, unpacked
from dbnchurn.spark.part_task import BATCH_ROWS
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.schema import Table

SHARD, BOOSTERS = "shard", "boosters"
Y, WEIGHT, FOLD = "y", "weight", "fold"
HASHED = "fold of the row"


def shards(
    table: Table, y: Ints, weight: Floats, fold: Ints, places: Sequence[int]
) -> Iterator[tuple[int, str, str, bytes]]:
    """Rows of the driver, packed for the workers.

    Parameters
    ----------
    table : Table of n prepared rows
    y, weight, fold : arrays of shape (n,)
    places : sequence of int
        What stands for each worker.

    Yields
    ------
    place, name, kind, data
    """
    for worker, place in enumerate(places):
        rows = np.arange(worker, len(y), len(places))
        for number, chunk in enumerate(row_chunks(len(rows), BATCH_ROWS)):
            some = rows[chunk]
            data = _shard(table.take(some), y[some], weight[some], fold[some])
            yield place, f"drawn {number:06d}", SHARD, data


@dataclass(frozen=True, eq=False)
class ShardTask:
    """Prepares the rows of customers who were not drawn.

    Parameters
    ----------
    plan : DataPlan
    categories : tuple of str
        Features that are categories.
    draw : Draw
    cutoffs : list of str or None
        Of the rows that may be trained on; None for tables without dates.
    preparation : RowPreparation
    weights : tuple of two float
        How often a stayer and a churner count.
    folds : int
    seed : int
        Of the folds.
    places : tuple of int
        What stands for each worker.
    """

    plan: DataPlan
    categories: tuple[str, ...]
    draw: Draw
    cutoffs: list[str] | None
    preparation: RowPreparation
    weights: tuple[float, float]
    folds: int
    seed: int
    places: tuple[int, ...]

    def run(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Prepare the rows of one part, in the order of cutoffs and keys.

        Parameters
        ----------
        batches : iterable of RecordBatch of RECORDS
            With packed features.

        Yields
        ------
        RecordBatch of RECORDS
        """
        part = 0

        def tables() -> Iterator[pa.Table]:
            nonlocal part
            for batch in batches:
                for place, data in zip(batch.column("place"), batch.column("data"), strict=True):
                    part = place.as_py()
                    yield unpacked(data.as_buffer())

        with Session(self.plan.memory, n_threads=1) as session:
            if not store_rows(session, tables()):
                return
            rows = session.connection.sql(self._query).to_arrow_reader(BATCH_ROWS)
            place = self.places[part % len(self.places)]
            for number, batch in enumerate(rows):
                if batch.num_rows:
                    name = f"part {part:06d} {number:06d}"
                    yield record(place, name, SHARD, self._packed(pa.Table.from_batches([batch])))

    @property
    def _query(self) -> str:
        key = quoted(self.plan.tables[self.plan.base].key)
        others = rows_not_drawn(self.plan, self.draw, self.cutoffs)
        salt = text_literal(f"fold {self.seed}:")
        hashed = f"md5_number_lower({salt} || CAST({key} AS VARCHAR)) % {self.folds}"
        return (
            f"SELECT *, CAST({hashed} AS BIGINT) AS {quoted(HASHED)} FROM ({others}) "
            f"ORDER BY {CUTOFF}, {key}"
        )

    def _packed(self, rows: pa.Table) -> bytes:
        fold = rows.column(HASHED).to_numpy()
        y = rows.column(LABEL).to_numpy().astype(np.int64)
        for name in self.categories:
            place = rows.schema.get_field_index(name)
            if place >= 0:
                values = rows.column(name).cast(pa.string()).dictionary_encode()
                rows = rows.set_column(place, name, values)
        table = self.preparation.prepared(rows.drop_columns([HASHED, LABEL]).to_pandas())
        return _shard(table, y, np.where(y == 1, self.weights[1], self.weights[0]), fold)


@dataclass(frozen=True, eq=False)
class BoosterTask:
    """Fits the boosters, together with the other workers.

    Parameters
    ----------
    leaves : Leaves
        Unfitted.
    like : Table
        Without rows, with the columns.
    folds : int
    validation : (table, y, sample_weight) or None
        Every worker has all of these rows, so that all stop at the same tree.
    seed : int
    """

    leaves: Leaves
    like: Table
    folds: int
    validation: tuple[Table, Ints, Floats] | None
    seed: int

    def run(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Fit on the rows of this worker.

        Parameters
        ----------
        batches : iterable of RecordBatch of RECORDS

        Yields
        ------
        RecordBatch of RECORDS
            The boosters, of the first worker alone.
        """
        from xgboost import collective

        found = [
            (name.as_py(), data.as_buffer().to_pybytes())
            for batch in batches
            for name, data in zip(batch.column("name"), batch.column("data"), strict=True)
        ]
        rows = pa.concat_tables([unpacked(data) for _, data in sorted(found)]).combine_chunks()
        fold = rows.column(FOLD).to_numpy()
        with communicator() as (rank, workers):
            mine = np.bincount(fold, minlength=self.folds).astype(np.int64)
            fold_rows = collective.allreduce(mine, collective.Op.SUM)
            fitted = self.leaves.fit(
                self._table(rows),
                rows.column(Y).to_numpy(),
                sample_weight=rows.column(WEIGHT).to_numpy(),
                fold=fold,
                validation=self.validation,
                generator=np.random.default_rng(self.seed),
                share=Share(fold_rows, workers),
            )
        if rank == 0:
            tree, arrays = pack(fitted.record_)
            facts = {
                "record": tree,
                "curves": fitted.curves_,
                "rows": fitted.rows_,
                "workers": workers,
            }
            yield record(0, json.dumps(facts), BOOSTERS, save(arrays))

    def _table(self, rows: pa.Table) -> Table:
        numbers = len(self.like.number_names)
        values = np.empty((rows.num_rows, rows.num_columns - 3), np.float32)
        for place in range(values.shape[1]):
            values[:, place] = rows.column(place).to_numpy()
        codes = np.where(np.isnan(values[:, numbers:]), -1, values[:, numbers:]).astype(np.int32)
        return replace(self.like, numbers=values[:, :numbers], codes=codes)


def _shard(table: Table, y: Ints, weight: Floats, fold: Ints) -> bytes:
    matrix = booster_matrix(table)
    columns = {f"c{i}": np.ascontiguousarray(matrix[:, i]) for i in range(matrix.shape[1])}
    return packed(pa.table({**columns, Y: y, WEIGHT: weight, FOLD: fold}))
