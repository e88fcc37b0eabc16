"""The suppression list: customers who must not be contacted, and whether its ids are theirs.

An id that is written otherwise than in the scores keeps nobody off the list, and nobody would
notice; so ids that match only when they are compared less strictly stop the job.
"""

from __future__ import annotations

import codecs
import csv
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from dbnchurn.campaign.id_match import CLEARLY_MORE, Match
from dbnchurn.core.errors import ConfigError, DataError, first_line, listed
from dbnchurn.core.sql import quoted, text_literal
from dbnchurn.data.typed import as_text
from dbnchurn.tables.dialect import CsvSettings
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.files import ALL_ENDINGS, FileKind, check_options, kind_of_file, nearby
from dbnchurn.tables.streaming import open_files
from dbnchurn.tables.writing import with_original_texts

log = logging.getLogger(__name__)
MATCHES: dict[Match, str] = {
    "exact": "as written",
    "digits": "without blanks, leading zeros and a .0 at the end",
    "loose": "without blanks, leading zeros, a .0 at the end and case",
}
PACKED_LINES = (".txt.gz", ".txt.zip")
NEVER = chr(1)  # a delimiter that no id contains
DELIMITERS = ",;\t|"
EXACT_FLOATS = 2**53  # beyond, different whole numbers are the same float
BLOCK = 2**20  # bytes, or rows
SHOWN = 3  # ids of either side in a message
BLANKS = " \t\n\r\v\f\u00a0\u2007\u202f\u3000\ufeff"
BLANK = r"[\s\p{Z}\x{FEFF}]"  # of the regular expressions of DuckDB


@dataclass(frozen=True)
class Suppressed:
    """How the ids of a suppression list met those of the scores.

    Parameters
    ----------
    customers : int
        Scored customers that the list keeps off.
    ids : int
        Different ids of the list.
    matched : int
        Those that are ids of scored customers.
    repeated : int
        Entries that repeat an earlier one.
    """

    customers: int = 0
    ids: int = 0
    matched: int = 0
    repeated: int = 0


def comparable(text: str, match: Match) -> str:
    """SQL of an id as it is compared.

    Parameters
    ----------
    text : str
        SQL of the id as text.
    match : {"exact", "digits", "loose"}
        ``exact`` leaves out blanks around the id alone.

    Returns
    -------
    str
    """
    if match == "exact":
        return f"trim({text}, {text_literal(BLANKS)})"
    bare = f"regexp_replace({text}, '{BLANK}', '', 'g')"
    whole = rf"regexp_replace({bare}, '^([0-9]+)\.0+$', '\1')"
    digits = rf"regexp_replace({whole}, '^0+(.)', '\1')"
    return digits if match == "digits" else f"lower({digits})"


@contextmanager
def readable(file: Path | None) -> Iterator[None]:
    """Re-raise errors of DuckDB, and of texts that are not UTF-8, as a DataError naming the file.

    Raises
    ------
    DataError
        In place of these errors.
    """
    try:
        yield
    except (duckdb.Error, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"campaign list: {file}: {first_line(error)}") from error


def check_list(path: Path) -> FileKind:
    """The kind of a file that may be a suppression list.

    Raises
    ------
    ConfigError
        If there is no such file, or it is of another kind.
    """
    if path.is_dir():
        raise ConfigError(f"{path}: a suppression list is a file, this is a folder")
    if not path.is_file():
        raise ConfigError(f"{path}: there is no such suppression list{nearby(path)}")
    kind = kind_of_file(path)
    if kind is None:
        endings = listed(ALL_ENDINGS, limit=20)
        raise ConfigError(f"{path}: a suppression list is one of {endings}")
    if path.name.lower().endswith(PACKED_LINES):
        raise ConfigError(
            f"{path}: a packed list of one id a line is not read; unpack it, or begin it with the "
            f"line id and call it .csv{path.suffix.lower()}"
        )
    return kind


def check_suppression(
    path: Path, id: str | None, csv: CsvSettings | None = None, sheet: str | None = None
) -> None:
    """Refuse, before anything is scored, a list that cannot be read.

    Parameters
    ----------
    path : Path
    id : str or None
        Column that names the customers of the scored table.
    csv, sheet : optional
        How the file is read, where it is not found out.

    Raises
    ------
    DataError
        If no column, or more than one, may hold the ids, or the file cannot be read.
    """
    with Session("200MB", n_threads=1) as session, readable(path):
        _load(session, path, id, csv, sheet)


def suppress(
    session: Session,
    path: Path | None,
    id: str | None,
    match: Match,
    *,
    allow_unmatched: bool,
    csv: CsvSettings | None = None,
    sheet: str | None = None,
) -> Suppressed:
    """Make the view ``eligible``: the rows of ``known`` that the list does not keep off.

    Parameters
    ----------
    session : Session
        Has the view ``known`` of the scores, with the text of every id as ``name``.
    path : Path or None
        The list; None for none.
    id : str or None
        Column that names the customers of the scored table.
    match : {"exact", "digits", "loose"}
        How ids are compared.
    allow_unmatched : bool
        Whether ids that match nobody are allowed.
    csv, sheet : optional
        How the list is read, where it is not found out.

    Returns
    -------
    Suppressed

    Raises
    ------
    DataError
        If the list cannot be read, or too few of its ids match.
    """
    if path is None:
        session.run("CREATE VIEW eligible AS SELECT * FROM known")
        return Suppressed()
    with readable(path):
        header = _load(session, path, id, csv, sheet, said=True)
    own = comparable("name", match)
    session.run(
        f"CREATE TABLE suppressed AS SELECT {own} AS key, min(name) AS name, count(*) AS n "
        "FROM entries GROUP BY key"
    )
    session.run(
        f"CREATE TABLE met AS SELECT DISTINCT {own} AS key FROM known "
        f"WHERE {own} IN (SELECT key FROM suppressed)"
    )
    kept_off = f"FROM known WHERE {own} IN (SELECT key FROM met)"
    session.run(f"CREATE VIEW eligible AS SELECT * FROM known WHERE {own} NOT IN (FROM met)")
    ids, entries = session.row("SELECT count(*), coalesce(sum(n), 0) FROM suppressed")
    found = Suppressed(
        session.row(f"SELECT count(DISTINCT name) {kept_off}")[0],
        ids,
        session.row("SELECT count(*) FROM met")[0],
        int(entries) - ids,
    )
    if (
        header is not None
        and session.row(f"SELECT count(*) FROM known WHERE name = {text_literal(header)}")[0]
    ):
        raise DataError(_no_header(path, header))
    if not ids:
        log.warning("%s: the suppression list is empty, so nobody is kept off", path)
    elif found.matched < ids:
        _check_unmatched(session, path, match, found, allow_unmatched)
    return found


def _load(
    session: Session,
    path: Path,
    id: str | None,
    settings: CsvSettings | None,
    sheet: str | None,
    *,
    said: bool = False,
) -> str | None:
    """Make the table ``entries`` of the ids as text; the name of an only column that has any name.

    Blanks around an id never count, and lines without an id are none.
    """
    relation, columns = _relation(session, path, settings, sheet, said=said)
    column, other = _column(path, list(columns), id)
    kind = columns[column]
    if kind in ("DOUBLE", "FLOAT"):
        largest = session.row(f"SELECT max(abs({quoted(column)})) FROM {relation}")[0]
        if largest is not None and largest >= EXACT_FLOATS:
            raise DataError(
                f"{path}: the ids are floats beyond 2^53, whose last digits are lost; store them "
                "as text or whole numbers"
            )
    name = comparable(as_text(quoted(column), kind), "exact")
    session.run(
        f"CREATE TABLE entries AS SELECT name FROM (SELECT {name} AS name FROM {relation}) "
        "WHERE name <> ''"
    )
    return other


def _relation(
    session: Session, path: Path, settings: CsvSettings | None, sheet: str | None, *, said: bool
) -> tuple[str, dict[str, str]]:
    """A list as SQL, and the SQL types of its columns; whatever is in a text file stays text."""
    ending = path.suffix.lower()
    kind, told = check_list(path), settings is not None and settings.dialect_given
    check_options(path, sheet=sheet, dialect=told)
    if kind == "parquet":
        relation = f"read_parquet({text_literal(path)})"
        return relation, session.columns(relation)
    plain = ending in (".csv", ".txt") and not told and _is_plain(path)
    if not plain and (told or ending != ".txt"):
        return _read(session, path, settings, sheet, said=said)
    if not plain:
        raise DataError(
            f"{path}: the list is not UTF-8 text; save it as UTF-8, or as .csv with a header"
        )
    header, mark = ["id"], NEVER
    if ending == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            line = file.readline()
        mark = next((mark for mark in DELIMITERS if mark in line), NEVER)
        header = next(csv.reader([line], delimiter=mark), []) or ["id"]
    if len(set(header)) < len(header) or not all(header):
        raise DataError(f"{path}: columns need different names, this has {listed(header)}")
    columns = ", ".join(f"{text_literal(name)}: 'VARCHAR'" for name in header)
    quote = '"' if ending == ".csv" else ""
    relation = (
        f"read_csv({text_literal(path)}, auto_detect = false, header = {ending == '.csv'}, "
        f"delim = {text_literal(mark)}, quote = '{quote}', escape = '{quote}', "
        f"columns = {{{columns}}})"
    )
    relation = with_original_texts(relation)  # it may be an earlier campaign list
    return relation, dict.fromkeys(header, "VARCHAR")


def _is_plain(path: Path) -> bool:
    """Whether a file is text in UTF-8, which DuckDB reads by itself."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(BLOCK):
                if b"\0" in block:
                    return False
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _read(
    session: Session, path: Path, settings: CsvSettings | None, sheet: str | None, *, said: bool
) -> tuple[str, dict[str, str]]:
    """A list that DuckDB does not read as it is, by the reader of tables."""
    source = open_files(path, settings, sheet=sheet)
    for note in source.notes if said else ():
        log.warning("%s", note)
    columns = next(iter(source.columns.values()))
    chunks = list(source.chunks(columns, BLOCK))
    if broken := [line for chunk in chunks for line in chunk.rejected]:
        raise DataError(f"{path}: row {broken[0].row}: {broken[0].reason}; mend the list")
    empty = pa.schema([(name, pa.string()) for name in columns]).empty_table()
    listing = pa.concat_tables([chunk.rows for chunk in chunks]) if chunks else empty
    session.store(quoted("listing"), listing.to_reader())
    relation = quoted("listing")
    kinds = session.columns(relation)
    plain = kind_of_file(path) == "csv"
    return (with_original_texts(relation) if plain else relation), kinds


def _column(path: Path, columns: list[str], id: str | None) -> tuple[str, str | None]:
    """The column with the ids; its name again if it is neither ``id`` nor the model's."""
    named = [name for name in dict.fromkeys(("id", id)) if name in columns]
    if len(named) > 1:
        raise DataError(
            f"{path}: the ids may be in 'id' or in {id!r}; leave one of these columns in the list"
        )
    if named:
        return named[0] or "", None
    if len(columns) == 1:
        if re.fullmatch(r"\d+(\.0)?", columns[0].strip()):
            raise DataError(_no_header(path, columns[0]))
        return columns[0], columns[0]
    wanted = "'id'" if id in (None, "id") else f"'id' or {id!r}"
    raise DataError(
        f"{path}: a suppression list has a column {wanted} or one column alone, this has "
        f"{listed(columns)}; call the column of the ids 'id', or save it alone"
    )


def _no_header(path: Path, header: str) -> str:
    return (
        f"{path}: the first line {header!r} is an id, not the name of a column; begin the file "
        "with the line id, or call it .txt"
    )


def _check_unmatched(
    session: Session, path: Path, match: Match, found: Suppressed, allowed: bool
) -> None:
    """Stop if the ids that match nobody would match when compared less strictly, or all do not."""
    session.run(
        "CREATE TABLE unmatched AS SELECT key, name FROM suppressed WHERE key NOT IN (FROM met)"
    )
    better: list[tuple[Match, int]] = []
    for other in list(MATCHES)[list(MATCHES).index(match) + 1 :]:
        more = session.row(f"SELECT count(DISTINCT u.name) FROM {_pairs(other)}")[0]
        if more > (better[-1][1] if better else 0):
            better.append((other, more))
    count = f"{path}: {found.matched or 'none'} of its {found.ids} ids"
    verb = "are ids of scored customers" if found.matched > 1 else "is the id of a scored customer"
    if not better:
        if not found.matched and not allowed:
            raise DataError(
                f"{count} {verb}: {_examples(session)}; name the customers in the same way in "
                "both, or give --allow-unmatched (allow_unmatched: true in a config) if the list "
                "is of other people"
            )
        return  # a list may hold people who are no customers; the counts are told with the job
    other, more = better[-1]
    pairs = session.rows(
        f"SELECT u.name, min(k.name) FROM {_pairs(other)} GROUP BY ALL ORDER BY ALL LIMIT {SHOWN}"
    )
    shown = ", ".join(f"{own!r} in the list for {theirs!r} in the scores" for own, theirs in pairs)
    sentence = f"{count} {verb}; compared {MATCHES[other]}, {more} more would be: {shown}"
    clearly = not found.matched or more >= CLEARLY_MORE * found.ids
    if clearly and (not allowed or not found.matched):
        unless = ", or --allow-unmatched if these are other people" if found.matched else ""
        raise DataError(
            f"{sentence}; write the ids in the same way, or give --suppress-match {other} "
            f"(suppress_match: {other} in a config){unless}"
        )
    log.warning("%s", sentence)


def _pairs(match: Match) -> str:
    """SQL of the unmatched ids of the list and the scored ids that they match under `match`."""
    # The short list is on the right, where DuckDB builds its hash table.
    own, theirs = comparable("u.name", match), comparable("k.name", match)
    return f"known k JOIN unmatched u ON {theirs} = {own}"


def _examples(session: Session) -> str:
    own = session.rows(f"SELECT name FROM unmatched ORDER BY 1 LIMIT {SHOWN}")
    theirs = session.rows(f"SELECT DISTINCT name FROM known ORDER BY 1 LIMIT {SHOWN}")
    return (
        f"it has ids such as {listed(name for (name,) in own)}, the scores such as "
        f"{listed(name for (name,) in theirs)}"
    )
