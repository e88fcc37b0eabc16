"""A frame reads the same however it is dressed; what cannot be read without loss is refused."""

import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.tables.column_values import FEW
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.reading import as_frame, read, unreadable
from dbnchurn.tables.schema import Column, Schema, text


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "debt": [1.5, np.nan, 3.0],
            "plan": ["A", "B", None],
            "tv": [True, False, True],
            "since": pd.to_datetime(["1970-01-02", None, "1969-12-31"]),
        }
    )


def test_what_is_read(frame):
    table, unusual = read(infer(frame), frame)
    expected = [[1.5, 1, 1], [np.nan, 0, np.nan], [3, 1, -1]]
    np.testing.assert_array_equal(table.numbers, expected)
    np.testing.assert_array_equal(table.codes, [[0], [1], [-1]])
    assert (table.number_names, table.code_names, table.sizes) == (
        ("debt", "tv", "since"),
        ("plan",),
        (2,),
    )
    assert unusual.unknown_levels == {}


@pytest.mark.parametrize(
    "spell",
    [
        lambda f: f[f.columns[::-1]],
        lambda f: f.assign(more=1),
        lambda f: f.set_axis(["p", "q", "r"]),
        lambda f: f.convert_dtypes(),
        lambda f: f.astype({"plan": "category"}),
        lambda f: f.astype({"debt": object, "tv": object}),
        lambda f: f.assign(tv=["True", "False", "True"]),
        lambda f: f.assign(tv=[1, 0, 1]),
        lambda f: f.assign(debt=["1.5", "", " 3"]),
        lambda f: f.assign(since=["1970-01-02", None, "1969-12-31T00:00"]),
        lambda f: f.assign(since=[datetime.date(1970, 1, 2), None, datetime.date(1969, 12, 31)]),
        lambda f: pa.Table.from_pandas(f).to_pandas(types_mapper=pd.ArrowDtype),
        lambda f: as_frame(pa.Table.from_pandas(f)),
    ],
)
def test_the_same_customers_in_another_dress_read_the_same(frame, spell):
    schema = infer(frame)
    table, other = read(schema, frame)[0], read(schema, spell(frame.copy()))[0]
    np.testing.assert_array_equal(other.numbers, table.numbers)
    np.testing.assert_array_equal(other.codes, table.codes)


def of_many_types(rows: int) -> pd.DataFrame:
    """Columns of every type that a number, a date or a category comes in."""
    i = np.arange(rows)
    return pd.DataFrame(
        {
            "float": np.where(i % 3, i / 7, np.nan),
            "narrow": (i / 7).astype(np.float32),
            "far": np.where(i % 2, 1e300, -1e300),
            "whole": 2**60 + i,
            "truth": i % 2 == 0,
            "nullable": pd.array(np.where(i % 4, i, 0), "Int64"),
            "text": [f"{k}.5" for k in i],
            "mixed": pd.Series([k if k % 2 else f"{k}" for k in i], dtype=object),
            "day": np.datetime64("2024-01-01") + i.astype("m8[D]"),
            "plan": pd.Categorical.from_codes(i % 3, ["a", "b", "c"]),
            "grade": pd.Categorical.from_codes(i % 3, [1.0, 2.0, 3.0]),
            "word": pd.Series([None if k % 5 == 4 else f"w{k % 3}" for k in i], dtype="str"),
            "code": pd.Series([k % 3 for k in i], dtype=object),
        }
    )


def test_few_rows_of_any_types_read_as_many():
    frame = of_many_types(60)
    columns = [Column(name, "number") for name in frame.columns[:8]]
    columns += [Column("day", "date"), Column("plan", "category", ("c", "a"))]
    columns += [Column("grade", "category", ("1", "3")), Column("word", "category", ("w0", "w1"))]
    schema = Schema((*columns, Column("code", "category", ("0", "2"))))
    whole, _ = read(schema, frame)
    unknown = 0
    for first in range(0, 60, 4):
        few, unusual = read(schema, frame.iloc[first : first + 4])
        np.testing.assert_array_equal(few.numbers, whole.numbers[first : first + 4])
        np.testing.assert_array_equal(few.codes, whole.codes[first : first + 4])
        unknown += sum(unusual.unknown_levels.values())
    assert unknown == sum(read(schema, frame)[1].unknown_levels.values()) > 0


@pytest.mark.parametrize("rows", [1, 4 * FEW])
def test_an_infinite_number_is_refused_with_its_row(rows):
    frame = pd.DataFrame({"debt": np.full(rows, np.inf), "age": np.full(rows, 30.0)})
    schema = Schema((Column("age", "number"), Column("debt", "number")))
    with pytest.raises(DataError, match=r"column 'debt' \(number\), row 0: inf is infinite"):
        read(schema, frame)


def test_what_a_column_holds_that_the_schema_leaves_out_does_not_matter():
    frame = pd.DataFrame({"debt": [1.0], "note": pd.arrays.SparseArray([0])})
    frame["span"] = pd.arrays.IntervalArray.from_tuples([(0, 1)])
    frame["lists"] = pd.Series([[1, 2]], dtype=object)
    table, _ = read(Schema((Column("debt", "number"),)), frame)
    assert table.numbers.tolist() == [[1.0]]


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(pd.array([pa.scalar(4_000_000, pa.date32())], pd.ArrowDtype(pa.date32()))),
        pd.Series(np.array(["20000-01-01"], "M8[s]")),
        pd.Series(pd.Categorical(["7"], categories=[f"{i}" for i in range(100_000)])),
    ],
    ids=["far date", "far moment", "many levels"],
)
def test_a_row_is_read_whatever_an_unused_column_is(column):
    frame = pd.DataFrame({"debt": [2.5], "other": column})
    table, _ = read(Schema((Column("debt", "number"),)), frame)
    assert table.numbers.tolist() == [[2.5]]


def test_a_row_reads_the_same_alone(customers):
    X, _ = customers
    schema = infer(X)
    whole = read(schema, X)[0]
    for row in (0, 17, 599):
        alone = read(schema, X.iloc[[row]])[0]
        np.testing.assert_array_equal(alone.numbers[0], whole.numbers[row])
        np.testing.assert_array_equal(alone.codes[0], whole.codes[row])


def test_categories_that_were_never_seen_are_counted_no_evidence(frame):
    table, unusual = read(infer(frame), frame.assign(plan=["C", "B", "D"]))
    assert table.codes.ravel().tolist() == [-1, 1, -1]
    assert unusual.unknown_levels == {"plan": 2}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"debt": ["1", "x", "3"]},
            r"'debt' \(number\), row r1: 'x' is not a number; .*1 such row",
        ),
        ({"debt": ["1", "1.2k", "3M"]}, r"row r1: '1.2k' .* write 1\.2k as 1200 \(2 such rows"),
        (
            {"debt": [np.inf, 1, -np.inf]},
            r"row r0: inf is infinite; leave it empty .*\(2 such rows",
        ),
        ({"debt": ["inf", "1", "1"]}, "is infinite"),
        ({"debt": pd.to_datetime(["2024-01-01"] * 3)}, "'debt' has to hold numbers, .* dates"),
        ({"debt": [1j, 2, 3]}, "Complex data not supported: column 'debt'"),
        ({"tv": ["maybe", "True", "x"]}, r"'tv' \(flag\), row r0: 'maybe' .*\(2 such rows"),
        (
            {"since": [1, 2, 3]},
            "'since' has to hold dates, it holds numbers; read the column",
        ),
        ({"since": ["soon", None, "1970-01-01"]}, "'soon' is not a date such as 2026-08-31"),
    ],
)
def test_values_that_cannot_be_read_are_named_with_their_row(frame, changes, message):
    frame = frame.set_axis(["r0", "r1", "r2"])
    bad = frame.assign(**{k: pd.Series(v, frame.index) for k, v in changes.items()})
    with pytest.raises(DataError, match=message):
        read(infer(frame), bad)


def test_columns_that_are_missing_are_named(frame):
    with pytest.raises(
        DataError, match="lacks 2 of 4 columns: 'debt', 'tv'; it has 'plan', 'since'"
    ):
        read(infer(frame), frame[["plan", "since"]])


def test_ignored_columns_need_not_come(frame):
    schema = infer(frame, {"plan": "ignore"})
    assert read(schema, frame.drop(columns="plan"))[0].codes.shape == (3, 0)


def test_numbers_beyond_float32_are_read_as_its_largest():
    schema = infer(pd.DataFrame({"x": [1.0, 2.0]}))
    numbers = read(schema, pd.DataFrame({"x": [1e39, -1e300]}))[0].numbers.ravel()
    assert np.isfinite(numbers.astype(np.float32)).all()
    assert numbers[0] == -numbers[1] > 3e38


def test_frames_are_not_changed(customers):
    X, _ = customers
    before = X.copy()
    read(infer(X), X)
    pd.testing.assert_frame_equal(X, before)


@pytest.mark.parametrize("X", [[1, 2], np.zeros((2, 2, 2)), np.zeros((1, 1), complex), "table"])
def test_what_is_no_table_is_refused(X):
    with pytest.raises(DataError, match="expected a table of customers"):
        as_frame(X)


@pytest.mark.parametrize(
    "values",
    [
        ["A", " A ", "", " ", None, "B", "new"],
        pd.Categorical(["A", " A", None, "B"], categories=["B", " A", "A", ""]),
        [3.0, 3.5, None, -0.0],
        pd.array([3, None, 4], dtype="Int64"),
        [True, False, None, True],
        [True, 1, "1", 1.0, "True", None],
        pd.Series(["A", None, "B "], dtype="str"),
        pd.to_datetime(["2026-01-01", None]),
        pd.to_datetime([None, None]),
    ],
)
def test_categories_are_read_as_their_text_value_by_value(values):
    """Distinct values are cleaned once each; this is the literal reading, one value at a time."""
    series = pd.Series(values)
    levels = ("A", "B", "3", "0", "1", "True", "2026-01-01 00:00:00")
    schema = Schema((Column("x", "category", levels), Column("y", "ignore")))
    table, unusual = read(schema, pd.DataFrame({"x": series}))
    words = [text(series.iloc[[i]]).iloc[0] for i in range(len(series))]
    expected = [levels.index(word) if word in levels else -1 for word in words]
    assert table.codes[:, 0].tolist() == expected
    many = pd.concat([series] * FEW, ignore_index=True)
    assert read(schema, pd.DataFrame({"x": many}))[0].codes[:, 0].tolist() == expected * FEW
    unknown = sum(isinstance(word, str) and word not in levels for word in words)
    assert unusual.unknown_levels == ({"x": unknown} if unknown else {})


def test_sparse_columns_are_read_as_what_they_hold():
    schema = Schema((Column("debt", "number"),))

    def sparse(made):
        values = pd.Series([None, made(5 * 86_400 * 10**9), made(7)]).to_numpy()
        return pd.DataFrame({"debt": pd.Series(pd.arrays.SparseArray(values))})

    with pytest.raises(DataError, match="'debt' has to hold numbers, it holds dates"):
        read(schema, sparse(pd.Timestamp))
    spans = read(schema, sparse(pd.Timedelta))[0].numbers.ravel()
    np.testing.assert_allclose(spans, [np.nan, 5, 7 / (86_400 * 10**9)])  # in days
    numbers = pd.DataFrame({"debt": pd.arrays.SparseArray([0.0, 2.5, np.nan])})
    np.testing.assert_array_equal(read(schema, numbers)[0].numbers.ravel(), [0, 2.5, np.nan])


@pytest.mark.parametrize("nothing", [pd.NaT, None, pd.NA, np.nan, ""])
def test_a_column_of_nothing_is_read_whatever_stands_for_nothing(nothing):
    X = pd.DataFrame({"debt": [1.0, 2.0], "since": pd.to_datetime(["2020-01-01"] * 2)})
    X = X.assign(plan=["basic", "family"], tv=[True, False])
    schema = infer(X)
    for name in X:
        emptied = X.assign(**{name: pd.Series([nothing] * 2, dtype=object)})
        table, unusual = read(schema, emptied)
        assert np.isnan(table.numbers).any() or (table.codes < 0).any()
        assert not unusual.unknown_levels
        assert next(c.kind for c in infer(emptied).columns if c.name == name) == "number"


def test_a_number_that_is_written_otherwise_is_no_unknown_value():
    schema = Schema((Column("debt", "number", format="1234.5"),))
    reasons = unreadable(schema, pd.DataFrame({"debt": ["7.5", "12,50", "much"]}))
    assert list(reasons) == [1, 2]
    assert "'12,50' is a number, but not written as 1234.5; write all in one way" in reasons[1]
    assert "'much' is not a number; leave it empty" in reasons[2]


def test_masked_cells_of_an_array_are_missing():
    cells = np.ma.masked_greater(np.array([[1, 2], [3, 40]]), 10)
    assert as_frame(cells).isna().to_numpy().tolist() == [[False, False], [False, True]]
    assert cells.data[1, 1] == 40
    flags = np.ma.masked_array([[True, False], [False, True]] * 20, mask=np.zeros((40, 2), bool))
    schema = infer(as_frame(flags))
    flags[0, 0] = np.ma.masked
    assert infer(as_frame(flags)) == schema == infer(as_frame(flags.data))
    assert np.isnan(read(schema, as_frame(flags))[0].numbers).sum() == 1


FEW_TEXTS = [0.5 * k for k in range(400)]


@pytest.mark.parametrize(
    ("texts", "kind", "values"),
    [
        (["6,50 €", "1.250,00 €"], "number", [6.5, 1250.0]),
        (["6,5", "7,25"], "number", [6.5, 7.25]),
        (["6.5", "7.25"], "number", [6.5, 7.25]),
    ],
)
@pytest.mark.parametrize("times", [5, 100])
def test_texts_beside_python_numbers_are_read_by_their_own_marks(texts, kind, values, times):
    frame = pd.DataFrame({"x": pd.Series(texts * times + FEW_TEXTS, dtype=object)})
    schema = infer(frame)
    assert schema.columns[0].kind == kind
    numbers = read(schema, frame)[0].numbers[:, 0]
    np.testing.assert_allclose(numbers, values * times + FEW_TEXTS)


@pytest.mark.parametrize("times", [5, 100])
@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["1.250", "2.500"], "is a number in two ways"),
        (["10 %", "5 %"], "unit"),
        (["12 GB", "7 GB"], "unit"),
    ],
)
def test_texts_beside_python_numbers_that_may_mean_another_are_refused(texts, message, times):
    frame = pd.DataFrame({"x": pd.Series(texts * times + FEW_TEXTS, dtype=object)})
    with pytest.raises(DataError, match=message):
        read(infer(frame), frame)


@pytest.mark.parametrize("absent", [None, "n/a", " "])
def test_yes_and_no_beside_truth_values_are_a_flag(absent):
    values = ["ja", True, "nein", False, absent, "YES"]
    frame = pd.DataFrame({"x": pd.Series(values, dtype=object), "y": range(6)})
    schema = infer(frame)
    assert schema.columns[0].kind == "flag"
    np.testing.assert_array_equal(
        read(schema, frame)[0].numbers[:, 0], [1.0, 1.0, 0.0, 0.0, np.nan, 1.0]
    )
