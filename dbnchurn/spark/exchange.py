"""What goes between the workers: rows of a table for one part, packed and compressed.

A task packs many rows of one part into one value, which costs less than rows of Spark each by
itself. Nothing here needs Spark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from dbnchurn.core.typing import UInts32
from dbnchurn.data.division import Division
from dbnchurn.data.plan import TablePlan
from dbnchurn.tables.chunks import RejectedRow

PACKED_BYTES = 48 * 2**20
"""Of rows that a task gathers before it divides them among the parts."""

RECORDS = pa.schema(
    [("place", pa.int64()), ("name", pa.string()), ("kind", pa.string()), ("data", pa.binary())]
)
"""One packed value: where it goes, of which table, and what it is."""

ROWS, LINES, GIVEN = "rows", "lines", "given"


def places_of(parts: int) -> tuple[int, ...]:
    """A number for every part that Spark's hash sends there.

    Parameters
    ----------
    parts : int

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> places_of(3)
    (3, 0, 1)
    """
    numbers = np.arange(64 * parts + 256, dtype=np.uint32)
    hashes = _spark_hash(numbers).view(np.int32).astype(np.int64)
    _, first = np.unique(hashes % parts, return_index=True)
    return tuple(first.tolist())


def _spark_hash(numbers: UInts32) -> UInts32:
    """Spark's ``hash`` of a column of longs: MurmurHash3 (A. Appleby, 2011) of their two halves.

    Computed here, for a job of Spark that asks for it costs as much as a build of a small part.
    """
    hashes = np.full_like(numbers, 42)
    for half in (numbers, np.zeros_like(numbers)):
        hashes ^= _rotated(half * np.uint32(0xCC9E2D51), 15) * np.uint32(0x1B873593)
        hashes = _rotated(hashes, 13) * np.uint32(5) + np.uint32(0xE6546B64)
    hashes ^= np.uint32(8)  # bytes
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        hashes = (hashes ^ hashes >> np.uint32(shift)) * np.uint32(factor)
    return hashes ^ hashes >> np.uint32(16)


def _rotated(numbers: UInts32, bits: int) -> UInts32:
    return numbers << np.uint32(bits) | numbers >> np.uint32(32 - bits)


def packed(rows: pa.Table) -> bytes:
    """Rows as compressed bytes."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="lz4", unify_dictionaries=True)
    with pa.ipc.new_stream(sink, rows.schema, options=options) as writer:
        writer.write_table(rows)
    return bytes(sink.getvalue())


def unpacked(data: bytes) -> pa.Table:
    """The rows of :func:`packed`."""
    with pa.ipc.open_stream(data) as reader:
        return reader.read_all()


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """A schema whose dictionaries are their values, which Spark has no type for otherwise."""
    return pa.schema(
        [(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type) for f in schema]
    )


def record(place: int, name: str, kind: str, data: bytes) -> pa.RecordBatch:
    """One packed value as a batch.

    Parameters
    ----------
    place : int
        Where it goes, or of which part it is.
    name : str
        Of the table or file.
    kind : str
    data : bytes

    Returns
    -------
    RecordBatch of RECORDS
    """
    return pa.record_batch([[place], [name], [kind], [data]], schema=RECORDS)


def gathered(batches: Iterable[pa.RecordBatch], size: int = PACKED_BYTES) -> Iterator[pa.Table]:
    """Batches put together up to a size in bytes.

    Parameters
    ----------
    batches : iterable of RecordBatch
    size : int, default 48 MiB

    Yields
    ------
    Arrow table
    """
    held: list[pa.RecordBatch] = []
    nbytes = 0
    for batch in batches:
        if batch.num_rows:
            held.append(batch)
            nbytes += batch.nbytes
        if nbytes >= size:
            yield pa.Table.from_batches(held)
            held, nbytes = [], 0
    if held:
        yield pa.Table.from_batches(held)


def divided(
    name: str, table: TablePlan, batches: Iterable[pa.RecordBatch], places: tuple[int, ...]
) -> Iterator[pa.RecordBatch]:
    """The rows of a table, packed for the parts that they belong to.

    Parameters
    ----------
    name : str
    table : TablePlan
    batches : iterable of RecordBatch
        Raw rows.
    places : tuple of int
        What stands for each part.

    Yields
    ------
    RecordBatch of RECORDS
    """
    division = Division(table, len(places))
    for rows in gathered(batches):
        for part, some in division.divide(rows):
            yield record(places[part], name, ROWS, packed(some))


def packed_lines(name: str, lines: Iterable[RejectedRow], place: int) -> Iterator[pa.RecordBatch]:
    """Lines that are no rows, packed for the part that counts them.

    Parameters
    ----------
    name : str
        Of the table.
    lines : iterable of RejectedRow
    place : int

    Yields
    ------
    RecordBatch of RECORDS
    """
    found = list(lines)
    if found:
        rows = pa.table(
            {
                "row": [line.row for line in found],
                "id": pa.array([line.id for line in found], pa.string()),
                "reason": [line.reason for line in found],
            }
        )
        yield record(place, name, LINES, packed(rows))
