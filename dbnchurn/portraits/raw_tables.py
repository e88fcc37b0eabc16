"""A table as it comes, in a DuckDB session; and the SQL that reads the same from its files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from dbnchurn.core.errors import DataError, first_line
from dbnchurn.core.spreadsheet_text import FORMULA
from dbnchurn.core.sql import quoted, text_literal, text_literals
from dbnchurn.portraits.config import PortraitSource
from dbnchurn.tables.date_format import DateFormat
from dbnchurn.tables.dialect import Dialect
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.files import files_at, kind_of_file
from dbnchurn.tables.loading import LoadedTable, load_table
from dbnchurn.tables.number_format import NumberFormat
from dbnchurn.tables.postgres import copy_from_postgres
from dbnchurn.tables.reading_rules import ReadingRules, form_of
from dbnchurn.tables.streaming import CsvSource, open_files
from dbnchurn.tables.text_column import MISSING

UTF8 = ("utf-8", "utf-8-sig", "ascii")
CAST = ("BIGINT", "DOUBLE", "BOOLEAN")  # types whose texts DuckDB reads as this package does


@dataclass(frozen=True)
class RawTable:
    """A table that statements of a session can read.

    Parameters
    ----------
    relation : str
        Its SQL in the session.
    columns : mapping of column → SQL type
    files : str or None
        SQL of the same rows over its files, for any DuckDB; None where DuckDB alone cannot read
        them.
    all_columns : tuple of str
        Also those that were not taken over.
    notes : tuple of str, default ()
        What was converted, assumed or left out.
    """

    relation: str
    columns: Mapping[str, str]
    files: str | None
    all_columns: tuple[str, ...]
    notes: tuple[str, ...] = ()


def open_raw(
    session: Session,
    name: str,
    source: PortraitSource,
    wanted: Collection[str],
    id: str,
    texts: Collection[str],
    dates: Collection[str],
    *,
    may_be_empty: bool = False,
) -> RawTable:
    """Make a table available to a session; Parquet files are read where they lie.

    Parameters
    ----------
    session : Session
    name : str
        Of the table in the portrait.
    source : PortraitSource
    wanted : collection of str
        Columns that are taken over, by the names of the table; those that it lacks are passed over.
    id : str
        Column that names the customer.
    texts, dates : collection of str
        Columns that stay as they are written, and those that are dates.
    may_be_empty : bool, default False
        Whether a table without rows is one.

    Returns
    -------
    RawTable

    Raises
    ------
    DataError
        If the table cannot be read, or can be read in two ways.
    """
    raw = quoted(f"raw {name}")
    if source.postgres is not None:
        copy_from_postgres(session, raw, source.postgres, [])
        found = session.columns(raw)
        return RawTable(raw, _of(found, wanted), None, tuple(found))
    path = str(source.path)
    files = files_at(path, name)
    if kind_of_file(files[0]) == "parquet":
        listing = ", ".join(text_literal(file) for file in files)
        relation = f"read_parquet([{listing}], union_by_name = true)"
        try:
            found = session.columns(relation)
        except duckdb.Error as error:
            first = first_line(error)
            raise DataError(f"{path} cannot be read: {first}") from error
        return RawTable(relation, _of(found, wanted), relation, tuple(found))
    reader = open_files(path, source.csv.settings(), sheet=source.sheet)
    everything = next(iter(reader.columns.values()))
    if may_be_empty and not any(chunk.rows.num_rows for chunk in reader.chunks([*everything], 1)):
        types = dict.fromkeys([id, *texts], "VARCHAR") | dict.fromkeys(dates, "DATE")
        kept = [column for column in everything if column in wanted]
        listing = ", ".join(f"{quoted(c)} {types.get(c, 'DOUBLE')}" for c in kept)
        session.run(f"CREATE TABLE {raw} ({listing})")
        note = f"{path}: the table has no rows"
        return RawTable(raw, session.columns(raw), None, tuple(everything), (note,))
    kinds = dict.fromkeys(dates, "date")
    kinds |= {column: "ignore" for column in everything if column not in wanted}
    rules = ReadingRules(source.formats, source.csv.decimal, kinds, source.missing)
    loaded = load_table(reader, rules, ids=[id], as_written=list(texts))
    kept = [column for column in map(str, loaded.frame) if column in wanted]
    rows = pa.Table.from_pandas(loaded.frame[kept], preserve_index=False)
    session.store(raw, rows.to_reader())
    dialects = reader.dialects if isinstance(reader, CsvSource) else {}
    if dialects:
        _restore_texts(session, raw)
    found = session.columns(raw)
    relation_of_files = _of_csv(dialects, loaded, found, source.missing)
    return RawTable(raw, found, relation_of_files, tuple(everything), _notes(path, loaded, kept))


def _of(found: Mapping[str, str], wanted: Collection[str]) -> dict[str, str]:
    return {name: kind for name, kind in found.items() if name in wanted}


def _restore_texts(session: Session, raw: str) -> None:
    """Take away apostrophes that commands of this package put before formulas."""
    for name, kind in session.columns(raw).items():
        if kind == "VARCHAR":
            session.run(f"UPDATE {raw} SET {quoted(name)} = {original_text(quoted(name))}")


def original_text(value: str) -> str:
    """SQL of a text without the apostrophe of :mod:`dbnchurn.core.spreadsheet_text`."""
    return f"regexp_replace({value}, {text_literal(f'^{chr(39)}({FORMULA})')}, '\\1')"


def known_macro() -> str:
    """The statement that makes the macro ``known``: a cell of CSV, NULL if it holds no value."""
    return (
        f"CREATE MACRO known(cell) AS CASE WHEN trim(cell) NOT IN {text_literals(sorted(MISSING))} "
        f"THEN {original_text('trim(cell)')} END;"
    )


def _notes(path: str, loaded: LoadedTable, kept: Sequence[str]) -> tuple[str, ...]:
    """What is said about the columns that are shown; others are none of the reader's business."""
    others = [column for column in map(str, loaded.frame) if column not in kept]
    notes = [
        f"{path}: {note}"
        for note in loaded.notes
        if not any(f"column {column!r}" in note for column in others)
    ]
    if loaded.rejected:
        first = loaded.rejected[0]
        notes.append(
            f"{path}: {len(loaded.rejected)} lines cannot be read and are left out, the first is "
            f"row {first.row}: {first.reason}"
        )
    return tuple(notes)


def _of_csv(
    dialects: Mapping[Path, Dialect],
    loaded: LoadedTable,
    kinds: Mapping[str, str],
    missing: Sequence[str],
) -> str | None:
    """SQL that reads CSV files as they were read; None where DuckDB alone does not."""
    written = list(dialects.values())
    plain = written and not loaded.rejected and all(d.encoding in UTF8 for d in written)
    forms = {(d.delimiter, d.quote, d.names, d.first_line, d.trailing) for d in written}
    if not plain or len(forms) > 1 or written[0].trailing:
        return None
    values = []
    for name, kind in kinds.items():
        word = f"known({quoted(name)})"
        if missing:
            word = f"CASE WHEN {word} NOT IN {text_literals(missing)} THEN {word} END"
        value = _typed(word, kind, loaded.formats.get(name))
        if value is None:
            return None
        values.append(f"{value} AS {quoted(name)}")
    first = written[0]
    names = ", ".join(map(text_literal, first.names))
    listing = ", ".join(text_literal(path) for path in dialects)
    return (
        f"(SELECT {', '.join(values)} FROM read_csv([{listing}], all_varchar = true, "
        f"header = false, skip = {first.first_line}, names = [{names}], "
        f"delim = {text_literal(first.delimiter)}, quote = {text_literal(first.quote)}))"
    )


def _typed(word: str, kind: str, form: str | None) -> str | None:
    """SQL of a text as a value of a type; None where SQL has no short way to say it."""
    if form is None:
        return word if kind == "VARCHAR" else f"CAST({word} AS {kind})" if kind in CAST else None
    how = form_of(form)
    if isinstance(how, DateFormat):
        return f"CAST(try_strptime({word}, {text_literal(how.pattern)}) AS DATE)"
    if isinstance(how, NumberFormat) and not how.unit:
        if how.grouping:
            word = f"replace({word}, {text_literal(how.grouping)}, '')"
        if how.decimal != ".":
            word = f"replace({word}, {text_literal(how.decimal)}, '.')"
        return f"TRY_CAST({word} AS DOUBLE)"
    return None
