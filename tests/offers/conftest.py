"""Purchases with known tastes, and a search that all tests share."""

from datetime import date

import numpy as np
import pytest

from dbnchurn.offers import NextOffer, Purchases
from dbnchurn.offers.eligibility import Eligibility
from dbnchurn.offers.new_items import rank_for_new
from dbnchurn.offers.offer_summary import OfferSummary
from dbnchurn.offers.offer_table import ListTally, offer_tables

WEEKS, WINDOW, KINDS, PER_KIND = 28, 4, 4, 10


def make_purchases(n=900, seed=0, weeks=WEEKS, each=24):
    """Customers of four tastes; four fifths of what each buys is of the ten items of its own."""
    generator = np.random.default_rng(seed)
    taste = np.arange(n) % KINDS
    customer = np.repeat(np.arange(n), each)
    own = generator.random(len(customer)) < 0.8
    kind = np.where(own, taste[customer], generator.integers(0, KINDS, len(customer)))
    item = kind * PER_KIND + generator.integers(0, PER_KIND, len(customer))
    names = np.array([f"item {k:02d}" for k in range(KINDS * PER_KIND)])
    groups = {name: f"kind {k // PER_KIND}" for k, name in enumerate(names)}
    ids = np.array([f"c{k:05d}" for k in range(n)])
    week = generator.integers(0, weeks, len(customer))
    return Purchases.of(ids[customer], names[item], week, groups=groups, until=date(2024, 12, 29))


@pytest.fixture(scope="session")
def bought():
    return make_purchases()


@pytest.fixture(scope="session")
def searched(bought):
    return NextOffer(window=WINDOW, n_offers=5).fit(bought)


@pytest.fixture(scope="session")
def summary(searched, bought):
    record, rules = searched.record_, Eligibility.of_all(len(bought.items))
    standing, closed = searched.standing_of(bought, rules)
    tally = ListTally(record)
    rows = sum(
        table.num_rows
        for table in offer_tables(record, standing, closed, bought.customers, 5, tally=tally)
    )
    listed = tally.result()
    assert sum(offer[2] for offer in listed.offers) == rows
    assert sum(offer[1] for offer in listed.offers) == listed.customers
    new = rank_for_new(record, standing, {"<new>": "kind 1"}, 50)
    return OfferSummary(
        "sales.csv", len(bought.customers), record, searched.quality_, searched.tried_,
        searched.rules_, searched.new_item_quality_, new, listed, 5, ("a note",),
    )  # fmt: skip
