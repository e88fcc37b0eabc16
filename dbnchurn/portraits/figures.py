"""What customers are compared with: figures of each persona and of everyone, and their queries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dbnchurn.core.sql import quoted
from dbnchurn.portraits.columns import Column
from dbnchurn.tables.duckdb import Session

Value = str | float | bool | date | None
AT_ONCE = 4  # medians of a query, since each holds all values of its column in memory
EVERYONE = None
"""The group of all customers; the other groups are personas, by name."""


@dataclass(frozen=True)
class Figure:
    """A figure of a group, and how it is computed again.

    Parameters
    ----------
    value : float, date or None
        A median, or the share of a level; None where too few values are known.
    known : int
        Values of the group that it is made of.
    query : str
        SQL over the views of the portrait whose result is `value`.
    """

    value: float | date | None
    known: int
    query: str

    @property
    def number(self) -> float | None:
        """The value where it is known and no date."""
        return float(self.value) if isinstance(self.value, int | float) else None


@dataclass(frozen=True, eq=False)
class Figures:
    """Medians and counts of levels of every group.

    Parameters
    ----------
    customers : dict of group → number of customers
    medians : dict of (section, column, group) → (value, known values)
    levels : dict of (section, column, group) → level → customers
    fewest : int
        Known values below which a figure is not shown.
    """

    customers: dict[str | None, int]
    medians: dict[tuple[str, str, str | None], tuple[float | date | None, int]]
    levels: dict[tuple[str, str, str | None], dict[Value, int]]
    fewest: int

    @classmethod
    def of(
        cls, session: Session, columns: Sequence[Column], personas: bool, fewest: int
    ) -> Figures:
        """Compute the figures of all groups, one query for each table and column of levels.

        Parameters
        ----------
        session : Session
            With ``population`` and the tables of the columns.
        columns : sequence of Column
        personas : bool
            Whether there is the table ``personas``.
        fewest : int

        Returns
        -------
        Figures
        """
        made = cls({}, {}, {}, fewest)
        for group, number in _grouped(session, "count(*)", "population", personas):
            made.customers[group] = int(number)
        for table in dict.fromkeys(column.table for column in columns):
            own = [c for c in columns if c.table == table and c.kind != "level"]
            for start in range(0, len(own), AT_ONCE):
                made._add_medians(session, own[start : start + AT_ONCE], table, personas)
        for column in columns:
            if column.kind == "level":
                made._add_levels(session, column, personas)
        return made

    def _add_medians(
        self, session: Session, own: Sequence[Column], table: str, personas: bool
    ) -> None:
        wanted = ", ".join(f"{c.aggregate()}, count({c.sql})" for c in own)
        for group, *found in _grouped(session, wanted, f"population JOIN {table} USING (customer)",
                                      personas):  # fmt: skip
            for place, column in enumerate(own):
                value, known = found[2 * place], int(found[2 * place + 1])
                self.medians[column.section, column.name, group] = (value, known)

    def _add_levels(self, session: Session, column: Column, personas: bool) -> None:
        if not column.compared:
            return
        source = f"population JOIN {column.table} USING (customer)"
        rows = _grouped(session, f"{column.sql}, count(*)", source, personas, column.sql)
        for group, level, number in rows:
            counts = self.levels.setdefault((column.section, column.name, group), {})
            if level is not None:
                counts[level] = int(number)

    def figure(self, column: Column, group: str | None, level: Value = None) -> Figure | None:
        """The figure of a group beside a customer's value.

        Parameters
        ----------
        column : Column
        group : str or None
            A persona; None for everyone.
        level : str, float, bool or None
            The customer's own value, for columns of levels.

        Returns
        -------
        Figure, or None
            None where there is nothing to compare.
        """
        key = (column.section, column.name, group)
        if column.kind != "level":
            value, known = self.medians.get(key, (None, 0))
            enough = value if known >= self.fewest else None
            return Figure(enough, known, column.of_group(group))
        if not column.compared or level is None or isinstance(level, date):
            return None
        counts = self.levels.get(key, {})
        known = sum(counts.values())
        share = counts.get(level, 0) / known if known >= self.fewest else None
        return Figure(share, known, column.of_group(group, level))

    def no_level(self, column: Column, group: str | None) -> Figure:
        """In place of the levels of a group of whom too few values are known.

        Parameters
        ----------
        column : Column
        group : str or None

        Returns
        -------
        Figure
        """
        counts = self.levels.get((column.section, column.name, group), {})
        return Figure(None, sum(counts.values()), column.of_group(group))

    def commonest(self, column: Column, group: str | None, most: int = 3) -> list[Value]:
        """Levels that most customers of a group hold, the commonest first.

        Parameters
        ----------
        column : Column
        group : str or None
        most : int, default 3

        Returns
        -------
        list
            Empty where too few values are known, since these would be those of single customers.
        """
        counts = self.levels.get((column.section, column.name, group), {})
        if sum(counts.values()) < self.fewest:
            return []
        return sorted(counts, key=lambda level: (-counts[level], str(level)))[:most]


def _grouped(
    session: Session, wanted: str, source: str, personas: bool, by: str = ""
) -> Iterator[tuple[Any, ...]]:
    """Rows of a query for everyone and for each persona; the group stands first."""
    behind = f" GROUP BY {by}" if by else ""
    yield from ((EVERYONE, *row) for row in session.rows(f"SELECT {wanted} FROM {source}{behind}"))
    if personas:
        more = f", {by}" if by else ""
        yield from session.rows(
            f"SELECT persona, {wanted} FROM {source} JOIN personas USING (customer) "
            f"WHERE persona IS NOT NULL GROUP BY persona{more} ORDER BY persona"
        )


def places_among_everyone(
    session: Session, columns: Sequence[Column], values: Sequence[float | None]
) -> list[float | None]:
    """Share of all customers below each value, those with the same value counted half.

    Parameters
    ----------
    session : Session
    columns : sequence of n Column
        Of numbers.
    values : sequence of n float or None

    Returns
    -------
    list of n float or None
    """
    return [
        None if value is None else session.row(place_query(column, value))[0]
        for column, value in zip(columns, values, strict=True)
    ]


def place_query(column: Column, value: float) -> str:
    """The query of the place of a value among everyone.

    Parameters
    ----------
    column : Column
    value : float

    Returns
    -------
    str
    """
    name = quoted(column.name)
    number = repr(float(value))
    return (
        f"SELECT avg(CAST({name} < {number} AS INT) + 0.5 * CAST({name} = {number} AS INT)) "
        f"FROM population JOIN {column.table} USING (customer)"
    )
