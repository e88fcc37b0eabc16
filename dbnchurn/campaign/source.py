"""A table of a campaign as it comes: files or a database, read by the reader of training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from dbnchurn.core.errors import DataError, did_you_mean, listed
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.spreadsheet_text import original
from dbnchurn.data.plan import TableSource
from dbnchurn.tables.empty_rows import TOTAL, total_rows
from dbnchurn.tables.files import find_files, kind_of_file
from dbnchurn.tables.keys import key_texts
from dbnchurn.tables.loading import LoadedTable, load_table
from dbnchurn.tables.postgres import rows_of
from dbnchurn.tables.reading_rules import ReadingRules
from dbnchurn.tables.streaming import open_files

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pandas as pd
else:
    pd = LazyModule("pandas")


SHOWN = 3  # rows in a message


class CampaignSource(TableSource):
    """Where a table of a campaign is, and how its columns are read."""

    columns: dict[str, str] = Field(
        default_factory=dict, description="Name that is needed → name of the column in the table."
    )


@dataclass(frozen=True, eq=False)
class CampaignTable:
    """Rows of a table of a campaign.

    Parameters
    ----------
    frame : DataFrame
        One row after another; row k of the table has the index k - 1, totals left out.
    name : str
        Of the table, for messages.
    notes : tuple of str, default ()
        What was converted, assumed or left out while it was read.
    totals : int, default 0
        Rows that are totals.
    """

    frame: pd.DataFrame
    name: str
    notes: tuple[str, ...] = ()
    totals: int = 0


def read_source(
    source: CampaignSource, *, texts: Sequence[str], kinds: Mapping[str, str]
) -> CampaignTable:
    """Read the whole table.

    Parameters
    ----------
    source : CampaignSource
    texts : sequence of str
        Columns that stay as they are written; the first names the customer.
    kinds : mapping of column → {"number", "date"}
        What the other columns are.

    Returns
    -------
    CampaignTable
        Its columns have the names that are needed, in place of those of the table.

    Raises
    ------
    DataError
        If the table cannot be read, or can be read in two ways.
    """
    own = source.columns
    if source.path is None:
        assert source.postgres is not None
        with rows_of(source.postgres) as (reader, numeric):
            frame = reader.read_all().to_pandas()
        loaded = LoadedTable(frame.astype(dict.fromkeys(numeric, "float64")), {})
    else:
        rules = ReadingRules(
            source.formats,
            source.csv.decimal,
            {own.get(name, name): kind for name, kind in kinds.items()},
            source.missing,
        )
        files = open_files(source.path, source.csv.settings(), sheet=source.sheet)
        loaded = load_table(files, rules, as_written=[own.get(name, name) for name in texts])
    if loaded.rejected:
        first = loaded.rejected[0]
        raise DataError(
            f"{source.name}: {len(loaded.rejected)} lines cannot be read, the first is row "
            f"{first.row}: {first.reason}; mend them, for a customer left out changes the rates"
        )
    frame = loaded.frame
    if absent := [name for name in own.values() if name not in frame]:
        raise DataError(
            f"{source.name}: there is no column {listed(absent)}, which 'columns' names; it has "
            f"{listed(frame.columns)}; 'columns' is written as {{name here: name in the table}}"
        )
    if doubled := [name for name, times in Counter(own.values()).items() if times > 1]:
        raise DataError(
            f"{source.name}: 'columns' gives {listed(doubled)} several names; give each column one"
        )
    left_out = [name for name in own if name in frame and name not in own.values()]
    notes = [
        f"{source.name}: the column {name!r} is left out, for 'columns' takes {name!r} from "
        f"{own[name]!r}"
        for name in left_out
    ]
    frame = frame.drop(columns=left_out)
    frame = frame.rename(columns={theirs: name for name, theirs in own.items()})
    if repeated := sorted(set(frame.columns[frame.columns.duplicated()])):
        raise DataError(f"{source.name}: the column {listed(repeated)} is there twice; name one")
    frame = frame.reset_index(drop=True)
    escaped = source.path is not None and kind_of_file(_first(source.path)) == "csv"
    for name in [name for name in texts if name in frame]:
        frame[name] = as_words(frame[name], source.name)
        if escaped:
            frame[name] = frame[name].map(original, na_action="ignore")
    table = CampaignTable(frame, source.name, (*loaded.notes, *notes))
    return _without_totals(table, texts[0])


def _without_totals(table: CampaignTable, id: str) -> CampaignTable:
    """The table without rows such as a sum, which are no customers; a note says how many."""
    others = table.frame.drop(columns=id, errors="ignore")
    totals = total_rows(table.frame[id], others) if id in table.frame else np.zeros(0, bool)
    if not totals.any():
        return table
    first = table.frame.loc[totals, id].iloc[0]
    note = f"{table.name}: {TOTAL}, {rows_text(totals)}, such as {first!r}: left out"
    customers = table.frame[~totals].reset_index(drop=True)
    return replace(
        table, frame=customers, notes=(*table.notes, note), totals=len(table.frame) - len(customers)
    )


def _first(path: str) -> Path:
    """The first file of a path, a folder or a pattern."""
    place = Path(path)
    return find_files(path, "input")[0] if place.is_dir() or "*" in path else place


def as_words(values: pd.Series[Any], where: str) -> pd.Series[Any]:
    """Ids or names as text: 7 and 7.0 are one customer, 007 is another; missing values are None.

    Parameters
    ----------
    values : Series
    where : str
        Name of the table, for messages.

    Returns
    -------
    Series of text

    Raises
    ------
    DataError
        If ids have lost digits.

    Examples
    --------
    >>> as_words(pd.Series([7.0, None, 12.0], name="customer"), "log.csv").tolist()
    ['7', None, '12']
    """
    words, broken = key_texts(values, where)
    if broken.any():
        raise DataError(
            f"{where}: column {values.name!r} has ids with decimals, {rows_text(broken)}; write "
            "ids as whole numbers or text"
        )
    words = words.astype(object)
    return words.where(words.notna(), None)


def rows_text(rows: Any) -> str:
    """How many rows, and which the first are, for a message.

    Examples
    --------
    >>> rows_text([False, True, True])
    'in 2 rows (row 2, row 3)'
    """
    places = np.flatnonzero(np.asarray(rows, bool))
    shown = ", ".join(f"row {place + 1}" for place in places[:SHOWN])
    more = ", …" if len(places) > SHOWN else ""
    return f"in {len(places)} row{'' if len(places) == 1 else 's'} ({shown}{more})"


def unique_ids(frame: pd.DataFrame, column: str, where: str, *, key: str = "id") -> pd.Series[Any]:
    """The customers of a table as text, each once.

    Parameters
    ----------
    frame : DataFrame of n rows
    column : str
        Names the customer.
    where : str
        Name of the table, for messages.
    key : str, default "id"
        Of the config, which names the column.

    Returns
    -------
    Series of n texts

    Raises
    ------
    DataError
        If the column is not there, an id is missing, or a customer has several rows.

    Examples
    --------
    >>> unique_ids(pd.DataFrame({"id": [7, 8]}), "id", "scores.csv").tolist()
    ['7', '8']
    """
    if column not in frame:
        raise DataError(
            f"{where}: there is no column {column!r} ({key}): "
            f"{did_you_mean(column, map(str, frame.columns))}"
        )
    ids = as_words(frame[column], where)
    missing, repeated = ids.isna(), ids.duplicated(keep=False) & ids.notna()
    problems = []
    if missing.any():
        problems.append(f"column {column!r} is empty {rows_text(missing)}: name each customer")
    if repeated.any():
        first = ids[repeated].iloc[0]
        problems.append(
            f"{ids[repeated].nunique()} customers have several rows {rows_text(repeated)}, such as "
            f"{first!r}: keep one row of each"
        )
    if problems:
        raise DataError(f"{where}: {'; '.join(problems)}")
    return ids


def as_dates(values: pd.Series[Any], where: str) -> pd.Series[Any]:
    """A column of dates, without the time of day.

    Parameters
    ----------
    values : Series
        Dates, or texts such as 2026-08-31.
    where : str
        Name of the table, for messages.

    Returns
    -------
    Series of datetime64

    Raises
    ------
    DataError
        If there is something else in it.

    Examples
    --------
    >>> as_dates(pd.Series(["2026-08-31 10:00", None]), "log.csv").dt.day.tolist()
    [31.0, nan]
    """
    if pd.api.types.is_numeric_dtype(values.dtype) and values.notna().any():
        raise DataError(
            f"{where}: column {values.name!r} holds numbers where dates are wanted, such as "
            "2026-08-31; say how they are written with 'formats'"
        )
    try:
        dates = pd.to_datetime(values, errors="coerce", format="ISO8601", utc=False)
    except ValueError as error:
        raise DataError(
            f"{where}: column {values.name!r} holds times of several time zones; write the dates "
            "alone, as 2026-08-31"
        ) from error
    wrong = (dates.isna() & values.notna()).to_numpy()
    if wrong.any():
        raise DataError(
            f"{where}: column {values.name!r} holds no date {rows_text(wrong)}, such as "
            f"{values[wrong].iloc[0]!r}; write dates as 2026-08-31, or say their format"
        )
    if isinstance(dates.dtype, pd.DatetimeTZDtype):
        dates = dates.dt.tz_localize(None)
    return dates.dt.normalize().astype("datetime64[s]")


def as_numbers(values: pd.Series[Any], where: str) -> pd.Series[Any]:
    """A column of numbers; missing values are NaN.

    Parameters
    ----------
    values : Series
    where : str
        Name of the table, for messages.

    Returns
    -------
    Series of float64

    Raises
    ------
    DataError
        If there is something else in it.

    Examples
    --------
    >>> as_numbers(pd.Series([1, 2]), "log.csv").tolist()
    [1.0, 2.0]
    """
    numbers = pd.to_numeric(values, errors="coerce").astype(np.float64)
    wrong = ~np.isfinite(numbers.to_numpy()) & values.notna().to_numpy()
    if wrong.any():
        raise DataError(
            f"{where}: column {values.name!r} holds no number {rows_text(wrong)}, such as "
            f"{values[wrong].iloc[0]!r}; empty the cell where it is not known"
        )
    return numbers
