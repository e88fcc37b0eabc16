"""CSV, Parquet and Excel files, one or a folder of them, as sources of chunks.

For a whole table see :mod:`dbnchurn.tables.loading`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dbnchurn.core.errors import DataError
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.made_by import note_read, stand_in
from dbnchurn.tables.chunks import Chunk, ChunkSource, rechunk
from dbnchurn.tables.column_names import refuse_alike
from dbnchurn.tables.csv_reader import BLOCK_SIZE, MAX_REJECTED, MEGABYTE, CsvReader, column_names
from dbnchurn.tables.dialect import CsvSettings, detect_dialect, readable_csv, unpacked
from dbnchurn.tables.excel import read_sheet
from dbnchurn.tables.files import check_options, files_at, kind_of_file

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pyarrow as pa
    import pyarrow.parquet as pq
else:
    pa = LazyModule("pyarrow")
    pq = LazyModule("pyarrow.parquet")


def open_files(
    path: str | Path,
    settings: CsvSettings | None = None,
    *,
    sheet: str | None = None,
    by_contents: bool = False,
    block_size: int = BLOCK_SIZE,
    max_rejected: int = MAX_REJECTED,
) -> FileSource:
    """Open a file, a folder of them (in the order of their names), or a pattern.

    Parameters
    ----------
    path : path
        Of CSV, Parquet or Excel files.
    settings : CsvSettings, optional
        How CSV files are written; found out where it does not say.
    sheet : str, optional
        Sheet of a spreadsheet.
    by_contents : bool, default False
        Recognise the table by its rows alone, not by name, size and time of change of its files.
    block_size : int, default 4 MiB
        Bytes of CSV that are parsed at once; no line may be longer.
    max_rejected : int, default 100,000
        Lines with too few or too many fields that a CSV file may have between two rows.

    Returns
    -------
    FileSource

    Raises
    ------
    DataError
        If there is no such file, or it cannot be read.
    ConfigError
        If a sheet is named and the files are no spreadsheets, or delimiter, encoding or quote are
        given and they are no CSV files.
    """
    note_read([path])
    files = files_at(stand_in(str(path)), "input")
    check_options(files[0], sheet=sheet, dialect=settings is not None and settings.dialect_given)
    kind = kind_of_file(files[0])
    if kind == "parquet":
        return ParquetSource(files, by_contents)
    if kind == "excel":
        return SheetSource(files, by_contents, sheet)
    return CsvSource(files, by_contents, settings, block_size=block_size, max_rejected=max_rejected)


class FileSource(ChunkSource):
    """Files of one kind, in order: the part that all kinds have in common."""

    def __init__(self, files: Sequence[Path], by_contents: bool) -> None:
        self.files = list(files)
        self.by_contents = by_contents
        self.assumed: dict[Path, tuple[str, ...]] = {}

    @property
    def notes(self) -> list[str]:
        """Sentences about what was assumed, converted or left out when the files were opened."""
        return [note for file in self.files for note in self.assumed.get(file, ())]

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

    def __init__(self, files: Sequence[Path], by_contents: bool) -> None:
        super().__init__(files, by_contents)
        self.columns: dict[str, list[str]] = {}
        self._lengths = []
        for file in self.files:
            with _readable_parquet(file), pq.ParquetFile(file, pre_buffer=False) as opened:
                self.columns[str(file)] = opened.schema_arrow.names
                refuse_alike(self.columns[str(file)], file)
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


class SheetSource(FileSource):
    """Rows of spreadsheets, each of which is read whole."""

    def __init__(self, files: Sequence[Path], by_contents: bool, sheet: str | None) -> None:
        super().__init__(files, by_contents)
        self.sheets = {file: read_sheet(file, sheet) for file in self.files}
        self.assumed = {file: found.notes for file, found in self.sheets.items()}
        self._tables = {file: found.table for file, found in self.sheets.items()}
        self.columns = {str(file): table.column_names for file, table in self._tables.items()}
        self.rows: int | None = sum(table.num_rows for table in self._tables.values())

    def heads(self, wanted: list[str], size: int) -> Iterator[tuple[str, pa.Table]]:
        """The first rows of every file.

        Parameters
        ----------
        wanted : list of str
            Columns to read.
        size : int
            Rows of each file.

        Yields
        ------
        file : str
        rows : Arrow table
        """
        for file, table in self._tables.items():
            yield str(file), table.select(wanted).slice(0, size)

    def of_file(self, file: Path) -> SheetSource:
        """The rows of one of the files."""
        one = copy(self)
        one.files, one._tables = [file], {file: self._tables[file]}
        one.sheets = {file: self.sheets[file]}
        one.columns = {str(file): self.columns[str(file)]}
        return one

    def arrow_schema(self, columns: Sequence[str]) -> pa.Schema:
        """Arrow types of columns: text where the files differ."""
        kinds: dict[str, set[pa.DataType]] = {name: set() for name in columns}
        for table in self._tables.values():
            for field in table.schema:
                kinds[field.name].add(field.type)
        return pa.schema(
            [
                (name, next(iter(found)) if len(found) == 1 else pa.string())
                for name, found in kinds.items()
            ]
        )

    def steps(self, size: int) -> int:
        """Number of chunks."""
        return sum(math.ceil(table.num_rows / size) for table in self._tables.values())

    def id_type(self, name: str) -> pa.DataType:
        """Arrow type of the column in the first file."""
        return next(iter(self._tables.values())).schema.field(name).type

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
        rows_before, number = 0, 0
        for file, table in self._tables.items():
            for start in range(0, table.num_rows, size):
                rows = table.select(wanted).slice(start, size)
                if number >= first:
                    numbers = np.arange(start, start + rows.num_rows)
                    steps = 1 + first if number == first else 1
                    yield Chunk(str(file), rows_before, numbers, rows, steps=steps)
                number += 1
            rows_before += table.num_rows


class CsvSource(FileSource):
    """Rows of CSV files; every value is text, as it stands there, or missing."""

    rows: int | None = None

    def __init__(
        self,
        files: Sequence[Path],
        by_contents: bool,
        settings: CsvSettings | None = None,
        *,
        block_size: int = BLOCK_SIZE,
        max_rejected: int = MAX_REJECTED,
    ) -> None:
        super().__init__(files, by_contents)
        self.dialects = {file: detect_dialect(file, settings) for file in self.files}
        self.assumed = {file: dialect.notes for file, dialect in self.dialects.items()}
        self.columns = {
            str(file): [name for name in dialect.names if name]
            for file, dialect in self.dialects.items()
        }
        self._block_size = block_size
        self._max_rejected = max_rejected

    def of_file(self, file: Path) -> CsvSource:
        """The rows of one of the files."""
        one = copy(self)
        one.files, one.dialects = [file], {file: self.dialects[file]}
        one.columns = {str(file): self.columns[str(file)]}
        return one

    def arrow_schema(self, columns: Sequence[str]) -> pa.Schema:
        """Arrow types of columns."""
        return pa.schema([(name, pa.string()) for name in columns])

    @property
    def all_columns(self) -> list[str]:
        """Columns of the first file, with those that have no name."""
        return list(column_names(next(iter(self.dialects.values()))))

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

    def heads(self, wanted: list[str], size: int) -> Iterator[tuple[str, pa.Table]]:
        """The first rows of every file.

        Parameters
        ----------
        wanted : list of str
            Columns to read.
        size : int
            Rows of each file.

        Yields
        ------
        file : str
        rows : Arrow table
        """
        for file in self.files:
            one = self.of_file(file)
            none = pa.table({name: pa.array([], pa.string()) for name in wanted})
            yield str(file), next((chunk.rows for chunk in one.chunks(wanted, size)), none)

    def _from_the_start(self, wanted: list[str], size: int) -> Iterator[Chunk]:
        """All chunks: where a chunk begins is known only after reading the lines before it."""
        rows_before = 0
        for file, dialect in self.dialects.items():
            with _parsed(file), file.open("rb") as raw, unpacked(file, raw) as content:
                reader = CsvReader(
                    file,
                    content,
                    dialect,
                    wanted,
                    block_size=self._block_size,
                    max_rejected=self._max_rejected,
                )
                megabytes = 0
                for table in rechunk(reader.batches(), size):
                    # Reading a small file ahead closes it.
                    read = megabytes if raw.closed else math.ceil(raw.tell() / MEGABYTE)
                    yield reader.chunk(rows_before, table, read - megabytes)
                    megabytes = read
                if rejected := reader.rejected_at_end():
                    none = pa.table({name: pa.array([], pa.string()) for name in wanted})
                    yield Chunk(
                        str(file), rows_before, np.empty(0, np.int64), none, rejected, steps=0
                    )
            rows_before += reader.next_row


@contextmanager
def _parsed(file: Path) -> Iterator[None]:
    try:
        with readable_csv(file):
            yield
    except pa.ArrowException as error:
        raise DataError(f"{file}: not a readable CSV file: {error}") from error
