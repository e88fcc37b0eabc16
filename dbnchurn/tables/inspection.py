"""What a table holds and how it would be read, found out chunk by chunk without loading it.

The same decisions are made as when the table is loaded for training
(:func:`dbnchurn.tables.loading.load_table`), but what can be read in two ways is shown instead of
refused. Memory is bounded: of a column with very many distinct values a sample decides, and the
result says so.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dbnchurn.core.errors import DataError, did_you_mean, listed
from dbnchurn.core.parallel import available_processors, run_parallel
from dbnchurn.tables.chunks import RejectedRow
from dbnchurn.tables.csv_reader import AFTER_LAST, UNNAMED, column_names
from dbnchurn.tables.dialect import CsvSettings
from dbnchurn.tables.files import NAMES, kind_of_file
from dbnchurn.tables.inspected_column import InspectedColumn, inspect_columns
from dbnchurn.tables.reading_rules import ReadingRules
from dbnchurn.tables.roles import Roles, find_roles
from dbnchurn.tables.streaming import CsvSource, FileSource, ParquetSource, SheetSource, open_files
from dbnchurn.tables.tally import ColumnTally
from dbnchurn.tables.text_decision import Question

CHUNK_ROWS = 2**17
SHOWN_LINES = 20
MOST_THREADS = 4


@dataclass(frozen=True)
class InspectedFile:
    """How one file is written.

    Parameters
    ----------
    path : str
    kind : {"CSV", "Excel", "Parquet"}
    rows, columns, size : int
        Size in bytes.
    packed : {"", "gz", "zip"}, default ""
    encoding, delimiter, quote : str, default ""
        Of a CSV file.
    sheet : str, default ""
        Of a spreadsheet.
    """

    path: str
    kind: str
    rows: int
    columns: int
    size: int
    packed: str = ""
    encoding: str = ""
    delimiter: str = ""
    quote: str = ""
    sheet: str = ""


@dataclass(frozen=True)
class Inspection:
    r"""What a table holds and how it would be read.

    Parameters
    ----------
    path : str
        File, folder or pattern.
    files : tuple of InspectedFile
    columns : tuple of InspectedColumn
        In the order of the files.
    rows : int
        Of all files, without the lines that cannot be read.
    roles : Roles
        Columns that look like the id, the label and the date of the snapshot.
    questions : tuple of Question, default ()
        What has to be decided before the table can be used for training.
    rejected : tuple of (file, RejectedRow), default ()
        The first 20 lines with too few or too many fields.
    rejected_lines : int, default 0
        Number of all of them.
    notes : tuple of str, default ()
        Sentences about what was assumed or left out.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "customers.csv")
    ...     _ = file.write_text("id,plan\n7,basic\n8,NA\n")
    ...     found = inspect_table(file)
    >>> found["plan"].kind, found["plan"].words, found.roles.id
    ('category', ('basic', 'NA'), 'id')
    """

    path: str
    files: tuple[InspectedFile, ...]
    columns: tuple[InspectedColumn, ...]
    rows: int
    roles: Roles
    questions: tuple[Question, ...] = ()
    rejected: tuple[tuple[str, RejectedRow], ...] = ()
    rejected_lines: int = 0
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> InspectedColumn:
        """The column of a name.

        Raises
        ------
        KeyError
            If there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def inspect_table(
    path: str | Path,
    *,
    settings: CsvSettings | None = None,
    rules: ReadingRules | None = None,
    sheet: str | None = None,
    id: str | None = None,
    label: str | None = None,
    date: str | None = None,
    drop: Collection[str] = (),
) -> Inspection:
    r"""Find out what a table holds and how it would be read.

    Parameters
    ----------
    path : str or Path
        CSV, Excel or Parquet file, a folder of them, or a pattern.
    settings : CsvSettings, optional
        How CSV files are written; found out where it does not say.
    rules : ReadingRules, optional
        How texts are read; found out where it does not say.
    sheet : str, optional
        Sheet of a spreadsheet; needed where several hold something.
    id, label : str, optional
        Columns that name the customers and say who left; both stay as they are written.
    date : str, optional
        Column with the date of the snapshot.
    drop : collection of str, default ()
        Columns that are not used.

    Returns
    -------
    Inspection

    Raises
    ------
    DataError
        If the files cannot be read at all.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "customers.csv")
    ...     _ = file.write_text("CustomerID;debt;plan\n7;1.250;basic\n8;n/a;family\n")
    ...     found = inspect_table(file)
    >>> found.rows, found.files[0].delimiter, found.roles.id
    (2, ';', 'CustomerID')
    >>> found["debt"].examples, found["debt"].missing
    ((('1.250', '1.25 or 1250'),), {'n/a': 1})
    >>> [question.column for question in found.questions]
    ['debt']
    """
    rules = rules or ReadingRules()
    rules = replace(rules, kinds={**rules.kinds, **dict.fromkeys(drop, "ignore")})
    source = open_files(path, settings, sheet=sheet)
    counted = _Counts(rules)
    for file, one in _each(source):
        counted.read(file, one)
    if not counted.rows:
        width = len(counted.tallies)
        raise DataError(f"{path}: the table has {width} columns but no rows")
    given = {"id": id, "label": label, "date": date}
    named = {
        role: name for role, name in given.items() if name is not None and name in counted.tallies
    }
    faults, notes = counted.without_unnamed(), counted.differences()
    notes += [
        f"there is no column {name!r}, which is named as the {role}: "
        f"{did_you_mean(name, counted.tallies)}"
        for role, name in given.items()
        if name is not None and name not in counted.tallies
    ]
    columns, questions = inspect_columns(
        counted.tallies,
        rules,
        typed=isinstance(source, ParquetSource),
        ids=[named["id"]] if "id" in named else [],
        as_written=[named["label"]] if "label" in named else [],
    )
    roles = find_roles([c.facts for c in columns if c.facts is not None])
    roles = roles.with_given(named)
    return Inspection(
        str(path),
        tuple(counted.files),
        tuple(columns),
        counted.rows,
        roles,
        (*faults, *questions),
        tuple(counted.rejected),
        counted.rejected_lines,
        (*counted.notes, *notes),
    )


def _each(source: FileSource) -> Iterator[tuple[Path, FileSource]]:
    for file in source.files:
        if isinstance(source, CsvSource | SheetSource):
            yield file, source.of_file(file)
        else:
            yield file, ParquetSource([file], source.by_contents)


@dataclass
class _Counts:
    """Counts over files."""

    rules: ReadingRules
    tallies: dict[str, ColumnTally] = field(default_factory=dict)
    files: list[InspectedFile] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=dict)
    rejected: list[tuple[str, RejectedRow]] = field(default_factory=list)
    rejected_lines: int = 0
    rows: int = 0
    notes: list[str] = field(default_factory=list)

    def read(self, file: Path, source: FileSource) -> None:
        """Count all values of a file."""
        schema = _schema(file, source)
        for name, kind in zip(schema.names, schema.types, strict=True):
            known = self.tallies.setdefault(name, ColumnTally(kind, self.rules.missing))
            if known.kind != ColumnTally(kind).kind and known.rows:
                _refuse_kinds(file, name, known, kind)
        rows = 0
        for chunk in source.chunks(schema.names, CHUNK_ROWS):
            rows += chunk.rows.num_rows
            run_parallel(
                [partial(self.tallies[n].add, chunk.rows.column(n)) for n in schema.names],
                min(available_processors(), MOST_THREADS),
            )
            self.rejected_lines += len(chunk.rejected)
            lines = chunk.rejected[: SHOWN_LINES - len(self.rejected)]
            self.rejected += [(str(file), line) for line in lines]
        self.rows += rows
        self.names[str(file)] = schema.names
        self.files.append(_facts_of(file, source, rows, len(schema.names)))
        self.notes += source.notes

    def differences(self) -> list[str]:
        """Sentences about files that lack columns of others."""
        return [
            f"{file} has no column {listed(lacking)}, which other files have; as one table for "
            "training they are refused"
            for file, names in self.names.items()
            if (lacking := [name for name in self.tallies if name not in names])
        ]

    def without_unnamed(self) -> list[Question]:
        """Leave out columns that have no name, if they are empty or number the rows."""
        faults = []
        for name in [n for n in self.tallies if n == AFTER_LAST or re.fullmatch(UNNAMED, n)]:
            tally = self.tallies[name]
            if tally.counts and not _numbers_rows(tally):
                shown = listed(tally.examples)
                faults.append(
                    Question(
                        name,
                        f"{name} has values ({shown}) but no name in the header; give it one",
                    )
                )
                continue
            what = "numbers the rows" if tally.counts else "is empty"
            self.notes.append(f"{name} has no name and {what}: left out")
            del self.tallies[name]
        return faults


def _numbers_rows(tally: ColumnTally) -> bool:
    """Whether the values are 0, 1, 2 and so on, or 1, 2, 3 and so on."""
    if tally.missing or tally.repeated:
        return False
    words = [str(word) for word in tally.counts]
    if not all(re.fullmatch(r"0|[1-9]\d{0,17}", word) for word in words):
        return False
    highest = max(map(int, words))
    return (
        tally.distinct == tally.rows and highest <= tally.rows
        if tally.is_whole
        else (highest <= tally.rows)
    )


def _schema(file: Path, source: FileSource) -> pa.Schema:
    """Columns of a file with their types."""
    if isinstance(source, CsvSource):
        return source.arrow_schema(list(column_names(source.dialects[file])))
    if isinstance(source, SheetSource):
        return source.arrow_schema(source.columns[str(file)])
    return pq.read_schema(file)


def _refuse_kinds(file: Path, name: str, known: ColumnTally, kind: pa.DataType) -> None:
    numbers = (pa.types.is_integer, pa.types.is_floating)
    if any(is_one(known.kind) for is_one in numbers) and any(is_one(kind) for is_one in numbers):
        return
    if kind != known.kind:
        raise DataError(
            f"{file}: the column {name!r} is {kind}, in the files before it is {known.kind}; give "
            "it one type"
        )


def _facts_of(file: Path, source: FileSource, rows: int, columns: int) -> InspectedFile:
    kind = kind_of_file(file)
    assert kind is not None
    facts = InspectedFile(str(file), NAMES[kind], rows, columns, file.stat().st_size)
    ending = file.suffix.lower().removeprefix(".")
    if isinstance(source, CsvSource):
        dialect = source.dialects[file]
        return replace(
            facts,
            packed=ending if ending in ("gz", "zip") else "",
            encoding=dialect.encoding,
            delimiter=dialect.delimiter,
            quote=dialect.quote,
        )
    return (
        replace(facts, sheet=source.sheets[file].name) if isinstance(source, SheetSource) else facts
    )
