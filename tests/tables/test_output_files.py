"""Files of one result appear together, or every place keeps what it held."""

import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.tables.output_files import json_text, output_files

ROWS = pd.DataFrame({"id": ["a", "=b"]})


def test_a_block_that_fails_leaves_what_was_there(tmp_path):
    table, page = tmp_path / "t.csv", tmp_path / "p.html"
    table.write_text("before")
    with pytest.raises(OSError, match="the log"), output_files({table: ROWS}, {page: "x"}):
        raise OSError("the log")
    assert table.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_a_place_that_cannot_be_written_leaves_the_others(tmp_path):
    table, page = tmp_path / "t.parquet", tmp_path / "p.html"
    page.mkdir()
    with pytest.raises(OSError, match="irectory"), output_files({table: ROWS}, {page: "x"}):
        pass
    assert list(tmp_path.iterdir()) == [page]


def test_folders_are_made_only_where_asked_and_formulas_are_inert(tmp_path):
    table = tmp_path / "new" / "t.csv"
    with output_files({table: ROWS}, {}, mkdir=True):
        assert not table.exists()
    assert table.read_text().split() == ["id", "a", "'=b"]
    with output_files({table: ROWS}, {}, raw_text=True):
        pass
    assert table.read_text().split() == ["id", "a", "=b"]
    with pytest.raises(ConfigError), output_files({tmp_path / "t.txt": ROWS}, {}):
        pass
    assert json_text({"a": "é"}) == '{\n "a": "é"\n}\n'
