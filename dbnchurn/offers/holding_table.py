"""Holdings from a table with one row a customer and a column of yes and no for every item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from dbnchurn.core.errors import DataError, did_you_mean, listed
from dbnchurn.core.typing import Bools
from dbnchurn.offers.purchases import Holdings
from dbnchurn.tables.keys import key_texts
from dbnchurn.tables.label_words import Word, class_key, word_of

PLAIN = frozenset({"yes", "y", "1", "no", "n", "0"})  # keys that are read without a note
ANSWERS: dict[Word | None, bool] = {Word.YES: True, Word.NO: False}
SHOWN = 3
Level = str | int | float | bool


def customer_ids(values: pd.Series[Any], where: str) -> pd.Series[Any]:
    """Ids of customers as text: 7 and 7.0 are one customer, 007 is another.

    Parameters
    ----------
    values : Series
    where : str
        Name of the table, for messages.

    Returns
    -------
    Series of text

    Raises
    ------
    DataError
        If an id is missing, has decimals, or has lost digits.

    Examples
    --------
    >>> customer_ids(pd.Series([7.0, 12.0], name="id"), "sales.csv").tolist()
    ['7', '12']
    """
    words, broken = key_texts(values, where)
    missing = (words.isna() | (words.str.strip() == "")).to_numpy(bool)
    if broken.any():
        raise DataError(
            f"{where}: column {values.name!r} has {int(broken.sum())} ids with decimals, such as "
            f"{values[broken].iloc[0]}; write ids as whole numbers or text"
        )
    if missing.any():
        raise DataError(
            f"{where}: column {values.name!r} is empty in {int(missing.sum())} rows; name each "
            "customer"
        )
    return words.astype(str)


def holdings_of(
    frame: pd.DataFrame,
    customer: str,
    items: Sequence[str],
    *,
    where: str,
    yes: Sequence[Level] = (),
    no: Sequence[Level] = (),
    groups: Mapping[str, str] | None = None,
) -> Holdings:
    """Holdings of a table, customers in the order of their ids.

    Parameters
    ----------
    frame : DataFrame
        One row a customer.
    customer : str
        Column that names the customer.
    items : sequence of str
        Columns that say who holds what: 1 and 0, true and false, yes and no, and the words for
        these in other languages that labels are read by, such as ja and nein.
    where : str
        Name of the table, for messages.
    yes, no : sequence, default ()
        Further values that mean one or the other.
    groups : mapping of item → group, optional

    Returns
    -------
    Holdings
        A missing value is unknown: it counts as not held, and is not offered.

    Raises
    ------
    DataError
        With all that is wrong in columns and values.

    Examples
    --------
    >>> table = pd.DataFrame({"id": [2, 1], "tv": ["yes", "no"], "phone": [1, 1]})
    >>> holdings_of(table, "id", ["tv", "phone"], where="t.csv").held.toarray().tolist()
    [[0.0, 1.0], [1.0, 1.0]]
    """
    problems = [
        f"there is no column {name!r}: {did_you_mean(name, map(str, frame.columns))}"
        for name in (customer, *items)
        if name not in frame
    ]
    if problems:
        raise DataError(f"{where}: {'; '.join(problems)}")
    ids = customer_ids(frame[customer], where)
    if (repeated := ids.duplicated(keep=False)).any():
        problems.append(
            f"{ids[repeated].nunique()} customers have several rows, such as "
            f"{ids[repeated].iloc[0]!r}: keep one row of each"
        )
    named = {class_key(value): True for value in yes}
    if both := sorted({class_key(value) for value in no} & {*named}):
        problems.append(f"both 'yes' and 'no' name {listed(both)}")
    named |= {class_key(value): False for value in no}
    held, unknown = np.zeros((2, len(frame), len(items)), bool)
    taken: dict[bool, set[str]] = {True: set(), False: set()}
    for place, name in enumerate(items):
        held[:, place], unknown[:, place], wrong = _answers(frame[name], named, taken)
        problems += wrong
    if problems:
        raise DataError(f"{where}: {'; '.join(problems)}")
    order = np.argsort(ids.to_numpy(str), kind="stable")
    groups = groups or {}
    return Holdings(
        tuple(ids.iloc[order]),
        tuple(items),
        csr_array(held[order].astype(np.float32)),
        csr_array(unknown[order].astype(np.float32)) if unknown.any() else None,
        tuple(groups.get(name) for name in items),
        (*_words_note(taken), *_notes(held, unknown, items)),
    )


def _answers(
    values: pd.Series[Any], named: Mapping[str, bool], taken: Mapping[bool, set[str]]
) -> tuple[Bools, Bools, list[str]]:
    """Who holds it, of whom it is not known, and what can be read in neither way.

    Words that neither the caller named nor everybody knows are added to `taken`.
    """
    codes, levels = pd.factorize(values.astype(object).where(values.notna(), "").astype(str))
    keys = [class_key(level) for level in levels]
    meant = [named.get(key, ANSWERS.get(word_of(key))) for key in keys]
    missing = values.isna().to_numpy(bool) | np.array([key == "" for key in keys], bool)[codes]
    yes, no = (
        np.array([word is answer for word in meant], bool)[codes] & ~missing
        for answer in (True, False)
    )
    for key, answer in zip(keys, meant, strict=True):
        if answer is not None and key not in named and key not in PLAIN:
            taken[answer].add(key)
    odd = ~(yes | no | missing)
    if not odd.any():
        return yes, missing, []
    shown = values[odd].astype(str).value_counts().index[:SHOWN]
    return yes, missing, [
        f"column {values.name!r} holds {listed(shown)} in "
        f"{int(odd.sum())} rows, which is neither yes nor no; name it in 'yes' or 'no'"
    ]  # fmt: skip


def _words_note(taken: Mapping[bool, set[str]]) -> Iterator[str]:
    said = [
        f"{listed(sorted(taken[answer]))} as {'yes' if answer else 'no'}"
        for answer in (True, False)
        if taken[answer]
    ]
    if said:
        yield f"read are {' and '.join(said)}; if they mean something else, say so in 'yes' or 'no'"


def _notes(held: Bools, unknown: Bools, items: Sequence[str]) -> Iterator[str]:
    if nothing := int((~held.any(axis=1)).sum()):
        yield f"{nothing} customers hold nothing: their lists have what most customers hold"
    for place, name in enumerate(items):
        if unknown[:, place].any():
            yield (
                f"of {int(unknown[:, place].sum())} customers it is not known whether they hold "
                f"{name!r}: it is not offered to them, and counts as not held"
            )
        if held[:, place].all() or not held[:, place].any():
            yield f"{'everybody' if held[:, place].any() else 'nobody'} holds {name!r}"
