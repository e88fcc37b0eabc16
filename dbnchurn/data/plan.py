"""The plan of a table of features: source tables with their contracts, windows, label, features.

A plan is a config section. Training uses it, and a stored model contains it, so that the table of
a scoring month is built exactly as the training table was.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, model_validator

from dbnchurn.config.from_signatures import Section
from dbnchurn.core.errors import did_you_mean
from dbnchurn.data.neighbour_plan import Neighbours
from dbnchurn.data.windows import Windows
from dbnchurn.tables.dialect import CsvSettings
from dbnchurn.tables.postgres import Postgres

Value = str | int | float | bool
Grain = Literal["customer", "month", "event", "lookup"]
Memory = Annotated[str, Field(pattern=r"^[0-9]+ ?[MG]B$")]
ColumnKind = Literal["number", "integer", "flag", "category", "text", "date"]
NUMERIC = ("number", "integer", "flag")
STORED = "stored"
"""Context of the validation of a plan that is part of a model: its tables need no source."""


class Csv(Section):
    """Format of a CSV file; what is not given is inferred."""

    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str | None = Field(
        default=None, description="Such as utf-16, cp1252 or gb18030; found out by default."
    )
    decimal: Literal[".", ","] | None = Field(
        default=None, description="Decimal mark of all columns; found out by default."
    )
    quote: str = Field(default='"', min_length=1, max_length=1)

    def settings(self) -> CsvSettings:
        """What the reader of CSV files is told."""
        return CsvSettings(self.delimiter, self.encoding, self.quote, self.decimal)


class TableSource(Section):
    """Where a table is that is read as it comes: files or a database."""

    path: str | None = Field(
        default=None, description="CSV, Parquet or Excel file, folder of them, or pattern with *."
    )
    postgres: Postgres | None = None
    csv: Csv = Field(default_factory=Csv)
    sheet: str | None = Field(default=None, description="Sheet of a spreadsheet.")
    missing: tuple[str, ...] = Field(
        default=(), description="Further texts that stand for a missing value."
    )
    formats: dict[str, str] = Field(
        default_factory=dict,
        description="Column → how its numbers or dates are written, such as '%d.%m.%Y'. Found out "
        "where it leaves no doubt.",
    )

    @model_validator(mode="after")
    def _one_source(self) -> TableSource:
        if (self.path is None) == (self.postgres is None):
            raise ValueError("a table needs exactly one of 'path' and 'postgres'")
        return self

    @property
    def name(self) -> str:
        """What the table is called in messages."""
        if self.postgres is not None:
            return self.postgres.table or "a query of a database"
        return str(self.path)


class Rule(Section):
    """The rule of one column: its kind, and the values that it may have."""

    kind: ColumnKind
    unit: str | None = None
    low: float | None = Field(default=None, description="Smallest allowed number.")
    high: float | None = Field(default=None, description="Largest allowed number.")
    levels: tuple[str, ...] = Field(default=(), description="All values of a category.")
    codes: dict[str, str] = Field(
        default_factory=dict, description="Other spelling → level; case does not matter."
    )
    nullable: bool = True
    format: str | tuple[str, ...] | None = Field(
        default=None, description="How dates are written, such as '%d.%m.%Y'."
    )
    otherwise: Literal["quarantine", "missing"] = Field(
        default="quarantine",
        description="What becomes of a value that breaks the promise: its row, or the value alone.",
    )

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Rule:
        if self.kind not in NUMERIC and (self.low is not None or self.high is not None):
            raise ValueError(f"a {self.kind} has no low and high")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low} lies above high {self.high}")
        if self.kind != "category" and (self.levels or self.codes):
            raise ValueError(f"only a category has levels and codes, this is a {self.kind}")
        unknown = [
            level for level in self.codes.values() if self.levels and level not in self.levels
        ]
        if unknown:
            raise ValueError(
                f"codes lead to {unknown[0]!r}: {did_you_mean(unknown[0], self.levels)}"
            )
        return self

    @property
    def formats(self) -> tuple[str, ...]:
        """The date formats."""
        if self.format is None:
            return ()
        return (self.format,) if isinstance(self.format, str) else self.format


class Through(Section):
    """Where a lookup table is joined: a column of another table."""

    table: str
    column: str


class TablePlan(Section):
    """One source table and its contract."""

    path: str | None = Field(
        default=None, description="CSV, Parquet or Excel file, folder of them, or pattern with *."
    )
    query: str | None = Field(
        default=None, description="DuckDB SQL over the other tables, by their names, or files."
    )
    postgres: Postgres | None = None
    table: str | None = Field(
        default=None,
        description="Table or view of the catalog of a Spark session, such as crm.public.bills; "
        "read with --engine spark alone.",
    )
    csv: Csv = Field(default_factory=Csv)
    key: str = Field(description="Column that names the customer, or what a lookup is joined by.")
    key_kind: Literal["number", "text"] | None = Field(
        default=None, description="Needed where keys could be read either way."
    )
    date: str | None = Field(default=None, description="When what the row says happened.")
    grain: Grain | None = Field(
        default=None,
        description="What a row is: a customer, a customer's month, an event, or an entry of a "
        "lookup table. By default an event where there is a date, a customer otherwise.",
    )
    through: Through | None = Field(default=None, description="What a lookup table is joined to.")
    timezone: str | None = Field(
        default=None, description="In which times that carry an offset are read."
    )
    sheet: str | None = Field(default=None, description="Sheet of a spreadsheet.")
    missing: tuple[str, ...] = Field(
        default=(), description="Further texts that stand for a missing value."
    )
    columns: dict[str, Rule] = Field(
        default_factory=dict, description="The contract; columns that are not in it are not read."
    )
    max_quarantine: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.05, description="Share of rows that may break the contract."
    )
    max_gap: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="Days that a table of events may be without rows before a scoring month is "
        "refused; by default from the gaps that the rows of the training have.",
    )

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo) -> TablePlan:
        names = ("path", "query", "postgres", "table")
        sources = [n for n in names if getattr(self, n) is not None]
        if len(sources) != 1 and not (info.context == STORED and not sources):
            raise ValueError("a table needs exactly one of 'path', 'query', 'postgres' and 'table'")
        if self.rows in ("month", "event") and self.date is None:
            raise ValueError(f"rows that are {self.rows}s need a 'date' column")
        if (self.rows == "lookup") != (self.through is not None):
            raise ValueError("'through' belongs to grain: lookup, and a lookup needs it")
        if self.date in self.columns and self.columns[self.date or ""].kind != "date":
            raise ValueError(f"the column {self.date!r} has to have the kind date")
        return self

    @property
    def rows(self) -> Grain:
        """What a row is."""
        return self.grain or ("customer" if self.date is None else "event")

    @property
    def described(self) -> dict[str, Rule]:
        """The contract without key and date, which have rules of their own."""
        return {n: r for n, r in self.columns.items() if n not in (self.key, self.date)}


class Label(Section):
    """Who left.

    ``events``: a row of the table within the outcome window (with one of the values `left` in
    `column`, if given). ``status``: a row within the outcome window has one of the values `left` in
    `column`; customers without a row there have no known outcome. ``inactivity``: no row within the
    outcome window, or none with a positive number in `column`. ``column``: a column of a table
    without dates.
    """

    table: str
    kind: Literal["events", "status", "inactivity", "column"]
    column: str | None = None
    left: tuple[Value, ...] = Field(default=(), description="Values of the column that mean left.")
    stayed: tuple[Value, ...] = Field(
        default=(),
        description="Values that mean stayed, where a label of kind column has three or more.",
    )
    unknown: Literal["stop", "drop"] = Field(
        default="stop", description="Labelled customers whom the base table does not know."
    )

    @property
    def condition(self) -> str:
        """Who left, in words."""
        where = self.table if self.column is None else f"{self.table}.{self.column}"
        if self.kind == "inactivity":
            return f"inactivity in {where}"
        left = " or ".join(repr(value) for value in self.left)
        if not left:
            left = "any row" if self.column is None else "a word for leaving"
        return f"{self.kind} of {where} = {left}"

    @model_validator(mode="after")
    def _complete(self) -> Label:
        if self.kind in ("status", "column") and self.column is None:
            raise ValueError(f"a label of kind {self.kind} needs a 'column'")
        if self.kind != "column" and self.stayed:
            raise ValueError(f"'stayed' belongs to a label of kind column, this is {self.kind}")
        if self.kind == "status" and not self.left:
            raise ValueError("a label of kind status needs 'left': the values that mean left")
        return self


Names = tuple[str, ...]


class Aggregates(Section):
    """Aggregate → columns; ``*`` stands for the rows themselves."""

    sum: Names = ()
    mean: Names = ()
    min: Names = ()
    max: Names = ()
    first: Names = ()
    last: Names = ()
    trend: Names = Field(default=(), description="Least-squares slope per month.")
    count: Names = Field(default=(), description="Values that are there.")
    distinct: Names = ()
    levels: Names = Field(default=(), description="Rows of every level of a category.")
    days_since: Names = Field(default=(), description="Days from the last date to the cutoff.")


class TableFeatures(Section):
    """What becomes of one table: aggregates of the whole window, and of each month of it."""

    window: Aggregates = Field(default_factory=Aggregates)
    month: Aggregates = Field(default_factory=Aggregates)
    values: Names | Literal["all"] = Field(
        default=(), description="Columns of a table of customers or a lookup, taken as they are."
    )


class Leakage(Section):
    """Checks for features that reveal the outcome."""

    auc: Annotated[float, Field(gt=0.5, le=1)] = Field(
        default=0.90, description="A column that alone ranks churners as well as this is stopped."
    )
    allow: dict[str, str] = Field(
        default_factory=dict, description="Check, or 'check: column', to pass over → the reason."
    )

    @model_validator(mode="after")
    def _with_reasons(self) -> Leakage:
        for name, reason in self.allow.items():
            if not reason.strip():
                raise ValueError(f"allow {name!r} needs a reason")
        return self


class DataPlan(Section):
    """From source tables to one row per customer and cutoff.

    Its fields say what they mean; ``dbnchurn schema`` lists them all.

    Examples
    --------
    >>> plan = DataPlan(
    ...     tables={
    ...         "bills": {"path": "bills.csv", "key": "id", "date": "month", "grain": "month"},
    ...         "left": {"path": "left.csv", "key": "id", "date": "day"},
    ...     },
    ...     base="bills",
    ...     windows={"cutoffs": ["2024-08-01"]},
    ...     label={"table": "left", "kind": "events"},
    ...     features={"bills": {"window": {"mean": ["amount"], "trend": ["amount"]}}},
    ... )
    >>> plan.tables["left"].rows, plan.windows.outcome
    ('event', '1 month')
    """

    tables: dict[str, TablePlan] = Field(min_length=1)
    base: str = Field(description="The table whose customers are meant.")
    windows: Windows | None = None
    label: Label | None = None
    features: dict[str, TableFeatures] = Field(default_factory=dict)
    neighbours: dict[str, Neighbours] = Field(
        default_factory=dict,
        description="Table of calls → features of those whom a customer calls or is called by.",
    )
    ratios: dict[str, tuple[str, str]] = Field(
        default_factory=dict, description="New feature → the features it divides."
    )
    memory: Memory = Field(default="2GB", description="What DuckDB may use before it goes to disk.")

    @model_validator(mode="after")
    def _tables_fit(self) -> DataPlan:
        for role, name in self._mentions():
            if name not in self.tables:
                raise ValueError(
                    f"{role} names the table {name!r}: {did_you_mean(name, self.tables)}"
                )
        dated = [name for name, table in self.tables.items() if table.rows in ("month", "event")]
        if dated and self.windows is None:
            raise ValueError(
                f"the table {dated[0]!r} has dates, so 'windows' with cutoffs is needed"
            )
        if self.label is not None:
            self._check_label(self.label)
        if self.tables[self.base].rows == "lookup":
            raise ValueError("the base table cannot be a lookup")
        for name, features in self.features.items():
            self._check_features(name, features)
        for name, neighbours in self.neighbours.items():
            self._check_neighbours(name, neighbours)
        return self

    def _mentions(self) -> list[tuple[str, str]]:
        mentions = [("base", self.base), *(("features", name) for name in self.features)]
        mentions += [("neighbours", name) for name in self.neighbours]
        mentions += [
            (f"neighbours.{name}.usage", used)
            for name, neighbours in self.neighbours.items()
            for used in neighbours.usage
        ]
        if self.label is not None:
            mentions.append(("label", self.label.table))
        throughs = [t.through for t in self.tables.values() if t.through is not None]
        return mentions + [("through", through.table) for through in throughs]

    def _check_label(self, label: Label) -> None:
        table = self.tables[label.table]
        if (label.kind == "column") != (table.rows == "customer"):
            raise ValueError(
                f"a label of kind {label.kind} does not go with the table {label.table!r}, whose "
                f"rows are {table.rows}s"
            )
        if label.column is not None and table.columns and label.column not in table.columns:
            raise ValueError(
                f"label.column {label.column!r}: {did_you_mean(label.column, table.columns)}"
            )

    def _check_neighbours(self, name: str, neighbours: Neighbours) -> None:
        if self.tables[name].rows != "event":
            raise ValueError(
                f"neighbours.{name}: rows are {self.tables[name].rows}s, and calls are events: "
                "give the table a 'date'"
            )
        if self.label is None or self.label.kind not in ("events", "status"):
            raise ValueError(
                f"neighbours.{name}: when a neighbour left is known only by a label of kind events "
                "or status"
            )
        wanted = {name: [neighbours.to, *([neighbours.weight] if neighbours.weight else [])]}
        if neighbours.to == self.tables[name].key:
            raise ValueError(f"neighbours.{name}: 'to' is the key of the table, the one who calls")
        for table, columns in neighbours.usage.items():
            if self.tables[table].rows not in ("month", "event"):
                raise ValueError(f"neighbours.{name}.usage: the table {table!r} has no dates")
            if not columns:
                raise ValueError(f"neighbours.{name}.usage.{table} names no column")
            wanted.setdefault(table, []).extend(columns)
        for table, named in wanted.items():
            contract = self.tables[table].columns
            for column in named if contract else ():
                if column not in contract:
                    raise ValueError(
                        f"neighbours.{name}: {column!r} of the table {table!r}: "
                        f"{did_you_mean(column, contract)}"
                    )

    def _check_features(self, name: str, features: TableFeatures) -> None:
        table = self.tables[name]
        dated = table.rows in ("month", "event")
        if dated and features.values:
            raise ValueError(
                f"features.{name}: rows are {table.rows}s, so give aggregates, not values"
            )
        if not dated and (used(features.window) or used(features.month)):
            raise ValueError(f"features.{name}: the table has one row each, so give values alone")
        if used(features.month) and self.windows is not None and self.windows.months is None:
            raise ValueError(f"features.{name}.month needs an observation window in months")
        wanted = [*used(features.window), *used(features.month)]
        wanted += list(features.values) if features.values != "all" else []
        if table.columns:
            for column in wanted:
                if column not in (*table.columns, table.date, "*"):
                    raise ValueError(
                        f"features.{name}: {column!r}: {did_you_mean(column, table.columns)}"
                    )


def used(aggregates: Aggregates) -> list[str]:
    """All columns that are aggregated, without repetition."""
    return list(dict.fromkeys(c for _, columns in aggregates for c in columns))
