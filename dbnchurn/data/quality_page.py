"""The page ``data_quality.html``: every feature as :mod:`dbnchurn.data.quality` measures it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dbnchurn.core.files import write_whole
from dbnchurn.core.html.format import percent, thousands
from dbnchurn.data.build import Built
from dbnchurn.data.quality import ColumnQuality, describe
from dbnchurn.tables.contract import Customers

WIDTH, HEIGHT = 160, 32  # of a drawing, in pixels
DARKEST = 3.0  # times the churn rate of all rows


@dataclass(frozen=True)
class Bar:
    """One bar of a drawing.

    Parameters
    ----------
    x, width, height : float
        In pixels; bars stand on the lower edge of the drawing.
    lightness : float
        In percent; the more of the bar's rows churned, the darker.
    text : str
        What it shows, in words.
    """

    x: float
    width: float
    height: float
    lightness: float
    text: str


def write_quality(
    path: str | Path, customers: Customers, built: Built | None = None, notes: Sequence[str] = ()
) -> None:
    """Write the page: one HTML file that needs no other.

    Needs jinja2, of the extra ``train``.

    Parameters
    ----------
    path : path
        File to write.
    customers : Customers
        The finished table.
    built : Built, optional
        The source tables, their contracts and joins, where it was made from several.
    notes : sequence of str, default ()
        Sentences for the top of the page.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> X = pd.DataFrame({"debt": [0.0, 5.0, None, 9.0], "plan": ["A", "B", "A", "A"]})
    >>> table = Customers(np.arange(4), X, np.array([0, 1, 0, 0]), None, pd.DataFrame())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_quality(Path(folder, "page.html"), table)
    ...     "4 rows, 2 features, 25.00 % left." in Path(folder, "page.html").read_text("utf-8")
    True
    """
    from dbnchurn.core.html.page import render_page

    rate = float(customers.y.mean())
    text = render_page(
        "dbnchurn.data",
        "quality.html",
        title="Data quality",
        verdict=f"{thousands(len(customers))} rows, {customers.X.shape[1]} features, "
        f"{percent(rate, 2)} left.",
        warnings=notes,
        snapshots=_snapshots(customers),
        built=built,
        columns=[(column, list(bars(column, rate))) for column in describe(customers)],
        width=WIDTH,
        height=HEIGHT,
    )
    write_whole(Path(path), text)


def bars(column: ColumnQuality, rate: float) -> Iterator[Bar]:
    """The distribution of a column as bars, shaded by their churn rates.

    Parameters
    ----------
    column : ColumnQuality
    rate : float
        Churn rate of all rows; three times as much gives the darkest bar.

    Yields
    ------
    Bar
    """
    step = WIDTH / max(len(column.shares), 1)
    highest = max(column.shares.max(initial=0), 1e-9)
    for i, (share, churn, label) in enumerate(
        zip(column.shares, column.churn, column.labels, strict=True)
    ):
        yield Bar(
            i * step,
            max(step - 1, 1),
            HEIGHT * share / highest,
            75 - 50 * min(churn / max(DARKEST * rate, 1e-9), 1.0),
            f"{label}: {percent(share)} of rows, {percent(churn)} left",
        )


def _snapshots(customers: Customers) -> list[tuple[str, int, float]]:
    """Date, rows and churn rate of every snapshot."""
    if customers.dates is None:
        return []
    days, snapshot = np.unique(customers.dates, return_inverse=True)
    return [
        (str(day)[:10], int((snapshot == i).sum()), float(customers.y[snapshot == i].mean()))
        for i, day in enumerate(days)
    ]
