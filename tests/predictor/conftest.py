"""A model that has a step of every kind, and the customers it knows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tests.predictor.thorough import draw_many, thorough_classifier


@pytest.fixture(scope="session", name="draw_many")
def drawn_many() -> Callable[..., tuple[pd.DataFrame, np.ndarray]]:
    """``draw_many(n, seed)``: customers with more columns, of more kinds, and more gaps."""
    return draw_many


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
def thorough() -> Any:
    """A fitted classifier whose preparation has every kind of step; not to be changed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dbnchurn.model.code_columns.LAYERS", (6, 4))  # arrays to look at, not many
        return thorough_classifier().fit(*draw_many(600, 0))
