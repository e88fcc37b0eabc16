"""Totals and ids without any value are recognised, customers with gaps are not."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.tables import Contract, apply_contract
from dbnchurn.tables.empty_rows import present_values, says_nothing, total_rows


def test_gaps_at_random_are_customers():
    present = np.random.default_rng(0).random((5000, 4)) < 0.7
    counts = present.sum(axis=1)
    assert says_nothing(present).tolist() == (counts == 0).tolist()
    assert not says_nothing(np.random.default_rng(0).random((500, 4)) < 0.2).any()
    assert not says_nothing(np.zeros((9, 1), bool)).any()


def test_a_single_row_is_judged_by_the_training():
    row = np.array([[False, False, False, True]])
    assert says_nothing(row, [1, 1, 0.99, 1]).tolist() == [True]
    assert says_nothing(row, [0.4, 0.5, 0.4, 1]).tolist() == [False]


def test_texts_that_stand_for_nothing_are_nothing():
    frame = pd.DataFrame({"a": ["x", "-", None], "b": [1.0, np.nan, 2.0], "c": [[1], None, [2]]})
    assert present_values(frame).tolist() == [[True] * 3, [False] * 3, [False, True, True]]


@pytest.mark.parametrize("word", ["Total", "Summe:", "TOTAL ", "Grand Total"])
def test_a_word_for_a_total_among_numbers(word):
    assert total_rows(pd.Series(["1", "2", word])).tolist() == [False, False, True]
    assert not total_rows(pd.Series(["anna", "ben", word])).any()


def table(last):
    rows = [[str(k), k % 7, k % 5, "AB"[k % 2], "yes" if k % 3 else "no"] for k in range(99)]
    return pd.DataFrame([*rows, last], columns=["id", "debt", "calls", "plan", "left"])


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        (["Total", 100, 99, "A", None], "a total, not a customer"),
        (["Total", None, 99, None, None], "a total, not a customer"),
        (["777", None, 99, None, None], "an id and nothing else"),
        (["777", None, None, None, "yes"], "an id and nothing else"),
    ],
)
def test_they_are_set_aside_with_the_reason(last, reason):
    found = apply_contract(table(last), Contract(label="left", id="id"))
    assert found.quarantine["reason"].tolist() == [reason]
    assert found.set_aside == [f"1 row is set aside: {reason} (1)"]
    assert len(found) == 99
    if last[0] == "Total":
        assert found.ids.tolist() == list(range(99))


def test_too_many_of_them_stop_the_run():
    frame = table(["777", None, None, None, "no"])
    frame.loc[:20, ["debt", "calls", "plan"]] = None
    with pytest.raises(DataError, match=r"22 of 100 rows break .*'an id and nothing else'"):
        apply_contract(frame, Contract(label="left", id="id"))
