"""Conditions on columns of a customer table, as ``when`` of a config has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field, model_validator

from dbnchurn.config import Section
from dbnchurn.core.errors import did_you_mean
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Bools

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pandas as pd
else:
    pd = LazyModule("pandas")


Level = bool | int | float | str


class Condition(Section):
    """What a column has to hold; all that is given has to hold. A missing value meets none."""

    at_least: float | None = Field(default=None, description="Smallest number.")
    at_most: float | None = Field(default=None, description="Largest number.")
    above: float | None = Field(default=None, description="A number that is not enough.")
    below: float | None = Field(default=None, description="A number that is too much.")
    one_of: tuple[Level, ...] | None = Field(default=None, description="Values that do.")
    none_of: tuple[Level, ...] | None = Field(default=None, description="Values that do not.")

    @model_validator(mode="after")
    def _says_something(self) -> Condition:
        if all(getattr(self, name) is None for name in type(self).model_fields):
            raise ValueError("a condition needs one of " + ", ".join(type(self).model_fields))
        return self

    @property
    def is_number(self) -> bool:
        """Whether the column has to hold numbers."""
        return any(
            getattr(self, name) is not None for name in ("at_least", "at_most", "above", "below")
        )

    def holds(self, values: pd.Series[Any]) -> Bools:
        """The rows for which it holds.

        Examples
        --------
        >>> Condition(at_least=2).holds(pd.Series([1, 2, None])).tolist()
        [False, True, False]
        """
        found = np.array(values.notna(), bool)
        if self.is_number:
            numbers = values.to_numpy(float, na_value=np.nan)
            with np.errstate(invalid="ignore"):
                if self.at_least is not None:
                    found &= numbers >= self.at_least
                if self.at_most is not None:
                    found &= numbers <= self.at_most
                if self.above is not None:
                    found &= numbers > self.above
                if self.below is not None:
                    found &= numbers < self.below
        if self.one_of is not None:
            found &= _in(values, self.one_of)
        if self.none_of is not None:
            found &= ~_in(values, self.none_of)
        return found


When = Mapping[str, Condition]


def _in(values: pd.Series[Any], levels: tuple[Level, ...]) -> Bools:
    """Rows with one of the values, as they are or as text: yes may have been read as true."""
    found = values.isin(levels) | values.astype(str).isin([str(level) for level in levels])
    return found.to_numpy(bool)


def condition_problems(
    when: When, frame: pd.DataFrame, where: str, *, levels: bool = True
) -> Iterator[str]:
    """What keeps conditions from being used on a table.

    Parameters
    ----------
    when : mapping of column → Condition
    frame : DataFrame
    where : str
        Key of the config, for messages.
    levels : bool, default True
        Whether values that the column nowhere holds are a problem.

    Yields
    ------
    str
    """
    for column, condition in when.items():
        if column not in frame:
            yield (
                f"{where}: the customers have no column {column!r}: "
                f"{did_you_mean(column, map(str, frame.columns))}"
            )
            continue
        values = frame[column]
        numeric = pd.api.types.is_numeric_dtype(values.dtype)
        if condition.is_number and not numeric:
            yield f"{where}: column {column!r} holds text, and the condition compares numbers"
        for level in (*(condition.one_of or ()), *(condition.none_of or ())) if levels else ():
            if not _in(values, (level,)).any():
                yield (
                    f"{where}: column {column!r} nowhere holds {level!r}: "
                    f"{did_you_mean(str(level), values.dropna().astype(str).unique()[:30])}"
                )


def all_hold(when: When, frame: pd.DataFrame) -> Bools:
    """The rows for which all conditions hold.

    Parameters
    ----------
    when : mapping of column → Condition
    frame : DataFrame

    Returns
    -------
    array of bool
    """
    found = np.ones(len(frame), bool)
    for column, condition in when.items():
        found &= condition.holds(frame[column])
    return found
