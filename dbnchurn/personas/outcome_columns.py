"""Columns that hold an outcome or a score: personas of them would explain churn by churn."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dbnchurn.core.errors import ConfigError, DataError, did_you_mean, listed
from dbnchurn.tables.roles import LABEL_WORDS, words_of

ANYWHERE = frozenset({"churn", "churned", "churner", "ischurn", "churnflag", "attrition"})
WHOLE = LABEL_WORDS | {"score", "probability", "decision", "risk", "persona"}


def refuse_outcome_columns(names: Sequence[str], allow: Collection[str] = ()) -> None:
    """Refuse columns that are named like a label, a score or an earlier persona.

    Parameters
    ----------
    names : sequence of str
        Columns of the table.
    allow : collection of str, default ()
        Columns that are kept although they are named so.

    Raises
    ------
    DataError
        With all such columns.
    ConfigError
        A column to allow is not in the table.

    Examples
    --------
    >>> refuse_outcome_columns(["tenure", "Churn Value"])
    Traceback (most recent call last):
    dbnchurn.core.errors.DataError: column 'Churn Value' is named like an outcome, a score or a \
persona; personas are found without these: drop it, or name it in allow if it is something else
    """
    if absent := [name for name in allow if name not in names]:
        hint = did_you_mean(absent[0], names)
        raise ConfigError(f"allow names column {absent[0]!r}, which the table lacks: {hint}")
    found = [name for name in names if name not in allow and _is_outcome(name)]
    if found:
        several = len(found) > 1
        raise DataError(
            f"column{'s' if several else ''} {listed(found)} {'are' if several else 'is'} named "
            "like an outcome, a score or a persona; personas are found without these: drop "
            f"{'them' if several else 'it'}, or name {'them' if several else 'it'} in allow if "
            f"{'they are' if several else 'it is'} something else"
        )


def _is_outcome(name: str) -> bool:
    words = words_of(name)
    return bool(ANYWHERE & set(words)) or "".join(words) in WHOLE
