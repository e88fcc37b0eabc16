"""Sums of calls that come in parts: those of a plain sum, in any order and any parts."""

import numpy as np
import pytest

from dbnchurn.graph import tie_sums
from dbnchurn.graph.tie_sums import TieSums


def drawn(kinds, people=40, rows=5_000):
    generator = np.random.default_rng(kinds)
    callers, callees = generator.integers(0, people, (2, rows))
    return callers, callees, generator.integers(1, kinds + 1, rows) * 3


def plain(calls, people=40):
    found = np.zeros((people, people), np.int64)
    np.add.at(found, calls[:2], calls[2])
    return found


def summed(calls, parts, people=40):
    sums = TieSums(people)
    for some in np.array_split(np.arange(len(calls[0])), parts):
        sums.add(*(values[some] for values in calls))
    return sums.total()


@pytest.mark.parametrize("kinds", [1, 7, 4_000])
@pytest.mark.parametrize("parts", [1, 9])
@pytest.mark.parametrize("key_bits", [64, 2])
def test_sums_are_plain_sums_in_any_parts(monkeypatch, kinds, parts, key_bits):
    monkeypatch.setattr(tie_sums, "FEWEST", 500)  # so that some calls come behind ties
    monkeypatch.setattr(tie_sums, "KEY_BITS", key_bits)  # in 2 no key fits; rows are sorted
    calls = drawn(kinds)
    ties = summed(calls, parts)
    np.testing.assert_array_equal(ties.toarray(), plain(calls))
    assert ties.has_sorted_indices
    assert (np.diff(ties.indptr) == (plain(calls) > 0).sum(1)).all()
    order = np.random.default_rng(0).permutation(len(calls[0]))
    again = summed([values[order] for values in calls], parts)
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(ties, part), getattr(again, part))


def test_without_calls_there_are_no_ties():
    assert TieSums(3).total().nnz == 0
    sums = TieSums(3)
    sums.add(*np.zeros((3, 0), np.int64))
    assert sums.total().nnz == 0


def test_large_weights_are_exact():
    sums = TieSums(2)
    sums.add(np.array([0, 0]), np.array([1, 1]), np.array([2**60, 2**60 + 1]))
    assert sums.total()[0, 1] == 2**61 + 1
