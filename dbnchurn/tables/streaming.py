"""CSV and Parquet files, one or a folder of them, as sources of chunks.

For files that fit into memory see :mod:`dbnchurn.tables.files`.
"""

from __future__ import annotations

import csv
import gzip
import math
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from dbnchurn.core.errors import DataError, listed
from dbnchurn.core.typing import Ints
from dbnchurn.tables.chunks import Chunk, ChunkSource, RejectedRow, rechunk
from dbnchurn.tables.files import CSV_ENDINGS, PARQUET_ENDINGS, delimiter, find_files, nearby

MEGABYTE = 2**20
BLOCK_SIZE = 4 * MEGABYTE
MAX_REJECTED = 100_000
# The texts that pandas, with which training reads CSV, takes for a missing value.
MISSING_TEXTS = (
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip


def open_files(
    path: str | Path,
    *,
    by_contents: bool = False,
    block_size: int = BLOCK_SIZE,
    max_rejected: int = MAX_REJECTED,
) -> ChunkSource:
    """Open a CSV or Parquet file, a folder of them (in the order of their names), or a pattern.

    Parameters
    ----------
    path : path
    by_contents : bool, default False
        Recognise the table by its rows alone, not by name, size and time of change of its files.
    block_size : int, default 4 MiB
        Bytes of CSV that are parsed at once; no line may be longer.
    max_rejected : int, default 100,000
        Lines with too few or too many fields that a CSV file may have between two rows.

    Returns
    -------
    ChunkSource

    Raises
    ------
    DataError
        If there is no such file, or it cannot be read.
    """
    place = Path(path)
    if place.is_dir() or "*" in str(path):
        files = find_files(str(path), "input")
    else:
        files = [_checked(place)]
    parquet = files[0].name.lower().endswith(PARQUET_ENDINGS)
    if parquet:
        return ParquetSource(files, by_contents)
    return CsvSource(files, by_contents, block_size=block_size, max_rejected=max_rejected)


def _checked(path: Path) -> Path:
    if not path.exists():
        raise DataError(f"{path}: no such file{nearby(path)}")
    if not path.name.lower().endswith(CSV_ENDINGS + PARQUET_ENDINGS):
        raise DataError(
            f"{path}: unknown ending; a table is one of {listed(CSV_ENDINGS + PARQUET_ENDINGS)}"
        )
    if path.stat().st_size == 0:
        raise DataError(f"{path}: the file is empty; it needs a header and rows")
    return path


class FileSource:
    """Files of one kind, in order: the part that CSV and Parquet have in common."""

    def __init__(self, files: Sequence[Path], by_contents: bool) -> None:
        self.files = list(files)
        self.by_contents = by_contents

    def identity(self) -> dict[str, Any] | None:
        """Paths, sizes in bytes and times of change of the files."""
        if self.by_contents:
            return None
        return {"files": [_facts(file) for file in self.files]}


def _facts(file: Path) -> list[Any]:
    try:
        stat = file.stat()
    except OSError as error:
        raise DataError(f"{file}: the file can no longer be read: {error.strerror}") from error
    return [str(file.resolve()), stat.st_size, stat.st_mtime_ns]


class ParquetSource(FileSource):
    """Rows of Parquet files, read one row group at a time."""

    text = False

    def __init__(self, files: Sequence[Path], by_contents: bool) -> None:
        super().__init__(files, by_contents)
        self.columns: dict[str, list[str]] = {}
        self._lengths = []
        for file in self.files:
            with _readable_parquet(file), pq.ParquetFile(file, pre_buffer=False) as opened:
                self.columns[str(file)] = opened.schema_arrow.names
                self._lengths.append(opened.metadata.num_rows)
        self.rows: int | None = sum(self._lengths)

    def steps(self, size: int) -> int:
        """Number of chunks."""
        return sum(math.ceil(rows / size) for rows in self._lengths)

    def id_type(self, name: str) -> pa.DataType:
        """Arrow type of the column in the first file."""
        with pq.ParquetFile(self.files[0], pre_buffer=False) as opened:
            kind = opened.schema_arrow.field(name).type
        return kind.value_type if pa.types.is_dictionary(kind) else kind

    def chunks(self, wanted: list[str], size: int, first: int = 0) -> Iterator[Chunk]:
        """Read the files from a chunk on.

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
        rows_before, skipped = 0, first
        for file, rows in zip(self.files, self._lengths, strict=True):
            own = math.ceil(rows / size)
            done = min(first, own)
            first -= done
            with _readable_parquet(file), pq.ParquetFile(file, pre_buffer=False) as opened:
                row = done * size
                for table in rechunk(_batches(opened, wanted, row, size), size):
                    numbers = np.arange(row, row + table.num_rows)
                    row += table.num_rows
                    yield Chunk(str(file), rows_before, numbers, table, steps=1 + skipped)
                    skipped = 0
            rows_before += rows


def _batches(
    opened: pq.ParquetFile, wanted: list[str], start: int, size: int
) -> Iterator[pa.RecordBatch]:
    """Batches of rows from row number `start` on; row groups before it are not read."""
    lengths = [opened.metadata.row_group(g).num_rows for g in range(opened.num_row_groups)]
    ends = np.cumsum(lengths, dtype=np.int64)
    groups = np.flatnonzero(ends > start)
    ahead = start - int(ends[groups[0]] - lengths[groups[0]]) if len(groups) else 0
    for batch in opened.iter_batches(size, row_groups=groups.tolist(), columns=wanted):
        rows = min(ahead, batch.num_rows)
        ahead -= rows
        yield batch.slice(rows)


@contextmanager
def _readable_parquet(file: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{file}: not a readable Parquet file: {error}") from error


class CsvSource(FileSource):
    """Rows of CSV files; every value is text or missing."""

    text = True
    rows: int | None = None

    def __init__(
        self, files: Sequence[Path], by_contents: bool, *, block_size: int, max_rejected: int
    ) -> None:
        super().__init__(files, by_contents)
        self.columns = {str(file): header(file) for file in self.files}
        self._block_size = block_size
        self._max_rejected = max_rejected

    def steps(self, size: int) -> int:
        """Megabytes of all files."""
        return sum(math.ceil(file.stat().st_size / MEGABYTE) for file in self.files)

    def id_type(self, name: str) -> pa.DataType:
        """Text, so that 007 stays 007."""
        return pa.string()

    def chunks(self, wanted: list[str], size: int, first: int = 0) -> Iterator[Chunk]:
        """Read the files from a chunk on.

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
        skipped = 0
        for number, chunk in enumerate(self._from_the_start(wanted, size)):
            if number < first:
                skipped += chunk.steps
            else:
                yield replace(chunk, steps=skipped + chunk.steps)
                skipped = 0

    def _from_the_start(self, wanted: list[str], size: int) -> Iterator[Chunk]:
        """All chunks: where a chunk begins is known only after reading the lines before it."""
        rows_before = 0
        for file in self.files:
            with _readable_csv(file), file.open("rb") as raw:
                reader = CsvReader(
                    file,
                    raw,
                    wanted,
                    block_size=self._block_size,
                    max_rejected=self._max_rejected,
                )
                megabytes = 0
                for table in rechunk(reader.batches(), size):
                    read = math.ceil(raw.tell() / MEGABYTE)
                    yield reader.chunk(rows_before, table, read - megabytes)
                    megabytes = read
                if rejected := reader.rejected_at_end():
                    none = pa.table({name: pa.array([], pa.string()) for name in wanted})
                    yield Chunk(
                        str(file), rows_before, np.empty(0, np.int64), none, rejected, steps=0
                    )
            rows_before += reader.next_row


class CsvReader:
    """Reads one CSV file and keeps the row number of every row and of every rejected line.

    Parameters
    ----------
    file : Path
    raw : binary file
        The same file, opened.
    wanted : list of str
        Columns to read.
    block_size, max_rejected : int
        As for :func:`open_files`.
    """

    def __init__(
        self,
        file: Path,
        raw: IO[bytes],
        wanted: list[str],
        *,
        block_size: int,
        max_rejected: int,
    ) -> None:
        self.file = file
        self.next_row = 0
        # The parser rejects lines of a whole block before its rows are numbered.
        self._not_numbered: deque[RejectedRow] = deque()
        self._numbered: deque[RejectedRow] = deque()
        self._raw = raw
        self._wanted = wanted
        self._block_size = block_size
        self._max_rejected = max_rejected

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Batches of rows as text; the last column holds the row numbers."""
        gzipped = self.file.suffix.lower() == ".gz"
        names = header(self.file)
        reader = arrow_csv.open_csv(
            gzip.GzipFile(fileobj=self._raw) if gzipped else self._raw,
            # The parser numbers lines only when it runs in one thread.
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=self._block_size),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter(self.file),
                newlines_in_values=True,
                invalid_row_handler=self._reject,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={name: pa.string() for name in names},
                include_columns=self._wanted,
                null_values=list(MISSING_TEXTS),
                strings_can_be_null=True,
            ),
        )
        for batch in reader:
            yield batch.append_column("", pa.array(self._row_numbers(batch.num_rows)))
        self._numbered.extend(self._not_numbered)
        self.next_row += len(self._not_numbered)

    def _reject(self, line: arrow_csv.InvalidRow) -> str:
        if len(self._not_numbered) > self._max_rejected:
            return "error"
        fields = f"{line.actual_columns} {'field' if line.actual_columns == 1 else 'fields'}"
        what = f"the line has {fields}, the header has {line.expected_columns}: {line.text[:60]!r}"
        self._not_numbered.append(RejectedRow(line.number - 2, None, what))
        return "skip"

    def _row_numbers(self, rows: int) -> Ints:
        """Numbers of the next rows; rejected lines count as rows."""
        runs = []
        waiting = self._not_numbered
        while rows:
            while waiting and waiting[0].row == self.next_row:
                self._numbered.append(waiting.popleft())
                self.next_row += 1
            run = min(rows, waiting[0].row - self.next_row) if waiting else rows
            runs.append(np.arange(self.next_row, self.next_row + run))
            self.next_row += run
            rows -= run
        return np.concatenate([np.empty(0, np.int64), *runs])

    def chunk(self, rows_before: int, table: pa.Table, steps: int) -> Chunk:
        """A chunk of rows together with the lines that were rejected before its last row.

        Parameters
        ----------
        rows_before : int
            Number of rows in the files before this one.
        table : Arrow table
            Rows of :meth:`batches`, the last column with their row numbers.
        steps : int
            Steps of a progress bar since the chunk before.

        Returns
        -------
        Chunk
        """
        last = table.num_columns - 1
        numbers = table.column(last).to_numpy()
        rejected = []
        while self._numbered and self._numbered[0].row < numbers[-1]:
            rejected.append(self._numbered.popleft())
        rows = table.remove_column(last)
        return Chunk(str(self.file), rows_before, numbers, rows, tuple(rejected), steps)

    def rejected_at_end(self) -> tuple[RejectedRow, ...]:
        """Lines that were rejected after the last row, and so are in no chunk."""
        return tuple(self._numbered)


def header(file: Path) -> list[str]:
    """Names of the columns of a CSV file."""
    opened = gzip.open if file.suffix.lower() == ".gz" else open
    with _readable_csv(file), opened(file, "rt", encoding="utf-8-sig", newline="") as text:
        return next(csv.reader(text, delimiter=delimiter(file)), [])


@contextmanager
def _readable_csv(file: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: not UTF-8 text ({error}); save the file as UTF-8") from error
    except (pa.ArrowException, OSError, EOFError, zlib.error, csv.Error) as error:
        if "UTF8" in str(error):
            raise DataError(f"{file}: not UTF-8 text; save the file as UTF-8") from error
        raise DataError(f"{file}: not a readable CSV file: {error}") from error
