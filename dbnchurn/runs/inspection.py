"""Inspect a table by what a config says about it."""

from __future__ import annotations

from pathlib import Path

from dbnchurn.core.errors import ConfigError, DataError, listed
from dbnchurn.data.plan import TablePlan
from dbnchurn.runs.config import DataSection, RunConfig
from dbnchurn.tables.files import find_files
from dbnchurn.tables.inspection import Inspection, inspect_table
from dbnchurn.tables.reading_rules import ReadingRules
from dbnchurn.tables.streaming import open_files

# Kind of a contract → kind of a column.
KINDS = {"integer": "number", "text": "category"}


def inspect_with(path: str | Path, config: RunConfig, *, sheet: str | None = None) -> Inspection:
    """Inspect a table as a run of the config would read it.

    Parameters
    ----------
    path : str or Path
        File, folder or pattern. Of a config with several tables it has to be one of them.
    config : RunConfig
    sheet : str, optional
        Instead of the config's.

    Returns
    -------
    Inspection

    Raises
    ------
    ConfigError
        If the config has several tables and none of them is at the path.
    DataError
        If the files cannot be read at all.
    """
    if config.data is not None:
        name = _table_at(path, config.data)
        return _by_contract(path, name, config.data, sheet)
    source, columns = config.source, config.columns
    assert source is not None
    assert columns is not None
    rules = ReadingRules(
        source.formats, source.csv.decimal, columns.kinds, source.missing, place="source.formats"
    )
    return inspect_table(
        path,
        settings=source.csv.settings(),
        rules=rules,
        sheet=sheet or source.sheet,
        id=columns.id,
        label=columns.label,
        date=columns.date,
        drop=columns.drop,
    )


def _table_at(path: str | Path, data: DataSection) -> str:
    """The name of the table whose files are at the path."""
    wanted = _files(str(path))
    for name, table in data.tables.items():
        if table.path is not None and wanted and wanted <= _files(table.path):
            return name
    paths = [table.path for table in data.tables.values() if table.path is not None]
    raise ConfigError(f"{path}: none of the config's tables is there; they are at {listed(paths)}")


def _files(path: str) -> set[Path]:
    try:
        return {file.resolve() for file in find_files(path, "")}
    except DataError:
        return set()


def _by_contract(path: str | Path, name: str, data: DataSection, sheet: str | None) -> Inspection:
    table = data.tables[name]
    formats = {
        column: rule.formats[0] for column, rule in table.columns.items() if len(rule.formats) == 1
    }
    kinds = {
        column: KINDS.get(rule.kind, rule.kind)
        for column, rule in table.columns.items()
        if column != table.key
    }
    if table.date is not None:
        kinds[table.date] = "date"
    rules = ReadingRules(
        formats, table.csv.decimal, kinds, table.missing, place=f"format of {name}"
    )
    label = data.label.column if data.label is not None and data.label.table == name else None
    return inspect_table(
        path,
        settings=table.csv.settings(),
        rules=rules,
        sheet=sheet or table.sheet,
        id=table.key,
        label=label,
        date=table.date,
        drop=_not_read(path, table, label, sheet),
    )


def _not_read(
    path: str | Path, table: TablePlan, label: str | None, sheet: str | None
) -> list[str]:
    """Columns of the files that the contract does not name, if it names any."""
    if not table.columns:
        return []
    source = open_files(path, table.csv.settings(), sheet=sheet or table.sheet)
    known = {*table.columns, table.key, table.date, label}
    names = dict.fromkeys(name for columns in source.columns.values() for name in columns)
    return [name for name in names if name not in known]
