"""What an inspection found, in words: for the terminal, and as the rows of the page."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table as RichTable
from rich.text import Text

from dbnchurn.core.errors import listed
from dbnchurn.core.html.format import cut, percent, thousands
from dbnchurn.tables.inspected_column import InspectedColumn
from dbnchurn.tables.inspection import InspectedFile, Inspection
from dbnchurn.tables.roles import GIVEN

HEADS = ("column", "read as", "missing", "before → after", "notes")
LONGEST = 40  # characters of an example
SHOWN_FILES = 10
SHOWN_WORDS = 5  # that are no number or date
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def verdict(found: Inspection) -> str:
    """The result in a sentence or two.

    Examples
    --------
    >>> from dbnchurn.tables.roles import Roles
    >>> verdict(Inspection("my.csv", (), (), 7, Roles(None, None, None, {})))
    '7 rows, 0 columns. No question is left: the table can be read in one way only.'
    """
    size = f"{thousands(found.rows)} rows, {len(found.columns)} columns"
    lines = found.rejected_lines
    if lines:
        size += f", {thousands(lines)} {'line' if lines == 1 else 'lines'} that cannot be read"
    count = len(found.questions)
    refused = [c.name for c in found.columns if c.unread and c.name != found.roles.id]
    if not count and refused:
        return (
            f"{size}. No question is left, but training refuses values of {listed(refused)}: "
            "the notes say which, and what to do."
        )
    if not count:
        return f"{size}. No question is left: the table can be read in one way only."
    what = "1 question has" if count == 1 else f"{count} questions have"
    return f"{size}. {what} to be answered before the table can be used."


def file_facts(file: InspectedFile) -> str:
    """How one file is written.

    Examples
    --------
    >>> file_facts(InspectedFile("my.csv", "CSV", 7, 2, 80, "gz", "utf-8", ";", '"'))
    'my.csv: CSV, packed as gz, utf-8, delimiter semicolon, 7 rows, 2 columns, 80 bytes'
    """
    parts = [file.kind]
    if file.packed:
        parts.append(f"packed as {file.packed}")
    if file.encoding:
        parts += [
            file.encoding,
            f"delimiter {DELIMITERS.get(file.delimiter, repr(file.delimiter))}",
        ]
    if file.quote not in ("", '"'):
        parts.append(f"quote {file.quote}")
    if file.sheet:
        parts.append(f"sheet {file.sheet!r}")
    parts += [f"{thousands(file.rows)} rows", f"{file.columns} columns", _size(file.size)]
    return f"{file.path}: {', '.join(parts)}"


def _size(size: int) -> str:
    for unit, least in (("GB", 2**30), ("MB", 2**20), ("kB", 2**10)):
        if size >= least:
            return f"{size / least:.1f} {unit}"
    return f"{size} bytes"


def column_row(column: InspectedColumn, found: Inspection) -> tuple[str, str, str, str, str]:
    """The cells of a column, in the order of :data:`HEADS`.

    Parameters
    ----------
    column : InspectedColumn
    found : Inspection
        The table of the column.

    Returns
    -------
    tuple of str
    """
    kind = {"ignore": "ignored"}.get(column.kind, column.kind)
    read_as = f"{kind}, {column.format}" if column.format not in ("", "1234.5") else kind
    if column.kind == "category":
        about = "about " if column.is_sampled else ""
        levels = "level" if column.distinct == 1 else "levels"
        read_as += f", {about}{thousands(column.distinct)} {levels}"
    if column.question is not None:
        read_as = " or ".join(column.question.formats) or "to be decided"
    share = percent(column.missing_rows / max(column.rows, 1)) if column.missing else "none"
    by = ", ".join(
        f"{repr(cut(text, LONGEST)) if text else 'empty'} {thousands(rows)}"
        for text, rows in sorted(column.missing.items(), key=lambda item: -item[1])[:4]
    )
    examples = "\n".join(
        cut(before, LONGEST)
        if before == after
        else f"{cut(before, LONGEST)} → {cut(after, LONGEST)}"
        for before, after in column.examples
    )
    missing = f"{share}\n{by}" if column.missing else share
    return column.name, read_as, missing, examples, "\n".join(notes_of(column, found))


def notes_of(column: InspectedColumn, found: Inspection) -> Iterator[str]:
    """Sentences about a column.

    Parameters
    ----------
    column : InspectedColumn
    found : Inspection
        The table of the column.

    Yields
    ------
    str
    """
    if column.question is not None:
        yield f"question: {column.question.text}"
    roles = {"id": found.roles.id, "label": found.roles.label, "date": found.roles.date}
    for role, name in roles.items():
        if name == column.name and found.roles.why[role] != GIVEN:
            what = "the date of the snapshot" if role == "date" else f"the {role}"
            yield f"looks like {what}: {found.roles.why[role]}"
    if column.kind == "ignore" and column.note:
        yield f"ignored: {column.note}"
    elif column.note not in ("", column.doubt) and not column.note.startswith("text, written as"):
        yield column.note
    if column.kind == "category" and (perhaps := column.perhaps_missing):
        yield f"{listed(perhaps)} stands for a missing value, as in a column of numbers or dates"
    if column.doubt:
        yield f"stays text: {column.doubt}"
    if column.unread and column.name == roles["id"]:
        first = cut(next(iter(column.unread)), LONGEST)
        yield f"as an id: {first!r} is none if it names a total, and its row is set aside"
    elif column.unread:
        yield unread_sentence(column, "missing")
    yield from column.doubtful
    if column.kind not in ("id", "label", "ignore") and column.rows > 1:
        if not column.distinct:
            yield "no value: nothing can be learned from it"
        elif column.distinct == 1 and not column.missing_rows:
            yield "one value in all rows: nothing can be learned from it"
    if column.is_sampled:
        yield (
            f"decided by {thousands(column.looked_at)} of about {thousands(column.distinct)} "
            "different values"
        )


def unread_sentence(column: InspectedColumn, key: str) -> str:
    """What is said of words among numbers or dates, which training refuses.

    Parameters
    ----------
    column : InspectedColumn
    key : str
        Key of a config that makes words missing.

    Returns
    -------
    str

    Examples
    --------
    >>> unread_sentence(InspectedColumn("since", "date", unread={"never": 2}), "missing")
    "2 rows are no date, such as 'never', which training refuses: mend them, or say missing: \
['never']"
    """
    rows = sum(column.unread.values())
    words = [cut(word, LONGEST) for word in column.unread][:SHOWN_WORDS]
    return (
        f"{thousands(rows)} {'row is' if rows == 1 else 'rows are'} no {column.kind}, such as "
        f"{words[0]!r}, which training refuses: mend them, or say {key}: {words}"
    )


def role_lines(found: Inspection) -> list[str]:
    """Sentences about id, label and date of the snapshot."""
    named = {"id": found.roles.id, "label": found.roles.label, "date": found.roles.date}
    return [
        f"{role}: {'none' if name is None else repr(name)}, because {found.roles.why[role]}"
        for role, name in named.items()
    ]


def rejected_lines(found: Inspection) -> list[str]:
    """Sentences about the first lines that cannot be read."""
    several = len(found.files) > 1
    lines = [
        f"{f'{file}, ' if several else ''}row {line.row}: {line.reason}"
        for file, line in found.rejected
    ]
    more = found.rejected_lines - len(lines)
    return [*lines, f"and {thousands(more)} more"] if more else lines


def file_lines(found: Inspection) -> list[str]:
    """How the first ten files are written."""
    lines = [file_facts(file) for file in found.files[:SHOWN_FILES]]
    more = len(found.files) - SHOWN_FILES
    return [*lines, f"and {more} more files"] if more > 0 else lines


def question_lines(found: Inspection) -> list[str]:
    """What has to be decided, each with its choices."""
    return [question.text for question in found.questions]


def columns_table(found: Inspection) -> RichTable:
    """All columns as a table for the terminal."""
    table = RichTable(show_lines=True)
    for head in HEADS:
        table.add_column(head, overflow="fold")
    for column in found.columns:
        style = "yellow" if column.question else "dim" if column.kind == "ignore" else ""
        table.add_row(*(Text(cell) for cell in column_row(column, found)), style=style)
    return table


def closing_lines(found: Inspection) -> list[str]:
    """What stands below the table of columns in the terminal."""
    lines = [f"looks like  {line}" for line in role_lines(found)]
    lines += [f"note: {note}" for note in found.notes]
    if found.rejected_lines:
        count = found.rejected_lines
        lines.append(f"{thousands(count)} {'line' if count == 1 else 'lines'} cannot be read:")
        lines += [f"  {line}" for line in rejected_lines(found)]
    lines += [f"question {k}: {text}" for k, text in enumerate(question_lines(found), 1)]
    return [*lines, verdict(found)]
