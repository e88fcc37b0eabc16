"""A plan keeps every limit, is as good as its bound says, and depends on nothing but its input."""

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array, eye_array, kron, vstack

from dbnchurn.campaign import Allocate, Allocation, Option
from dbnchurn.campaign.dual import find_prices
from dbnchurn.campaign.integral import solve_near, value_of
from dbnchurn.campaign.limits import make_limits
from dbnchurn.campaign.margins import Margins
from dbnchurn.core.errors import ConfigError, DataError

PAIRS = (Option("gift", "call"), Option("gift", "mail"), Option("rebate", "call"))


def options_of(offers: int, channels: int) -> list[Option]:
    return [Option(f"o{j}", f"c{k}") for j in range(offers) for k in range(channels)]


def campaign(n: int, seed: int = 0, offers: int = 3, channels: int = 3):
    """Values, costs, options and limits of a campaign in which several limits bind."""
    g = np.random.default_rng(seed)
    options = options_of(offers, channels)
    churn, worth = g.beta(1, 8, n), g.gamma(2, 100, n)
    costs = np.array([[0.1, 1.0, 5.0][k % 3] + k // 3 for k in range(len(options))])
    accept = g.beta(2, 5, (n, len(options)))
    values = (churn * worth)[:, None] * accept * np.linspace(0.3, 0.9, len(options)) - costs
    limits = {
        "budget": 0.3 * n,
        "capacities": {"c1": n // 20, "c2": n // 40},
        "stock": {"o2": n // 30},
    }
    return values, costs, options, limits


def programme(values, costs, options, limits, most=1, eligible=None):
    """The same campaign for another solver: a matrix, its limits, and who may get what."""
    n, m = values.shape
    parts, right = [kron(eye_array(n), np.ones((1, m)))], [most] * n
    for place, names in ((1, limits.get("capacities", {})), (0, limits.get("stock", {}))):
        for name, limit in names.items():
            parts.append(np.tile([float(o[place] == name) for o in options], n)[None])
            right.append(limit)
    for name, limit in limits.get("minimums", {}).items():
        parts.append(-np.tile([float(name in o) for o in options], n)[None])
        right.append(-limit)
    money = np.zeros((n, m)) + costs
    if "budget" in limits:
        parts.append(money.ravel()[None])
        right.append(limits["budget"])
    may = np.ones((n, m), bool) if eligible is None else eligible
    may = may & (money <= limits.get("budget", np.inf))
    return vstack([csr_array(part) for part in parts]), np.array(right, float), may


def fuzzed(seed: int):
    """A small campaign with all kinds of limits, zeros and ties among them."""
    g = np.random.default_rng(seed)
    n, options = int(g.integers(1, 60)), options_of(*g.integers(1, 4, 2).tolist())
    m = len(options)
    values = np.round(g.normal(2, 5, (n, m)), int(g.choice([0, 9])))
    costs = g.uniform(0, 3, (n, m)) if g.random() < 0.5 else g.integers(0, 4, m).astype(float)
    eligible = g.random((n, m)) < g.choice([1, 0.6, 0.2])
    channels, offers = {o.channel for o in options}, {o.offer for o in options}
    limits = {
        "capacities": {c: int(g.integers(0, n + 1)) for c in sorted(channels) if g.random() < 0.6},
        "stock": {o: int(g.integers(0, n + 1)) for o in sorted(offers) if g.random() < 0.6},
    }
    if g.random() < 0.7:
        limits["budget"] = float(np.round(g.uniform(0, 1.5 * n), 2))
    top = {**limits["capacities"], **limits["stock"]}
    limits["minimums"] = {
        name: int(g.integers(0, top.get(name, n) // 2 + 1))
        for name in sorted(channels | offers)
        if g.random() < 0.25
    }
    most = int(g.integers(1, 3))
    shares = {"control": float(g.choice([0, 0, 0.1, 0.5]))}
    shares["explore"] = float(g.choice([0, 0.2])) if most == 1 else 0.0
    return values, costs, options, limits, eligible, most, shares


def check_fuzzed(seed: int) -> None:
    values, costs, options, limits, eligible, most, shares = fuzzed(seed)
    matrix, right, may = programme(values, costs, options, limits, most, eligible)
    best = milp(
        -values.ravel(),
        integrality=np.ones(values.size),
        bounds=Bounds(0, may.ravel().astype(float)),
        constraints=LinearConstraint(matrix, -np.inf, right),
    )
    stage = Allocate(max_contacts=most, random_state=seed, **limits, **shares)
    try:
        plan = stage.fit(values, costs, options, eligible=eligible).allocation_
    except ConfigError:
        assert best.x is None or shares["control"] > 0, "refused though there is a plan"
        return
    made = np.zeros(values.shape)
    np.add.at(made, (plan.customer[plan.contacted], plan.option[plan.contacted]), 1)
    assert made.max(initial=0) <= 1
    assert not made[~eligible].any()
    assert (matrix @ made.ravel() <= right + 1e-9).all()
    assert ((plan.propensity > 0) & (plan.propensity <= 1)).all()
    assert plan.bound >= plan.planned - 1e-6
    if not shares["control"]:
        assert plan.planned == pytest.approx(-best.fun, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("seed", range(40))
def test_limits_hold_and_small_plans_are_the_best(seed):
    check_fuzzed(seed)


@pytest.mark.long
@pytest.mark.parametrize("hundred", range(10))
def test_limits_hold_and_small_plans_are_the_best_in_a_thousand_cases(hundred):
    for seed in range(100 * hundred, 100 * hundred + 100):
        check_fuzzed(seed)


def test_the_bound_is_that_of_the_linear_programme_and_the_gap_is_small():
    values, costs, options, limits = campaign(6_000)
    plan = Allocate(**limits).fit(values, costs, options).allocation_
    matrix, right, _ = programme(values, costs, options, limits)
    exact = -linprog(-values.ravel(), matrix, right, bounds=(0, 1), method="highs").fun
    assert plan.bound == pytest.approx(exact, rel=1e-6)
    assert plan.bound >= exact * (1 - 1e-9)
    assert plan.planned <= exact
    assert plan.gap < 1e-3


def test_a_price_is_what_one_more_unit_brings():
    values, costs, options, limits = campaign(1_500)
    plan = Allocate(**limits).fit(values, costs, options).allocation_
    prices = {use.name: use.price for use in plan.uses}
    more = {**limits, "budget": limits["budget"] + 20.0}
    gained = Allocate(**more).fit(values, costs, options).allocation_.bound - plan.bound
    assert gained == pytest.approx(20 * prices["budget"], rel=0.05)
    binding = [use for use in plan.uses if use.binds]
    assert binding
    assert all(use.used >= 0.99 * use.most for use in binding)


def test_whole_numbers_of_many_customers_keep_minimums_too():
    values, costs, options, limits = campaign(6_000)
    own = make_limits(
        options, limits["budget"], limits["capacities"], limits["stock"], {"o1": 1_000}
    )
    margins = Margins(np.ascontiguousarray(values.T), costs)
    bound = find_prices(margins, own, 1e-6)
    found = solve_near(margins, own, bound, 1e-4)
    counts = np.bincount(found.options, minlength=len(options))
    assert own.broken(counts, float(costs @ counts)) == []
    assert 1_000 <= counts[3:6].sum() <= 1_001  # it costs something, so no more than is asked for
    assert value_of(margins, found) >= bound.value * (1 - 1e-3)


def contacts_by_id(plan: Allocation, ids) -> dict:
    return {
        str(ids[i]): (int(j), str(arm), float(p))
        for i, j, arm, p in zip(plan.customer, plan.option, plan.arm, plan.propensity, strict=True)
    }


def test_the_order_of_the_rows_changes_nothing_and_the_seed_does():
    values, costs, options, limits = campaign(3_000)
    ids = np.array([f"C{i:05d}" for i in range(3_000)])
    order = np.random.default_rng(5).permutation(3_000)
    stage = Allocate(**limits, control=0.1, explore=0.1, random_state=3)
    one = contacts_by_id(stage.fit(values, costs, options, ids=ids).allocation_, ids)
    stage.fit(values[order], costs, options, ids=ids[order])
    assert contacts_by_id(stage.allocation_, ids[order]) == one
    other = Allocate(**limits, control=0.1, explore=0.1, random_state=4)
    other.fit(values, costs, options, ids=ids)
    assert contacts_by_id(other.allocation_, ids) != one


def test_input_is_not_changed():
    values, costs, options, limits = campaign(200)
    kept = values.copy(), costs.copy()
    Allocate(**limits, control=0.2, explore=0.2).fit(values, costs, options)
    np.testing.assert_array_equal(values, kept[0])
    np.testing.assert_array_equal(costs, kept[1])


def test_the_control_group_is_a_random_part_of_every_option():
    values, costs, options, limits = campaign(6_000)
    plan = Allocate(**limits, control=0.2).fit(values, costs, options).allocation_
    for option in np.unique(plan.option):
        mine = plan.option == option
        n, held = int(mine.sum()), int((mine & ~plan.contacted).sum())
        assert abs(held - 0.2 * n) <= 2
        np.testing.assert_allclose(plan.propensity[mine & ~plan.contacted], held / n)
        np.testing.assert_allclose(plan.propensity[mine & plan.contacted], 1 - held / n)
    worth, held = plan.value, ~plan.contacted
    error = worth.std() * (1 / held.sum() + 1 / (~held).sum()) ** 0.5
    assert abs(worth[held].mean() - worth[~held].mean()) < 4 * error


def test_exploration_exchanges_options_and_tells_how_likely_that_was():
    values, costs, options, limits = campaign(6_000)
    del limits["budget"]
    plan = Allocate(**limits, explore=0.3).fit(values, costs, options).allocation_
    plain = Allocate(**limits).fit(values, costs, options).allocation_
    np.testing.assert_array_equal(plan.counts, plain.counts)  # exchanged, so the limits hold
    trying = plan.arm == "explore"
    assert abs(trying.mean() - 0.3) < 0.01
    assert (plan.option[trying] != plain.option[trying]).mean() > 0.3
    # Each option's chance is its share among those who exchange, times the chance to be one.
    for option in np.unique(plan.option[trying]):
        share = (plan.option[trying] == option).mean()
        mine = trying & (plan.option == option)
        np.testing.assert_allclose(plan.propensity[mine], 0.3 * share, rtol=0.1, atol=0.003)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"capacities": {"fax": 3}}, r"capacities: there is no channel 'fax'"),
        ({"stock": {"gif": 3}}, r"there is no offer 'gif': did you mean 'gift'"),
        ({"capacities": {"call": -1}}, r"'call' is -1; give a whole number of contacts from 0 on"),
        ({"budget": -5.0}, r"budget -5: give an amount of money from 0 on"),
        ({"minimums": {"call": 5}, "capacities": {"call": 2}}, r"at least 5 contacts of 'call'"),
        ({"minimums": {"call": 5}}, r"5 contacts are asked for of channel call, and only 3 are"),
        ({"minimums": {"call": 2, "mail": 2}}, r"no plan keeps the minimums of 'call', 'mail'"),
        ({"control": 1.0}, r"control 1: give a share from 0 to below 1"),
        ({"max_contacts": 0}, r"max_contacts 0: give a whole number from 1 on"),
        ({"max_contacts": 2, "explore": 0.1}, r"explore needs max_contacts 1"),
    ],
)
def test_limits_that_cannot_be_are_refused(given, message):
    with pytest.raises(ConfigError, match=message):
        Allocate(**given).fit(np.ones((3, 3)), [1.0, 0.0, 1.0], PAIRS)


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(ConfigError, match=r"budget -1.*there is no channel 'x'.*control 2"):
        Allocate(budget=-1, capacities={"x": 1}, control=2).fit([[1.0]], [1.0], [("a", "b")])


@pytest.mark.parametrize(
    ("values", "costs", "ids", "message"),
    [
        ([[1.0, np.nan]], [0, 0], None, r"1 rows have a value that is missing or infinite"),
        ([[1.0]], [0, 0], None, r"give a column for each of the 2 options"),
        ([[1.0, 2.0]], [0, -1], None, r"costs: 1 are missing, infinite or negative"),
        ([[1.0, 2.0], [1.0, 2.0]], [0, 0], ["a", "a"], r"ids: 1 customers have several rows"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(values, costs, ids, message):
    with pytest.raises(DataError, match=message):
        Allocate().fit(values, costs, PAIRS[:2], ids=ids)


def test_without_money_only_what_is_free_is_done():
    plan = Allocate(budget=0).fit(np.ones((3, 3)), [1.0, 0.0, 1.0], PAIRS).allocation_
    assert plan.option.tolist() == [1, 1, 1]
    empty = Allocate(stock={"gift": 0, "rebate": 0}).fit(np.ones((3, 3)), [1.0, 0.0, 1.0], PAIRS)
    assert len(empty.allocation_.customer) == 0
    assert empty.allocation_.gap == 0


def test_the_curve_is_concave_and_meets_the_bound():
    values, costs, options, limits = campaign(2_000)
    stage = Allocate(**limits).fit(values, costs, options)
    budgets = [limits["budget"] * factor for factor in (0.5, 1.0, 1.5)]
    low, own, high = stage.best_values(budgets)
    assert low < own < high
    assert own - low > high - own
    assert own == pytest.approx(stage.allocation_.bound, rel=1e-3)
