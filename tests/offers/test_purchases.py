"""What is held before a week, what is taken in weeks, and values at positions."""

import numpy as np
from scipy.sparse import csr_array

from dbnchurn.offers.purchases import Purchases, entries
from tests.offers.conftest import WEEKS


def test_weeks_divide_what_was_bought(bought):
    parts = [bought.taken(first, first + 7).toarray() for first in range(0, WEEKS, 7)]
    np.testing.assert_array_equal(np.maximum.reduce(parts), bought.held(WEEKS).toarray())
    assert bought.held(0).nnz == 0


def test_the_first_weeks_are_what_was_known_then(bought):
    then = bought.first_weeks(10)
    assert then.n_weeks == 10
    assert (bought.until - then.until).days == 7 * (WEEKS - 10)
    np.testing.assert_array_equal(then.held(99).toarray(), bought.held(10).toarray())
    standing = bought.standing(10, 4, repeat=True)
    np.testing.assert_array_equal(standing.recent, bought.taken(6, 10).sum(axis=1))
    weeks = [bought.taken(w, w + 1).toarray() for w in range(6, 10)]
    np.testing.assert_array_equal(standing.habit.toarray(), np.sum(weeks, axis=0))


def test_the_same_week_counts_once():
    bought = Purchases.of(["a", "a", "a"], ["x", "x", "x"], [1, 1, 2])
    assert bought.standing(3, 3, repeat=True).habit.toarray() == [[2]]


def test_entries_are_those_of_the_dense_array():
    dense = np.random.default_rng(0).integers(0, 3, (20, 9)).astype(float)
    rows, columns = np.arange(20), np.arange(20) % 9
    np.testing.assert_array_equal(entries(csr_array(dense), rows, columns), dense[rows, columns])
    assert entries(csr_array(dense), rows[:0], columns[:0]).tolist() == []
