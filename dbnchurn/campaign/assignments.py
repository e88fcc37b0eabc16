"""Who got which option in a randomised test, and with which probability that was drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dbnchurn.campaign.arm_names import CONTROL
from dbnchurn.core.errors import DataError, listed
from dbnchurn.core.typing import Floats, Ints, Labels, Rows

SMALLEST_GROUP = 30  # customers of an option or of the control group


@dataclass(frozen=True, eq=False)
class Assignments:
    """Options of the rows of a test, as codes with weights.

    Parameters
    ----------
    options : tuple of str
    code : int64 array of shape (n,)
        0 for a control, else 1 + the position of the option.
    weight : float64 array of shape (n,)
        One by the propensity, scaled so that the weights of each group sum to n. A factor that all
        propensities of a group have in common has no influence, such as the probability of the
        option that a control would have got.

    Examples
    --------
    >>> drawn = Assignments.of(["call"] * 60 + [None] * 40)
    >>> drawn.options, drawn.weight[[0, -1]].round(2).tolist()
    (('call',), [1.67, 2.5])
    """

    options: tuple[str, ...]
    code: Ints
    weight: Floats

    @classmethod
    def of(
        cls,
        option: npt.ArrayLike | pd.Series[Any],
        propensity: npt.ArrayLike | None = None,
        *,
        smallest_group: int = SMALLEST_GROUP,
    ) -> Assignments:
        """Check and encode what each customer got.

        Parameters
        ----------
        option : array of shape (n,)
            Name of the option; None, NaN or ``"control"`` for those who were left alone.
        propensity : array of shape (n,), optional
            Known probability of what the customer got, above 0 and at most 1. Without it, every
            customer is taken to have had the same probabilities.
        smallest_group : int, default 30
            Fewer customers of an option, or controls, are refused.

        Returns
        -------
        Assignments

        Raises
        ------
        DataError
            If there is no control group, a group is too small, or a propensity is none.
        """
        names = pd.Series(np.asarray(option, object))
        control = np.asarray(names.isna() | (names.astype(str) == CONTROL))
        options = tuple(sorted({str(name) for name in names[~control]}))
        code = np.zeros(len(names), np.int64)
        code[~control] = 1 + np.searchsorted(options, names[~control].astype(str))
        _check_groups(options, code, smallest_group)
        inverse = _inverse(propensity, len(code))
        weight = np.empty(len(code))
        for group in range(len(options) + 1):
            own = code == group
            weight[own] = inverse[own] * (len(code) / inverse[own].sum())
        return cls(options, code, weight)

    def __len__(self) -> int:
        return len(self.code)

    def take(self, rows: Rows) -> Assignments:
        """The given rows, with weights that sum to their number in every group."""
        code, weight = self.code[rows], self.weight[rows].copy()
        for group in np.unique(code):
            own = code == group
            weight[own] *= len(rows) / weight[own].sum()
        return Assignments(self.options, code, weight)

    def means(self, values: npt.NDArray[Any]) -> Floats:
        """Weighted mean of values of the rows in each group, controls first, shape (1 + k,)."""
        totals = np.bincount(self.code, self.weight * values, len(self.options) + 1)
        return np.asarray(totals / np.bincount(self.code, self.weight, len(self.options) + 1))

    def strata(self, y: Labels) -> Ints:
        """A number for every pair of group and label, shape (n,)."""
        return np.asarray(2 * self.code + y, np.int64)


def _check_groups(options: Sequence[str], code: Ints, smallest: int) -> None:
    if not options:
        raise DataError(
            f"nobody of {len(code)} customers got an option, so there is no effect to learn; name "
            "the option of those who were contacted"
        )
    sizes = np.bincount(code, minlength=len(options) + 1)
    if not sizes[0]:
        raise DataError(
            f"there is no control group: all {len(code)} customers were contacted, so nobody shows "
            "what happens without a contact; leave a share of every list alone, drawn at random"
        )
    small = [
        f"{name} ({size})"
        for name, size in zip(("the control group", *options), sizes, strict=True)
        if size < smallest
    ]
    if small:
        raise DataError(
            f"fewer than {smallest} customers in {listed(small)}: an effect learned from so few is "
            "chance; leave these options out, or wait for more contacts"
        )


def _inverse(propensity: npt.ArrayLike | None, n: int) -> Floats:
    if propensity is None:
        return np.ones(n)
    known = np.asarray(propensity, np.float64)
    if known.shape != (n,):
        raise DataError(f"propensity has shape {known.shape}, and there are {n} customers")
    bad = ~((known > 0) & (known <= 1))
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"propensity is the probability of what a customer got, above 0 and at most 1; "
            f"{int(bad.sum())} of {n} are not, the first is {known[row]} in row {row}"
        )
    return np.asarray(1 / known)


def read_outcome(y: npt.ArrayLike, n: int) -> Labels:
    """Outcomes 0 and 1, one a row.

    Parameters
    ----------
    y : array of shape (n,)
    n : int

    Returns
    -------
    int64 array of shape (n,)

    Raises
    ------
    DataError
        If there is another number of them, or one is neither 0 nor 1.
    """
    values = pd.to_numeric(pd.Series(np.asarray(y).ravel()), errors="coerce").to_numpy(np.float64)
    if len(values) != n:
        raise DataError(f"the table has {n} rows but y holds {len(values)} outcomes")
    bad = ~np.isin(values, (0.0, 1.0))
    if bad.any():
        raise DataError(
            f"y has to be 0 or 1; {int(bad.sum())} outcomes are missing or neither, the first in "
            f"row {int(np.argmax(bad))}; leave customers without an outcome out"
        )
    return values.astype(np.int64)
