"""How ids of digits are written: with zeros before them or without, and in how many digits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a scoring job imports it when it reads a frame
    import pandas as pd

EXPECTED = 10.0  # ids with zeros that chance does not make none: once in exp(10) months
PADDED, DIGITS = "^0[0-9]+$", "^[0-9]+$"
SOME = 0.01  # share of the ids that are shorter than all of the training, where others have zeros


@dataclass(frozen=True)
class IdSpelling:
    """Counts of ids, by which ids that lost their zeros are found.

    Parameters
    ----------
    ids : int
    padded : int
        Of digits alone, beginning with a zero that is not the only digit.
    shortest, longest : int
        Characters of an id; 0 without ids.

    Examples
    --------
    >>> import pandas as pd
    >>> trained = IdSpelling.of(pd.Series(["00071", "00192", "31880"]))
    >>> trained
    IdSpelling(ids=3, padded=2, shortest=5, longest=5)
    >>> trained.lost_in(pd.Series([71, 192, 31880]))
    'no id begins with a zero, 2 of 3 ids of the training did, and all of these had 5 characters, \
here some have 2'
    """

    ids: int = 0
    padded: int = 0
    shortest: int = 0
    longest: int = 0

    @classmethod
    def of(cls, ids: pd.Series[Any]) -> IdSpelling:
        """The counts of a column."""
        words = ids.dropna().astype(str)
        if not len(words):
            return cls()
        lengths = words.str.len()
        padded = int(words.str.fullmatch(r"0[0-9]+").sum())
        return cls(len(words), padded, int(lengths.min()), int(lengths.max()))

    @classmethod
    def stored(cls, about: Mapping[str, Any]) -> IdSpelling:
        """The counts that a model holds; of none where it holds none, or other data."""
        found = about.get("ids")
        names = tuple(asdict(cls()))
        if not isinstance(found, Mapping) or set(found) != set(names):
            return cls()
        if not all(type(value) is int and value >= 0 for value in found.values()):
            return cls()
        return cls(**{name: found[name] for name in names})

    def counts_sql(self, ids: str, matches: str) -> list[str]:
        """SQL of what :meth:`zeros_lost` takes, in its order, over rows with ids of a later table.

        Parameters
        ----------
        ids : str
            SQL of an id as text.
        matches : str
            Function of (text, regular expression) that says whether the text matches.

        Returns
        -------
        list of five str
        """
        bare = f"{matches}({ids}, '{DIGITS}') AND length({ids}) < {self.shortest}"
        return [
            f"count({ids})",
            f"count_if({matches}({ids}, '{PADDED}'))",
            f"coalesce(min(length({ids})), 0)",
            f"coalesce(max(length({ids})), 0)",
            f"count_if({bare})",
        ]

    def lost_in(self, ids: pd.Series[Any]) -> str | None:
        """Why the ids of a later column seem to have lost their zeros; None where they do not."""
        if not self.padded:  # reads no id
            return None
        later, words = self.of(ids), ids.dropna().astype(str)
        bare = words.str.fullmatch(r"[0-9]+") & (words.str.len() < self.shortest)
        return self.zeros_lost(
            later.ids, later.padded, later.shortest, later.longest, int(bare.sum())
        )

    def zeros_lost(
        self, ids: int, padded: int, shortest: int, longest: int, bare: int
    ) -> str | None:
        """Why the ids of a later table seem to have lost their zeros; None where they do not.

        Parameters
        ----------
        ids, padded, shortest, longest : int
            The counts of the later table.
        bare : int
            Its ids of digits alone with fewer characters than any of the training.

        Returns
        -------
        str or None

        Examples
        --------
        >>> trained = IdSpelling(ids=3, padded=2, shortest=5, longest=5)
        >>> trained.zeros_lost(ids=100, padded=60, shortest=2, longest=5, bare=40)
        '40 of 100 ids have fewer characters than the 5 that all ids of the training had, of which \
2 of 3 began with a zero'
        """
        if not self.padded or not ids:
            return None
        alike = self.shortest == self.longest
        if padded:
            if not alike or bare < 2 or bare < SOME * ids:
                return None
            return (
                f"{bare} of {ids} ids have fewer characters than the {self.longest} that all ids "
                f"of the training had, of which {self.padded} of {self.ids} began with a zero"
            )
        if alike and shortest >= self.shortest:
            return None  # a zero that is lost makes an id shorter
        begin = f"no id begins with a zero, {self.padded} of {self.ids} ids of the training did"
        if alike and shortest < self.shortest and longest <= self.longest:
            return (
                f"{begin}, and all of these had {self.longest} characters, here some have "
                f"{shortest}"
            )
        return begin if ids * self.padded >= EXPECTED * self.ids else None


def zeros_lost_message(column: str, why: str) -> str:
    """What may have happened to ids, and what to do, in a sentence.

    Parameters
    ----------
    column : str
        Of the ids.
    why : str
        As :meth:`IdSpelling.zeros_lost` gives it.

    Returns
    -------
    str
    """
    return (
        f"column {column!r}: {why}; the zeros were lost, perhaps, where ids were read as numbers: "
        "write the ids as text"
    )


def zeros_lost_refusal(column: str, why: str) -> str:
    """What may have happened to ids, what to do, and how to allow them.

    Parameters
    ----------
    column : str
        Of the ids.
    why : str
        As :meth:`IdSpelling.zeros_lost` gives it.

    Returns
    -------
    str
    """
    return (
        f"{zeros_lost_message(column, why)}, or, if these are the ids, say --allow-changed "
        f"{column} (allow_changed=[{column!r}])"
    )
