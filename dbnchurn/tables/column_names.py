"""Names of columns that people take for one and the same, or that hold what cannot be seen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from unicodedata import normalize

from dbnchurn.core.errors import DataError, did_you_mean, listed
from dbnchurn.tables.text_column import UNSEEN


def folded(name: str) -> str:
    """A name without case, outer and repeated blanks, and with one way to write each letter.

    Examples
    --------
    >>> folded(" Total  Amount") == folded("total amount")
    True
    """
    return " ".join(normalize("NFKC", name).casefold().split())


def refuse_alike(names: Iterable[str], where: object = "the table") -> None:
    """Refuse names that differ only in case, blanks or how letters are encoded.

    Parameters
    ----------
    names : iterable of str
        Of one table; empty ones do not count.
    where : object, default "the table"
        Begins the message.

    Raises
    ------
    DataError
        If there are such names, or one holds a character that cannot be seen.

    Examples
    --------
    >>> refuse_alike(["debt", "Debt ", "plan"])
    Traceback (most recent call last):
    ...
    dbnchurn.core.errors.DataError: the table: the columns 'debt' and 'Debt ' differ only in upper \
and lower case, blanks or the encoding of letters; give them names that nobody confuses, or take \
one out
    """
    known: dict[str, str] = {}
    for name in names:
        plain = folded(name)
        other = known.setdefault(plain, name) if plain else name
        if other != name:
            raise DataError(
                f"{where}: the columns {other!r} and {name!r} differ only in upper and lower case, "
                "blanks or the encoding of letters; give them names that nobody confuses, or take "
                "one out"
            )
    if unseen := [name for name in known.values() if re.search(UNSEEN, name)]:
        shown = ", ".join(ascii(name) for name in unseen)
        raise DataError(
            f"{where}: names of columns hold characters that cannot be seen: {shown}; take them out"
        )


def absent_columns(absent: Sequence[str], wanted: int, names: Sequence[str]) -> str:
    """The message about columns that a table lacks, with names in it that may be meant.

    Parameters
    ----------
    absent : sequence of str
        At least one.
    wanted : int
        Number of columns that the table should have.
    names : sequence of str
        Of the table.

    Returns
    -------
    str

    Examples
    --------
    >>> absent_columns(["debt"], 2, ["plan", "Debt"])
    "the table lacks 1 of 2 columns: 'debt'; it has 'plan', 'Debt'; 'Debt' is not 'debt': they \
differ in upper and lower case, blanks or the encoding of letters; rename such columns"
    >>> absent_columns(["Stra\u00dfe"], 1, ["Stra\u00c3\u0178e"])[-67:]
    'the table are UTF-8 that was read as cp1252; read the file as UTF-8'
    """
    message = f"the table lacks {len(absent)} of {wanted} columns: {listed(absent)}; it has "
    message += listed(names)
    alike = {folded(name): name for name in names}
    for name in absent:
        if other := alike.get(folded(name)):
            differ = "they differ in upper and lower case, blanks or the encoding of letters"
            return f"{message}; {other!r} is not {name!r}: {differ}; rename such columns"
    for name in absent:
        if not name.isascii() and name.encode().decode("cp1252", "replace") in names:
            misread = "names of the table are UTF-8 that was read as cp1252"
            return f"{message}; {misread}; read the file as UTF-8"
    return message


def refuse_absent_private(private: Iterable[str], names: Iterable[str]) -> None:
    """Refuse private columns that no table has: a slip of the pen would let them out.

    Parameters
    ----------
    private : iterable of str
        As a config names them.
    names : iterable of str
        Columns of all tables.

    Raises
    ------
    DataError
        If there are such columns.

    Examples
    --------
    >>> refuse_absent_private(["phone"], ["id", "phone"])
    """
    there = set(names)
    if absent := [name for name in private if name not in there]:
        raise DataError(
            f"private: no table has the column {listed(absent)}: "
            f"{did_you_mean(absent[0], sorted(there))}"
        )
