"""Titles above a header are passed over, which is said; what leaves doubt is refused."""

import gzip

import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.tables.inspection import inspect_table
from dbnchurn.tables.loading import load_table
from dbnchurn.tables.streaming import open_files
from dbnchurn.tables.title_rows import title_rows

HEADER = ["Kundennummer", "Tarif", "Betrag", "Ort", "Stand"]
ROWS = [["0017", "A", "1.250,5", "Köln", "x"], ["0018", "B", "7,25", "Bonn", "y"]] * 3
TITLES = [
    [["Auswertung"]],
    [["Auswertung Privatkunden"], ["Stand:", "31.08.2026"]],
    [["Auswertung", "", "", "", ""], ["", "", "", "", ""], ["Stand: 31.08.2026", "", "", "", ""]],
]


def write(path, rows, delimiter=";"):
    content = "".join(delimiter.join(row) + "\r\n" for row in rows).encode("cp1252")
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def write_sheet(path, rows):
    width = max(map(len, rows))
    padded = [row + [""] * (width - len(row)) for row in rows]
    pd.DataFrame(padded).to_excel(path, index=False, header=False)
    return path


@pytest.mark.parametrize("titles", TITLES)
@pytest.mark.parametrize("ending", ["csv", "csv.gz", "xlsx"])
def test_a_table_below_titles_is_read_as_without_them(tmp_path, titles, ending):
    plain, titled = (tmp_path / f"{name}.{ending}" for name in ("plain", "titled"))
    for path, rows in ((plain, [HEADER, *ROWS]), (titled, [*titles, HEADER, *ROWS])):
        if ending == "xlsx":
            write_sheet(path, rows)
        else:
            write(path, rows)
    loaded = load_table(open_files(titled), ids=["Kundennummer"])
    expected = load_table(open_files(plain), ids=["Kundennummer"])
    pd.testing.assert_frame_equal(loaded.frame, expected.frame)
    assert loaded.formats == expected.formats
    notes = [note for note in loaded.notes if "above the names of the columns" in note]
    assert len(notes) == 1
    assert "'Auswertung" in notes[0]
    assert notes[0] in inspect_table(titled).notes
    assert not any("above the names" in note for note in expected.notes)


@pytest.mark.parametrize(
    "rows",
    [
        [["Report"], ["17", "A", "5", "Rome", "z"], *ROWS],  # values, no names
        [["Report"], ["", "A", "B", "C", "D"], *ROWS],  # a column without a name
        [["Report"], ["K", "A", "B", "C", "x"], *ROWS],  # a name that is a value as well
        [["Report", "by", "region"], HEADER, *ROWS],  # as long as a header may be
        [["Report"], HEADER],  # no rows
        [["Report"], ["as of", "31.08.2026"], ["id", "plan", "debt"], ["7", "A", "2"]],
        [["id", "", ""], ["c1", "A", "n/a"], ["c2", "B", "5"]],  # a row with a missing number
        [["Report"], ["K", "B", "C"], ["L", "D", "E"], ["M", "D", "F"]],  # words alone
        [["id", "plan", "", ""], ["c1", "A", "n", "x"], ["c2", "B", "m", "y"]],  # names half given
        [["", "city"], ["ann", "Rome"], ["bob", "Oslo"], ["eve", "Oslo"]],  # rows by their names
        [["Report", "", ""], ["c1", "2026-05-01", "A"], ["c2", "2026-05-02", "B"]],
    ],
)
def test_where_titles_cannot_be_told_from_a_header_nothing_is_passed_over(tmp_path, rows):
    assert title_rows(rows) == 0
    with pytest.raises(DataError):
        load_table(open_files(write(tmp_path / "t.csv", rows)))
    sheet = write_sheet(tmp_path / "t.xlsx", rows)
    with pytest.raises(DataError):
        load_table(open_files(sheet))


@pytest.mark.parametrize(
    "titles",
    [
        [["Report"]],
        [["Contract", "", "Usage", ""]],
        [["as of", "31.08.2026"]],
        [["Report", "", "", ""], ["as of", "31.08.2026", "", ""]],
    ],
)
@pytest.mark.parametrize("width", [2, 4])
def test_a_title_fills_at_most_half_of_the_columns(titles, width):
    header = ["id", "churned", "plan", "city"][:width]
    rows = [[f"k{k}", f"{k % 2}", "A", "Rome"][:width] for k in range(4)]
    above = [row[:width] for row in titles]
    most = max(sum(map(bool, row)) for row in above)
    assert title_rows([*above, header, *rows]) == (len(titles) if 2 * most <= width else 0)


def test_the_rows_of_rejected_lines_count_from_the_first_below_the_header(tmp_path):
    rows = [["Report"], HEADER, *ROWS, ["0019", "A"]]
    loaded = load_table(open_files(write(tmp_path / "t.csv", rows)))
    assert [line.row for line in loaded.rejected] == [len(ROWS)]
