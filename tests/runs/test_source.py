"""The source of the one table of a run: files of every kind, queries, samples."""

import pandas as pd
import pytest
from pydantic import ValidationError

from dbnchurn.core.errors import DataError
from dbnchurn.runs.source import SourceSection

ROWS = {"id": ["007", "8"], "debt": ["1.250,50", "7,00"], "left": ["ja", "nein"]}


def test_settings_of_the_section_reach_the_reader(tmp_path):
    path = tmp_path / "t.csv"
    pd.DataFrame({"id": [1, 2], "debt": ["1.250", "weg"], "at": ["03/04/2026"] * 2}).to_csv(
        path, index=False, sep="|", encoding="cp1252"
    )
    section = SourceSection(
        path=str(path),
        csv={"delimiter": "|", "encoding": "cp1252"},
        missing=("weg",),
        formats={"debt": "1.234,5", "at": "%d/%m/%Y"},
    )
    loaded = section.load(id="id")
    assert loaded.frame["debt"].fillna(0).tolist() == [1250, 0]
    assert loaded.frame["at"].dt.month.tolist() == [4, 4]
    with pytest.raises(DataError, match=r"say source\.formats: \{debt: '1234\.5'\} or"):
        section.model_copy(update={"formats": {}}).load(id="id")
    dropped = section.model_copy(update={"formats": {}}).load(drop=["debt", "at"])
    assert dropped.frame["at"].tolist() == ["03/04/2026"] * 2


def test_files_folders_and_queries_give_the_same_table(tmp_path):
    frame = pd.DataFrame(ROWS)
    frame.to_csv(tmp_path / "t.csv", index=False, sep=";")
    frame.to_excel(tmp_path / "t.xlsx", index=False)
    expected = [["007", 1250.5, "ja"], ["8", 7.0, "nein"]]
    for path in ("t.csv", "t.xlsx", "*.csv"):
        loaded = SourceSection(path=str(tmp_path / path)).load(id="id", label="left")
        assert loaded.frame.values.tolist() == expected
    query = f"SELECT * FROM read_csv('{tmp_path / 't.csv'}', all_varchar = true) ORDER BY 1"
    assert SourceSection(query=query).load().frame["id"].tolist() == ["007", "8"]
    with pytest.raises(DataError, match=r"source\.query cannot be run: .*nowhere"):
        SourceSection(query="SELECT * FROM nowhere").load()


def test_a_sample_is_a_source_and_names_itself():
    section = SourceSection(sample="tv_subscriptions")
    assert section.load(costs=["tp_cost"]).frame.shape == (9379, 49)
    assert section.name == "tv_subscriptions"
    assert SourceSection(path="a.csv").name == "a.csv"


@pytest.mark.parametrize("given", [{}, {"path": "a.csv", "sample": "tv_subscriptions"}])
def test_there_is_one_source(given):
    with pytest.raises(ValidationError, match="exactly one of 'path', 'sample', 'query'"):
        SourceSection(**given)
