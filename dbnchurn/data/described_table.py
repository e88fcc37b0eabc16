"""A table's plan completed from its source: a rule for every column, and the kind of its key."""

from __future__ import annotations

from dbnchurn.core.errors import DataError, did_you_mean, listed
from dbnchurn.data.ambiguous import check_dates, check_serials, key_kind, with_formats
from dbnchurn.data.open import note, raw_name
from dbnchurn.data.plan import ColumnKind, Rule, TablePlan
from dbnchurn.tables.duckdb import Session

TEXT_LIKE = ("VARCHAR", "ENUM", "UUID")
NO_VALUES = ("STRUCT", "MAP", "UNION", "VARIANT", "BLOB", "BIT", "INTERVAL", "GEOMETRY")


def described(session: Session, name: str, table: TablePlan) -> TablePlan:
    """The plan of a table with a rule for every column that is read, and the kind of its key.

    Parameters
    ----------
    session : Session
        Has the raw rows, see :func:`dbnchurn.data.open.open_table`.
    name : str
        Name of the table.
    table : TablePlan
        Without rules, these are inferred from the SQL types.

    Returns
    -------
    TablePlan

    Raises
    ------
    DataError
        If a column that the plan names is not there or holds no single values, or keys are of mixed
        types.
    """
    kinds = session.columns(raw_name(name))
    for role, column in (("key", table.key), ("date", table.date)):
        if column is not None and column not in kinds:
            raise DataError(
                f"table {name!r} has no {role} column {column!r}: {did_you_mean(column, kinds)}"
            )
    if absent := [column for column in table.columns if column not in kinds]:
        raise DataError(
            f"table {name!r} lacks {listed(absent)}, which its contract promises; "
            f"it has {listed(kinds, limit=60)}"
        )
    named = (table.key, table.date, *table.columns)
    if wrong := [unusable(c, k) for c, k in kinds.items() if c in named and not has_values(k)]:
        raise DataError(
            f"table {name!r}: {'; '.join(wrong)}; take one value out of each beforehand"
        )
    if not table.columns:
        others = {c: k for c, k in kinds.items() if c not in named and has_values(k)}
        check_serials(session, name, others, once=table.rows == "lookup")
    rules = dict(table.columns) or {
        column: Rule(kind=kind_of(kind))
        for column, kind in kinds.items()
        if column not in (table.key, table.date) and has_values(kind)
    }
    rules.pop(table.key, None)
    if table.date is not None:
        rules.setdefault(table.date, Rule(kind="date"))
    keys = key_kind(session, name, table, kinds)
    table = table.model_copy(update={"columns": rules})
    check_dates(session, name, table, kinds)
    rules, conversions = with_formats(session, name, table, kinds)
    note(session, name, conversions)
    return table.model_copy(update={"columns": rules, "key_kind": keys})


def has_values(kind: str) -> bool:
    """Whether an SQL type is one of numbers, texts, dates or flags.

    Examples
    --------
    >>> [has_values(kind) for kind in ("DOUBLE", "VARCHAR", "DOUBLE[]", "STRUCT(a INTEGER)")]
    [True, True, False, False]
    """
    return not kind.endswith("]") and not kind.startswith(NO_VALUES)


def unusable(column: str, kind: str) -> str:
    """Why a column without values cannot be used.

    Parameters
    ----------
    column : str
    kind : str
        Its SQL type.

    Returns
    -------
    str
    """
    shown = kind if len(kind) <= 60 else f"{kind[:57]}..."
    return f"column {column!r} holds {shown}, no numbers, texts, dates or flags"


def kind_of(kind: str) -> ColumnKind:
    """The kind of a column without a rule, inferred from its SQL type."""
    if kind.startswith(("DATE", "TIME")):
        return "date"
    if kind == "BOOLEAN":
        return "flag"
    return "category" if kind.startswith(TEXT_LIKE) else "number"
