"""Numbers as readers of a page have them: shares in percent, true minus signs, intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Number = Mapping[str, Any]  # value, low and high; None where undefined


def cut(text: str, most: int) -> str:
    """A text of at most `most` letters, to fit beside an axis.

    Examples
    --------
    >>> cut("sports and family", 8)
    'sports …'
    """
    return text if len(text) <= most else f"{text[: most - 1]}…"


def percent(value: float | None, digits: int = 1) -> str:
    """A share for readers.

    Examples
    --------
    >>> percent(0.0479), percent(None)
    ('4.8 %', '–')
    """
    return "–" if value is None else f"{100 * value:.{digits}f} %"


def plain(value: float | None, digits: int = 3) -> str:
    """A number for readers, with a true minus sign.

    Examples
    --------
    >>> plain(-0.25, 2)
    '−0.25'
    """
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def span(number: Number, digits: int = 3, signed: bool = False) -> str:
    """Low to high of an interval.

    Examples
    --------
    >>> span({"value": 0.2, "low": 0.1, "high": 0.3})
    '0.100 to 0.300'
    """
    if number["low"] is None:
        return "no interval"
    sign = "+" if signed else ""
    ends = (f"{number[end]:{sign}.{digits}f}".replace("-", "−") for end in ("low", "high"))
    return " to ".join(ends)


def percents(number: Number, digits: int = 1) -> str:
    """Low to high of a share's interval.

    Examples
    --------
    >>> percents({"value": 0.2, "low": 0.105, "high": 0.3})
    '10.5 to 30.0 %'
    """
    if number["low"] is None:
        return "no interval"
    return " to ".join(f"{100 * number[end]:.{digits}f}" for end in ("low", "high")) + " %"


def joined(names: Sequence[str]) -> str:
    """Names as a sentence has them.

    Examples
    --------
    >>> joined(["a", "b", "c"])
    'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
