"""SQL of the features of those whom a customer calls: how many left before the cutoff, their usage.

A neighbour is who calls or is called within the observation window, hubs excepted. What is counted
of neighbours was known at the cutoff: their departures and their usage before it.
"""

from __future__ import annotations

from collections.abc import Iterator

from dbnchurn.core.errors import DataError, did_you_mean, listed
from dbnchurn.core.sql import quoted, text_literal, text_literals
from dbnchurn.data.aggregates import (
    EARLIEST,
    SCALE,
    Feature,
    FeatureQuery,
    day,
    rows_within,
    whole_span,
)
from dbnchurn.data.label import departures
from dbnchurn.data.neighbour_plan import HubRule, Neighbours
from dbnchurn.data.plan import NUMERIC, DataPlan
from dbnchurn.data.typed import as_text
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


def neighbour_queries(session: Session, plan: DataPlan, window: Window) -> Iterator[FeatureQuery]:
    """The queries of the features of neighbours at one cutoff.

    Parameters
    ----------
    session : Session
        Has the clean tables.
    plan : DataPlan
    window : Window

    Yields
    ------
    FeatureQuery

    Raises
    ------
    DataError
        If a column is not there or holds no numbers, the other customers of a table cannot be
        compared with its keys, or weights are negative.
    """
    if not plan.neighbours:
        return
    if wrong := list(_column_problems(session, plan)):
        raise DataError("; ".join(wrong))
    _customers(session, plan, window)
    for place, (name, neighbours) in enumerate(plan.neighbours.items()):
        ties = f"ties{place}"
        _ties(session, plan, name, neighbours, window, ties)
        _people(session, neighbours, ties)
        _note_hubs(session, name, neighbours.hubs, window, ties)
        yield _query(plan, name, neighbours, window, ties)


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


def _customers(session: Session, plan: DataPlan, window: Window) -> None:
    """Who is or was a customer before the cutoff, and the day of those who left before it."""
    base = plan.tables[plan.base]
    known = "TRUE" if base.date is None else rows_within(base, EARLIEST, window.cutoff)
    session.run(
        "CREATE OR REPLACE TABLE known_customers AS SELECT k.key, g.day, "
        f"date_diff('day', g.day, {day(window.cutoff)}) AS days FROM (SELECT DISTINCT "
        f"{quoted(base.key)} AS key FROM {quoted(plan.base)} WHERE {known}) k LEFT JOIN "
        f"({departures(session, plan, window)}) g ON k.key = g.key"
    )


def _ties(
    session: Session,
    plan: DataPlan,
    name: str,
    neighbours: Neighbours,
    window: Window,
    ties: str,
) -> None:
    """One row for each customer and partner, in both orders: weight, who calls, calls both ways."""
    table = plan.tables[name]
    span = whole_span(table, window)
    within = rows_within(table, span.start, span.until)
    given, weight = "1", "count(*)"
    if neighbours.weight is not None:
        given = f"coalesce({quoted(neighbours.weight)}, 0)"
        weight = f"sum(CAST(round(w * {SCALE}) AS HUGEINT))"
        negative = session.row(
            f"SELECT count(*) FROM {quoted(name)} WHERE {within} AND {given} < 0"
        )[0]
        if negative:
            raise DataError(
                f"neighbours.{name}: the weight {neighbours.weight!r} is below 0 in {negative} "
                "rows; if these are calls that nobody took, give the column a rule with low: 0 and "
                "otherwise: missing"
            )
    # Adding up by pair and turning every pair round costs half of adding up in both orders.
    session.run(
        f"CREATE OR REPLACE TABLE {ties}_pairs AS SELECT least(a, b) AS low, greatest(a, b) AS "
        f"high, {weight} AS w, bool_or(a < b) AS up, bool_or(a > b) AS down FROM (SELECT "
        f"{quoted(table.key)} AS a, {_other(session, plan, name, neighbours)} AS b, {given} AS w "
        f"FROM {quoted(name)} WHERE {within}) WHERE a <> b GROUP BY 1, 2"
    )
    session.run(
        f"CREATE OR REPLACE VIEW {ties} AS SELECT low AS a, high AS b, w, up AS calls, up AND down "
        f"AS mutual FROM {ties}_pairs UNION ALL SELECT high, low, w, down, up AND down FROM "
        f"{ties}_pairs"
    )


def _other(session: Session, plan: DataPlan, name: str, neighbours: Neighbours) -> str:
    """The other customer as the key of the table is: text or a whole number."""
    table = plan.tables[name]
    rule = table.columns.get(neighbours.to)
    numeric = rule is not None and rule.kind in NUMERIC
    key = session.columns(quoted(name))[table.key]
    column = quoted(neighbours.to)
    if key == "VARCHAR" and not numeric:
        return as_text(column, "VARCHAR")
    if key != "VARCHAR" and numeric:
        return f"CAST({column} AS BIGINT)"
    own, other = ("text", "a number") if key == "VARCHAR" else ("a number", "text")
    raise DataError(
        f"neighbours.{name}: {neighbours.to!r} is {other} and the key {table.key!r} is {own}; give "
        f"the column a rule with kind: {'text' if key == 'VARCHAR' else 'integer'}, or say "
        "key_kind in all tables"
    )


def _people(session: Session, neighbours: Neighbours, ties: str) -> None:
    """One row for each person: partners, mutual ones, and the ties that make a neighbour."""
    some = " FILTER (calls)" if neighbours.directions == "out" else ""  # a filter takes time
    session.run(
        f"CREATE OR REPLACE TABLE {ties}_people AS SELECT a, count(*) AS n, count_if(mutual) AS m, "
        f"count(*){some} AS neighbours, sum(w){some} AS weight FROM {ties} GROUP BY a"
    )


def _note_hubs(session: Session, name: str, rule: HubRule, window: Window, ties: str) -> None:
    """Add the hubs of one table and cutoff to those that are left out."""
    session.run(
        f"CREATE TABLE IF NOT EXISTS {HUBS} (name VARCHAR, cutoff DATE, id VARCHAR, "
        "partners BIGINT, found BOOLEAN)"
    )
    by_rule, people = "FALSE", f"{ties}_people"
    if rule.cut:
        total, mutual, most, usual = session.row(
            f"SELECT sum(n), sum(m), quantile_cont(n, {rule.quantile!r}), median(n) FROM {people}"
        )
        if total and mutual <= rule.reciprocity * total:
            session.run(
                f"INSERT INTO {HUBS} VALUES ({text_literal(name)}, DATE '{window.cutoff}', NULL, "
                "NULL, FALSE)"
            )
        elif total:
            least = max(float(most), rule.times * float(usual))
            by_rule = f"(n > {least!r}::DOUBLE AND m <= {rule.reciprocity!r}::DOUBLE * n)"
    one = "CAST(a AS VARCHAR)"
    also = f"{one} IN {text_literals(rule.also)}" if rule.also else "FALSE"
    never = f"{one} IN {text_literals(rule.never)}" if rule.never else "FALSE"
    session.run(
        f"CREATE OR REPLACE TABLE {ties}_hubs AS SELECT a, n FROM {people} WHERE ({by_rule} OR "
        f"{also}) AND NOT {never}"
    )
    session.run(
        f"INSERT INTO {HUBS} SELECT {text_literal(name)}, DATE '{window.cutoff}', {one}, n, TRUE "
        f"FROM {ties}_hubs"
    )


def _query(
    plan: DataPlan, name: str, neighbours: Neighbours, window: Window, ties: str
) -> FeatureQuery:
    """The features of one table of calls, one row for each customer."""
    usage = _usage_features(name, neighbours)
    features = [
        *(Feature(f"{name}_{f.name}", f.sql, f.kind, f.empty) for f in ALWAYS),
        *(Feature(f.name, f"u.{quoted(f.name)}") for f in usage),
    ]
    recent = shift(window.cutoff, neighbours.recent, -1)
    used = "WHERE t.calls" if neighbours.directions == "out" else ""
    # Sums over all ties are taken once; hubs and others than customers are few, and taken off.
    sources = {
        "apart": f"SELECT p.a AS key, h.a IS NOT NULL AS hub FROM {ties}_people p LEFT JOIN "
        f"{ties}_hubs h ON p.a = h.a LEFT JOIN known_customers k ON p.a = k.key WHERE h.a IS NOT "
        "NULL OR k.key IS NULL",
        "off": "SELECT t.a, count_if(x.hub) AS hubs, count(*) AS number, sum(t.w) AS weight FROM "
        f"{ties} t JOIN {ties}_apart x ON t.b = x.key {used} GROUP BY t.a",
        "kept": "SELECT p.a, p.neighbours - coalesce(x.hubs, 0) AS neighbours, p.neighbours - "
        "coalesce(x.number, 0) AS customers, p.weight - coalesce(x.weight, 0) AS weight FROM "
        f"{ties}_people p LEFT JOIN {ties}_off x ON p.a = x.a",
        "gone": f"SELECT key, day > {day(recent)} AS recent, days FROM known_customers ANTI JOIN "
        f"{ties}_hubs h ON key = h.a WHERE day IS NOT NULL",
        "left": "SELECT t.a, count(*) AS neighbours, count_if(k.recent) AS recent, sum(t.w) AS "
        f"weight, min(k.days) AS days FROM {ties} t JOIN {ties}_gone k ON t.b = k.key {used} GROUP "
        "BY t.a",
    }
    joins = f"LEFT JOIN {ties}_left l ON p.a = l.a"
    if usage:
        sources["usage"] = _usage(plan, neighbours, window, ties, usage, used)
        joins += f" LEFT JOIN {ties}_usage u ON p.a = u.a"
    named = ", ".join(f"{ties}_{source} AS ({sql})" for source, sql in sources.items())
    columns = ", ".join(f"{f.sql} AS {quoted(f.name)}" for f in features)
    return FeatureQuery(
        f"WITH {named} SELECT p.a AS key, {columns} FROM {ties}_kept p {joins} WHERE p.neighbours "
        "> 0",
        tuple(features),
    )


def _usage_features(name: str, neighbours: Neighbours) -> list[Feature]:
    """The features of usage, as aggregates over ties and the tables ``u0``, ``u1``, …"""
    return [
        Feature(
            f"{name}_neighbours_{other}_{c}_mean",
            f"sum(CAST(round(u{number}.{quoted(c)}) AS HUGEINT))::DOUBLE / "
            f"nullif(count(u{number}.{quoted(c)}), 0) / {SCALE}.0",
        )
        for number, (other, columns) in enumerate(neighbours.usage.items())
        for c in columns
    ]


def _usage(
    plan: DataPlan,
    neighbours: Neighbours,
    window: Window,
    ties: str,
    features: list[Feature],
    used: str,
) -> str:
    """SQL of the usage of the neighbours of each person; `used` is a condition of ties."""
    joins = []
    for number, (other, columns) in enumerate(neighbours.usage.items()):
        table = plan.tables[other]
        span = whole_span(table, window)
        means = ", ".join(
            f"sum(CAST(round({quoted(c)} * {SCALE}) AS HUGEINT))::DOUBLE / "
            f"nullif(count({quoted(c)}), 0) AS {quoted(c)}"
            for c in columns
        )
        joins.append(
            f"LEFT JOIN (SELECT {quoted(table.key)} AS key, {means} FROM {quoted(other)} WHERE "
            f"{rows_within(table, span.start, span.until)} GROUP BY ALL) u{number} ON t.b = "
            f"u{number}.key"
        )
    selected = ", ".join(f"{f.sql} AS {quoted(f.name)}" for f in features)
    return (
        f"SELECT t.a, {selected} FROM {ties} t ANTI JOIN {ties}_hubs h ON t.b = h.a "
        f"{' '.join(joins)} {used} GROUP BY t.a"
    )


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
        hubs = session.rows(
            f"SELECT id, max(partners) {of} AND found GROUP BY id ORDER BY 2 DESC, 1"
        )
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
