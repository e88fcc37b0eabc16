"""What the classes of a label column mean: which of them left, and which stayed.

Spellings of one class (``Yes``, ``yes``, ``1`` and ``1.0``, ``True`` and ``1``) are one class; two
different words never are. Words of :mod:`dbnchurn.tables.label_words` decide where they leave no
doubt, and lists of the user decide everything; what neither decides is refused with each class and
its rows. :func:`read_label` decides, and :func:`apply_meaning` reads another table by a decision
that is stored.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dbnchurn.core.errors import DataError, listed
from dbnchurn.core.typing import Ints
from dbnchurn.tables.label_classes import (
    LabelClass,
    LabelValue,
    LabelValues,
    count_classes,
    counts_text,
    value_tuple,
)
from dbnchurn.tables.label_question import Question
from dbnchurn.tables.label_words import Word, class_key, says_the_opposite, word_of


class LabelWarning(UserWarning):
    """What a label means was assumed, or most customers count as having left.

    Examples
    --------
    >>> issubclass(LabelWarning, UserWarning)
    True
    """


@dataclass(frozen=True)
class LabelMeaning:
    """Which classes of a label left, and which stayed.

    Parameters
    ----------
    column : str or None
        Name of the label column, where it has one.
    positive, negative : tuples of str, bool, int or float
        The classes as they are spelled most often; those named by the user come in their order.
    assumed : bool, default False
        Whether nothing said which class left, so that the second in sorted order was taken.

    Examples
    --------
    >>> meaning = LabelMeaning("Churn", ("Yes",), ("No",))
    >>> meaning.condition
    "Churn = 'Yes'"
    >>> apply_meaning(meaning, ["YES ", "no"])
    array([1, 0])
    """

    column: str | None
    positive: tuple[LabelValue, ...]
    negative: tuple[LabelValue, ...]
    assumed: bool = False

    @property
    def condition(self) -> str:
        """Who left, in words."""
        words = " or ".join(repr(value) for value in self.positive)
        return f"{self.column or 'label'} = {words}"

    def as_dict(self) -> dict[str, Any]:
        """Plain data for a stored model."""
        return {
            "label": self.column,
            "positive": list(self.positive),
            "negative": list(self.negative),
            "assumed": self.assumed,
            "left": self.condition,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> LabelMeaning | None:
        """The meaning among the plain data of a stored model; None where older models lack it."""
        positive, negative = stored.get("positive"), stored.get("negative")
        for values in (positive, negative):
            if not isinstance(values, list) or not values:
                return None
            if not all(isinstance(value, str | bool | int | float) for value in values):
                return None
        column = stored.get("label")
        return cls(
            column if isinstance(column, str) else None,
            tuple(positive or ()),
            tuple(negative or ()),
            stored.get("assumed") is True,
        )


def read_label(
    values: Any,
    *,
    positive: LabelValues | None = None,
    negative: LabelValues | None = None,
    column: str | None = None,
    question: Question | None = None,
    assume: bool = False,
) -> tuple[LabelMeaning, Ints]:
    """Decide which classes of a label left, and read every row.

    Parameters
    ----------
    values : array-like of shape (n,)
        Without missing values.
    positive, negative : one value or several, optional
        The classes that left, and those that stayed; of two classes one may be left out.
    column : str, optional
        Name of the label column: evidence too, for 1 in a column ``active`` says the opposite.
    question : Question, optional
        Where the answer is written; by default in a config.
    assume : bool, default False
        Take the second class in sorted order, with a :class:`LabelWarning`, where nothing decides.

    Returns
    -------
    meaning : LabelMeaning
    y : int64 array of shape (n,)
        1 for those who left.

    Raises
    ------
    DataError
        If there is one class only, or nothing says which classes left; with every class and its
        rows.

    Examples
    --------
    >>> meaning, y = read_label(["Attrited Customer", "Existing Customer"])
    >>> meaning.positive, y
    (('Attrited Customer',), array([1, 0]))
    >>> read_label(["A", "B", "A"], column="kind")
    Traceback (most recent call last):
    dbnchurn.core.errors.DataError: label column 'kind' holds two classes: 'A' (2 rows, 66.7 %), \
'B' (1 row, 33.3 %); no known word says who left, so say which of them left: \
columns.positive: 'A' or columns.positive: 'B'
    """
    number, classes = count_classes(values)
    meaning = decide_classes(
        classes,
        positive=positive,
        negative=negative,
        column=column,
        question=question or Question(),
        assume=assume,
    )
    left = {class_key(value) for value in meaning.positive}
    leaving = np.array([found.key in left for found in classes])
    return meaning, leaving[number].astype(np.int64)


def decide_classes(
    classes: Sequence[LabelClass],
    *,
    positive: LabelValues | None,
    negative: LabelValues | None,
    column: str | None,
    question: Question,
    assume: bool = False,
) -> LabelMeaning:
    """Decide which of the counted classes left; as :func:`read_label`.

    Parameters
    ----------
    classes : sequence of LabelClass
        As :func:`count_classes` gives them.
    positive, negative : one value or several, or None
    column : str or None
    question : Question
    assume : bool, default False

    Returns
    -------
    LabelMeaning

    Raises
    ------
    DataError
        As :func:`read_label`.
    """
    subject = question.of(column)
    if not classes:
        raise DataError(f"{subject} has no row with an outcome, so there is nothing to learn from")
    assumed = False
    if positive is None and negative is None:
        _check_two(classes, subject, question)
        left, assumed = _by_words(classes, column, question, assume)
        stayed = [1 - left[0]]
    else:
        left, stayed = _by_lists(classes, positive, negative, subject, question)
    return LabelMeaning(
        column,
        tuple(classes[i].value for i in left),
        tuple(classes[i].value for i in stayed),
        assumed,
    )


def apply_meaning(
    meaning: LabelMeaning,
    values: Any,
    *,
    column: str | None = None,
    question: Question | None = None,
) -> Ints:
    """Read a label by what was decided for another table; one class alone is allowed.

    Yes, True and 1 mean the same, in several languages, and so do no, False and 0.

    Parameters
    ----------
    meaning : LabelMeaning
    values : array-like of shape (n,)
        Without missing values.
    column : str, optional
        Name of the column; by default the name of the decision.
    question : Question, optional
        Where another answer is written; by default in a config.

    Returns
    -------
    int64 array of shape (n,)
        1 for those who left.

    Raises
    ------
    DataError
        If a class is of neither side, or the column's name turns what yes and no mean.

    Examples
    --------
    >>> apply_meaning(LabelMeaning("Churn", ("Yes",), ("No",)), [True, False, True])
    array([1, 0, 1])
    """
    question, column = question or Question(), column or meaning.column
    number, classes = count_classes(values)
    subject = question.of(column)
    sides = [_side(found, meaning) for found in classes]
    unknown = [found for found, side in zip(classes, sides, strict=True) if side is None]
    if unknown:
        raise DataError(
            f"{subject} holds labels that training has not: {counts_text(unknown, len(number))}; "
            f"of training, {listed(meaning.positive)} counts as having {question.asked} and "
            f"{listed(meaning.negative)} as the opposite; mend the label, or name the classes: "
            f"{question.lists()}"
        )
    turned, as_trained = (
        says_the_opposite(name, question.leaving) for name in (column, meaning.column)
    )
    if turned != as_trained and any(found.word in (Word.YES, Word.NO) for found in classes):
        raise DataError(
            f"{subject} holds {counts_text(classes, len(number))}, which its name turns into the "
            f"opposite of what {meaning.condition} meant in training; {question.ask(classes)}"
        )
    side_of = np.array([side or 0 for side in sides], np.int64)
    return side_of[number]


def _side(found: LabelClass, meaning: LabelMeaning) -> int | None:
    """1 for a class that left, 0 for one that stayed, None for neither."""
    left, stayed = (
        {class_key(value) for value in values} for values in (meaning.positive, meaning.negative)
    )
    if (found.key in left) != (found.key in stayed):
        return int(found.key in left)
    if found.word in (Word.YES, Word.NO):
        of_left, of_stayed = ({word_of(key) for key in keys} for keys in (left, stayed))
        if (found.word in of_left) != (found.word in of_stayed):
            return int(found.word in of_left)
    return None


def _check_two(classes: Sequence[LabelClass], subject: str, question: Question) -> None:
    rows = sum(found.rows for found in classes)
    if len(classes) == 1:
        raise DataError(_one_class(classes[0], subject, question))
    if len(classes) > 2:
        raise DataError(
            f"{question.many}{subject} holds {len(classes)} classes: {counts_text(classes, rows)}; "
            f"two are needed, so name each of them in one of two lists, {question.lists()}, or "
            f"empty the cells whose outcome is not known{question.scores}"
        )


def _one_class(found: LabelClass, subject: str, question: Question) -> str:
    both = "both those who left and those who stayed" if question.leaving else "both yes and no"
    return (
        f"{subject} holds one class only ({found.value!r} in all {found.rows} rows); {both} are "
        "needed"
    )


def _by_words(
    classes: Sequence[LabelClass], column: str | None, question: Question, assume: bool
) -> tuple[list[int], bool]:
    """The class of two that left by known words, and whether it was assumed."""
    words = [found.word for found in classes]
    rows = sum(found.rows for found in classes)
    head = f"{question.of(column)} holds two classes: {counts_text(classes, rows)}"
    pairs = {(Word.LEFT, Word.STAYED), (Word.LEFT, Word.NO), (Word.YES, Word.NO)}
    for left, stayed in ((0, 1), (1, 0)):
        pair = (words[left], words[stayed])
        if pair not in pairs:
            continue
        if pair != (Word.LEFT, Word.STAYED) and says_the_opposite(column, question.leaving):
            raise DataError(
                f"{head}; the name of the column says the opposite of leaving, so these can be "
                f"read in two ways; {question.ask(classes)}"
            )
        return [left], False
    if not assume:
        who = "who left" if question.leaving else "which means yes"
        raise DataError(f"{head}; no known word says {who}, so {question.ask(classes)}")
    warnings.warn(
        f"{head}; no known word says who {question.asked}, so {classes[1].value!r} counts as "
        f"having {question.asked}, the second in sorted order; {question.ask(classes)}",
        LabelWarning,
        stacklevel=2,
    )
    return [1], True


def _by_lists(
    classes: Sequence[LabelClass],
    positive: LabelValues | None,
    negative: LabelValues | None,
    subject: str,
    question: Question,
) -> tuple[list[int], list[int]]:
    """The classes that left and those that stayed, as the user names them."""
    only_one = positive is None or negative is None
    left = _named(classes, positive, "positive", subject, only_one)
    stayed = _named(classes, negative, "negative", subject, only_one)
    if both := [classes[i].value for i in left if i in stayed]:
        raise DataError(
            f"{subject}: {listed(both)} is named in both {question.lists()}; name it in one"
        )
    rest = [i for i in range(len(classes)) if i not in (*left, *stayed)]
    if only_one and len(rest) == 1:
        left, stayed = (rest, stayed) if positive is None else (left, rest)
        rest = []
    rows = sum(found.rows for found in classes)
    if rest and (len(classes) > 1 or not only_one):
        raise DataError(
            f"{question.many}{subject} holds {len(classes)} classes, of which "
            f"{counts_text([classes[i] for i in rest], rows)} are in neither of "
            f"{question.lists()}; name each class in one of the two, or empty the cells "
            "whose outcome is not known"
        )
    if not (left and stayed):
        if len(classes) == 1:
            raise DataError(_one_class(classes[0], subject, question))
        raise DataError(
            f"{subject} holds {counts_text(classes, rows)}, all on one side of {question.lists()}; "
            "both sides are needed"
        )
    return left, stayed


def _named(
    classes: Sequence[LabelClass], given: LabelValues | None, side: str, subject: str, every: bool
) -> list[int]:
    """Places of the classes that a list names."""
    if given is None:
        return []
    values = value_tuple(given)
    if not values:
        raise DataError(f"{subject}: the list of {side} values is empty; name a class or leave it")
    places: list[int] = []
    absent: list[LabelValue] = []
    keys = [found.key for found in classes]
    for value in values:
        word = word_of(class_key(value))
        same = [
            i
            for i, found in enumerate(classes)
            if found.word is word and word in (Word.YES, Word.NO)
        ]
        if class_key(value) in keys:
            places.append(keys.index(class_key(value)))
        elif len(same) == 1:
            places.append(same[0])
        else:
            absent.append(value)
    if absent and (every or not places):
        rows = sum(found.rows for found in classes)
        raise DataError(
            f"{subject} never holds the {side} value {listed(absent)}; it holds "
            f"{counts_text(classes, rows)}"
        )
    return list(dict.fromkeys(places))


def inverted(meaning: LabelMeaning, question: Question) -> str:
    """How to say the opposite of a decision.

    Parameters
    ----------
    meaning : LabelMeaning
    question : Question

    Returns
    -------
    str

    Examples
    --------
    >>> inverted(LabelMeaning("Churn", ("Yes",), ("No",)), Question())
    "columns.positive: 'No'"
    """
    positive, negative = meaning.positive, meaning.negative
    if len(positive) == len(negative) == 1:
        return question.positive.format(repr(negative[0]))
    turned = question.positive.format(list(negative)), question.negative.format(list(positive))
    return " and ".join(turned)
