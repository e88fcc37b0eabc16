"""The table of calls, opened in DuckDB and held to what a graph needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from dbnchurn.core.errors import DataError
from dbnchurn.core.sql import WHOLE_TYPES, is_number_type, quoted, text_literal
from dbnchurn.data.open import open_source, raw_name
from dbnchurn.graph.config import GraphConfig
from dbnchurn.tables.duckdb import Session

CALLS = "used_calls"
SCALE = 2**20  # weights are summed in whole numbers, so that the order of rows does not matter
TOO_LARGE = 2**63 // SCALE  # a weight that no longer fits a BIGINT
LARGEST_SUM = TOO_LARGE / 2  # of all weights; far enough from it that rounding does not matter


class CallTable(NamedTuple):
    """What the checks found of a table of calls.

    Parameters
    ----------
    rows : int
        Those that are used.
    span : pair of int or None
        Least and largest id; None for texts.
    first, last : datetime or None
        Moments of the first and last call.
    notes : tuple of str
    """

    rows: int
    span: tuple[int, int] | None
    first: datetime | None
    last: datetime | None
    notes: tuple[str, ...]


def id_expression(name: str, kinds: Mapping[str, str], where: str, *, text: bool) -> str:
    """SQL of an id: a whole number, or text without blanks around it.

    Parameters
    ----------
    name : str
        Column.
    kinds : mapping of column → SQL type
    where : str
        Name of the table.
    text : bool
        Whether whole numbers become text too.

    Returns
    -------
    str
        NULL where there is no id.

    Raises
    ------
    DataError
        If the column holds neither texts nor whole numbers.
    """
    kind = kinds[name]
    if kind in WHOLE_TYPES:
        return f"CAST({quoted(name)} AS {'VARCHAR' if text else 'BIGINT'})"
    if kind == "VARCHAR" or kind.startswith("ENUM"):
        return f"nullif(trim(CAST({quoted(name)} AS VARCHAR)), '')"
    raise DataError(
        f"{where}: column {name!r} is of the type {kind}; ids are text or whole numbers: store "
        "them so, for digits behind a point or beyond 15 places would be lost"
    )


def make_calls(session: Session, config: GraphConfig) -> CallTable:
    """Make the view ``used_calls``: caller, callee, day, weight.

    Parameters
    ----------
    session : Session
    config : GraphConfig

    Returns
    -------
    CallTable

    Raises
    ------
    DataError
        With all that is wrong in columns and values.
    """
    where = config.calls.name
    further = [name for name in (config.date, config.minutes, config.count) if name]
    kinds = open_source(session, "calls", config.calls, [config.caller, config.callee], further)
    text = any(kinds[name] not in WHOLE_TYPES for name in (config.caller, config.callee))
    ids = [id_expression(n, kinds, where, text=text) for n in (config.caller, config.callee)]
    numbers = {name: _number(name, kinds, where) for name in (config.minutes, config.count) if name}
    day = "NULL::TIMESTAMP" if config.date is None else day_expression(config.date, kinds, where)
    minutes = numbers.get(config.minutes or "", "NULL::DOUBLE")
    count = numbers.get(config.count or "", "1::DOUBLE")
    session.run(
        f"CREATE VIEW given_calls AS SELECT {ids[0]} AS caller, {ids[1]} AS callee, {day} AS day, "
        f"{minutes} AS minutes, {count} AS number FROM {raw_name('calls')}"
    )
    left_out = _left_out(config)
    kept = " AND ".join(f"NOT coalesce({condition}, FALSE)" for condition in left_out.values())
    weight = "minutes" if config.weight == "minutes" else "number"
    session.run(
        f"CREATE VIEW {CALLS} AS SELECT caller, callee, day, "
        f"CAST(round({weight} * {SCALE}) AS BIGINT) AS weight FROM given_calls WHERE {kept}"
    )
    return _counted(session, config, left_out, kept, kinds, text=text)


def _number(name: str, kinds: Mapping[str, str], where: str) -> str:
    kind = kinds[name]
    if is_number_type(kind):
        return f"CAST({quoted(name)} AS DOUBLE)"
    raise DataError(f"{where}: column {name!r} is of the type {kind} and has to hold numbers")


def day_expression(name: str, kinds: Mapping[str, str], where: str) -> str:
    """SQL of a day or time; null for a text that is none.

    Parameters
    ----------
    name : str
        Column.
    kinds : mapping of column → SQL type
    where : str
        Name of the table, for messages.

    Returns
    -------
    str

    Raises
    ------
    DataError
        If the column holds numbers.
    """
    if not kinds[name].startswith(("DATE", "TIMESTAMP", "VARCHAR")):
        raise DataError(
            f"{where}: column {name!r} is of the type {kinds[name]}, and numbers say no day by "
            "themselves; store dates, or times such as 2026-08-31 12:00:00"
        )
    if kinds[name] == "TIMESTAMP WITH TIME ZONE":
        return f"CAST({quoted(name)} AT TIME ZONE 'UTC' AS TIMESTAMP)"
    return f"TRY_CAST({quoted(name)} AS TIMESTAMP)"


def _left_out(config: GraphConfig) -> dict[str, str]:
    """Reason → SQL condition of the rows that make no tie."""
    found = {
        "without a caller or a callee": "caller IS NULL OR callee IS NULL",
        "in which people call themselves": "caller = callee",
    }
    if config.date is not None:
        window = []
        if config.start is not None:
            window.append(f"day < {text_literal(config.start)}::TIMESTAMP")
        if config.until is not None:
            window.append(f"day >= {text_literal(config.until)}::TIMESTAMP")
        if window:
            found["outside of start and until"] = " OR ".join(window)
    if config.minutes is not None:
        if config.negative_minutes == "leave_out":
            found[f"with {config.minutes!r} below 0"] = "minutes < 0"
        if config.weight == "minutes":
            found[f"with 0 or nothing in {config.minutes!r}"] = (
                f"minutes IS NULL OR (minutes >= 0 AND round(minutes * {SCALE}) = 0)"
            )
    if config.count is not None:
        found[f"with 0 in {config.count!r}"] = "number = 0"
    return found


def _faults(config: GraphConfig) -> dict[str, str]:
    """Sentence → SQL condition of the rows for which a table is refused."""
    found = {}
    if config.date is not None:
        found[f"column {config.date!r} holds no date; write dates as 2026-08-31"] = "day IS NULL"
    if config.minutes is not None:
        found[f"column {config.minutes!r} holds no finite number"] = "NOT isfinite(minutes)"
        if config.negative_minutes == "refuse":
            found[
                f"column {config.minutes!r} holds durations below 0; if these are calls that "
                "nobody took, say negative_minutes: leave_out"
            ] = "minutes < 0"
    if config.count is not None:
        found[f"column {config.count!r} holds no count; give a whole number from 0 on"] = (
            "number IS NULL OR NOT isfinite(number) OR number < 0 OR number <> floor(number)"
        )
    column, weight = (
        (config.minutes, "minutes") if config.weight == "minutes" else (config.count, "number")
    )
    if column is not None:
        found[
            f"column {column!r} holds values of {TOO_LARGE:.3g} and more, too large to be added "
            "up; mend them, or give another unit"
        ] = f"isfinite({weight}) AND {weight} >= {TOO_LARGE}"
    return found


def _counted(
    session: Session,
    config: GraphConfig,
    left_out: Mapping[str, str],
    kept: str,
    kinds: Mapping[str, str],
    *,
    text: bool,
) -> CallTable:
    """Read the table once: refuse it, or say what is left out."""
    where = config.calls.name
    faults = _faults(config)
    parts = [f"count_if({condition})" for condition in (*faults.values(), *left_out.values())]
    weight = config.weight if config.weight == "minutes" else "number"
    row = session.row(
        f"SELECT count(*), count_if({kept}), min(day) FILTER ({kept}), max(day) FILTER ({kept}), "
        f"sum({weight}) FILTER ({kept} AND isfinite({weight})), min(least(caller, callee)) FILTER "
        f"({kept}), max(greatest(caller, callee)) FILTER ({kept}), "
        f"{', '.join(parts)} FROM given_calls"
    )
    total, used, first, last, weights, low, high, *counts = row
    wrong = [
        f"{sentence} ({count} rows)"
        for sentence, count in zip(faults, counts, strict=False)
        if count
    ]
    out = {
        reason: count
        for reason, count in zip(left_out, counts[len(faults) :], strict=True)
        if count
    }
    told = [f"{count} of {total} rows {reason}: left out" for reason, count in out.items()]
    if not wrong and not used:
        why = f": {'; '.join(told)}" if told else ""
        wrong.append(f"there are no calls between two people{why}")
    if not wrong and weights >= LARGEST_SUM:
        wrong.append(
            f"the weights of all calls add up to {weights:.3g}, and more than {LARGEST_SUM:.3g} "
            "cannot be added up; give another unit"
        )
    if wrong:
        raise DataError(f"{where}: {'; '.join(wrong)}")
    if config.date is not None and kinds[config.date] == "TIMESTAMP WITH TIME ZONE":
        told.append(f"times in {config.date!r} carry a zone and are taken in UTC")
    span = None if text else (low, high)
    return CallTable(used, span, first, last, tuple(told))
