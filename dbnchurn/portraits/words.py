"""Values and figures of portraits as text for readers; what is not known says so."""

from __future__ import annotations

from datetime import date

from dbnchurn.core.html.format import percent, plain
from dbnchurn.portraits.columns import Column
from dbnchurn.portraits.figures import Figure, Value

NOT_KNOWN = "not known"
SHARES = ("probability",)  # columns of scores that are shares


def value_text(column: Column, value: Value) -> str:
    """A customer's value for a reader.

    Parameters
    ----------
    column : Column
    value : str, float, bool, date or None

    Returns
    -------
    str

    Examples
    --------
    >>> fee = Column("behaviour", "fee", "customers", "number")
    >>> value_text(fee, 12.5), value_text(fee, None), value_text(fee, 0)
    ('12.50', 'not known', '0')
    """
    if value is None:  # a log that names no contact says that there was none
        return "none" if column.section == "contacts" else NOT_KNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value
    if column.table == "scores" and column.name in SHARES:
        return percent(value)
    return number_text(value)


def number_text(value: float) -> str:
    """A number for a reader: whole as it is, else with two digits, or three that count.

    Examples
    --------
    >>> number_text(2024.0), number_text(-3.14159), number_text(0.012345)
    ('2024', '−3.14', '0.0123')
    """
    if value == int(value):
        return plain(value, 0)
    return plain(value, 2) if abs(value) >= 1 else f"{value:.3g}".replace("-", "−")


def figure_text(column: Column, figure: Figure | None) -> str:
    """What a value is compared with: the median, or the share of customers with the same value.

    Parameters
    ----------
    column : Column
    figure : Figure or None

    Returns
    -------
    str
    """
    if figure is None:
        return "–"
    if figure.value is None:
        return f"too few: {figure.known} known" if figure.known else NOT_KNOWN
    if isinstance(figure.value, date):
        return f"median {figure.value.isoformat()}"
    if column.kind == "level":
        return f"{percent(float(figure.value), 0)} the same"
    return f"median {value_text(column, float(figure.value))}"
