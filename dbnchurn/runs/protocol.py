"""Protocols that divide customers into training, validation and test rows, once or several times.

All rows of one customer are in one part, whatever the protocol, except where time divides: there a
customer of an earlier month may be tested again in a later one.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from dbnchurn.config import Section
from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Dates, Labels
from dbnchurn.tables import Customers
from dbnchurn.tables.splitting import Split, check_classes, hold_out, split

Share = Annotated[float, Field(gt=0, lt=1)]
Groups = npt.NDArray[Any] | None
FOLDS = 5


class SplitSection(Section):
    """Parts that are not trained on."""

    validation: Share = Field(default=0.15, description="To stop training and choose with.")
    test: Share = Field(
        default=0.2, description="To report on; with 'kfold' and 'time' the folds say how much."
    )
    protocol: Literal["auto", "holdout", "kfold", "time"] = Field(
        default="auto",
        description="auto: by time where there are dates, else at random; holdout: at random, "
        "stratified; kfold: every customer is tested once; time: the last dates are tested, each "
        "by what was known before it.",
    )
    folds: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="kfold: parts, 5 by default; time: how many dates, 1 by default."
    )
    repeats: Annotated[int, Field(ge=1)] = Field(
        default=1, description="kfold: how often the table is divided anew."
    )
    fold: Annotated[int, Field(ge=1)] = Field(
        default=1, description="The division of this run, from 1; an experiment runs all of them."
    )

    @model_validator(mode="after")
    def _fits(self) -> SplitSection:
        if self.protocol == "kfold":
            if (self.folds or FOLDS) < 2:
                raise ValueError("split: 'kfold' needs at least 2 folds")
            if self.validation + 1 / (self.folds or FOLDS) >= 1:
                raise ValueError("split: 'validation' and one fold leave no rows to train on")
        elif self.validation + self.test >= 1:
            raise ValueError("split: 'validation' and 'test' have to leave rows to train on")
        if self.repeats > 1 and self.protocol != "kfold":
            raise ValueError("split: 'repeats' goes with the protocol 'kfold'; otherwise use seeds")
        if self.folds is not None and self.protocol not in ("kfold", "time"):
            raise ValueError("split: 'folds' goes with the protocols 'kfold' and 'time'")
        if self.fold > self.divisions:
            raise ValueError(f"split: 'fold' is {self.fold}, but there are {self.divisions}")
        return self

    @property
    def divisions(self) -> int:
        """How many divisions the protocol has."""
        if self.protocol == "kfold":
            return (self.folds or FOLDS) * self.repeats
        return (self.folds or 1) if self.protocol == "time" else 1


def division(table: Customers, section: SplitSection, random_state: int) -> Split:
    """The parts of one run.

    Parameters
    ----------
    table : Customers
    section : SplitSection
        Protocol, shares, and which of its divisions.
    random_state : int

    Returns
    -------
    Split
        Row numbers of the parts.

    Raises
    ------
    DataError
        If a part would lack one of the classes, or there are no dates to divide by.
    """
    groups = table.ids if table.id is not None else None
    shared: dict[str, Any] = {
        "validation": section.validation,
        "groups": groups,
        "random_state": random_state,
    }
    dated: dict[str, Any] = {"dates": table.dates, "closed": table.closed}
    if section.protocol == "kfold":
        return kfold(table.y, folds=section.folds or FOLDS, fold=section.fold, **shared)
    if section.protocol == "time":
        return forward(table.y, back=section.divisions - section.fold, **dated, **shared)
    if section.protocol == "holdout":
        return split(table.y, test=section.test, **shared)
    return split(table.y, test=section.test, **dated, **shared)


def kfold(
    y: Labels,
    *,
    folds: int = FOLDS,
    fold: int = 1,
    validation: float = 0.15,
    groups: Groups = None,
    random_state: int = 0,
) -> Split:
    """One fold is tested, the others are trained on; stratified, with customers kept together.

    Parameters
    ----------
    y : int array of shape (n,)
    folds : int, default 5
    fold : int, default 1
        Which fold, from 1. Beyond `folds` the table is divided anew: fold 6 of 5 is the first fold
        of the second division.
    validation : float, default 0.15
        Share of all rows, taken from those that are not tested.
    groups : array of shape (n,), optional
        Customer of each row.
    random_state : int, default 0

    Returns
    -------
    Split
        Row numbers of the parts.

    Raises
    ------
    DataError
        If there are fewer churners, or fewer stayers, than folds, or a part would lack one of them.

    Examples
    --------
    >>> y = np.tile([0, 0, 0, 1], 50)
    >>> [len(kfold(y, folds=4, fold=k).test) for k in (1, 2, 3, 4)]
    [50, 50, 50, 50]
    """
    repeat, number = divmod(fold - 1, folds)
    generator = np.random.default_rng([random_state, repeat])
    customer = np.arange(len(y)) if groups is None else np.unique(groups, return_inverse=True)[1]
    labels = np.zeros(customer.max() + 1, np.int64)  # of customers: 1 if any row is a churner
    np.maximum.at(labels, customer, y)
    counts = np.bincount(labels, minlength=2)
    if counts.min() < folds:
        raise DataError(
            f"{folds} folds need at least {folds} customers who left and as many who stayed, the "
            f"table has {counts[1]} and {counts[0]}: use fewer folds"
        )
    # Shuffled churners and then stayers are assigned to the folds in turn: sizes differ by one.
    order = np.concatenate([generator.permutation(np.flatnonzero(labels == c)) for c in (1, 0)])
    fold_of = np.empty(len(labels), np.int64)
    fold_of[order] = np.arange(len(order)) % folds
    tested = fold_of[customer] == number
    rest = np.flatnonzero(~tested)
    share = validation / (1 - 1 / folds)
    train, val = hold_out(y[rest], None if groups is None else groups[rest], share, generator)
    parts = Split(rest[train], rest[val], np.flatnonzero(tested))
    check_classes(parts, y, "use fewer folds or another share for validation")
    return parts


def forward(
    y: Labels,
    *,
    dates: Dates | None,
    closed: Dates | None = None,
    back: int = 0,
    validation: float = 0.15,
    groups: Groups = None,
    random_state: int = 0,
) -> Split:
    """One date is tested, and only rows known before it are trained on (rolling origin).

    Parameters
    ----------
    y : int array of shape (n,)
    dates : datetime64 array of shape (n,)
        Date of the snapshot of every row.
    closed : datetime64 array of shape (n,), optional
        When the outcome of each row was known: only rows known by the tested date are trained on.
    back : int, default 0
        How many dates before the last one is tested; rows after it are in no part.
    validation : float, default 0.15
    groups : array of shape (n,), optional
        Keeps customers together where validation rows have to be drawn from training dates.
    random_state : int, default 0

    Returns
    -------
    Split
        Row numbers of the parts.

    Raises
    ------
    DataError
        If there are no dates, too few of them, or nothing was known in time.

    Examples
    --------
    >>> months = np.repeat(np.arange("2024-01", "2024-07", dtype="datetime64[M]"), 40)
    >>> parts = forward(np.tile([0, 1], 120), dates=months, back=1)
    >>> np.unique(months[parts.test]), months[parts.validation].max(), len(parts.train)
    (array(['2024-05'], dtype='datetime64[M]'), np.datetime64('2024-04'), 120)
    """
    if dates is None:
        raise DataError(
            "the protocol 'time' needs dates: name the column of the snapshot as columns.date, or "
            "give data.windows several cutoffs"
        )
    days = np.unique(dates)
    if back >= len(days) - 1:
        raise DataError(
            f"the table has {len(days)} dates, so at most {len(days) - 1} can be tested in turn"
        )
    rows = np.flatnonzero(dates <= days[len(days) - 1 - back])
    parts = split(
        y[rows],
        validation=validation,
        test=np.finfo(float).eps,  # the last date alone
        dates=dates[rows],
        closed=None if closed is None else closed[rows],
        groups=None if groups is None else groups[rows],
        random_state=random_state,
    )
    return Split(rows[parts.train], rows[parts.validation], rows[parts.test])
