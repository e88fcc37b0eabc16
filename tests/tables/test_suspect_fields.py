"""An open quote does not swallow customers, and zero bytes are no part of a value."""

import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.tables.inspection import inspect_table
from dbnchurn.tables.loading import load_table
from dbnchurn.tables.streaming import open_files
from dbnchurn.tables.suspect_fields import swallowed_lines

LINES = [f"K{i:03d},{i + 0.5},{i % 7},yes,x" for i in range(60)]
HEADER = "id,paid,tenure,left,note"


def write(tmp_path, lines):
    path = tmp_path / "t.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return path


@pytest.mark.parametrize("places", [(20,), (20, 40)], ids=["to the end", "to the next quote"])
@pytest.mark.parametrize("wanted", [["id", "paid"], ["id", "paid", "tenure", "left", "note"]])
def test_rows_within_a_quote_are_refused_also_in_a_column_that_is_not_read(
    tmp_path, places, wanted
):
    lines = [line.replace("x", '"open') if i in places else line for i, line in enumerate(LINES)]
    path = write(tmp_path, lines)
    message = "row 20, column 'note': one field holds .* look like rows of the table.*'K021,21.5"
    with pytest.raises(DataError, match=message):
        list(open_files(path).chunks(wanted, 10))
    with pytest.raises(DataError, match=message):
        inspect_table(path)


@pytest.mark.parametrize("place", [20, 57])
def test_rows_within_a_quote_are_refused_in_a_line_with_too_few_fields(tmp_path, place):
    lines = [line.replace(",yes", ',"yes') if i == place else line for i, line in enumerate(LINES)]
    path = write(tmp_path, lines)
    message = f"row {place}: one field holds {59 - place} lines that look like rows"
    with pytest.raises(DataError, match=message):
        load_table(open_files(path))
    with pytest.raises(DataError, match=message):
        list(open_files(path).chunks(["id"], 10))


def test_a_field_without_end_names_the_line_before_it(tmp_path):
    lines = [LINES[0], LINES[1].replace("x", '"x'), *LINES[2:] * 200]
    with pytest.raises(DataError, match=r"field limit .* after line 2: close the quote"):
        open_files(write(tmp_path, lines))


def test_a_header_with_a_byte_order_mark_between_the_rows_is_no_row(tmp_path):
    path = tmp_path / "t.csv"
    one = "\ufeff" + "\n".join([HEADER, *LINES]) + "\n"
    path.write_text(one + one.replace("K", "Z"), encoding="utf-8")
    loaded = load_table(open_files(path), ids=["id"])
    assert len(loaded.frame) == 120
    assert [line.row for line in loaded.rejected] == [60]


def test_a_text_of_several_lines_is_a_text(tmp_path):
    lines = [line.replace("x", '"Main Street 5\nBerlin, Germany"') for line in LINES]
    loaded = load_table(open_files(write(tmp_path, lines)), ids=["id"])
    assert loaded.frame["note"].unique().tolist() == ["Main Street 5\nBerlin, Germany"]
    assert len(loaded.frame) == 60
    assert swallowed_lines("a\nb, c\nd", ",", 2) == []


@pytest.mark.parametrize("ending", ["", ",9", ",9,9"])
def test_what_follows_a_text_of_several_lines_is_its_own_row(tmp_path, ending):
    header = "id,note,a,b,c,d,e,f"
    lines = [header, *(f"K{i},x,1,2,3,4,5,6" for i in range(50))]
    lines.append(f'K99,"Main Street 5\nBerlin",1,2,3,4,5,6{ending}')
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    loaded = load_table(open_files(path), ids=["id"])
    assert (len(loaded.frame), len(loaded.rejected)) == ((51, 0) if not ending else (50, 1))


def test_a_zero_byte_is_refused_with_row_and_column(tmp_path):
    lines = [line.replace("K007", "K\x00007") for line in LINES]
    with pytest.raises(DataError, match=r"row 7, column 'id': 'K\\x00007' holds a zero byte"):
        load_table(open_files(write(tmp_path, lines)))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b'{"id": 1, "debt": 2}\n{"id": 2, "debt": 3}\n', "JSON"),
        (b"<html><table><tr><td>id</td></tr></table></html>", "HTML"),
        (b"PK\x03\x04rest of an archive", "a spreadsheet or archive"),
        (b"PAR1rest", "Parquet"),
    ],
)
def test_other_files_under_the_name_of_csv_are_refused(tmp_path, content, what):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"the file holds {what}, not CSV"):
        open_files(path)


def test_packed_files_are_looked_into(tmp_path):
    frame = pd.DataFrame({"id": [1, 2], "debt": [1.5, 2.5]})
    frame.to_csv(tmp_path / "t.csv.gz", index=False)
    assert load_table(open_files(tmp_path / "t.csv.gz")).frame["debt"].tolist() == [1.5, 2.5]
