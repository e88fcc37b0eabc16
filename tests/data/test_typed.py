"""Values as their rule reads them: what is kept, what counts as missing, what breaks the row."""

import math
from datetime import datetime

import pytest

from dbnchurn.core.sql import quoted, text_literal
from dbnchurn.data.plan import Rule
from dbnchurn.data.typed import as_text, cell_name, present, typed_column, value_name
from dbnchurn.tables.duckdb import Session

COLUMN = 'the "x"'


@pytest.fixture(scope="module")
def session():
    with Session(n_threads=1) as session:
        yield session


def read(session, value, rule, kind="VARCHAR", missing=("NA",), **how):
    """(value of the clean table, reason of the first fault) of one cell."""
    typed = typed_column(COLUMN, Rule(**rule), kind, missing, **how)
    literal = "NULL" if value is None else text_literal(value)
    whens = " ".join(
        f"WHEN {condition} THEN {text_literal(why)}" for condition, why in typed.faults
    )
    fault = f"CASE {whens} END" if typed.faults else "NULL"
    raws = f"SELECT CAST({literal} AS {kind}) AS {quoted(COLUMN)}"
    cells = f"SELECT {typed.raw} AS {cell_name(COLUMN)} FROM ({raws})"
    values = f"SELECT *, {typed.value} AS {value_name(COLUMN)} FROM ({cells})"
    kept, why, broken = session.row(f"SELECT {typed.kept}, {fault}, {typed.broken} FROM ({values})")
    assert broken == (why is not None)
    return kept, why and why.removeprefix(f"{COLUMN}: ")


NUMBER, INTEGER, FLAG = ({"kind": kind} for kind in ("number", "integer", "flag"))
BOUNDED = {"kind": "number", "low": 0, "high": 10}
LEVELS = {"kind": "category", "levels": ["A", "it's"], "codes": {" Old A ": "A"}}


@pytest.mark.parametrize(
    ("rule", "value", "kept", "why"),
    [
        (NUMBER, " 1.5 ", 1.5, None),
        (NUMBER, "1e3", 1000, None),
        (NUMBER, "NA", None, None),
        (NUMBER, "", None, None),
        (NUMBER, None, None, None),
        (NUMBER, "na", None, None),
        (NUMBER, "many", None, "not a number"),
        (NUMBER, "inf", None, "not a number"),
        (NUMBER, "1e24", None, "not a number"),
        (NUMBER, "-9e23", -9e23, None),
        (INTEGER, "7.0", 7, None),
        (INTEGER, "7.5", 7.5, "not an integer"),
        (FLAG, "YES", 1, None),
        (FLAG, " f ", 0, None),
        (FLAG, "0.0", 0, None),
        (FLAG, "2", None, "neither yes nor no"),
        (BOUNDED, "0", 0, None),
        (BOUNDED, "10", 10, None),
        (BOUNDED, "-0.001", -0.001, "below 0"),
        (BOUNDED, "10.001", 10.001, "above 10"),
        (LEVELS, "a", "A", None),
        (LEVELS, "IT'S", "it's", None),
        (LEVELS, "old a", "A", None),
        (LEVELS, "B", None, "not one of its levels"),
        ({"kind": "category"}, "anything", "anything", None),
        ({"kind": "category", "codes": {"x": "X y"}}, "x", "X y", None),
        ({"kind": "category", "codes": {"x": "X y"}}, "Other", "Other", None),
        ({"kind": "text"}, " 007 ", "007", None),
        ({"kind": "text", "nullable": False}, "NA", None, "missing"),
        ({"kind": "date"}, "2024-02-29", datetime(2024, 2, 29), None),
        ({"kind": "date"}, "2024-02", datetime(2024, 2, 1), None),
        ({"kind": "date"}, "2023-02-29", None, "not a date"),
        ({"kind": "date"}, "03.04.2024", None, "not a date"),
        ({"kind": "date", "format": "%d.%m.%Y"}, "03.04.2024", datetime(2024, 4, 3), None),
        ({"kind": "date", "format": "%d.%m.%Y"}, "2024-04-03", None, "not a date"),
        (
            {"kind": "date", "format": ["%Y-%m-%d", "%d.%m.%Y"]},
            "03.04.2024",
            datetime(2024, 4, 3),
            None,
        ),
    ],
)
def test_text_is_read_as_its_rule_says(session, rule, value, kept, why):
    assert read(session, value, rule) == (kept, why)


@pytest.mark.parametrize(
    ("rule", "kind", "value", "kept", "why"),
    [
        (NUMBER, "DOUBLE", "nan", None, None),
        (NUMBER, "DOUBLE", "inf", None, "not a number"),
        (NUMBER, "BOOLEAN", "true", 1, None),
        (NUMBER, "DATE", "2024-01-01", None, "not a number"),
        (FLAG, "BOOLEAN", "false", 0, None),
        (FLAG, "DOUBLE", "1", 1, None),
        (FLAG, "INTEGER", "2", None, "neither yes nor no"),
        ({"kind": "category"}, "DOUBLE", "3", "3", None),
        ({"kind": "category"}, "DOUBLE", "3.5", "3.5", None),
        ({"kind": "category"}, "BIGINT", "3", "3", None),
        ({"kind": "category", "levels": ["3"]}, "DOUBLE", "3", "3", None),
        ({"kind": "date"}, "DATE", "2024-01-01", datetime(2024, 1, 1), None),
        ({"kind": "date"}, "INTEGER", "20240101", datetime(2024, 1, 1), None),
        ({"kind": "date"}, "INTEGER", "20241301", None, "not a date"),
    ],
)
def test_typed_values_are_read_as_their_rule_says(session, rule, kind, value, kept, why):
    assert read(session, value, rule, kind) == (kept, why)


@pytest.mark.parametrize(("value", "why"), [("x", "not a number"), ("11", "above 10")])
def test_a_lenient_rule_keeps_the_row_without_the_value(session, value, why):
    assert read(session, value, {**BOUNDED, "otherwise": "missing"}) == (None, why)
    assert read(session, "5", {**BOUNDED, "otherwise": "missing"}) == (5, None)


def test_a_decimal_comma_has_points_between_thousands(session):
    assert read(session, "1.234,5", {**NUMBER, "format": "1.234,5"}) == (1234.5, None)
    assert read(session, "1.234", NUMBER) == (1.234, None)
    assert read(session, "1,234.5", {**NUMBER, "format": "1.234,5"}) == (None, "not a number")


def test_instants_are_read_in_the_named_zone(session):
    rule = {"kind": "date"}
    late = "2024-07-31T22:30:00+00:00"
    assert read(session, late, rule, zone="Europe/Berlin")[0] == datetime(2024, 8, 1, 0, 30)
    kind = "TIMESTAMP WITH TIME ZONE"
    assert read(session, late, rule, kind)[0] == datetime(2024, 7, 31, 22, 30)
    assert read(session, late, rule, kind, zone="Asia/Tokyo")[0] == datetime(2024, 8, 1, 7, 30)


def test_words_for_missing_values_may_hold_quotes(session):
    assert read(session, "n'a", {"kind": "text"}, missing=("n'a",)) == (None, None)
    assert read(session, "NA", {"kind": "text"}, missing=()) == ("NA", None)


def test_whole_numbers_are_the_same_code_as_text_whatever_their_type(session):
    texts = {
        session.row(f"SELECT {as_text(f'CAST(3 AS {kind})', kind)}")[0]
        for kind in ("DOUBLE", "FLOAT", "DECIMAL(9,2)", "BIGINT", "VARCHAR")
    }
    assert texts == {"3"}
    large = session.row(f"SELECT {as_text('CAST(1e300 AS DOUBLE)', 'DOUBLE')}")[0]
    assert math.isclose(float(large), 1e300)


def test_integers_need_no_expression_to_be_present():
    assert present("n", "BIGINT", ("NA",)) == '"n"'
