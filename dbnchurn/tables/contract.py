"""The contract of one customer table: which columns are label, id and date, and what rows hold.

:func:`apply_contract` checks a frame against a :class:`Contract` and returns :class:`Customers`:
features, labels, ids and dates. Nothing here is fitted. Rows that break the contract go to
quarantine with a reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import DataError, did_you_mean, listed
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Dates, Floats, Ints
from dbnchurn.tables.chunks import RejectedRow
from dbnchurn.tables.empty_rows import (
    NOTHING_ELSE,
    TOTAL,
    doubtful_totals,
    rows_without_customer,
)
from dbnchurn.tables.keys import nearly_equal_ids, refuse_exponents, whole_keys
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.label import LabelMeaning, apply_meaning, read_label
from dbnchurn.tables.label_classes import LabelValues
from dbnchurn.tables.label_question import Question
from dbnchurn.tables.loading import whole_numbers
from dbnchurn.tables.model_columns import ModelColumns
from dbnchurn.tables.reading import read, unreadable
from dbnchurn.tables.schema import Schema, check_names, text
from dbnchurn.tables.text_decision import days_as_dates

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pandas as pd
else:
    pd = LazyModule("pandas")


@dataclass(frozen=True)
class Contract:
    """Roles of the columns of a customer table, and how many rows may break them.

    Parameters
    ----------
    label : str
        Column with the label: whether the customer left.
    id : str, optional
        Column that names the customer; without it rows are numbered.
    date : str, optional
        Column with the date of the snapshot; parts are then divided by time.
    positive, negative : one value or several, optional
        The labels of those who left and of those who stayed; needed where there are more than two
        classes, or where no known words such as yes and no, or churned and active, decide.
    drop : sequence of str, default ()
        Columns that are not features.
    max_quarantine : float, default 0.05
        Share of the rows that may break the contract before the run stops.
    meaning : LabelMeaning, optional
        What the labels mean by an earlier decision; instead of `positive` and `negative`.
    question : Question, optional
        Where a user says what the labels mean; by default in a config.

    Examples
    --------
    >>> Contract(label="churned", id="customer_id", drop=["reason"]).max_quarantine
    0.05
    """

    label: str
    id: str | None = None
    date: str | None = None
    positive: LabelValues | None = None
    negative: LabelValues | None = None
    drop: Sequence[str] = ()
    max_quarantine: float = 0.05
    meaning: LabelMeaning | None = None
    question: Question | None = None


@dataclass(frozen=True, eq=False)
class Customers:
    """Labelled customers, one row for each customer (and snapshot) that keeps the contract.

    Parameters
    ----------
    ids : array of shape (n,)
    X : DataFrame of shape (n, features)
    y : int64 array of shape (n,)
        1 for those who left.
    dates : datetime64 array of shape (n,), or None
        Date of the snapshot of each row.
    quarantine : DataFrame
        Rows that break the contract as they came, with a column ``reason``.
    id : str, optional
        Column that names the customer; without it rows are numbered.
    closed : datetime64 array of shape (n,), optional
        When the outcome of each row was known.
    notes : tuple of str, default ()
        Sentences about the table for the report.
    unlabelled : DataFrame of shape (m, features)
        Features of customers whose outcome is not known; empty by default.
    unlabelled_dates : datetime64 array of shape (m,), or None
        Dates of their snapshots.
    side_columns : DataFrame of n rows
        Columns that are no features, such as the cost of a contact; empty by default.
    formats : mapping of column → format, optional
        How numbers and dates were written in the file.
    meaning : LabelMeaning, optional
        Which labels left and which stayed, where the label is a column.
    columns : ModelColumns of n rows, optional
        The features as the model reads them, where that was found out already.
    sample_weight : float64 array of shape (n,), optional
        How much each row counts, where rows differ in that.

    Examples
    --------
    >>> X = pd.DataFrame({"debt": [0.0, 5.0]})
    >>> table = Customers(np.array(["a", "b"]), X, np.array([0, 1]), None, pd.DataFrame(), id="id")
    >>> len(table), table.y.mean()
    (2, np.float64(0.5))
    """

    ids: npt.NDArray[Any]
    X: pd.DataFrame
    y: Ints
    dates: Dates | None
    quarantine: pd.DataFrame
    id: str | None = None
    closed: Dates | None = None
    notes: tuple[str, ...] = ()
    unlabelled: pd.DataFrame = field(default_factory=lambda: pd.DataFrame())
    unlabelled_dates: Dates | None = None
    side_columns: pd.DataFrame = field(default_factory=lambda: pd.DataFrame())
    formats: Mapping[str, str] = field(default_factory=dict)
    meaning: LabelMeaning | None = None
    columns: ModelColumns | None = None
    sample_weight: Floats | None = None

    def __len__(self) -> int:
        return len(self.y)

    @property
    def set_aside(self) -> list[str]:
        """How many rows are in quarantine and why, in a sentence; empty without any."""
        if not len(self.quarantine):
            return []
        counts = self.quarantine["reason"].str.replace(r"^row \d+: ", "", regex=True).value_counts()
        reasons = ", ".join(f"{reason} ({count})" for reason, count in counts.items())
        rows = "1 row is" if len(self.quarantine) == 1 else f"{len(self.quarantine)} rows are"
        return [f"{rows} set aside: {reasons}"]

    def model_columns(self) -> ModelColumns:
        """The features as a model reads them."""
        return self.columns or ModelColumns.of(self.X, formats=self.feature_formats)

    @property
    def feature_formats(self) -> dict[str, str]:
        """How numbers and dates of the features were written in the file."""
        return {name: form for name, form in self.formats.items() if name in self.X}


def apply_contract(frame: pd.DataFrame, contract: Contract) -> Customers:
    """Check a table against its contract, and take its columns apart by their roles.

    Exact repetitions of a row are dropped. Rows without an id or date, totals, and rows that hold
    an id and nothing else go to quarantine; rows without a label are customers whose outcome is not
    known yet. Ids such as 7.0 become whole numbers, and 7.4 is none.

    Parameters
    ----------
    frame : DataFrame of shape (n, columns)
    contract : Contract

    Returns
    -------
    Customers
        At most n rows, in the order of the frame.

    Raises
    ------
    DataError
        If a named column is absent, nothing says which classes of the label left, an id stands for
        several different rows (of one date), or too many rows break the contract.

    Examples
    --------
    >>> frame = pd.DataFrame({"id": [1, 2, 3], "debt": [0, 5, 9], "left": ["No", "Yes", None]})
    >>> table = apply_contract(frame, Contract(label="left", id="id"))
    >>> table.y, list(table.X), table.unlabelled["debt"].tolist()
    (array([0, 1]), ['debt'], [9])
    """
    names = check_names(frame)
    frame = frame.set_axis(names, axis=1)
    _check_columns(names, contract)
    frame, quarantine = _quarantined(frame, contract)
    labelled = text(frame[contract.label]).notna()
    if not labelled.any():
        raise DataError(
            f"label column {contract.label!r} is empty in all {len(frame)} rows; say with the "
            "label which column holds the outcome, or wait until it is known"
        )
    frame, others = frame[labelled], frame[~labelled]
    meaning, y = _labels(frame[contract.label], contract)
    dates = other_dates = None
    if contract.date is not None:
        dates = frame[contract.date].to_numpy("datetime64[ns]")
        other_dates = others[contract.date].to_numpy("datetime64[ns]")
    X = frame[[name for name in names if name not in _special(contract)]]
    if X.empty:
        raise DataError("the table has no feature column beside id, label and date")
    ids = np.arange(len(frame)) if contract.id is None else frame[contract.id].to_numpy()
    notes = []
    if contract.id is not None:
        named = frame[contract.id]
        notes = [nearly_equal_ids(named), doubtful_totals(named, np.zeros(len(named), bool))]
    return Customers(
        ids,
        X.reset_index(drop=True),
        y,
        dates,
        quarantine,
        contract.id,
        notes=tuple(filter(None, notes)),
        unlabelled=others[list(X)].reset_index(drop=True),
        unlabelled_dates=other_dates,
        meaning=meaning,
    )


def with_rejected_lines(
    table: Customers, lines: Sequence[RejectedRow], contract: Contract
) -> Customers:
    """Add lines of a file that could not be read to the rows in quarantine.

    Parameters
    ----------
    table : Customers
    lines : sequence of RejectedRow
    contract : Contract
        Says how many rows may break it.

    Returns
    -------
    Customers

    Raises
    ------
    DataError
        If there are too many.
    """
    if not lines:
        return table
    rows = len(table) + len(table.unlabelled) + len(table.quarantine) + len(lines)
    bad = len(table.quarantine) + len(lines)
    if bad > contract.max_quarantine * rows:
        raise DataError(
            f"{len(lines)} of {rows} lines cannot be read, more than the allowed share of "
            f"{contract.max_quarantine:.0%} ({bad} rows with those that break the contract); the "
            f"first is row {lines[0].row}: {lines[0].reason}; mend the file or raise max_quarantine"
        )
    reasons = [f"row {line.row}: {line.reason}" for line in lines]
    quarantine = pd.concat([table.quarantine, pd.DataFrame({"reason": reasons})])
    return replace(table, quarantine=quarantine.reset_index(drop=True))


def with_side_columns(table: Customers, names: Sequence[str]) -> Customers:
    """Move columns from the features to the side columns.

    Parameters
    ----------
    table : Customers
    names : sequence of str
        Features to move.

    Returns
    -------
    Customers
        The same rows; its side columns are the named ones alone.

    Raises
    ------
    DataError
        If there is no such column, or no feature would be left.

    Examples
    --------
    >>> frame = pd.DataFrame({"debt": [0, 5], "value": [90, 70], "left": ["No", "Yes"]})
    >>> table = apply_contract(frame, Contract(label="left"))
    >>> table = with_side_columns(table, ["value"])
    >>> list(table.X), table.side_columns["value"].tolist()
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
    side_names = list(dict.fromkeys(names))
    return replace(
        table,
        X=table.X.drop(columns=side_names),
        unlabelled=table.unlabelled.drop(columns=side_names, errors="ignore"),
        side_columns=table.X[side_names],
        columns=None,
    )


def _check_columns(names: list[str], contract: Contract) -> None:
    wanted = {"label": contract.label, "id": contract.id, "date": contract.date}
    for role, name in wanted.items():
        if name is not None and name not in names:
            raise DataError(f"the table has no {role} column {name!r}: {did_you_mean(name, names)}")
    for name in contract.drop:
        if name not in names:
            raise DataError(
                f"the table has no column {name!r}, which is to be left out: "
                f"{did_you_mean(name, names)}"
            )


def _quarantined(frame: pd.DataFrame, contract: Contract) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows that keep the contract, and rows that break it with a column ``reason``.

    Of the former, dates are read and whole numbers among the ids are such.
    """
    frame = frame.drop_duplicates()
    reason, converted = pd.Series("", frame.index, dtype=object), {}
    features = [name for name in frame if name not in _special(contract)]
    found = rows_without_customer(
        None if contract.id is None else frame[contract.id], frame[features]
    )
    totals = found[TOTAL]
    reason[found[NOTHING_ELSE]] = NOTHING_ELSE if contract.id is not None else "no value"
    if contract.date is not None:
        converted[contract.date] = _dates(frame[contract.date])
        reason[converted[contract.date].isna()] = "no readable date"
    if contract.id is not None:
        ids = frame[contract.id]
        refuse_exponents(ids)
        keys, no_key = whole_keys(ids.mask(totals) if totals.any() else ids)
        converted[contract.id] = keys
        reason[no_key] = "the id is no whole number"
        reason[text(ids).isna()] = "no id"
    reason[totals] = TOTAL
    bad = reason != ""
    if bad.mean() > contract.max_quarantine:
        raise DataError(
            f"{int(bad.sum())} of {len(frame)} rows break the contract "
            f"({listed(reason[bad].unique())}), more than the allowed share of "
            f"{contract.max_quarantine:.0%}; mend the table or raise max_quarantine"
        )
    good = frame[~bad].assign(**{name: values[~bad] for name, values in converted.items()})
    if contract.id is not None:
        good = good.assign(**{contract.id: _as_integers(good[contract.id], bool(totals.any()))})
    _check_ids(good, contract)
    return good, frame[bad].assign(reason=reason[bad])


def _special(contract: Contract) -> set[str | None]:
    """Columns that are no features."""
    return {contract.label, contract.id, contract.date, *contract.drop}


def _as_integers(ids: pd.Series[Any], had_totals: bool) -> pd.Series[Any]:
    """Whole numbers without a gap as plain ones; also texts, if a total was among them."""
    if ids.dtype == "Int64":
        return ids.astype(np.int64)
    is_text = had_totals and pd.api.types.infer_dtype(ids) == "string"
    return whole_numbers(ids) if is_text else ids


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


def _labels(values: pd.Series[Any], contract: Contract) -> tuple[LabelMeaning, Ints]:
    """What the labels mean, by the contract or by a decision that it brings, and who left."""
    plain = pd.api.types.is_numeric_dtype(values.dtype)  # booleans are, too
    words, question = values if plain else text(values), contract.question
    if contract.meaning is not None:
        y = apply_meaning(contract.meaning, words, column=contract.label, question=question)
        return replace(contract.meaning, column=contract.label), y
    return read_label(
        words,
        positive=contract.positive,
        negative=contract.negative,
        column=contract.label,
        question=question,
    )


def _dates(values: pd.Series[Any]) -> pd.Series[Any]:
    """Dates however they are written; NaT where there is none or it cannot be read."""
    name = str(values.name)
    frame = values.to_frame(name)
    schema = Schema((replace(infer(frame, {name: "date"}).columns[0], name=name),))
    try:
        bad = list(unreadable(schema, frame))
    except DataError:
        if not pd.api.types.is_numeric_dtype(values.dtype):
            raise
        raise DataError(f"date column {name!r} holds numbers; write dates as 2026-08-31") from None
    if bad:
        known = np.ones(len(frame), bool)
        known[bad] = False
        frame = frame.where(pd.Series(known, frame.index))
    table, _ = read(schema, frame)
    return pd.Series(days_as_dates(table.numbers[:, 0]).to_numpy(), values.index)
