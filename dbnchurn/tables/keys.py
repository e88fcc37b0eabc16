"""Ids of customers as keys: whole numbers stay whole, and no two customers become one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dbnchurn.core.errors import DataError
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Bools, Floats
from dbnchurn.tables.schema import text

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pandas as pd
else:
    pd = LazyModule("pandas")


EXACT = 2**53  # from here on floating-point numbers skip whole numbers
WHOLE = r"(0|[1-9]\d*)(\.0+)?"
EXPONENT = r"\s*[-+]?\d[.,]\d+[eE]\+?\d{1,3}\s*"
MOST = 0.9


def whole_keys(ids: pd.Series[Any]) -> tuple[pd.Series[Any], Bools]:
    """Ids that are written as floating-point numbers as whole numbers.

    A missing id among whole numbers makes many programs write 7 as 7.0. Other ids stay as they are.

    Parameters
    ----------
    ids : Series of length n

    Returns
    -------
    keys : Series of length n
        Int64 where they are numbers; text where numbers and text are mixed.
    no_key : bool array of shape (n,)
        Rows whose id has decimals, such as 7.4.

    Raises
    ------
    DataError
        If ids are so large that a floating-point number does not tell them apart.

    Examples
    --------
    >>> keys, no_key = whole_keys(pd.Series([7.0, 7.4, None]))
    >>> keys.tolist(), no_key.tolist()
    ([7, <NA>, <NA>], [False, True, False])
    """
    numbers = _floats(ids)
    if numbers is None:
        mixed = ids.dtype == object and pd.api.types.infer_dtype(ids).startswith("mixed")
        return text(ids) if mixed else ids, np.zeros(len(ids), bool)
    known = ~np.isnan(numbers)
    large = known & (np.abs(numbers) >= EXACT)
    if large.any():
        first = ids[large].iloc[0]
        raise DataError(
            f"column {ids.name!r}: {int(large.sum())} ids such as {first!s} are floating-point "
            "numbers above 2^53, which do not tell neighbouring ids apart; store them as whole "
            "numbers or text"
        )
    no_key = known & (numbers != np.floor(numbers))
    whole = known & ~no_key
    keys = pd.array(np.where(whole, numbers, 0).astype(np.int64), "Int64")
    keys[~whole] = pd.NA
    return pd.Series(keys, ids.index, name=ids.name), no_key


def key_texts(ids: pd.Series[Any], where: str) -> tuple[pd.Series[Any], Bools]:
    """Ids as text: 7 and 7.0 are one customer, 007 is another.

    Parameters
    ----------
    ids : Series of length n
    where : str
        Name of the table, for messages.

    Returns
    -------
    keys : Series of n texts
        Missing where an id is missing, or has decimals.
    no_key : bool array of shape (n,)
        Rows whose id has decimals, such as 7.4.

    Raises
    ------
    DataError
        If ids have lost digits.

    Examples
    --------
    >>> keys, no_key = key_texts(pd.Series([7.0, 7.4, None], name="id"), "log.csv")
    >>> keys.isna().tolist(), keys[0], no_key.tolist()
    ([False, True, True], '7', [False, True, False])
    """
    try:
        refuse_exponents(ids)
        keys, no_key = whole_keys(ids)
    except DataError as error:
        raise DataError(f"{where}: {error}") from error
    return text(keys), no_key


def refuse_exponents(ids: pd.Series[Any]) -> None:
    """Refuse ids that a spreadsheet wrote with an exponent, so that their digits are lost.

    Parameters
    ----------
    ids : Series of length n

    Raises
    ------
    DataError
        If there are such ids.

    Examples
    --------
    >>> refuse_exponents(pd.Series(["4917", "4.917E+15"], name="id"))
    Traceback (most recent call last):
    ...
    dbnchurn.core.errors.DataError: column 'id': 1 id such as '4.917E+15' is written with an \
exponent, so its last digits are lost; export the ids as text
    """
    if ids.dtype != object and not pd.api.types.is_string_dtype(ids.dtype):
        return
    words = ids.dropna().astype(str)
    found = words[words.str.fullmatch(EXPONENT)]
    if len(found):
        one = len(found) == 1
        raise DataError(
            f"column {ids.name!r}: {len(found)} {'id' if one else 'ids'} such as "
            f"{found.iloc[0]!r} {'is' if one else 'are'} written with an exponent, so "
            f"{'its' if one else 'their'} last digits are lost; export the ids as text"
        )


def _floats(ids: pd.Series[Any]) -> Floats | None:
    """Ids as floating-point numbers, if that is how they are written."""
    if isinstance(ids.dtype, pd.CategoricalDtype):
        return None
    if pd.api.types.is_float_dtype(ids.dtype):
        return ids.to_numpy(np.float64, na_value=np.nan)
    if pd.api.types.is_numeric_dtype(ids.dtype) or pd.api.types.is_bool_dtype(ids.dtype):
        return None
    kind = pd.api.types.infer_dtype(ids, skipna=True)
    if kind in ("floating", "mixed-integer-float", "decimal"):
        return pd.to_numeric(ids).to_numpy(np.float64, na_value=np.nan)
    if kind != "string":
        return None
    words = text(ids).dropna().astype(str)
    if not len(words) or not words.str.endswith(".0").any():
        return None
    if words.str.fullmatch(WHOLE).mean() < MOST:
        return None
    numbers = pd.to_numeric(text(ids), errors="coerce").to_numpy(np.float64, na_value=np.nan)
    unread = text(ids).notna().to_numpy() & np.isnan(numbers)
    return None if unread.any() else numbers


def nearly_equal_ids(ids: pd.Series[Any]) -> str:
    """A sentence about ids that differ only in case, blanks or leading zeros; empty without any.

    Examples
    --------
    >>> nearly_equal_ids(pd.Series(["a7", "A7", "b"], name="id"))
    "column 'id': 2 ids differ from another one only in upper and lower case, blanks or leading \
zeros, such as 'a7' and 'A7'; they are taken as different customers"
    """
    if pd.api.types.is_numeric_dtype(ids.dtype):
        return ""
    different = pd.Series(ids.dropna().astype(str).unique())
    folded = different.str.replace(r"\s+", "", regex=True).str.casefold()
    folded = folded.str.replace(r"^0+(?=.)", "", regex=True)
    alike = folded.duplicated(keep=False)
    if not alike.any():
        return ""
    first, second = different[folded == folded[alike].iloc[0]].iloc[:2]
    return (
        f"column {ids.name!r}: {int(alike.sum())} ids differ from another one only in upper and "
        f"lower case, blanks or leading zeros, such as {first!r} and {second!r}; they are taken as "
        "different customers"
    )
