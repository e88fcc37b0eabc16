"""Where the tables of a scoring month are read: named by the caller, or confirmed by the caller.

A stored model knows the tables' columns. The places that it holds are those of the training, and
whoever wrote the model chose them, so nothing is read there unless the caller says so.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import ConfigDict, model_validator

from dbnchurn.config import yaml
from dbnchurn.config.from_signatures import Section
from dbnchurn.config.loading import read
from dbnchurn.core.errors import ConfigError, did_you_mean, listed
from dbnchurn.data.plan import Csv, DataPlan, Memory, TablePlan
from dbnchurn.data.stored_plan import StoredPlan
from dbnchurn.tables.postgres import Postgres

WAYS = (
    "name their places with --table NAME=PATH or --sources FILE (in Python tables=, sources=), or "
    "confirm those of the model with --trust-sources (trust_sources=True)"
)
NAME = (
    "name a file with --table NAME=PATH, or a query or a database with --sources FILE (in Python "
    "tables=, sources=)"
)


class GivenSource(Section):
    """The source of one table, as the caller names it."""

    path: str | None = None
    query: str | None = None
    postgres: Postgres | None = None
    csv: Csv | None = None
    sheet: str | None = None

    @model_validator(mode="after")
    def _one(self) -> GivenSource:
        sources = [n for n in ("path", "query", "postgres") if getattr(self, n) is not None]
        if len(sources) != 1:
            raise ValueError("a table needs exactly one of 'path', 'query' and 'postgres'")
        return self

    @property
    def text(self) -> str:
        """What is read, in a few words."""
        if self.path is not None:
            return self.path
        if self.postgres is None:
            return "a query of the caller"
        wanted = self.postgres.table or "a query of the caller"
        return f"{wanted} in the database of {self.postgres.url}"

    def placed(self, table: TablePlan) -> TablePlan:
        """A table of a model, read here."""
        found = {"path": self.path, "query": self.query, "postgres": self.postgres}
        told = {"csv": self.csv, "sheet": self.sheet}
        return table.model_copy(
            update={**found, **{key: value for key, value in told.items() if value is not None}}
        )


class Sources(Section):
    """The sources of tables, and the memory that joining them may take.

    Examples
    --------
    >>> Sources.model_validate({"tables": {"bills": {"path": "bills.csv"}}}).tables["bills"].text
    'bills.csv'
    """

    tables: dict[str, GivenSource]
    memory: Memory = "2GB"


class _Table(GivenSource):
    model_config = ConfigDict(extra="ignore")


class _Data(Sources):
    model_config = ConfigDict(extra="ignore")
    tables: dict[str, _Table]  # type: ignore[assignment]


class _TrainingConfig(Section):
    """The part of a training's config that names sources."""

    model_config = ConfigDict(extra="ignore")
    data: _Data


def sources_of(plan: DataPlan) -> Sources:
    """The sources of a plan that the caller wrote.

    Parameters
    ----------
    plan : DataPlan

    Returns
    -------
    Sources
    """
    keys = GivenSource.model_fields
    tables = {
        name: GivenSource(**{key: getattr(table, key) for key in keys})
        for name, table in plan.tables.items()
    }
    return Sources(tables=tables, memory=plan.memory)


def read_sources(file: str | Path) -> Sources:
    """Read the sources of tables from a YAML file.

    Parameters
    ----------
    file : path
        With ``tables``: for each its ``path``, ``query`` or ``postgres``, and ``csv`` or ``sheet``
        where they are needed. Or the config of a training, of which ``data.tables`` and
        ``data.memory`` are read, and of the tables these keys alone.

    Returns
    -------
    Sources

    Raises
    ------
    ConfigError
        If the file cannot be read so.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "crm.yaml")
    ...     _ = file.write_text("tables: {bills: {path: exports/bills}}")
    ...     read_sources(file).tables["bills"].path
    'exports/bills'
    """
    try:
        found = yaml.parse(Path(file).read_text(encoding="utf-8")).data
    except (OSError, ValueError):
        found = None  # what is wrong is said by `read`
    if isinstance(found, dict) and "data" in found and "tables" not in found:
        return read(file, [], _TrainingConfig).data
    return read(file, [], Sources)


def placed_plan(
    stored: StoredPlan,
    tables: Mapping[str, str] | None = None,
    sources: Sources | None = None,
    *,
    trust: bool = False,
) -> DataPlan:
    """The plan of a model, with the sources of its tables.

    Parameters
    ----------
    stored : StoredPlan
        Of the model.
    tables : mapping of table → path, optional
    sources : Sources, optional
        Both as the caller names them.
    trust : bool, default False
        Whether the paths that the model holds may be read for tables that the caller does not
        name.

    Returns
    -------
    DataPlan
        With exactly one source for each table.

    Raises
    ------
    ConfigError
        If a table is unknown, named twice, or not named, and the model's path is not confirmed.
    """
    plan = stored.plan
    named = {name: GivenSource(path=path) for name, path in (tables or {}).items()}
    given = dict(sources.tables) if sources is not None else {}
    if twice := sorted(set(named) & set(given)):
        raise ConfigError(
            f"{listed(twice)} is named both as a table and in the file of sources; name it once"
        )
    given |= named
    for name in given:
        if name not in plan.tables:
            raise ConfigError(f"there is no table {name!r}: {did_you_mean(name, plan.tables)}")
    missing = {n: table for n, table in plan.tables.items() if n not in given}
    _check_named(stored, missing, trust)
    placed = {n: given[n].placed(t) if n in given else t for n, t in plan.tables.items()}
    changes: dict[str, object] = {"tables": placed}
    if sources is not None:
        changes["memory"] = sources.memory
    return plan.model_copy(update=changes)


def _check_named(stored: StoredPlan, missing: Mapping[str, TablePlan], trust: bool) -> None:
    """Refuse tables that the caller does not name, all at once."""
    nowhere = [name for name, table in missing.items() if table.path is None]
    held = {n: os.path.abspath(t.path) for n, t in missing.items() if t.path is not None}
    wrong = []
    if nowhere:
        why = "the model holds SQL or a database" if stored.dropped else "the model holds no path"
        wrong.append(
            f"tables whose source the caller has to name ({why}): {listed(nowhere)}; {NAME}"
        )
    if held and not trust:
        shown = ", ".join(f"{name}: {path}" for name, path in held.items())
        wrong.append(f"the places to read are those that the model holds: {shown}; {WAYS}")
    if wrong:
        raise ConfigError("; ".join(wrong))


def source_notes(
    stored: StoredPlan, placed: DataPlan, tables: Mapping[str, str] | None, sources: Sources | None
) -> list[str]:
    """What is read where the model's own paths count, and what of the model is passed over.

    Parameters
    ----------
    stored : StoredPlan
    placed : DataPlan
        As :func:`placed_plan` gives it.
    tables, sources
        As :func:`placed_plan` takes them.

    Returns
    -------
    list of str
    """
    given = {*(tables or ()), *(sources.tables if sources is not None else ())}
    held = {n: t.path for n, t in placed.tables.items() if n not in given and t.path is not None}
    shown = ", ".join(f"{name}: {os.path.abspath(path)}" for name, path in held.items())
    said = [f"read where the model says, as confirmed: {shown}"] if held else []
    return [*stored.notes, *said]


def sources_text(plan: DataPlan) -> dict[str, str]:
    """Table → what is read for it, in a few words.

    Examples
    --------
    >>> table = TablePlan(path="bills.csv", key="id")
    >>> sources_text(DataPlan(tables={"bills": table}, base="bills"))
    {'bills': 'bills.csv'}
    """
    return {
        name: GivenSource(path=t.path, query=t.query, postgres=t.postgres).text
        for name, t in plan.tables.items()
    }
