"""One CSV file as batches of text, in which every row and every rejected line keeps its number."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from dbnchurn.core.errors import DataError
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Ints
from dbnchurn.tables.chunks import Chunk, RejectedRow
from dbnchurn.tables.dialect import Dialect
from dbnchurn.tables.suspect_fields import check_fields, swallowed_in_line

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as arrow_csv
else:
    pa = LazyModule("pyarrow")
    pc = LazyModule("pyarrow.compute")
    arrow_csv = LazyModule("pyarrow.csv")

MEGABYTE = 2**20
BLOCK_SIZE = 4 * MEGABYTE
MAX_REJECTED = 100_000
UNNAMED = r"column \d+"
AFTER_LAST = "after the last delimiter"
HEADER = "the line repeats the header"
FEWEST_NAMES = 2  # one name alone may be a value


class CsvReader:
    """Reads one CSV file and keeps the row number of every row and of every rejected line.

    Parameters
    ----------
    file : Path
    content : binary file
        Its content, unpacked.
    dialect : Dialect
    wanted : sequence of str
        Columns to read.
    block_size : int, default 4 MiB
        Bytes that are parsed at once; no line may be longer.
    max_rejected : int, default 100,000
        Lines with too few or too many fields that may stand between two rows.
    """

    def __init__(
        self,
        file: Path,
        content: IO[bytes],
        dialect: Dialect,
        wanted: Sequence[str],
        *,
        block_size: int = BLOCK_SIZE,
        max_rejected: int = MAX_REJECTED,
    ) -> None:
        self.file = file
        self.next_row = 0
        # The parser rejects lines of a whole block before its rows are numbered.
        self._not_numbered: deque[RejectedRow] = deque()
        self._numbered: deque[RejectedRow] = deque()
        self._swallowed = ""  # what is wrong with a line in which rows disappeared
        self._content = content
        self._dialect = dialect
        self._wanted = list(wanted)
        self._block_size = block_size
        self._max_rejected = max_rejected

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Batches of rows as text, null where nothing stands; the last column numbers the rows.

        Raises
        ------
        DataError
            If a quote that is not closed swallowed rows, or a field holds a zero byte.
        """
        dialect = self._dialect
        names = list(column_names(dialect))
        # A quote that is not closed is found in whichever column it stands.
        included = self._wanted if not dialect.quoted else _with_others(self._wanted, names)
        encoding = "utf8" if dialect.encoding in ("utf-8", "utf-8-sig") else dialect.encoding
        reader = arrow_csv.open_csv(
            self._content,
            # The parser numbers lines only when it runs in one thread.
            read_options=arrow_csv.ReadOptions(
                use_threads=False,
                block_size=self._block_size,
                column_names=names,
                skip_rows=dialect.first_line,
                encoding=encoding,
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote,
                newlines_in_values=True,
                invalid_row_handler=self._reject,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={name: pa.string() for name in names},
                include_columns=included,
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
        for batch in reader:
            self._refuse_swallowed()
            numbers = self._row_numbers(batch.num_rows)
            check_fields(
                batch, numbers, file=self.file, delimiter=dialect.delimiter, columns=len(names)
            )
            wanted = batch.select(self._wanted)
            headers = _repeated_headers(wanted)
            if len(headers):
                again = [RejectedRow(int(row), None, HEADER) for row in numbers[headers]]
                self._numbered = deque(sorted([*self._numbered, *again], key=lambda line: line.row))
                kept = np.delete(np.arange(len(numbers)), headers)
                wanted, numbers = wanted.take(pa.array(kept)), numbers[kept]
            if len(numbers) or not batch.num_rows:
                yield wanted.append_column("", pa.array(numbers))
        self._refuse_swallowed()
        self._numbered.extend(self._not_numbered)
        self.next_row += len(self._not_numbered)

    def _reject(self, line: arrow_csv.InvalidRow) -> str:
        if len(self._not_numbered) > self._max_rejected:
            return "error"
        fields = f"{line.actual_columns} {'field' if line.actual_columns == 1 else 'fields'}"
        what = f"the line has {fields}, the header has {line.expected_columns}: {line.text[:60]!r}"
        row = line.number - self._dialect.first_line - 1
        if not self._swallowed and "\n" in line.text:
            where, dialect = f"{self.file}: row {row}", self._dialect
            self._swallowed = swallowed_in_line(
                line.text, where, dialect.delimiter, dialect.quote, line.expected_columns
            )
        self._not_numbered.append(RejectedRow(row, None, what))
        return "skip"

    def _refuse_swallowed(self) -> None:
        if self._swallowed:
            raise DataError(self._swallowed)

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


def _repeated_headers(batch: pa.RecordBatch) -> Ints:
    """Rows that hold the name of every column, as files put one behind the other have them."""
    if batch.num_columns < FEWEST_NAMES:
        return np.empty(0, np.int64)
    rows = np.arange(batch.num_rows)
    for name in batch.schema.names:
        values = batch.column(name)
        if len(rows) < len(values):
            values = values.take(pa.array(rows))
        # A file put behind another one may bring its byte order mark.
        bare = pc.utf8_ltrim(values, characters="\ufeff")
        same = pc.fill_null(pc.equal(bare, name), False)
        rows = rows[same.to_numpy(zero_copy_only=False)]
        if not len(rows):
            break
    return rows


def _with_others(wanted: Sequence[str], names: Sequence[str]) -> list[str]:
    return [*wanted, *(name for name in names if name not in set(wanted))]


def column_names(dialect: Dialect) -> tuple[str, ...]:
    """Names of all columns; those without a name are called by their place, ``column 3``."""
    named = [name or f"column {place}" for place, name in enumerate(dialect.names, 1)]
    return (*named, AFTER_LAST) if dialect.trailing else tuple(named)
