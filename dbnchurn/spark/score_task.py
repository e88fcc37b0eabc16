"""What a worker does with customers to score: the job of one machine, chunk by chunk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from dbnchurn.core.errors import DataError
from dbnchurn.data.joins import CUTOFF
from dbnchurn.exports.spark import loaded_once
from dbnchurn.scoring.scorer import Scorer, key_type
from dbnchurn.spark.exchange import packed, record
from dbnchurn.tables.chunks import Chunk, rechunk

SCORES, REJECTED, FACTS = "scores", "rejected", "facts"
CHUNK_ROWS = 50_000
REJECTED_ROWS = pa.schema([("id", pa.string()), ("reason", pa.string()), (CUTOFF, pa.date32())])


@dataclass(frozen=True)
class ScoreTask:
    """What a worker does with its rows.

    Parameters
    ----------
    files : tuple of (name, content)
        Of the model.
    source : str
        Name of the table, for messages.
    names : tuple of str
        Columns of the rows, as they come.
    id : str
    id_type : Arrow type
    plausibility : bool
    """

    files: tuple[tuple[str, bytes], ...]
    source: str
    names: tuple[str, ...]
    id: str
    id_type: pa.DataType
    plausibility: bool

    @property
    def schema(self) -> pa.Schema:
        """The columns of the scores."""
        columns = [("id", key_type(self.id_type)), (CUTOFF, pa.date32())]
        columns += [("probability", pa.float64()), ("decision", pa.bool_())]
        columns += [("risk", pa.string()), ("model", pa.string())]
        if self.plausibility:
            columns += [("plausibility", pa.float64()), ("odd_columns", pa.string())]
        return pa.schema(columns)

    def run(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Score rows.

        Parameters
        ----------
        batches : iterable of RecordBatch
            The last column is the cutoff.

        Yields
        ------
        RecordBatch of RECORDS
            Scores, rows that cannot be scored, and facts of every chunk.
        """
        for rows in rechunk(batches, CHUNK_ROWS):
            scores, rejected, facts = self.scored(rows)
            yield record(0, "", SCORES, packed(scores))
            if rejected.num_rows:
                yield record(0, "", REJECTED, packed(rejected))
            yield record(0, "", FACTS, json.dumps(facts).encode())

    def scored(self, rows: pa.Table) -> tuple[pa.Table, pa.Table, dict[str, Any]]:
        """Scores and rejected rows, both with their cutoff, and the facts of a chunk.

        Raises
        ------
        DataError
            If a row has no cutoff, or a whole column is of another kind than in training.
        """
        scorer = Scorer(loaded_once(self.files), self.id, self.id_type, {}, 0, self.plausibility)
        cutoffs = rows.column(rows.num_columns - 1)
        if missing := cutoffs.null_count:
            raise DataError(f"{self.source}: {missing} rows have no {CUTOFF}; every row needs one")
        named = pa.Table.from_arrays(rows.columns[:-1], names=list(self.names))
        chunk = Chunk(self.source, 0, np.arange(rows.num_rows), named)
        scores, rejected, facts = scorer.score(chunk, "")
        out = rejected.column("row").to_numpy()
        kept = np.setdiff1d(np.arange(rows.num_rows), out)
        of_scores = cutoffs.take(pa.array(kept))
        days, scored = (sorted(map(str, c.unique().to_pylist())) for c in (cutoffs, of_scores))
        return (
            scores.add_column(1, CUTOFF, of_scores),
            rejected.select(["id", "reason"]).append_column(CUTOFF, cutoffs.take(pa.array(out))),
            {**asdict(facts), "cutoffs": days, "scored_cutoffs": scored},
        )
