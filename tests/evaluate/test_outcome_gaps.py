"""Promised and observed leavers: known truths, coverage, groups."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.evaluate.outcome_gaps import FOOTNOTE, gap_lines, gaps_by, outcome_gap, pooled_gaps


def test_the_interval_and_the_sentence_agree():
    """Excluding 0 and a p-value below 0.05 are the same statement, whatever came."""
    for left in range(0, 41):
        found = outcome_gap([1] * left + [0] * (200 - left), [0.08] * 200)
        assert (found.low <= 0 <= found.high) == found.by_chance
        assert ("chance explains it" in found.sentence) == found.by_chance


def test_true_scores_are_blamed_in_at_most_one_month_of_twenty():
    generator = np.random.default_rng(0)
    months = 400
    blamed = 0
    for _ in range(months):
        p = generator.beta(1, 20, 500)
        blamed += not outcome_gap(generator.random(500) < p, p).by_chance
    assert blamed <= months * 0.05 + 3 * np.sqrt(months * 0.05 * 0.95)


def test_scores_that_promise_half_are_found():
    p = np.full(2000, 0.06)
    found = outcome_gap(np.arange(2000) < 120, p / 2)
    assert not found.by_chance
    assert found.standing == "more left than promised, beyond chance"
    assert found.gap == pytest.approx(0.03)


def test_groups_divide_the_customers_and_a_bad_one_is_named():
    generator = np.random.default_rng(1)
    n = 4000
    plan = np.where(np.arange(n) % 4 == 0, "old", "new")
    p = np.full(n, 0.1)
    y = generator.random(n) < np.where(plan == "old", 0.25, 0.1)
    debt = pd.Series(generator.normal(size=n)).where(np.arange(n) > 9)
    found = gaps_by(y, p, {"plan": plan, "debt": debt})
    for name in ("plan", "debt"):
        own = [gap for gap in found if gap.breakdown == name]
        assert sum(gap.rows for gap in own) == n
        assert sum(gap.left for gap in own) == y.sum()
    by_name = {gap.group: gap for gap in found}
    assert not by_name["old"].by_chance
    assert by_name["new"].by_chance
    assert by_name["missing"].rows == 10
    lines = gap_lines(found)
    assert len(lines) == len(found) + 4
    assert lines[-1] == FOOTNOTE


def test_p_values_of_groups_are_raised_for_their_number():
    y, p = np.arange(100) < 14, np.full(100, 0.07)
    alone = outcome_gap(y, p)
    groups = gaps_by(np.tile(y, 8), np.tile(p, 8), {"g": np.repeat(list("abcdefgh"), 100)})
    assert [gap.p_value for gap in groups] == pytest.approx([alone.p_value] * 8)
    mixed = gaps_by(
        np.r_[y, np.tile(np.arange(100) < 7, 7)],
        np.full(800, 0.07),
        {"g": np.repeat(list("abcdefgh"), 100)},
    )
    assert mixed[0].p_value == pytest.approx(min(1.0, 8 * alone.p_value))


def test_many_small_groups_are_pooled():
    found = gaps_by([0] * 80, [0.1] * 80, {"id": [f"c{i}" for i in range(80)]})
    assert found[-1].group == "other (50 small groups)"
    assert found[-1].rows == 50


@pytest.mark.parametrize(("y", "p"), [([], []), ([1], [1.5]), ([2], [0.5]), ([1, 0], [0.5])])
def test_what_is_no_label_or_probability_is_refused(y, p):
    with pytest.raises(DataError, match=r"labels"):
        outcome_gap(y, p)


def test_months_pooled_are_the_months_measured_together():
    generator = np.random.default_rng(3)
    p = generator.beta(1, 9, (2, 300))
    y = generator.random((2, 300)) < p
    group = np.where(p > 0.1, "high", "low")
    months = [
        [outcome_gap(*one), *gaps_by(*one, {"risk": name})]
        for one, name in zip(zip(y, p, strict=True), group, strict=True)
    ]
    both = [
        outcome_gap(y.ravel(), p.ravel()),
        *gaps_by(y.ravel(), p.ravel(), {"risk": group.ravel()}),
    ]
    for found, expected in zip(pooled_gaps(months), both, strict=True):
        assert (found.group, found.rows, found.left) == (
            expected.group, expected.rows, expected.left,
        )  # fmt: skip
        assert found.p_value == pytest.approx(expected.p_value)
