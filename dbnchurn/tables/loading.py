"""One whole table from files, its texts read as numbers and dates by one set of decisions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dbnchurn.core.errors import DataError, listed
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Ints
from dbnchurn.tables.chunks import RejectedRow, RowPlaces
from dbnchurn.tables.csv_reader import AFTER_LAST, UNNAMED
from dbnchurn.tables.dialect import CsvSettings
from dbnchurn.tables.doubtful_values import (
    absent_sentence,
    doubtful_dates,
    doubtful_numbers,
    doubtful_values,
    doubtful_words,
    formula_errors,
    serial_notes,
    signed_otherwise,
    without_missing,
)
from dbnchurn.tables.number_format import NumberFormat
from dbnchurn.tables.reading_rules import ReadingRules, form_of, name_of
from dbnchurn.tables.serial_format import serial_question
from dbnchurn.tables.streaming import CsvSource, FileSource, SheetSource, open_files
from dbnchurn.tables.text_column import FORMULA_ERRORS, MISSING, TextColumn
from dbnchurn.tables.text_decision import Decision, decide
from dbnchurn.tables.time_offsets import offset_note, zone_note

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = LazyModule("pyarrow")
    pc = LazyModule("pyarrow.compute")
    pd = LazyModule("pandas")


CHUNK_ROWS = 2**20
WHOLE = r"0|[1-9]\d{0,17}"
EVIDENCE = 1_000  # numbers of a column that show its decimal mark
DECIMALS = r"\.(\d{1,2}|\d{4,})?$|^-?0?\.|^-?\d{4,}\."  # no mark of thousands
CODE = r"^-?0\d"  # such as 007
PROBED = 20_000  # rows that are tried first
DAYS = (19_000_101, 21_991_231)  # whole numbers in this range may be days such as 20260831


@dataclass(frozen=True, eq=False)
class LoadedTable:
    """A table as it was read.

    Parameters
    ----------
    frame : DataFrame of shape (n, columns)
    formats : dict of column → format
        How texts were read as numbers or dates, see :func:`dbnchurn.tables.reading_rules.form_of`.
    missing : tuple of str
        Further texts that stand for a missing value.
    rejected : tuple of RejectedRow
        Lines with too few or too many fields.
    notes : tuple of str
        Sentences about what was converted, assumed or left out.
    places : RowPlaces, optional
        Where the rows stand in the files.
    """

    frame: pd.DataFrame
    formats: dict[str, str]
    missing: tuple[str, ...] = ()
    rejected: tuple[RejectedRow, ...] = ()
    notes: tuple[str, ...] = ()
    places: RowPlaces | None = field(default=None, repr=False)

    def place(self, row: int) -> str:
        """Where a row of the frame stands, in words."""
        return f"row {row}" if self.places is None else self.places.named(row)


def read_table(
    path: str | Path,
    id: str | None = None,
    *,
    settings: CsvSettings | None = None,
    rules: ReadingRules | None = None,
    sheet: str | None = None,
) -> pd.DataFrame:
    r"""Read a CSV, Parquet or Excel file, a folder of them, or a pattern.

    Parameters
    ----------
    path : str or Path
        ``.csv``, ``.tsv`` or ``.txt``, also packed as ``.gz`` or ``.zip``; ``.parquet``; ``.xlsx``,
        ``.xls`` or ``.ods``.
    id : str, optional
        Column that names the customers. In a CSV file its values are whole numbers if all are
        written as such; otherwise they stay as they are written: 007 is not 7.
    settings : CsvSettings, optional
        How CSV files are written; found out where it does not say.
    rules : ReadingRules, optional
        How texts are read; found out where it does not say.
    sheet : str, optional
        Sheet of a spreadsheet; needed where several hold something.

    Returns
    -------
    DataFrame of shape (n, columns)

    Raises
    ------
    DataError
        If the file is missing, empty, of another kind, cannot be read, or can be read in two ways.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "customers.csv")
    ...     _ = file.write_text("id;debt\n7;1.250,50\n")
    ...     read_table(file, id="id").values.tolist()
    [[7.0, 1250.5]]
    """
    source = open_files(path, settings, sheet=sheet)
    loaded = load_table(source, rules, ids=[] if id is None else [id])
    if loaded.rejected:
        raise DataError(
            f"{path}: {len(loaded.rejected)} lines cannot be read, the first is row "
            f"{loaded.rejected[0].row}: {loaded.rejected[0].reason}"
        )
    return loaded.frame


def load_table(
    source: FileSource,
    rules: ReadingRules | None = None,
    *,
    ids: Collection[str] = (),
    as_written: Collection[str] = (),
) -> LoadedTable:
    """Read all rows of files.

    Parameters
    ----------
    source : FileSource
    rules : ReadingRules, optional
        How texts are read; found out where it does not say.
    ids : collection of str, default ()
        Columns of text that become whole numbers if all values are written as such.
    as_written : collection of str, default ()
        Columns of text that stay as they are written, such as labels.

    Returns
    -------
    LoadedTable

    Raises
    ------
    DataError
        If the files cannot be read, have different columns, or can be read in two ways.
    """
    rules = rules or ReadingRules()
    where = ", ".join(source.columns)
    tables, rejected, places = _chunks(source)
    if not sum(table.num_rows for table in tables):
        columns = len(next(iter(source.columns.values())))
        raise DataError(f"{where}: the table has {columns} columns but no rows")
    table = pa.concat_tables(tables, promote_options="permissive")
    table, notes = _without_unnamed(table, where)
    notes = [*source.notes, *notes]
    texts = _text_columns(table) if isinstance(source, CsvSource | SheetSource) else set()
    values: dict[str, pd.Series[Any]] = {}
    undecided: list[TextColumn] = []
    missing = {*MISSING, *rules.missing}
    numbers: dict[str, pd.Series[Any]] = {}
    for name in table.column_names:
        column = table.column(name)
        kept = name in ids or name in as_written
        if name not in texts:
            values[name] = column.to_pandas()
            if not kept:
                values[name] = without_missing(values[name].to_frame(), rules.missing).iloc[:, 0]
                notes += filter(None, [zone_note(name, values[name])])
                notes += doubtful_values(name, values[name])
            continue
        if not kept and (plain := _plain_numbers(column, rules, name)) is not None:
            numbers[name] = plain  # none of which is the error of a formula
            undecided.append(_evidence(name, column))
            continue
        notes += filter(None, [formula_errors(name, _errors_of(column))])
        written = TextColumn.of(name, column, missing)
        if kept:
            notes += doubtful_words(written)
            values[name] = _whole_or_text(written) if name in ids else written.as_text()
        else:
            undecided.append(written)
    try:
        decisions = decide(undecided, rules)
    except DataError as error:
        raise DataError(f"{where}: {error}") from error
    for name, decision in decisions.items():
        values[name] = numbers[name] if name in numbers else decision.values()
    frame = pd.DataFrame({name: values[name] for name in table.column_names})
    formats = {name: name_of(d.form) for name, d in decisions.items() if d.form is not None}
    notes += conversions(decisions.values())
    notes += _doubts(decisions, numbers)
    told = {*ids, *as_written, *rules.formats, *rules.kinds}
    notes += serial_notes({str(name): column for name, column in frame.items()}, told)
    return LoadedTable(frame, formats, (), tuple(rejected), tuple(notes), places)


def _text_columns(table: pa.Table) -> set[str]:
    """The columns that hold texts."""
    kinds = zip(table.column_names, table.schema.types, strict=True)
    return {name for name, kind in kinds if pa.types.is_string(kind)}


def conversions(decisions: Iterable[Decision]) -> list[str]:
    """A sentence about each column that is read otherwise than as plain numbers or ISO dates."""
    return [_converted(decision) for decision in decisions if _is_news(decision)]


def _doubts(decisions: Mapping[str, Decision], numbers: Mapping[str, pd.Series[Any]]) -> list[str]:
    """Of each column why it stays text and what is doubtful."""
    notes = []
    for name, decision in decisions.items():
        if decision.doubt:
            notes.append(f"column {name!r} stays text: {decision.doubt}")
        notes += _notes_of(decision, numbers.get(name))
    return notes


def _chunks(source: FileSource) -> tuple[list[pa.Table], list[RejectedRow], RowPlaces]:
    first, columns = next(iter(source.columns.items()))
    for file, others in source.columns.items():
        if differing := set(columns) ^ set(others):
            raise DataError(
                f"{first} and {file} have different columns: {listed(sorted(differing))} stand in "
                "one of them only"
            )
    wanted = columns
    if isinstance(source, CsvSource):
        wanted = source.all_columns
    tables: list[pa.Table] = []
    rejected: list[RejectedRow] = []
    files: list[str] = []
    numbers: list[Ints] = []
    for chunk in source.chunks(wanted, CHUNK_ROWS):
        tables.append(chunk.rows)
        rejected += chunk.rejected
        files.append(chunk.file)
        numbers.append(chunk.row_numbers)
    return tables, rejected, RowPlaces(tuple(files), tuple(numbers))


def _without_unnamed(table: pa.Table, where: str) -> tuple[pa.Table, list[str]]:
    """The table without columns that have no name, which are empty or number the rows."""
    notes = []
    for name in table.column_names:
        if name != AFTER_LAST and not re.fullmatch(UNNAMED, name):
            continue
        column = table.column(name)
        present = column.drop_null()
        if len(present) and present.to_pylist() not in (
            [str(k) for k in range(len(column))],
            [str(k) for k in range(1, len(column) + 1)],
        ):
            raise DataError(
                f"{where}: {name} has values ({listed(present.to_pylist()[:3])}) but no name in "
                "the header; give it one, or take away title lines above the header"
            )
        what = "numbers the rows" if len(present) else "is empty"
        notes.append(f"{name} has no name and {what}: left out")
        table = table.drop_columns([name])
    return table, notes


def whole_numbers(texts: pd.Series[Any]) -> pd.Series[Any]:
    """Texts as whole numbers, if all are written as such."""
    if texts.notna().all() and texts.str.fullmatch(WHOLE).all():
        return texts.astype(np.int64)
    return texts


def _whole_or_text(column: TextColumn) -> pd.Series[Any]:
    """As :func:`whole_numbers`, of a column of text."""
    whole = pc.all(pc.match_substring_regex(column.words, f"^({WHOLE})$")).as_py()
    if not whole or (column.places < 0).any():
        return column.as_text()
    numbers = column.words.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return pd.Series(numbers[column.places])


def _plain_numbers(
    column: pa.ChunkedArray, rules: ReadingRules, name: str
) -> pd.Series[Any] | None:
    """The numbers of a column that leaves no doubt about them; None if it has to be looked at."""
    form = name_of(form_of(rules.formats.get(name, NumberFormat().picture)))
    if form != NumberFormat().picture or rules.kinds.get(name, "number") != "number":
        return None
    if rules.missing and pc.any(pc.is_in(column, pa.array(rules.missing, pa.string()))).as_py():
        return None
    try:
        numbers = column.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    values = numbers.to_numpy()
    empty = column.null_count
    if empty == len(column) or np.count_nonzero(np.isnan(values)) > empty:
        return None
    told = name in rules.formats or name in rules.kinds
    if not told and serial_question(name, values):
        return None  # dates, perhaps
    low, high = pc.min_max(numbers).as_py().values()
    zero = pc.starts_with(column, "0")
    if low <= 0:  # as -0 and all that begins so are
        zero = pc.or_(zero, pc.starts_with(column, "-0"))
    pointed = pc.any(pc.match_substring(column, ".")).as_py()
    if _any_matches(column.filter(zero), CODE) or (
        not pointed and DAYS[0] <= low <= high <= DAYS[1]
    ):
        return None
    if pointed and name not in rules.formats and rules.decimal != ".":
        decimals = rules.decimal is None and _any_matches(column, DECIMALS)
        if not decimals:  # thousands, perhaps
            return None
    return pd.Series(values)


def _any_matches(column: pa.ChunkedArray, pattern: str) -> bool:
    """Whether a text matches; the first rows are tried first, since mostly they tell."""
    for rows in (column.slice(0, PROBED), column.slice(PROBED)):
        if pc.any(pc.match_substring_regex(rows, pattern)).as_py():
            return True
    return False


def _errors_of(column: pa.ChunkedArray) -> dict[str, int]:
    """Errors of formulas in a column, each with its rows."""
    hit = column.filter(pc.is_in(column, pa.array(FORMULA_ERRORS)))
    return {str(found["values"]): found["counts"] for found in hit.value_counts().to_pylist()}


def _evidence(name: str, column: pa.ChunkedArray) -> TextColumn:
    """A few numbers of a column that show its decimal mark."""
    first = column.slice(0, PROBED)
    if not _any_matches(first, DECIMALS):
        first = column
    shown = first.filter(pc.match_substring_regex(first, DECIMALS)).slice(0, EVIDENCE)
    if not len(shown):
        shown = column.drop_null().slice(0, EVIDENCE)
    return TextColumn.of(name, shown, MISSING)


def _notes_of(decision: Decision, plain: pd.Series[Any] | None) -> list[str]:
    """Sentences about single values of a column that was text."""
    column, form = decision.column, decision.form
    if plain is not None:
        return doubtful_values(column.name, plain)
    notes = [absent_sentence(column.name, decision.absent)] if decision.absent else []
    if form is None:
        return notes + doubtful_words(column)
    numbers = form.parse(column.texts)
    if decision.kind == "date":
        notes += filter(None, [offset_note(column.name, form, column.texts, column.counts)])
        return notes + doubtful_dates(column.name, numbers, column.counts, column.texts)
    notes += doubtful_numbers(column.name, numbers, column.counts)
    if isinstance(form, NumberFormat) and (odd := signed_otherwise(form, column.texts)):
        notes.append(f"column {column.name!r}: {odd!r} is read as {form.parse([odd])[0]:.12g}")
    return notes


def _is_news(decision: Decision) -> bool:
    """Whether a conversion is more than the reading of plain numbers and ISO dates."""
    form = decision.form
    return form is not None and name_of(form) not in (NumberFormat().picture, "%Y-%m-%d")


def _converted(decision: Decision) -> str:
    """A sentence about how a column was read, with an example."""
    column, form = decision.column, decision.form
    assert form is not None
    read = next(
        (word for word in column.texts if not np.isnan(form.parse([word])[0])), column.texts[0]
    )
    value = replace(decision, column=TextColumn.of("", pa.array([read]), ())).values().iloc[0]
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        value = value.date()
    return f"column {column.name!r} is read as {decision.kind}s: {read!r} is {value}"
