"""Proposed contracts of tables as YAML to edit, and what is said about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from dbnchurn.core.errors import ConfigError, DataError, listed
from dbnchurn.core.files import write_whole
from dbnchurn.data.inferred import InferredTable, infer_table
from dbnchurn.tables.postgres import Postgres
from dbnchurn.tables.text_decision import Question


def question_comments(questions: Sequence[Question], key: str) -> list[str]:
    r"""Lines of YAML that show both readings of columns, to keep one of them.

    Parameters
    ----------
    questions : sequence of Question
    key : str
        Where the choice is written.

    Returns
    -------
    list of str

    Examples
    --------
    >>> asked = Question("debt", "column 'debt': '7.685' is 7.685 or 7685", ("1234.5", "1.234,5"))
    >>> print("\n".join(question_comments([asked], "source.formats")))
    # column 'debt': '7.685' is 7.685 or 7685
    # Write one of these under source.formats:
    #   debt: '1234.5'
    #   debt: '1.234,5'
    """
    lines = []
    for question in questions:
        lines.append(f"# {question.text.partition(': say ')[0]}")
        if question.formats:
            lines.append(f"# Write one of these under {key}:")
            name = yaml.safe_dump(question.column, allow_unicode=True).splitlines()[0]
            lines += [f"#   {name}: '{form}'" for form in question.formats]
    return lines


def as_yaml(tables: Mapping[str, InferredTable]) -> str:
    """The start of a config's ``data`` section, with what has to be filled in."""
    plain = {
        name: table.plan.model_dump(mode="json", exclude_defaults=True)
        for name, table in tables.items()
    }
    for section in plain.values():
        for rule in section.get("columns", {}).values():
            if "low" in rule and float(rule["low"]).is_integer():
                rule["low"] = int(rule["low"])
    text = yaml.safe_dump(
        {"data": {"base": next(iter(tables)), "tables": plain}},
        sort_keys=False,
        allow_unicode=True,
        width=100,
        default_flow_style=None,
    )
    lines = [
        "# Proposed from the tables as they are; check kinds, bounds, levels and codes, then add",
        "# windows, label and features.",
    ]
    for name, table in tables.items():
        lines += [f"# {name}: {note}" for note in table.notes]
    for name, table in tables.items():
        asked = question_comments(table.questions, f"data.tables.{name}.columns, as its format")
        lines += [f"# To be decided for {name}:", *asked] if asked else []
    return "\n".join(lines) + "\n" + text


def write_new(output: Path, text: str) -> None:
    """Write a text to a new file, whole or not at all.

    Parameters
    ----------
    output : Path
    text : str

    Raises
    ------
    DataError
        If the file exists: what was edited is not overwritten.
    """
    if output.exists():
        raise DataError(f"{output} exists already; name a new file")
    write_whole(output, text)


def write_inferred_contracts(
    inputs: Sequence[str],
    output: Path,
    *,
    key: str | None = None,
    date: str | None = None,
    sheet: str | None = None,
    database: str | None = None,
) -> dict[str, InferredTable]:
    """Infer the contracts of several tables and write them to one new YAML file.

    Parameters
    ----------
    inputs : sequence of str
        Files or folders; names of tables if `database` is given.
    output : Path
    key, date, sheet : str, optional
        Of every table; as for :func:`infer_table`.
    database : str, optional
        Environment variable with a PostgreSQL URL.

    Returns
    -------
    dict of name → InferredTable
        The name of a file is that without its endings.

    Raises
    ------
    ConfigError
        If two inputs would have the same name.
    DataError
        As :func:`infer_table`, or if the output exists.
    """
    tables: dict[str, InferredTable] = {}
    for source in inputs:
        name = source if database is not None else Path(source).name.split(".")[0]
        if name in tables:
            raise ConfigError(f"two inputs would both be called {name!r}")
        if database is None:
            tables[name] = infer_table(name, path=source, key=key, date=date, sheet=sheet)
        else:
            postgres = Postgres(url=database, table=source)
            tables[name] = infer_table(name, postgres=postgres, key=key, date=date)
    write_new(output, as_yaml(tables))
    return tables


def summary_text(tables: Mapping[str, InferredTable], output: Path) -> str:
    """Sentences about contracts that were written, for the command line.

    Parameters
    ----------
    tables : mapping of name → InferredTable
    output : Path
        The file that they were written to.

    Returns
    -------
    str

    Examples
    --------
    >>> from dbnchurn.data.plan import TablePlan
    >>> tables = {"bills": InferredTable(TablePlan(path="bills.csv", key="id"))}
    >>> summary_text(tables, Path("contracts.yaml")).partition(";")[0]
    "contracts of bills (0 columns, key 'id', rows are customers) written to contracts.yaml"
    """
    described = ", ".join(
        f"{name} ({len(table.plan.columns)} columns, key {table.plan.key!r}, rows are "
        f"{table.plan.rows}s)"
        for name, table in tables.items()
    )
    text = f"contracts of {described} written to {output}; edit them before you rely on them"
    notes = [f"{name}: {note}" for name, table in tables.items() for note in table.notes]
    asked = {name: [q.column for q in table.questions] for name, table in tables.items()}
    notes += [
        f"{name}: to be decided, with both readings in {output}: {listed(columns)}"
        for name, columns in asked.items()
        if columns
    ]
    return "\n".join([text, *notes])
