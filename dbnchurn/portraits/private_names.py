"""Names of private columns in texts: reasons and words that name one are not shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class PrivateNames:
    """Columns that may not be named, nor what is made of them.

    Parameters
    ----------
    names : sequence of str

    Examples
    --------
    >>> private = PrivateNames(["Phone Number", "age"])
    >>> private.are_in("bills.phone_number.last"), private.are_in("usage_gb")
    (True, False)
    """

    names: Sequence[str]

    def are_in(self, text: str | None) -> bool:
        """Whether a text holds the words of such a name, one after another, in any case."""
        if not text or not self._parts:
            return False
        said = _words(text)
        return any(f" {' '.join(words)} " in f" {' '.join(said)} " for words in self._parts)

    @cached_property
    def _parts(self) -> list[list[str]]:
        return [words for name in self.names if (words := _words(name))]


def _words(text: str) -> list[str]:
    return WORD.findall(text.casefold())
