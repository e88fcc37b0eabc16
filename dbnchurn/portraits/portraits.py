"""The tables of portraits, read and compared: one customer, one persona, or all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from types import TracebackType
from typing import Any

from dbnchurn.core.errors import DataError, did_you_mean, listed
from dbnchurn.core.spreadsheet_text import original_frame
from dbnchurn.core.sql import quoted, text_literal
from dbnchurn.portraits.columns import Column
from dbnchurn.portraits.config import PortraitConfig
from dbnchurn.portraits.figures import Figure, Figures, Value
from dbnchurn.portraits.private_names import PrivateNames
from dbnchurn.portraits.raw_tables import known_macro
from dbnchurn.portraits.remarks import remarks
from dbnchurn.portraits.typed_tables import (
    DAY,
    REASONS,
    check_private,
    contacts_query,
    shown_columns,
    typed_table,
)
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.loading import read_table

HIDDEN = "hidden: it names a private column"
KNOWN_GAPS = ("scores", "personas")  # tables that are to have every customer
CONTACT_COLUMNS = (
    Column("contacts", "contacts", "contacts", "number"),
    Column("contacts", "last contact", "contacts", "date"),
    Column("contacts", "times held out", "contacts", "number"),
)


@dataclass(frozen=True)
class PortraitRow:
    """A line of a portrait.

    Parameters
    ----------
    column : Column
    value : str, float, bool, date or None
        Of the customer; None where it is not known.
    query : str
        SQL whose result is `value`.
    as_of : date or None
        The day of which it tells; None where the customer is not in the table.
    persona, everyone : Figure or None
        What it is compared with.
    """

    column: Column
    value: Value
    query: str
    as_of: date | None
    persona: Figure | None
    everyone: Figure | None


@dataclass(frozen=True)
class CustomerPortrait:
    """What is known of one customer.

    Parameters
    ----------
    customer : str
    persona : str or None
        None where it is not known.
    rows : tuple of PortraitRow
        In the order of the sections.
    reasons : tuple of str, or None
        For the score; None where there is no score.
    contacts, actions : tuple of dict, or None
        Rows of the log, the newest first, and of the plan; None where there is no such table.
    """

    customer: str
    persona: str | None
    rows: tuple[PortraitRow, ...]
    reasons: tuple[str, ...] | None
    contacts: tuple[dict[str, Value], ...] | None
    actions: tuple[dict[str, Value], ...] | None

    def row(self, section: str, name: str) -> PortraitRow | None:
        """The line of a column.

        Parameters
        ----------
        section, name : str

        Returns
        -------
        PortraitRow, or None
            None if the column is not shown.
        """
        found = (r for r in self.rows if (r.column.section, r.column.name) == (section, name))
        return next(found, None)


class Portraits:
    """A context manager around the tables of portraits, which are on disk while it is open.

    Parameters
    ----------
    config : PortraitConfig

    Attributes
    ----------
    columns : list of Column
    figures : Figures
    tables : dict of name → TypedTable
    personas : list of str
        Names, sorted.
    words : dict of persona → str
    notes : list of str
        What was converted, assumed or left out.

    Raises
    ------
    DataError
        If a table cannot be used, with what is wrong.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"id": ["007", "8", "9"], "age": [30, None, 50]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     frame.to_parquet(f"{folder}/a.parquet")
    ...     source = {"path": f"{folder}/a.parquet", "as_of": date(2026, 8, 31)}
    ...     config = PortraitConfig(id="id", customers=source, basic=["age"], fewest=2)
    ...     with Portraits(config) as portraits:
    ...         row = portraits.customer("007").rows[0]
    >>> row.value, row.everyone.value, row.everyone.known, row.as_of.isoformat()
    (30.0, 40.0, 2, '2026-08-31')
    """

    def __init__(self, config: PortraitConfig) -> None:
        self.config = config
        self.private = PrivateNames(config.private)

    def __enter__(self) -> Portraits:
        self.session = Session(self.config.memory, n_threads=1)
        try:
            self._open()
        except BaseException:
            self.session.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.session.__exit__(kind, error, trace)

    def _open(self) -> None:
        config, session = self.config, self.session
        found = [typed_table(session, config, name) for name in config.given]
        check_private(config, found)
        self.tables = {table.name: table for table in found}
        self.notes = [note for table in found for note in table.notes]
        first = config.given[0]
        self.population = f"SELECT DISTINCT customer FROM {first}"
        session.run(f"CREATE TABLE population AS {self.population}")
        for name in config.given[1:]:
            self._compare_ids(name, first)
        self.columns = [
            column
            for name in ("customers", "scores")
            if name in self.tables
            for column in shown_columns(session, config, self.tables[name])
        ]
        if (log := self.tables.get("log")) is not None and log.as_of is not None:
            session.run(f"CREATE TABLE contacts AS {contacts_query(log.as_of)}")
            self.columns += CONTACT_COLUMNS
        with_personas = "personas" in self.tables
        self.figures = Figures.of(session, self.columns, with_personas, config.fewest)
        self.personas = sorted(name for name in self.figures.customers if name is not None)
        self.words = self._words()
        self.notes += remarks(config, self.tables, self.columns)

    def _compare_ids(self, name: str, first: str) -> None:
        """Say how many customers one of two tables lacks; refuse tables of other customers."""
        table, base = self.tables[name], self.tables[first]
        others, shared = self.session.row(
            "SELECT count(*) FILTER (p.customer IS NULL), count(p.customer) FROM (SELECT DISTINCT "
            f"customer FROM {name}) t LEFT JOIN population p ON p.customer = t.customer"
        )
        if not shared and self.session.row(f"SELECT count(*) FROM {name}")[0]:
            one, other = (
                self.session.row(f"SELECT min(customer) FROM {t}")[0] for t in (name, first)
            )
            raise DataError(
                f"no customer of {table.where} ({name}) is in {base.where} ({first}): ids such as "
                f"{one!r} and {other!r}; write them alike, or say with 'id' which column names the "
                "customer"
            )
        if others:
            self.notes.append(
                f"{others:,} customers of {table.where} ({name}) are not in {base.where} ({first}) "
                "and have no portrait"
            )
        absent = self.session.row("SELECT count(*) FROM population")[0] - shared
        if absent and name in KNOWN_GAPS:
            self.notes.append(
                f"{absent:,} customers of {base.where} are not in {table.where} ({name}): not known"
            )

    def _words(self) -> dict[str, str]:
        """The personas in words; those that name a private column are left out."""
        path = self.config.words
        if path is None:
            return {}
        frame = original_frame(read_table(path))
        for name in ("persona", "words"):
            if name not in frame:
                raise DataError(
                    f"{path}: no column {name!r}: {did_you_mean(name, map(str, frame))}"
                )
        found = frame.dropna(subset=["persona", "words"])
        words = dict(zip(found["persona"].map(str), found["words"].map(str), strict=True))
        if private := [name for name, said in words.items() if self.private.are_in(said)]:
            self.notes.append(
                f"{path}: the words of {listed(private)} name a private column: left out"
            )
        if absent := [name for name in self.personas if name not in words]:
            self.notes.append(f"{path}: no words for {listed(absent)}")
        return {name: said for name, said in words.items() if name not in private}

    def order_of(self, table: str) -> str:
        """SQL of the order of a customer's rows in the log, the newest first, or in the plan."""
        if table == "log":
            return "contact_date DESC, campaign, offer, channel, arm"
        best_first = "value DESC NULLS LAST, " if "value" in self.tables["plan"].columns else ""
        return f"{best_first}offer, channel"

    @property
    def reason_names(self) -> list[tuple[str, str | None]]:
        """Columns of the scores with a reason, and with the column that it is made of."""
        scores = self.tables.get("scores")
        there = {} if scores is None else scores.columns
        return [
            (f"reason_{k}", f"column_{k}" if f"column_{k}" in there else None)
            for k in range(1, REASONS + 1)
            if f"reason_{k}" in there
        ]

    def shown_reasons(self, found: Sequence[tuple[str | None, str | None]]) -> list[str]:
        """Reasons as they may be shown.

        Parameters
        ----------
        found : sequence of (reason, column)

        Returns
        -------
        list of str
        """
        return [
            HIDDEN if self.private.are_in(column) or self.private.are_in(reason) else reason
            for reason, column in found
            if reason is not None
        ]

    def views(self) -> list[str]:
        """Statements for any DuckDB that make the views which all queries of a portrait read."""
        queries = [table.query or "" for table in self.tables.values()]
        made = [known_macro()] if any("known(" in query for query in queries) else []
        for table in self.tables.values():
            if table.query is None:
                columns = ", ".join(["customer", *map(quoted, table.columns)])
                made.append(
                    f"-- {table.name}: DuckDB alone does not read {table.where} as it was read; "
                    f"make a table {table.name} with the columns {columns}".replace("\n", " ")
                )
            else:
                made.append(f"CREATE VIEW {table.name} AS {table.query};")
        made.append(f"CREATE VIEW population AS {self.population};")
        log = self.tables.get("log")
        if log is not None and log.as_of is not None:
            made.append(f"CREATE VIEW contacts AS {contacts_query(log.as_of)};")
        return made

    def as_of(self, table: str) -> date | None:
        """The day of which a table tells; None where every row has its own."""
        return self.tables["log" if table == "contacts" else table].as_of

    def days(self, table: str) -> str:
        """The day of which a table tells, or the first and the last of its rows, for a reader."""
        day = self.as_of(table)
        return self._days_of_rows if day is None else day.isoformat()

    @cached_property
    def _days_of_rows(self) -> str:
        name = quoted(DAY)
        first, last = self.session.row(f"SELECT min({name}), max({name}) FROM customers")
        return str(first) if first == last else f"{first} to {last}"

    def customer(self, customer: str) -> CustomerPortrait:
        """The portrait of one customer.

        Parameters
        ----------
        customer : str
            Id.

        Returns
        -------
        CustomerPortrait

        Raises
        ------
        DataError
            If there is no such customer.
        """
        key = text_literal(customer)
        if not self.session.row(f"SELECT count(*) FROM population WHERE customer = {key}")[0]:
            some = self.session.rows("SELECT customer FROM population ORDER BY 1 LIMIT 3")
            raise DataError(
                f"there is no customer {customer!r} in {self.tables[self.config.given[0]].where}; "
                f"ids are written such as {listed(row[0] for row in some)}"
            )
        own: dict[str, dict[str, Value]] = {}
        for table in (*self.tables, *(["contacts"] if "log" in self.tables else [])):
            if table not in ("log", "plan"):
                rows = self._dicts(f"SELECT * FROM {table} WHERE customer = {key}")
                own[table] = rows[0] if rows else {}
        persona = own.get("personas", {}).get("persona")
        named = str(persona) if persona is not None else None
        shown = [self._row(c, customer, own[c.table], named) for c in self.columns]
        reasons = None
        if own.get("scores"):
            pairs = [
                (_word(own["scores"][r]), _word(own["scores"][c]) if c else None)
                for r, c in self.reason_names
            ]
            reasons = tuple(self.shown_reasons(pairs))
        return CustomerPortrait(
            customer,
            named,
            tuple(shown),
            reasons,
            self._list_of("log", key),
            self._list_of("plan", key),
        )

    def _row(
        self, column: Column, customer: str, own: dict[str, Value], persona: str | None
    ) -> PortraitRow:
        value = own.get(column.name)
        day = own.get(DAY) if column.table == "customers" and DAY in own else None
        as_of = day if isinstance(day, date) else self.as_of(column.table)
        return PortraitRow(
            column,
            value,
            column.of_customer(customer),
            as_of if own else None,
            None if persona is None else self.figures.figure(column, persona, value),
            self.figures.figure(column, None, value),
        )

    def _list_of(self, table: str, key: str) -> tuple[dict[str, Value], ...] | None:
        if table not in self.tables:
            return None
        return tuple(self._dicts(f"SELECT * EXCLUDE (customer) FROM {table} WHERE customer = {key} "
                                 f"ORDER BY {self.order_of(table)}"))  # fmt: skip

    def _dicts(self, sql: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.session.arrow(sql).to_pylist()
        return rows


def _word(value: Value) -> str | None:
    return None if value is None else str(value)
