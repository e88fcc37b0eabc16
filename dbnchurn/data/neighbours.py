"""SQL of the features of those whom a customer calls: how many left before the cutoff, their usage.

A neighbour is who calls or is called within the observation window, hubs excepted. What is counted
of neighbours was known at the cutoff: their departures and their usage before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from dbnchurn.core.errors import DataError, did_you_mean, listed
from dbnchurn.core.sql import quoted, text_literal
from dbnchurn.data.aggregates import SCALE, Feature, FeatureQuery, day
from dbnchurn.data.neighbour_plan import Neighbours
from dbnchurn.data.plan import NUMERIC, DataPlan
from dbnchurn.data.regrouping import Regrouping
from dbnchurn.data.ties import Ties, known_customers, usage_column
from dbnchurn.data.windows import Window, shift
from dbnchurn.tables.duckdb import Session

HUBS = quoted("hubs left out")
SHOWN = 5

ALWAYS = (
    Feature("neighbours", "p.neighbours", empty=0.0),
    Feature("neighbours_customers", "p.customers", empty=0.0),
    Feature("neighbours_left", "coalesce(l.neighbours, 0)", empty=0.0),
    Feature("neighbours_left_recent", "coalesce(l.recent, 0)", empty=0.0),
    Feature("neighbours_left_share", "coalesce(l.neighbours, 0) / nullif(p.customers, 0)"),
    Feature(
        "neighbours_left_weighted",
        "coalesce(l.weight, 0)::DOUBLE / nullif(p.weight, 0)::DOUBLE",
    ),
    Feature("neighbours_days_since_left", "l.days"),
)
"""Features of every table of calls: their names behind that of the table, and their SQL."""


class NeighbourFeatures:
    """Makes the queries of the features of neighbours, one cutoff after another.

    Parameters
    ----------
    session : Session
        Has the clean tables.
    plan : DataPlan
    regrouping : Regrouping, optional
        Where the customers are divided: what the parts give each other.

    Raises
    ------
    DataError
        If a column is not there or holds no numbers.
    """

    def __init__(
        self, session: Session, plan: DataPlan, regrouping: Regrouping | None = None
    ) -> None:
        self._session, self._plan = session, plan
        self._regrouping = Regrouping() if regrouping is None else regrouping
        self._ties: dict[tuple[str, date], Ties] = {}
        self._ready: set[tuple[str, date]] = set()
        if plan.neighbours and (wrong := list(_column_problems(session, plan))):
            raise DataError("; ".join(wrong))

    def exchange(self, windows: Sequence[Window]) -> None:
        """Give and get what concerns customers of several parts; nothing where there is but one.

        Parameters
        ----------
        windows : sequence of Window
            Of all cutoffs.

        Raises
        ------
        Awaited
            If this part has to wait for what others give.
        DataError
            As :meth:`queries` does.
        """
        if self._regrouping.parts == 1:
            return
        for step in (self._with_ties, self._with_partners):
            for window in windows:
                for name in self._plan.neighbours:
                    step(name, window)
            self._regrouping.wait()

    def queries(self, window: Window) -> Iterator[FeatureQuery]:
        """The queries of one cutoff.

        Parameters
        ----------
        window : Window

        Yields
        ------
        FeatureQuery

        Raises
        ------
        DataError
            If the other customers of a table cannot be compared with its keys, or weights are
            negative.
        """
        for name in self._plan.neighbours:
            ties = self._with_partners(name, window)
            _note_hubs(ties)
            yield _query(ties)

    def drop(self, window: Window) -> None:
        """Drop the tables that the queries of a cutoff use.

        Parameters
        ----------
        window : Window
        """
        for name in self._plan.neighbours:
            self._ties.pop((name, window.cutoff)).drop()

    def _with_ties(self, name: str, window: Window) -> Ties:
        """The ties of one table of calls, made once."""
        which = name, window.cutoff
        if which not in self._ties:
            made = Ties(self._session, self._plan, name, window, self._regrouping)
            made.make_ties()
            self._ties[which] = made
        return self._ties[which]

    def _with_partners(self, name: str, window: Window) -> Ties:
        """The ties of one table of calls with all other tables, made once."""
        ties = self._with_ties(name, window)
        if (name, window.cutoff) not in self._ready:
            ties.make_partners(known_customers(self._session, self._plan, window))
            _ = ties.hubs  # counts the partners, for the whole
            self._ready.add((name, window.cutoff))
        return ties


def _column_problems(session: Session, plan: DataPlan) -> Iterator[str]:
    """What is wrong with the columns that features of neighbours use."""
    for of, neighbours in plan.neighbours.items():
        numbers = [(f"neighbours.{of}.usage.{t}", t, c) for t, cs in neighbours.usage.items()
                   for c in cs]  # fmt: skip
        if neighbours.weight is not None:
            numbers.append((f"neighbours.{of}.weight", of, neighbours.weight))
        for where, table, column in [(f"neighbours.{of}.to", of, neighbours.to), *numbers]:
            there = session.columns(quoted(table))
            rule = plan.tables[table].columns.get(column)
            if column not in there:
                yield f"{where}: table {table!r} has no column {column!r}: " + did_you_mean(
                    column, there
                )
            elif (where, table, column) in numbers and (rule is None or rule.kind not in NUMERIC):
                kind = there[column] if rule is None else rule.kind
                yield (
                    f"{where}: column {column!r} of the table {table!r} is a {kind} and has to "
                    "hold numbers; name another, or give it a rule with kind: number"
                )


def _note_hubs(ties: Ties) -> None:
    """Add the hubs of one table and cutoff to those that are left out."""
    hub, found = ties.hubs
    session, of = ties.session, f"{text_literal(ties.name)}, DATE '{ties.window.cutoff}'"
    session.run(
        f"CREATE TABLE IF NOT EXISTS {HUBS} (name VARCHAR, cutoff DATE, id VARCHAR, "
        "partners BIGINT, found BOOLEAN)"
    )
    if not found:
        session.run(f"INSERT INTO {HUBS} VALUES ({of}, NULL, NULL, FALSE)")
    session.run(
        f"INSERT INTO {HUBS} SELECT {of}, CAST(key AS VARCHAR), n, TRUE FROM (SELECT a AS key, n, "
        f"m FROM {ties.people}) WHERE {hub}"
    )


def _query(made: Ties) -> FeatureQuery:
    """The features of one table of calls, one row for each customer."""
    name, neighbours, window, ties = made.name, made.neighbours, made.window, made.ties
    hub, _ = made.hubs
    usage = _usage_features(name, neighbours)
    features = [
        *(Feature(f"{name}_{f.name}", f.sql, f.kind, f.empty) for f in ALWAYS),
        *(Feature(f.name, f"u.{quoted(f.name)}") for f in usage),
    ]
    recent = shift(window.cutoff, neighbours.recent, -1)
    used = "WHERE t.calls" if neighbours.directions == "out" else ""
    # Sums over all ties are taken once; hubs and others than customers are few, and taken off.
    sources = {
        "apart": f"SELECT key, {hub} AS hub FROM {made.partners} WHERE {hub} OR NOT customer",
        "off": "SELECT t.a, count_if(x.hub) AS hubs, count(*) AS number, sum(t.w) AS weight FROM "
        f"{ties} t JOIN apart x ON t.b = x.key {used} GROUP BY t.a",
        "kept": "SELECT p.a, p.neighbours - coalesce(x.hubs, 0) AS neighbours, p.neighbours - "
        "coalesce(x.number, 0) AS customers, p.weight - coalesce(x.weight, 0) AS weight FROM "
        f"{made.people} p LEFT JOIN off x ON p.a = x.a",
        "gone": f"SELECT key, day > {day(recent)} AS recent, days FROM {made.partners} WHERE day "
        f"IS NOT NULL AND NOT {hub}",
        "away": "SELECT t.a, count(*) AS neighbours, count_if(k.recent) AS recent, sum(t.w) AS "
        f"weight, min(k.days) AS days FROM {ties} t JOIN gone k ON t.b = k.key {used} GROUP "
        "BY t.a",
    }
    joins = "LEFT JOIN away l ON p.a = l.a"
    if usage:
        selected = ", ".join(f"{f.sql} AS {quoted(f.name)}" for f in usage)
        sources["used"] = (
            f"SELECT t.a, {selected} FROM {ties} t JOIN {made.partners} u ON t.b = u.key "
            f"{used or 'WHERE TRUE'} AND NOT {hub} GROUP BY t.a"
        )
        joins += " LEFT JOIN used u ON p.a = u.a"
    named = ", ".join(f"{source} AS ({sql})" for source, sql in sources.items())
    columns = ", ".join(f"{f.sql} AS {quoted(f.name)}" for f in features)
    return FeatureQuery(
        f"WITH {named} SELECT p.a AS key, {columns} FROM kept p {joins} WHERE p.neighbours > 0",
        tuple(features),
    )


def _usage_features(name: str, neighbours: Neighbours) -> list[Feature]:
    """The features of usage, as aggregates over ties and partners ``u``."""
    found = []
    for other, columns in neighbours.usage.items():
        for c in columns:
            own = f"u.{quoted(usage_column(other, c))}"
            mean = (
                f"sum(CAST(round({own}) AS HUGEINT))::DOUBLE / nullif(count({own}), 0) / {SCALE}.0"
            )
            found.append(Feature(f"{name}_neighbours_{other}_{c}_mean", mean))
    return found


def hub_notes(session: Session, plan: DataPlan) -> tuple[str, ...]:
    """Which hubs were left out of the features of neighbours, in sentences.

    Parameters
    ----------
    session : Session
        After all cutoffs were built.
    plan : DataPlan

    Returns
    -------
    tuple of str
    """
    if not plan.neighbours:
        return ()
    told = []
    for name, neighbours in plan.neighbours.items():
        of = f"FROM {HUBS} WHERE name = {text_literal(name)}"
        counted = session.tally(f"SELECT id, max(partners) {of} AND found GROUP BY id ORDER BY id")
        hubs = sorted(counted, key=lambda row: -row[1])
        if hubs:
            first = ", ".join(f"{hub} ({partners} partners)" for hub, partners in hubs[:SHOWN])
            more = f" and {len(hubs) - SHOWN} more" if len(hubs) > SHOWN else ""
            told.append(
                f"neighbours.{name}: hubs are no neighbours: {first}{more}; name in hubs.never "
                "whom to keep"
            )
        there = {hub for hub, _ in hubs}
        if absent := [str(hub) for hub in neighbours.hubs.also if str(hub) not in there]:
            told.append(
                f"neighbours.{name}: hubs.also names {listed(absent)}, and no call within the "
                "windows has such an id"
            )
        unknown = session.rows(f"SELECT DISTINCT cutoff {of} AND NOT found ORDER BY 1")
        if unknown:
            days = ", ".join(str(row[0]) for row in unknown)
            told.append(
                f"neighbours.{name}: hardly any tie goes both ways (cutoffs {days}), so that hubs "
                "cannot be found by reciprocity: none is left out but those in hubs.also"
            )
    return tuple(told)
