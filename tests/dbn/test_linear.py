"""The linear model: the function of scikit-learn's regression, missing as nothing, a chosen C."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from dbnchurn.dbn import Linear, Visible, logits


def make_rows(n=400, seed=0):
    generator = np.random.default_rng(seed)
    codes = generator.integers(-1, 3, (n, 1)).astype(np.int32)
    visible = Visible.of(
        gaussian=generator.normal(size=(n, 2)),
        binary=generator.integers(0, 2, (n, 1)),
        codes=codes,
        sizes=(3,),
    )
    z = visible.gaussian[:, 0] + (codes[:, 0] == 1) - 0.5
    return visible, (z + generator.logistic(size=n) > 0).astype(int)


def design_of(visible):
    levels = visible.codes == np.arange(3)
    return np.nan_to_num(np.hstack([visible.gaussian, visible.binary, levels]))


def test_the_record_is_the_regression():
    visible, y = make_rows()
    linear = Linear(C=(0.5,)).fit(visible, y)
    design = design_of(visible).astype(np.float64)
    exact = LogisticRegression(C=0.5, tol=1e-9, max_iter=2_000).fit(design, y)  # another solver
    # Weights are kept in single precision, and ours stops at slopes of 1e-4.
    assert logits(linear.record_, visible) == pytest.approx(
        exact.decision_function(design), abs=1e-4
    )
    linear.record_.audit()


def test_missing_values_add_nothing():
    visible, y = make_rows()
    record = Linear(C=(1.0,)).fit(visible, y).record_
    nothing = Visible.of(gaussian=[[np.nan, np.nan]], binary=[[np.nan]], codes=[[-1]], sizes=(3,))
    assert logits(record, nothing) == pytest.approx([record.biases[0][0]], abs=1e-6)


def test_validation_rows_choose_the_strength_with_the_smallest_loss():
    visible, y = make_rows()
    held_out, target = make_rows(seed=1)

    def loss(strength):
        z = logits(Linear(C=(strength,)).fit(visible, y).record_, held_out)
        return np.mean(np.logaddexp(0, z) - target * z)

    strengths = (0.0001, 0.3, 100.0)
    linear = Linear(C=strengths).fit(visible, y, validation=(held_out, target, None))
    assert min(strengths, key=loss) == linear.C_
    assert Linear(C=strengths).fit(visible, y).C_ == 0.3


def test_weights_count_as_repeats():
    visible, y = make_rows(100)
    weights = np.arange(100) % 3
    rows = np.repeat(np.arange(100), weights)
    weighted = Linear(C=(1.0,)).fit(visible, y, sample_weight=weights)
    repeated = Linear(C=(1.0,)).fit(visible.take(rows), y[rows])
    assert logits(weighted.record_, visible) == pytest.approx(
        logits(repeated.record_, visible), abs=1e-2
    )


def test_many_rows_are_drawn_the_same_for_a_seed():
    visible, y = make_rows()
    one, two, other = (
        Linear(C=(1.0,), max_rows=100).fit(visible, y, random_state=seed).record_
        for seed in (0, 0, 1)
    )
    assert np.array_equal(one.dense_weights, two.dense_weights)
    assert not np.array_equal(one.dense_weights, other.dense_weights)


def test_churners_are_among_the_rows_that_are_drawn():
    visible, _ = make_rows()
    y = np.zeros(400, int)
    y[3] = 1
    for seed in range(5):
        assert Linear(C=(1.0,), max_rows=10).fit(visible, y, random_state=seed).C_ == 1.0


def test_no_strength_is_refused():
    visible, y = make_rows(50)
    with pytest.raises(ValueError, match="at least one strength"):
        Linear(C=()).fit(visible, y)
