"""Open the source of a table as a relation of a DuckDB session, without loading it into memory."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb

from dbnchurn.core.errors import DataError
from dbnchurn.core.sql import quoted, text_literal
from dbnchurn.data.plan import Csv, TablePlan
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.files import PARQUET_ENDINGS, find_files
from dbnchurn.tables.postgres import copy_from_postgres

PLAIN_ENCODINGS = {"utf-8", "utf8", "utf-8-sig", "ascii"}


def raw_name(table: str) -> str:
    """SQL name of the relation with the raw rows of a table, quoted."""
    return quoted(f"raw {table}")


def open_table(session: Session, name: str, table: TablePlan, *, guess_types: bool = True) -> None:
    """Make the raw rows of a source available under :func:`raw_name`.

    Parameters
    ----------
    session : Session
    name : str
        Name of the table.
    table : TablePlan
    guess_types : bool, default True
        Whether DuckDB infers the types of a CSV file without rules; otherwise its values are text.

    Raises
    ------
    DataError
        If the source is missing or cannot be read.
    """
    columns = [table.key, *([table.date] if table.date else []), *table.columns]
    wanted = list(dict.fromkeys(columns)) if table.columns else []
    if table.postgres is not None:
        copy_from_postgres(session, raw_name(name), table.postgres, wanted)
    elif table.query is not None:
        _view(session, name, f"({table.query.strip().rstrip(';')})")
    else:
        assert table.path is not None
        files = find_files(table.path, name)
        if files[0].name.lower().endswith(PARQUET_ENDINGS):
            listing = ", ".join(text_literal(file) for file in files)
            _view(session, name, f"read_parquet([{listing}], union_by_name = true)")
        else:
            _load_csv(session, name, files, table.csv, typed=guess_types and not table.columns)


def is_csv(table: TablePlan) -> bool:
    """Whether the source is a CSV file, where every value is text."""
    return table.path is not None and not find_files(table.path, "")[0].name.lower().endswith(
        PARQUET_ENDINGS
    )


def _view(session: Session, name: str, relation: str) -> None:
    try:
        session.run(f"CREATE VIEW {raw_name(name)} AS SELECT * FROM {relation}")
    except duckdb.Error as error:
        raise DataError(f"table {name!r} cannot be read: {_first_line(error)}") from error


def _load_csv(session: Session, name: str, files: Sequence[Path], csv: Csv, typed: bool) -> None:
    encoding = (csv.encoding or "utf-8").lower()
    if encoding not in PLAIN_ENCODINGS:
        files = [_transcoded(session, file, encoding) for file in files]
    options = ["header = true", f"quote = {text_literal(csv.quote)}", "union_by_name = true"]
    if csv.delimiter is not None:
        options.append(f"delim = {text_literal(csv.delimiter)}")
    if typed:
        options.append(f"decimal_separator = {text_literal(csv.decimal)}")
    else:
        options.append("all_varchar = true")
    listing = ", ".join(text_literal(file) for file in files)
    reader = f"read_csv([{listing}], {', '.join(options)})"
    try:
        session.run(f"CREATE TABLE {raw_name(name)} AS SELECT * FROM {reader}")
    except duckdb.Error as error:
        hint = ""
        if "unicode" in str(error).lower() or "utf-8" in str(error).lower():
            hint = "; say how it is written, for example csv: {encoding: latin-1}"
        raise DataError(
            f"table {name!r}: {files[0]}: not a readable CSV file: {_first_line(error)}{hint}"
        ) from error


def _transcoded(session: Session, file: Path, encoding: str) -> Path:
    """A copy of a file in UTF-8, written block by block."""
    target = session.folder / f"{len(list(session.folder.glob('*.csv')))}.csv"
    opened = gzip.open if file.suffix.lower() == ".gz" else open
    try:
        with (
            opened(file, "rt", encoding=encoding, newline="") as source,
            target.open("w", encoding="utf-8", newline="") as copy,
        ):
            shutil.copyfileobj(source, copy, 2**20)
    except (LookupError, UnicodeError, OSError) as error:
        raise DataError(f"{file}: cannot be read as {encoding}: {error}") from error
    return target


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
