"""EASE is a ridge regression of every item on all others; cosine is what its formula says."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from dbnchurn.offers.item_weights import (
    SHRINKAGE,
    cosine_weights,
    ease_weights,
    gram,
    scores_of,
)


@pytest.fixture(scope="module")
def held():
    return csr_array((np.random.default_rng(0).random((300, 12)) < 0.3).astype(np.float32))


def test_each_column_is_the_ridge_regression_on_the_other_items(held):
    weights = ease_weights(gram(held), 7.0)
    x = held.toarray().astype(float)
    for item in range(12):
        others = np.delete(np.arange(12), item)
        a = x[:, others]
        exact = np.linalg.solve(a.T @ a + 7 * np.eye(11), a.T @ x[:, item])
        np.testing.assert_allclose(weights[others, item], exact, atol=1e-5)
    assert not weights.diagonal().any()


def test_a_score_does_not_depend_on_whether_the_item_is_held(held):
    weights = ease_weights(gram(held), 7.0)
    with_it, without = held.toarray(), held.toarray()
    with_it[:, 4], without[:, 4] = 1, 0
    np.testing.assert_allclose(
        scores_of(csr_array(with_it), weights)[:, 4],
        scores_of(csr_array(without), weights)[:, 4],
        atol=1e-6,
    )


def test_cosine_is_the_shrunk_share_in_common(held):
    x = held.toarray().astype(float)
    root = np.sqrt(x.sum(0) + SHRINKAGE)
    exact = x.T @ x / root[:, None] / root[None]
    np.fill_diagonal(exact, 0)
    np.testing.assert_allclose(cosine_weights(held).toarray(), exact, atol=1e-6)
    np.testing.assert_allclose(
        scores_of(held, cosine_weights(held)), x @ exact, rtol=1e-5, atol=1e-5
    )


def test_a_matrix_without_inverse_is_refused():
    with pytest.raises(FloatingPointError, match="cannot be inverted"):
        ease_weights(np.array([[1.0, 2.0], [2.0, 1.0]]), 0.5)
