"""The contact log: who was contacted or held out, with what, how likely that was, and when.

Without it no effect can be told afterwards. A row is a customer of a campaign; customers who were
held out keep the offer and the channel that they would have got.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dbnchurn.campaign.arm_names import ARMS, CONTACT, CONTROL
from dbnchurn.campaign.source import (
    CampaignSource,
    CampaignTable,
    as_dates,
    as_numbers,
    as_words,
    read_source,
    rows_text,
)
from dbnchurn.core.errors import ConfigError, DataError, did_you_mean, listed
from dbnchurn.core.files import atomic_write
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.locks import folder_lock
from dbnchurn.core.made_by import stand_in
from dbnchurn.core.places import check_places
from dbnchurn.core.scratch import remove_remains
from dbnchurn.core.spreadsheet_text import csv_text
from dbnchurn.tables.writing import ending_of

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq
else:
    pa = LazyModule("pyarrow")
    pq = LazyModule("pyarrow.parquet")
    pd = LazyModule("pandas")


WORDS = ("customer", "campaign", "offer", "channel", "arm")
NEEDED = (*WORDS, "propensity", "contact_date")
NUMBERS = ("score", "value", "cost")
OPTIONAL = (*NUMBERS, "segment")
TEXTS = (*WORDS, "segment")
COLUMNS = (*NEEDED, *OPTIONAL)
KINDS = {"propensity": "number", "contact_date": "date", **dict.fromkeys(NUMBERS, "number")}
WAIT = 60.0  # seconds for another process that appends
KEY = ["customer", "campaign"]
LONGEST_HEADER = 2 * sum(map(len, COLUMNS))  # bytes


@dataclass(frozen=True, eq=False)
class ContactLog:
    """A contact log that was checked.

    Parameters
    ----------
    frame : DataFrame
        Columns ``customer``, ``campaign``, ``offer``, ``channel``, ``arm`` (text), ``propensity``
        (float), ``contact_date`` (datetime64) and, where the log has them, ``score``, ``value``,
        ``cost`` (float) and ``segment`` (text); in this order, without another one.
    name : str
        Of the table, for messages.
    notes : tuple of str, default ()
        What was converted or left out while it was read.

    Examples
    --------
    >>> log = ContactLog.of(pd.DataFrame({
    ...     "customer": [7, 8], "campaign": "spring", "offer": "discount", "channel": "mail",
    ...     "arm": ["contact", "control"], "propensity": 0.5, "contact_date": "2026-03-01"}))
    >>> log.frame["customer"].tolist(), log.campaigns
    (['7', '8'], ('spring',))
    """

    frame: pd.DataFrame
    name: str
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, frame: pd.DataFrame, name: str = "contact log") -> ContactLog:
        """A log from rows in memory, which are checked as those of a file are.

        Parameters
        ----------
        frame : DataFrame
        name : str, default "contact log"
            For messages.

        Returns
        -------
        ContactLog

        Raises
        ------
        DataError
            With everything that is wrong.
        """
        return cls(checked(frame, name), name)

    @classmethod
    def read(cls, source: str | Path | CampaignSource) -> ContactLog:
        """Read a log from a file, a folder, a pattern or a database.

        Parameters
        ----------
        source : path or CampaignSource

        Returns
        -------
        ContactLog

        Raises
        ------
        DataError
            If the table cannot be read, or is no contact log.
        """
        if not isinstance(source, CampaignSource):
            source = CampaignSource(path=str(source))
        table = _read(source)
        _check_needed(table.frame, table.name)
        left_out = [name for name in table.frame if name not in COLUMNS]
        notes = list(table.notes)
        if left_out:
            notes.append(f"{table.name}: the log has no use for {listed(left_out)}: left out")
        kept = table.frame.drop(columns=left_out)
        return cls(checked(kept, table.name), table.name, tuple(notes))

    @property
    def campaigns(self) -> tuple[str, ...]:
        """Names of the campaigns, sorted."""
        return tuple(sorted(self.frame["campaign"].unique()))

    def of_campaign(self, campaign: str | None, *, every: bool = False) -> ContactLog:
        """The rows of one campaign.

        Parameters
        ----------
        campaign : str or None
            None where the log holds one alone.
        every : bool, default False
            Take all campaigns together; the effect is then their mean.

        Returns
        -------
        ContactLog

        Raises
        ------
        ConfigError
            If the log holds several and none is named, or not the one that is named.
        """
        names = self.campaigns
        if every and campaign is not None:
            raise ConfigError("give the name of a campaign, or all of them (--all), not both")
        if every or (campaign is None and len(names) == 1):
            return self
        if campaign is None:
            raise ConfigError(
                f"{self.name} holds {len(names)} campaigns, {listed(names)}; name one with "
                "--campaign NAME, or take them together with --all"
            )
        if campaign not in names:
            raise ConfigError(
                f"{self.name}: no campaign {campaign!r}: {did_you_mean(campaign, names)}"
            )
        rows = self.frame[self.frame["campaign"] == campaign]
        return ContactLog(rows.reset_index(drop=True), self.name, self.notes)

    def append_to(self, path: str | Path, *, mkdir: bool = False) -> int:
        """Add the rows to a log on disk, whole or not at all, while other processes wait.

        Rows that are there already, all values equal, are not added again, so that a job may be
        repeated.

        Parameters
        ----------
        path : path
            ``.csv`` or ``.parquet``; made where it is not there.
        mkdir : bool, default False
            Make its folder if it is not there.

        Returns
        -------
        int
            Rows that were added.

        Raises
        ------
        DataError
            If a customer is in that campaign of the log already, with other values, or the file
            is no contact log.
        """
        path = Path(path)
        ending = ending_of(path)
        check_places({"log": path}, mkdir=mkdir)
        path.parent.mkdir(parents=True, exist_ok=True)
        with folder_lock(path.parent, WAIT):
            remove_remains(path.parent)  # of a process that was killed after it had added them
            there = None
            if path.exists() and path.stat().st_size:
                there = _strictly_read(path)
            rows = self.frame if there is None else _new_rows(there, self.frame, path)
            if len(rows) or there is None:
                parts = [rows] if there is None else [there, rows]
                everything = pd.concat(parts, ignore_index=True)
                names = [name for name in COLUMNS if name in everything]
                with atomic_write(path) as unfinished:
                    _write(everything[names], unfinished, ending)
        return len(rows)


def _read(source: CampaignSource) -> CampaignTable:
    """The table of a log; that of an empty list has columns and no rows."""
    names = _columns_alone(Path(stand_in(source.path or "")))
    if set(NEEDED) <= set(names) <= set(COLUMNS):
        return CampaignTable(pd.DataFrame({name: [] for name in names}), source.name)
    return read_source(source, texts=TEXTS, kinds=KINDS)


def _columns_alone(path: Path) -> list[str]:
    """Columns of a file without rows; none of another file."""
    if not path.is_file():
        return []
    if path.suffix == ".csv" and path.stat().st_size <= LONGEST_HEADER:
        return path.read_text(encoding="utf-8-sig", errors="replace").rstrip("\r\n").split(",")
    if path.suffix != ".parquet":
        return []
    try:
        table = pq.read_metadata(path)
    except pa.ArrowInvalid:  # read_source says what it is
        return []
    return [] if table.num_rows else table.schema.names


def _strictly_read(path: Path) -> pd.DataFrame:
    """A log to be written again, which may therefore have no column or row that would be lost."""
    table = _read(CampaignSource(path=str(path)))
    if table.totals:
        raise DataError(
            f"{path}: a log that is added to holds customers alone, and this one has "
            f"{table.totals} {'total' if table.totals == 1 else 'totals'}; take such rows out"
        )
    return checked(table.frame, str(path))


def _new_rows(there: pd.DataFrame, rows: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Rows that the log does not have; refused where it has others of the same customers."""
    both = rows.merge(there, on=KEY, how="left", suffixes=("", " there"), indicator="found")
    known = (both["found"] == "both").to_numpy()
    differs = np.zeros(len(rows), bool)
    for name in [name for name in rows.columns if name not in KEY]:
        if name in there:
            one, other = both[name], both[f"{name} there"]
            differs |= ((one != other) & ~(one.isna() & other.isna())).to_numpy(bool)
        else:
            differs |= both[name].notna().to_numpy()
    if (known & differs).any():
        first = both[known & differs].iloc[0]
        raise DataError(
            f"{path}: {int((known & differs).sum())} customers of the new list are in the log "
            f"already with other values, such as {first['customer']!r} in campaign "
            f"{first['campaign']!r}; give the new list another name of campaign, or leave these "
            "customers out"
        )
    return rows[~known]


def _write(frame: pd.DataFrame, path: Path, ending: str) -> None:
    if ending == ".csv":
        shown = frame.assign(contact_date=frame["contact_date"].dt.strftime("%Y-%m-%d"))
        path.write_text(csv_text(shown), encoding="utf-8")
        return
    kinds = {name: pa.string() for name in TEXTS}
    kinds |= {"propensity": pa.float64(), "contact_date": pa.date32()}
    kinds |= dict.fromkeys(NUMBERS, pa.float64())
    schema = pa.schema([(str(name), kinds[str(name)]) for name in frame])
    pq.write_table(pa.Table.from_pandas(frame, schema, preserve_index=False), path)


def checked(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows as a log has them; the frame that was given stays as it is.

    Parameters
    ----------
    frame : DataFrame
    name : str
        Of the table, for messages.

    Returns
    -------
    DataFrame

    Raises
    ------
    DataError
        With everything that is wrong, one clause each.
    """
    _check_needed(frame, name)
    if unknown := [column for column in frame if column not in COLUMNS]:
        raise DataError(
            f"{name}: a contact log has no column {listed(unknown)}: "
            f"{did_you_mean(str(unknown[0]), COLUMNS)}; leave it out"
        )
    rows = pd.DataFrame({column: frame[column] for column in COLUMNS if column in frame})
    rows = rows.reset_index(drop=True)
    for column in TEXTS:
        if column in rows:
            rows[column] = as_words(rows[column], name).astype(object)
    for column in ("propensity", *NUMBERS):
        if column in rows:
            rows[column] = as_numbers(rows[column], name)
    rows["contact_date"] = as_dates(rows["contact_date"], name)
    wrong = [
        f"column {column!r} is empty {rows_text(rows[column].isna())}: every row needs it"
        for column in NEEDED
        if rows[column].isna().any()
    ]
    wrong += _out_of_range(rows)
    repeated = rows.duplicated(KEY, keep=False).to_numpy()
    if repeated.any():
        first = rows[repeated].iloc[0]
        wrong.append(
            f"{int(rows[repeated]['customer'].nunique())} customers are in a campaign twice "
            f"{rows_text(repeated)}, such as {first['customer']!r} in {first['campaign']!r}: keep "
            "one row of each, or name the second wave as a campaign of its own"
        )
    if wrong:
        raise DataError(f"{name}: {'; '.join(wrong)}")
    return rows


def _check_needed(frame: pd.DataFrame, name: str) -> None:
    if absent := [column for column in NEEDED if column not in frame]:
        raise DataError(
            f"{name}: a contact log needs the column {listed(absent, limit=len(NEEDED))}, this has "
            f"{listed(frame.columns)}; name it so, or say in a config how it is called: log: "
            f"{{path: …, columns: {{{absent[0]}: …}}}}"
        )


def _out_of_range(rows: pd.DataFrame) -> list[str]:
    """What is wrong with arms, propensities and scores."""
    wrong = []
    arms = rows["arm"].dropna()
    if unknown := sorted(set(arms) - set(ARMS)):
        rows_of = rows_text(rows["arm"].isin(unknown))
        wrong.append(f"unknown arm {listed(unknown)} {rows_of}: an arm is one of {listed(ARMS)}")
    chance = rows["propensity"]
    outside = ((chance <= 0) | (chance > 1)).to_numpy()
    if outside.any():
        wrong.append(
            f"propensity {chance[outside].iloc[0]:g} is out of its range {rows_text(outside)}: it "
            "is the probability of the draw, above 0 and at most 1; where nobody was drawn at "
            "random there is none, and no effect can be told"
        )
    if "score" in rows:
        score = rows["score"]
        outside = ((score < 0) | (score > 1)).to_numpy()
        if outside.any():
            wrong.append(
                f"score {score[outside].iloc[0]:g} is out of its range {rows_text(outside)}: it is "
                "the probability of leaving, from 0 to 1"
            )
    return wrong


@dataclass(frozen=True)
class LogEntry:
    """What a list that is written adds to a contact log, beside the customers and their arms.

    Parameters
    ----------
    path : Path
        Of the log, ``.csv`` or ``.parquet``.
    campaign, offer, channel : str
        The same for all customers of the list.
    contact_date : date
        When they will be contacted.

    Raises
    ------
    ConfigError
        If a name is empty, or the log has another ending.

    Examples
    --------
    >>> LogEntry(Path("log.csv"), "spring", "discount", "mail", date(2026, 3, 1)).channel
    'mail'
    """

    path: Path
    campaign: str
    offer: str
    channel: str
    contact_date: date

    def __post_init__(self) -> None:
        for field in ("campaign", "offer", "channel"):
            if not str(getattr(self, field)).strip():
                raise ConfigError(f"contact log: the name of the {field} is empty; give one")
        ending_of(self.path)

    def rows(self, customers: Any, control: Any, share: float, score: Any) -> ContactLog:
        """The rows of a list whose control group was drawn at random.

        Parameters
        ----------
        customers : array-like of shape (n,)
            Ids.
        control : bool array-like of shape (n,)
            Who is held out.
        share : float
            Probability of being held out.
        score : float array-like of shape (n,)
            Probability of leaving.

        Returns
        -------
        ContactLog
        """
        held_out = np.asarray(control, bool)
        frame = pd.DataFrame(
            {
                "customer": customers,
                "campaign": self.campaign,
                "offer": self.offer,
                "channel": self.channel,
                "arm": np.where(held_out, CONTROL, CONTACT).astype(object),
                "propensity": np.where(held_out, share, 1 - share),
                "contact_date": pd.Timestamp(self.contact_date),
                "score": np.asarray(score, np.float64),
            }
        )
        return ContactLog.of(frame, "campaign list")
