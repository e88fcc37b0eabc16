"""Parts of texts that a regular expression names, such as the year of a date."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Floats, Rows
from dbnchurn.tables.text_column import ascii_digits

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LazyModule("pandas")


def matches_of(
    regex: str, texts: Sequence[str] | pd.Series[Any]
) -> tuple[Rows, list[re.Match[str]]]:
    """The texts that a regular expression matches.

    Parameters
    ----------
    regex : str
    texts : sequence of n str
        Spaces around a text are passed over, and digits of every script are digits.

    Returns
    -------
    places : int array of shape (m,)
        Positions of the texts that match.
    matches : list of m matches
    """
    match = re.compile(regex).match
    found = [
        (place, match_of)
        for place, text in enumerate(texts)
        if text and (match_of := match(ascii_digits(text.strip()))) is not None
    ]
    return np.array([place for place, _ in found], np.intp), [match_of for _, match_of in found]


def named_parts(matches: Sequence[re.Match[str]]) -> pd.DataFrame:
    """The named parts of matches, None where a part is absent."""
    return pd.DataFrame([match.groupdict() for match in matches], dtype=object)


def number_of_part(found: pd.DataFrame, part: str, default: float) -> Floats:
    """A named part as numbers.

    Parameters
    ----------
    found : DataFrame of m rows
        As :func:`named_parts` gives it.
    part : str
        Its name.
    default : float
        Where the regular expression has no such part.

    Returns
    -------
    float64 array of shape (m,)
        NaN where the part is absent, or is no number.
    """
    if part not in found:
        return np.full(len(found), default)
    return pd.to_numeric(found[part], errors="coerce").to_numpy(np.float64, na_value=np.nan)
