"""SQL that reads one column as its rule says, and finds the values that break the rule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dbnchurn.core.sql import quoted, text_literal, text_literals
from dbnchurn.data.plan import NUMERIC, Rule
from dbnchurn.tables.date_format import MONTHS, UP_TO, DateFormat
from dbnchurn.tables.duration_format import DurationFormat
from dbnchurn.tables.number_format import NumberFormat
from dbnchurn.tables.reading_rules import Form, form_of
from dbnchurn.tables.serial_format import SERIALS, SerialFormat
from dbnchurn.tables.text_column import MISSING, NO, PERHAPS_MISSING, YES

TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", "T%H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
ISO = ("%Y-%m-%d", "%Y-%m")
SHORT = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
OFFSET_PARTS = (
    r"'(.*[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.][0-9]+)?)?(?: ?[AaPp][Mm])?) ?"
    r"(?:Z|UTC|GMT|([+-])([0-9]{2})(?::?([0-9]{2}))?)'"
)
OFFSET = (  # before 1901 with seconds
    r"[0-9] ?(Z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2}(:?[0-9]{2})?)?)([[][A-Za-z/_]+[]])?$"
)
LARGEST = 1e24  # larger numbers in a table of customers are mistakes


@dataclass(frozen=True)
class TypedColumn:
    """SQL expressions in three layers, each over the columns of the one below.

    Parameters
    ----------
    column : str
    raw : str
        Over the raw columns: the content of the cell, NULL if it stands for a missing value.
    value : str
        Over :func:`cell_name`: the value with its type, NULL if it cannot be read.
    faults : tuple of (condition, reason)
        Over :func:`cell_name` and :func:`value_name`: how the value may break its rule.
    lenient : bool, default False
        Whether a value with a fault counts as missing, instead of breaking its row.
    """

    column: str
    raw: str
    value: str
    faults: tuple[tuple[str, str], ...]
    lenient: bool = False

    @property
    def broken(self) -> str:
        """Condition that the value has any fault."""
        return (
            " OR ".join(f"coalesce({condition}, FALSE)" for condition, _ in self.faults) or "FALSE"
        )

    @property
    def kept(self) -> str:
        """The value of the clean table."""
        value = value_name(self.column)
        return f"CASE WHEN NOT ({self.broken}) THEN {value} END" if self.lenient else value


def cell_name(column: str) -> str:
    """SQL name of the content of a cell, quoted."""
    return quoted(f"cell {column}")


def value_name(column: str) -> str:
    """SQL name of the typed value of a cell, quoted."""
    return quoted(f"value {column}")


def typed_column(
    column: str,
    rule: Rule,
    kind: str,
    missing: Sequence[str],
    *,
    zone: str | None = None,
) -> TypedColumn:
    """SQL expressions that read a column as its rule says.

    Parameters
    ----------
    column : str
    rule : Rule
    kind : str
        SQL type of the raw column.
    missing : sequence of str
        Further texts that stand for a missing value.
    zone : str, optional
        Time zone in which times with an offset are read; UTC by default.

    Returns
    -------
    TypedColumn
    """
    raw, value = cell_name(column), value_name(column)
    if rule.kind in ("number", "integer"):
        reading = _number(raw, kind, rule)
        what = f"not {'a number' if rule.kind == 'number' else 'an integer'}"
    elif rule.kind == "flag":
        reading, what = _flag(raw, kind), "neither yes nor no"
    elif rule.kind == "date":
        reading, what = _date(raw, kind, rule, zone), "not a date"
    elif rule.kind == "category":
        reading, what = _category(as_text(raw, kind), rule), "not one of its levels"
    else:
        reading, what = as_text(raw, kind), "not text"
    faults = []
    if not _always_fits(rule, kind):
        faults.append((f"{raw} IS NOT NULL AND {value} IS NULL", f"{column}: {what}"))
    if rule.kind == "integer":
        faults.append((f"{value} <> floor({value})", f"{column}: {what}"))
    if rule.kind in NUMERIC:
        faults += _bounds(column, value, rule)
    if not rule.nullable:
        faults.append((f"{raw} IS NULL", f"{column}: missing"))
    return TypedColumn(
        column,
        present(column, kind, missing, rule),
        reading,
        tuple(faults),
        rule.otherwise == "missing",
    )


def _always_fits(rule: Rule, kind: str) -> bool:
    """Whether every value of the SQL type can be read as the rule says."""
    if rule.kind == "date":
        return _is_time(kind)
    return rule.kind == "text" or (rule.kind == "category" and not rule.levels)


def present(column: str, kind: str, missing: Sequence[str] = (), rule: Rule | None = None) -> str:
    """SQL of a raw value, NULL if it stands for a missing value; text is stripped.

    Parameters
    ----------
    column : str
    kind : str
        SQL type of the raw column.
    missing : sequence of str, default ()
        Texts that stand for a missing value, in addition to the usual ones.
    rule : Rule, optional
        Its levels and spellings are no missing values; among numbers and dates more texts are.

    Returns
    -------
    str
    """
    name = quoted(column)
    if kind == "VARCHAR":
        absent = {*MISSING, *missing}
        if rule is not None:
            if rule.kind in (*NUMERIC, "date"):
                absent |= set(PERHAPS_MISSING)
            absent -= {*rule.levels, *rule.codes}
        words = text_literals(sorted(absent | {""}))
        return f"CASE WHEN trim({name}) NOT IN {words} THEN trim({name}) END"
    if kind in ("DOUBLE", "FLOAT"):
        return f"CASE WHEN NOT isnan({name}) THEN {name} END"
    return name


def exact_integer(cell: str, kind: str) -> str:
    """SQL of a cell as the integer that it is, NULL where it is none: 7.4 is not 7.

    Parameters
    ----------
    cell : str
        SQL expression.
    kind : str
        Its SQL type.

    Returns
    -------
    str
    """
    if kind == "VARCHAR":
        digits = f"regexp_replace({cell}, '[.]0+$', '')"
        return (
            f"CASE WHEN regexp_full_match({digits}, '[-+]?[0-9]+') "
            f"THEN TRY_CAST({digits} AS BIGINT) END"
        )
    exact = f"abs({cell}) < {2**53}" if kind in ("DOUBLE", "FLOAT") else "TRUE"
    return f"CASE WHEN {cell} = floor({cell}) AND {exact} THEN TRY_CAST({cell} AS BIGINT) END"


def _number(raw: str, kind: str, rule: Rule) -> str:
    if kind == "VARCHAR":
        form = form_of(rule.formats[0]) if rule.formats else NumberFormat()
        number = f"CAST({_of_text(form, raw)} AS DOUBLE)"
        if form == NumberFormat():
            # DuckDB reads 1_000 as a number, and nothing else of this package does.
            number = f"coalesce(TRY_CAST(replace({raw}, '_', '?') AS DOUBLE), {number})"
    elif kind == "INTERVAL":
        number = f"epoch({raw}) / 86400"
    else:
        number = f"CAST({raw} AS DOUBLE)" if not _is_time(kind) else "CAST(NULL AS DOUBLE)"
    return f"CASE WHEN abs({number}) < {LARGEST!r} THEN {number} END"


def _is_time(kind: str) -> bool:
    return kind.startswith(("DATE", "TIME"))


def _flag(raw: str, kind: str) -> str:
    if kind not in ("VARCHAR", "BOOLEAN"):
        return f"CASE WHEN {raw} IN (0, 1) THEN CAST({raw} AS DOUBLE) END"
    word = f"lower(CAST({raw} AS VARCHAR))"
    meant = [*((w, 1.0) for w in sorted(YES)), *((w, 0.0) for w in sorted(NO))]
    return f"CASE {word} {' '.join(f'WHEN {text_literal(w)} THEN {v}' for w, v in meant)} END"


def as_text(raw: str, kind: str) -> str:
    """SQL of a value as text; 3.0 becomes 3, so that both are the same code.

    Parameters
    ----------
    raw : str
        SQL expression of the value.
    kind : str
        Its SQL type.

    Returns
    -------
    str
    """
    if kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL"):
        shortest = f"CAST({raw} AS DOUBLE)" if kind.startswith("DECIMAL") else raw
        return (
            f"CASE WHEN {raw} = floor({raw}) AND abs({raw}) < 1e15 "
            f"THEN CAST(CAST({raw} AS BIGINT) AS VARCHAR) ELSE CAST({shortest} AS VARCHAR) END"
        )
    return raw if kind == "VARCHAR" else f"CAST({raw} AS VARCHAR)"


def _category(text: str, rule: Rule) -> str:
    meant = {level.lower(): level for level in rule.levels}
    meant |= {spelling.strip().lower(): level for spelling, level in rule.codes.items()}
    if not meant:
        return text
    words = " ".join(
        f"WHEN {text_literal(word)} THEN {text_literal(level)}" for word, level in meant.items()
    )
    if not rule.levels:
        return f"CASE lower({text}) {words} ELSE {text} END"
    if all(re.fullmatch(r"-?\d+(\.\d+)?", level) for level in rule.levels):
        # 0.10 is the level 0.1.
        decimals = text_literal(r"-?\d+\.\d*")
        shortest = f"regexp_replace({text}, {text_literal(r'[.]?0*$')}, '')"
        text = f"CASE WHEN regexp_full_match({text}, {decimals}) THEN {shortest} ELSE {text} END"
    # An ENUM takes one byte a value instead of sixteen.
    return f"CAST(CASE lower({text}) {words} END AS ENUM {text_literals(rule.levels)})"


def _date(raw: str, kind: str, rule: Rule, zone: str | None) -> str:
    if len(rule.formats) == 1 and rule.formats[0] in SERIALS and not _is_time(kind):
        number = f"TRY_CAST({raw} AS DOUBLE)"
        return SerialFormat(rule.formats[0]).sql(number)
    if kind == "VARCHAR":
        raw = _plain_time(raw)
        if rule.formats and not set(rule.formats) <= set(ISO):
            return _in_zone(raw, rule.formats, zone)
        iso = f"TRY_CAST({raw} AS TIMESTAMP)"
        plain = f"coalesce({iso}, CAST(try_strptime({raw}, '%Y-%m') AS TIMESTAMP))"
        if zone is None:
            return plain
        local = f"timezone({text_literal(zone)}, TRY_CAST({raw} AS TIMESTAMPTZ))"
        return f"CASE WHEN {has_offset(raw)} THEN CAST({local} AS TIMESTAMP) ELSE {plain} END"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"CAST(timezone({text_literal(zone or 'UTC')}, {raw}) AS TIMESTAMP)"
    if kind in ("BIGINT", "INTEGER", "DOUBLE", "UINTEGER", "UBIGINT"):  # such as 20260831
        digits = f"CAST(TRY_CAST({raw} AS BIGINT) AS VARCHAR)"
        return f"CAST(try_strptime({digits}, '%Y%m%d') AS TIMESTAMP)"
    return f"CAST({raw} AS TIMESTAMP)" if _is_time(kind) else "CAST(NULL AS TIMESTAMP)"


def has_offset(text: str) -> str:
    """SQL condition that a text is a time with an offset from UTC, or the name of a zone."""
    return f"(length({text}) > 10 AND regexp_matches({text}, {text_literal(OFFSET)}))"


def _of_text(form: Form, raw: str) -> str:
    """SQL of a number or, in days, of a span of time."""
    return form.sql(raw) if isinstance(form, NumberFormat | DurationFormat) else "NULL"


def _plain_time(raw: str) -> str:
    """SQL of a date without the name of its zone, and with a point before fractions of seconds."""
    pointed = f"regexp_replace({raw}, '(:[0-9]{{2}}),([0-9]+)', '\\1.\\2')"
    return f"regexp_replace({pointed}, '\\[[A-Za-z/_]+\\]$', '')"


def _in_zone(raw: str, formats: Sequence[str], zone: str | None) -> str:
    """SQL that reads dates of a format, and an offset that may stand behind them."""
    plain = _strptime(raw, formats)
    without, sign, hours, minutes = (
        f"regexp_extract({raw}, {OFFSET_PARTS}, {k})" for k in range(1, 5)
    )
    ahead = (
        f"coalesce(TRY_CAST({hours} AS INTEGER), 0) * 60 + "
        f"coalesce(TRY_CAST({minutes} AS INTEGER), 0)"
    )
    utc = (
        f"({_strptime(without, formats)} - to_minutes(CAST(CASE WHEN {sign} = '-' THEN -1 ELSE 1 "
        f"END * ({ahead}) AS BIGINT)))"
    )
    local = utc if zone is None else f"timezone({text_literal(zone)}, timezone('UTC', {utc}))"
    return f"CASE WHEN regexp_full_match({raw}, {OFFSET_PARTS}) THEN {local} ELSE {plain} END"


def _strptime(raw: str, formats: Sequence[str]) -> str:
    """SQL that reads a date with or without a time, and names of months in several languages."""
    if any("%b" in form for form in formats):
        name = f"lower(regexp_extract({raw}, '\\p{{L}}{{3,}}'))"
        # A list of words, not a CASE: an expression of hundreds of nodes takes seconds to plan.
        names = ", ".join(map(text_literal, MONTHS))
        shorts = ", ".join(text_literal(SHORT[number - 1]) for number in MONTHS.values())
        english = f"list_extract([{shorts}], list_position([{names}], {name}))"
        raw = f"regexp_replace({raw}, '\\p{{L}}{{3,}}[.]?', coalesce({english}, 'x'))"
    shifted = [_in_years(raw, DateFormat(form)) for form in formats if UP_TO in form]
    rest = [form for form in formats if UP_TO not in form]
    if rest:
        shifted.append(_any_of(raw, rest))
    return f"CAST(coalesce({', '.join(shifted)}) AS TIMESTAMP)"


def _any_of(raw: str, formats: Sequence[str]) -> str:
    every = [
        form + time
        for form in formats
        for time in (TIMES if "%H" not in form and "%I" not in form else ("",))
    ]
    return f"try_strptime({raw}, [{', '.join(map(text_literal, every))}])"


def _in_years(raw: str, form: DateFormat) -> str:
    """SQL that reads a date whose two digits stand for the hundred years up to a given one."""
    date, last = _any_of(raw, [form.base]), form.last_year
    return (
        f"CASE WHEN year({date}) > {last} THEN {date} - INTERVAL 100 YEAR "
        f"WHEN year({date}) <= {last - 100} THEN {date} + INTERVAL 100 YEAR ELSE {date} END"
    )


def _bounds(column: str, value: str, rule: Rule) -> list[tuple[str, str]]:
    faults = []
    if rule.low is not None:
        faults.append((f"{value} < {rule.low!r}", f"{column}: below {rule.low:g}"))
    if rule.high is not None:
        faults.append((f"{value} > {rule.high!r}", f"{column}: above {rule.high:g}"))
    return faults
