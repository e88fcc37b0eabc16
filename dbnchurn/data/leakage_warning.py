"""The warning about columns that reveal the outcome, for estimators that are fitted in Python.

A run of the command line stops at what :func:`dbnchurn.data.leakage.find_leaks` finds; an estimator
warns of it, or stops if that is asked for.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import DataError, LeakageWarning
from dbnchurn.core.typing import Ints, Rows
from dbnchurn.data.leakage import CHECKS, Leak, find_leaks
from dbnchurn.tables.model_columns import ModelColumn, ModelColumns

Action = Literal["error", "warn", "off"]
ROWS_PER_CLASS = 10_000  # that are looked at
FEWEST_ROWS, FEWEST_OF_A_CLASS = 200, 20
OF_THE_OUTCOME = ("single_column", "missingness")
KEY_NAME = r"(?i)(.*[_\s.-])?(id|ids|key|nr|no|number|nummer|uuid|guid)|.*[a-z]I[dD]"


def warn_of_leaks(
    columns: ModelColumns,
    y: Ints,
    action: Action,
    *,
    ids: npt.NDArray[Any] | None = None,
    checks: Collection[str] = tuple(CHECKS),
) -> None:
    """Warn of columns that decide the label or name their row; on at most 20,000 rows.

    Nothing is said of fewer than 200 rows, or fewer than 20 of either label. Whole numbers that are
    all different are called an identifier only if they rise or fall from row to row, or the name of
    the column says so.

    Parameters
    ----------
    columns : ModelColumns of n rows
    y : int array of shape (n,)
        0 or 1.
    action : {"error", "warn", "off"}
    ids : array of shape (n,), optional
        Customer of each row.
    checks : collection of str, optional
        Names of the checks of :data:`dbnchurn.data.leakage.CHECKS`; by default all.

    Raises
    ------
    DataError
        If something is found and the action is ``"error"``.

    Examples
    --------
    >>> import pandas as pd
    >>> y = np.tile([0, 0, 0, 1], 100)
    >>> columns = ModelColumns.of(pd.DataFrame({"debt": np.arange(400) % 7, "score": 0.9 * y}))
    >>> warn_of_leaks(columns, y, "error")
    Traceback (most recent call last):
    ...
    dbnchurn.core.errors.DataError: 1 column seems to reveal the outcome or to name its row: \
single_column: score: AUC 1.000 alone. Drop it, or set leakage='off' if its values are known when \
customers are scored.
    """
    enough = len(y) >= FEWEST_ROWS and np.bincount(y, minlength=2).min() >= FEWEST_OF_A_CLASS
    if action == "off" or not enough:
        return
    rows = _evenly_spaced(y)
    looked_at = columns.take(rows)
    found = find_leaks(looked_at, y[rows], ids=None if ids is None else ids[rows])
    leaks = [leak for leak in found if leak.check in checks and _is_certain(leak, looked_at)]
    if not leaks:
        return
    if action == "error":
        raise DataError(_sentence(leaks))
    warnings.warn(_sentence(leaks), LeakageWarning, stacklevel=5)


def _evenly_spaced(y: Ints) -> Rows:
    """Row numbers of up to 10,000 rows of each label, in their order."""
    chosen = []
    for label in (0, 1):
        rows = np.flatnonzero(y == label)
        chosen.append(rows[:: max(1, -(-len(rows) // ROWS_PER_CLASS))])
    return np.sort(np.concatenate(chosen))


def _is_certain(leak: Leak, columns: ModelColumns) -> bool:
    """Whether an identifier is more than whole numbers that happen to differ."""
    if leak.check != "identifier":
        return True
    column = columns[leak.column]
    return column.has_levels or _is_in_order(column) or bool(re.fullmatch(KEY_NAME, column.name))


def _is_in_order(column: ModelColumn) -> bool:
    steps = np.diff(column.numbers[~column.missing])
    return bool((steps > 0).all() or (steps < 0).all())


def _sentence(leaks: Sequence[Leak]) -> str:
    seem, its, them = (
        ("1 column seems", "its", "it")
        if len(leaks) == 1
        else (f"{len(leaks)} columns seem", "their", "them")
    )
    return (
        f"{seem} to reveal the outcome or to name {its} row: {'; '.join(map(str, leaks))}. Drop "
        f"{them}, or set leakage='off' if {its} values are known when customers are scored."
    )
