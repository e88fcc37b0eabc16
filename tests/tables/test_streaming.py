"""Chunks: the same boundaries every time, wherever one begins, and no row lost or moved."""

import gzip

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.tables.arrow import reading_notes, text_formats
from dbnchurn.tables.chunks import Chunk, rechunk
from dbnchurn.tables.schema import Column, Schema
from dbnchurn.tables.streaming import open_files

WANTED = ["customer", "debt", "plan"]


def joined(chunks):
    return pa.concat_tables(chunk.rows for chunk in chunks)


@pytest.fixture(params=["csv", "parquet", "csv.gz", "folder of csv", "folder of parquet"])
def table(request, named, write, tmp_path):
    if not request.param.startswith("folder"):
        return write(named, f"t.{request.param}")
    ending = request.param.split()[-1]
    for number, start in enumerate((0, 300, 301)):
        piece = named.iloc[start : [300, 301, len(named)][number]]
        how = {"row_group_size": 70} if ending == "parquet" else {}
        write(piece, f"pieces/{number}.{ending}", **how)
    return tmp_path / "pieces"


@pytest.mark.parametrize("size", [1, 7, 100, 5000])
def test_all_rows_come_once_and_in_order(table, named, size):
    found = list(open_files(table).chunks(WANTED, size))
    assert joined(found)["customer"].to_pylist() == named["customer"].tolist()
    assert all(0 < len(chunk.row_numbers) == chunk.rows.num_rows <= size for chunk in found)
    numbers = np.concatenate([chunk.rows_before + chunk.row_numbers for chunk in found])
    np.testing.assert_array_equal(numbers, np.arange(len(named)))
    np.testing.assert_allclose(
        pd.to_numeric(joined(found)["debt"].to_pandas()), named["debt"], rtol=0, atol=0
    )


@pytest.mark.parametrize("first", [0, 1, 3, 4, 9, 10])
def test_a_stream_may_begin_at_any_chunk(table, first):
    source = open_files(table)
    whole = list(source.chunks(WANTED, 100))
    rest = list(source.chunks(WANTED, 100, first))
    assert [chunk.digest() for chunk in rest] == [chunk.digest() for chunk in whole[first:]]
    if rest:
        assert sum(c.steps for c in rest) == sum(c.steps for c in whole) == source.steps(100)


def test_the_digest_is_of_the_contents():
    rows = pa.table({"x": [1.0, None, 3.0], "y": ["a", None, "c"]})
    chunk = Chunk("f", 0, np.arange(3), rows)
    again = pa.concat_tables([rows.slice(0, 1), rows.slice(1)])
    assert chunk.digest() == Chunk("f", 0, np.arange(3), again).digest()
    whole = pa.concat_tables([rows, rows])
    assert chunk.digest() == Chunk("f", 0, np.arange(3), whole.slice(3, 3)).digest()
    changed = rows.set_column(0, "x", pa.array([1.0, 2.0, 3.0]))
    assert chunk.digest() != Chunk("f", 0, np.arange(3), changed).digest()


def test_sizes_do_not_depend_on_the_batches():
    table = pa.table({"x": range(100)})
    for rows in (1, 9, 10, 33, 100):
        found = list(rechunk(table.to_batches(max_chunksize=rows), 10))
        assert [piece.num_rows for piece in found] == 10 * [10]
        assert pa.concat_tables(found)["x"].to_pylist() == list(range(100))


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_lines_that_are_no_rows_are_set_aside_where_they_stand(tmp_path, size):
    lines = ["id,x", "a,1", "b", "c,3", "", '"d\ne",4', "f,5,6", "g,7", "h", "i,8,9"]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines))
    found = list(open_files(path).chunks(["id", "x"], size))
    assert joined(found)["id"].to_pylist() == ["a", "c", "d\ne", "g"]
    assert np.concatenate([c.row_numbers for c in found]).tolist() == [0, 2, 3, 5]
    broken = [line for chunk in found for line in chunk.rejected]
    assert [line.row for line in broken] == [1, 4, 6, 7]
    assert broken[0].reason == "the line has 1 field, the header has 2: 'b'"
    assert broken[1].reason == "the line has 3 fields, the header has 2: 'f,5,6'"
    for chunk in found[:-1]:
        assert all(line.row < chunk.row_numbers[-1] for line in chunk.rejected)


def test_broken_lines_beyond_one_block_of_the_parser_keep_their_places(tmp_path):
    path = tmp_path / "t.csv"
    odd = set(range(5, 30_000, 97))
    path.write_text("id,x\n" + "".join(f"{i}\n" if i in odd else f"{i},1\n" for i in range(30_000)))
    found = list(open_files(path, block_size=4096).chunks(["id"], 1000))
    for chunk in found:
        assert chunk.rows["id"].to_pylist() == [str(place) for place in chunk.row_numbers]
    assert [line.row for chunk in found for line in chunk.rejected] == sorted(odd)


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_other_delimiters_gaps_and_a_byte_order_mark(tmp_path, mark):
    path = tmp_path / "t.csv"
    text = f'id{mark}x\n007{mark}NA\n8{mark}\n9{mark}"1"\n'
    path.write_text(text, encoding="utf-8-sig")
    (chunk,) = open_files(path).chunks(["x", "id"], 10)
    assert chunk.rows.to_pydict() == {"x": ["NA", None, "1"], "id": ["007", "8", "9"]}


def spoil_zip(path):
    path.write_bytes(gzip.compress(b"id,x\n" + b"1,2\n" * 1000)[:-20])


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("t.csv", lambda p: p.write_bytes(b"id,x\n1,\x81\n"), "not UTF-8, and not Western"),
        ("t.csv", lambda p: p.write_bytes(b"id,x\n" + 9**6 * b"1,2\n" + b"1,\x81\n"), "not UTF-8"),
        ("t.csv", lambda p: p.write_bytes(b""), "the file is empty"),
        ("t.csv.gz", spoil_zip, "not a readable CSV file"),
        ("t.parquet", lambda p: p.write_bytes(b"PAR1 no"), "not a readable Parquet file"),
        ("t.xlsx", lambda p: p.write_bytes(b"x"), "not a readable spreadsheet"),
        ("t.pdf", lambda p: p.write_bytes(b"x"), "unknown ending; a table is one of"),
        ("t.csv", lambda p: p.with_name("u.csv").write_text("x"), "no such file, did you mean 'u"),
        ("t", lambda p: p.mkdir(), "no table there"),
    ],
)
def test_what_is_no_table_is_told(tmp_path, name, make, message):
    path = tmp_path / name
    make(path)
    with pytest.raises(DataError, match=message):
        list(open_files(path).chunks(["x"], 10))


def test_a_file_of_nothing_but_broken_lines_is_refused_before_memory_is_full(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,x\n" + "1,2\n" * 300 + "1,2,3\n" * 1000)
    with pytest.raises(DataError, match="Expected 2 columns, got 3"):
        list(open_files(path, max_rejected=50).chunks(["x"], 10))


def test_a_parquet_file_cut_off_in_its_pages_is_refused(named, write):
    path = write(named, "t.parquet")
    content = path.read_bytes()
    path.write_bytes(content[:4] + b"\xff" * 400 + content[404:])
    with pytest.raises(DataError, match="not a readable Parquet file"):
        list(open_files(path).chunks(list(named.columns), 10))


def test_a_file_that_is_written_otherwise_than_the_training_is_told(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("debt;at;plan\n1.250,50;31.08.2026;Müller\n".encode("cp1252"))
    schema = Schema(
        (Column("debt", "number"), Column("at", "date", (), "%d.%m.%Y"), Column("plan", "ignore"))
    )
    source = open_files(path)
    formats = text_formats(source, schema)
    assert formats == {str(path): {"debt": "1.234,5", "at": "%d.%m.%Y"}}
    assert reading_notes(source, schema, formats) == [
        "t.csv: not UTF-8, read as cp1252; if it is not, say csv: {encoding: ...}",
        f"{path}: column 'debt' is written as 1.234,5, in the training as 1234.5",
    ]


def test_a_line_that_repeats_the_header_is_rejected_and_the_rows_keep_their_numbers(tmp_path):
    file = tmp_path / "months.csv"
    file.write_text("id,plan\n1,basic\nid,plan\n2,family\n3\nid,plan\n4,plan\n")
    source = open_files(file)
    (chunk,) = source.chunks(["id", "plan"], 100)
    assert chunk.rows.column("plan").to_pylist() == ["basic", "family", "plan"]
    assert chunk.row_numbers.tolist() == [0, 2, 5]
    assert [line.row for line in chunk.rejected] == [1, 3, 4]
    assert [line.reason for line in chunk.rejected][::2] == ["the line repeats the header"] * 2
