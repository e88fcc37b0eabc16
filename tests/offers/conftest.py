"""Purchases with known tastes, and a search that all tests share."""

import numpy as np
import pytest

from dbnchurn.offers import NextOffer, Purchases

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
    return Purchases.of(ids[customer], names[item], week, groups=groups)


@pytest.fixture(scope="session")
def bought():
    return make_purchases()


@pytest.fixture(scope="session")
def searched(bought):
    return NextOffer(window=WINDOW, n_offers=5).fit(bought)
