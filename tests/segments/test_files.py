"""Files: what is written can be read back, and pages show odd names as they are."""

import json
from html.parser import HTMLParser

import duckdb
import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ArtifactError
from dbnchurn.segments import SegmentMiner, load, save
from dbnchurn.segments.files import to_json, to_sql
from dbnchurn.segments.page import render
from dbnchurn.segments.pictures import segment_pictures


def awkward(n=4000):
    """Names and levels with quotes, markup, bars, dollars, dashes and line breaks."""
    generator = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            'in"come | <b>$': np.where(
                generator.random(n) < 0.2, np.nan, generator.normal(0, 50, n)
            ),
            "plan\nname": generator.choice(["<script>", "o'clock", "a--b;"], n),
            "code": np.where(generator.random(n) < 0.3, -9, generator.integers(0, 9, n)),
        }
    )
    rate = np.select(
        [
            X['in"come | <b>$'].isna() & (X["plan\nname"] == "<script>"),
            X["code"] == -9,
            X["code"] > 6,
        ],
        [0.8, 0.4, 0.6],
        0.05,
    )
    return X, generator.random(n) < rate


@pytest.fixture(scope="module")
def found():
    settings = {"special": {"code": [-9]}, "budget": 0.8, "cost": np.float64(1), "value": 9}
    return (
        SegmentMiner(random_state=0, bins=5, permutations=1, **settings).fit(*awkward()).segments_
    )


@pytest.fixture(scope="module")
def folder(found, tmp_path_factory):
    return save(found, tmp_path_factory.mktemp("segments") / "new" / "folder")


def test_every_format_is_there(folder):
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *(f"segments.{ending}" for ending in ("csv", "json", "sql", "md", "html")),
        *(f"segments_{picture}.png" for picture in ("rates", "reach", "pairs")),
    }
    for picture in folder.glob("*.png"):
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_json_gives_the_same_list_back(found, folder):
    again = load(folder / "segments.json")
    assert again == found
    pd.testing.assert_series_equal(again.assign(awkward()[0]), found.assign(awkward()[0]))
    pd.testing.assert_frame_equal(again.table(), found.table())
    assert to_json(again) == to_json(found)


def test_csv_is_the_table(found, folder):
    table = pd.read_csv(folder / "segments.csv")
    assert table["words"].tolist() == found.table()["words"].tolist()
    assert table["rate"].to_numpy() == pytest.approx(found.table()["rate"].to_numpy())


def test_the_sql_file_runs_and_agrees_with_assign(found):
    X, _ = awkward()
    assert len(found) >= 3
    connection = duckdb.connect()
    connection.register("cus tomers", X)
    queries = to_sql(found, "cus tomers").split(";\n")
    number = found.assign(X)
    for k in range(1, len(found) + 1):
        rows = connection.sql(queries[k - 1]).fetchall()
        assert len(rows) >= (number == k).sum()
    counts = connection.sql(queries[-2]).df()["segment"].value_counts()
    assert counts.to_dict() == number.value_counts().to_dict()


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.cells = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.cells.append(data)


def test_the_page_stands_alone_and_escapes(found):
    reader = Reader()
    reader.feed(render(found, segment_pictures(found)))
    tags = [tag for tag, _ in reader.tags]
    assert "script" not in tags
    assert "b" not in tags
    assert tags.count("figure") == 3
    pictures = [attrs for _, attrs in reader.tags if attrs.get("role") == "img"]
    assert len(pictures) == 3
    assert all(len(attrs["aria-label"]) > 30 for attrs in pictures)
    for _, attrs in reader.tags:
        for key in ("src", "href", "xlink:href"):
            assert (attrs.get(key) or "#").startswith(("#", "data:")), attrs
    assert all(words in reader.cells for words in found.table()["words"])
    assert any("On shuffled answers" in cell for cell in reader.cells)
    assert any("The budget is 80.0 %" in cell for cell in reader.cells)


def test_markdown_tables_keep_their_columns(folder):
    lines = (folder / "segments.md").read_text().splitlines()
    bars = [line.replace("\\|", "").count("|") for line in lines if line.startswith("| ")]
    assert len(set(bars)) == 2  # the list and what it earns
    assert "<script>" not in "\n".join(lines)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: "{", "is not JSON"),
        (lambda d: "[1]", "segment format None"),
        (
            lambda d: json.dumps({**d, "format": 99}),
            "of segment format 99, but this version reads 1",
        ),
        (lambda d: json.dumps({k: v for k, v in d.items() if k != "base"}), r"lacks .*'base'"),
        (lambda d: json.dumps({**d, "segments": [{"words": "x"}]}), "lacks or garbles"),
    ],
)
def test_damaged_files_are_refused(found, tmp_path, change, message):
    path = tmp_path / "segments.json"
    path.write_text(change(json.loads(to_json(found))))
    with pytest.raises(ArtifactError, match=message):
        load(path)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(ArtifactError, match=r"none\.json: No such file"):
        load(tmp_path / "none.json")


def test_no_text_of_the_csv_file_is_a_formula(tmp_path):
    X, y = awkward()
    X = X.rename(columns={"code": "=code", "plan\nname": "@plan"})
    found = SegmentMiner(random_state=0, bins=5, permutations=0).fit(X, y).segments_
    assert found.table()["words"].str.match("[=@]").any()
    save(found, tmp_path, raw_text=True)
    assert pd.read_csv(tmp_path / "segments.csv")["words"].str.match("[=@]").any()
    save(found, tmp_path)
    written = pd.read_csv(tmp_path / "segments.csv")
    for name in ("words", "edges", "sql"):
        assert not written[name].str.match(r"[=+\-@\t\r]").any()
    assert written["words"].str.removeprefix("'").tolist() == found.table()["words"].tolist()
