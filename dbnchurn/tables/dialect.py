"""How a CSV file is written: compression, encoding, delimiter, and the names of its columns.

Everything is found out from the file, unless it is given, and everything that does not fit is
refused with the key that decides.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, cast

from dbnchurn.core.errors import ConfigError, DataError, listed
from dbnchurn.tables.column_names import refuse_alike
from dbnchurn.tables.title_rows import title_note, title_rows

DELIMITERS = "\t;|,"  # of those that fit alike the first: a comma may mark decimals
RARE_DELIMITERS = "\x01\x1f^~¦"  # tried where those leave one column
ONE_COLUMN, FITTING = 0.5, 0.9  # how well a delimiter fits that leaves one, and that divides
PROBED_BYTES = 2**18
PROBED_RECORDS = 200
BLOCK = 2**22
NATIONAL_WORD = r"[^\W\d_a-zA-Z]{3,}"  # letters without a plain one: no word of a Western language
FALLBACK = "cp1252"
OTHER_FILES = (
    (b"PK\x03\x04", "a spreadsheet or archive"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet"),
    (b"PAR1", "Parquet"),
    (b"\x1f\x8b", "packed data"),
    (b"%PDF", "PDF"),
    (b'{"', "JSON"),
    (b"[{", "JSON"),
    (b"<!doctype", "HTML"),
    (b"<html", "HTML"),
    (b"<table", "HTML"),
    (b"<?xml", "XML"),
)


@dataclass(frozen=True)
class CsvSettings:
    """What is known of how CSV files are written; what is not given is found out.

    Parameters
    ----------
    delimiter : str, optional
        One character.
    encoding : str, optional
        Such as ``utf-16``, ``cp1252`` or ``gb18030``.
    quote : str, default '"'
    decimal : {".", ","}, optional
        Decimal mark of all columns.

    Raises
    ------
    ConfigError
        If delimiter or quote is not one character.
    """

    delimiter: str | None = None
    encoding: str | None = None
    quote: str = '"'
    decimal: str | None = None

    def __post_init__(self) -> None:
        for name, sign in (("delimiter", self.delimiter), ("quote", self.quote)):
            if sign is not None and len(sign) != 1:
                raise ConfigError(
                    f"csv: {name} {sign!r} is not one character; give one, or leave it out, and "
                    "the delimiter is found out"
                )

    @property
    def dialect_given(self) -> bool:
        """Whether more is known than the decimal mark, which texts of a spreadsheet have, too."""
        return replace(self, decimal=None) != CsvSettings()


@dataclass(frozen=True)
class Dialect:
    """How one CSV file is written.

    Parameters
    ----------
    delimiter, encoding, quote : str
    names : tuple of str
        Names of the columns in their order.
    first_line : int
        Number of the first line with values, from 0.
    trailing : bool, default False
        Whether every line of values ends with a delimiter that the header lacks.
    quoted : bool, default True
        Whether the quote may stand anywhere in the file.
    notes : tuple of str, default ()
        Sentences about what was assumed.
    """

    delimiter: str
    encoding: str
    quote: str
    names: tuple[str, ...]
    first_line: int
    trailing: bool = False
    quoted: bool = True
    notes: tuple[str, ...] = field(default=(), compare=False)


@contextmanager
def unpacked(path: Path, raw: IO[bytes]) -> Iterator[IO[bytes]]:
    """The content of a file, out of its archive if the name ends with ``.gz`` or ``.zip``.

    Parameters
    ----------
    path : Path
    raw : binary file
        The same file, opened.

    Yields
    ------
    binary file

    Raises
    ------
    DataError
        If an archive holds other than one file.
    """
    ending = path.suffix.lower()
    if ending == ".gz":
        with gzip.GzipFile(fileobj=raw) as content:
            yield cast(IO[bytes], content)
    elif ending == ".zip":
        with zipfile.ZipFile(raw) as archive:
            members = [name for name in archive.namelist() if not name.endswith("/")]
            members = [name for name in members if not name.startswith("__MACOSX")]
            if len(members) != 1:
                raise DataError(
                    f"{path}: the archive holds {len(members)} files ({listed(members)}); it "
                    "should hold one table"
                )
            with archive.open(members[0]) as content:
                yield content
    else:
        yield raw


def detect_dialect(path: Path, settings: CsvSettings | None = None) -> Dialect:
    r"""Find out how a CSV file is written.

    Parameters
    ----------
    path : Path
    settings : CsvSettings, optional

    Returns
    -------
    Dialect

    Raises
    ------
    DataError
        If the file is empty or cannot be decoded, or header and lines do not fit together.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "customers.csv")
    ...     _ = file.write_bytes("Name;Umsatz, netto\nMüller;12,50\n".encode("cp1252"))
    ...     dialect = detect_dialect(file)
    >>> dialect.delimiter, dialect.encoding, dialect.names
    (';', 'cp1252', ('Name', 'Umsatz, netto'))
    """
    with readable_csv(path):
        return _dialect(path, settings or CsvSettings())


def _dialect(path: Path, settings: CsvSettings) -> Dialect:
    _refuse_other_files(path)
    encoding, quoted = (settings.encoding, True) if settings.encoding else _encoding(path)
    quoted |= settings.quote != '"'
    with path.open("rb") as raw, unpacked(path, raw) as content:
        head = _decoded(content.read(PROBED_BYTES), encoding, path)
    lines = list(io.StringIO(head, newline=None))
    start = 0
    delimiter = settings.delimiter
    if lines and (named := re.fullmatch(r"\"?sep=(.)\"?\s*", lines[0], re.IGNORECASE)):
        delimiter, start = delimiter or named[1], 1
    while start < len(lines) and not lines[start].strip():
        start += 1
    if start == len(lines):
        raise DataError(f"{path}: the file is empty; it needs a header and rows")
    body = "".join(lines[start:])
    delimiter = delimiter or _delimiter(body, settings.quote)
    whole = len(head) < PROBED_BYTES // 2
    records, ends = _records(body, delimiter, settings.quote, whole=whole)
    titles = records[: title_rows(records)]
    records, ends = records[len(titles) :], ends[len(titles) :]
    names = tuple(" ".join(name.split()) for name in records[0])
    if len(records) == 1 and not body.endswith("\n") and whole:
        raise DataError(f"{path}: the table has {len(names)} columns but no rows")
    if len(names) > 1 and all(re.fullmatch("'.*'", name) for name in names):
        raise DataError(
            f'{path}: the names of the columns stand in single quotes; say csv: {{quote: "\'"}}'
        )
    trailing = _check_shape(path, names, records[1:], delimiter)
    assumed = [f"{path.name}: {note}"] if (note := title_note(titles)) else []
    if settings.encoding is None and encoding == FALLBACK:
        assumed.append(
            f"{path.name}: not UTF-8, read as {encoding}; if it is not, say csv: {{encoding: ...}}"
        )
    return Dialect(
        delimiter,
        encoding,
        settings.quote,
        names,
        start + ends[0],
        trailing,
        quoted,
        tuple(assumed),
    )


@contextmanager
def readable_csv(path: Path) -> Iterator[None]:
    """Re-raise what may be wrong with the bytes of a CSV file.

    Raises
    ------
    DataError
        If the bytes are no text of their encoding, or cannot be read.
    """
    try:
        yield
    except UnicodeError as error:
        raise DataError(
            f"{path}: not readable as {getattr(error, 'encoding', 'text')} ({error}); say how it "
            "is written, for example csv: {encoding: cp1252}"
        ) from error
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, csv.Error) as error:
        raise DataError(f"{path}: not a readable CSV file: {error}") from error


def _encoding(path: Path) -> tuple[str, bool]:
    """The encoding by byte order mark, zero bytes, validity as UTF-8, or else Western Windows.

    With it, whether a double quote may stand in the file.
    """
    with path.open("rb") as raw, unpacked(path, raw) as content:
        head = content.read(PROBED_BYTES)
        if head.startswith(codecs.BOM_UTF8):
            return "utf-8-sig", True
        if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
            return "utf-32", True
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16", True
        zeros = [head[parity::2].count(0) / max(len(head) // 2, 1) for parity in (0, 1)]
        if max(zeros) > 0.3:
            return ("utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"), True
        decoder = codecs.getincrementaldecoder("utf-8")()
        block, quoted = head, False
        try:
            while block:
                decoder.decode(block)
                quoted = quoted or b'"' in block
                block = content.read(BLOCK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            pass
        else:
            return "utf-8", quoted
        text = block.decode(FALLBACK, "replace") + head.decode(FALLBACK, "replace")
    national = [word for word in re.findall(r"[^\W\d_]+", text) if not word.isascii()]
    foreign = [word for word in national if re.search(NATIONAL_WORD, word)]
    if "\ufffd" in text or len(foreign) > 0.1 * len(national):
        shown = listed(sorted(set(foreign))[:3])
        raise DataError(
            f"{path}: not UTF-8, and not Western European either (read so it has words such as "
            f"{shown or 'undefined characters'}); say how it is written, for example "
            "csv: {encoding: cp1251} or csv: {encoding: gb18030}"
        )
    return FALLBACK, True


def _refuse_other_files(path: Path) -> None:
    """Refuse files that are no CSV whatever their name says."""
    with path.open("rb") as raw, unpacked(path, raw) as content:
        start = content.read(1024)
    text = start.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    for mark, what in OTHER_FILES:
        if text.startswith(mark) or start.startswith(mark):
            raise DataError(
                f"{path}: the file holds {what}, not CSV; name it by what it is if that is a table "
                "(.xlsx, .xls, .parquet, .csv.gz), or export it as CSV"
            )


def _decoded(block: bytes, encoding: str, path: Path) -> str:
    """The start of a file as text; a character that is cut at its end is left out."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(block)
    except LookupError as error:
        raise DataError(f"{path}: unknown encoding {encoding!r}") from error


def _records(
    text: str, delimiter: str, quote: str, *, whole: bool = True
) -> tuple[list[list[str]], list[int]]:
    """The first records, and the number of the line after each; the last is left out if cut."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, quotechar=quote)
    records, ends = [], []
    try:
        for record in reader:
            if record:
                records.append(record)
                ends.append(reader.line_num)
            if len(records) > PROBED_RECORDS:
                break
        else:
            if not whole and len(records) > 1:
                records.pop()
    except csv.Error as error:
        after = ends[-1] if ends else 0
        raise csv.Error(
            f"{error} after line {after}: close the quote that may be open there, say "
            "csv: {quote: ...} if another character quotes, or shorten the field"
        ) from error
    return records, ends


def _delimiter(text: str, quote: str) -> str:
    """The delimiter by which most lines have as many fields as the header."""

    def fit(delimiter: str) -> tuple[float, int]:
        try:
            records, _ = _records(text, delimiter, quote, whole=len(text) < PROBED_BYTES // 2)
        except csv.Error:
            return 0.0, 0
        records = records[title_rows(records) :]
        fields = len(records[0])
        if fields < 2:  # one column, or a title above the header
            below = Counter(len(record) for record in records[1:])
            usual, lines = below.most_common(1)[0] if below else (1, 0)
            return (0.5, usual) if usual > 1 and lines > below.total() / 2 else (0.0, 0)
        if len(records) == 1:
            return 1.0, fields
        like = sum(len(record) in (fields, fields + 1) for record in records[1:])
        return round(like / (len(records) - 1), 1), fields

    best = max(DELIMITERS, key=fit)
    if fit(best)[0] <= ONE_COLUMN and (
        rare := [mark for mark in RARE_DELIMITERS if fit(mark)[0] >= FITTING and fit(mark)[1] > 1]
    ):
        return rare[0]
    if fit(best)[0] < 0.5:  # no line is like the header: the mark that is most frequent in it
        header = text.splitlines()[0]
        best = max(DELIMITERS, key=header.count)
    return best


def _check_shape(
    path: Path, names: Sequence[str], records: Sequence[Sequence[str]], delimiter: str
) -> bool:
    """Refuse a header that does not fit the lines; True if every line has one empty field more."""
    repeated = [name for name, count in Counter(names).items() if count > 1 and name]
    if repeated:
        raise DataError(
            f"{path}: the header repeats the columns {listed(repeated)}; give each its own name"
        )
    refuse_alike(names, path)
    if sum(_is_number(name) for name in names) > len(names) / 2:
        raise DataError(
            f"{path}: the first line holds values ({listed(names, limit=5)}), not names; add a "
            "line with the names of the columns"
        )
    if not records:
        return False
    counts = Counter(len(record) for record in records)
    usual, lines = counts.most_common(1)[0]
    if usual == len(names) + 1 and all(
        not record[-1].strip() for record in records if len(record) == usual
    ):
        return True
    if usual != len(names) and lines > len(records) / 2:
        raise DataError(
            f"{path}: the header has {len(names)} {'name' if len(names) == 1 else 'names'} "
            f"({listed(names, limit=5)}), but {lines} of the first {len(records)} lines have "
            f"{usual} fields by the delimiter {delimiter!r}: name every column in the first line, "
            "take away title lines above it, or say csv: {delimiter: ...}"
        )
    return False


def _is_number(name: str) -> bool:
    return bool(re.fullmatch(r"[-+]?[\d.,' ]*\d[\d.,' ]*[€$£%]?", name))
