"""Every column that is not used is named, with its reason."""

import logging

import numpy as np
import pandas as pd

from dbnchurn.tables.kinds import infer
from dbnchurn.tables.unused_columns import ignored_columns, say, unused_columns


def schema():
    frame = pd.DataFrame(
        {
            "debt": np.arange(2000.0),
            "paid": pd.Categorical([f"{i}.5" for i in range(2000)]),
            "items": [[1]] * 2000,
            "note": "x",
        }
    )
    return infer(frame, {"note": "ignore"})


def test_an_ignored_column_is_named_with_its_reason_and_the_way_out():
    paid, items, told = unused_columns(schema())
    assert paid == (
        "column 'paid' is ignored: looks like an identifier: 2000 of 2000 values occur once; "
        "to use it, say its kind under kinds"
    )
    assert items == "column 'items' is ignored: its values are lists, records or bytes"
    assert told == "1 column is ignored as told: 'note'"
    assert ignored_columns(schema()) == [paid, items]


def test_many_columns_are_one_sentence():
    extra = [f"x{i}" for i in range(40)]
    (sentence,) = unused_columns(infer(pd.DataFrame({"a": [1, 2]})), extra=extra)
    assert sentence.startswith("40 columns are passed over")
    assert sentence.endswith("and 28 more")


def test_what_is_said_is_said_once(caplog):
    with caplog.at_level(logging.INFO, "dbnchurn.notes"):
        say(["a", "b", "a"])
    assert [record.getMessage() for record in caplog.records] == ["a", "b"]
