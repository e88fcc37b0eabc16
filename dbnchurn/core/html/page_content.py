"""What a page shows, piece by piece, so that two pages can be compared number by number."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from html.parser import HTMLParser
from typing import cast

from dbnchurn.core.made_by import Plain

NAME = "made-by"
SAID = ("aria-label", "alt", "title")
HEADINGS = ("h1", "h2", "h3", "summary")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_ELEMENT = re.compile(rf'<meta name="{NAME}" content="[^"]*">')


@dataclass(frozen=True)
class Piece:
    """A text, a label or a picture of a page.

    Parameters
    ----------
    where : str
        The heading above it, in a table its row and column.
    text : str
        Of a picture the digest of its drawing.
    is_picture : bool
    """

    where: str
    text: str
    is_picture: bool = False

    def __str__(self) -> str:
        return "a drawing" if self.is_picture else f"'{self.text}'"


@dataclass(frozen=True)
class PageContent:
    """A page, taken apart.

    Parameters
    ----------
    pieces : sequence of Piece
        In the order of the page.
    made_by : mapping or None
        What the page says of the command that made it; None if it says nothing that can be read.
    rest : str
        The page without that.
    """

    pieces: Sequence[Piece]
    made_by: Plain | None
    rest: str

    @classmethod
    def of(cls, text: str) -> PageContent:
        """Take a page apart."""
        reader = _Reader()
        reader.feed(text)
        reader.close()
        return cls(tuple(reader.pieces), _plain(reader.made_by), _ELEMENT.sub("", text, count=1))

    @property
    def numbers(self) -> int:
        """How many numbers stand on the page, those in drawings left out."""
        return sum(len(_NUMBER.findall(p.text)) for p in self.pieces if not p.is_picture)

    @property
    def pictures(self) -> int:
        """How many drawings the page has."""
        return sum(piece.is_picture for piece in self.pieces)


def page_differences(page: PageContent, again: PageContent) -> list[str]:
    """One line for every piece that is not the same on both pages.

    Parameters
    ----------
    page, again : PageContent
        As it lies there, and made again.

    Returns
    -------
    list of str
        Empty if the pages are the same to the byte, but for what they say of their command.

    Examples
    --------
    >>> old, new = (PageContent.of(f"<h2>Groups</h2><p>{n} customers</p>") for n in (7, 8))
    >>> page_differences(old, new)
    ["Groups: '7 customers' on the page, '8 customers' made again"]
    """
    found = list(_differences(page.pieces, again.pieces))
    if not found and page.rest != again.rest:
        return ["the page differs in what is no text and no drawing: its markup or style"]
    return found


def _differences(page: Sequence[Piece], again: Sequence[Piece]) -> Iterator[str]:
    matcher = SequenceMatcher(None, page, again, autojunk=False)
    for kind, start, end, other, last in matcher.get_opcodes():
        if kind == "equal":
            continue
        old, new = page[start:end], again[other:last]
        for place in range(max(len(old), len(new))):
            before = old[place] if place < len(old) else None
            after = new[place] if place < len(new) else None
            shown = before or after
            assert shown is not None
            if shown.is_picture and before and after and after.is_picture:
                yield f"{shown.where}: the drawing differs"
            else:
                was, now = (side or "nothing" for side in (before, after))
                yield f"{shown.where}: {was} on the page, {now} made again"


def _plain(said: str | None) -> Plain | None:
    try:
        plain: object = json.loads(said or "")
    except ValueError:
        return None
    return cast(Plain, plain) if isinstance(plain, dict) else None


class _Reader(HTMLParser):
    """Collects the pieces of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[Piece] = []
        self.made_by: str | None = None
        self._inside: list[str] = []
        self._heading = self._row = self._column = ""
        self._drawing: list[str] | None = None

    @property
    def _where(self) -> str:
        return ", ".join(filter(None, (self._heading or "the page", self._row, self._column)))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "meta" and given.get("name") == NAME:
            self.made_by = given.get("content")
        if self._drawing is not None:
            self._drawing.append(self.get_starttag_text() or "")
        elif tag == "svg":
            self._drawing = [self.get_starttag_text() or ""]
        if tag == "tr":
            self._row = ""
        if tag in ("td", "th"):
            self._column = given.get("data-head") or ""
        if tag in HEADINGS:
            self._heading = self._row = self._column = ""
        if self._drawing is None:
            texts = (given.get(name) for name in SAID)
            self.pieces += [Piece(self._where, text) for text in texts if text]
        if tag not in ("meta", "link", "br", "img", "input", "hr", "col"):
            self._inside.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._drawing is not None:
            self._drawing.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass
        if tag == "svg" and self._drawing is not None and "svg" not in self._inside:
            drawing = hashlib.sha256("".join(self._drawing).encode()).hexdigest()
            self.pieces.append(Piece(self._where, drawing, is_picture=True))
            self._drawing = None
        if tag == "table":
            self._row = self._column = ""

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if self._drawing is not None:
            self._drawing.append(data)
            return
        if not text or "style" in self._inside:
            return
        inside = self._inside[-1] if self._inside else ""
        if inside == "th":
            self._row = text
        self.pieces.append(Piece(self._where, text))
        if inside in HEADINGS:
            self._heading = f"{self._heading} {text}".strip()
