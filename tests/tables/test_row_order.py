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


LABELS = {
    "int64": range(4),
    "float64": [0.0, 1.0, 2.0, 3.0],
    "Int64": pd.Index(range(4), dtype="Int64"),
    "arrow": pd.Index(range(4), dtype="int64[pyarrow]"),
    "category": pd.CategoricalIndex([0, 1, 2, 3], categories=[3, 2, 1, 0]),
    "text": list("abcd"),
    "arrow text": pd.Index(list("abcd"), dtype="string[pyarrow]"),
    "levels": pd.MultiIndex.from_product([[0, 1], [0, 1]]),
    "more levels": pd.MultiIndex.from_product([[0, 1], [0, 1], [0]]),
    "days": pd.date_range("2026-01-01", periods=4, tz="UTC"),
    "days elsewhere": pd.date_range("2026-01-01", periods=4, tz="UTC").tz_convert("Asia/Tokyo"),
    "periods": pd.period_range("2026-01-01", periods=4, freq="D"),
}


@pytest.mark.parametrize("there", LABELS)
@pytest.mark.parametrize("own", LABELS)
def test_indexes_of_two_types_are_compared_label_by_label(own, there):
    X = pd.DataFrame({"debt": range(4)}, index=pd.Index(LABELS[own]))
    y = pd.Series(range(4), index=pd.Index(LABELS[there]))
    refuse_reordered(X, y=y)
    if set(X.index) == set(y.index):
        with pytest.raises(DataError, match="y has the index of the table in another order"):
            refuse_reordered(X, y=y[::-1])
    else:
        refuse_reordered(X, y=y[::-1])
