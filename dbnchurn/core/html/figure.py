"""Drawing with matplotlib: one style for all pictures, and figures as :class:`Picture`."""

from __future__ import annotations

import io
import re
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from dbnchurn.core.html.picture import Picture
from dbnchurn.core.lazy import LazyModule

if TYPE_CHECKING:
    import matplotlib as mpl
    from matplotlib import figure as figures
    from matplotlib import ticker
    from matplotlib.backends import backend_svg
    from matplotlib.figure import Figure
else:
    mpl = LazyModule("matplotlib")
    figures = LazyModule("matplotlib.figure")
    ticker = LazyModule("matplotlib.ticker")
    backend_svg = LazyModule("matplotlib.backends.backend_svg")

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
DPI = 130  # of PNG files


def drawing_style() -> AbstractContextManager[None]:
    """Context in which matplotlib draws in the style of the pages; its settings return after."""
    return mpl.rc_context(STYLE)


def percent_axis(axis: Any, nbins: int = 6) -> None:
    """Write the ticks of an axis in percent.

    Parameters
    ----------
    axis : matplotlib Axis
        Of shares from 0 to 1.
    nbins : int, default 6
        At most so many intervals between ticks.
    """
    axis.set_major_formatter(ticker.PercentFormatter(1.0, symbol=" %"))
    axis.set_major_locator(ticker.MaxNLocator(nbins=nbins))


def to_png(figure: Figure) -> bytes:
    """A figure as a PNG file; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def to_picture(figure: Figure, title: str, reading: str, alt: str, png: bool = False) -> Picture:
    """A figure as a picture of a page; called inside :func:`drawing_style`.

    Parameters
    ----------
    figure : matplotlib Figure
    title, reading, alt : str
        As in :class:`Picture`; pictures of one page need different titles.
    png : bool, default False
        Make a PNG file as well.

    Returns
    -------
    Picture
        Its SVG has no size of its own, so that it fills the width it is given.
    """
    text = io.StringIO()
    # Identifiers are hashes; the title as salt keeps those of two pictures apart.
    with mpl.rc_context({"svg.hashsalt": title}):
        # Not savefig: it draws every figure twice, first without ink, for the same bytes.
        canvas: Any = backend_svg.FigureCanvasSVG(figure)  # its methods have no types
        canvas.print_svg(text, metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.S)
    svg = re.sub(r' id="[A-Za-z0-9.]+_\d+"', "", svg)  # nothing refers to them
    svg = re.sub(r'<svg ([^>]*?)width="[^"]*" ?', r"<svg \1", svg, count=1)
    svg = re.sub(r'<svg ([^>]*?)height="[^"]*" ?', r"<svg \1", svg, count=1)
    svg = re.sub(r"\s*\n\s*", " ", re.sub(r' d="[^"]*"', _shortened, svg))
    # The style sheet keeps letters legible on a phone: its width follows from that in points.
    width = f"--points: {72 * figure.get_figwidth():.0f}"
    svg = svg.replace("<svg ", f'<svg aria-hidden="true" style="{width}" ', 1)
    return Picture(title, reading, alt, svg, to_png(figure) if png else b"")


def _shortened(path: re.Match[str]) -> str:
    """A path with coordinates to a hundredth of a point."""
    return re.sub(r"(\.\d{2})\d+", r"\1", path[0])


class Canvas:
    """One pair of axes in the style of the pages; ``picture`` turns it into SVG.

    Used as a context: the style is set while drawing, and matplotlib's own returns afterwards.

    Parameters
    ----------
    x, y : str
        Labels of the axes.
    size : pair of float, default (5.0, 3.4)
        Width and height in inches.
    """

    def __init__(self, x: str, y: str, size: tuple[float, float] = (5.0, 3.4)) -> None:
        self._labels = x, y
        self._size = size

    def __enter__(self) -> Canvas:
        self._style = drawing_style()
        self._style.__enter__()
        self.figure = figures.Figure(figsize=self._size, layout="constrained")
        self.axes: Any = self.figure.add_subplot()
        self.axes.set_xlabel(self._labels[0])
        self.axes.set_ylabel(self._labels[1])
        return self

    def __exit__(self, *error: Any) -> None:
        self._style.__exit__(*error)

    def percents(self, *which: str) -> None:
        """Write the axes ``x`` and ``y`` in percent."""
        for name in which:
            percent_axis(getattr(self.axes, f"{name}axis"))

    def whole_numbers(self) -> None:
        """Number the horizontal axis by integers."""
        self.axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))

    def legend(self, **where: Any) -> None:
        """Name the lines."""
        self.axes.legend(**where)

    def legend_below(self) -> None:
        """Name the marks under the axes, where they hide nothing."""
        self.figure.legend(loc="outside lower center", ncols=3)

    def picture(self, title: str, reading: str, alt: str) -> Picture:
        """The drawing so far as a picture.

        Parameters
        ----------
        title, reading, alt : str
            As in :class:`Picture`.

        Returns
        -------
        Picture
        """
        return to_picture(self.figure, title, reading, alt)
