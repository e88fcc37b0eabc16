"""What stands beside a DataFrame in another order is asked about, by every estimator."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.segments import SegmentMiner
from dbnchurn.tables.row_order import refuse_reordered


@pytest.mark.parametrize("name", ["y", "sample_weight", "groups", "y_val", "sample_weight_val"])
def test_a_fit_asks_about_rows_in_another_order(small, customers, name):
    X, y = customers
    row = np.arange(len(y))
    given = {"y": y, "y_val": y, "sample_weight": row + 1.0, "sample_weight_val": row + 1.0, "groups": row}  # noqa: E501  # fmt: skip
    given[name] = pd.Series(given[name], X.index)[::-1]
    with pytest.raises(DataError, match=rf"{name} has the index of the table in another order"):
        small().fit(X, given.pop("y"), X_val=X, **given)


def test_segments_ask_as_well(customers):
    X, y = customers
    with pytest.raises(DataError, match="y has the index of the table in another order"):
        SegmentMiner().fit(X, pd.Series(y, X.index)[::-1])


def test_what_can_be_read_in_one_way_passes(customers):
    X, y = customers
    there = pd.Series(y, X.index)
    for beside in (there, y, list(y), there.reset_index(drop=True), there[:-1], None):
        refuse_reordered(X, y=beside)
    refuse_reordered(X.to_numpy(), y=there[::-1])
    refuse_reordered(X.set_axis(X.index + 1_000), y=there)  # other names of the rows
    refuse_reordered(X.set_axis([0] * len(X)), y=there.set_axis([0] * len(X))[::-1])
