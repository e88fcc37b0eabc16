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
average mean avg durchschnitt mittelwert moyenne promedio gemiddelde średnia razem celkem samlet
totaux totali totales всего среднее 合計 总计 合计
"""
TOTALS = frozenset(_TOTALS.split()) | {"grand total", "sub total", "alle kunden", "all customers"}
FULL = 0.5  # share of the values that other rows have in the mean
CHANCE = 1e-3  # of a row with at most one value, if values were missing independently
MOST = 0.9  # of the ids hold a digit
FEW = 0.5  # of the ids are totals; more are names that begin so
FEWEST = 10  # other rows, of which a row may be the sum
ROUNDED = 1e-5  # of a sum, by which it may differ where it was rounded


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


def total_rows(ids: pd.Series[Any] | None, numbers: pd.DataFrame | None = None) -> Bools:
    """Rows that are totals of others: by a word such as Total as their id, or by their numbers.

    A word counts where the other ids hold digits, and names such as Total do not. Whatever its id,
    a row is a total if its numbers are the sums of all other rows, and some perhaps their means.
    Two numbers have to be, in columns with many values that differ; one is enough where the row
    lacks the id that others have, or its id has no digit and theirs have. None may contradict.

    Parameters
    ----------
    ids : Series of length n, optional
    numbers : DataFrame of n rows, optional
        Columns of numbers are looked at, and others are passed over.

    Returns
    -------
    bool array of shape (n,)

    Examples
    --------
    >>> total_rows(pd.Series(["17", "18", "Total"])).tolist()
    [False, False, True]
    >>> bills = pd.DataFrame({"debt": [*range(20), 190.0], "calls": [*range(20, 40), 590]})
    >>> total_rows(None, bills).nonzero()[0].tolist()
    [20]
    """
    rows = len(ids) if ids is not None else len(numbers if numbers is not None else ())
    totals, other = np.zeros(rows, bool), np.zeros(rows, bool)
    if ids is not None:
        totals, other = _totals_by_word(ids), _of_another_form(ids)
    return totals if numbers is None else totals | _sums_of_others(numbers, ~totals, other)


def rows_without_customer(
    ids: pd.Series[Any] | None, values: pd.DataFrame, shares: npt.ArrayLike | None = None
) -> dict[str, Bools]:
    """Rows of a table that are no customers, by the reason.

    Parameters
    ----------
    ids : Series of length n, optional
    values : DataFrame of n rows
        All other columns that say something of a customer.
    shares : array of shape (columns,), optional
        As :func:`says_nothing` takes them.

    Returns
    -------
    dict of str → bool array of shape (n,)
        For each reason, :data:`TOTAL` first, the rows; none has two.

    Examples
    --------
    >>> frame = pd.DataFrame({"debt": [3.0, 2.0, None, 5.0], "plan": ["a", "b", None, None]})
    >>> found = rows_without_customer(pd.Series(["17", "18", "19", "Total"]), frame)
    >>> {reason: rows.nonzero()[0].tolist() for reason, rows in found.items()}
    {'a total, not a customer': [3], 'an id and nothing else': [2]}
    """
    totals = total_rows(ids, values)
    return {TOTAL: totals, NOTHING_ELSE: says_nothing(present_values(values), shares) & ~totals}


def doubtful_totals(ids: pd.Series[Any], totals: Bools) -> str:
    """A sentence about ids such as Total that count as customers; empty without any.

    Parameters
    ----------
    ids : Series of length n
    totals : bool array of shape (n,)
        As :func:`total_rows` gives them.

    Returns
    -------
    str

    Examples
    --------
    >>> ids = pd.Series(["anna", "ben", "Total"], name="user")
    >>> doubtful_totals(ids, total_rows(ids))
    "column 'user': 'Total' is taken for a customer, as neither its numbers nor the other ids say \
that it is a total; take the row out if it is one"
    """
    if pd.api.types.is_numeric_dtype(ids.dtype):
        return ""
    words = text(ids).astype("string").str.strip(" :.*").str.casefold()
    found = ids[words.isin(TOTALS).fillna(False).to_numpy(bool) & ~totals]
    if not len(found):
        return ""
    return (
        f"column {ids.name!r}: {found.iloc[0]!r} is taken for a customer, as neither its numbers "
        "nor the other ids say that it is a total; take the row out if it is one"
    )


def _totals_by_word(ids: pd.Series[Any]) -> Bools:
    if pd.api.types.is_numeric_dtype(ids.dtype):
        return np.zeros(len(ids), bool)
    words = text(ids).astype("string").str.strip(" :.*").str.casefold()
    first = words.str.extract(r"^([^\W\d_]+(?:-[^\W\d_]+)?)(?:[\s:(]|$)", expand=False)
    totals = (words.isin(TOTALS) | first.isin(TOTALS)).fillna(False).to_numpy(bool)
    if not totals.any() or totals.mean() > FEW:
        return np.zeros(len(ids), bool)
    digits = words[~totals].str.contains(r"\d", na=False).mean()
    return totals if digits >= MOST else np.zeros(len(ids), bool)


def _of_another_form(ids: pd.Series[Any]) -> Bools:
    """Rows without an id, or with one of no digit where nearly all others have some."""
    missing = text(ids).isna().to_numpy(bool)
    if pd.api.types.is_numeric_dtype(ids.dtype):
        return missing
    digits = text(ids).astype("string").str.contains(r"\d", na=False).to_numpy(bool)
    return missing | ~digits if digits.mean() >= MOST else missing


def _sums_of_others(numbers: pd.DataFrame, customers: Bools, other: Bools) -> Bools:
    """Rows among customers whose numbers are all sums, or means, of those of the others."""
    maybe = np.flatnonzero(customers)
    none = np.zeros(len(numbers), bool)
    if len(maybe) <= FEWEST:
        return none
    sums, alike = np.zeros(len(numbers), np.int64), np.zeros(len(numbers), np.int64)
    for j, dtype in enumerate(numbers.dtypes):
        if not pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_bool_dtype(dtype):
            continue
        column = numbers.iloc[:, j].to_numpy(np.float64, na_value=np.nan)
        known = np.where(customers, column, np.nan)
        known[~np.isfinite(known)] = np.nan
        values, here = column[maybe], known[maybe]
        rest = np.nansum(known) - np.nan_to_num(here)
        others = np.count_nonzero(known == known) - (here == here)
        means = rest / np.maximum(1, others)
        is_sum = np.abs(here - rest) <= ROUNDED * np.abs(rest)
        is_mean = np.abs(here - means) <= ROUNDED * np.abs(means)
        # The sum of a few may be the number of one more, that of changes is often 0, and each of
        # equal numbers is their mean: such columns say only that a row is no total.
        few = np.count_nonzero(known == known) - np.count_nonzero(known == 0) <= FEWEST
        if not few and len(np.unique(known[known == known])) > 2:
            sums[maybe] += is_sum & (rest != 0)
            alike[maybe] += (is_sum | is_mean) & (rest != 0)
        maybe = maybe[np.isnan(values) | is_sum | is_mean]
        if not len(maybe):
            return none
    enough = np.where(other, 1, 2)
    none[maybe] = (sums[maybe] > 0) & (alike[maybe] >= enough[maybe])
    return none
