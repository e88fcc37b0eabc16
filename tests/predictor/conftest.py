"""A model that has a step of every kind, and the customers it knows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dbnchurn.features import Leaves
from dbnchurn.prepare import Prepare


class LeavesOfSets(Leaves):
    """Boosters whose trees test sets of levels."""

    max_cat_to_onehot = 1


@pytest.fixture(scope="session")
def draw_many(draw_customers: Callable[..., Any]) -> Callable[..., tuple[pd.DataFrame, np.ndarray]]:
    """``draw_many(n, seed)``: customers with more columns, of more kinds, and more gaps."""

    def draw(n: int = 600, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
        X, y = draw_customers(n, seed)
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

    return draw


@pytest.fixture(
    params=[
        lambda X: X[X.columns[::-1]],
        lambda X: X.assign(customer=range(len(X))),
        lambda X: X.convert_dtypes(),
        lambda X: pa.Table.from_pandas(X),
    ],
    ids=["another order", "one more column", "other types", "Arrow"],
)
def respelled(request: pytest.FixtureRequest) -> Callable[[pd.DataFrame], Any]:
    """``respelled(X)``: the same customers in a table of another make."""
    return request.param


@pytest.fixture(scope="session")
def thorough(small: Callable[..., Any], draw_many: Callable[..., Any]) -> Any:
    """A fitted classifier whose preparation has every kind of step; not to be changed."""
    prepare = Prepare(
        rare=0.03,
        missing="fill",
        smooth=25,
        ratios={"debt per call": ("debt", "calls")},
        trends={"slope": ("debt", "age", "spend")},
        compress=3.0,
    )
    leaves = LeavesOfSets(folds=2, n_trees=6, max_depth=3)
    return small(prepare=prepare, leaves=leaves).fit(*draw_many(600, 0))
