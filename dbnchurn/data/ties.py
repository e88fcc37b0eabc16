"""Tables of who calls whom at one cutoff: ties, people, hubs, and what is known of partners.

Where the customers are divided, a part makes ties of the calls that its own customers have made,
and gives them to the parts of both ends; then it has all ties of its own people, and gives what is
known of these to the parts of their partners. See :mod:`dbnchurn.data.regrouping`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from dbnchurn.core.errors import DataError
from dbnchurn.core.sql import quoted, text_literals
from dbnchurn.data.aggregates import EARLIEST, SCALE, day, rows_within, whole_span
from dbnchurn.data.label import departures
from dbnchurn.data.neighbour_plan import HubRule, Neighbours
from dbnchurn.data.plan import NUMERIC, DataPlan
from dbnchurn.data.regrouping import Regrouping
from dbnchurn.data.typed import as_text
from dbnchurn.data.windows import Window
from dbnchurn.tables.duckdb import Session


@dataclass(frozen=True)
class Ties:
    """The tables that are made of one table of calls at one cutoff, and how.

    Parameters
    ----------
    session : Session
        Has the clean tables.
    plan : DataPlan
    name : str
        Of the table of calls.
    window : Window
    regrouping : Regrouping
    """

    session: Session
    plan: DataPlan
    name: str
    window: Window
    regrouping: Regrouping

    @property
    def neighbours(self) -> Neighbours:
        """What the plan says of this table."""
        return self.plan.neighbours[self.name]

    @property
    def ties(self) -> str:
        """Relation with a row for each person and partner: who calls, and the weight."""
        return self._relation("ties")

    @property
    def people(self) -> str:
        """Relation with a row for each person: numbers of ties, and the ties of neighbours."""
        return self._relation("people")

    @property
    def partners(self) -> str:
        """Relation with a row for each partner of these people, and what is known of it."""
        return self._relation("partners")

    def _relation(self, kind: str) -> str:
        return quoted(f"{kind} {self.name} {self.window.cutoff}")

    def make_ties(self) -> None:
        """Make the relation of ties, in both orders of each pair.

        Raises
        ------
        DataError
            If weights are negative, or the other customer is not as the key.
        """
        session, pairs = self.session, self._relation("pairs")
        if (arrived := self.regrouping.arrived(session, self._pairs)) is not None:
            session.run(
                f"CREATE TABLE {pairs} AS SELECT a, b, sum(CAST(w AS HUGEINT)) AS w, "
                f"bool_or(calls) AS calls, bool_or(called) AS called FROM {arrived} GROUP BY a, b"
            )
            session.run(f"CREATE VIEW {self.ties} AS FROM {pairs}")
            return
        # Adding up by pair and turning every pair round costs half of adding up in both orders.
        session.run(f"CREATE TABLE {pairs} AS {self._pairs}")
        session.run(
            f"CREATE VIEW {self.ties} AS SELECT low AS a, high AS b, w, up AS calls, down AS "
            f"called FROM {pairs} UNION ALL SELECT high, low, w, down, up FROM {pairs}"
        )
        part = self.regrouping.part_of("a", self._key)
        self.regrouping.give(session, self._pairs, f"SELECT {part} AS part, * FROM {self.ties}")

    @cached_property
    def _key(self) -> str:
        """SQL type of the keys."""
        return self.session.columns(quoted(self.name))[self.plan.tables[self.name].key]

    @cached_property
    def _pairs(self) -> str:
        """Query for the pairs of the calls that are here: weight, and who calls whom."""
        table = self.plan.tables[self.name]
        span = whole_span(table, self.window)
        within = rows_within(table, span.start, span.until)
        given, weight, column = "1", "count(*)", self.neighbours.weight
        if column is not None:
            given = f"coalesce({quoted(column)}, 0)"
            weight = f"sum(CAST(round(w * {SCALE}) AS HUGEINT))"
            (negative,) = self.session.total(
                f"SELECT count(*) FROM {quoted(self.name)} WHERE {within} AND {given} < 0", "sum"
            )
            if negative:
                self.session.refuse(
                    f"neighbours.{self.name}: the weight {column!r} is below 0 in {negative} rows; "
                    "if these are calls that nobody took, give the column a rule with low: 0 and "
                    "otherwise: missing"
                )
        return (
            f"SELECT least(a, b) AS low, greatest(a, b) AS high, {weight} AS w, bool_or(a < b) AS "
            f"up, bool_or(a > b) AS down FROM (SELECT {quoted(table.key)} AS a, {self._other()} AS "
            f"b, {given} AS w FROM {quoted(self.name)} WHERE {within}) WHERE a <> b GROUP BY 1, 2"
        )

    def _other(self) -> str:
        """SQL of the other customer as the key of the table is: text or a whole number."""
        table, to = self.plan.tables[self.name], self.neighbours.to
        rule = table.columns.get(to)
        numeric = rule is not None and rule.kind in NUMERIC
        text = self._key == "VARCHAR"
        if text and not numeric:
            return as_text(quoted(to), "VARCHAR")
        if not text and numeric:
            return f"CAST({quoted(to)} AS BIGINT)"
        own, other = ("text", "a number") if text else ("a number", "text")
        raise DataError(
            f"neighbours.{self.name}: {to!r} is {other} and the key {table.key!r} is {own}; give "
            f"the column a rule with kind: {'text' if text else 'integer'}, or say key_kind in all "
            "tables"
        )

    def make_partners(self, customers: str) -> None:
        """Make the relations of people, and of partners with what is known of them at the cutoff.

        Parameters
        ----------
        customers : str
            Query of :func:`known_customers`.
        """
        some = " FILTER (calls)" if self.neighbours.directions == "out" else ""  # it takes time
        session, facts = self.session, self._relation("facts")
        session.run(
            f"CREATE TABLE {self.people} AS SELECT a, count(*) AS n, count_if(calls AND "
            f"called) AS m, count(*){some} AS neighbours, sum(w){some} AS weight FROM {self.ties} "
            "GROUP BY a"
        )
        usage, joins = self._usage()
        known = (
            "SELECT p.a AS key, p.n, p.m, k.key IS NOT NULL AS customer, k.day, k.days"
            f"{''.join(usage)} FROM {self.people} p LEFT JOIN ({customers}) k ON p.a = k.key "
            f"{' '.join(joins)}"
        )
        made_by = f"{known} {self._pairs}"
        if (arrived := self.regrouping.arrived(session, made_by)) is not None:
            session.run(f"CREATE VIEW {self.partners} AS FROM {arrived}")
            return
        session.run(f"CREATE TABLE {facts} AS {known}")
        session.run(f"CREATE VIEW {self.partners} AS FROM {facts}")
        part = self.regrouping.part_of("b", self._key)
        self.regrouping.give(
            session,
            made_by,
            f"SELECT r.part, p.* FROM {facts} p JOIN (SELECT DISTINCT a, {part} AS part FROM "
            f"{self.ties}) r ON p.key = r.a",
        )

    def _usage(self) -> tuple[list[str], list[str]]:
        """SQL of the usage of people: columns ``TABLE COLUMN``, and the joins they come from."""
        columns, joins = [], []
        for number, (other, names) in enumerate(self.neighbours.usage.items()):
            table = self.plan.tables[other]
            span = whole_span(table, self.window)
            means = ", ".join(
                f"sum(CAST(round({quoted(c)} * {SCALE}) AS HUGEINT))::DOUBLE / "
                f"nullif(count({quoted(c)}), 0) AS {quoted(c)}"
                for c in names
            )
            joins.append(
                f"LEFT JOIN (SELECT {quoted(table.key)} AS key, {means} FROM {quoted(other)} WHERE "
                f"{rows_within(table, span.start, span.until)} GROUP BY ALL) u{number} ON p.a = "
                f"u{number}.key"
            )
            columns += [
                f", u{number}.{quoted(c)} AS {quoted(usage_column(other, c))}" for c in names
            ]
        return columns, joins

    @cached_property
    def hubs(self) -> tuple[str, bool]:
        """SQL of who is a hub, of ``key``, ``n`` and ``m``; and whether the rule could find some.

        It cannot where hardly any tie goes both ways. The rule counts the partners of everybody.
        """
        rule: HubRule = self.neighbours.hubs
        by_rule, found = "FALSE", True
        if rule.cut:
            degrees = self.session.tally(
                f"SELECT n, count(*), sum(m) FROM {self.people} GROUP BY n ORDER BY n",
                about=self._pairs,
            )
            total = sum(n * people for n, people, _ in degrees)
            found = not total or sum(m for *_, m in degrees) > rule.reciprocity * total
            if total and found:
                partners, people, _ = zip(*degrees, strict=True)
                most, usual = (quantile_of(partners, people, q) for q in (rule.quantile, 0.5))
                least = max(most, rule.times * usual)
                by_rule = f"(n > {least!r}::DOUBLE AND m <= {rule.reciprocity!r}::DOUBLE * n)"
        one = "CAST(key AS VARCHAR)"
        also = f"{one} IN {text_literals(rule.also)}" if rule.also else "FALSE"
        never = f"{one} IN {text_literals(rule.never)}" if rule.never else "FALSE"
        return f"(({by_rule} OR {also}) AND NOT {never})", found

    def drop(self) -> None:
        """Drop the relations, which are large."""
        for form, kinds in (
            ("VIEW", ("ties", "partners")),
            ("TABLE", ("pairs", "people", "facts")),
        ):
            for kind in kinds:
                self.session.run(f"DROP {form} IF EXISTS {self._relation(kind)}")


def usage_column(table: str, column: str) -> str:
    """Name of a column of usage in the relation of partners.

    Parameters
    ----------
    table, column : str

    Returns
    -------
    str

    Examples
    --------
    >>> usage_column("basic", "gb")
    'basic gb'
    """
    return f"{table} {column}"


def known_customers(session: Session, plan: DataPlan, window: Window) -> str:
    """Query for who is or was a customer before the cutoff, and the day of those who left.

    Parameters
    ----------
    session : Session
        Has the clean tables.
    plan : DataPlan
    window : Window

    Returns
    -------
    str
        With the columns ``key``, ``day``, and ``days`` from that day to the cutoff.
    """
    base = plan.tables[plan.base]
    known = "TRUE" if base.date is None else rows_within(base, EARLIEST, window.cutoff)
    return (
        f"SELECT k.key, g.day, date_diff('day', g.day, {day(window.cutoff)}) AS days FROM (SELECT "
        f"DISTINCT {quoted(base.key)} AS key FROM {quoted(plan.base)} WHERE {known}) k LEFT JOIN "
        f"({departures(session, plan, window)}) g ON k.key = g.key"
    )


def quantile_of(values: Sequence[int], counts: Sequence[int], q: float) -> float:
    """A quantile of counted numbers, between two of them in proportion.

    Parameters
    ----------
    values : sequence of int
        In their order.
    counts : sequence of int
        How often each occurs, once at least.
    q : float

    Returns
    -------
    float

    Examples
    --------
    >>> quantile_of([1, 2, 9], [1, 2, 1], 0.5)
    2.0
    >>> quantile_of([1, 2, 9], [1, 2, 1], 0.75)
    3.75
    """
    ends = list(accumulate(counts))
    place = q * (ends[-1] - 1)
    below = int(place)
    low = values[bisect_right(ends, below)]
    high = values[min(bisect_right(ends, below + 1), len(values) - 1)]
    return low + (high - low) * (place - below)
