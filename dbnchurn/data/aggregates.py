"""SQL of the features that aggregate the rows of one table for each customer.

Sums are computed in integers (multiples of 2⁻²⁰), so that they do not depend on the order of the
rows: a feature that is built again is equal to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from dbnchurn.core.sql import quoted, text_literal
from dbnchurn.data.plan import Aggregates, Rule, TablePlan
from dbnchurn.data.windows import Window, shift

SCALE = 2**20  # values are summed as multiples of 2⁻²⁰
MONTH_DAYS = 30.4375
EARLIEST = date(1, 1, 1)


@dataclass(frozen=True)
class Feature:
    """A feature: a column of the table that is built.

    Parameters
    ----------
    name : str
    sql : str
        Aggregate expression.
    kind : {"number", "category", "date"}, default "number"
    empty : float, optional
        Value for a customer without any row; missing by default.
    """

    name: str
    sql: str
    kind: str = "number"
    empty: float | None = None


@dataclass(frozen=True)
class FeatureQuery:
    """A query that computes some features of one table, one row for each key.

    Parameters
    ----------
    sql : str
    features : tuple of Feature
    """

    sql: str
    features: tuple[Feature, ...]


@dataclass(frozen=True)
class Span:
    """The rows that an aggregate covers: from `start` to before `until`.

    Parameters
    ----------
    start, until : date
    suffix : str, default ""
        End of the feature names, such as ``_m1``.
    """

    start: date
    until: date
    suffix: str = ""


def rows_within(table: TablePlan, start: date, until: date) -> str:
    """SQL condition that a row lies from `start` to before `until`.

    A row of a table of months covers its whole month, so the month has to end by `until`.

    Parameters
    ----------
    table : TablePlan
        With a date column.
    start, until : date

    Returns
    -------
    str
    """
    assert table.date is not None
    when = quoted(table.date)
    end = (
        f"{when} + INTERVAL 1 MONTH <= {day(until)}"
        if table.rows == "month"
        else (f"{when} < {day(until)}")
    )
    return f"{when} >= {day(start)} AND {end}"


def day(when: date) -> str:
    """A date as an SQL timestamp literal."""
    return f"TIMESTAMP {text_literal(when)}"


def month_spans(table: TablePlan, window: Window, months: int) -> list[Span]:
    """The months of the observation window; ``m1`` is the last before the cutoff.

    Parameters
    ----------
    table : TablePlan
        For a table of months the spans are calendar months.
    window : Window
    months : int
        Number of months.

    Returns
    -------
    list of Span
        The latest first.
    """
    last = window.cutoff.replace(day=1) if table.rows == "month" else window.cutoff
    return [
        Span(shift(last, f"{k} months", -1), shift(last, f"{k - 1} months", -1), f"_m{k}")
        for k in range(1, months + 1)
    ]


def whole_span(table: TablePlan, window: Window) -> Span:
    """The observation window; for a table of months, the calendar months that end in it.

    Parameters
    ----------
    table : TablePlan
    window : Window

    Returns
    -------
    Span
    """
    if table.rows == "month":
        return Span(window.start.replace(day=1), window.cutoff.replace(day=1))
    return Span(window.start, window.cutoff)


def features_of(
    name: str, table: TablePlan, aggregates: Aggregates, span: Span, window: Window
) -> Iterator[Feature]:
    """The features of the aggregates of a table over one span.

    Parameters
    ----------
    name : str
        Name of the table, with which feature names start.
    table : TablePlan
    aggregates : Aggregates
    span : Span
    window : Window
        Its cutoff is the day from which ``days_since`` counts.

    Yields
    ------
    Feature
    """
    inside = f"FILTER ({rows_within(table, span.start, span.until)})"
    for aggregate, columns in aggregates:
        for column in columns:
            rule = table.columns.get(column)
            label = name if column == "*" else f"{name}_{column}"
            if aggregate == "levels":
                yield from _levels(label, column, rule, inside, span)
                continue
            sql, kind = _aggregate(aggregate, column, table, rule, inside, span, window)
            empty = _empty(aggregate, table)
            yield Feature(f"{label}_{aggregate}{span.suffix}", sql, kind, empty)


def last_value(value: str, table: TablePlan, span: Span) -> str:
    """SQL of the last value of a column within a span, of a query grouped by the key.

    Parameters
    ----------
    value : str
        The column, quoted.
    table : TablePlan
        With a date column.
    span : Span

    Returns
    -------
    str
    """
    inside = f"FILTER ({rows_within(table, span.start, span.until)})"
    return _at_end("last", value, quoted(table.date or ""), table, inside)


def _empty(aggregate: str, table: TablePlan) -> float | None:
    """Without rows, counts and sums of events are 0; values of a month are unknown."""
    if aggregate in ("count", "distinct") or (aggregate == "sum" and table.rows == "event"):
        return 0.0
    return None


def _levels(
    label: str, column: str, rule: Rule | None, inside: str, span: Span
) -> Iterator[Feature]:
    for level in rule.levels if rule else ():
        condition = f"{inside[:-1]} AND {quoted(column)} = {text_literal(level)})"
        yield Feature(f"{label}_{level}_count{span.suffix}", f"count(*) {condition}", empty=0.0)


def _aggregate(
    aggregate: str,
    column: str,
    table: TablePlan,
    rule: Rule | None,
    inside: str,
    span: Span,
    window: Window,
) -> tuple[str, str]:
    """SQL and kind of one aggregate."""
    assert table.date is not None
    when = quoted(table.date)
    value = quoted(column)
    is_date = rule is not None and rule.kind == "date"
    if aggregate == "days_since":
        last = f"max({when if column == '*' else value}) {inside}"
        return f"date_diff('day', {last}, {day(window.cutoff)})", "number"
    if aggregate == "count":
        return f"count({'*' if column == '*' else value}) {inside}", "number"
    if aggregate == "distinct":
        return f"count(DISTINCT {value}) {inside}", "number"
    if aggregate in ("first", "last"):
        kind = (
            "category"
            if rule is not None and rule.kind in ("category", "text")
            else ("date" if is_date else "number")
        )
        return _at_end(aggregate, value, when, table, inside), kind
    if aggregate in ("min", "max"):
        return f"{aggregate}({value}) {inside}", "date" if is_date else "number"
    total = _total(value, inside)
    if aggregate == "sum":
        return f"({total}) / {SCALE}.0", "number"
    if aggregate == "mean":
        return f"({total}) / nullif(count({value}) {inside}, 0) / {SCALE}.0", "number"
    return _trend(value, when, table, inside, span), "number"


def _total(value: str, inside: str, times: str = "") -> str:
    return f"sum(CAST(round({value} * {SCALE}) AS HUGEINT){times}) {inside}"


def _at_end(aggregate: str, value: str, when: str, table: TablePlan, inside: str) -> str:
    """The value of the first or last row that has one; of rows at one instant, the larger."""
    if table.rows == "month":
        return f"{'arg_min' if aggregate == 'first' else 'arg_max'}({value}, {when}) {inside}"
    present = f"{inside[:-1]} AND {value} IS NOT NULL)"
    pair = f"struct_pack(t := {when}, v := {value})"
    return f"({'min' if aggregate == 'first' else 'max'}({pair}) {present}).v"


def _trend(value: str, when: str, table: TablePlan, inside: str, span: Span) -> str:
    """Least-squares slope per month: (n Σxy - Σx Σy) / (n Σx² - (Σx)²)."""
    unit = "month" if table.rows == "month" else "day"
    x = f"date_diff('{unit}', {day(span.start)}, {when})::HUGEINT"
    inside = f"{inside[:-1]} AND {value} IS NOT NULL)"
    n, sx, sxx = f"count(*) {inside}", f"sum({x}) {inside}", f"sum({x} * {x}) {inside}"
    sy, sxy = _total(value, inside), _total(value, inside, f" * {x}")
    per_month = 1.0 if unit == "month" else MONTH_DAYS
    return (
        f"(({n}) * ({sxy}) - ({sx}) * ({sy}))::DOUBLE "
        f"/ nullif((({n}) * ({sxx}) - ({sx}) * ({sx}))::DOUBLE, 0) / {SCALE}.0 * {per_month}"
    )
