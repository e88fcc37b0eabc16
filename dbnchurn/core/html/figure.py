"""The look of all pictures, and their way into the page as SVG."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

# Okabe and Ito's colours can be told apart by colour-blind readers; the model comes first.
COLOURS = ("#0057a8", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#666666")
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 3)), (0, (1, 3)))
MARK = "#444444"
STYLE: Any = {  # a plain dict; matplotlib types its keys one by one
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "axes.edgecolor": "#888888",
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "svg.fonttype": "path",
    "text.parse_math": False,  # a dollar in a name is a dollar
}
LETTER = re.compile(r'<path id="(DejaVu[^"]+)"(?: d="[^"]*")? transform="scale\(0\.015625\)"/>')


@dataclass(frozen=True)
class Picture:
    """A figure of the page: what it shows, how to read it, and what to say instead of it."""

    title: str
    reading: str
    alt: str
    svg: str


class Canvas:
    """One pair of axes in the report's style; ``picture`` turns it into SVG.

    Used as a context, so that the style holds while drawing and is gone afterwards.
    """

    def __init__(self, x: str, y: str, size: tuple[float, float] = (5.0, 3.4)) -> None:
        self._labels = x, y
        self._size = size

    def __enter__(self) -> Canvas:
        self._style = mpl.rc_context(STYLE)
        self._style.__enter__()
        self.figure = Figure(figsize=self._size, layout="constrained")
        self.axes: Any = self.figure.add_subplot()
        self.axes.set_xlabel(self._labels[0])
        self.axes.set_ylabel(self._labels[1])
        return self

    def __exit__(self, *error: object) -> None:
        self._style.__exit__(None, None, None)

    def percents(self, *which: str) -> None:
        """Write the axes ``x`` and ``y`` in percent."""
        for name in which:
            axis = getattr(self.axes, f"{name}axis")
            axis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
            axis.set_major_locator(MaxNLocator(nbins=6))

    def whole_numbers(self) -> None:
        """Number the horizontal axis by integers."""
        self.axes.xaxis.set_major_locator(MaxNLocator(integer=True))

    def legend(self, **where: Any) -> None:
        """Name the lines."""
        self.axes.legend(**where)

    def legend_below(self) -> None:
        """Name the marks under the axes, where they hide nothing."""
        self.figure.legend(loc="outside lower center", ncols=3)

    def picture(self, title: str, reading: str, alt: str) -> Picture:
        """The drawing as it stands."""
        text = io.StringIO()
        # Identifiers are hashes; the title as salt keeps those of two pictures apart.
        with mpl.rc_context({"svg.hashsalt": title}):
            self.figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
        svg = text.getvalue()
        svg = svg[svg.index("<svg") :]
        svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.S)
        svg = re.sub(r' id="[A-Za-z0-9.]+_\d+"', "", svg)  # nothing refers to them
        svg = re.sub(r'<svg ([^>]*?)width="[^"]*" ?', r"<svg \1", svg, count=1)
        svg = re.sub(r'<svg ([^>]*?)height="[^"]*" ?', r"<svg \1", svg, count=1)
        svg = re.sub(r"\s*\n\s*", " ", re.sub(r' d="[^"]*"', _shortened, svg))
        return Picture(title, reading, alt, svg.replace("<svg ", '<svg aria-hidden="true" ', 1))


def with_shared_letters(groups: Sequence[Sequence[Picture]]) -> tuple[list[list[Picture]], str]:
    """Pictures without the shapes of their letters, and the shapes, once for the whole page."""
    shapes: dict[str, str] = {}

    def moved(picture: Picture) -> Picture:
        shapes.update({found[1]: found[0] for found in LETTER.finditer(picture.svg)})
        svg = re.sub(r"<defs>\s*</defs>", "", LETTER.sub("", picture.svg))
        return replace(picture, svg=svg)

    lighter = [[moved(picture) for picture in group] for group in groups]
    return lighter, "".join(shapes.values())


def _shortened(path: re.Match[str]) -> str:
    """A path with coordinates to a hundredth of a point."""
    return re.sub(r"(\.\d{2})\d+", r"\1", path[0])
