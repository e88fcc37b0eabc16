"""A picture of a page, as text; drawing one needs :mod:`dbnchurn.core.html.figure`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

LETTER = re.compile(r'<path id="(DejaVu[^"]+)"(?: d="[^"]*")? transform="scale\(0\.015625\)"/>')


@dataclass(frozen=True)
class Picture:
    """A figure of a page.

    Parameters
    ----------
    title : str
        What it shows; unique on its page.
    reading : str
        How to read it, printed below it.
    alt : str
        The same numbers in words, for readers who cannot see it.
    svg : str
        The drawing, an ``<svg>`` element.
    png : bytes, default b""
        The drawing as a PNG file, where one was asked for.
    """

    title: str
    reading: str
    alt: str
    svg: str
    png: bytes = b""


def with_shared_letters(groups: Sequence[Sequence[Picture]]) -> tuple[list[list[Picture]], str]:
    """Take the shapes of letters out of pictures, so that a page holds each shape once.

    Parameters
    ----------
    groups : sequence of sequences of Picture

    Returns
    -------
    groups : list of lists of Picture
        The same pictures; they refer to the shapes by id.
    letters : str
        The shapes, for the ``<defs>`` of an ``<svg>`` on the same page.
    """
    shapes: dict[str, str] = {}

    def without_shapes(picture: Picture) -> Picture:
        shapes.update({match[1]: match[0] for match in LETTER.finditer(picture.svg)})
        svg = re.sub(r"<defs>\s*</defs>", "", LETTER.sub("", picture.svg))
        return replace(picture, svg=svg)

    lighter = [[without_shapes(picture) for picture in group] for group in groups]
    return lighter, "".join(shapes.values())
