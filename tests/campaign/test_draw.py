"""Random numbers that come from ids alone, and arms in whole numbers."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.campaign.arms import draw_arms
from dbnchurn.campaign.conditions import Condition, all_hold
from dbnchurn.campaign.draw import hashes, share_of_each
from dbnchurn.campaign.integral import Contacts
from dbnchurn.campaign.limits import Option, make_limits
from dbnchurn.campaign.margins import Margins
from dbnchurn.campaign.promise import promised_value

OPTIONS = [Option("a", "x"), Option("b", "x"), Option("b", "y")]


def test_hashes_are_even_and_depend_on_the_id_and_the_seed_alone():
    ids = np.array([f"C{i}" for i in range(20_000)])
    keys = hashes(ids, 1)
    assert len(np.unique(keys)) == len(ids)
    shares = np.bincount((keys >> np.uint64(60)).astype(int), minlength=16) / len(ids)
    assert abs(shares - 1 / 16).max() < 4 * (1 / 16 * 15 / 16 / len(ids)) ** 0.5
    np.testing.assert_array_equal(hashes(ids[5:9], 1), keys[5:9])
    longer = np.append(ids[5:9], "a much longer id than the others")
    np.testing.assert_array_equal(hashes(longer, 1)[:4], keys[5:9])
    assert not (hashes(ids, 2) == keys).any()
    assert not (hashes(ids, 1, purpose=1) == keys).any()


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_shares_in_whole_numbers_keep_the_limits(share):
    limits = make_limits(OPTIONS, 30.0, {"x": 7}, {"b": 9}, {"y": 2})
    groups = np.array([8, 5, 9])
    made = share_of_each(groups, [(0,), (1,), (2,)], share, limits, np.array([1.0, 2.0, 3.0]))
    assert made is not None
    assert limits.broken(made, float(made @ [1, 2, 3])) == []
    assert (made <= groups).all()


def test_shares_that_cannot_be_are_none():
    limits = make_limits(OPTIONS, None, {}, {}, {"y": 5})
    assert share_of_each(np.array([1]), [(2,)], 0.9, limits, np.zeros(3)) is None


def test_a_customer_with_two_options_is_in_one_arm():
    rows, options = np.repeat(np.arange(50), 2), np.tile([0, 2], 50)
    margins = Margins(np.ones((3, 50)), np.ones(3), 2)
    limits = make_limits(OPTIONS, None, {}, {}, {})
    drawn = draw_arms(margins, Contacts(rows, options), limits, hashes(np.arange(50), 0), 0.3, 0.0)
    assert drawn is not None
    assert (drawn.arms[::2] == drawn.arms[1::2]).all()
    assert (drawn.arms == 1).sum() == 30


def test_a_promise_says_which_options_it_lacks():
    g = np.random.default_rng(0)
    n = 4_000
    chosen = g.integers(0, 2, n)
    contacted = g.random(n) < 0.25
    found = promised_value(
        OPTIONS,
        np.array([10, 20, 5]),
        chosen,
        np.where(g.random(n) < 0.5, chosen, 2),
        contacted,
        np.where(contacted, 0.25, 0.75),
        contacted * np.where(chosen == 0, 3.0, 1.0) + g.normal(size=n),
    )
    assert found.low < 10 * 3 + 20 * 1 < found.high
    assert found.contacts == 30
    assert found.missing == ("b by y",)


def drawn_pilot(seed, n=6_000):
    """Options drawn at random, a fifth held out; the contact that the plan chooses brings 2."""
    g = np.random.default_rng([seed, 7])
    chosen, given = g.integers(0, 3, n), g.integers(0, 3, n)
    contacted = g.random(n) < 0.8
    expected = -10 * g.random(n)
    money = expected + 2.0 * (contacted & (given == chosen)) + g.normal(0, 2, n)
    chance = np.where(contacted, 0.8, 0.2) / 3
    return np.full(3, 100), chosen, given, contacted, chance, money, expected


def test_a_promise_uses_all_who_were_held_out_and_what_was_expected_of_them():
    """Twice as exact as customers of the same option alone; and true over many pilots."""
    found = []
    for seed in range(60):
        *pilot, expected = drawn_pilot(seed)
        found.append(
            (
                promised_value(OPTIONS, *pilot),
                promised_value(OPTIONS, *pilot, drawn=True),
                promised_value(OPTIONS, *pilot, drawn=True, expected=expected),
            )
        )
    for same, drawn, adjusted in found:
        assert adjusted.high - adjusted.low < 0.8 * (drawn.high - drawn.low)
        assert drawn.high - drawn.low < 0.8 * (same.high - same.low)
        assert adjusted.rows == drawn.rows > same.rows
    for promises in zip(*found, strict=True):
        values = np.array([promise.value for promise in promises])
        error = values.std() / len(values) ** 0.5
        assert abs(values.mean() - 600) < 4 * error
        # The interval says how far one pilot is off: its half is 1.96 standard deviations.
        half = np.mean([promise.high - promise.value for promise in promises])
        assert half == pytest.approx(1.96 * values.std(), rel=4 / (2 * 60) ** 0.5)


def test_a_missing_value_meets_no_condition():
    frame = pd.DataFrame({"n": [1.0, np.nan, 3.0], "t": ["a", None, "b"]})
    assert Condition(none_of=("a",)).holds(frame["t"]).tolist() == [False, False, True]
    assert all_hold({"n": Condition(below=9)}, frame).tolist() == [True, False, True]
    with pytest.raises(ValueError, match="a condition needs one of"):
        Condition()


@pytest.mark.parametrize("seed", range(12))
def test_customers_whom_the_budget_takes_off_lose_what_costs_nothing_too(seed):
    n = 20
    rows, options = np.repeat(np.arange(n), 2), np.tile([0, 2], n)
    costs = np.stack([np.zeros(n), np.ones(n), np.linspace(0.5, 2, n)])
    margins = Margins(np.ones((3, n)), costs, 2)
    limits = make_limits(OPTIONS, 8.0, {}, {}, {"a": 8})
    keys = hashes(np.arange(n), seed)
    drawn = draw_arms(margins, Contacts(rows, options), limits, keys, 0.2, 0.0)
    if drawn is None:  # no draw keeps the minimum within the budget
        return
    made = drawn.arms != 1
    counts = np.bincount(drawn.options[made], minlength=3)
    spent = float(margins.costs_of(drawn.rows[made], drawn.options[made]).sum())
    assert limits.broken(counts, spent) == []
    assert counts[0] == counts[2]
