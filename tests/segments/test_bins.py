"""Columns become items, and every item says in words and SQL exactly which rows it holds."""

import math
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.segments.bins import Binning
from dbnchurn.segments.columns import plain_column, read_answers, read_columns
from dbnchurn.segments.conditions import Between, IsMissing, OneOf, condition_from_dict


def binning(**changes):
    given = {
        "method": "quantile", "bins": 4, "edges": {}, "zero": True, "special": {}, "max_levels": 5
    }  # fmt: skip
    return Binning(**{**given, **changes})


def odd_table(n=400, seed=0):
    """Columns of every dtype, with missing values, quotes and rare levels."""
    generator = np.random.default_rng(seed)
    levels = ["gold", "o'clock", 'say "x"', "x", "a;--b", "rare1", "rare2"]
    words = generator.choice(levels, n, p=[0.3, 0.2, 0.2, 0.1, 0.1, 0.05, 0.05])
    gaps = generator.random(n) < 0.1
    money = np.where(generator.random(n) < 0.2, 0.0, generator.lognormal(2, 1, n))
    return pd.DataFrame(
        {
            "money": np.where(gaps, np.nan, money),
            "small money": generator.lognormal(0, 1, n).astype(np.float32),
            "balance": generator.normal(0, 100, n).round(2) * (generator.random(n) > 0.1),
            "age": generator.integers(18, 90, n).astype(np.uint8),
            "calls": pd.array(generator.poisson(2, n), "Int64"),
            "coded": np.where(generator.random(n) < 0.2, -1, generator.integers(0, 50, n)),
            "since": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(generator.integers(0, 900 * 24, n), "h"),
            "flag": generator.random(n) < 0.3,
            "maybe": pd.array(generator.choice([True, False], n), "boolean"),
            "two": generator.choice([0, 1], n),
            'pl"an': words,
            "object": pd.Series(np.where(gaps, None, words), dtype=object),
            "size": pd.Categorical(
                generator.choice(["S", "M", "L"], n), ["S", "M", "L"], ordered=True
            ),
            "year": pd.Categorical(generator.choice([2021, 2022, 2023], n)),
        }
    ).assign(
        calls=lambda f: f["calls"].mask(gaps),
        maybe=lambda f: f["maybe"].mask(gaps),
        size=lambda f: f["size"].where(~gaps),
    )


def test_a_condition_holds_for_the_rows_of_its_items_also_in_sql():
    table = odd_table()
    mined, fresh = table.iloc[:200], table
    cut = binning(special={"coded": [-1]})
    connection = duckdb.connect()
    connection.register("customers", fresh.assign(row=np.arange(len(fresh))))
    checked = 0
    for column in read_columns(fresh):
        axis = cut.axis(column.take(np.arange(len(mined))))
        codes = axis.codes(column)
        for first in range(axis.items):
            for last in range(first, max(axis.neighbours, first + 1)):
                condition = axis.condition(first, last)
                inside = (codes >= first) & (codes <= last)
                assert np.array_equal(condition.holds(column.values), inside), condition
                rows = connection.sql(
                    f"SELECT row FROM customers WHERE {condition.sql()}"
                ).fetchall()
                assert sorted(r for (r,) in rows) == np.flatnonzero(inside).tolist(), condition
                assert condition_from_dict(condition.to_dict()) == condition
                assert condition.to_text().startswith(column.name)
                checked += 1
    assert checked > 80


def test_items_divide_the_rows():
    for column in read_columns(odd_table()):
        axis = binning().axis(column)
        counts = np.bincount(axis.codes(column), minlength=axis.items + 1)
        rare = column.name in ('pl"an', "object")  # more than five levels
        assert (counts[-1] > 0) == rare
        assert np.all(counts[:-1] > 0)


@pytest.mark.parametrize(
    ("values", "changes", "breaks"),
    [
        # quantiles; whole numbers
        ([1, 2, 3, 4, 5, 6, 7, 8], {}, [3, 5, 7]),
        # few values: an interval for each
        ([1, 1, 5, 9], {}, [5, 9]),
        # zero apart, nothing below it ever seen
        ([0, 0, 1, 2, 3], {}, ["zero", 2, 3]),
        # zero apart, between negative and positive values
        ([-2, -1, 0, 1, 2], {"bins": 2}, ["zero"]),
        ([-4, -3, 0, 0, 1, 2], {}, [-3.0, "zero", 2]),
        # zero is like others
        ([0, 0, 1, 2], {"zero": False}, [1, 2]),
        # equal width; bins without rows join their neighbour
        ([0, 1, 2, 100], {"method": "width", "zero": False}, [25]),
        # as told
        ([1, 2, 3, 4], {"edges": {"x": [2.5]}}, [2.5]),
    ],
)  # fmt: skip
def test_edges(values, changes, breaks):
    axis = binning(**changes).axis(plain_column(pd.Series(values, name="x", dtype=float)))
    inner = [b for b in axis.breaks if math.isfinite(b) and abs(b) > 1e-300]
    assert inner == pytest.approx([b for b in breaks if b != "zero"])
    assert (5e-324 in axis.breaks) == ("zero" in breaks)


def test_quantile_bins_are_about_equal_and_their_edges_short():
    values = pd.Series(np.random.default_rng(0).lognormal(3, 1, 10_000), name="x")
    axis = binning(bins=10).axis(plain_column(values))
    counts = np.bincount(axis.codes(plain_column(values)))
    assert len(counts) == 10
    assert counts.min() > 880
    assert counts.max() < 1120
    assert all(len(f"{edge:g}") <= 5 for edge in axis.breaks[1:-1])


def test_what_was_never_seen_is_no_item():
    mined = pd.DataFrame(
        {"a": [0, 0, 1, 2, 3.0], "b": ["u", "u", "v", "w", "w"], "c": [0, 1] * 2 + [1]}
    )
    new = pd.DataFrame({"a": [-5.0, np.nan, 99], "b": ["new", None, "u"], "c": [2, 0, 1]})
    a, b, c = (binning().axis(plain_column(mined[name])) for name in mined)
    assert a.codes(plain_column(new["a"])).tolist() == [a.items, a.items, a.items - 1]
    assert b.codes(plain_column(new["b"]))[:2].tolist() == [b.items] * 2
    assert c.codes(plain_column(new["c"]))[0] == c.items


def test_rows_outside_the_mined_range_belong_to_the_outer_intervals():
    axis = binning().axis(plain_column(pd.Series(np.arange(1.0, 101), name="x")))
    codes = axis.codes(plain_column(pd.Series([-1e9, -1e30, 1e9, 1e30], name="x")))
    assert codes.tolist() == [0, 0, 3, 3]


@pytest.mark.parametrize(
    ("condition", "words", "edges", "sql"),
    [
        (Between("x", 1.5, 2), "x 1.5 to under 2", "x in [1.5, 2)", '"x" >= 1.5e0 AND "x" < 2.0e0'),
        (Between("x", -math.inf, 2), "x under 2", "x in (-inf, 2)", '"x" < 2.0e0'),
        (Between("x", 2, math.inf, True), "x 2 or more", "x in [2, inf)", '"x" >= 2'),
        (Between("x", -math.inf, 2, True), "x 1 or less", "x in (-inf, 2)", '"x" < 2'),
        (
            Between("x", 19723, 20089, True, date=True),
            "x 2024-01-01 to 2024-12-31",
            "x in [2024-01-01, 2025-01-01)",
            "\"x\" >= DATE '2024-01-01' AND \"x\" < DATE '2025-01-01'",
        ),
        (
            Between("x", -math.inf, 20089, True, date=True),
            "x 2024-12-31 or earlier",
            "x in (-inf, 2025-01-01)",
            "\"x\" < DATE '2025-01-01'",
        ),
        (Between("x", 3, 4, True), "x = 3", "x in [3, 4)", '"x" >= 3 AND "x" < 4'),
        (Between("x", 0, 5e-324), "x = 0", "x in [0, 0]", '"x" >= 0.0e0 AND "x" <= 0'),
        (Between("x", 5e-324, 3), "x above 0 to under 3", "x in (0, 3)", '"x" > 0 AND "x" < 3.0e0'),
        (Between("x", 5e-324, math.inf, True), "x 1 or more", "x in (0, inf)", '"x" > 0'),
        (Between("x", -math.inf, math.inf), "x known", "x in (-inf, inf)", '"x" IS NOT NULL'),
        (
            Between("x", -math.inf, 9, True, (-1.0,)),
            "x 8 or less (not -1)", "x in (-inf, 9) besides -1", '"x" < 9 AND "x" <> -1',
        ),
        (Between("x", 20000, 30000, True), "x 20,000 to 29,999", "x in [20000, 30000)",
         '"x" >= 20000 AND "x" < 30000'),
        (OneOf("x", (True,)), "x = True", "x in {True}", '"x" = TRUE'),
        (OneOf("x", ("",)), "x = ''", "x in {''}", "\"x\" = ''"),
        (IsMissing('a"b'), 'a"b missing', 'a"b is missing', '"a""b" IS NULL'),
    ],
)  # fmt: skip
def test_words_edges_and_sql(condition, words, edges, sql):
    assert (condition.to_text(), condition.edges(), condition.sql()) == (words, edges, sql)


@pytest.mark.parametrize(
    ("values", "kind", "read"),
    [
        (pd.to_datetime(["2024-01-01 13:00", None]), "date", [19723.0, None]),
        ([pd.Timestamp("2024-01-01").date(), None], "date", [19723.0, None]),
        (["31.12.2024", "1.1.2024"], "date", [20088.0, 19723.0]),
        (pd.to_timedelta([1, 2], "D"), "number", [1.0, 2.0]),
        ([Decimal("1.5"), None], "number", [1.5, None]),
        ([f"{i},5" for i in range(40)], "number", [i + 0.5 for i in range(40)]),
        (pd.array([1, None], "Int64"), "number", [1.0, None]),
        (pd.array([True, None], "boolean"), "boolean", [1.0, None]),
        (["true", "False", None], "boolean", [1.0, 0.0, None]),
        (["a", 1, "-"], "text", ["a", "1", None]),
        (pd.Categorical(["0.10", "0.1"]), "text", ["0.1", "0.1"]),
    ],
)
def test_columns_are_read_as_a_classifier_reads_them(values, kind, read):
    found = plain_column(pd.Series(values, name="x"))
    assert found.kind == kind
    assert [None if pd.isna(value) else value for value in found.values] == read


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (pd.Series([[1], [2]], name="lists"), "no column is left .*'lists'"),
        (pd.Series([1j], name="z"), "Complex data not supported: column 'z'"),
        (pd.Series([1.0, np.inf], name="x"), "'x' .number., row 1: inf is infinite"),
    ],
)
@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
def test_columns_that_cannot_be_used(values, message):
    with pytest.raises(DataError, match=message):
        plain_column(values)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"edges": {"x": [3, 2]}}, "edges of column 'x' must increase"),
        ({"edges": {"x": [1, np.nan]}}, "must be finite"),
        ({"edges": {"x": []}}, "must be finite"),
        ({"special": {"word": [1]}}, "special names column 'word', which is not numeric"),
    ],
)
def test_settings_that_do_not_fit_their_column(changes, message):
    table = pd.DataFrame({"x": [1.0, 2, 3, 4], "word": list("abcd")})
    name = next(name for column in changes.values() for name in column)
    with pytest.raises(ConfigError, match=message):
        binning(**changes).axis(plain_column(table[name]))


@pytest.mark.parametrize(
    ("y", "positive", "threshold", "yes"),
    [
        ([0, 1, 1], 1, None, [False, True, True]),
        ([False, True, False], 1, None, [False, True, False]),
        (["no", "yes", "no"], "yes", None, [False, True, False]),
        ([0.2, 0.5, 0.9], 1, 0.5, [False, True, True]),
        (np.array([[0], [1], [0]]), 1, None, [False, True, False]),
        (pd.Series([2, 1, 2], index=[7, 8, 9]), 2, None, [True, False, True]),
        (pd.Categorical(["no", "yes", "no"]), "yes", None, [False, True, False]),
        (pd.array([True, False, True], "boolean"), True, None, [True, False, True]),
    ],
)
def test_answers(y, positive, threshold, yes):
    meaning, hits = read_answers(y, 3, positive=positive, threshold=threshold)
    assert hits.tolist() == yes
    assert (meaning is None) == (threshold is not None)


@pytest.mark.parametrize(
    ("y", "threshold", "message"),
    [
        ([0, 0, 0], None, "y never holds the positive value 1; it holds 0"),
        ([0, 1], None, "y has 2 rows, but X has 3"),
        ([0, 1, None], None, "missing in 1 of 3 rows"),
        ([0.1, 0.2, 0.3], None, "never holds the positive value 1"),
        (["a", "b", "b"], 0.5, "threshold needs scores"),
    ],
)
def test_answers_that_cannot_be_used(y, threshold, message):
    with pytest.raises(DataError, match=message):
        read_answers(y, 3, positive=1, threshold=threshold)
    if threshold is None and len(y) == 3 and None not in y:
        with pytest.raises(DataError, match=r"one class only|holds 3 classes.*set threshold"):
            read_answers(y, 3)
