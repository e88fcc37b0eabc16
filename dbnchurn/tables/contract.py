"""The contract of a customer table: which column is id, label and date, and what rows must hold.

Nothing here is fitted. Rows that break the contract go to quarantine with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dbnchurn.core.errors import DataError, did_you_mean, listed
from dbnchurn.core.typing import Dates, Ints
from dbnchurn.tables.schema import check_names, text

# Spellings that are understood without being told which label is the churner.
POSITIVE_WORDS = {"1", "true", "yes", "y", "churn", "churned", "leave", "left"}
NEGATIVE_WORDS = {"0", "false", "no", "n", "stay", "stayed", "active", "retained"}


@dataclass(frozen=True)
class Contract:
    """What a customer table promises.

    Parameters
    ----------
    label : str
        Column that says who left.
    id : str, optional
        Column that names the customer; without it rows are numbered.
    date : str, optional
        Column with the date of the snapshot; parts are then divided by time.
    positive : optional
        The label of those who left; needed where the two labels do not speak for themselves.
    drop : sequence of str
        Columns that are not features.
    max_quarantine : float, default 0.05
        Share of the rows that may break the contract before the run stops.

    Examples
    --------
    >>> Contract(label="churned", id="customer_id", drop=["reason"]).max_quarantine
    0.05
    """

    label: str
    id: str | None = None
    date: str | None = None
    positive: str | int | float | bool | None = None
    drop: Sequence[str] = ()
    max_quarantine: float = 0.05


@dataclass(frozen=True, eq=False)
class Customers:
    """One row per customer (and snapshot) that keeps the contract.

    Parameters
    ----------
    ids : array of shape (n,)
    X : DataFrame of shape (n, features)
    y : int64 array of shape (n,)
        1 for those who left.
    dates : datetime64 array of shape (n,), or None
    quarantine : DataFrame
        The other rows as they came, with a column ``reason``.
    id : str, optional
        Column that names the customer; without it rows are numbered.
    closed : datetime64 array of shape (n,), optional
        When the outcome of each row was known.
    notes : tuple of str
        What the reader of a report should know of the table.
    unlabelled : DataFrame
        Features of customers whose outcome is not known.
    unlabelled_dates : datetime64 array, or None
        Dates of these.
    beside : DataFrame of n rows
        Columns that are no features, such as what a contact costs.
    """

    ids: npt.NDArray[Any]
    X: pd.DataFrame
    y: Ints
    dates: Dates | None
    quarantine: pd.DataFrame
    id: str | None = None
    closed: Dates | None = None
    notes: tuple[str, ...] = ()
    unlabelled: pd.DataFrame = field(default_factory=pd.DataFrame)
    unlabelled_dates: Dates | None = None
    beside: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __len__(self) -> int:
        return len(self.y)


def customers(frame: pd.DataFrame, contract: Contract) -> Customers:
    """Hold a table to its contract.

    Exact repetitions of a row are dropped. Rows without an id or date are set aside; rows without
    a label are customers whose outcome is not known yet.

    Raises
    ------
    DataError
        If a named column is absent, the label has other than two values, an id stands for several
        different rows (of one date), or too many rows break the contract.

    Examples
    --------
    >>> frame = pd.DataFrame({"id": [1, 2, 3], "debt": [0, 5, 9], "left": ["No", "Yes", None]})
    >>> table = customers(frame, Contract(label="left", id="id"))
    >>> table.y, list(table.X), table.unlabelled["debt"].tolist()
    (array([0, 1]), ['debt'], [9])
    """
    names = check_names(frame)
    frame = frame.set_axis(names, axis=1)
    _check_columns(names, contract)
    frame, quarantine = _set_aside(frame, contract)
    labelled = text(frame[contract.label]).notna()
    frame, others = frame[labelled], frame[~labelled]
    y = _labels(frame[contract.label], contract)
    dates = other_dates = None
    if contract.date is not None:
        dates = _dates(frame[contract.date]).to_numpy("datetime64[ns]")
        other_dates = _dates(others[contract.date]).to_numpy("datetime64[ns]")
    special = {contract.label, contract.id, contract.date, *contract.drop}
    X = frame[[name for name in names if name not in special]]
    if X.empty:
        raise DataError("the table has no feature column beside id, label and date")
    ids = np.arange(len(frame)) if contract.id is None else frame[contract.id].to_numpy()
    return Customers(
        ids,
        X.reset_index(drop=True),
        y,
        dates,
        quarantine,
        contract.id,
        unlabelled=others[list(X)].reset_index(drop=True),
        unlabelled_dates=other_dates,
    )


def put_beside(table: Customers, names: Sequence[str]) -> Customers:
    """Take columns out of the features; they are kept beside them.

    Raises
    ------
    DataError
        If there is no such column, or no feature would be left.

    Examples
    --------
    >>> frame = pd.DataFrame({"debt": [0, 5], "value": [90, 70], "left": ["No", "Yes"]})
    >>> table = put_beside(customers(frame, Contract(label="left")), ["value"])
    >>> list(table.X), table.beside["value"].tolist()
    (['debt'], [90, 70])
    """
    for name in names:
        if name not in table.X:
            raise DataError(
                f"the table has no column {name!r} to put beside the features: "
                f"{did_you_mean(name, table.X.columns)}"
            )
    if not set(table.X) - set(names):
        raise DataError("the table has no feature column beside costs and segments")
    taken = list(dict.fromkeys(names))
    return replace(
        table,
        X=table.X.drop(columns=taken),
        unlabelled=table.unlabelled.drop(columns=taken, errors="ignore"),
        beside=table.X[taken],
    )


def _check_columns(names: list[str], contract: Contract) -> None:
    wanted = {"label": contract.label, "id": contract.id, "date": contract.date}
    for role, name in wanted.items():
        if name is not None and name not in names:
            raise DataError(f"the table has no {role} column {name!r}: {did_you_mean(name, names)}")
    for name in contract.drop:
        if name not in names:
            raise DataError(f"drop names the column {name!r}: {did_you_mean(name, names)}")


def _set_aside(frame: pd.DataFrame, contract: Contract) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows that keep the contract and those that break it."""
    frame = frame.drop_duplicates()
    reason = pd.Series("", frame.index, dtype=object)
    if contract.id is not None:
        reason[frame[contract.id].isna()] = "no id"
    if contract.date is not None:
        reason[_dates(frame[contract.date]).isna()] = "no readable date"
    bad = reason != ""
    if bad.mean() > contract.max_quarantine:
        raise DataError(
            f"{int(bad.sum())} of {len(frame)} rows break the contract "
            f"({listed(reason[bad].unique())}), more than the allowed share of "
            f"{contract.max_quarantine:.0%}; mend the table or raise max_quarantine"
        )
    good = frame[~bad]
    _check_ids(good, contract)
    return good, frame[bad].assign(reason=reason[bad])


def _check_ids(frame: pd.DataFrame, contract: Contract) -> None:
    if contract.id is None:
        return
    key = [contract.id] if contract.date is None else [contract.id, contract.date]
    repeated = frame.duplicated(key, keep=False)
    if repeated.any():
        first = text(frame.loc[repeated, contract.id]).iloc[0]
        advice = "name a date column if these are snapshots, or " if contract.date is None else ""
        raise DataError(
            f"column {contract.id!r}: {int(repeated.sum())} rows share their id"
            f"{'' if contract.date is None else ' and date'} with another row that differs, "
            f"the first is {first!r}; {advice}keep one row each"
        )


def _labels(values: pd.Series[Any], contract: Contract) -> Ints:
    words = text(values)
    levels = sorted(words.unique())
    if len(levels) == 1:
        raise DataError(
            f"label column {contract.label!r} holds one class only ({levels[0]!r} in all "
            f"{len(words)} rows); both those who left and those who stayed are needed"
        )
    if len(levels) != 2:
        raise DataError(
            f"label column {contract.label!r} has to hold two values, it holds {len(levels)}: "
            f"{listed(levels)}; empty the cells whose outcome is not known, and mend the others"
        )
    if contract.positive is not None:
        positive = text(pd.Series([contract.positive])).iloc[0]
        if positive not in levels:
            raise DataError(
                f"label column {contract.label!r} never holds the positive value "
                f"{contract.positive!r}; it holds {listed(levels)}"
            )
    else:
        positive = _obvious_positive(levels, contract.label)
    return np.asarray(words == positive, dtype=np.int64)


def _obvious_positive(levels: list[str], label: str) -> str:
    left = [level for level in levels if level.lower() in POSITIVE_WORDS]
    stayed = [level for level in levels if level.lower() in NEGATIVE_WORDS]
    if len(left) != 1 or len(stayed) != 1:
        raise DataError(
            f"label column {label!r} holds {listed(levels)}; say which of them left, "
            f"for example positive: {levels[1]!r}"
        )
    return left[0]


def _dates(values: pd.Series[Any]) -> pd.Series[Any]:
    if pd.api.types.is_numeric_dtype(values.dtype):
        raise DataError(f"date column {values.name!r} holds numbers; write dates as 2026-08-31")
    return pd.to_datetime(values, errors="coerce", format="ISO8601", utc=True).dt.tz_localize(None)
