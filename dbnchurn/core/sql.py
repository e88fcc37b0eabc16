"""Names and values as SQL writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable

WHOLE_TYPES = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
    "UBIGINT", "UHUGEINT",
)  # fmt: skip
BIGINT_TYPES = tuple(t for t in WHOLE_TYPES if t not in ("HUGEINT", "UBIGINT", "UHUGEINT"))
"""Whole numbers that fit a BIGINT."""
FLOAT_TYPES = ("FLOAT", "DOUBLE")


def is_number_type(kind: str) -> bool:
    """Whether an SQL type of DuckDB holds numbers.

    Examples
    --------
    >>> is_number_type("UBIGINT"), is_number_type("DECIMAL(9,2)"), is_number_type("INTERVAL")
    (True, True, False)
    """
    return kind in WHOLE_TYPES or kind in FLOAT_TYPES or kind.startswith("DECIMAL")


# What is one piece, whatever signs it holds; then blanks, comments and what ends a statement.
_PIECES = re.compile(
    r"""(?P<piece>[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|"(?:[^"]|"")*"
    |\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    |(?P<end>--[^\n]*|/\*.*?\*/|[\s;])""",
    re.S | re.X,
)


def quoted(name: str) -> str:
    """A name as an SQL identifier.

    Examples
    --------
    >>> quoted("Zip Code")
    '"Zip Code"'
    """
    return '"' + name.replace('"', '""') + '"'


def text_literal(value: object) -> str:
    """A text, path or date as an SQL literal.

    Examples
    --------
    >>> text_literal("it's")
    "'it''s'"
    """
    return "'" + str(value).replace("'", "''") + "'"


def text_literals(values: Iterable[object]) -> str:
    """Texts as a list of SQL literals in brackets.

    Examples
    --------
    >>> text_literals(["a", "b"])
    "('a', 'b')"
    """
    return "(" + ", ".join(text_literal(value) for value in values) + ")"


def literal(value: str | float | bool) -> str:
    """A value as an SQL literal of its type.

    Floats carry an exponent, so that engines read them as doubles, exactly.

    Examples
    --------
    >>> literal(0.5), literal(3), literal(True), literal("a")
    ('0.5e0', '3', 'TRUE', "'a'")
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        text = repr(float(value))
        return text if "e" in text else f"{text}e0"
    return text_literal(value)


def without_end(query: str) -> str:
    """A query without the semicolon, blanks and comments behind it, to stand in another one.

    Examples
    --------
    >>> without_end("SELECT '--;' FROM t; -- of last month")
    "SELECT '--;' FROM t"
    """
    at = end = 0
    while at < len(query):
        found = _PIECES.match(query, at)
        at = found.end() if found else at + 1
        if found is None or found["piece"] is not None:
            end = at
    return query[:end].strip()
