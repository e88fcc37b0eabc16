"""A schema is inferred from a frame, and refuses what no frame could have given."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ArtifactError, DataError
from dbnchurn.core.records import pack, unpack
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Column, Schema, stacked, text

MANY = [str(i) for i in range(30)]


def kinds_of(frame: pd.DataFrame, **kinds: str) -> list[str]:
    return [column.kind for column in infer(frame, kinds).columns]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 3], "number"),
        ([1.5, None, 3], "number"),
        (pd.array([1, None], "Int64"), "number"),
        ([Decimal("1.5"), Decimal("2")], "number"),
        (MANY, "number"),
        ([*MANY, " "], "number"),
        ([*MANY, "n/a?"], "number"),  # and refused when read, instead of 31 categories
        (["1", "2", "1"], "category"),  # codes rather than amounts
        ([True, False], "flag"),
        ([True, None, False], "flag"),
        (pd.array([True, None], "boolean"), "flag"),
        (["A", "B", None], "category"),
        (pd.Categorical(["A", "B"]), "category"),
        ([f"plan {i}" for i in range(30)], "category"),
        ([f"C{i}" for i in range(1500)], "ignore"),
        (pd.to_datetime(["2024-01-01", None]), "date"),
        (pd.to_datetime(["2024-01-01"]).tz_localize("Europe/Berlin"), "date"),
        ([None, None], "number"),
        ([np.nan, np.nan], "number"),
    ],
)
def test_kinds_are_inferred(values, kind):
    assert kinds_of(pd.DataFrame({"x": values, "other": range(len(values))}))[0] == kind


def test_kinds_may_be_given():
    frame = pd.DataFrame({"zip": [10115, 10117], "id": ["a", "b"], "day": ["2024-01-01", None]})
    assert kinds_of(frame, zip="category", id="ignore", day="date") == [
        "category",
        "ignore",
        "date",
    ]


@pytest.mark.parametrize(
    ("frame", "kinds", "message"),
    [
        ({"debt": [1]}, {"dept": "number"}, "kinds names the column 'dept': did you mean 'debt'"),
        ({"debt": [1]}, {"debt": "numeric"}, "unknown kind 'numeric' .* did you mean 'number'"),
        ({"debt": [1]}, {"debt": "ignore"}, "no column is left .* 'debt' are ignored"),
        ({}, {}, "no column is left to learn from: there is none"),
    ],
)
def test_kinds_that_cannot_be_are_refused(frame, kinds, message):
    with pytest.raises(DataError, match=message):
        infer(pd.DataFrame(frame), kinds)


def test_a_column_without_a_name_is_refused():
    with pytest.raises(DataError, match="column 2 of 2 has an empty name; give it one or drop it"):
        infer(pd.DataFrame([[1, 2]], columns=["a", ""]))


def test_repeated_columns_are_refused():
    with pytest.raises(DataError, match="repeats the columns 'a'"):
        infer(pd.DataFrame([[1, 2]], columns=["a", "a"]))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1, 2], ["1", "2"]),
        ([1.0, 2.5, None], ["1", "2.5", None]),
        ([" a ", "", None, "  "], ["a", None, None, None]),
        ([1, True, "x", 2.0], ["1", "True", "x", "2"]),
        (pd.Categorical([3.0, None, 4.0]), ["3", None, "4"]),
        (pd.Categorical([None, None]), [None, None]),
        (pd.array([1, None], "Int64"), ["1", None]),
    ],
)
def test_values_as_text(values, words):
    found = text(pd.Series(values))
    assert [None if pd.isna(word) else word for word in found] == words


def test_tables_can_be_taken_apart_and_stacked(customers):
    X, _ = customers
    table = read(infer(X), X)[0]
    both = stacked(table.take(np.arange(100)), table.take(np.arange(100, 600)))
    np.testing.assert_array_equal(both.numbers, table.numbers)
    np.testing.assert_array_equal(both.codes, table.codes)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ((Column("a", "nombre"),), "'a' has the unknown kind 'nombre'"),
        ((Column("a", "category", ("x", "x")),), "'a' repeats a level"),
        ((Column("a", "number"), Column("a", "flag")), "repeated columns 'a'"),
        ((Column("", "number"),), "a column has an empty name"),
    ],
)
def test_schemas_that_cannot_have_been_inferred_are_refused(columns, message):
    tree, arrays = pack(Schema(columns))
    with pytest.raises(ArtifactError, match=message):
        unpack(Schema, tree, arrays)
