"""A whole table from files: typed by one set of decisions, and nothing lost in silence."""

import gzip

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.tables.csv_reader import CsvReader, column_names
from dbnchurn.tables.dialect import detect_dialect
from dbnchurn.tables.loading import load_table
from dbnchurn.tables.reading_rules import ReadingRules
from dbnchurn.tables.streaming import open_files


@pytest.fixture
def loaded(tmp_path):
    """``loaded(text, rules)``: the table of a CSV file."""

    def load(text, rules=None, name="t.csv", **options):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return load_table(open_files(path), rules, **options)

    return load


def test_lines_with_too_many_or_too_few_fields_are_set_aside_and_shift_nothing(loaded):
    good = "".join(f"{i},{i % 2},0,{i}.5\n" for i in range(40))
    table = loaded("tenure,churn,senior,monthly\n12,0,0,50.5,\n" + good + "7,1\n")
    assert table.frame["tenure"].tolist() == list(range(40))
    assert table.frame["monthly"].tolist() == [i + 0.5 for i in range(40)]
    assert [(line.row, "fields, the header has 4" in line.reason) for line in table.rejected] == [
        (0, True),
        (41, True),
    ]


def test_a_delimiter_at_the_end_of_every_line_is_left_out(loaded):
    table = loaded("a,b\n1,2,\n3,4,\n")
    assert list(table.frame) == ["a", "b"]
    assert not table.rejected


def test_a_column_without_a_name_numbers_the_rows_or_is_refused(loaded):
    numbered = loaded(",a\n0,5\n1,6\n2,7\n")
    assert list(numbered.frame) == ["a"]
    assert numbered.notes == ("column 1 has no name and numbers the rows: left out",)
    assert loaded("a,,b\n1,,2\n").notes == ("column 2 has no name and is empty: left out",)
    with pytest.raises(DataError, match=r"column 2 has values \('x', 'y'\) but no name"):
        loaded("a,,b\n1,x,2\n1,y,2\n")


def test_conversions_are_said_and_plain_numbers_are_not(loaded):
    table = loaded("a;b;c;d\n1.234,5;31.08.2026;7;x\n1,5;01.01.2020;8;y\n")
    assert table.notes == (
        "column 'a' is read as numbers: '1.234,5' is 1234.5",
        "column 'b' is read as dates: '31.08.2026' is 2026-08-31",
    )
    assert table.formats == {"a": "1.234,5", "b": "%d.%m.%Y", "c": "1234.5"}


def test_a_plain_column_of_floats_is_read_like_one_that_is_looked_at(loaded):
    numbers = np.random.default_rng(0).normal(0, 1e4, 500).round(4)
    text = "".join(f"{number}\n" for number in numbers)
    plain = loaded("a\n" + text).frame["a"]
    slow = loaded("a\n" + text + "-\n").frame["a"].iloc[:-1]
    np.testing.assert_array_equal(plain, numbers)
    np.testing.assert_array_equal(slow, numbers)


@pytest.mark.parametrize("values", [["7.685", "1.250"], ["1.234", "-5.678", "12"]])
def test_a_plain_column_may_hold_thousands(loaded, values):
    with pytest.raises(DataError, match=r"t\.csv: column 'a': '.*' is .* or .*: say formats"):
        loaded("a\n" + "\n".join(values) + "\n")
    rules = ReadingRules({"a": "1234.5"})
    text = "a\n" + "\n".join(values) + "\n"
    assert loaded(text, rules).frame["a"].tolist() == [float(value) for value in values]
    assert loaded(text, ReadingRules(kinds={"a": "ignore"})).frame["a"].tolist() == values


def test_ids_and_labels_stay_as_they_are_written(loaded):
    table = loaded("id,left\n007,1.0\n8, yes \n", ids=["id"], as_written=["left"])
    assert table.frame.values.tolist() == [["007", "1.0"], ["8", "yes"]]
    assert loaded("id,a\n7,1\n8,2\n", ids=["id"]).frame["id"].tolist() == [7, 8]


def test_files_of_one_table_have_the_same_columns(tmp_path):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "b.csv").write_text("y,x\n4,3\n")
    frame = load_table(open_files(tmp_path)).frame
    assert frame.sort_values("x").values.tolist() == [[1, 2], [3, 4]]
    (tmp_path / "c.csv").write_text("x,z\n1,2\n")
    with pytest.raises(DataError, match=r"different columns: 'y', 'z' stand in one of them only"):
        load_table(open_files(tmp_path))


def test_every_row_keeps_its_number_beside_rejected_lines(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"sep=,\n\na,b\n1,2\n3\n\n5,6,7\n8,9\n"))
    dialect = detect_dialect(path)
    with gzip.open(path) as content:
        reader = CsvReader(path, content, dialect, ["b", "a"])
        (batch,) = reader.batches()
    assert batch.to_pydict() == {"b": ["2", "9"], "a": ["1", "8"], "": [0, 3]}
    assert reader.next_row == 4
    assert column_names(dialect) == ("a", "b")
    chunk = reader.chunk(0, __import__("pyarrow").Table.from_batches([batch]), 1)
    assert [line.row for line in chunk.rejected] == [1, 2]


def test_a_table_in_memory_is_not_changed(loaded):
    frame = loaded("a,b\n1,x\n2,y\n").frame
    pd.testing.assert_frame_equal(frame, loaded("a,b\n1,x\n2,y\n").frame)
