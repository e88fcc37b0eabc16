"""Times with an offset in a single table are read in UTC, and it is said, whoever reads them."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.tables.date_format import DateFormat
from dbnchurn.tables.inspection import inspect_table
from dbnchurn.tables.loading import load_table
from dbnchurn.tables.streaming import open_files
from dbnchurn.tables.time_offsets import offset_note, zone_note

TEXTS = {
    "%Y-%m-%d": ["2026-09-01T00:30:00+02:00", "2026-09-01T12:00:00+02:00", "2026-09-01T12:00:00Z"],
    "%d.%m.%Y": ["01.09.2026 00:30+0200", "01.09.2026 12:00+0200", "01.09.2026 12:00 UTC"],
}


@pytest.mark.parametrize("pattern", TEXTS)
def test_what_moves_to_another_day_is_counted_by_rows(pattern):
    note = offset_note("since", DateFormat(pattern), TEXTS[pattern], np.array([3, 4, 5]))
    for told in ("7 rows with an offset", "in 3 rows this is another day", "2026-08-31 22:30:00"):
        assert told in note


@pytest.mark.parametrize(
    "texts", [["2026-09-01", "2026-09-02"], ["2026-09-01T23:59:00Z"], ["2026-09-01 10:00+00:00"]]
)
def test_nothing_is_said_where_nothing_is_converted(texts):
    assert offset_note("since", DateFormat(), texts) == ""
    assert zone_note("since", pd.Series(pd.to_datetime(texts))) == ""


@pytest.mark.parametrize("texts", [["2026-09-01T00:30:00+02:00"], TEXTS["%Y-%m-%d"][:2]])
def test_types_and_texts_are_said_alike(texts):
    typed = pd.Series(pd.to_datetime(texts))
    counted = offset_note("since", DateFormat(), texts).partition(", such as")[0]
    assert zone_note("since", typed).startswith(counted)


TOLD = "60 rows with an offset from UTC are read in UTC"


def test_loading_and_inspection_say_it(tmp_path):
    texts = [f"2026-09-{1 + k % 28:02d}T00:30:00+02:00" for k in range(60)]
    frame = pd.DataFrame({"debt": np.arange(60) + 0.25, "since": texts})
    frame.to_csv(tmp_path / "customers.csv", index=False)
    frame.assign(since=pd.to_datetime(texts)).to_parquet(tmp_path / "customers.parquet")
    for ending in ("csv", "parquet"):
        source = open_files(tmp_path / f"customers.{ending}")
        assert any(TOLD in note for note in load_table(source).notes), ending
        found = inspect_table(tmp_path / f"customers.{ending}")["since"]
        assert any(TOLD in note for note in found.doubtful), ending
