"""The stage: better than popularity where there are tastes, and never a held or closed item."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.offers import Eligibility, Holdings, NextOffer, NextOfferRecord, Purchases
from dbnchurn.offers.offer_table import offer_tables, wide_tables
from dbnchurn.offers.purchases import entries
from dbnchurn.offers.settings import Settings
from dbnchurn.offers.time_split import learn_by_time, new_taken
from tests.offers.conftest import KINDS, PER_KIND, WEEKS, WINDOW, make_purchases


def positions(names, listed):
    return listed.map({name: place for place, name in enumerate(names)}).to_numpy()


def settings(bought, **changes):
    plain = {
        "method": "ease", "penalties": (100.0, 1000.0), "window": WINDOW, "recent": 8,
        "repeat": False, "k": 5, "possible": np.ones(len(bought.items), bool), "random_state": 0,
    }  # fmt: skip
    return Settings(**{**plain, **changes})


def test_lists_are_better_than_popularity_and_of_the_customers_taste(searched, bought):
    quality = searched.quality_
    assert quality.gain.low > 0
    assert quality.gain_se > 5
    assert quality.recall.low <= quality.recall.value <= quality.recall.high
    lists = searched.recommend(bought)
    taste = lists["customer"].str[1:].astype(int) % KINDS
    own = positions(bought.items, lists["offer"]) // PER_KIND == taste
    assert own[lists["rank"] == 1].mean() > 0.6  # a quarter by chance


def test_without_tastes_lists_are_not_called_better():
    generator = np.random.default_rng(3)
    customer = np.repeat(np.arange(600), 20)
    bought = Purchases.of(
        customer, generator.integers(0, 30, len(customer)), generator.integers(0, 24, len(customer))
    )
    assert NextOffer(window=4).fit(bought).quality_.gain.low <= 0


def test_nothing_held_ineligible_or_closed_is_offered(searched, bought):
    n, m = len(bought.customers), len(bought.items)
    generator = np.random.default_rng(0)
    may = generator.random(n) < 0.5
    closed = csr_array((generator.random((n, m)) < 0.3).astype(np.float32))
    offered = np.ones(m, bool)
    offered[[0, 7]] = False
    rules = Eligibility(offered, {1: may, 11: ~may}, closed)
    lists = searched.recommend(bought, rules)
    rows = positions(bought.customers, lists["customer"])
    items = positions(bought.items, lists["offer"])
    assert not entries(bought.held(WEEKS), rows, items).any()
    assert not entries(closed, rows, items).any()
    assert offered[items].all()
    assert may[rows[items == 1]].all()
    assert not may[rows[items == 11]].any()
    assert (items == 1).any()
    assert not lists.duplicated(["customer", "offer"]).any()


def test_probabilities_fall_along_a_list_and_say_why(searched, bought):
    lists = searched.recommend(bought)
    assert (lists.groupby("customer")["acceptance"].diff().dropna() <= 0).all()
    rows = positions(bought.customers, lists["customer"])
    said = lists["because"].isin(bought.items).to_numpy()
    held = bought.held(WEEKS)
    assert entries(held, rows[said], positions(bought.items, lists["because"][said])).all()


def test_what_was_bought_after_the_last_week_is_not_offered(searched, bought):
    """It is no part of what is learned, and the customer has it by now."""
    first = searched.recommend(bought).query("rank == 1").iloc[0]
    where = (bought.customers.index(first["customer"]), bought.items.index(first["offer"]))
    later = Purchases(
        bought.customers, bought.items,
        *(np.append(getattr(bought, name), np.int32(value)).astype(np.int32)
          for name, value in zip(("customer", "item", "week"), (*where, WEEKS), strict=True)),
        WEEKS, bought.until, bought.groups,
    )  # fmt: skip
    now = searched.recommend(later).query("customer == @first.customer")
    assert first["offer"] not in set(now["offer"])
    pd.testing.assert_frame_equal(
        NextOffer(window=WINDOW, n_offers=5).fit(later).recommend(bought),
        searched.recommend(bought),
    )


def test_the_last_weeks_change_nothing_of_what_is_measured_on_them(bought):
    """Whatever is bought in the window that measures, the measured model stays as it is."""
    changed = bought.item.copy()
    late = bought.week >= WEEKS - WINDOW
    changed[late] = (changed[late] + 13) % len(bought.items)
    other = Purchases(
        bought.customers, bought.items, bought.customer, changed, bought.week, WEEKS, bought.until
    )
    first, second = (learn_by_time(b, settings(bought)).measured for b in (bought, other))
    np.testing.assert_array_equal(first.weights, second.weights)
    np.testing.assert_array_equal(first.acceptance.coefficients, second.acceptance.coefficients)
    np.testing.assert_array_equal(first.acceptance.rates.rate, second.acceptance.rates.rate)


def test_new_is_what_was_not_held_before(bought):
    week = WEEKS - WINDOW
    new = new_taken(bought, week, settings(bought))
    assert not new.multiply(bought.held(week)).nnz
    again = new_taken(bought, week, settings(bought, repeat=True))
    assert again.nnz == bought.taken(week, WEEKS).nnz > new.nnz


def test_repeat_offers_what_was_bought_before(bought):
    made = NextOffer(window=WINDOW, repeat=True, n_offers=5).fit(bought)
    lists = made.recommend(bought)
    rows = positions(bought.customers, lists["customer"])
    assert entries(bought.held(WEEKS), rows, positions(bought.items, lists["offer"])).any()
    assert len(lists) == 5 * len(bought.customers)


def test_another_history_is_refused(searched, bought):
    """Weights belong to positions of items; other items at these positions would be offered."""
    few = make_purchases(40, each=1)
    assert few.items != bought.items
    with pytest.raises(DataError, match="which are not the 40 that were learned from"):
        searched.recommend(few)
    held = Holdings(bought.customers, bought.items, bought.held(WEEKS))
    with pytest.raises(DataError, match="were mixed"):
        searched.recommend(held)


def test_who_had_bought_nothing_is_none_of_the_others_of_a_rule(searched, bought):
    more = bought.with_customers([f"z{k}" for k in range(500)])
    rules = NextOffer(window=WINDOW, n_offers=5).fit(more).rules_
    assert rules == searched.rules_
    there = int((np.diff(bought.held(WEEKS - WINDOW).indptr) > 0).sum())
    assert all(rule.holders + rule.others <= there for rule in rules)


def test_the_same_purchases_in_another_order_make_the_same_lists(bought, searched):
    order = np.random.default_rng(1).permutation(len(bought.week))
    mixed = Purchases.of(
        np.array(bought.customers)[bought.customer][order],
        np.array(bought.items)[bought.item][order],
        bought.week[order],
    )
    made = NextOffer(window=WINDOW, n_offers=5).fit(mixed)
    pd.testing.assert_frame_equal(made.recommend(mixed), searched.recommend(bought))


def test_customers_with_nothing_get_what_is_popular_without_a_probability(searched, bought):
    more = bought.with_customers(["z new"])
    lists = searched.recommend(more).query("customer == 'z new'")
    assert len(lists) == 5
    assert lists["acceptance"].isna().all()
    assert (lists["because"] == "most often taken").all()


def test_cosine_is_taken_where_it_is_asked_for(bought):
    made = NextOffer(window=WINDOW, method="cosine", n_offers=5).fit(bought)
    assert isinstance(made.record_, NextOfferRecord)
    assert (made.record_.method, made.record_.penalty, made.tried_) == ("cosine", None, {})
    assert made.quality_.gain.low > 0


def test_wide_tables_have_the_probabilities_of_the_lists(searched, bought):
    rules = Eligibility(np.ones(len(bought.items), bool), {2: np.arange(900) % 2 == 0})
    standing, closed = searched.standing_of(bought, rules)
    given = searched.record_, standing, closed, bought.customers
    wide = pd.concat(t.to_pandas() for t in wide_tables(*given, np.array([2, 5])))
    lists = pd.concat(t.to_pandas() for t in offer_tables(*given, 40))
    listed = lists[lists["offer"] == "item 02"].set_index("customer")["acceptance"]
    column = wide.set_index("customer")["acceptance item 02"]
    np.testing.assert_allclose(column[listed.index], listed, rtol=1e-6)
    assert (column.drop(listed.index) == 0).all()
    assert (wide["open item 02"] == (wide["acceptance item 02"] > 0)).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"window": 0}, "window is 0"),
        ({"n_offers": 0}, "n_offers is 0"),
        ({"penalties": (0.0,)}, "above 0"),
        ({"method": "als"}, "'als'"),
    ],
)
def test_parameters_out_of_range_are_refused(bought, changes, message):
    with pytest.raises(ConfigError, match=message):
        NextOffer(**changes).fit(bought)


def test_too_few_weeks_and_customers_are_refused(bought):
    with pytest.raises(DataError, match=r"28 complete weeks.*needs 40"):
        NextOffer(window=10).fit(bought)
    with pytest.raises(DataError, match="customers took an offered item"):
        NextOffer(window=2).fit(make_purchases(12))
    few = Holdings(("a",), ("x", "y"), csr_array([[1.0, 0.0]]))
    with pytest.raises(ConfigError, match="repeat needs purchases"):
        NextOffer(repeat=True).fit(few)
