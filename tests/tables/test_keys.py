"""Ids are keys: whole numbers are exact, and two customers never become one."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.tables import Contract, apply_contract
from dbnchurn.tables.keys import nearly_equal_ids, whole_keys


@pytest.mark.parametrize(
    "ids",
    [
        [7.0, 8.0, None],
        np.array([7, 8, np.nan], np.float32),
        pd.array([7.0, 8.0, None], "Float64"),
        [Decimal(7), Decimal(8), None],
        ["7.0", "8.0", None],
    ],
)
def test_whole_numbers_that_are_written_as_others(ids):
    keys, no_key = whole_keys(pd.Series(ids))
    assert keys.iloc[:2].tolist() == [7, 8]
    assert keys.isna().tolist() == [False, False, True]
    assert not no_key.any()


@pytest.mark.parametrize("ids", [["7.1", "8.2"], ["007", "8"], [7, 8], ["a", "b"]])
def test_other_ids_stay_as_they_are(ids):
    keys, no_key = whole_keys(pd.Series(ids))
    assert keys.tolist() == ids
    assert not no_key.any()


def test_numbers_that_no_longer_tell_ids_apart_are_refused():
    with pytest.raises(DataError, match=r"'id': 2 ids such as 9.*above 2.53"):
        whole_keys(pd.Series([2.0**53, 2.0**53 + 2, 5.0], name="id"))


def frame(ids):
    return pd.DataFrame({"id": ids, "a": range(100), "b": 1.0, "left": ["yes", "no"] * 50})


def test_an_id_with_decimals_is_set_aside():
    ids = [float(k) for k in range(99)] + [7.4]
    found = apply_contract(frame(ids), Contract(label="left", id="id"))
    assert found.quarantine["reason"].tolist() == ["the id is no whole number"]
    assert found.ids.tolist() == list(range(99))
    assert found.ids.dtype == np.int64


def test_numbers_and_texts_that_say_the_same_id_are_not_merged():
    ids = [*range(99), "7"]
    with pytest.raises(DataError, match=r"2 rows share their id .*first is '7'"):
        apply_contract(frame(ids), Contract(label="left", id="id"))


@pytest.mark.parametrize(("one", "other"), [("a7", "A7"), ("7 b", "7b"), ("007", "7")])
def test_ids_that_are_nearly_equal_are_kept_apart_and_said(one, other):
    ids = [one, other, *(f"c{k}" for k in range(98))]
    found = apply_contract(frame(ids), Contract(label="left", id="id"))
    assert len(set(found.ids)) == 100
    assert found.notes == (nearly_equal_ids(pd.Series(ids, name="id")),)
    assert f"{one!r} and {other!r}; they are taken as different customers" in found.notes[0]
