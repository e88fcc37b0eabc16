"""The page of an inspection: one HTML file that needs no other, made without jinja2."""

from __future__ import annotations

from pathlib import Path

from dbnchurn.core.files import write_whole
from dbnchurn.core.html.plain_page import bullets, paragraph, plain_page, rows_table
from dbnchurn.tables.inspection import Inspection
from dbnchurn.tables.inspection_text import (
    HEADS,
    column_row,
    file_lines,
    question_lines,
    rejected_lines,
    role_lines,
    verdict,
)

HOW_TO_READ = (
    "What a column is read as was decided by its values as they stand in the files; examples are "
    "the first different ones. Missing are empty cells and texts that stand for them."
)
STYLE = """\
.columns td, .columns th { text-align: left; white-space: normal; overflow-wrap: break-word; }
.columns th, .columns td { max-width: 30rem; }
.columns td:nth-child(4) { min-width: 14rem; }
.columns td:last-child { min-width: 14rem; }
.columns tr.asked td, .columns tr.asked th { background: var(--warn-tint); }
.columns tr.ignored td, .columns tr.ignored th { color: var(--soft); }
.warnings li, li { overflow-wrap: anywhere; }
@media (max-width: 45rem) {
.columns, .columns tbody, .columns tr, .columns th, .columns td, .columns td:nth-child(n) \
{ display: block; min-width: 0; max-width: none; }
.columns thead { display: none; }
.columns tr { border-bottom: 2px solid var(--line); padding: .5rem 0; }
.columns td, .columns th { border: 0; padding: .15rem .4rem; }
.columns th[scope=row] { position: static; max-width: none; font-size: 1rem; }
.columns td:not(:empty)::before { content: attr(data-head) ": "; color: var(--soft); }
.columns td:empty { display: none; }
}
"""


def inspection_page(found: Inspection) -> str:
    """The page as HTML text.

    Parameters
    ----------
    found : Inspection

    Returns
    -------
    str
    """
    kinds = [
        "asked" if column.question else "ignored" if column.kind == "ignore" else ""
        for column in found.columns
    ]
    rows = [column_row(column, found) for column in found.columns]
    return plain_page(
        f"Inspection of {Path(found.path).name}",
        verdict(found),
        [
            bullets("", question_lines(found), "warnings"),
            bullets("Files", file_lines(found)),
            bullets("What columns look like", role_lines(found)),
            "<h2>Columns</h2>",
            paragraph(HOW_TO_READ, "soft"),
            rows_table(HEADS, rows, kinds, "columns"),
            bullets("Lines that cannot be read", rejected_lines(found)),
            bullets("Notes", found.notes),
        ],
        STYLE,
    )


def write_inspection(path: str | Path, found: Inspection) -> None:
    """Write the page to a file, whole or not at all.

    Parameters
    ----------
    path : path
    found : Inspection
    """
    write_whole(Path(path), inspection_page(found))
