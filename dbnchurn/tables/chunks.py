"""The protocol of a source that yields a table of any size chunk by chunk.

Chunk boundaries are the same every time, so that scoring can resume at any chunk. Sources are in
:mod:`dbnchurn.tables.streaming` (files) and :mod:`dbnchurn.tables.postgres`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Ints

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pyarrow as pa
else:
    pa = LazyModule("pyarrow")


@dataclass(frozen=True)
class RejectedRow:
    """A row that cannot be scored.

    Parameters
    ----------
    row : int
        Row number in its file, from 0.
    id : str or None
        The customer; None if the id cannot be read.
    reason : str
    """

    row: int
    id: str | None
    reason: str


@dataclass(frozen=True, eq=False)
class Chunk:
    """Consecutive rows of one file.

    Parameters
    ----------
    file : str
        Its path, or the name of a query.
    rows_before : int
        Number of rows in the files before this one.
    row_numbers : int64 array of shape (n,)
        Row numbers in the file, from 0.
    rows : Arrow table of n rows
        Columns with the types of the source.
    rejected : tuple of RejectedRow, default ()
        Lines between these rows that have too few or too many fields.
    steps : int, default 1
        Steps of a progress bar since the chunk before.
    """

    file: str
    rows_before: int
    row_numbers: Ints
    rows: pa.Table
    rejected: tuple[RejectedRow, ...] = ()
    steps: int = 1

    def digest(self) -> str:
        """SHA-256 of file name, row numbers and values, in hexadecimal."""
        digest = hashlib.sha256(f"{self.file} {self.rows_before}".encode())
        digest.update(self.row_numbers.tobytes())
        with pa.ipc.new_stream(pa.PythonFile(_HashFile(digest), "w"), self.rows.schema) as stream:
            stream.write_table(self.rows.combine_chunks())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class RowPlaces:
    """Where the rows of a table stand in the files that it was read from.

    Parameters
    ----------
    files : tuple of str
        Of each run of rows.
    numbers : tuple of int64 arrays
        Row numbers of each run in its file, from 0; lines that cannot be read count.

    Examples
    --------
    >>> places = RowPlaces(("a.csv", "b.csv"), (np.array([0, 2]), np.array([0])))
    >>> places.named(1), places.named(2)
    ('row 2 of a.csv', 'row 0 of b.csv')
    """

    files: tuple[str, ...]
    numbers: tuple[Ints, ...]

    def named(self, row: int) -> str:
        """A row by its number in its file, whose name is added where there are several."""
        ends = np.cumsum([len(numbers) for numbers in self.numbers])
        run = int(np.searchsorted(ends, row, side="right"))
        number = self.numbers[run][row - (int(ends[run - 1]) if run else 0)]
        return f"row {number}{f' of {self.files[run]}' if len(set(self.files)) > 1 else ''}"


class _HashFile:
    """A file object that hashes what is written to it and stores nothing."""

    closed = False

    def __init__(self, digest: Any) -> None:
        self.digest = digest

    def write(self, content: Any) -> int:
        self.digest.update(content)
        return len(content)

    def flush(self) -> None: ...

    def close(self) -> None: ...


class ChunkSource(Protocol):
    """A table in files or a database that can be read chunk by chunk, several times."""

    columns: dict[str, list[str]]
    """File, or name of the query → names of all its columns."""

    rows: int | None
    """Number of rows; None if it is not known before reading."""

    def identity(self) -> dict[str, Any] | None:
        """Plain data that changes when the rows change; None if only the rows show a change."""

    def id_type(self, name: str) -> pa.DataType:
        """Arrow type of the column `name`, which holds the customers' ids."""

    def steps(self, size: int) -> int:
        """Sum of the `steps` of all chunks of `size` rows."""

    def chunks(self, wanted: list[str], size: int, first: int = 0) -> Iterator[Chunk]:
        """Read the table from a chunk on.

        Parameters
        ----------
        wanted : list of str
            Columns to read.
        size : int
            Rows of a chunk; the last chunk of a file may have fewer.
        first : int, default 0
            Number of the first chunk to yield.

        Yields
        ------
        Chunk
        """


def rechunk(batches: Iterable[pa.RecordBatch], size: int) -> Iterator[pa.Table]:
    """Regroup the rows of batches into tables of equal size.

    Parameters
    ----------
    batches : iterable of RecordBatch
    size : int
        Rows of a table.

    Yields
    ------
    Table of `size` rows
        The last one may have fewer.

    Examples
    --------
    >>> batches = pa.table({"x": range(7)}).to_batches(max_chunksize=3)
    >>> [table["x"].to_pylist() for table in rechunk(batches, 4)]
    [[0, 1, 2, 3], [4, 5, 6]]
    """
    waiting: list[pa.RecordBatch] = []
    missing = size
    for batch in batches:
        while batch.num_rows >= missing:
            yield pa.Table.from_batches([*waiting, batch.slice(0, missing)])
            batch, waiting, missing = batch.slice(missing), [], size
        if batch.num_rows:
            waiting.append(batch)
            missing -= batch.num_rows
    if waiting:
        yield pa.Table.from_batches(waiting)
