"""A classifier that has a step of every kind and both networks, and the customers it knows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.features import Leaves, Plausibility
from dbnchurn.prepare import Prepare
from tests.conftest import make_customers, make_small


class LeavesOfSets(Leaves):
    """Boosters whose trees test sets of levels."""

    max_cat_to_onehot = 1


def draw_many(n: int = 600, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Customers with more columns, of more kinds, and more gaps."""
    X, y = make_customers(n, seed)
    generator = np.random.default_rng(seed + 1)
    cities = [f"city {i}" for i in range(8)] + ["hamlet", "hut", "tent"]
    often = generator.choice(cities, n, p=[0.12] * 8 + [0.015, 0.015, 0.01])
    spend = np.exp(2 * generator.normal(size=n))
    more = {
        "spend": np.where(generator.random(n) < 0.1, np.nan, spend),
        "calls": generator.integers(0, 4, n),
        "city": pd.Series(often, dtype=object).mask(generator.random(n) < 0.1),
        "year": 2024,
    }
    return X.assign(**more), y


def thorough_classifier() -> Any:
    """Not fitted."""
    prepare = Prepare(
        rare=0.03,
        missing="fill",
        smooth=25,
        ratios={"debt per call": ("debt", "calls")},
        trends={"slope": ("debt", "age", "spend")},
        compress=3.0,
    )
    return make_small(
        prepare=prepare,
        leaves=LeavesOfSets(folds=2, n_trees=6, max_depth=3),
        codes=True,
        use_plausibility=True,
        plausibility=Plausibility(hidden=4, epochs=3, folds=2),
    )
