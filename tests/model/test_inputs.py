"""What ``fit`` is given: divided without loss, weighted to the share of training, identified."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.model.inputs import ClassPriors, LabelledTable, fit_inputs
from dbnchurn.tables.schema import Table


def given(frame, y, *, validation_frame=None, y_val=None, seed=0, **more):
    arguments = {"sample_weight": None, "groups": None, "validation_share": 0.25, **more}
    generator = np.random.default_rng(seed)
    return fit_inputs(frame, y, validation_frame, y_val, generator=generator, **arguments)


def test_rows_are_divided_without_loss(customers):
    X, y = customers
    inputs = given(X, y)
    both = [*inputs.train.frame.index, *inputs.validation.frame.index]
    assert sorted(both) == list(range(len(X)))
    assert len(inputs.validation.y) / len(X) == pytest.approx(0.25, abs=0.01)
    assert inputs.all_rows.frame is X
    for rows in (inputs.train, inputs.validation):
        np.testing.assert_array_equal(rows.y, y[rows.frame.index])


def test_rows_of_a_group_are_not_divided(customers):
    X, y = customers
    groups = np.arange(len(X)) // 3
    inputs = given(X, y, groups=groups)
    assert not set(inputs.train.groups) & set(inputs.validation.groups)


def test_given_validation_rows_stay_apart(customers, draw_customers):
    X, y = customers
    X_val, y_val = draw_customers(200, 5)
    inputs = given(X, y, validation_frame=X_val, y_val=y_val)
    assert inputs.all_rows is None
    assert inputs.train.frame is X
    assert inputs.validation.frame is X_val
    assert (inputs.validation.sample_weight == 1).all()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"y_val": [0, 1]}, "y_val comes without its rows"),
        ({"sample_weight": np.zeros(600)}, "every sample_weight is zero"),
        ({"groups": [1]}, "groups has shape"),
    ],
)
def test_what_does_not_fit_is_refused(customers, more, message):
    with pytest.raises(DataError, match=message):
        given(*customers, **more)


def test_weighed_rows_have_the_share_of_training():
    y = np.repeat([0, 1], [90, 10])
    weight = np.random.default_rng(0).uniform(0.5, 2, 100)
    table = Table(np.zeros((100, 1)), np.empty((100, 0), np.int32), ("x",), (), ())
    rows = LabelledTable(table, y, weight)
    weighed = ClassPriors(rows.prior, 0.5).weigh(rows)
    assert np.average(y, weights=weighed) == pytest.approx(0.5)
    assert weighed.sum() == pytest.approx(weight.sum())


def test_the_fingerprint_is_of_values_labels_weights_and_groups(customers):
    X, y = customers
    first = given(X, y).fingerprint()
    assert given(X.copy(), y.copy()).fingerprint() == first
    other = X.copy()
    other.loc[17, "debt"] += 1
    flipped = y.copy()
    flipped[17] = 1 - flipped[17]
    different = [
        given(other, y).fingerprint(),
        given(X, flipped).fingerprint(),
        given(X, y, sample_weight=1.0 + y).fingerprint(),
        given(X, y, groups=np.arange(len(X))).fingerprint(),
        given(X, y, seed=1).fingerprint(),
        given(X, y).fingerprint(pd.DataFrame({"debt": [1.0]})),
    ]
    assert len({first, *different}) == 1 + len(different)
