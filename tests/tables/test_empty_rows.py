"""Totals and ids without any value are recognised, customers with gaps are not."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.tables import Contract, apply_contract
from dbnchurn.tables.empty_rows import (
    NOTHING_ELSE,
    TOTAL,
    doubtful_totals,
    present_values,
    rows_without_customer,
    says_nothing,
    total_rows,
)


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


def test_no_row_has_two_reasons():
    ids = pd.Series(["17", "18", "19", "Total", "Sum"])
    values = pd.DataFrame(
        {"debt": [3.0, 2.0, None, None, 5.0], "plan": ["a", "b", "-", None, None]}
    )
    found = rows_without_customer(ids, values)
    assert {reason: rows.nonzero()[0].tolist() for reason, rows in found.items()} == {
        TOTAL: [3, 4], NOTHING_ELSE: [2],
    }  # fmt: skip


@pytest.mark.parametrize("word", ["Total", "Summe:", "TOTAL ", "Grand Total"])
def test_a_word_for_a_total_among_numbers(word):
    assert total_rows(pd.Series(["1", "2", word])).tolist() == [False, False, True]
    assert not total_rows(pd.Series(["anna", "ben", word])).any()


def bills(rows=40):
    generator = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "debt": generator.gamma(2.0, 30.0, rows).round(2),
            "calls": generator.integers(0, 30, rows),
            "plan": generator.choice(["a", "b"], rows),
            "tv": generator.random(rows) < 0.5,
        }
    )


def with_total(debt, calls, place=40):
    known = bills()
    last = pd.DataFrame({"debt": [debt(known["debt"])], "calls": [calls(known["calls"])]})
    return pd.concat([known[:place], last, known[place:]], ignore_index=True)


@pytest.mark.parametrize("place", [0, 17, 40])
@pytest.mark.parametrize(
    ("debt", "calls", "is_total"),
    [
        ("sum", "sum", True),
        ("sum", "mean", True),
        ("mean", "mean", False),  # a customer may be like the mean
        ("sum", "max", False),
        ("sum", "min", False),
    ],
)
@pytest.mark.parametrize("ids", ["numbers", "names", None])
def test_a_row_of_sums_is_a_total_whatever_its_id(debt, calls, is_total, ids, place):
    frame = with_total(lambda x: x.agg(debt).round(2), lambda x: x.agg(calls), place)
    made = {"numbers": pd.Series(range(900, 941)), "names": pd.Series(list("abcdefgh") * 6)[:41]}
    expected = [place] if is_total else []
    assert np.flatnonzero(total_rows(made.get(ids), frame)).tolist() == expected


def test_of_one_column_the_id_has_to_be_another_too():
    frame = with_total(pd.Series.sum, lambda x: np.nan)
    numbers = pd.Series([*map(str, range(40)), "41"], dtype=object)
    assert not total_rows(numbers, frame).any()
    for id in ("Spolu", None):
        assert np.flatnonzero(total_rows(numbers.where(numbers.index < 40, id), frame)) == [40]


def test_customers_are_no_sums_of_others():
    generator = np.random.default_rng(2)
    for rows in (3, 12, 300):
        for scale in (1, 5):
            frame = pd.DataFrame(generator.poisson(scale, (rows, 4)))
            frame.loc[0] = 50 * scale  # one customer outweighs all others
            assert not total_rows(None, frame).any()
    assert not total_rows(None, pd.DataFrame(np.zeros((30, 3)))).any()
    twins = pd.DataFrame(np.zeros((30, 3)))
    twins.loc[:1] = 7.0  # each is the sum of all others
    assert not total_rows(None, twins).any()


@pytest.mark.parametrize(
    "columns",
    [
        {"month": [202610.0] * 12, "lines": [1] * 11 + [11]},  # every row is the mean of equal ones
        {"lines": [*range(11), 55], "calls": [*range(20, 31), 275], "faults": [0] * 11 + [7]},
        {"lines": [*range(11), 55]},
        {"gain": [np.inf, *range(11)], "loss": [np.inf, *range(11)]},
        {"gain": [*range(1, 12), 0, -66], "loss": [*range(2, 13), 0, -77]},  # nobody's sum is 0
    ],
)
def test_a_large_customer_is_kept_where_a_number_says_little_or_contradicts(columns):
    frame = pd.DataFrame(columns)
    for ids in (pd.Series(range(900, 900 + len(frame))), None):
        assert not total_rows(ids, frame).any()


def table(last):
    rows = [[str(k), k % 7, k % 5, "AB"[k % 2], "yes" if k % 3 else "no"] for k in range(99)]
    return pd.DataFrame([*rows, last], columns=["id", "debt", "calls", "plan", "left"])


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        (["Total", 100, 99, "A", None], "a total, not a customer"),
        (["Total", None, 99, None, None], "a total, not a customer"),
        (["Spolu", 294, 196, None, None], "a total, not a customer"),
        ([None, 294, 196, None, None], "a total, not a customer"),
        (["100", 294, 1.979798, None, "no"], "a total, not a customer"),
        (["777", None, 99, None, None], "an id and nothing else"),
        (["777", None, None, None, "yes"], "an id and nothing else"),
    ],
)
def test_they_are_set_aside_with_the_reason(last, reason):
    found = apply_contract(table(last), Contract(label="left", id="id"))
    assert found.quarantine["reason"].tolist() == [reason]
    assert found.set_aside == [f"1 row is set aside: {reason} (1)"]
    assert len(found) == 99
    if last[0] not in ("777", "100"):
        assert found.ids.tolist() == list(range(99))


def test_too_many_of_them_stop_the_run():
    frame = table(["777", None, None, None, "no"])
    frame.loc[:20, ["debt", "calls", "plan"]] = None
    with pytest.raises(DataError, match=r"22 of 100 rows break .*'an id and nothing else'"):
        apply_contract(frame, Contract(label="left", id="id"))


def test_a_name_such_as_total_is_a_customer_and_said():
    frame = table(["total", 3, 2, "A", "no"])
    letters = "abcdefghij"
    frame["id"] = [*[a + b for a in letters for b in letters][:99], "total"]
    found = apply_contract(frame, Contract(label="left", id="id"))
    assert (len(found), len(found.quarantine)) == (100, 0)
    assert any("'total' is taken for a customer" in note for note in found.notes)
    assert doubtful_totals(pd.Series(["17", "18"]), np.zeros(2, bool)) == ""
