"""The page of customers' values: how expected and actual values of a past month compare."""

from __future__ import annotations

from importlib.util import find_spec

from dbnchurn.core.html.figure import COLOURS, MARK, Canvas
from dbnchurn.core.html.format import thousands
from dbnchurn.core.html.picture import Picture
from dbnchurn.core.html.plain_page import bullets, drawing, paragraph, plain_page, rows_table
from dbnchurn.forecast.values import CustomerValues
from dbnchurn.forecast.values_text import error_rows, values_errors, values_verdict

STYLE = ".narrow { max-width: 34rem; }\n"
SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)


def values_page(made: CustomerValues) -> str:
    """The page as HTML text that needs no other file.

    The picture needs matplotlib, of the extra ``train``; its numbers are in a table as well.

    Parameters
    ----------
    made : CustomerValues

    Returns
    -------
    str
    """
    drawn = made.backtest.tested and find_spec("matplotlib") is not None
    tenths = [
        (str(number + 1), f"{expected:,.1f}", f"{came:,.1f}", thousands(count))
        for number, (expected, came, count) in enumerate(made.tenths())
    ]
    what = _what(made)
    sections = [
        "<h2>Customers by what is expected of them</h2>",
        _spread(made),
        "<h2>How far off it has been</h2>" if tenths else "",
        *(paragraph(text) for text in values_errors(made)),
        rows_table(("expected", "sum of absolute errors, of what came"), error_rows(made))
        if tenths
        else "",
        f'<div class="narrow">{drawing(calibration(made))}</div>' if drawn else "",
        rows_table(("tenth of the customers", f"expected {what}", "came", "customers"), tenths)
        if tenths
        else "",
        bullets("What was assumed", made.notes, "notes"),
    ]
    months = made.config.values.months
    title = f"Customers' next {months} months, from the end of {made.history.months[-1]} on"
    return plain_page(title, values_verdict(made), sections, STYLE)


def _what(made: CustomerValues) -> str:
    if not made.backtest.revenue:
        return "months"
    return f"value in {made.config.currency}" if made.config.currency else "value"


def _spread(made: CustomerValues) -> str:
    """Quantiles of the columns of the table."""
    numbers = made.table().drop(columns="customer")
    names = [n for n in numbers if not str(n).endswith(("_low", "_high"))]
    rows = [
        (str(name).replace("_", " "), *(f"{numbers[name].quantile(s):,.1f}" for s in SHARES))
        for name in names
    ]
    heads = ("", *(f"{share:.0%} have at most" for share in SHARES))
    return rows_table(heads, rows)


def calibration(made: CustomerValues) -> Picture:
    """Expected and actual values of tenths of a past month's customers.

    Parameters
    ----------
    made : CustomerValues
        With a past month that tests.

    Returns
    -------
    Picture
    """
    one, _ = made.backtest.test
    month, tenths = made.history.months[one.month], made.tenths()
    expected, came = [part[0] for part in tenths], [part[1] for part in tenths]
    what = _what(made)
    with Canvas(f"Expected {what}, mean of a tenth", f"Actual {what}", (5.0, 3.4)) as c:
        ends = [min(expected + came), max(expected + came)]
        c.axes.plot(ends, ends, color=MARK, label="as expected")
        c.axes.plot(expected, came, "o", color=COLOURS[0], label="a tenth of the customers")
        c.legend(loc="upper left")
        return c.picture(
            f"Customers of {month}: what was expected, and what came",
            "Every point is a tenth of customers who chose nothing; on the line, as much came as "
            "was expected.",
            f"Expected and actual {what} of tenths: "
            + ", ".join(f"{e:.0f} and {a:.0f}" for e, a in zip(expected, came, strict=True)),
        )
