"""Written scores read back equal, piece by piece, and the same rows give the same bytes."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.tables.writing import ENDINGS, ending_of, relation_of, write_pieces

SCORES = pa.table(
    {
        "id": ["007", "a,b", 'say "x"', "two\nlines", "ü"],
        "probability": [0.1, 1 / 3, 1e-300, np.nextafter(1, 0), 1.0],
        "rank": [1, 2, 3, 4, 2**53 + 1],
    }
)


def pieces(*sizes):
    start = 0
    for size in sizes:
        yield SCORES.slice(start, size)
        start += size


def read_back(path):
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pandas()
    return pd.read_csv(path, dtype={"id": str})


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("sizes", [(5,), (2, 3), (1, 0, 4)])
def test_pieces_read_back_as_one_table(tmp_path, ending, sizes):
    path = tmp_path / f"scores{ending}"
    write_pieces(pieces(*sizes), path, ending)
    pd.testing.assert_frame_equal(read_back(path), SCORES.to_pandas(), check_exact=True)


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_pieces_give_the_same_bytes_whatever_their_metadata(tmp_path, ending):
    paths = [tmp_path / f"{i}{ending}" for i in range(2)]
    write_pieces(pieces(2, 3), paths[0], ending)
    labelled = (
        piece.replace_schema_metadata({"made": str(i)}) for i, piece in enumerate(pieces(2, 3))
    )
    write_pieces(labelled, paths[1], ending)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_csv_has_one_header_unix_lines_and_utf8(tmp_path):
    path = tmp_path / "scores.csv"
    table = pa.table({"id": ["ü", "b"], "p": [0.5, None]})
    write_pieces([table, table.slice(0, 0), table], path, ".csv")
    assert path.read_bytes() == "id,p\nü,0.5\nb,\nü,0.5\nb,\n".encode()


def test_a_table_of_no_rows_has_its_columns(tmp_path):
    for ending in ENDINGS:
        path = tmp_path / f"none{ending}"
        write_pieces([SCORES.slice(0, 0)], path, ending)
        assert list(read_back(path).columns) == SCORES.column_names


def test_a_parquet_file_is_closed_when_a_piece_fails(tmp_path):
    def failing():
        yield SCORES
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_pieces(failing(), tmp_path / "scores.parquet", ".parquet")
    assert pq.read_table(tmp_path / "scores.parquet").num_rows == 5


@pytest.mark.parametrize("ending", ENDINGS)
def test_files_are_one_relation_in_which_csv_stays_text(tmp_path, ending):
    folder = tmp_path / "it's"
    folder.mkdir()
    paths = [folder / f"{name}{ending}" for name in "ab"]
    for path, half in zip(paths, pieces(2, 3), strict=True):
        write_pieces([half], path, ending)
    with duckdb.connect() as connection:
        rows = connection.execute(f"SELECT id, rank FROM {relation_of(paths)}").fetchall()
    ranks = SCORES["rank"].to_pylist()
    expected = [str(rank) for rank in ranks] if ending == ".csv" else ranks
    assert sorted(rows) == sorted(zip(SCORES["id"].to_pylist(), expected, strict=True))


@pytest.mark.parametrize("name", ["a.CSV", "b.Parquet"])
def test_endings_in_capitals_are_the_same(name):
    assert ending_of(Path(name)) == Path(name).suffix.lower()


@pytest.mark.parametrize("name", ["scores", "scores.xlsx", "scores.csv.gz", ".csv"])
def test_other_endings_are_refused(name):
    with pytest.raises(ConfigError, match=r"written as one of '\.csv', '\.parquet'"):
        ending_of(Path(name))


HOSTILE = ['=HYPERLINK("http://x")', "+1+1", "-1+1", "@x", "\t=1", "'=y", "-5", "007", "a", None]


@pytest.mark.parametrize("dictionary", [False, True])
def test_csv_holds_no_formula_and_gives_the_ids_back(tmp_path, dictionary):
    ids = pa.array(HOSTILE)
    table = pa.table(
        {"id": ids.dictionary_encode() if dictionary else ids, "n": [-1.5] * len(HOSTILE)}
    )
    path = tmp_path / "scores.csv"
    write_pieces([table.slice(0, 4), table.slice(4)], path, ".csv")
    written = pd.read_csv(path, dtype={"id": str})
    assert not [i for i in written["id"].dropna() if i[0] in "=+-@\t\r" and i != "-5"]
    assert (written["n"] == -1.5).all()
    with duckdb.connect() as connection:
        rows = connection.execute(f"SELECT id FROM {relation_of([path])}").fetchall()
    assert [i for (i,) in rows] == HOSTILE


def test_raw_text_is_left_as_it_is(tmp_path):
    table = pa.table({"=id": HOSTILE})
    path = tmp_path / "scores.csv"
    write_pieces([table], path, ".csv", raw_text=True)
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT * FROM {relation_of([path], raw_text=True)}")
        assert [column[0] for column in found.description] == ["=id"]
        assert [i for (i,) in found.fetchall()] == HOSTILE
    write_pieces([table], tmp_path / "scores.parquet", ".parquet")
    assert pq.read_table(tmp_path / "scores.parquet").equals(table)
