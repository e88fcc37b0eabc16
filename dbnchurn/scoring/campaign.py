"""The campaign list: customers to contact, and a control group drawn from the same customers.

Only the difference between these two groups measures the effect of a campaign.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dbnchurn.campaign.arm_names import CONTACT, CONTROL
from dbnchurn.campaign.id_match import Match
from dbnchurn.campaign.log import ContactLog, LogEntry
from dbnchurn.campaign.other_campaigns import RUNNING, held_out_elsewhere
from dbnchurn.campaign.suppression import MATCHES, check_list, comparable, readable, suppress
from dbnchurn.core.errors import ConfigError, DataError, did_you_mean, listed
from dbnchurn.core.files import atomic_write
from dbnchurn.core.places import check_places, conflicts
from dbnchurn.core.sql import quoted, text_literal
from dbnchurn.core.typing import Bools
from dbnchurn.data.typed import as_text
from dbnchurn.scoring.output_paths import disk_errors
from dbnchurn.tables.dialect import CsvSettings
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.writing import ending_of, relation_of, write_pieces

logger = logging.getLogger(__name__)
MEMORY = "400MB"  # of DuckDB
PIECE = 50_000  # rows that are written at a time


@dataclass(frozen=True)
class Campaign:
    """The campaign list that is wanted.

    Parameters
    ----------
    path : Path
        ``.csv`` or ``.parquet``.
    budget : float
        Customers that can be contacted; below 1, their share of all that were scored.
    suppress : Path, optional
        Customers who must not be on the list: a CSV, Excel or Parquet file with a column ``id`` or
        one named as the id column of the scored table (or one column alone), or a ``.txt`` file
        with one id a line.
    control : float, default 0
        Share of the list, drawn at random, that is not contacted. The control group comes on top
        of the budget.
    random_state : int, default 0
        Seed of the draw of the control group.
    suppress_match : {"exact", "digits", "loose"}, default "exact"
        How ids of the suppression list are compared with those of the scores: as they are written
        but for blanks around them; without blanks, leading zeros and a ``.0`` at the end; or
        without these and case.
    allow_unmatched : bool, default False
        Go on where ids of the suppression list match no customer in this comparison, but would in
        a less strict one, or where not one of them matches in any.
    raw_text : bool, default False
        Texts of CSV, in the scores and on the list, are as they are; otherwise those that a
        spreadsheet would compute have an apostrophe in front.
    log : LogEntry, optional
        A contact log that the list is added to; what the list is about, and where the log lies.
    suppress_csv, suppress_sheet : optional
        How the suppression list is read, where it is not found out.

    Raises
    ------
    ConfigError
        If a number is out of its range, or a file cannot be used.

    Examples
    --------
    >>> Campaign(Path("campaign.csv"), budget=0.05, control=0.1).random_state
    0
    """

    path: Path
    budget: float
    suppress: Path | None = None
    control: float = 0.0
    random_state: int = 0
    suppress_match: Match = "exact"
    allow_unmatched: bool = False
    raw_text: bool = False
    log: LogEntry | None = None
    suppress_csv: CsvSettings | None = None
    suppress_sheet: str | None = None

    def __post_init__(self) -> None:
        if not self.budget > 0 or (self.budget >= 1 and self.budget != math.floor(self.budget)):
            raise ConfigError(
                f"campaign budget {self.budget:g}: give a number of customers, such as 5000, or "
                "their share, such as 0.05"
            )
        if not 0 <= self.control < 1:
            raise ConfigError(f"control share {self.control:g}: give a share from 0 to below 1")
        if self.random_state < 0:
            raise ConfigError(f"campaign seed {self.random_state}: give a number from 0 on")
        if self.suppress_match not in MATCHES:
            raise ConfigError(
                f"suppress_match {self.suppress_match!r}: "
                f"{did_you_mean(self.suppress_match, MATCHES)}"
            )
        ending_of(self.path)
        if self.log is not None and conflicts({"campaign": self.path, "log": self.log.path}, {}):
            raise ConfigError(f"{self.path} is the contact log; write the list elsewhere")
        if self.path.is_dir():
            raise ConfigError(f"{self.path}: a campaign list is a file, this is a folder")
        if self.suppress is None and (self.suppress_csv or self.suppress_sheet):
            raise ConfigError(
                "--suppress-delimiter, --suppress-encoding and --suppress-sheet (suppress_csv, "
                "suppress_sheet) are about a suppression list"
            )
        if self.suppress is not None:
            check_list(self.suppress)
            if conflicts({"campaign": self.path}, {"suppress": [self.suppress]}):
                raise ConfigError(f"{self.path} is the suppression list; write the list elsewhere")


@dataclass(frozen=True)
class CampaignList:
    """A campaign list that was written.

    Parameters
    ----------
    path : Path
    contact, control : int
        Customers in the two groups.
    suppressed : int
        Scored customers that the suppression list kept off.
    listed : int
        Different ids of the suppression list.
    matched : int
        Those that are ids of scored customers.
    repeated : int
        Entries of the suppression list that repeat an earlier one.
    match : {"exact", "digits", "loose"}
        How ids were compared.
    given : bool
        Whether there was a suppression list.
    logged : int, optional
        Customers that were added to the contact log; None without one.
    """

    path: Path
    contact: int
    control: int
    suppressed: int
    listed: int
    matched: int = 0
    repeated: int = 0
    match: Match = "exact"
    given: bool = False
    logged: int | None = None


def write_campaign(
    scores: Path | Sequence[Path],
    campaign: Campaign,
    *,
    id: str | None = None,
    mkdir: bool = False,
) -> CampaignList:
    """Write the customers who are likeliest to leave, best first, out of core.

    Every customer is on the list once, with the highest score, and customers without id are not.
    Equal scores are ordered by id, so the list does not depend on the order of the rows.

    Parameters
    ----------
    scores : path or paths
        Scores of a job; CSV or Parquet with ``id`` and ``probability``.
    campaign : Campaign
    id : str, optional
        How the id column was called in the table that was scored; the suppression list may call
        it so too.
    mkdir : bool, default False
        Make the folder of the list if it is not there.

    Returns
    -------
    CampaignList
        The file has the columns ``rank``, ``group`` (contact or control), then those of the scores.

    Raises
    ------
    DataError, ConfigError
        If scores or suppression list cannot be read, the ids of the suppression list are written
        otherwise than those of the scores, or the list cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     scores, path = Path(folder, "scores.csv"), Path(folder, "campaign.csv")
    ...     pd.DataFrame({"id": [1, 2, 3, 4], "probability": [0.1, 0.4, 0.3, 0.2]}).to_csv(scores)
    ...     made = write_campaign(scores, Campaign(path, budget=2, control=1 / 3))
    ...     list(pd.read_csv(path)["id"]), made.contact, made.control
    ([2, 3, 4], 2, 1)
    """
    paths = [scores] if isinstance(scores, Path) else list(scores)
    written = {"campaign": campaign.path, "log": campaign.log.path if campaign.log else None}
    check_places(written, {"scores": paths}, mkdir=mkdir)
    logged = None
    with Session(MEMORY, n_threads=1) as session, readable(paths[0]):
        relation = relation_of(paths, raw_text=campaign.raw_text)
        session.run(f"CREATE VIEW scores AS SELECT * FROM {relation}")
        _known(session)
        kept_off = suppress(
            session,
            campaign.suppress,
            id,
            campaign.suppress_match,
            allow_unmatched=campaign.allow_unmatched,
            csv=campaign.suppress_csv,
            sheet=campaign.suppress_sheet,
        )
        contact, control = _sizes(session, campaign)
        with disk_errors(campaign.path), atomic_write(campaign.path) as unfinished:
            pieces = _pieces(session, contact, control, campaign.random_state)
            ending = ending_of(campaign.path)
            write_pieces(pieces, unfinished, ending, raw_text=campaign.raw_text)
            if campaign.log is not None:  # before the list has its name: both or neither
                list_ = relation_of([unfinished], raw_text=campaign.raw_text)
                logged = _append(session, list_, campaign.log, control / max(1, contact + control))
    return CampaignList(
        campaign.path,
        contact,
        control,
        kept_off.customers,
        kept_off.ids,
        kept_off.matched,
        kept_off.repeated,
        campaign.suppress_match,
        campaign.suppress is not None,
        logged,
    )


def _append(session: Session, relation: str, log: LogEntry, share: float) -> int:
    """Add the customers of the list to the contact log; how many there were to add."""
    table = session.arrow(f'SELECT id, "group" AS arm, probability FROM {relation}')
    rows = table.to_pandas()
    if not len(rows):
        return 0
    made = log.rows(rows["id"], rows["arm"] == CONTROL, share, rows["probability"].astype(float))
    if log.path.exists() and log.path.stat().st_size:
        held = held_out_elsewhere(
            ContactLog.read(log.path), made.frame["customer"], log.campaign, log.contact_date
        ) & (made.frame["arm"] == CONTACT).to_numpy(bool)
        if held.any():
            logger.warning(
                "%d of the customers to contact are in the control group of another campaign of "
                "%s that began within %d days: a contact spoils what it measures; name them in a "
                "suppression list, or plan with 'dbnchurn allocate', which leaves them alone",
                int(held.sum()),
                log.path,
                RUNNING,
            )
    return made.append_to(log.path, mkdir=True)


def _known(session: Session) -> None:
    """Make the view of the customers with an id, as text: 7 and 7.0 are the same customer."""
    kinds = session.columns("scores")
    missing = {"id", "probability"} - set(kinds)
    if missing:
        raise DataError(f"campaign list: the scores have no column {listed(sorted(missing))}")
    name = comparable(as_text(quoted("id"), kinds["id"]), "exact")
    session.run(
        f"CREATE VIEW known AS SELECT *, {name} AS name, CAST(probability AS DOUBLE) AS height "
        f"FROM scores WHERE probability IS NOT NULL AND {name} <> ''"
    )


def _sizes(session: Session, campaign: Campaign) -> tuple[int, int]:
    """Customers to contact, and customers of the control group."""
    eligible = _customers(session, "eligible")
    budget = int(campaign.budget)
    if campaign.budget < 1:
        budget = round(campaign.budget * _customers(session, "known"))
    chosen = min(eligible, round(budget / (1 - campaign.control)))
    control = round(campaign.control * chosen)
    return chosen - control, control


def _customers(session: Session, view: str) -> int:
    # Not count(DISTINCT …), which cannot spill to disk.
    return int(session.row(f"SELECT count(*) FROM (SELECT DISTINCT name FROM {view})")[0])


def _pieces(session: Session, contact: int, control: int, random_state: int) -> Iterator[pa.Table]:
    """The list, best customers first."""
    chosen = contact + control
    generator = np.random.default_rng(random_state)
    held_out = np.zeros(chosen, bool)
    held_out[generator.choice(chosen, control, replace=False)] = True
    # The window function sorts all rows, so only where a customer comes twice.
    repeated = session.row(
        "SELECT EXISTS (SELECT name FROM eligible GROUP BY name HAVING count(*) > 1)"
    )[0]
    once = "QUALIFY row_number() OVER (PARTITION BY name ORDER BY height DESC) = 1"
    ranked = session.folder / "ranked.parquet"
    session.run(
        f"COPY (SELECT * EXCLUDE (name, height) FROM eligible {once if repeated else ''} "
        f"ORDER BY height DESC, name LIMIT {chosen}) TO {text_literal(ranked)} (FORMAT parquet)"
    )
    with pq.ParquetFile(ranked, pre_buffer=False) as file:
        if not chosen:
            yield _ranked(file.schema_arrow.empty_table(), 0, held_out)
        first = 0
        for batch in file.iter_batches(PIECE):
            yield _ranked(pa.Table.from_batches([batch]), first, held_out)
            first += batch.num_rows


def _ranked(table: pa.Table, first: int, held_out: Bools) -> pa.Table:
    """Customers with rank and group in front."""
    ranks = np.arange(first, first + table.num_rows)
    group = pa.array(np.where(held_out[ranks], CONTROL, CONTACT).tolist(), pa.string())
    return table.add_column(0, "group", group).add_column(0, "rank", pa.array(ranks + 1))
