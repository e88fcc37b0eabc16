"""Whether the ids of a contact log and of its outcomes are those of the same customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from dbnchurn.core.errors import DataError, listed
from dbnchurn.core.lazy import LazyModule

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pandas as pd
else:
    pd = LazyModule("pandas")


Match = Literal["exact", "digits", "loose"]
MATCHES: tuple[Match, ...] = ("exact", "digits", "loose")
CLEARLY_MORE = 0.05  # share of the ids that match only less strictly, from which on it is refused
SHOWN = 3


def comparable(ids: pd.Series[Any], match: Match) -> pd.Series[Any]:
    """Ids as they are compared.

    Parameters
    ----------
    ids : Series of text
    match : {"exact", "digits", "loose"}

    Returns
    -------
    Series of text

    Examples
    --------
    >>> comparable(pd.Series([" 007", "a 7.0"]), "digits").tolist()
    ['7', 'a7.0']
    """
    bare = ids.str.strip()
    if match == "exact":
        return bare
    bare = bare.str.replace(r"\s+", "", regex=True).str.replace(r"^(\d+)\.0+$", r"\1", regex=True)
    bare = bare.str.replace(r"^0+(?=.)", "", regex=True)
    return bare if match == "digits" else bare.str.casefold()


def id_keys(
    rows: pd.DataFrame, found: pd.DataFrame, log: str, outcomes: str, match: Match
) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Log and outcomes as they are compared: the ids of both as keys.

    Parameters
    ----------
    rows, found : DataFrame
        With ``customer``.
    log, outcomes : str
        Names of the tables, for messages.
    match : {"exact", "digits", "loose"}

    Returns
    -------
    keys of the log, keys of the outcomes : Series

    Raises
    ------
    DataError
        If two customers of a table would become one.
    """
    made = []
    for frame, name in ((rows, log), (found, outcomes)):
        keys = comparable(frame["customer"], match)
        owners = pd.DataFrame({"key": keys, "own": frame["customer"]}).drop_duplicates()
        same = owners[owners["key"].duplicated(keep=False)]
        if len(same):
            shown = listed(same[same["key"] == same["key"].iloc[0]]["own"], limit=SHOWN)
            raise DataError(
                f"{name}: the customers {shown} would become one, compared by --match {match} "
                f"(match={match!r}); write their ids in one way in both tables"
            )
        made.append(keys)
    return made[0], made[1]


def check_ids(
    rows: pd.DataFrame,
    found: pd.DataFrame,
    names: tuple[str, str],
    match: Match,
    *,
    what: tuple[str, str] = ("the log", "the outcomes"),
    option: bool = True,
) -> None:
    """Refuse ids that match nobody, or that would match when they are compared less strictly.

    Parameters
    ----------
    rows, found : DataFrame
        Log and outcomes, with ``customer`` and its ``key``.
    names : pair of str
        Of log and outcomes.
    match : {"exact", "digits", "loose"}
        How `key` was made.
    what : pair of str
        What `rows` and `found` are, for messages; by default a log and outcomes.
    option : bool, default True
        Whether another comparison can be asked for, which the message then offers.

    Raises
    ------
    DataError
        If nobody matches, or clearly more would.
    """
    customers = rows.drop_duplicates("key")
    unmatched = customers[~customers["key"].isin(found["key"])]
    matched = len(customers) - len(unmatched)
    if not len(unmatched):
        return
    said = f"{matched or 'none'} of the {len(customers)} customers of {names[0]} are in {names[1]}"
    free = found[~found["key"].isin(customers["key"])].drop_duplicates("key")
    for other in MATCHES[MATCHES.index(match) + 1 :]:
        own = pd.DataFrame({"key": comparable(unmatched["customer"], other)}).assign(
            own=unmatched["customer"]
        )
        theirs = pd.DataFrame({"key": comparable(free["customer"], other)}).assign(
            theirs=free["customer"]
        )
        pairs = own.merge(theirs, on="key")
        if len(pairs) and (not matched or len(pairs) >= CLEARLY_MORE * len(customers)):
            shown = ", ".join(
                f"{one!r} in {what[0]} for {two!r} in {what[1]}"
                for one, two in zip(pairs["own"][:SHOWN], pairs["theirs"][:SHOWN], strict=True)
            )
            how = f" with --match {other}" if option else ", written otherwise"
            remedy = f", or give --match {other} (match={other!r})" if option else ""
            raise DataError(
                f"{said}; {len(pairs)} more would be{how}: {shown}; write the ids in the same way "
                f"in both{remedy}"
            )
    if not matched:
        raise DataError(
            f"{said}: {what[0]} has ids such as {listed(unmatched['customer'][:SHOWN])}, "
            f"{what[1]} such as {listed(found['customer'][:SHOWN])}; name the customers in the "
            "same way in both"
        )
