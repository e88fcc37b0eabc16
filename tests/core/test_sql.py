"""Names and values come back from DuckDB as they went in."""

import duckdb
import pytest

from dbnchurn.core.sql import (
    BIGINT_TYPES,
    FLOAT_TYPES,
    WHOLE_TYPES,
    is_number_type,
    literal,
    quoted,
    text_literal,
    text_literals,
    without_end,
)


@pytest.mark.parametrize("name", ["debt", "Zip Code", 'a "b" c', "select", "é;--"])
def test_a_quoted_name_is_the_name(name):
    found = duckdb.execute(f"SELECT 1 AS {quoted(name)}").description
    assert [column[0] for column in found] == [name]


@pytest.mark.parametrize("text", ["", "it's", "''", "a\\b", "%_", "\n"])
def test_a_text_literal_is_the_text(text):
    assert duckdb.execute(f"SELECT {text_literal(text)}").fetchone() == (text,)


@pytest.mark.parametrize("value", [True, False, 0, -3, 2**40, 0.1, 1e-300, 1e22, -2.5, "O'Hara"])
def test_a_literal_is_the_value_with_its_type(value):
    (found,) = duckdb.execute(f"SELECT {literal(value)}").fetchone()
    assert found == value
    assert type(found) is type(value)


def test_a_list_holds_its_texts():
    values = ["a", "it's"]
    for text, inside in (("it's", True), ("b", False)):
        query = f"SELECT {text_literal(text)} IN {text_literals(values)}"
        assert duckdb.execute(query).fetchone() == (inside,)


@pytest.mark.parametrize(
    "end",
    [
        "",
        ";",
        " ;\n; ",
        " -- of last month",
        '; -- it\'s "so"',
        "\n/* a; b */ ;",
        "--\n-- ;\n",
        ";--",
    ],
)
@pytest.mark.parametrize(
    "query",
    [
        "SELECT 'a;--b' AS x",
        'SELECT 1 AS "x;--"',
        "SELECT $$a;--$$ AS x",
        "SELECT 1 AS x -- of\nFROM (SELECT 1)",
        "SELECT 3 - -2 AS x",
        "SELECT 'it''s -- so' AS x /* it's */ WHERE true",
    ],
)
def test_a_query_without_its_end_stands_in_another_one(query, end):
    expected = duckdb.execute(query).fetchall()
    assert without_end(query + end) == query
    assert duckdb.execute(f"SELECT * FROM ({without_end(query + end)}) AS t").fetchall() == expected


@pytest.mark.parametrize("kind", [*WHOLE_TYPES, *FLOAT_TYPES, "DECIMAL(9,2)", "DATE", "INTERVAL"])
def test_number_types_are_those_that_duckdb_adds(kind):
    value = {"DATE": "DATE '2026-08-31'", "INTERVAL": "INTERVAL 1 DAY"}.get(kind, f"1::{kind}")
    (found,) = duckdb.execute(f"SELECT typeof({value})").fetchone()
    assert found == kind
    try:
        duckdb.execute(f"SELECT sqrt({value})")
        is_number = True
    except duckdb.Error:
        is_number = False
    assert is_number_type(kind) is is_number
    if kind in BIGINT_TYPES:  # the largest value fits
        duckdb.execute(f"SELECT CAST({value} AS BIGINT)")
