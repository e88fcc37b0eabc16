"""Columns are what the schema says, however their values are written."""

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dbnchurn.tables.model_columns import ModelColumns, side_column

DAYS = pd.date_range("2026-08-01", periods=31)
SPELLINGS = {
    "timestamps": pd.Series(DAYS),
    "zone": pd.Series(DAYS.tz_localize("UTC")),
    "objects": pd.Series([date(2026, 8, k) for k in range(1, 32)], dtype=object),
    "text": pd.Series(DAYS.strftime("%d.%m.%Y")),
    "period": pd.Series(DAYS.to_period("D")),
    "number": pd.Series(DAYS.strftime("%Y%m%d").astype(int)),
    "arrow": pd.Series(DAYS).astype(pd.ArrowDtype(pa.timestamp("us"))),
    "arrow days": pd.Series([date(2026, 8, k) for k in range(1, 32)]).astype(
        pd.ArrowDtype(pa.date32())
    ),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_date_is_a_date_in_every_spelling(name):
    column = ModelColumns.of(pd.DataFrame({"day": SPELLINGS[name]}))["day"]
    assert column.kind == "date"
    assert column.words().tolist() == DAYS.strftime("%Y-%m-%d").tolist()


def test_kinds_words_and_gaps():
    frame = pd.DataFrame(
        {
            "tv": pd.array([True, False, None], "boolean"),
            "year": pd.Categorical([2021, None, 2022]),
            "wait": pd.to_timedelta([1, 2, None], "D"),
            "debt": [1.5, None, 7.0],
            "items": [[1], None, [2]],
        }
    )
    columns = ModelColumns.of(frame)
    assert {c.name: c.kind for c in columns} == {
        "tv": "flag", "year": "category", "wait": "number", "debt": "number",
    }  # fmt: skip
    assert columns["tv"].words().tolist() == ["yes", "no", None]
    assert columns["year"].words().tolist() == ["2021", None, "2022"]
    assert columns["wait"].is_span
    assert columns["items"].kind == "ignore"
    assert columns["items"].missing.tolist() == [False, True, False]
    assert columns.take(np.array([2]))["debt"].words().tolist() == ["7"]


def test_training_rows_decide_the_kinds():
    frame = pd.DataFrame({"plan": ["A", "B", "C"], "x": [1, 2, 3]})
    column = ModelColumns.of(frame, train=np.array([0, 1]))["plan"]
    assert column.codes.tolist() == [0, 1, -1]


def test_a_side_column_that_is_in_doubt_is_text():
    doubtful = pd.Series(["01/02/2024", "03/04/2024"], name="day")
    assert side_column(doubtful, {}).kind == "ignore"
    assert side_column(doubtful, {}).words().tolist() == doubtful.tolist()
    assert side_column(doubtful, {"day": "%d/%m/%Y"}).kind == "date"
