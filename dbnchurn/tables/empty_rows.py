"""Rows of a customer table that are no customers: totals, footers, and ids without any value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Bools, Floats
from dbnchurn.tables.kinds import is_nested
from dbnchurn.tables.schema import text
from dbnchurn.tables.text_column import MISSING

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
else:
    pd = LazyModule("pandas")
    pa = LazyModule("pyarrow")

NOTHING_ELSE = "an id and nothing else"
TOTAL = "a total, not a customer"
_TOTALS = """
total totals sum summe gesamt gesamtsumme zwischensumme insgesamt subtotal sub-total overall all
alle somme totale totaal suma итого gesamtergebnis endsumme soma totalen yhteensä összesen toplam
"""
TOTALS = frozenset(_TOTALS.split()) | {"grand total", "sub total", "alle kunden", "all customers"}
FULL = 0.5  # share of the values that other rows have in the mean
CHANCE = 1e-3  # of a row with at most one value, if values were missing independently
MOST = 0.9  # of the ids hold a digit
FEW = 0.5  # of the ids are totals; more are names that begin so


def present_values(frame: pd.DataFrame) -> Bools:
    """Which cells of a frame hold a value, shape (n, columns)."""
    present = np.array(frame.notna(), bool)  # of all columns at once: a served row has little time
    for j, dtype in enumerate(frame.dtypes):
        if _may_hold_text(dtype) and not is_nested(column := frame.iloc[:, j]):
            present[:, j] &= ~column.isin(MISSING).to_numpy(bool)
    return present


def _may_hold_text(dtype: Any) -> bool:
    if isinstance(dtype, pd.CategoricalDtype):
        return True
    if isinstance(dtype, pd.ArrowDtype):
        kind = dtype.pyarrow_dtype
        return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
    return pd.api.types.is_object_dtype(dtype) or isinstance(dtype, pd.StringDtype)


def says_nothing(present: Bools, shares: npt.ArrayLike | None = None) -> Bools:
    """Rows without any value, or with one alone where other rows have most of theirs.

    A row with a single value counts only if there are three columns or more and chance does not
    explain it.

    Parameters
    ----------
    present : bool array of shape (n, columns)
        Which features hold a value.
    shares : float array of shape (columns,), optional
        Share of rows with a value, as in training; by default of the other rows.

    Returns
    -------
    bool array of shape (n,)

    Examples
    --------
    >>> present = np.ones((5, 4), bool)
    >>> present[4, :3] = False
    >>> says_nothing(present).tolist()
    [False, False, False, False, True]
    """
    rows, columns = present.shape
    counts = present.sum(axis=1)
    if columns < 2 or not rows or (shares is None and present.mean() < FULL):
        return np.zeros(rows, bool)
    if shares is None:
        shares = present[counts > 1].mean(axis=0) if (counts > 1).any() else np.zeros(columns)
    known = np.asarray(shares, np.float64)
    if known.mean() < FULL:
        return np.zeros(rows, bool)
    fewest = 1 if columns >= 3 and _chance_of_one_at_most(known) < CHANCE else 0
    return np.asarray(counts <= fewest)


def _chance_of_one_at_most(known: Floats) -> float:
    """Chance that at most one value is there, if each is with its own probability."""
    none, one = 1.0, 0.0
    for share in known:
        none, one = none * (1 - share), one * (1 - share) + none * share
    return none + one


def total_rows(ids: pd.Series[Any]) -> Bools:
    """Rows whose id is or begins with a word such as Total, while the other ids hold digits.

    Examples
    --------
    >>> total_rows(pd.Series(["17", "18", "Total"])).tolist()
    [False, False, True]
    """
    if pd.api.types.is_numeric_dtype(ids.dtype):
        return np.zeros(len(ids), bool)
    words = text(ids).astype("string").str.strip(" :.*").str.casefold()
    first = words.str.extract(r"^([^\W\d_]+(?:-[^\W\d_]+)?)(?:[\s:(]|$)", expand=False)
    totals = (words.isin(TOTALS) | first.isin(TOTALS)).fillna(False).to_numpy(bool)
    if not totals.any() or totals.mean() > FEW:
        return np.zeros(len(ids), bool)
    digits = words[~totals].str.contains(r"\d", na=False).mean()
    return totals if digits >= MOST else np.zeros(len(ids), bool)
