"""Spreadsheets: a sheet by its name, cells with their types."""

import datetime

import pandas as pd
import pyarrow as pa
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.tables.excel import read_sheet
from dbnchurn.tables.files import ENDINGS, checked_file, find_files, kind_of_file
from tests.tables.binary_workbook import write_binary_workbook

FRAME = pd.DataFrame(
    {
        "id": [7, 8, 9],
        "debt": [1.5, None, 2.25],
        "since": pd.to_datetime(["2026-08-31", "2020-01-01", None]),
        "plan": ["basic", "?", "family"],
        "tv": [True, False, True],
        "mixed": [1234.5, "many", 7],
    }
)


@pytest.fixture
def book(tmp_path):
    """``book(sheets)``: a workbook of frames by the names of their sheets."""

    def write(sheets, name="t.xlsx", **options):
        path = tmp_path / name
        with pd.ExcelWriter(path) as writer:
            for sheet, frame in sheets.items():
                frame.to_excel(writer, sheet_name=sheet, index=False, **options)
        return path

    return write


def test_cells_have_their_types(book):
    table = read_sheet(book({"customers": FRAME})).table
    assert table.schema.field("id").type == pa.int64()
    assert table.to_pydict() == {
        "id": [7, 8, 9],
        "debt": [1.5, None, 2.25],
        "since": [datetime.datetime(2026, 8, 31), datetime.datetime(2020, 1, 1), None],
        "plan": ["basic", None, "family"],
        "tv": [True, False, True],
        "mixed": ["1234.5", "many", "7"],
    }


def test_a_word_for_missing_among_numbers_leaves_them_numbers(book):
    for word in ("-", "NA", "n/a"):
        frame = pd.DataFrame({"debt": [7.685, word, 2.0]})
        assert read_sheet(book({"a": frame})).table["debt"].to_pylist() == [7.685, None, 2.0]


def test_one_of_several_sheets_has_to_be_named(book):
    path = book({"customers": FRAME, "empty": pd.DataFrame(), "prices": FRAME[["id"]]})
    with pytest.raises(DataError, match=r"2 sheets hold something; say .*sheet: 'customers'"):
        read_sheet(path)
    assert read_sheet(path, "prices").table.column_names == ["id"]
    with pytest.raises(DataError, match="no sheet 'price': did you mean 'prices'"):
        read_sheet(path, "price")


def test_a_header_that_is_none_is_refused(book):
    with pytest.raises(DataError, match=r"is empty; it needs a header and rows"):
        read_sheet(book({"a": pd.DataFrame()}))
    twice = pd.DataFrame([[1, 2]], columns=["x", "x"])
    with pytest.raises(DataError, match="the header repeats the columns 'x'"):
        read_sheet(book({"a": twice}))


def test_kinds_of_files_are_known_by_their_endings(tmp_path, book):
    for kind, endings in ENDINGS.items():
        for ending in endings:
            assert kind_of_file(tmp_path / f"T{ending.upper()}") == kind
    path = book({"a": FRAME})
    assert checked_file(path) == path
    assert find_files(str(tmp_path), "customers") == [path]
    (tmp_path / "t.csv").write_text("a\n1\n")
    with pytest.raises(DataError, match="holds both CSV and Excel files; keep one kind"):
        find_files(str(tmp_path), "customers")


def test_a_binary_workbook_is_read_like_another(book, tmp_path):
    day = datetime.date
    rows = [
        ["customers", None, None, None, None],
        ["id", "debt", "since", "plan", "tv"],
        [7, 1.5, day(2026, 8, 31), "basic", True],
        [8, None, day(2020, 1, 1), "über", False],
        [9, "6,50 €", None, None, True],
    ]
    binary = read_sheet(write_binary_workbook(tmp_path / "t.xlsb", {"July": rows}))
    plain = read_sheet(book({"July": pd.DataFrame(rows[1:], columns=rows[0])}, header=rows[0]))
    assert binary.table.equals(plain.table)
    assert binary.table.column("debt").to_pylist() == [1.5, None, 6.5]
    assert [note.replace("t.xlsb", "t.xlsx") for note in binary.notes] == list(plain.notes)
    two = write_binary_workbook(tmp_path / "two.xlsb", {"July": rows, "June": rows[:4]})
    with pytest.raises(DataError, match=r"July.*June"):
        read_sheet(two)
    assert read_sheet(two, "June").table.num_rows == 2
    cut = tmp_path / "cut.xlsb"
    cut.write_bytes(two.read_bytes()[:400])
    with pytest.raises(DataError, match=r"cut\.xlsb"):
        read_sheet(cut)
