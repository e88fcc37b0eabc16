"""DBN and the single machine as scikit-learn estimators."""

import numpy as np
import pytest
from scipy.special import expit, log_expit
from sklearn.utils.estimator_checks import parametrize_with_checks

from dbnchurn.dbn import DBN, RBMTransformer


def not_held(estimator):
    """Checks that cannot hold, with the reason."""
    reason = (
        "hidden units and visible units are sampled row by row: a repeated row draws twice, a "
        "weighted one once; the statistics themselves are tested to be equal"
    )
    return {"check_sample_weight_equivalence_on_dense_data": reason}


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(
    [DBN((4, 3), epochs=2, random_state=0), RBMTransformer(4, n_iter=2, random_state=0)],
    expected_failed_checks=not_held,
)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def test_a_single_machine_has_the_names_of_scikit_learns_own():
    X = (np.random.default_rng(0).random((60, 5)) < 0.4).astype(np.float32)
    one = RBMTransformer(4, n_iter=3, learning_rate=0.3, random_state=0).fit(X)
    weights, hidden, visible = one.components_, one.intercept_hidden_, one.intercept_visible_
    assert (weights.shape, hidden.shape, visible.shape) == ((4, 5), (4,), (5,))
    np.testing.assert_allclose(one.transform(X), expit(X @ weights.T + hidden), rtol=1e-5)
    assert len(one.curve_) == 3

    def free_energy(v):
        return -v @ visible - np.logaddexp(0, v @ weights.T + hidden).sum(axis=1)

    flipped = [free_energy(np.abs(X - np.eye(5)[j])) - free_energy(X) for j in range(5)]
    by_hand = log_expit(np.array(flipped)).sum(axis=0)
    np.testing.assert_allclose(one.score_samples(X), by_hand, rtol=1e-4)
