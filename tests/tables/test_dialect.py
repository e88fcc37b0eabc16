"""How a CSV file is written is found out, or refused with what decides."""

import gzip
import zipfile

import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.tables.dialect import CsvSettings, detect_dialect

ROWS = "Name;Umsatz, netto\nMüller;12,50\nÖhler;7,00\n"


def detected(tmp_path, content, name="t.csv", **settings):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return detect_dialect(path, CsvSettings(**settings))


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-32", "utf-32"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_the_encoding_is_found_out(tmp_path, encoding, found):
    dialect = detected(tmp_path, ROWS.encode(encoding))
    assert (dialect.encoding, dialect.names) == (found, ("Name", "Umsatz, netto"))
    assert bool(dialect.notes) == (found == "cp1252")


@pytest.mark.parametrize("mark", ["^", "~", "\x01", "\x1f", "¦"])
def test_rare_delimiters_are_found_where_the_usual_leave_one_column(tmp_path, mark):
    rows = "\n".join(mark.join((f"K{i}", f"{i},5", "a;b")) for i in range(9))
    found = detected(tmp_path, f"id{mark}paid{mark}note\n{rows}\n")
    assert (found.delimiter, found.names) == (mark, ("id", "paid", "note"))
    assert detected(tmp_path, f"id,note\nK1,a{mark}b\nK2,c{mark}d\n").delimiter == ","


def test_a_header_alone_and_names_in_single_quotes_are_named(tmp_path):
    with pytest.raises(DataError, match="the table has 3 columns but no rows"):
        detected(tmp_path, "id,paid,left")
    with pytest.raises(DataError, match=r"""single quotes; say csv: \{quote: "'"\}"""):
        detected(tmp_path, "'id','paid'\n'K1','7'\n")
    assert detected(tmp_path, "'id','paid'\n'K1','7'\n", quote="'").names == ("id", "paid")


def test_archives_are_opened(tmp_path):
    assert detected(tmp_path, gzip.compress(ROWS.encode()), "t.csv.gz").delimiter == ";"
    path = tmp_path / "t.csv.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("folder/t.csv", ROWS)
    assert detect_dialect(path).names == ("Name", "Umsatz, netto")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("u.csv", ROWS)
    with pytest.raises(DataError, match=r"the archive holds 2 files .*should hold one table"):
        detect_dialect(path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("head", ["", "sep={}\n", "\n\n"])
def test_the_delimiter_is_found_out_and_lines_above_are_skipped(tmp_path, delimiter, head):
    head = head.format(delimiter)
    dialect = detected(
        tmp_path, head + f"a{delimiter}b{delimiter}c\n" + f"1{delimiter}{delimiter}3\n" * 3
    )
    assert (dialect.delimiter, dialect.names) == (delimiter, ("a", "b", "c"))
    assert dialect.first_line == head.count("\n") + 1


def test_a_header_may_hold_line_breaks_and_quotes(tmp_path):
    dialect = detected(tmp_path, '"a\nb","c ""d"""\n1,2\n')
    assert (dialect.names, dialect.first_line) == (("a b", 'c "d"'), 2)


def test_a_delimiter_after_every_line_is_none_of_a_column(tmp_path):
    assert detected(tmp_path, "a,b\n1,2,\n3,4,\n").trailing
    assert not detected(tmp_path, "a,b\n1,2\n3,4\n").trailing


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b,a\n1,2,3\n", "the header repeats the columns 'a'"),
        ("1,2,3\n4,5,6\n", r"the first line holds values \('1', '2', '3'\), not names"),
        ("a,b\n1,2,3\n4,5,6\n", r"the header has 2 names .* 2 of the first 2 lines have 3 fields"),
        (
            "Report 2026\na,b,3\n1,2,3\n4,5,6\n",
            "the header has 1 name .* have 3 fields .*title lines",
        ),
        ("\n\n", "the file is empty"),
        ("Город,b\nМосква,2\n".encode("koi8-r"), "not UTF-8, and not Western European"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        detected(tmp_path, content)


def test_settings_decide(tmp_path):
    dialect = detected(tmp_path, "Город,b\nМосква,2\n".encode("koi8-r"), encoding="koi8-r")
    assert dialect.names == ("Город", "b")
    assert detected(tmp_path, "a;b,c\n1;2,3\n", delimiter=",").names == ("a;b", "c")
    assert detected(tmp_path, "'a,b',c\n1,2\n", quote="'").names == ("a,b", "c")


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.csv.zip"])
@pytest.mark.parametrize("head", [b"", b"a,b\n1,2\n"])
def test_one_endless_line_is_refused_in_a_sentence(tmp_path, name, head):
    path, content = tmp_path / name, head + b"x" * 600_000
    if name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("t.csv", content)
    else:
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    with pytest.raises(DataError, match="not a readable CSV file: field larger"):
        detect_dialect(path)
