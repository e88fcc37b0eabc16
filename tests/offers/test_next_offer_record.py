"""The largest values of rows, and ties that do not depend on anything but position."""

import numpy as np
import pytest

from dbnchurn.offers.next_offer_record import likeliest


@pytest.mark.parametrize("k", [1, 3, 8, 20])
def test_the_largest_are_those_of_a_stable_sort(k):
    values = np.random.default_rng(0).integers(0, 4, (200, 8)).astype(np.float32)
    values[:, 3] = -np.inf
    exact = np.argsort(-values, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(likeliest(values, k), exact)


def test_chunks_do_not_change_lists(searched, bought, monkeypatch):
    whole = searched.recommend(bought)
    monkeypatch.setattr("dbnchurn.offers.next_offer_record.CELLS", 40 * 77)
    assert searched.recommend(bought).equals(whole)
