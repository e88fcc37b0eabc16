"""Rows as they came: every value means the same, whatever else its chunk holds."""

import datetime

import numpy as np
import pyarrow as pa
import pytest

from dbnchurn.tables.arrow import formats_of, frame_of
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.loading import load_table
from dbnchurn.tables.reading import read, unreadable
from dbnchurn.tables.schema import Column, Schema
from dbnchurn.tables.streaming import open_files


def table_of(schema, rows):
    table, unusual = read(schema, frame_of(schema, rows, formats_of(schema, rows)))
    return table, unusual.unknown_levels


def test_scoring_reads_a_file_as_training_did(named, write):
    frame = named.drop(columns="customer").assign(zip=[f"{i % 7:05d}" for i in range(len(named))])
    path = write(frame, "t.csv")
    loaded = load_table(open_files(path))
    formats = {name: form for name, form in loaded.formats.items() if name != "zip"}
    schema = infer(loaded.frame, {"zip": "category"}, formats)
    (chunk,) = open_files(path).chunks(list(frame), 1000)
    expected, _ = read(schema, loaded.frame)
    found, unknown = table_of(schema, chunk.rows)
    np.testing.assert_array_equal(found.numbers, expected.numbers)
    np.testing.assert_array_equal(found.codes, expected.codes)
    assert expected.sizes[expected.code_names.index("zip")] == 7
    assert not unknown


CASES = [
    ("number", ["1", " 2 ", "1e3", None, "+4", "0.1", "True", "false", "TRUE"],
     [1, 2, 1000, np.nan, 4, 0.1, 1, 0, 1]),
    ("flag", ["true", "FALSE", None, "1"], [1, 0, np.nan, 1]),
    ("date", ["1970-01-03", None, "1970-01-02 12:00"], [2, np.nan, 1.5]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "words", "expected"), CASES)
def test_a_value_means_the_same_alone_and_among_others(kind, words, expected):
    schema = Schema((Column("x", kind),))
    whole, _ = table_of(schema, pa.table({"x": words}))
    np.testing.assert_array_equal(whole.numbers.ravel(), expected)
    for word, value in zip(words, expected, strict=True):
        rows = pa.table({"x": pa.array([word], pa.string())})
        alone, _ = table_of(schema, rows)
        np.testing.assert_array_equal(alone.numbers.ravel(), [value])


def test_levels_of_text_alone_and_among_others():
    schema = Schema((Column("x", "category", ("1", "2.5", "B", "True", "007")),))
    words = ["1", "1.0", "01", " 1", "2.50", "B", " B ", "true", "007", "7", "b", None]
    codes = [0, 0, -1, 0, 1, 2, 2, 3, 4, -1, -1, -1]  # 01 and 007 are codes, not numbers
    whole, unknown = table_of(schema, pa.table({"x": words}))
    assert whole.codes.ravel().tolist() == codes
    assert unknown == {"x": 3}
    for word, code in zip(words, codes, strict=True):
        rows = pa.table({"x": pa.array([word], pa.string())})
        assert table_of(schema, rows)[0].codes.item() == code


def test_typed_text_is_not_reinterpreted():
    schema = Schema((Column("x", "category", ("1", "7")),))
    assert table_of(schema, pa.table({"x": ["07", "7"]}))[0].codes.ravel().tolist() == [-1, 1]


def test_large_whole_numbers_stay_themselves_beside_gaps():
    schema = Schema((Column("x", "category", ("9007199254740993",)),))
    for rows in ([9007199254740993], [9007199254740993, None]):
        assert table_of(schema, pa.table({"x": rows}))[0].codes[0, 0] == 0


def test_days_are_dates():
    schema = Schema((Column("x", "date"),))
    days = pa.table({"x": [datetime.date(1970, 1, 3), None]})
    np.testing.assert_array_equal(table_of(schema, days)[0].numbers.ravel(), [2, np.nan])


def test_exactly_the_rows_that_cannot_be_read_are_named(spoiled):
    frame = spoiled.drop(columns="customer")
    schema = infer(frame, {"debt": "number", "age": "number", "since": "date"})
    reasons = unreadable(schema, frame)
    assert sorted(reasons) == [3, 500, 501]
    assert reasons[3].startswith("column 'debt' (number): 'much' is not a number")
    assert "column 'debt' (number): 'inf' is infinite" in reasons[500]
    assert "column 'since' (date): 'last May' is not a date" in reasons[500]
    read(schema, frame.drop(index=list(reasons)))  # the others can
    for row in reasons:
        with pytest.raises(ValueError, match=f"row {row}: "):
            read(schema, frame.loc[[row]])
    assert unreadable(schema, frame.drop(index=list(reasons))) == {}
