"""Folds hold the rows of a group together, and as many churners as the others."""

import numpy as np
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.features.folds import assign_folds


def labels(n: int) -> np.ndarray:
    return (np.random.default_rng(0).random(n) < 0.3).astype(np.int64)


def test_folds_are_stratified_complete_and_follow_their_generator():
    y = labels(1000)
    folds = assign_folds(y, 5, None, np.random.default_rng(0))
    assert np.bincount(folds).tolist() == [200] * 5
    churners = np.bincount(folds, y)
    assert churners.max() - churners.min() <= 1
    assert (folds == assign_folds(y, 5, None, np.random.default_rng(0))).all()


def test_rows_of_one_customer_share_a_fold():
    y = labels(1000)
    customer = np.random.default_rng(0).integers(0, 150, 1000)
    folds = assign_folds(y, 5, customer, np.random.default_rng(0))
    assert all(len(set(folds[customer == c])) == 1 for c in range(150))
    assert set(folds) == set(range(5))


def test_many_small_groups_are_whole_and_folds_even_in_rows_and_churners():
    generator = np.random.default_rng(0)
    customer = np.repeat(np.arange(20_000), generator.integers(1, 4, 20_000))
    y = (generator.random(len(customer)) < 0.05).astype(np.int64)
    shuffled = generator.permutation(len(y))
    customer, y = customer[shuffled], y[shuffled]
    folds = assign_folds(y, 5, customer, np.random.default_rng(1))
    assert (
        np.bincount(customer, folds) == folds[_first_of(customer)] * np.bincount(customer)
    ).all()
    # Customers are drawn at random, 4,000 to a fold: sums stay within five standard deviations.
    rows, churners = np.bincount(folds), np.bincount(folds, y)
    assert abs(rows - len(y) / 5).max() < 5 * np.sqrt(4_000 * np.bincount(customer).var())
    assert abs(churners - y.sum() / 5).max() < 5 * np.sqrt(y.sum() / 5)


def _first_of(customer):
    """A row of every customer."""
    return np.unique(customer, return_index=True)[1]


def test_groups_with_churners_all_of_them_are_divided_all_the_same():
    customer = np.repeat(np.arange(2_000), 2)
    folds = assign_folds(np.tile([0, 1], 2_000), 4, customer, np.random.default_rng(0))
    assert np.bincount(folds).tolist() == [1_000] * 4


@pytest.mark.parametrize(("groups", "folds"), [(3, 3), (2, 2)])
def test_fewer_groups_than_folds_make_fewer_folds(groups, folds):
    y = labels(300)
    assert set(assign_folds(y, 5, np.arange(300) % groups, np.random.default_rng(0))) == set(
        range(folds)
    )


def test_one_group_is_refused():
    y = labels(300)
    with pytest.raises(DataError, match="all training rows are of one group"):
        assign_folds(y, 5, np.zeros(300), np.random.default_rng(0))


def test_few_churners_make_fewer_folds():
    y = np.array([0] * 97 + [1] * 3)
    folds = assign_folds(y, 5, None, np.random.default_rng(0))
    assert set(folds[y == 1]) == {0, 1, 2} == set(folds)
