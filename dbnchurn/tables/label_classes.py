"""The classes of a label: spellings of one class counted together, and sentences about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.html.format import percent
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Ints
from dbnchurn.tables.label_words import Word, class_key, word_of

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pandas as pd
else:
    pd = LazyModule("pandas")


LabelValue = str | int | float | bool
LabelValues = LabelValue | Sequence[LabelValue]
SHOWN = 8  # classes in a message


@dataclass(frozen=True)
class LabelClass:
    """One class of a label.

    Parameters
    ----------
    key : str
        The same for all its spellings.
    value : str, bool, int or float
        The spelling with the most rows.
    rows : int
    """

    key: str
    value: LabelValue
    rows: int

    @property
    def word(self) -> Word | None:
        """What it is known to say."""
        return word_of(self.key)


def count_classes(values: Any) -> tuple[Ints, list[LabelClass]]:
    """The classes of a label in sorted order, and the class of every row.

    Parameters
    ----------
    values : array-like of shape (n,)
        Without missing values.

    Returns
    -------
    number : int64 array of shape (n,)
        Which class every row is of.
    classes : list of LabelClass

    Examples
    --------
    >>> number, classes = count_classes(["yes", "No", "YES", "yes"])
    >>> number.tolist(), [(found.value, found.rows) for found in classes]
    ([1, 0, 1, 1], [('No', 1), ('yes', 3)])
    """
    codes, spellings = pd.factorize(_plain_array(values))
    plain = [s.item() if isinstance(s, np.generic) else s for s in spellings]
    number, classes = merge_spellings(plain, np.bincount(codes, minlength=len(plain)))
    return number[codes], classes


def merge_spellings(spellings: Sequence[LabelValue], rows: Ints) -> tuple[Ints, list[LabelClass]]:
    """The classes of distinct spellings in sorted order, and the class of every spelling.

    Parameters
    ----------
    spellings : sequence of n values
    rows : int64 array of shape (n,)
        Rows with each spelling.

    Returns
    -------
    number : int64 array of shape (n,)
    classes : list of LabelClass

    Examples
    --------
    >>> number, classes = merge_spellings(["yes", "No", "YES"], np.array([2, 1, 1]))
    >>> number.tolist(), len(classes)
    ([1, 0, 1], 2)
    """
    by_key: dict[str, list[int]] = {}
    for i, spelling in enumerate(spellings):
        by_key.setdefault(class_key(spelling), []).append(i)
    classes, members = [], []
    for key, places in by_key.items():
        first = min(places, key=lambda i: (-rows[i], str(spellings[i])))
        classes.append(LabelClass(key, _whole(spellings[first]), int(rows[places].sum())))
        members.append(places)
    order = sorted(range(len(classes)), key=lambda i: _rank(classes[i].value))
    number = np.empty(len(spellings), np.int64)
    for place, i in enumerate(order):
        number[members[i]] = place
    return number, [classes[i] for i in order]


def _whole(value: LabelValue) -> LabelValue:
    """A whole float, as gaps make of integers, as an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _plain_array(values: Any) -> npt.NDArray[Any]:
    if isinstance(values, pd.Series):
        return values.to_numpy(object) if values.dtype.kind not in "biuf" else values.to_numpy()
    return np.asarray(values)


def _rank(value: LabelValue) -> tuple[bool, float, str]:
    """Numbers before text, each in their order."""
    number = 0.0 if isinstance(value, str) else float(value)
    return isinstance(value, str), number, str(value)


def value_tuple(given: LabelValues) -> tuple[LabelValue, ...]:
    """One value or several as a tuple of plain values.

    Examples
    --------
    >>> value_tuple("Yes"), value_tuple([1, "left"])
    (('Yes',), (1, 'left'))
    """
    if isinstance(given, str) or not isinstance(given, Iterable):
        given = (given,)
    return tuple(value.item() if isinstance(value, np.generic) else value for value in given)


def counts_text(classes: Sequence[LabelClass], rows: int) -> str:
    """Classes with their rows and shares, for a message.

    Parameters
    ----------
    classes : sequence of LabelClass
    rows : int
        Of all classes.

    Returns
    -------
    str

    Examples
    --------
    >>> counts_text([LabelClass("a", "A", 3)], 4)
    "'A' (3 rows, 75.0 %)"
    """
    most = sorted(classes, key=lambda found: -found.rows)[:SHOWN]
    shown = [found for found in classes if found in most]
    texts = [
        f"{found.value!r} ({found.rows} row{'' if found.rows == 1 else 's'}, "
        f"{percent(found.rows / rows)})"
        for found in shown
    ]
    rest = len(classes) - len(shown)
    return ", ".join(texts) + (f" and {rest} more" if rest else "")


def left_sentence(condition: str, share: float, rows: int, of: str = "customers") -> str:
    """Who counts as having left, and what share.

    Parameters
    ----------
    condition : str
        As :attr:`LabelMeaning.condition`.
    share : float
        Of those who left, in [0, 1].
    rows : int
    of : str, default "customers"
        What the rows are.

    Returns
    -------
    str

    Examples
    --------
    >>> left_sentence("Churn = 'Yes'", 0.265, 7043)
    "Left: Churn = 'Yes', 26.5 % of 7,043 customers"
    """
    return f"Left: {condition}, {percent(share)} of {rows:,} {of}"


def majority_warning(condition: str, share: float, invert: str) -> str | None:
    """A warning where more than half of the customers count as having left, else None.

    Parameters
    ----------
    condition : str
        As :attr:`LabelMeaning.condition`.
    share : float
        Of those who left, in [0, 1].
    invert : str
        What to write if it is the wrong way round.

    Returns
    -------
    str or None

    Examples
    --------
    >>> majority_warning("Churn = 'No'", 0.735, "columns.positive: 'Yes'")
    "Most customers count as having left: Churn = 'No' holds for 73.5 %. If these are the \
customers who stayed, turn it: columns.positive: 'Yes'."
    """
    if share <= 0.5:
        return None
    return (
        f"Most customers count as having left: {condition} holds for {percent(share)}. If these "
        f"are the customers who stayed, turn it: {invert}."
    )
