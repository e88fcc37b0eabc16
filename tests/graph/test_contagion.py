"""The estimate of contagion: known coefficients of the simulator, and homophily as what it is."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from dbnchurn.core.errors import DataError
from dbnchurn.data.simulate import simulate
from dbnchurn.data.simulate.calls import Contagion
from dbnchurn.graph import contagion
from dbnchurn.graph.contagion import estimate_contagion


def truth(folder, pull, customers=6_000, months=12, seed=1):
    made = simulate(folder, customers=customers, months=months, dirt=0, random_state=seed,
                    calls=pull)  # fmt: skip
    return pd.read_parquet(made / "truth")


@pytest.mark.parametrize(
    ("coefficient", "customers", "months"),
    [(3.0, 6_000, 12), pytest.param(3.0, 20_000, 24, marks=pytest.mark.long)],
)
def test_the_coefficient_of_the_simulator_is_recovered(tmp_path, coefficient, customers, months):
    table = truth(tmp_path / "crm", Contagion(coefficient, 0.5), customers, months)
    found = estimate_contagion(table["share_left"], table["churned"], table["alone"])
    assert found.low < coefficient < found.high
    if customers >= 20_000:
        assert abs(found.coefficient - coefficient) < 0.3
    assert found.leavers == table["churned"].sum()


def test_homophily_alone_looks_like_contagion_until_the_score_explains_it(tmp_path):
    table = truth(tmp_path / "crm", Contagion(0.0, 0.9))
    share, left = table["share_left"], table["churned"]
    naive = estimate_contagion(share, left, np.full(len(table), left.mean()))
    assert naive.low > 0.5
    given = estimate_contagion(share, left, table["alone"])
    assert given.low < 0 < given.high


def test_the_estimate_maximises_the_likelihood():
    generator = np.random.default_rng(0)
    share = generator.choice([0, 0.25, 0.5, np.nan], 4_000)
    score = generator.uniform(0.01, 0.3, 4_000)
    odds = np.log(score / (1 - score)) + 2 * np.nan_to_num(share) - 0.4
    left = generator.random(4_000) < 1 / (1 + np.exp(-odds))
    found = estimate_contagion(share, left, score)
    given = np.log(score / (1 - score))
    known = ~np.isnan(share)
    design = np.column_stack([np.ones(4_000), np.nan_to_num(share), given])[known]

    def loss(at):
        return np.logaddexp(0, -np.where(left[known], 1, -1) * (design @ at)).sum()

    best = minimize(loss, np.zeros(3), tol=1e-10).x
    assert found.coefficient == pytest.approx(best[1], abs=1e-3)
    assert found.rows == int((~np.isnan(share)).sum())
    assert found.low < 2 < found.high
    order = generator.permutation(4_000)
    again = estimate_contagion(share[order], left[order], score[order])
    assert again.coefficient == pytest.approx(found.coefficient)


def test_what_does_not_vary_is_refused():
    with pytest.raises(DataError, match="nothing can be estimated"):
        estimate_contagion([0.5, 0.5], [0, 1], [0.1, 0.1])
    with pytest.raises(DataError, match="of 2 customers with partners 0 left"):
        estimate_contagion([0.0, 0.5], [0, 0], [0.1, 0.1])


@pytest.mark.parametrize("n", [40, 2_000])
def test_an_infinite_estimate_is_refused_and_has_no_narrow_interval(n):
    generator = np.random.default_rng(0)
    share = np.where(np.arange(n) % 5 == 0, 1.0, 0.0)
    score = generator.uniform(0.05, 0.3, n)
    some = share * (generator.random(n) < 0.5)  # nobody without partners who left has left
    by_score = np.where(some == 1, 0.9999, 0.0001)
    mixed = generator.choice([0.0, 0.5, 1.0], n)
    for given in ((share, share, score), (share, some, score), (mixed, some, by_score)):
        with pytest.raises(DataError, match="no finite estimate"):
            estimate_contagion(*given)


def test_the_unit_of_the_share_does_not_matter():
    generator = np.random.default_rng(1)
    share, score = generator.choice([0, 0.5, 1], 3_000), generator.uniform(0.05, 0.3, 3_000)
    left = generator.random(3_000) < score
    one = estimate_contagion(share, left, score)
    small = estimate_contagion(share * 1e-7, left, score)
    assert small.coefficient * 1e-7 == pytest.approx(one.coefficient)
    assert small.high * 1e-7 == pytest.approx(one.high)
    same = estimate_contagion(share, left, np.full(3_000, 0.2))
    assert same.low < same.coefficient < same.high


def test_an_estimate_that_does_not_settle_is_refused(monkeypatch):
    share, left = np.tile([0, 1], 150), np.tile([0, 1, 1, 1, 0, 0, 0, 1, 0, 1], 30)
    assert estimate_contagion(share, left, [0.3] * 300).coefficient > 0
    monkeypatch.setattr(contagion, "STEPS", 1)
    with pytest.raises(DataError, match="did not settle in 1 steps"):
        estimate_contagion(share, left, [0.3] * 300)


def grouped(seed, groups=60, each=30, spread=1.0):
    """Communities with a share of their own, and a pull of their own that no score holds."""
    generator = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), each)
    share = generator.uniform(0, 1, groups)[group]
    odds = -1.5 + share + spread * generator.normal(size=groups)[group]
    left = generator.random(len(group)) < 1 / (1 + np.exp(-odds))
    return share, left, np.full(len(group), 0.2), group


def coverage(truth, seeds, *, by_group):
    inside = 0
    for seed in range(seeds):
        share, left, score, group = grouped(seed)
        found = estimate_contagion(share, left, score, group if by_group else None)
        inside += found.low < truth < found.high
    return inside / seeds


@pytest.mark.parametrize("seeds", [100, pytest.param(1_000, marks=pytest.mark.long)])
def test_an_interval_by_groups_covers_where_rows_of_a_group_leave_alike(seeds):
    """The pull of a group, averaged out, flattens the odds by about 1 / sqrt(1 + 0.346)."""
    truth = 1 / np.sqrt(1 + 0.346)  # logistic and normal (Zeger, Liang and Albert, 1988)
    margin = 3 * np.sqrt(0.95 * 0.05 / seeds)
    assert coverage(truth, seeds, by_group=True) > 0.95 - margin
    assert coverage(truth, seeds, by_group=False) < 0.8


def test_groups_of_one_row_are_close_to_independent_rows():
    share, left, score, _ = grouped(0, groups=3_000, each=1, spread=0.0)
    one = estimate_contagion(share, left, score)
    other = estimate_contagion(share, left, score, np.arange(3_000))
    assert other.coefficient == one.coefficient
    assert other.groups == one.groups == 3_000
    assert (other.high - other.low) == pytest.approx(one.high - one.low, rel=0.1)


def test_names_and_order_of_groups_do_not_matter_and_copies_make_nothing_narrower():
    share, left, score, group = grouped(1)
    found = estimate_contagion(share, left, score, group)
    order = np.random.default_rng(0).permutation(len(group))
    named = np.array([f"community {number}" for number in group], object)
    again = estimate_contagion(share[order], left[order], score[order], named[order])
    assert again.low == pytest.approx(found.low)
    twice = [np.tile(values, 2) for values in (share, left, score, group)]
    assert estimate_contagion(*twice).low == pytest.approx(found.low)
    assert estimate_contagion(*twice[:3]).low > estimate_contagion(share, left, score).low


def test_too_few_groups_or_none_for_a_row_are_refused():
    share, left, score, group = grouped(2)
    with pytest.raises(DataError, match="10 groups are too few"):
        estimate_contagion(share, left, score, group % 10)
    with pytest.raises(DataError, match="30 of 1800 rows have no group"):
        estimate_contagion(share, left, score, np.where(group == 3, np.nan, group))
