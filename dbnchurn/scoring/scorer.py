"""One chunk of customers → their scores, the rows that cannot be scored, and counts to sum up."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from dbnchurn.core.errors import DataError, did_you_mean
from dbnchurn.predictor.changed import refuse_changed
from dbnchurn.predictor.predictor import Predictor
from dbnchurn.predictor.scores import Oddities, Scored
from dbnchurn.scoring.input_columns import check_columns, id_column, say_unused
from dbnchurn.scoring.work_folder import ChunkFacts
from dbnchurn.tables.arrow import frame_of, is_text, reading_notes, text_formats
from dbnchurn.tables.chunks import Chunk, ChunkSource, RejectedRow
from dbnchurn.tables.doubtful_values import without_missing
from dbnchurn.tables.empty_rows import (
    NOTHING_ELSE,
    TOTAL,
    doubtful_totals,
    rows_without_customer,
    total_rows,
)
from dbnchurn.tables.id_spelling import IdSpelling, zeros_lost_refusal
from dbnchurn.tables.keys import refuse_exponents, whole_keys
from dbnchurn.tables.reading import unreadable
from dbnchurn.tables.unused_columns import say

log = logging.getLogger(__name__)

REJECTED = pa.schema(
    [("file", pa.string()), ("row", pa.int64()), ("id", pa.string()), ("reason", pa.string())]
)


@dataclass(frozen=True)
class Scorer:
    """Scores chunk after chunk.

    Parameters
    ----------
    predictor : Predictor
    id : str or None
        Column that names the customers; None to number them.
    id_type : Arrow type or None
        Type of the ids in the scores; None where customers are numbered.
    formats : mapping of file → column → format
        How numbers and dates are written in files of text.
    reasons : int
        Reasons that are given for every score.
    plausibility : bool, default False
        Whether every row gets its plausibility.
    notes : tuple of str, default ()
        What was assumed, converted or left out when the table was read.
    """

    predictor: Predictor
    id: str | None
    id_type: pa.DataType | None
    formats: Mapping[str, Mapping[str, str]]
    reasons: int
    plausibility: bool = False
    notes: tuple[str, ...] = ()

    @property
    def wanted(self) -> list[str]:
        """The columns to be read."""
        used = [column.name for column in self.predictor.schema.used]
        return used if self.id is None or self.id in used else [*used, self.id]

    def frame(self, chunk: Chunk) -> pd.DataFrame:
        """The rows of a chunk as they are scored, under their numbers in the file."""
        formats = self.formats.get(chunk.file)
        frame = frame_of(self.predictor.schema, chunk.rows, formats)
        frame = without_missing(frame, self.predictor.missing)
        frame.index = pd.Index(chunk.row_numbers)
        return frame

    def score(
        self, chunk: Chunk, digest: str, known: pa.Array | None = None
    ) -> tuple[pa.Table, pa.Table, ChunkFacts]:
        """Score the rows that can be read.

        Parameters
        ----------
        chunk : Chunk
        digest : str
            Of its contents; goes into the facts.
        known : Arrow array, optional
            Ids of customers of another chunk, beside which a total stands out.

        Returns
        -------
        scores : Arrow table
            Columns ``id``, ``probability``, ``decision``, ``risk``, ``model``, where asked for
            ``plausibility`` and ``odd_columns``, and the reasons.
        rejected : Arrow table
            Columns ``file``, ``row`` (in its file, from 0), ``id`` and ``reason``.
        facts : ChunkFacts

        Raises
        ------
        DataError
            If a whole column is of another kind than in training.
        """
        frame = self.frame(chunk)
        try:
            ids, refused = self.ids(chunk)
            refused |= self._no_customers(frame, ids, known)
            refused, scored = self._examined(frame, refused)
        except (DataError, pa.ArrowException) as error:
            raise DataError(f"{chunk.file}: {error}") from error
        kept = np.setdiff1d(np.arange(len(frame)), np.fromiter(refused, np.int64, len(refused)))
        scores = _arrow(scored.frame.drop(columns="id")).add_column(
            0, "id", ids.take(pa.array(kept))
        )
        if self.reasons:
            for name, values in _reason_columns(
                self.predictor, frame.iloc[kept], self.reasons
            ).items():
                scores = scores.append_column(name, values)
        broken = [*chunk.rejected]
        for row, reason in refused.items():
            broken.append(RejectedRow(int(chunk.row_numbers[row]), _as_text(ids[row]), reason))
        facts = ChunkFacts(
            digest,
            len(frame) + len(chunk.rejected),
            len(broken),
            int(scored.frame["decision"].sum()),
            float(scored.frame["probability"].sum()),
            asdict(scored.unusual),
            {name: rows.tolist() for name, rows in scored.counts.items()},
            None if scored.odd is None else asdict(scored.odd),
        )
        return scores, _rejected(chunk.file, broken), facts

    def check(self, chunk: Chunk, allowed: Collection[str] = ()) -> dict[int, str]:
        """Refuse rows that a scoring job would refuse, if they were a table.

        Parameters
        ----------
        chunk : Chunk
        allowed : collection of str
            Columns that may have changed, and the id if it may lack zeros.

        Returns
        -------
        dict of row → reason
            Rows, counted from 0 in their file, that would be set aside.

        Raises
        ------
        DataError
            If columns changed, ids lost their zeros, or a column is of another kind.
        """
        scores, rejected, facts = self.score(chunk, "")
        refuse_changed(Oddities(**facts.unusual), allowed)
        if why := self.id_spelling(allowed).lost_in(scores.column("id").to_pandas()):
            raise DataError(zeros_lost_refusal(str(self.id), why))
        return dict(zip(*(rejected.column(c).to_pylist() for c in ("row", "reason")), strict=True))

    def id_spelling(self, allowed: Collection[str] = ()) -> IdSpelling:
        """How the ids of the training were written, where these have to be written so.

        Parameters
        ----------
        allowed : collection of str
            Has the id if it may lack zeros.

        Returns
        -------
        IdSpelling
            Of no ids, which asks nothing, where another column names the customers.
        """
        asked = self.id is not None and self.id == self.predictor.about.get("id")
        if not asked or self.id in allowed:
            return IdSpelling()
        return IdSpelling.stored(self.predictor.about)

    def ids(self, chunk: Chunk) -> tuple[pa.Array, dict[int, str]]:
        """The ids, and the rows whose id is no key, with the reason."""
        if self.id is None:
            return pa.array(chunk.rows_before + chunk.row_numbers), {}
        ids = chunk.rows.column(self.id).combine_chunks()
        if pa.types.is_floating(ids.type):
            keys, no_key = whole_keys(ids.to_pandas().rename(self.id))
            ids = pa.array(keys, pa.int64(), from_pandas=True)
            refused = {int(row): "the id is no whole number" for row in np.flatnonzero(no_key)}
        else:
            refused = {}
            if is_text(ids.type):
                refuse_exponents(ids.to_pandas().rename(self.id))
        wanted = key_type(self.id_type)
        return ids if ids.type == wanted else ids.cast(wanted), refused

    def _no_customers(
        self, frame: pd.DataFrame, ids: pa.Array, known: pa.Array | None
    ) -> dict[int, str]:
        """Rows that are totals, or hold an id and nothing else, with the reason."""
        reference = self.predictor.reference
        shares = None
        if reference is not None:
            missing = {column.name: column.missing for column in reference.columns}
            shares = [1 - missing[str(name)] for name in frame]
        words = None if self.id is None else ids.to_pandas().rename(self.id)
        found = rows_without_customer(words, frame, shares)
        if words is not None and known is not None:
            both = pd.concat([words, known.to_pandas()])
            found[TOTAL] = found[TOTAL] | total_rows(both)[: len(ids)]
        if words is not None and (doubt := doubtful_totals(words, found[TOTAL])):
            log.warning("%s", doubt)
        reasons = (NOTHING_ELSE, TOTAL)  # a total that the known ids make one is no longer nothing
        return {int(row): why for why in reasons for row in np.flatnonzero(found[why])}

    def _examined(
        self, frame: pd.DataFrame, refused: dict[int, str]
    ) -> tuple[dict[int, str], Scored]:
        """Rows that cannot be scored, with the reason, and the scores of the others."""
        scorable = np.ones(len(frame), bool)
        scorable[list(refused)] = False
        try:
            return refused, self._examine(frame[scorable])
        except DataError:
            unread = unreadable(self.predictor.schema, frame)
            if not unread:
                raise
        refused = {**unread, **refused}
        scorable[list(refused)] = False
        return refused, self._examine(frame[scorable])

    def _examine(self, frame: pd.DataFrame) -> Scored:
        return self.predictor.examine(frame, plausibility=self.plausibility)


def scorer_of(
    predictor: Predictor,
    source: ChunkSource,
    id: str | None,
    reasons: int = 0,
    plausibility: bool = False,
) -> Scorer:
    """The scorer of a table, whose columns are checked in every file before a row is read.

    Parameters
    ----------
    predictor : Predictor
    source : ChunkSource
    id : str or None
        Column that names the customer; by default that of the training.
    reasons, plausibility
        As :class:`Scorer` takes them.

    Returns
    -------
    Scorer

    Raises
    ------
    DataError
        If a file lacks columns, or another column may name the customers.
    """
    files = source.columns
    id = id_column(predictor, files) if id is None else id
    for file, columns in files.items():
        check_columns(predictor, file, columns)
        if id is not None and id not in columns:
            raise DataError(f"{file}: no id column {id!r}: {did_you_mean(id, columns)}")
    say_unused(predictor, files, id)
    formats = text_formats(source, predictor.schema, predictor.missing)
    notes = reading_notes(source, predictor.schema, formats)
    say(notes)
    id_type = None if id is None else source.id_type(id)
    return Scorer(predictor, id, id_type, formats, reasons, plausibility, tuple(notes))


def key_type(kind: pa.DataType | None) -> pa.DataType | None:
    """Type of the ids in the scores: whole numbers for ids such as 7.0."""
    return pa.int64() if kind is not None and pa.types.is_floating(kind) else kind


def _arrow(scores: pd.DataFrame) -> pa.Table:
    """Scores as an Arrow table of the same types for every chunk, even one without rows."""
    columns = pa.table(
        {
            "probability": pa.array(scores["probability"], pa.float64()),
            "decision": pa.array(scores["decision"], pa.bool_()),
            "risk": pa.array(scores["risk"], pa.string()),
            "model": pa.array(scores["model"], pa.string()),
        }
    )
    if "plausibility" in scores:
        rarity, named = scores["plausibility"], scores["odd_columns"]
        columns = columns.append_column("plausibility", pa.array(rarity, pa.float64()))
        columns = columns.append_column("odd_columns", pa.array(named, pa.string()))
    return columns


def _reason_columns(predictor: Predictor, frame: pd.DataFrame, k: int) -> dict[str, pa.Array]:
    """Name → column of the reasons: numbers, or text."""
    reasons = predictor.reasons(frame, k)
    return {
        str(name): pa.array(values, pa.float64(), from_pandas=True)
        if pd.api.types.is_numeric_dtype(values.dtype)
        else pa.array(values, pa.string(), from_pandas=True)
        for name, values in reasons.items()
    }


def _rejected(file: str, broken: Sequence[RejectedRow]) -> pa.Table:
    rows = [(file, b.row, b.id, b.reason) for b in sorted(broken, key=lambda b: b.row)]
    columns = zip(*rows, strict=True) if rows else [[]] * len(REJECTED)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, REJECTED, strict=True)]
    return pa.Table.from_arrays(arrays, schema=REJECTED)


def _as_text(scalar: pa.Scalar) -> str | None:
    value = scalar.as_py()
    return None if value is None else str(value)
