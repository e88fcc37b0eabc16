"""What the commands ``simulate`` and ``infer`` do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dbnchurn.core.errors import ConfigError
from dbnchurn.data.infer import infer_table, write_contracts
from dbnchurn.data.plan import TablePlan
from dbnchurn.data.simulate.write import TABLES
from dbnchurn.data.simulate.write import simulate as write
from dbnchurn.tables.postgres import Postgres, load_into_postgres


def simulate(
    output: Path, customers: int, months: int, seed: int, dirt: float, database: str | None
) -> str:
    """Write simulated tables, and load them into a database if asked; returns what was done."""
    folder = write(output, customers=customers, months=months, seed=seed, dirt=dirt)
    done = f"{customers} customers, {months} months: tables in {folder}"
    if database is not None:
        rows = load_into_postgres(database, folder, (*TABLES, "truth"))
        loaded = ", ".join(f"{table} ({n} rows)" for table, n in rows.items())
        done += f"\nloaded into the database of {database}: {loaded}"
    return done


def infer(
    inputs: Sequence[str], output: Path, key: str | None, date: str | None, database: str | None
) -> str:
    """Propose contracts for files, or for tables of a database; returns what was done."""
    tables: dict[str, TablePlan] = {}
    for one in inputs:
        name = one if database is not None else Path(one).name.split(".")[0]
        if name in tables:
            raise ConfigError(f"two inputs would both be called {name!r}")
        if database is not None:
            source = Postgres(url=database, table=one)
            tables[name] = infer_table(name, postgres=source, key=key, date=date)
        else:
            tables[name] = infer_table(name, path=one, key=key, date=date)
    write_contracts(output, tables)
    found = ", ".join(
        f"{name} ({len(t.columns)} columns, key {t.key!r}, rows are {t.rows}s)"
        for name, t in tables.items()
    )
    return f"contracts of {found} written to {output}; edit them before you rely on them"
