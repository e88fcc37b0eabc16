"""Tables are read as they stand, or refused with what is wrong and where."""

import gzip
import os

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.tables import read_sample, read_table
from dbnchurn.tables.dialect import CsvSettings
from dbnchurn.tables.files import checked_file, find_files
from dbnchurn.tables.streaming import open_files


@pytest.mark.parametrize("name", ["t.csv", "t.CSV", "t.csv.gz", "t.parquet", "t.pq"])
def test_a_written_table_is_read_back(telco, tmp_path, name):
    path = tmp_path / name
    if name.endswith((".parquet", ".pq")):
        telco.to_parquet(path, index=False)
    else:
        telco.to_csv(path, index=False)
    found = read_table(path)
    for frame in (found, telco):  # text and numbers in one column have no type in a text file
        frame["TotalCharges"] = pd.to_numeric(frame["TotalCharges"], errors="coerce")
    pd.testing.assert_frame_equal(found, telco, check_dtype=False)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(telco, tmp_path, delimiter):
    path = tmp_path / "t.txt"
    telco.to_csv(path, index=False, sep=delimiter, encoding="utf-8-sig")
    assert list(read_table(path).columns) == list(telco.columns)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("no.csv", None, "no such file"),
        ("t.csv", b"", "the file is empty; it needs a header and rows"),
        ("t.parquet", b"", "the file is empty"),
        ("t.csv", b"a,b\n", "has 2 columns but no rows"),
        (
            "t.csv",
            b"a,b\n1,2\n3,4,5,6\n",
            "1 lines cannot be read, the first is row 1: .* 4 fields",
        ),
        ("t.csv", b"a,b\n\x81\x8d,1\n", "not UTF-8, and not Western European either"),
        ("t.csv", "a,b\nМосква,1\n".encode("cp1251"), "say how it is written.*encoding: cp1251"),
        ("t.csv.gz", b"no gzip", "not a readable CSV file"),
        ("t.parquet", b"PAR1 and then nothing", "not a readable Parquet file"),
        ("t.xlsx", b"PK", "not a readable spreadsheet"),
        ("t.pdf", b"PK", "unknown ending; a table is one of '.csv'"),
        ("t.zip", b"PK", r"unknown ending.*unpack it, or .* such as NAME\.csv\.zip"),
    ],
)
def test_unreadable_files_are_refused(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_table(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


@pytest.mark.parametrize("damage", [lambda c: c[:60], lambda c: c[:40] + b"\xff" + c[41:]])
def test_a_damaged_gzip_is_refused(tmp_path, damage):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(damage(gzip.compress(b"a,b\n" + b"1,2\n" * 10_000)))
    with pytest.raises(DataError, match="not a readable CSV file"):
        read_table(path)


def test_a_word_among_numbers_leaves_the_others_numbers(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a\n" + "".join(f"{i}\n" for i in range(20)) + "oops\n")
    assert read_table(path)["a"].tolist() == [*range(20), "oops"]
    # Of few texts one may be a name.
    path.write_text("a,b,c\n" + "1,x,1\n2,y,\n" * 10 + "oops,z,2\n")
    frame = read_table(path)
    assert frame["a"].tolist() == ["1", "2"] * 10 + ["oops"]
    assert frame["b"].tolist() == ["x", "y"] * 10 + ["z"]
    assert frame["c"].dtype == float


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["7", "10"], [7, 10]),
        (["007", "010"], ["007", "010"]),
        (["7", "010"], ["7", "010"]),
        (["1e3", "12"], ["1e3", "12"]),
        (["a-1", "2"], ["a-1", "2"]),
        (["9" * 30, "2"], ["9" * 30, "2"]),
    ],
)
def test_ids_stay_as_they_are_written_unless_all_are_whole_numbers(tmp_path, written, read):
    path = tmp_path / "t.csv"
    path.write_text("id;a\n" + "".join(f"{one};1\n" for one in written))
    frame = read_table(path, "id")
    assert frame["id"].tolist() == read
    assert frame["a"].tolist() == [1, 1]


def test_a_missing_id_is_missing(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,a\n007,1\n,2\n")
    frame = read_table(path, "id")
    assert frame["id"].isna().tolist() == [False, True]
    assert read_table(path, "customer")["a"].tolist() == [1, 2]  # who says that it lacks is another


def test_a_mistyped_name_gets_a_hint(tmp_path):
    (tmp_path / "customers.csv").write_text("a\n1\n")
    with pytest.raises(DataError, match=r"no such file, did you mean 'customers\.csv'"):
        read_table(tmp_path / "custmers.csv")


def test_a_folder_is_no_table(tmp_path):
    with pytest.raises(DataError, match="no table there; it needs one of"):
        read_table(tmp_path)


def test_the_sample_is_what_it_is_said_to_be():
    frame = read_sample("tv_subscriptions")
    assert frame.shape == (9379, 48)
    assert frame["customer"].is_unique
    assert np.isclose(frame["churn"].mean(), 0.0479, atol=5e-5)


def test_an_unknown_sample_is_refused():
    with pytest.raises(ConfigError, match=r"unknown sample table 'tv': .*'tv_subscriptions'"):
        read_sample("tv")


def test_pipes_and_links_to_nothing_are_called_so(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="no plain file but a pipe or device"):
        checked_file(tmp_path / "pipe.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "gone.csv")
    with pytest.raises(DataError, match="is a link to a file that is not there"):
        checked_file(tmp_path / "link.csv")


@pytest.mark.parametrize("pattern", ["", "*.csv"])
def test_the_mark_of_a_table_that_is_open_elsewhere_is_no_table(telco, tmp_path, pattern):
    telco.to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "~$t.csv").write_bytes(b"\x05user")
    assert len(read_table(str(tmp_path / pattern))) == len(telco)


@pytest.mark.parametrize("name", ["february.zip", "february.gz", "february.tar.gz"])
def test_a_packed_file_in_a_folder_is_not_passed_over(tmp_path, name):
    (tmp_path / "january.csv").write_text("a,b\n1,2\n")
    (tmp_path / "_SUCCESS").touch()
    assert find_files(str(tmp_path), "months") == [tmp_path / "january.csv"]
    (tmp_path / name).write_bytes(b"PK")
    with pytest.raises(DataError, match=rf"{name}: unknown ending.*unpack it"):
        find_files(str(tmp_path), "months")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("t.csv", {"sheet": "May"}, "no spreadsheet but CSV, so it has no sheet 'May'"),
        ("t.parquet", {"sheet": "May"}, "no spreadsheet but Parquet"),
        ("t.xlsx", {"settings": CsvSettings(";")}, "no CSV file but Excel, so it has no delimiter"),
        ("t.parquet", {"settings": CsvSettings(encoding="cp1252")}, "no CSV file but Parquet"),
    ],
)
def test_what_is_said_of_another_kind_of_file_is_refused(tmp_path, name, options, message):
    frame = pd.DataFrame({"id": [1, 2], "debt": [1.5, 2.5]})
    path = tmp_path / name
    {".csv": frame.to_csv, ".parquet": frame.to_parquet, ".xlsx": frame.to_excel}[path.suffix](path)
    with pytest.raises(ConfigError, match=message):
        open_files(path, **options)
    open_files(path, CsvSettings(decimal=","))  # of texts in a spreadsheet, too


@pytest.mark.parametrize("sign", ["", "\\t", ";;"])
def test_a_delimiter_is_one_character(sign):
    with pytest.raises(ConfigError, match="not one character"):
        CsvSettings(sign)
