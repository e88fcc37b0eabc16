"""Read a call graph: the calls of a table in DuckDB become a sparse matrix."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from dbnchurn.core.errors import DataError
from dbnchurn.core.progress import stage
from dbnchurn.core.sql import WHOLE_TYPES, text_literal
from dbnchurn.core.typing import Bools
from dbnchurn.data.open import open_source, raw_name
from dbnchurn.graph.call_graph import CallGraph
from dbnchurn.graph.call_table import (
    CALLS,
    SCALE,
    CallTable,
    day_expression,
    id_expression,
    make_calls,
)
from dbnchurn.graph.config import CustomerList, GraphConfig
from dbnchurn.graph.hubs import find_hubs
from dbnchurn.graph.tie_sums import TieSums
from dbnchurn.tables.duckdb import Session

MOST_PEOPLE = 2**31 - 1
FEWEST, MOST = 2**16, 2**24  # between them, ids as far apart as there are calls lie close together
ROWS_AT_ONCE = 2**20  # of the calls that DuckDB hands over


@dataclass(frozen=True, eq=False)
class Hub:
    """A number that is cut out of the graph.

    Parameters
    ----------
    id : str
    partners : int
    reciprocity : float
    """

    id: str
    partners: int
    reciprocity: float


@dataclass(frozen=True, eq=False)
class Calls:
    """The graph of a table of calls, without its hubs.

    Parameters
    ----------
    graph : CallGraph
        Of n people.
    early, late : CallGraph, optional
        The same people, by the calls before and from the middle of the time on; None without dates.
    customers : bool array of shape (n,), optional
        True for own customers; None if nobody said who they are.
    hubs : tuple of Hub
        Those with the most partners first.
    table : CallTable
    notes : tuple of str
        What was left out or assumed.
    """

    graph: CallGraph
    early: CallGraph | None
    late: CallGraph | None
    customers: Bools | None
    hubs: tuple[Hub, ...]
    table: CallTable
    notes: tuple[str, ...]


def read_calls(config: GraphConfig) -> Calls:
    """Read the calls of a config as a graph, and cut out its hubs.

    Parameters
    ----------
    config : GraphConfig

    Returns
    -------
    Calls
        The same whatever the order of the rows.

    Raises
    ------
    DataError
        With what is wrong in the tables, all at once.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"from": ["a", "b", "b"], "to": ["b", "a", "c"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     frame.to_csv(f"{folder}/calls.csv", index=False)
    ...     source = {"path": f"{folder}/calls.csv"}
    ...     calls = read_calls(GraphConfig(calls=source, caller="from", callee="to"))
    >>> calls.graph.ids.tolist(), calls.graph.reciprocity.tolist()
    (['a', 'b', 'c'], [1.0, 0.5, 0.0])
    """
    customers = None
    try:
        with stage("read the calls"), Session(config.memory, config.threads) as session:
            table = make_calls(session, config)
            middle = _middle(table)
            ids, halves = _halves(session, table, middle, config.threads)
            notes = list(table.notes)
            if config.customers is not None:
                customers = _known(session, config.customers, config.until, ids, notes)
    except duckdb.Error as error:
        raise DataError(f"{config.calls.name} cannot be read: {error}") from error
    whole = _graph(ids, halves[0] + halves[1])
    hubs = find_hubs(whole, config.hubs)
    notes += hubs.notes
    order = np.flatnonzero(hubs.nodes)
    order = order[np.argsort(-whole.partners[order], kind="stable")]
    found = tuple(
        Hub(str(ids[i]), int(whole.partners[i]), float(whole.reciprocity[i])) for i in order
    )
    early = late = None
    if middle is not None:
        early, late = (_graph(ids, half).without(hubs.nodes) for half in halves)
    kept = None if customers is None else customers[~hubs.nodes]
    graph = whole.without(hubs.nodes)
    return Calls(graph, early, late, kept, found, table, tuple(notes))


def _middle(table: CallTable) -> datetime | None:
    """The moment by which the calls are halved; None where all are of one moment."""
    if table.first is None or table.last is None or table.first == table.last:
        return None
    return table.first + (table.last - table.first) / 2


def _graph(ids: npt.NDArray[Any], ties: Any) -> CallGraph:
    """The graph of ties whose weights are in parts."""
    return CallGraph(
        ids, sp.csr_array((ties.data / SCALE, ties.indices, ties.indptr), shape=ties.shape)
    )


def _people(session: Session) -> npt.NDArray[Any]:
    """Make the table ``people`` of ids and places; the ids in ascending order."""
    session.run(
        "CREATE TABLE people AS SELECT id, (row_number() OVER (ORDER BY id) - 1)::INTEGER AS place "
        f"FROM (SELECT DISTINCT unnest([caller, callee]) AS id FROM {CALLS})"
    )
    count = session.row("SELECT count(*) FROM people")[0]
    if count > MOST_PEOPLE:
        raise DataError(f"there are {count} people, and a graph has at most {MOST_PEOPLE}")
    table = session.arrow("SELECT id FROM people ORDER BY place")
    return np.asarray(table.column(0).to_pandas().to_numpy())


def _halves(
    session: Session, table: CallTable, middle: datetime | None, threads: int
) -> tuple[npt.NDArray[Any], list[Any]]:
    """The people, and their ties by the calls before the middle of the time and from it on.

    Whole numbers that lie close together are places by themselves, and take no join.

    Parameters
    ----------
    session : Session
        Has the calls.
    table : CallTable
    middle : datetime or None
        Without one, all calls are in the first of both.
    threads : int

    Returns
    -------
    ids : array of shape (people,)
        In ascending order.
    halves : list of two csr_array of shape (people, people)
        Weights in parts.
    """
    early = "TRUE" if middle is None else f"day < {text_literal(middle)}::TIMESTAMP"
    low, high = table.span or (0, MOST_PEOPLE)
    if high - low < min(max(table.rows, FEWEST), MOST):
        ids = low + np.arange(high - low + 1, dtype=np.int64)  # the largest id has no successor
        places = f"(caller - {low})::INTEGER AS caller, (callee - {low})::INTEGER AS callee"
        source = CALLS
    else:
        ids = _people(session)
        places = "a.place AS caller, b.place AS callee"
        source = f"{CALLS} JOIN people a ON caller = a.id JOIN people b ON callee = b.id"
    sums = [TieSums(len(ids)), TieSums(len(ids))]
    query = f"SELECT {places}, weight, {early} AS early FROM {source}"
    for batch in session.batches(query, ROWS_AT_ONCE):
        caller, callee, weight, is_early = (
            column.to_numpy(zero_copy_only=False) for column in batch.columns
        )
        for one, of_half in zip(sums, (is_early, ~is_early), strict=True):
            rows = np.flatnonzero(of_half)  # six times as quick to take as by True and False
            one.add(caller[rows], callee[rows], weight[rows])
    with ThreadPoolExecutor(min(threads, len(sums))) as pool:
        return _those_who_call(ids, list(pool.map(TieSums.total, sums)))


def _those_who_call(ids: npt.NDArray[Any], halves: list[Any]) -> tuple[npt.NDArray[Any], list[Any]]:
    """The ids and ties of those who call or are called in any half."""
    met = np.zeros(len(ids), bool)
    for ties in halves:
        met |= np.diff(ties.indptr) > 0
        met[ties.indices] = True
    if met.all():
        return ids, halves
    place = (np.cumsum(met) - 1).astype(np.int32)
    shape = int(met.sum()), int(met.sum())
    found = [
        sp.csr_array((t.data, place[t.indices], np.r_[t.indptr[:-1][met], t.indptr[-1]]), shape)
        for t in halves
    ]
    return ids[met], found


def _newest(
    session: Session,
    customers: CustomerList,
    until: date | None,
    kinds: Mapping[str, str],
    notes: list[str],
) -> str:
    """SQL condition of the rows of the newest day; nothing where rows have no day."""
    if customers.date is None:
        return ""
    day = day_expression(customers.date, kinds, customers.name)
    before = "" if until is None else f" WHERE {day} < {text_literal(until)}::TIMESTAMP"
    raw = raw_name("customers")
    wrong = session.row(f"SELECT count(*) FROM {raw} WHERE {day} IS NULL")[0]
    if wrong:
        raise DataError(
            f"{customers.name}: column {customers.date!r} holds no day in {wrong} rows; write days "
            "as 2026-08-31"
        )
    newest = session.row(f"SELECT max({day}) FROM {raw}{before}")[0]
    if newest is None:
        raise DataError(f"{customers.name}: no row is of a day before {until} (until)")
    notes.append(f"{customers.name}: customers are those of {newest:%Y-%m-%d}")
    return f" WHERE {day} = {text_literal(newest)}::TIMESTAMP"


def _known(
    session: Session,
    customers: CustomerList,
    until: date | None,
    ids: npt.NDArray[Any],
    notes: list[str],
) -> Bools:
    """Which people are own customers."""
    dates = [] if customers.date is None else [customers.date]
    kinds = open_source(session, "customers", customers, [customers.id], dates)
    text = ids.dtype.kind not in "iu"
    if not text and kinds[customers.id] not in WHOLE_TYPES:
        raise DataError(
            f"{customers.name}: column {customers.id!r} is text and the ids of the calls are "
            "numbers, so that they cannot be compared; write both alike"
        )
    one = id_expression(customers.id, kinds, customers.name, text=text)
    rows = f"{raw_name('customers')}{_newest(session, customers, until, kinds, notes)}"
    table = session.arrow(
        f"SELECT DISTINCT id FROM (SELECT {one} AS id FROM {rows}) WHERE id IS NOT NULL"
    )
    known = np.asarray(pd.Index(ids).isin(table.column("id").to_pandas()))
    total, lines = session.row(f"SELECT count(DISTINCT {one}), count({one}) FROM {rows}")
    if lines > total and customers.date is None:
        notes.append(
            f"{customers.name}: {lines} rows of {total} customers; if a row is of a month, those "
            "who left are among them: name its day in customers.date"
        )
    if not known.any():
        raise DataError(
            f"{customers.name}: none of its {total} customers calls or is called; check that "
            f"{customers.id!r} holds the ids that the table of calls has"
        )
    notes.append(
        f"{known.sum()} of {total} customers call or are called; {len(ids) - known.sum()} others "
        "who do so are no customers and are not listed"
    )
    return known
