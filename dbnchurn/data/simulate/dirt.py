"""Errors of real records, added to simulated ones.

Blanks, noise, levels in several spellings, repeated rows, impossible values, missing keys.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.typing import Bools, Rows
from dbnchurn.data.simulate.world import COMPLAINT_KINDS, LEVELS

# Shares of values or rows with each error at strength 1.
BLANK = 0.02
NOISY = 0.05
MISSPELT = 0.03
COPIED = 0.03
REPEATED = 0.01
IMPOSSIBLE = 0.002
NO_KEY = 0.0005

NEVER_BLANK = {"customer_id", "month", "status", "complaint_date", "reading_date", "complaint_id"}
IMPOSSIBLE_VALUES: dict[str, float] = {
    "age": 999,
    "broadband_gb": -1.0,
    "billing_income": -9999.0,
    "online_duration": 99999.0,
    "receive_power_dbm": 60.0,
    "resolution_days": -5.0,
}
OTHER_SPELLINGS: dict[str, tuple[str, ...]] = {
    "FTTH": ("ftth", "FTTH ", "fibre to the home"),
    "FTTB": ("fttb", " FTTB"),
    "ADSL": ("adsl", "DSL"),
    "none": ("NONE", "no"),
    "female": ("F", "Female"),
    "male": ("M", "Male"),
    "direct debit": ("Direct Debit", "DIRECT_DEBIT"),
    "speed": ("SPEED", "slow line"),
}
CATEGORIES: dict[str, tuple[str, ...]] = {
    **LEVELS,
    "kind": COMPLAINT_KINDS,
    "status": ("active", "churned"),
}

Table = dict[str, npt.NDArray[Any]]


@cache
def spellings(column: str) -> tuple[str, ...]:
    """All texts of a category: its levels first, then their other spellings."""
    levels = CATEGORIES[column]
    return levels + tuple(other for level in levels for other in OTHER_SPELLINGS.get(level, ()))


def spoil(table: Table, strength: float, generator: np.random.Generator) -> Table:
    """A copy of a table of columns with errors.

    Parameters
    ----------
    table : dict of column → array of shape (n,)
        Categories as positions in :func:`spellings`, missing is NaN, NaT or -1.
    strength : float
        0 for no errors, 1 for those of a neglected CRM.
    generator : Generator

    Returns
    -------
    dict of column → array of shape (m,)
        Some rows are repeated, so m ≥ n.
    """
    if strength == 0:
        return table
    spoilt = {name: _spoil_values(name, v, strength, generator) for name, v in table.items()}
    key = spoilt["customer_id"].astype(np.float64)
    key[generator.random(len(key)) < NO_KEY * strength] = np.nan
    spoilt["customer_id"] = key
    rows, differs = _repeated_rows(len(key), strength, generator)
    spoilt = {name: values[rows] for name, values in spoilt.items()}
    for name in ("broadband_gb", "receive_power_dbm", "resolution_days"):
        if name in spoilt:
            spoilt[name][differs] += 1.0
    return spoilt


def _spoil_values(
    name: str, values: npt.NDArray[Any], strength: float, generator: np.random.Generator
) -> npt.NDArray[Any]:
    values = values.copy()
    n = len(values)
    if name in CATEGORIES and name != "status":
        _misspell(values, name, generator.random(n) < MISSPELT * strength, generator)
    elif values.dtype.kind == "f":
        noisy = np.flatnonzero(generator.random(n) < NOISY * strength)
        values[noisy] = np.round(values[noisy] * generator.normal(1, 0.03, len(noisy)), 2)
    if name in IMPOSSIBLE_VALUES:
        values[generator.random(n) < IMPOSSIBLE * strength] = IMPOSSIBLE_VALUES[name]
    if name not in NEVER_BLANK:
        blank = generator.random(n) < BLANK * strength
        if values.dtype.kind in "iub" and name not in CATEGORIES:
            values = values.astype(np.float64)
        values[blank] = {"f": np.nan, "M": np.datetime64("NaT")}.get(values.dtype.kind, -1)
    return values


def _repeated_rows(n: int, strength: float, generator: np.random.Generator) -> tuple[Rows, Rows]:
    """Row numbers in order, some of them twice, and positions of the copies that are to differ."""
    draw = generator.random(n)
    times = 1 + (draw < (COPIED + REPEATED) * strength)
    rows = np.repeat(np.arange(n), times)
    second = np.diff(rows, prepend=-1) == 0
    return rows, np.flatnonzero(second & (draw[rows] < REPEATED * strength))


def _misspell(
    codes: npt.NDArray[Any], column: str, which: Bools, generator: np.random.Generator
) -> None:
    """Replace codes of levels by codes of their other spellings, where there are any."""
    code_of = {word: code for code, word in enumerate(spellings(column))}
    rows = np.flatnonzero(which)
    picks = generator.random(len(rows))
    for code, level in enumerate(CATEGORIES[column]):
        others = np.array([code_of[other] for other in OTHER_SPELLINGS.get(level, ())], codes.dtype)
        same = codes[rows] == code
        if len(others):
            codes[rows[same]] = others[(picks[same] * len(others)).astype(int)]
