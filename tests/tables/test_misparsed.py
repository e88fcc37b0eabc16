"""Numbers and dates that would silently be words are told of."""

from __future__ import annotations

import pandas as pd
import pytest

from dbnchurn.tables.misparsed import misparsed_columns


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (["54,04", "7,1", "12"], "numbers such as '54,04' that are read as words: write them as"),
        (["1.234,50", None, "7,10"], "numbers such as '1.234,50'"),
        (["1,234", "5,678,901"], "numbers such as '1,234'"),
        (["5 %", "7 %"], "numbers such as '5 %'"),
        (["09.03.2025", "17.02.2025"], "write them as 2026-08-31 and say columns.kinds: {x: date}"),
        (["3/9/25", "12/31/24"], "dates such as '3/9/25'"),
        (["2025-03-09", None], "read as words: say columns.kinds: {x: date}."),
        (["2025-03-09 12:00", "2025-03-10 07:30"], "dates such as '2025-03-09 12:00'"),
    ],
)
def test_numbers_and_dates_in_words_are_told(values, told):
    (sentence,) = misparsed_columns(pd.DataFrame({"x": values}))
    assert told in sentence
    assert misparsed_columns(pd.DataFrame({"x": values}), kinds={"x": "category"}) == ()


@pytest.mark.parametrize(
    "values",
    [
        ["basic", "family", None],
        ["1,2,3", "4,5"],
        ["1.2.3", "10.0.0.1"],
        ["01", "02"],
        ["54,04", "many", "few", "none"],
        [1.5, None],
        [True, "no"],
        [None, None],
        pd.to_datetime(["2025-03-09", "2025-03-10"]),
        pd.Categorical(["54,04", "7,1"]),
    ],
)
def test_other_columns_are_not(values):
    assert misparsed_columns(pd.DataFrame({"x": values})) == ()
