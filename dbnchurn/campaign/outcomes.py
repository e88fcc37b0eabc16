"""What became of the customers of a contact log, joined by customer and by the outcome window.

Customers without an outcome are counted and never taken as stayed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from dbnchurn.campaign.id_match import Match, check_ids, id_keys
from dbnchurn.campaign.log import ContactLog
from dbnchurn.campaign.outcome_names import id_note, own_names, with_own_names
from dbnchurn.campaign.source import (
    CampaignSource,
    as_dates,
    as_numbers,
    as_words,
    read_source,
    rows_text,
)
from dbnchurn.core.errors import DataError, listed
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Bools, Ints
from dbnchurn.tables.doubtful_values import FAR
from dbnchurn.tables.label_words import Word, class_key, word_of

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pandas as pd
else:
    pd = LazyModule("pandas")

COLUMNS = ("customer", "campaign", "left", "left_date", "accepted", "revenue")
SHOWN = 3
DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, eq=False)
class Outcomes:
    """A table of outcomes that was checked.

    Parameters
    ----------
    frame : DataFrame
        ``customer`` (text), ``left`` (0, 1 or NaN) and, where the table has them, ``campaign``
        (text), ``left_date`` (datetime64), ``accepted`` (0, 1 or NaN), ``revenue`` (float).
    name : str
        Of the table, for messages.
    notes : tuple of str, default ()
        What was converted, assumed or left out.

    Examples
    --------
    >>> found = Outcomes.of(pd.DataFrame({"customer": [7, 8], "left": ["yes", "no"]}))
    >>> found.frame["left"].tolist()
    [1.0, 0.0]
    """

    frame: pd.DataFrame
    name: str
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, frame: pd.DataFrame, name: str = "outcomes") -> Outcomes:
        """Outcomes from rows in memory, which are checked as those of a file are.

        Parameters
        ----------
        frame : DataFrame
            The customer may be named ``id`` or ``customer_id`` too, or by the only column that is
            named like an id, which is said.
        name : str, default "outcomes"
            For messages.

        Returns
        -------
        Outcomes

        Raises
        ------
        DataError
            If a column is missing or holds something else.
        """
        header = [str(column) for column in frame.columns]
        own = own_names(header, {})
        notes = id_note(name, own["customer"], header) if "customer" in own else []
        frame = frame.rename(columns={theirs: needed for needed, theirs in own.items()})
        if "customer" not in frame or not {"left", "left_date"} & set(frame):
            raise DataError(
                f"{name}: outcomes need the columns 'customer' and 'left' (0 or 1) or 'left_date' "
                f"(empty for those who stayed), this has {listed(frame.columns)}; name them so "
                "(just one of 'customer', 'id' and 'customer_id'), or say in a config how they are "
                "called: outcomes: {path: …, columns: {customer: …, left: …}}"
            )
        unused = [column for column in frame if column not in COLUMNS]
        notes += [f"{name}: no use for {listed(unused)}: left out"] if unused else []
        rows = pd.DataFrame({column: frame[column] for column in COLUMNS if column in frame})
        rows = rows.reset_index(drop=True)
        for column in {"customer", "campaign"} & set(rows):
            rows[column] = as_words(rows[column], name).astype(object)
            if rows[column].isna().any():
                places = rows_text(rows[column].isna())
                raise DataError(f"{name}: column {column!r} is empty {places}; every row needs it")
        for column in {"left", "accepted"} & set(rows):
            rows[column] = _yes_or_no(rows[column], name)
        if "revenue" in rows:
            rows["revenue"] = as_numbers(rows["revenue"], name)
        if "left_date" in rows:
            rows["left_date"] = as_dates(rows["left_date"], name)
            rows["left"] = _left_by_date(rows, name)
        return cls(_once(rows, name, notes), name, tuple(notes))

    @classmethod
    def read(cls, source: str | Path | CampaignSource) -> Outcomes:
        """Read outcomes from a file, a folder, a pattern or a database.

        Parameters
        ----------
        source : path or CampaignSource

        Returns
        -------
        Outcomes

        Raises
        ------
        DataError
            If the table cannot be read, or holds no outcomes.
        """
        if not isinstance(source, CampaignSource):
            source = CampaignSource(path=str(source))
        source, said = with_own_names(source)
        texts, kinds = ["customer", "campaign", "left", "accepted"], {"revenue": "number"}
        table = read_source(source, texts=texts, kinds={**kinds, "left_date": "date"})
        made = cls.of(table.frame, table.name)
        return cls(made.frame, made.name, (*table.notes, *said, *made.notes))


def _once(rows: pd.DataFrame, name: str, notes: list[str]) -> pd.DataFrame:
    """Every customer once; equal rows are one outcome, but for revenue, which may be two sums."""
    keys = [column for column in ("customer", "campaign") if column in rows]
    repeats = rows.duplicated().to_numpy() & ("revenue" not in rows)
    once = rows[~repeats]
    repeated = np.zeros(len(rows), bool)
    repeated[~repeats] = once.duplicated(keys, keep=False).to_numpy()
    if repeated.any():
        raise DataError(
            f"{name}: customers are there twice {rows_text(repeated)}, such as "
            f"{rows[repeated]['customer'].iloc[0]!r}; keep one outcome of each, or add a "
            "column 'campaign'"
        )
    if repeats.any():
        notes.append(f"{name}: another row is repeated {rows_text(repeats)}: counted once")
    return once.reset_index(drop=True)


def _yes_or_no(values: pd.Series[Any], name: str) -> pd.Series[Any]:
    """A column as 1, 0 or NaN."""
    keys = {value: class_key(value) for value in values.dropna().unique()}
    numbers: dict[Any, float] = {}
    for value, key in keys.items():
        word = word_of(key)
        if word is not None:
            numbers[value] = float(word in (Word.YES, Word.LEFT))
    if unknown := [value for value in keys if value not in numbers]:
        dated = (
            pd.to_datetime(pd.Series(unknown).astype(str), errors="coerce", format="ISO8601")
            .notna()
            .all()
        )
        hint = "; dates of leaving belong in 'left_date'" if dated else ""
        raise DataError(
            f"{name}: column {values.name!r} holds {listed(unknown, limit=SHOWN)} "
            f"{rows_text(values.isin(unknown))}: write 1 or 0, or yes or no{hint}"
        )
    return values.map(numbers).astype(np.float64)


def _left_by_date(rows: pd.DataFrame, name: str) -> pd.Series[Any]:
    dated = rows["left_date"].notna()
    if "left" not in rows:
        return dated.astype(np.float64)
    clash = ((rows["left"] == 0) & dated).to_numpy()
    undated = ((rows["left"] == 1) & ~dated).to_numpy()
    if clash.any():
        raise DataError(
            f"{name}: customers stayed (left 0) and have a date of leaving {rows_text(clash)}; "
            "mend one of the two columns"
        )
    if undated.any():
        raise DataError(
            f"{name}: customers left (left 1) and have no date of leaving {rows_text(undated)}; "
            "add it, or leave the column 'left_date' out"
        )
    return rows["left"].where(~dated, 1.0)


@dataclass(frozen=True, eq=False)
class JoinedLog:
    """A contact log with the outcomes that are known.

    Parameters
    ----------
    frame : DataFrame
        The rows of the log whose outcome is known, with ``left`` and, where the table has them,
        ``accepted`` and ``revenue``.
    log : DataFrame
        All rows of the log.
    window : int or None
        Days after the contact in which an outcome counts; None where the table alone says it.
    wanted_window : int or None
        Days that were asked for; more than `window` where the windows are not over.
    as_of : date or None
        Day up to which outcomes are known.
    without_outcome, not_over, others : int
        Customers of the log without outcome, those whose window is not over, and outcomes of
        customers who are not in the log.
    notes : tuple of str, default ()

    """

    frame: pd.DataFrame
    log: pd.DataFrame
    window: int | None
    wanted_window: int | None
    as_of: date | None
    without_outcome: int
    not_over: int
    others: int
    notes: tuple[str, ...] = ()

    @property
    def preliminary(self) -> bool:
        """Whether the windows of some customers are not over."""
        return self.not_over > 0 or self.window != self.wanted_window


def join_outcomes(
    log: ContactLog,
    outcomes: Outcomes,
    *,
    window: int | None = None,
    as_of: date | None = None,
    match: Match = "exact",
) -> JoinedLog:
    """Join outcomes to a log.

    Parameters
    ----------
    log : ContactLog
    outcomes : Outcomes
    window : int, optional
        Days from the contact on in which leaving counts; needed where the outcomes have dates.
    as_of : date, optional
        Day up to which outcomes are complete; by default the last date of leaving.
    match : {"exact", "digits", "loose"}, default "exact"
        How ids are compared: as they are written; without blanks and leading zeros; without case.

    Returns
    -------
    JoinedLog

    Raises
    ------
    DataError
        If ids do not match, dates contradict one another, no window is over, or the outcomes are
        of leavers alone.
    """
    rows = log.frame.copy()
    found = outcomes.frame.copy()
    keys = ["customer"]
    if "campaign" in found:
        keys.append("campaign")
    elif log.frame.duplicated("customer").any() and "left_date" not in found:
        raise DataError(
            f"{outcomes.name}: customers of {log.name} are in several campaigns, and the outcomes "
            "say neither of which campaign they are (column 'campaign') nor when (column "
            "'left_date'); add one of them, or measure one campaign with --campaign NAME"
        )
    rows["key"], found["key"] = id_keys(rows, found, log.name, outcomes.name, match)
    check_ids(rows, found, (log.name, outcomes.name), match)
    keys[0] = "key"
    taken = [name for name in ("left", "left_date", "accepted", "revenue") if name in found]
    joined = rows.merge(found[[*keys, *taken]], on=keys, how="left", validate="many_to_one")
    pairs = found[keys].merge(rows[keys].drop_duplicates(), on=keys, how="left", indicator=True)
    others = int((pairs["_merge"] == "left_only").sum())
    known = joined["left"].notna().to_numpy()
    if known.any() and (joined["left"][known] == 1).all() and not known.all():
        raise DataError(
            f"{outcomes.name}: everybody in it left, and {int((~known).sum())} customers of "
            f"{log.name} are not in it; a customer without an outcome is not taken as stayed: add "
            "a row for those who stayed (left 0, or an empty left_date)"
        )
    notes = [*log.notes, *outcomes.notes]
    over, days, as_of = _windows(joined, outcomes, window, as_of, notes)
    if "left_date" in joined:
        counted = days if days is not None else 0
        inside = joined["left_date"] < joined["contact_date"] + counted * DAY
        joined["left"] = joined["left"].where(~known, inside.astype(np.float64))
    return JoinedLog(
        joined[known & over].drop(columns=["key"]).reset_index(drop=True),
        log.frame,
        days,
        window,
        as_of,
        int((~known).sum()),
        int((known & ~over).sum()),
        others,
        tuple(notes),
    )


Windows: TypeAlias = tuple[Bools, int | None, date | None]
"""Whose window is over, how many days count, and up to which day outcomes are known."""


def _windows(
    joined: pd.DataFrame,
    outcomes: Outcomes,
    window: int | None,
    as_of: date | None,
    notes: list[str],
) -> Windows:
    """The windows of outcomes; where none is over, as many days count as all have."""
    if "left_date" not in joined:
        return _undated_windows(joined["contact_date"], outcomes, window, as_of, notes)
    if window is None:
        raise DataError(
            f"{outcomes.name} has dates of leaving, so say how many days after the contact count: "
            "--days DAYS (lift.days)"
        )
    as_of = as_of or _last_known(outcomes, notes)
    age = _days_known(joined, outcomes, as_of)
    over = age >= window
    if over.any():
        return over, window, as_of
    return np.ones(len(joined), bool), int(age.min()), as_of


def _undated_windows(
    contact: pd.Series[Any],
    outcomes: Outcomes,
    window: int | None,
    as_of: date | None,
    notes: list[str],
) -> Windows:
    """The windows of outcomes without dates, each of the whole window."""
    if as_of is None:
        notes.append(
            f"{outcomes.name} has no dates: it is assumed that every outcome is of the whole "
            "window; --as-of DATE with --days DAYS checks that"
        )
        return np.ones(len(contact), bool), window, None
    if window is None:
        raise DataError(f"{outcomes.name}: as_of (--as-of) needs the days of the window: --days")
    over = (contact + window * DAY <= pd.Timestamp(as_of) + DAY).to_numpy()
    if not over.any():
        end = (contact.min() + (window - 1) * DAY).date()
        raise DataError(
            f"{outcomes.name}: no outcome window is over on {as_of}: the first ends on {end}; "
            "wait, or give outcomes with dates of leaving (left_date), from which a shorter "
            "window can be measured"
        )
    return over, window, as_of


def _last_known(outcomes: Outcomes, notes: list[str]) -> date:
    """The last date of leaving, up to which outcomes are taken as known."""
    last = outcomes.frame["left_date"].max()
    if pd.isna(last):
        raise DataError(
            f"{outcomes.name}: nobody left, so it does not say up to which day outcomes are "
            "known; give --as-of DATE"
        )
    if last >= pd.Timestamp(FAR[1]):
        raise DataError(
            f"{outcomes.name}: the last date of leaving is {last.date()}, which stands for "
            f"never; empty these cells, say missing: ['{last.date()}'], or give --as-of DATE"
        )
    as_of: date = last.date()
    notes.append(
        f"outcomes are taken as known up to {as_of}, the last date of leaving in "
        f"{outcomes.name}; --as-of DATE says it otherwise"
    )
    return as_of


def _days_known(joined: pd.DataFrame, outcomes: Outcomes, as_of: date) -> Ints:
    """Days from each contact on of which the outcome is known; refused where dates cannot be."""
    contact = joined["contact_date"]
    age = (pd.Timestamp(as_of) - contact).dt.days.to_numpy() + 1
    if (age < 1).any():
        raise DataError(
            f"{outcomes.name}: outcomes are known up to {as_of}, and customers were contacted "
            f"after that {rows_text(age < 1)} of the log, such as on "
            f"{contact[age < 1].iloc[0].date()}; give outcomes of later days, or --as-of DATE if "
            "they are complete up to a later day"
        )
    late = (outcomes.frame["left_date"] > pd.Timestamp(as_of)).to_numpy()
    if late.any():
        raise DataError(
            f"{outcomes.name}: dates of leaving after {as_of} (--as-of) {rows_text(late)}; mend "
            "the dates, or give the day up to which outcomes are known"
        )
    before = (joined["left_date"] < contact).to_numpy()
    if before.any():
        first = joined[before].iloc[0]
        raise DataError(
            f"{outcomes.name}: customers left before they were contacted, "
            f"{int(before.sum())} of them, such as {first['customer']!r} on "
            f"{first['left_date'].date()}, to be contacted on {first['contact_date'].date()}; mend "
            "the dates, or take these customers out of the log, whichever arm they are in"
        )
    return np.asarray(age)


def counts_by_arm(joined: JoinedLog) -> Mapping[str, tuple[int, int]]:
    """Arm → rows of the log, and those whose outcome is known."""
    everyone = joined.log["arm"].value_counts()
    known = joined.frame["arm"].value_counts()
    return {str(arm): (int(n), int(known.get(arm, 0))) for arm, n in everyone.items()}
