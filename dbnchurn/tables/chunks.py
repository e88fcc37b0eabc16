"""A table of any size as a stream of chunks, whose boundaries are the same every time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from dbnchurn.core.typing import Ints


@dataclass(frozen=True)
class Broken:
    """A row that cannot be scored.

    Parameters
    ----------
    place : int
        Row in its file, from 0.
    id : str or None
        The customer, where it could be read.
    reason : str
    """

    place: int
    id: str | None
    reason: str


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some neighbouring rows of one file.

    Parameters
    ----------
    file : str
    before : int
        Rows of the files before.
    places : int64 array of shape (n,)
        Where the rows stand in their file, from 0.
    rows : Arrow table of n rows
        Columns as they came.
    broken : tuple of Broken
        Lines among them that are no rows of a table.
    steps : int
        Progress made since the chunk before.
    """

    file: str
    before: int
    places: Ints
    rows: pa.Table
    broken: tuple[Broken, ...] = ()
    steps: int = 1

    def digest(self) -> str:
        """SHA-256 of the contents, in hexadecimal."""
        found = hashlib.sha256(f"{self.file} {self.before}".encode())
        found.update(self.places.tobytes())
        with pa.ipc.new_stream(pa.PythonFile(_Sink(found), "w"), self.rows.schema) as stream:
            stream.write_table(self.rows.combine_chunks())
        return found.hexdigest()


class _Sink:
    """A file that is only hashed."""

    closed = False

    def __init__(self, digest: Any) -> None:
        self.digest = digest

    def write(self, content: Any) -> int:
        self.digest.update(content)
        return len(content)

    def flush(self) -> None: ...

    def close(self) -> None: ...


class Source(Protocol):
    """Where the rows come from."""

    columns: dict[str, list[str]]
    """File → names of all its columns."""

    text: bool
    """Whether everything is text, as in CSV."""

    rows: int | None
    """How many, if that is known beforehand."""

    def identity(self) -> dict[str, Any] | None:
        """What changes when the contents do, as plain data; None if only the contents tell."""

    def id_type(self, name: str) -> pa.DataType:
        """Type of the column that names the customers."""

    def steps(self, size: int) -> int:
        """Sum over the chunks of their `steps`."""

    def chunks(self, wanted: list[str], size: int, first: int = 0) -> Iterator[Chunk]:
        """The columns `wanted`, `size` rows at a time, from chunk number `first` on."""


def sized(batches: Iterable[pa.RecordBatch], size: int) -> Iterator[pa.Table]:
    """The same rows in tables of `size` rows; the last may be smaller.

    Examples
    --------
    >>> batches = pa.table({"x": range(7)}).to_batches(max_chunksize=3)
    >>> [table["x"].to_pylist() for table in sized(batches, 4)]
    [[0, 1, 2, 3], [4, 5, 6]]
    """
    held: list[pa.RecordBatch] = []
    room = size
    for batch in batches:
        while batch.num_rows >= room:
            yield pa.Table.from_batches([*held, batch.slice(0, room)])
            batch, held, room = batch.slice(room), [], size
        if batch.num_rows:
            held.append(batch)
            room -= batch.num_rows
    if held:
        yield pa.Table.from_batches(held)
