"""Customers in files: CSV or Parquet, one or a folder of them, streamed."""

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
from dbnchurn.tables.chunks import Broken, Chunk, Source, sized
from dbnchurn.tables.files import CSV_ENDINGS, PARQUET_ENDINGS, delimiter, find_files, nearby

MEGABYTE = 2**20
BLOCK = 4 * MEGABYTE  # no line may be longer
MOST_BROKEN = 100_000  # lines in a row
# What pandas, with which training reads CSV, takes for a gap.
GAPS = ("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
        "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null")  # fmt: skip


def open_files(path: str | Path, *, by_contents: bool = False) -> Source:
    """A CSV or Parquet file, a folder of them (read in the order of their names), or a pattern.

    Parameters
    ----------
    path : path
    by_contents : bool, default False
        Recognise the table by its contents alone, not by name, size and time of change.

    Raises
    ------
    DataError
        If there is none, or it cannot be read.
    """
    place = Path(path)
    if place.is_dir() or "*" in str(path):
        files = find_files(str(path), "input")
    else:
        files = [_checked(place)]
    parquet = files[0].name.lower().endswith(PARQUET_ENDINGS)
    return (ParquetFiles if parquet else CsvFiles)(files, by_contents)


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


class Files:
    """What CSV and Parquet have in common."""

    def __init__(self, files: Sequence[Path], by_contents: bool) -> None:
        self.files = list(files)
        self.by_contents = by_contents

    def identity(self) -> dict[str, Any] | None:
        """Names, sizes and times of change."""
        if self.by_contents:
            return None
        return {"files": [_facts(file) for file in self.files]}


def _facts(file: Path) -> list[Any]:
    try:
        found = file.stat()
    except OSError as error:
        raise DataError(f"{file}: the file can no longer be read: {error.strerror}") from error
    return [str(file.resolve()), found.st_size, found.st_mtime_ns]


class ParquetFiles(Files):
    """Rows of Parquet files, a row group at a time."""

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
        """Chunks."""
        return sum(math.ceil(rows / size) for rows in self._lengths)

    def id_type(self, name: str) -> pa.DataType:
        """Type in the first file."""
        with pq.ParquetFile(self.files[0], pre_buffer=False) as opened:
            found = opened.schema_arrow.field(name).type
        return found.value_type if pa.types.is_dictionary(found) else found

    def chunks(self, wanted: list[str], size: int, first: int = 0) -> Iterator[Chunk]:
        """See :class:`~dbnchurn.tables.chunks.Source`."""
        before, skipped = 0, first
        for file, rows in zip(self.files, self._lengths, strict=True):
            own = math.ceil(rows / size)
            done = min(first, own)
            first -= done
            with _readable_parquet(file), pq.ParquetFile(file, pre_buffer=False) as opened:
                place = done * size
                for table in sized(_batches(opened, wanted, place, size), size):
                    places = np.arange(place, place + table.num_rows)
                    place += table.num_rows
                    yield Chunk(str(file), before, places, table, steps=1 + skipped)
                    skipped = 0
            before += rows


def _batches(
    opened: pq.ParquetFile, wanted: list[str], start: int, size: int
) -> Iterator[pa.RecordBatch]:
    """Rows from `start` on; row groups before it are not read."""
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


class CsvFiles(Files):
    """Rows of CSV files; every value is text or a gap."""

    text = True
    rows: int | None = None

    def __init__(self, files: Sequence[Path], by_contents: bool) -> None:
        super().__init__(files, by_contents)
        self.columns = {str(file): header(file) for file in self.files}

    def steps(self, size: int) -> int:
        """Megabytes."""
        return sum(math.ceil(file.stat().st_size / MEGABYTE) for file in self.files)

    def id_type(self, name: str) -> pa.DataType:
        """Text: 007 stays 007."""
        return pa.string()

    def chunks(self, wanted: list[str], size: int, first: int = 0) -> Iterator[Chunk]:
        """See :class:`~dbnchurn.tables.chunks.Source`."""
        skipped = 0
        for number, chunk in enumerate(self._from_the_start(wanted, size)):
            if number < first:
                skipped += chunk.steps
            else:
                yield replace(chunk, steps=skipped + chunk.steps)
                skipped = 0

    def _from_the_start(self, wanted: list[str], size: int) -> Iterator[Chunk]:
        """Every chunk: only who reads the lines before it knows where one begins."""
        before = 0
        for file in self.files:
            with _readable_csv(file), file.open("rb") as raw:
                lines, told = Lines(file, raw, wanted), 0
                for table in sized(lines.batches(), size):
                    now = math.ceil(raw.tell() / MEGABYTE)
                    yield lines.chunk(before, table, now - told)
                    told = now
                if broken := lines.rest():
                    none = pa.table({name: pa.array([], pa.string()) for name in wanted})
                    yield Chunk(str(file), before, np.empty(0, np.int64), none, broken, steps=0)
            before += lines.place


class Lines:
    """The lines of one CSV file: rows, and those with too many or too few fields."""

    def __init__(self, file: Path, raw: IO[bytes], wanted: list[str]) -> None:
        self.file = file
        self.place = 0  # of the next line
        self._met: deque[Broken] = deque()  # the parser runs ahead of the rows
        self._passed: deque[Broken] = deque()
        self._raw = raw
        self._wanted = wanted

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Rows as text; their places are the last column."""
        gzipped = self.file.suffix.lower() == ".gz"
        names = header(self.file)
        reader = arrow_csv.open_csv(
            gzip.GzipFile(fileobj=self._raw) if gzipped else self._raw,
            # One thread, for only then does the parser know the numbers of lines.
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=BLOCK),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter(self.file),
                newlines_in_values=True,
                invalid_row_handler=self._set_aside,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={name: pa.string() for name in names},
                include_columns=self._wanted,
                null_values=list(GAPS),
                strings_can_be_null=True,
            ),
        )
        for batch in reader:
            yield batch.append_column("", pa.array(self._placed(batch.num_rows)))
        self._passed.extend(self._met)
        self.place += len(self._met)

    def _set_aside(self, line: arrow_csv.InvalidRow) -> str:
        if len(self._met) > MOST_BROKEN:
            return "error"
        fields = f"{line.actual_columns} {'field' if line.actual_columns == 1 else 'fields'}"
        what = f"the line has {fields}, the header has {line.expected_columns}: {line.text[:60]!r}"
        self._met.append(Broken(line.number - 2, None, what))
        return "skip"

    def _placed(self, rows: int) -> Ints:
        """Where the next rows stand, broken lines being passed over."""
        runs = []
        while rows:
            while self._met and self._met[0].place == self.place:
                self._passed.append(self._met.popleft())
                self.place += 1
            run = min(rows, self._met[0].place - self.place) if self._met else rows
            runs.append(np.arange(self.place, self.place + run))
            self.place += run
            rows -= run
        return np.concatenate([np.empty(0, np.int64), *runs])

    def chunk(self, before: int, table: pa.Table, steps: int) -> Chunk:
        """A chunk of rows together with the broken lines before the last of them."""
        last = table.num_columns - 1
        places = table.column(last).to_numpy()
        broken = []
        while self._passed and self._passed[0].place < places[-1]:
            broken.append(self._passed.popleft())
        rows = table.remove_column(last)
        return Chunk(str(self.file), before, places, rows, tuple(broken), steps)

    def rest(self) -> tuple[Broken, ...]:
        """Broken lines after the last row, of which no chunk has told."""
        return tuple(self._passed)


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
