"""The campaign list: customers to contact, and a control group drawn from the same customers.

Only the difference between these two groups measures the effect of a campaign.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dbnchurn.core.errors import ConfigError, DataError, listed
from dbnchurn.core.files import atomic_write
from dbnchurn.core.sql import quoted, text_literal
from dbnchurn.core.typing import Bools
from dbnchurn.data.typed import as_text
from dbnchurn.scoring.output_paths import disk_errors
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.writing import ending_of, relation_of, write_pieces

log = logging.getLogger(__name__)
MEMORY = "400MB"  # of DuckDB
PIECE = 50_000  # rows that are written at a time
NEVER = chr(1)  # a delimiter that no id contains
LISTS = (".csv", ".parquet", ".txt")
CONTACT, CONTROL = "contact", "control"


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
        Customers who must not be on the list: a CSV or Parquet file with a column ``id`` (or one
        column alone), or a ``.txt`` file with one id a line.
    control : float, default 0
        Share of the list, drawn at random, that is not contacted. The control group comes on top
        of the budget.
    random_state : int, default 0
        Seed of the draw of the control group.

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
        ending_of(self.path)
        if self.suppress is not None:
            if not self.suppress.is_file():
                raise ConfigError(f"{self.suppress}: there is no such suppression list")
            if self.suppress.suffix.lower() not in LISTS:
                raise ConfigError(f"{self.suppress}: a suppression list is one of {listed(LISTS)}")
            if self.path.resolve() == self.suppress.resolve():
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
        Entries of the suppression list.
    """

    path: Path
    contact: int
    control: int
    suppressed: int
    listed: int


def write_campaign(scores: Path | Sequence[Path], campaign: Campaign) -> CampaignList:
    """Write the customers who are likeliest to leave, best first, out of core.

    Every customer is on the list once, with the highest score, and customers without id are not.
    Equal scores are ordered by id, so the list does not depend on the order of the rows.

    Parameters
    ----------
    scores : path or paths
        Scores of a job; CSV or Parquet with ``id`` and ``probability``.
    campaign : Campaign

    Returns
    -------
    CampaignList
        The file has the columns ``rank``, ``group`` (contact or control), then those of the scores.

    Raises
    ------
    DataError, ConfigError
        If scores or suppression list cannot be read, or the list cannot be written.

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
    with Session(MEMORY, n_threads=1) as session:
        with _readable(campaign.suppress):
            _suppressed(session, campaign.suppress)
        with _readable(paths[0]):
            session.run(f"CREATE VIEW scores AS SELECT * FROM {relation_of(paths)}")
            suppressed, listed_ids = _eligible(session)
            contact, control = _sizes(session, campaign)
            with disk_errors(campaign.path), atomic_write(campaign.path) as unfinished:
                pieces = _pieces(session, contact, control, campaign.random_state)
                write_pieces(pieces, unfinished, ending_of(campaign.path))
    if listed_ids and not suppressed:
        log.warning(
            "%s: not one of its %d ids was scored; check that both write ids the same way",
            campaign.suppress,
            listed_ids,
        )
    return CampaignList(campaign.path, contact, control, suppressed, listed_ids)


@contextmanager
def _readable(file: Path | None) -> Iterator[None]:
    """Re-raise errors of DuckDB as a DataError that names the file."""
    try:
        yield
    except duckdb.Error as error:
        raise DataError(f"campaign list: {file}: {str(error).strip().splitlines()[0]}") from error


def _id(session: Session, relation: str, column: str = "id") -> str:
    """SQL of an id as text; 7 and 7.0 are the same customer."""
    return f"trim({as_text(quoted(column), session.columns(relation)[column])})"


def _suppressed(session: Session, suppress: Path | None) -> None:
    """Make the table of customers who must not be on the list."""
    session.run("CREATE TABLE suppressed (name VARCHAR)")
    if suppress is not None:
        names = _names(session, suppress)
        session.run(f"INSERT INTO suppressed SELECT DISTINCT name FROM ({names})")


def _eligible(session: Session) -> tuple[int, int]:
    """Make the view of customers who may be on the list; counts those who may not."""
    missing = {"id", "probability"} - set(session.columns("scores"))
    if missing:
        raise DataError(f"campaign list: the scores have no column {listed(sorted(missing))}")
    name = _id(session, "scores")
    session.run(
        f"CREATE VIEW known AS SELECT *, {name} AS name, CAST(probability AS DOUBLE) AS height "
        f"FROM scores WHERE probability IS NOT NULL AND {name} <> ''"
    )
    session.run("CREATE VIEW eligible AS SELECT * FROM known ANTI JOIN suppressed USING (name)")
    kept_off = "SELECT count(DISTINCT name) FROM known SEMI JOIN suppressed USING (name)"
    return session.row(kept_off)[0], session.row("SELECT count(*) FROM suppressed")[0]


def _names(session: Session, path: Path) -> str:
    """Ids of a suppression list as SQL."""
    if path.suffix.lower() == ".txt":
        relation = (
            f"read_csv({text_literal(path)}, header = false, delim = '{NEVER}', quote = '', "
            "columns = {'id': 'VARCHAR'})"
        )
        return f"SELECT trim(id) AS name FROM {relation} WHERE trim(id) <> ''"
    relation = relation_of([path])
    columns = list(session.columns(relation))
    if "id" not in columns and len(columns) != 1:
        raise DataError(
            f"{path}: a suppression list has a column 'id' or one column alone, this has "
            f"{listed(columns)}"
        )
    column = "id" if "id" in columns else columns[0]
    name = _id(session, relation, column)
    return f"SELECT {name} AS name FROM {relation} WHERE {name} <> ''"


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
