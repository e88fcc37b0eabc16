"""The frame that all pages share, for pages that are made without templates.

A scoring machine has no jinja2; what is put together here is escaped piece by piece.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files

from dbnchurn.core.html.picture import Picture
from dbnchurn.core.made_by import made_by

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
"""What a browser may do on a page: show it. No script runs, and nothing is fetched or sent."""

FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="made-by" content="{made_by}">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<header>
<h1>{title}</h1>
</header>
<main>
<p class="verdict">{verdict}</p>
{body}
</main>
</body>
</html>
"""


def plain_page(title: str, verdict: str, sections: Sequence[str], style: str = "") -> str:
    """A page as HTML text that needs no other file.

    Parameters
    ----------
    title, verdict : str
        Heading, and the result below it; escaped here.
    sections : sequence of str
        HTML, as the other functions of this module make it.
    style : str, default ""
        Further rules of CSS.

    Returns
    -------
    str

    Examples
    --------
    >>> page = plain_page("a < b", "7 rows", [paragraph("it is so & so")])
    >>> "<h1>a &lt; b</h1>" in page, "<p>it is so &amp; so</p>" in page
    (True, True)
    """
    shared = files("dbnchurn.core.html").joinpath("page.css").read_text(encoding="utf-8")
    body = "\n".join(section for section in sections if section)
    return FRAME.format(
        policy=escape(POLICY, quote=False),
        made_by=escape(made_by()),
        title=escape(title),
        verdict=escape(verdict),
        style=shared + style,
        body=body,
    )


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph, of a class of the style sheet if one is named.

    Parameters
    ----------
    text : str
    kind : str, default ""

    Returns
    -------
    str
    """
    return f"<p{_class(kind)}>{escape(text)}</p>"


def bullets(title: str, texts: Sequence[str], kind: str = "") -> str:
    """A heading and a list; nothing if there is nothing to list.

    Parameters
    ----------
    title : str
        Without one there is no heading.
    texts : sequence of str
    kind : str, default ""
        Class of the style sheet.

    Returns
    -------
    str
    """
    if not texts:
        return ""
    heading = f"<h2>{escape(title)}</h2>\n" if title else ""
    return f"{heading}<ul{_class(kind)}>\n{''.join(f'<li>{escape(t)}</li>' for t in texts)}\n</ul>"


def rows_table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], kinds: Sequence[str] = (), kind: str = ""
) -> str:
    """A table whose first column names the rows; lines of a cell stand below one another.

    Parameters
    ----------
    heads : sequence of str
    rows : sequence of sequence of str
        As many cells each as there are heads.
    kinds : sequence of str, default ()
        Class of every row.
    kind : str, default ""
        Class of the table.

    Returns
    -------
    str
    """
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = []
    for number, row in enumerate(rows):
        first, *others = row
        cells = f'<th scope="row">{escape(first)}</th>'
        cells += "".join(
            f'<td data-head="{escape(name)}">{_lines(text)}</td>'
            for name, text in zip(heads[1:], others, strict=True)
        )
        body.append(f"<tr{_class(kinds[number] if kinds else '')}>{cells}</tr>")
    table = f"<thead><tr>{head}</tr></thead>\n<tbody>\n" + "\n".join(body) + "\n</tbody>"
    return f'<div class="scroll">\n<table{_class(kind)}>\n{table}\n</table>\n</div>'


def drawing(picture: Picture | None) -> str:
    """A picture with its title and how to read it; nothing where there is none.

    Parameters
    ----------
    picture : Picture or None

    Returns
    -------
    str
    """
    if picture is None:
        return ""
    return (
        f"<figure>\n<h3>{escape(picture.title)}</h3>\n"
        f'<div role="img" aria-label="{escape(picture.alt)}">{picture.svg}</div>\n'
        f"<figcaption>{escape(picture.reading)}</figcaption>\n</figure>"
    )


def folded(title: str, parts: Sequence[str]) -> str:
    """Parts of a page that open at a click; nothing if there are none.

    Parameters
    ----------
    title : str
    parts : sequence of str
        HTML, as the other functions of this module make it.

    Returns
    -------
    str
    """
    body = "\n".join(part for part in parts if part)
    if not body:
        return ""
    return f'<details class="numbers"><summary>{escape(title)}</summary>\n{body}\n</details>'


def _class(kind: str) -> str:
    return f' class="{escape(kind)}"' if kind else ""


def _lines(text: str) -> str:
    return "<br>".join(escape(line) for line in text.split("\n"))
