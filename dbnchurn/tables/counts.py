"""What is counted in the parts of a divided database, added up into what holds of the whole.

A build asks its session for numbers of the whole: rows of a table, words of a column. In a session
of one part the same question is answered by what was folded from all parts, where that is known,
and otherwise by the part's own rows, which are noted. A question is named by its statement and by
those that made the tables, so parts that decided differently have asked different ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dbnchurn.core.errors import DataError

Value = str | int | float | None
Record = tuple[Value, ...]
Answer = tuple[str, list[Record]]
"""How it is folded, and rows of plain values."""

TALLY = "tally"
ONCE = "once"
MOST_WORDS = 2_000_000  # of one column of text that the driver holds


class NotCounted(Exception):
    """A question that not all parts have answered."""


@dataclass
class Counts:
    """The questions of one part with its own answers, and the answers of the whole.

    Parameters
    ----------
    known : mapping of question → Answer, default {}
        Folded from all parts, see :func:`folded`.
    alone : bool, default False
        Whether a question that is not `known` is an error: there are no rows to answer it from.
    first : bool, default True
        Whether what every part has in full, such as a lookup, is counted here.

    Attributes
    ----------
    own : dict of question → Answer
    defined : str
        Digest of the statements that say what the result is.
    """

    known: Mapping[str, Answer] = field(default_factory=dict)
    alone: bool = False
    first: bool = True
    own: dict[str, Answer] = field(default_factory=dict)
    _defined: str = ""
    _settled: str | None = None

    def of_whole(
        self, question: str, fold: str, rows: Callable[[], Sequence[Record]]
    ) -> list[Record]:
        """The rows that answer a question for the whole, as far as it is known.

        Parameters
        ----------
        question : str
        fold : str
            ``tally`` (a key in the first column, numbers to be added in the others), ``once``
            (what every part has in full), or for one row ``sum``, ``min`` or ``max`` of every
            column, divided by spaces.
        rows : function
            The part's own answer.

        Returns
        -------
        list of tuple

        Raises
        ------
        NotCounted
            If there are no rows to answer it from, and it is not known.
        """
        name = self.name(question)
        if name not in self.own and not self.alone:
            self.own[name] = (fold, [tuple(row) for row in rows()])
        if name in self.known:
            return [tuple(row) for row in self.known[name][1]]
        if self.alone:
            raise NotCounted(question)
        return self.own[name][1]

    def name(self, question: str) -> str:
        """Digest of a question and of the statements that made the tables it is about.

        The same words over tables that were made in another way are another question.
        """
        return _digest([self._defined if self._settled is None else self._settled, question])

    def define(self, statement: str) -> None:
        """Note a statement that says what the result is."""
        self._defined = _digest([self._defined, statement])

    def settle(self) -> None:
        """From now on questions are about the tables that are defined already."""
        self._settled = self._defined

    @property
    def defined(self) -> str:
        """Digest of these statements: parts with the same one have been built in the same way."""
        return self._defined


def _digest(texts: Sequence[str]) -> str:
    return hashlib.blake2b("\0".join(texts).encode(), digest_size=16).hexdigest()


def folded(parts: Sequence[Mapping[str, Answer]]) -> dict[str, Answer]:
    """The answers of the whole to the questions that every part has answered.

    Parameters
    ----------
    parts : sequence of mapping of question → Answer
        `Counts.own` of every part.

    Returns
    -------
    dict of question → Answer

    Raises
    ------
    DataError
        If a column of text has more different words than one process should hold.

    Examples
    --------
    >>> one, other = {"q": ("sum min", [(2, "b")])}, {"q": ("sum min", [(3, "a")])}
    >>> folded([one, other])
    {'q': ('sum min', [(5, 'a')])}
    """
    if not parts:
        return {}
    shared = [name for name in parts[0] if all(name in part for part in parts[1:])]
    return {name: _fold([part[name] for part in parts]) for name in shared}


def _fold(answers: Sequence[Answer]) -> Answer:
    fold = answers[0][0]
    if fold == ONCE:
        return answers[0][0], list(answers[0][1])
    if fold == TALLY:
        return fold, _tally(row for _, rows in answers for row in rows)
    columns = zip(*(rows[0] for _, rows in answers), strict=True)
    return fold, [
        tuple(_one(how, values) for how, values in zip(fold.split(), columns, strict=True))
    ]


def _tally(rows: Iterable[Record]) -> list[Record]:
    sums: dict[Value, list[int]] = {}
    for key, *numbers in rows:
        plain = [_whole(number) for number in numbers]
        held = sums.get(key)
        sums[key] = plain if held is None else [a + b for a, b in zip(held, plain, strict=True)]
        if len(sums) > MOST_WORDS:
            raise DataError(
                f"a column of text has more than {MOST_WORDS} different words, too many to find "
                "out how it is written; say its format under columns"
            )
    ordered = sorted(sums, key=lambda key: (isinstance(key, str), key))
    return [(key, *sums[key]) for key in ordered]


def _whole(number: Value) -> int:
    assert isinstance(number, int)
    return number


def _one(how: str, values: Iterable[Value]) -> Value:
    known = [value for value in values if value is not None]
    if how == "sum":
        return sum(_whole(value) for value in known)
    if not known:
        return None
    # One kind of key in all parts: a column has one type.
    return min(known, key=_order) if how == "min" else max(known, key=_order)


def _order(value: Value) -> tuple[bool, Value]:
    return isinstance(value, str), value
