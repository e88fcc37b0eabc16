"""Simulated products: other tables stay as they are, and the planted associations are there."""

import json

import numpy as np
import pandas as pd
import pytest

from dbnchurn.data.simulate import simulate
from dbnchurn.data.simulate.products import ASSOCIATIONS, PRODUCTS, adding_rates, planted


@pytest.fixture(scope="module")
def added(tmp_path_factory):
    folder = tmp_path_factory.mktemp("products")
    return simulate(folder / "with", customers=4000, months=12, dirt=0, joiners=0.02, products=True)


def test_other_files_are_the_same_to_the_byte(added, tmp_path):
    plain = simulate(tmp_path / "without", customers=4000, months=12, dirt=0, joiners=0.02)
    files = sorted(plain.rglob("*.parquet"))
    assert len(files) > 4
    for file in files:
        assert file.read_bytes() == (added / file.relative_to(plain)).read_bytes()
    assert not (plain / "products").exists()


def test_products_are_added_once_by_customers_who_are_there(added):
    products, basic = pd.read_parquet(added / "products"), pd.read_parquet(added / "basic")
    assert not products.duplicated(["customer_id", "product"]).any()
    month = pd.to_datetime(products["added"]).dt.to_period("M").dt.to_timestamp()
    there = set(zip(basic["customer_id"], pd.to_datetime(basic["month"]), strict=True))
    assert set(zip(products["customer_id"], month, strict=True)) <= there
    groups = {name: group for name, (group, _) in PRODUCTS.items()}
    assert (products["product"].map(groups) == products["product_group"]).all()


def test_rates_are_multiplied_as_planted():
    names = list(PRODUCTS)
    for holders_of, product, _ in ASSOCIATIONS:
        held = np.zeros((1, len(names)), bool)
        held[0, [names.index(name) for name in holders_of]] = True
        times = np.prod([f for h, p, f in ASSOCIATIONS if p == product and {*h} <= {*holders_of}])
        rate = adding_rates(held)[0, names.index(product)]
        assert rate == pytest.approx(PRODUCTS[product][1] * times)
        assert adding_rates(held)[0, held[0]].max() == 0


def test_what_is_planted_is_in_the_tables_and_in_the_description(added):
    """Customers with antivirus add a password manager six times as often."""
    about = json.loads((added / "simulation.json").read_text())
    assert about["associations"] == planted()
    products = pd.read_parquet(added / "products")
    when = products.pivot(index="customer_id", columns="product", values="added")
    month = when.apply(lambda days: pd.to_datetime(days).dt.to_period("M"))
    basic = pd.read_parquet(added / "basic")
    rows = basic[["customer_id", "month"]].assign(
        month=pd.to_datetime(basic["month"]).dt.to_period("M")
    )
    joined = rows.merge(month, left_on="customer_id", right_index=True, how="left")
    free = ~(joined["password manager"] < joined["month"])
    has = joined["antivirus"] < joined["month"]
    adds = joined["password manager"] == joined["month"]
    for inside, expected in ((has, 0.036), (~has, 0.006)):
        n, hits = (inside & free).sum(), (inside & free & adds).sum()
        assert abs(hits - n * expected) < 4 * np.sqrt(n * expected)
