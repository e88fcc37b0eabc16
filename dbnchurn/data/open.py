"""Open the source of a table as a relation of a DuckDB session, without loading it into memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dbnchurn.core.errors import ConfigError, DataError, did_you_mean, first_line, listed
from dbnchurn.core.sql import quoted, text_literal
from dbnchurn.data.plan import TablePlan, TableSource
from dbnchurn.tables.chunks import RejectedRow
from dbnchurn.tables.date_format import DateFormat
from dbnchurn.tables.duckdb import Session, one_query
from dbnchurn.tables.files import check_options, find_files, kind_of_file
from dbnchurn.tables.keys import EXPONENT
from dbnchurn.tables.loading import LoadedTable, load_table
from dbnchurn.tables.postgres import copy_from_postgres
from dbnchurn.tables.reading_rules import ReadingRules, form_of
from dbnchurn.tables.serial_format import SerialFormat
from dbnchurn.tables.streaming import CsvSource, SheetSource
from dbnchurn.tables.unused_columns import say

CHUNK_ROWS = 2**17


def raw_name(table: str) -> str:
    """SQL name of the relation with the raw rows of a table, quoted."""
    return quoted(f"raw {table}")


def open_table(
    session: Session,
    name: str,
    table: TablePlan,
    *,
    guess_types: bool = True,
    rules: ReadingRules | None = None,
    wanted: Collection[str] | None = None,
    keys: Sequence[str] = (),
) -> list[RejectedRow]:
    """Make the raw rows of a source available under :func:`raw_name`.

    Files of text are read by the reader that training and scoring use.

    Parameters
    ----------
    session : Session
    name : str
        Name of the table.
    table : TablePlan
    guess_types : bool, default True
        Whether the types of a CSV file without rules are found out; otherwise its values are text.
    rules : ReadingRules, optional
        How these types are found out; by default as the plan says.
    wanted : collection of str, optional
        Columns that have to be readable where types are found out; by default all. Another column
        with words among its numbers or dates is left out.
    keys : sequence of str, default ()
        Further columns that name customers, and are read as the key of the table is.

    Returns
    -------
    list of RejectedRow
        Lines with too few or too many fields.

    Raises
    ------
    DataError
        If the source is missing or cannot be read.
    ConfigError
        If the plan names a sheet of no spreadsheet, or the delimiter of no CSV file.
    """
    columns = [table.key, *([table.date] if table.date else []), *table.columns]
    of_contract = list(dict.fromkeys(columns)) if table.columns else []
    if table.postgres is not None:
        copy_from_postgres(session, raw_name(name), table.postgres, of_contract)
        return []
    if table.query is not None:
        _view(session, name, f"({one_query(table.query, f'table {name!r}')})")
        return []
    if table.table is not None:
        raise DataError(
            f"table {name!r}: {table.table!r} is in the catalog of a Spark session; say --engine "
            "spark, or name a path"
        )
    if table.path is None:
        raise DataError(f"table {name!r} has no source; name a file, a query or a database")
    files = find_files(table.path, name)
    kind, settings = kind_of_file(files[0]), table.csv.settings()
    try:
        check_options(files[0], sheet=table.sheet, dialect=settings.dialect_given)
    except ConfigError as error:
        raise ConfigError(f"table {name!r}: {error}") from error
    if kind == "parquet":
        _refuse_mixed_zones(name, files)
        listing = ", ".join(text_literal(file) for file in files)
        _view(session, name, f"read_parquet([{listing}], union_by_name = true)")
        return []
    source: CsvSource | SheetSource
    try:
        if kind == "excel":
            source = SheetSource(files, False, table.sheet)
        else:
            source = CsvSource(files, False, settings)
        if guess_types and not table.columns:
            ids, read_by = [table.key, *keys], rules or _rules_of(table)
            return _load_typed(session, name, source, ids, read_by, wanted)
        return _load_text(session, name, source)
    except DataError as error:
        raise DataError(f"table {name!r}: {error}") from error


def note(session: Session, name: str, sentences: Iterable[str]) -> None:
    """Say what was assumed, converted or left out of a table; it stays in the session's notes.

    Parameters
    ----------
    session : Session
    name : str
        Name of the table.
    sentences : iterable of str
    """
    told = [f"table {name!r}: {sentence}" for sentence in sentences]
    session.notes += [sentence for sentence in dict.fromkeys(told) if sentence not in session.notes]
    say(told)


def open_source(
    session: Session, name: str, source: TableSource, ids: Sequence[str], columns: Sequence[str]
) -> dict[str, str]:
    """Make a table of which every row counts available under :func:`raw_name`.

    Parameters
    ----------
    session : Session
    name : str
        Key of the config under which the source stands.
    source : TableSource
    ids : sequence of str
        Columns that stay text in a CSV file, one at least.
    columns : sequence of str
        Further columns that are needed.

    Returns
    -------
    dict of column → SQL type

    Raises
    ------
    DataError
        If it cannot be read, lines of it cannot, a needed column is not there, or ids have lost
        digits.
    """
    plan = TablePlan(
        path=source.path, postgres=source.postgres, csv=source.csv, sheet=source.sheet, key=ids[0]
    )
    rules = ReadingRules(
        source.formats, source.csv.decimal, missing=source.missing, place=f"{name}.formats"
    )
    needed = [*ids, *columns]
    rejected = open_table(session, name, plan, rules=rules, wanted=needed, keys=ids[1:])
    if rejected:
        raise DataError(
            f"{source.name}: {len(rejected)} lines cannot be read, the first is row "
            f"{rejected[0].row}: {rejected[0].reason}; mend or remove them"
        )
    found = session.columns(raw_name(name))
    if absent := [column for column in needed if column not in found]:
        hints = "; ".join(f"{column!r}: {did_you_mean(column, found)}" for column in absent)
        raise DataError(f"{source.name}: there is no column {listed(absent)}; {hints}")
    for column in ids:
        if found[column] == "VARCHAR":
            _refuse_exponents(session, name, column, source.name)
    return found


def _refuse_exponents(session: Session, name: str, column: str, where: str) -> None:
    """Refuse ids that a spreadsheet wrote with an exponent, so that their digits are lost."""
    word = quoted(column)
    lost, first = session.row(
        f"SELECT count({word}), min({word}) FROM {raw_name(name)} "
        f"WHERE regexp_full_match({word}, {text_literal(EXPONENT)})"
    )
    if lost:
        raise DataError(
            f"{where}: column {column!r}: {lost} ids such as {first!r} are written with an "
            "exponent, so their last digits are lost; export the ids as text"
        )


def is_csv(table: TablePlan) -> bool:
    """Whether the source is a CSV file, where every value is text."""
    if table.path is None:
        return False
    place = Path(table.path)
    several = place.is_dir() or "*" in table.path
    return kind_of_file(find_files(table.path, "")[0] if several else place) == "csv"


def _view(session: Session, name: str, relation: str) -> None:
    try:
        session.run(f"CREATE VIEW {raw_name(name)} AS SELECT * FROM {relation}")
    except duckdb.Error as error:
        raise DataError(f"table {name!r} cannot be read: {first_line(error)}") from error


def _refuse_mixed_zones(name: str, files: Sequence[Path]) -> None:
    """Refuse Parquet files of one table of which some have times with a zone and some without.

    Read together, those without would be taken for times of UTC.
    """
    zoned: dict[str, Path] = {}
    plain: dict[str, Path] = {}
    for file in files if len(files) > 1 else ():
        try:
            schema = pq.read_schema(file)
        except (OSError, pa.ArrowInvalid):
            continue  # said by the reader of the table
        for column in schema:
            if pa.types.is_timestamp(column.type):
                (plain if column.type.tz is None else zoned).setdefault(column.name, file)
    if both := [column for column in zoned if column in plain]:
        column = both[0]
        raise DataError(
            f"table {name!r}: {column!r} has times with a time zone in {zoned[column]} and without "
            f"one in {plain[column]}; write all files in one way"
        )


def _rules_of(table: TablePlan) -> ReadingRules:
    return ReadingRules(decimal=table.csv.decimal, missing=table.missing, place="columns")


def _load_text(session: Session, name: str, source: CsvSource | SheetSource) -> list[RejectedRow]:
    """Store the rows as they are written; files may have different columns."""
    rejected: list[RejectedRow] = []
    columns = list(dict.fromkeys(chain.from_iterable(source.columns.values())))

    def batches(files: Sequence[Path]) -> Iterator[pa.RecordBatch]:
        for file in files:
            one = source.of_file(file)
            own = one.columns[str(file)]
            for chunk in one.chunks(own, CHUNK_ROWS):
                rejected.extend(chunk.rejected)
                yield from _completed(chunk.rows, schema).to_batches()

    note(session, name, source.notes)
    schema = source.arrow_schema(columns)
    reader = pa.RecordBatchReader.from_batches(schema, batches(source.files))
    session.store(raw_name(name), reader)
    return rejected


def _completed(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows with all columns of a schema; those that they lack are null."""
    return pa.table(
        [
            rows.column(field.name).cast(field.type)
            if field.name in rows.column_names
            else pa.nulls(rows.num_rows, field.type)
            for field in schema
        ],
        schema=schema,
    )


def _load_typed(
    session: Session,
    name: str,
    source: CsvSource | SheetSource,
    ids: Collection[str],
    rules: ReadingRules,
    wanted: Collection[str] | None,
) -> list[RejectedRow]:
    """Store the rows with the types that are found out."""
    loaded = load_table(source, rules, ids=ids)
    unread = dict(_unread(loaded))
    if wrong := [why for column, why in unread.items() if wanted is None or column in wanted]:
        raise DataError(f"{'; '.join(wrong)}; mend these cells, or empty them where not known")
    note(session, name, loaded.notes)
    typed = pa.Table.from_pandas(loaded.frame.drop(columns=list(unread)), preserve_index=False)
    session.store(raw_name(name), typed.to_reader())
    return list(loaded.rejected)


def _unread(loaded: LoadedTable) -> Iterator[tuple[str, str]]:
    """Columns with words among their numbers or dates, each with a sentence."""
    for name, form in loaded.formats.items():
        values = loaded.frame[name]
        if values.dtype != object:
            continue
        words = values.map(lambda value: value if isinstance(value, str) else None)
        what, unread = "number", words.notna().to_numpy()
        if isinstance(form_of(form), DateFormat | SerialFormat):
            what = "date"  # those that are read are text such as 2026-08-31
            unread = unread & np.isnan(DateFormat().parse(words.fillna("").tolist()))
        places = np.flatnonzero(unread)
        if len(places):
            first = int(places[0])
            yield (
                name,
                f"column {name!r} holds no {what} in {len(places)} "
                f"{'row' if len(places) == 1 else 'rows'}, the first is {loaded.place(first)}: "
                f"{words.iloc[first]!r}",
            )
