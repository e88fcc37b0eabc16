"""Simulated products: other tables stay as they are, and the planted associations are there."""

import json

import numpy as np
import pandas as pd
import pytest

from dbnchurn.data.simulate import simulate
from dbnchurn.data.simulate.products import (
    ASSOCIATIONS,
    PERSONAS,
    PRODUCTS,
    adding_rates,
    persona_factors,
    planted,
)


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
    assert not (plain / "product_personas").exists()


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
        for persona, own in enumerate(PERSONAS.values()):
            rates = adding_rates(held, np.array([persona]))[0]
            preference = persona_factors()[persona, names.index(product)]
            assert preference == (3.7 if PRODUCTS[product][0] == own else 0.1)
            expected = PRODUCTS[product][1] * times * preference
            assert rates[names.index(product)] == pytest.approx(expected)
            assert rates[held[0]].max() == 0


def test_what_is_planted_is_in_the_tables_and_in_the_description(added):
    """Customers of a persona with antivirus add a password manager six times as often."""
    about = json.loads((added / "simulation.json").read_text())
    assert {key: about[key] for key in planted()} == planted()
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
    persona = pd.read_parquet(added / "product_personas").set_index("customer_id")["persona"]
    guarded = (joined["customer_id"].map(persona) == "guarded").to_numpy()
    for inside, rate in ((has, 0.036), (~has, 0.006)):
        for own, times in ((guarded, 3.7), (~guarded, 0.1)):
            chosen, expected = inside & free & own, rate * times
            n, hits = chosen.sum(), (chosen & adds).sum()
            assert abs(hits - n * expected) < 4 * np.sqrt(n * expected)


def test_every_customer_has_a_planted_persona_that_prefers_its_group(added):
    truth = pd.read_parquet(added / "product_personas")
    basic, products = pd.read_parquet(added / "basic"), pd.read_parquet(added / "products")
    assert sorted(truth["customer_id"]) == sorted(basic["customer_id"].unique())
    shares = truth["persona"].value_counts(normalize=True)
    assert set(shares.index) == set(PERSONAS)
    assert shares.between(0.2, 0.3).all()
    of_each = products.merge(truth, on="customer_id").groupby("persona")["product_group"]
    assert {name: group.mode()[0] for name, group in of_each} == PERSONAS
