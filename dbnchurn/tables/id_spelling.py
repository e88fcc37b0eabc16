"""How ids of digits are written: with zeros before them or without, and in how many digits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

EXPECTED = 10.0  # ids with zeros that chance does not make none: once in exp(10) months


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
    >>> trained = IdSpelling.of(pd.Series(["00071", "00192", "31880"]))
    >>> trained
    IdSpelling(ids=3, padded=2, shortest=5, longest=5)
    >>> trained.zeros_lost(IdSpelling.of(pd.Series([71, 192, 31880])))
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
        padded = int(words.str.fullmatch(r"0\d+").sum())
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

    def zeros_lost(self, later: IdSpelling) -> str | None:
        """Why the ids of a later table seem to have lost their zeros; None where they do not.

        Parameters
        ----------
        later : IdSpelling

        Returns
        -------
        str or None
        """
        if not self.padded or not later.ids or later.padded:
            return None
        begin = f"no id begins with a zero, {self.padded} of {self.ids} ids of the training did"
        alike = self.shortest == self.longest
        if alike and later.shortest < self.shortest and later.longest <= self.longest:
            return (
                f"{begin}, and all of these had {self.longest} characters, here some have "
                f"{later.shortest}"
            )
        return begin if later.ids * self.padded >= EXPECTED * self.ids else None
