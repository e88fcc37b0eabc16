"""Numbers as text for readers: shares in percent, true minus signs, intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

Number = Mapping[str, Any]  # value, low and high; None where undefined


def cut(text: str, most: int) -> str:
    """Shorten a text to fit beside an axis.

    Parameters
    ----------
    text : str
    most : int
        Characters that the result may have.

    Returns
    -------
    str
        The text, or its start with an ellipsis.

    Examples
    --------
    >>> cut("sports and family", 8)
    'sports …'
    """
    return text if len(text) <= most else f"{text[: most - 1]}…"


def percent(value: float | None, digits: int = 1) -> str:
    """A share in percent.

    Parameters
    ----------
    value : float or None
        A share, 1 for all.
    digits : int, default 1
        After the point.

    Returns
    -------
    str
        A dash where the value is None or NaN.

    Examples
    --------
    >>> percent(0.0479), percent(None), percent(float("nan"))
    ('4.8 %', '–', '–')
    """
    return "–" if value is None or math.isnan(value) else f"{100 * value:.{digits}f} %"


def plain(value: float | None, digits: int = 3) -> str:
    """A number with a fixed number of digits and a true minus sign.

    Parameters
    ----------
    value : float or None
    digits : int, default 3
        After the point.

    Returns
    -------
    str
        A dash where the value is None or NaN.

    Examples
    --------
    >>> plain(-0.25, 2)
    '−0.25'
    """
    return "–" if value is None or math.isnan(value) else _minus(f"{value:.{digits}f}")


def points(value: float, digits: int = 2) -> str:
    """A difference of shares in points.

    Parameters
    ----------
    value : float
    digits : int, default 2

    Returns
    -------
    str

    Examples
    --------
    >>> points(-0.0251), points(0.01, 1)
    ('−2.51', '+1.0')
    """
    sign = "+" if value > 0 else ""
    return sign + plain(100 * value, digits)


def amount(value: float) -> str:
    """An amount of money: thousands apart, two digits after the point unless it is whole.

    Examples
    --------
    >>> amount(1234.0), amount(-1234.5)
    ('1,234', '−1,234.50')
    """
    return _minus(f"{value:,.0f}" if value == int(value) else f"{value:,.2f}")


def thousands(count: int) -> str:
    """A count with its thousands apart.

    Examples
    --------
    >>> thousands(12345)
    '12,345'
    """
    return f"{count:,}"


def counted(count: int, noun: str) -> str:
    """A number of things, whose plural ends in s.

    Parameters
    ----------
    count : int
    noun : str
        Of one.

    Returns
    -------
    str

    Examples
    --------
    >>> counted(1, "contact"), counted(5000, "contact")
    ('1 contact', '5,000 contacts')
    """
    return f"{thousands(count)} {noun}{'' if count == 1 else 's'}"


def span(number: Number, digits: int = 3, signed: bool = False) -> str:
    """Low to high of an interval.

    Parameters
    ----------
    number : mapping
        With ``low`` and ``high``; None where there is no interval.
    digits : int, default 3
        After the point.
    signed : bool, default False
        Write a plus before positive ends.

    Returns
    -------
    str

    Examples
    --------
    >>> span({"value": 0.2, "low": 0.1, "high": 0.3})
    '0.100 to 0.300'
    """
    if number["low"] is None:
        return "no interval"
    sign = "+" if signed else ""
    return " to ".join(_minus(f"{number[end]:{sign}.{digits}f}") for end in ("low", "high"))


def percents(number: Number, digits: int = 1) -> str:
    """Low to high of a share's interval, in percent.

    Parameters
    ----------
    number : mapping
        With ``low`` and ``high``; None where there is no interval.
    digits : int, default 1
        After the point.

    Returns
    -------
    str

    Examples
    --------
    >>> percents({"value": 0.2, "low": 0.105, "high": 0.3})
    '10.5 to 30.0 %'
    """
    if number["low"] is None:
        return "no interval"
    return " to ".join(f"{100 * number[end]:.{digits}f}" for end in ("low", "high")) + " %"


def joined(names: Sequence[str]) -> str:
    """Names with commas, and "and" before the last.

    Examples
    --------
    >>> joined(["a", "b", "c"])
    'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _minus(text: str) -> str:
    return text.replace("-", "−")
