"""The cycle: clean → transform → reduce, until a pass changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from sklearn.base import BaseEstimator

from dbnchurn.core.errors import DataError, listed
from dbnchurn.prepare import steps
from dbnchurn.prepare.record import PrepareRecord, Step, prepare
from dbnchurn.tables.schema import Table

log = logging.getLogger(__name__)
Fit = Callable[[Table, Collection[str]], Step | None]


@dataclass(frozen=True)
class Change:
    """What one step of one pass did to the training table.

    Parameters
    ----------
    number : int
        Number of the pass, from 1.
    step : str
        Name of the step.
    values : int
        How many values changed.
    added, dropped : int
        How many columns were added and dropped.
    """

    number: int
    step: str
    values: int
    added: int
    dropped: int

    def __str__(self) -> str:
        parts = [f"{self.values} values changed"] if self.values else []
        parts += [f"{self.added} columns added"] if self.added else []
        parts += [f"{self.dropped} columns dropped"] if self.dropped else []
        return f"pass {self.number}, {self.step}: {', '.join(parts) or 'nothing changed'}"


class Prepare(BaseEstimator):  # type: ignore[misc]
    """Clean, transform and reduce the columns of a customer table, in a cycle.

    A pass cleans (flags what is missing, clips outliers, smooths noise, pools rare levels, fills),
    transforms (constructs ratios and trends, compresses long tails) and reduces (drops columns that
    are empty, constant, or repeat another). Further passes apply the steps to columns that did not
    exist before, until a pass changes nothing.

    Guarantees: no row is dropped, the steps depend on the training table alone, and
    ``prepare(record_, table)`` gives the same numbers for a row alone as in a batch.

    Parameters
    ----------
    clip : float, default 0.001
        Share of the rows at either end of a number that counts as outliers and is moved to the
        fence. 0 leaves them. A column that has no other values than its outliers is left alone.
    rare : float, default 0.002
        A level of a category met in less than this share of the rows, or fewer than 10 of them, is
        pooled with the other rare levels; a single rare level stays. 0 turns this off.
    flag_missing : float, default 0.005
        A column with missing values in more than this share of the rows, and with values in more
        than it as well, gets a 0/1 column that marks them. 1 turns this off.
    missing : {"no evidence", "fill"}, default "no evidence"
        What becomes of missing values: they stay missing and add nothing to the network's input,
        or they become the median or the most frequent level.
    smooth : int, default 0
        Numbers with more distinct values than this are replaced by the median of their bin, of
        this many bins with equally many rows. 0 turns this off.
    ratios : mapping of name → (number, number), optional
        New columns: the first divided by the second.
    trends : mapping of name → numbers, optional
        New columns: the slope over numbers given in the order of time.
    compress : float, default 0.0
        Numbers whose range (between the 1 % and the 99 % quantile) is more than so many
        interquartile ranges have their tails compressed. 0 turns this off.
    correlated : float, default 0.9999
        Of two numbers whose correlation is above this, and that are missing together, the later is
        dropped. 1 turns this off.
    passes : int, default 3
        Largest number of passes.

    Attributes
    ----------
    record_ : PrepareRecord
    dropped_ : dict of column → reason why it was dropped
    log_ : list of Change
        In the order in which the steps were applied.

    Examples
    --------
    >>> import pandas as pd
    >>> from dbnchurn.tables.reading import read
    >>> from dbnchurn.tables.kinds import infer
    >>> frame = pd.DataFrame({"debt": [0.0, 5.0, 9.0], "year": [1, 1, 1], "owed": [0.0, 5.0, 9.0]})
    >>> stage = Prepare().fit(read(infer(frame), frame)[0])
    >>> stage.dropped_
    {'year': 'constant', 'owed': "a copy of 'debt'"}
    >>> print(stage.log_[-1])
    pass 1, reduce: 2 columns dropped
    """

    def __init__(
        self,
        *,
        clip: Annotated[float, Field(ge=0, lt=0.5)] = 0.001,
        rare: Annotated[float, Field(ge=0, lt=0.5)] = 0.002,
        flag_missing: Annotated[float, Field(ge=0, le=1)] = 0.005,
        missing: Literal["no evidence", "fill"] = "no evidence",
        smooth: Annotated[int, Field(ge=0)] = 0,
        ratios: Mapping[str, tuple[str, str]] | None = None,
        trends: Mapping[str, tuple[str, ...]] | None = None,
        compress: Annotated[float, Field(ge=0)] = 0.0,
        correlated: Annotated[float, Field(gt=0, le=1)] = 0.9999,
        passes: Annotated[int, Field(ge=1)] = 3,
    ) -> None:
        self.clip = clip
        self.rare = rare
        self.flag_missing = flag_missing
        self.missing = missing
        self.smooth = smooth
        self.ratios = ratios
        self.trends = trends
        self.compress = compress
        self.correlated = correlated
        self.passes = passes

    def fit(self, table: Table) -> Prepare:
        """Learn the steps from the training table, as :meth:`fit_transform` does.

        Parameters
        ----------
        table : Table of n rows

        Returns
        -------
        Prepare
            Itself.
        """
        self.fit_transform(table)
        return self

    def fit_transform(self, table: Table) -> Table:
        """Learn the steps from the training table and apply them to it.

        Parameters
        ----------
        table : Table of n rows

        Returns
        -------
        Table of n rows
            The same, bit for bit, as :meth:`transform` gives afterwards.

        Raises
        ------
        DataError
            If no column is left.
        ConfigError
            If a ratio or trend is made of a number that does not exist.
        """
        self.dropped_: dict[str, str] = {}
        self.log_: list[Change] = []
        fitted: list[Step] = []
        raw = table
        known: dict[str, set[str]] = {name: set() for name in self._cycle()}
        for number in range(1, self.passes + 1):
            before = len(fitted)
            for name, fit_step in self._cycle().items():
                names = {*table.number_names, *table.code_names}
                step = fit_step(table, names - known[name])
                known[name] |= names
                if step is not None:
                    after = step.apply(table)
                    self.log_.append(_change(number, name, table, after))
                    table = after
                    fitted.append(step)
            if len(fitted) == before:
                break
        self._explain_pooled(raw)
        self._check_columns_left(table)
        for change in self.log_:
            log.info("prepare: %s", change)
        self.record_ = PrepareRecord(tuple(fitted))
        return table

    def transform(self, table: Table) -> Table:
        """Apply the fitted steps to a table with the columns of the training table."""
        return prepare(self.record_, table)

    def _cycle(self) -> dict[str, Fit]:
        """The named steps of a pass; each is fitted on the table that the previous one returns."""
        return {
            "flag missing": lambda t, fresh: steps.fit_flags(t, fresh, self.flag_missing),
            "clip outliers": lambda t, fresh: steps.fit_clip(t, fresh, self.clip),
            "smooth noise": lambda t, fresh: steps.fit_smooth(t, fresh, self.smooth),
            "pool rare levels": lambda t, fresh: steps.fit_pool(t, fresh, self.rare),
            **({"fill missing": steps.fit_fill} if self.missing == "fill" else {}),
            "construct": lambda t, fresh: steps.fit_construct(
                t, fresh, self.ratios or {}, self.trends or {}
            ),
            "compress": lambda t, fresh: steps.fit_compress(t, fresh, self.compress),
            "reduce": lambda t, fresh: steps.fit_keep(t, self.correlated, self.dropped_),
        }

    def _explain_pooled(self, raw: Table) -> None:
        """Give the right reason for categories that are constant only because they were pooled."""
        for j, name in enumerate(raw.code_names):
            if self.dropped_.get(name) == "constant":
                levels = len(np.unique(raw.codes[raw.codes[:, j] >= 0, j]))
                if levels > 1:
                    self.dropped_[name] = f"each of its {levels} levels is rare"

    def _check_columns_left(self, table: Table) -> None:
        """Raise a DataError if every column was dropped; otherwise log the dropped ones."""
        dropped = [f"{name} ({why})" for name, why in self.dropped_.items()]
        if not table.number_names and not table.code_names:
            raise DataError(
                "every column is empty or constant in the training rows, so there is nothing to "
                f"learn from: {listed(dropped)}"
            )
        if dropped:
            log.info("dropped %d columns: %s", len(dropped), listed(dropped))


def _change(number: int, step: str, before: Table, after: Table) -> Change:
    """What a step did, from the tables before and after it."""
    old = {*before.number_names, *before.code_names}
    new = {*after.number_names, *after.code_names}
    values = 0
    for old_names, old_values, new_names, new_values in (
        (before.number_names, before.numbers, after.number_names, after.numbers),
        (before.code_names, before.codes, after.code_names, after.codes),
    ):
        places = {name: j for j, name in enumerate(new_names)}
        for j, name in enumerate(old_names):
            if name in places:
                a, b = old_values[:, j], new_values[:, places[name]]
                both_missing = (a != a) & (b != b)  # NaN differs from itself
                values += int(np.count_nonzero((a != b) & ~both_missing))
    return Change(number, step, values, len(new - old), len(old - new))
