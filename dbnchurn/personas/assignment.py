"""A month's customers and their frozen personas, from file to file, in chunks."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from dbnchurn.core.errors import ConfigError, DataError, did_you_mean, listed
from dbnchurn.core.files import atomic_write, write_whole
from dbnchurn.core.places import check_places
from dbnchurn.core.spreadsheet_text import original_frame
from dbnchurn.personas.customer_ids import refuse_ids, totals_text
from dbnchurn.personas.differences import flows
from dbnchurn.personas.files import load
from dbnchurn.personas.flow_page import flow_page
from dbnchurn.personas.persona_record import CHUNK, PersonaRecord
from dbnchurn.tables.arrow import frame_of, reading_notes, text_formats
from dbnchurn.tables.chunks import ChunkSource
from dbnchurn.tables.dialect import CsvSettings
from dbnchurn.tables.empty_rows import total_rows
from dbnchurn.tables.keys import refuse_exponents
from dbnchurn.tables.loading import read_table
from dbnchurn.tables.schema import text
from dbnchurn.tables.streaming import open_files
from dbnchurn.tables.unused_columns import say
from dbnchurn.tables.writing import ending_of, write_pieces

log = logging.getLogger(__name__)


@dataclass
class Assigned:
    """What an assignment did.

    Parameters
    ----------
    customers : dict of persona → number of customers
        ``not known`` for those of whom no column is known.
    rejected : int, default 0
        Lines that could not be read.
    totals : int, default 0
        Rows that are totals of others, which were set aside.
    moves : DataFrame or None, default None
        Customers by persona before and after, where an earlier assignment was given.
    kept : float or None, default None
        Share of the customers with a persona in both who kept it.
    """

    customers: dict[str, int] = field(default_factory=dict)
    rejected: int = 0
    totals: int = 0
    moves: pd.DataFrame | None = None
    kept: float | None = None

    def summary(self) -> str:
        """The result as text."""
        total = max(1, sum(self.customers.values()))
        lines = [
            f"{name}  {number} customers, {100 * number / total:.1f} %"
            for name, number in sorted(self.customers.items())
        ]
        if self.rejected:
            lines.append(f"{self.rejected} lines could not be read and have no persona")
        if self.totals:
            lines.append(totals_text(self.totals))
        if self.moves is not None:
            lines.append(f"\nfrom the earlier assignment (rows) to this one:\n{self.moves}")
            if self.kept is None:
                lines.append("no customer has a persona in both; are the ids written alike?")
            else:
                lines.append(
                    f"{100 * self.kept:.1f} % of the customers with a persona in both kept it"
                )
        return "\n".join(lines)


def assign_file(
    personas: str | Path,
    table: str,
    output: str | Path,
    *,
    id: str | None = None,
    earlier: str | Path | None = None,
    page: str | Path | None = None,
    mkdir: bool = False,
    raw_text: bool = False,
    csv: CsvSettings | None = None,
    sheet: str | None = None,
) -> Assigned:
    """Assign the customers of a file to frozen personas.

    Parameters
    ----------
    personas : str or Path
        Folder of :func:`dbnchurn.personas.save`, or of ``dbnchurn personas``.
    table : str
        CSV, Parquet or Excel file, folder of them, or pattern.
    output : str or Path
        A .csv or .parquet file with the ids and the column ``persona``.
    id : str, optional
        Column that names the customer; by default that of the table the personas were found in.
    earlier : str or Path, optional
        An earlier output, to count who changed persona.
    page : str or Path, optional
        HTML page of who changed persona; needs `earlier`.
    mkdir : bool, default False
        Whether the folders above the output are made if they do not exist.
    raw_text : bool, default False
        Leave texts of CSV as they are.
    csv : CsvSettings, optional
        How CSV files are written; found out where it does not say.
    sheet : str, optional
        Sheet of a spreadsheet; needed where several hold something.

    Returns
    -------
    Assigned

    Raises
    ------
    DataError
        The table cannot be read, lacks a column, or repeats an id; or no customer is in the
        earlier assignment.
    ConfigError
        The output is an input, or its folder does not exist; or no column names the customer.
    """
    output = Path(output)
    ending = ending_of(output)
    read = {"table": [table], "personas": [str(personas)]}
    if earlier is not None:
        read["earlier"] = [str(earlier)]
    elif page is not None:
        raise ConfigError("a page shows who changed persona, so it needs --earlier FILE")
    check_places({"output": output, "page": page}, read, mkdir=mkdir)
    record = load(personas)
    id = id or record.id
    if id is None:
        raise ConfigError(
            f"{personas} do not say which column names the customer; say it with --id"
        )
    if id == "persona":
        raise ConfigError("'persona' is the column of the result and cannot name the customer")
    source = open_files(table, csv, sheet=sheet)
    done = Assigned()
    ids: list[pd.Series[Any]] = []
    pieces = _pieces(record, source, id, done, ids)
    for path in (output, page):
        if path is not None and mkdir:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(output) as aside:
        write_pieces(pieces, aside, ending, raw_text=raw_text)
        if not ids:
            raise DataError(f"{table} holds no customers")
        found = pd.concat(ids)
        refuse_ids(found.index.to_series(), id, table)
        if earlier is not None:
            before = _earlier(str(earlier), id)
            _check_comparable(before, found, record, str(earlier), table)
            done.moves, done.kept = flows(before, found)
        if page is not None and done.moves is not None:
            write_whole(Path(page), flow_page(done.moves, done.kept, str(earlier), table))
    if done.rejected:
        log.warning("%d lines of %s cannot be read and have no persona", done.rejected, table)
    return done


def _pieces(
    record: PersonaRecord,
    source: ChunkSource,
    id: str,
    done: Assigned,
    ids: list[pd.Series[Any]],
) -> Iterator[pa.Table]:
    wanted = list(dict.fromkeys([id, *(column.name for column in record.schema.used)]))
    for file, columns in source.columns.items():
        if absent := [name for name in wanted if name not in columns]:
            raise DataError(
                f"{file} lacks {len(absent)} of {len(wanted)} columns: {listed(absent)}; it has "
                f"{listed(columns, limit=30)}"
            )
    formats = text_formats(source, record.schema, record.missing)
    say(reading_notes(source, record.schema, formats))
    for chunk in source.chunks(wanted, CHUNK):
        done.rejected += len(chunk.rejected)
        words = chunk.rows.column(id).to_pandas().rename(id)
        refuse_exponents(words)
        frame = frame_of(record.schema, chunk.rows, formats.get(chunk.file))
        totals = total_rows(words, frame)
        done.totals += int(totals.sum())
        rows = chunk.rows.filter(pa.array(~totals)) if totals.any() else chunk.rows
        names = record.assign(frame[~totals] if totals.any() else frame)
        for name, number in names.fillna("not known").value_counts().items():
            done.customers[str(name)] = done.customers.get(str(name), 0) + int(number)
        named = pa.array(names.to_numpy(object), pa.string(), from_pandas=True)
        key = text(words[~totals])
        ids.append(pd.Series(names.to_numpy(object), index=pd.Index(key), dtype=object))
        yield pa.table({id: rows.column(id), "persona": named})


def _check_comparable(
    before: pd.Series[Any], found: pd.Series[Any], record: PersonaRecord, earlier: str, table: str
) -> None:
    """Refuse an earlier assignment by other personas, or of other customers."""
    if others := sorted(set(before.dropna()) - set(record.names)):
        raise DataError(
            f"{earlier} has the personas {listed(others)}, which are none of "
            f"{listed(record.names)}: it was assigned by other personas, so that nobody is "
            "seen to have changed"
        )
    if not found.index.isin(before.index).any():
        raise DataError(
            f"no customer of {table} is in {earlier}: ids such as {found.index[0]!r} and "
            f"{before.index[0]!r}; write them alike, or leave out the earlier assignment"
            if len(before)
            else f"{earlier} holds no customers"
        )


def _earlier(path: str, id: str) -> pd.Series[Any]:
    frame = read_table(path, id)
    if path.endswith(".csv"):
        frame = original_frame(frame)
    for name in (id, "persona"):
        if name not in frame:
            raise DataError(f"{path} has no column {name!r}: {did_you_mean(name, map(str, frame))}")
    before = pd.Series(frame["persona"].to_numpy(object), pd.Index(text(frame[id])), dtype=object)
    if before.index.has_duplicates:
        raise DataError(f"{path} repeats ids of column {id!r}; keep one row of each customer")
    return before
