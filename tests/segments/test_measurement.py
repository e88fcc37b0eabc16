"""Rates of patterns on coded rows, counted by hand."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.segments.bins import Binning
from dbnchurn.segments.coded_table import code_table
from dbnchurn.segments.columns import read_columns
from dbnchurn.segments.counts import CodedRows
from dbnchurn.segments.measurement import (
    candidate_table,
    marginal_rates,
    measured_segments,
    pair_counts,
    top_rates,
)
from dbnchurn.segments.miner import SegmentMiner
from dbnchurn.segments.patterns import Patterns
from dbnchurn.segments.rates import Rate

HITS = np.array([True, True, False, False, True, False])
TABLE = pd.DataFrame({"a": list("uuuvvw"), "b": list("xyxyxy")})
AXES = [Binning("quantile", 4, {}, True, {}, 5).axis(column) for column in read_columns(TABLE)]
ROWS = CodedRows(
    np.stack([axis.codes(c) for axis, c in zip(AXES, read_columns(TABLE), strict=True)]),
    HITS, tuple(axis.items for axis in AXES), (0, 0),
)  # fmt: skip


@pytest.fixture
def patterns():
    """Those with a = u, then those with b = x and a = v."""
    zero, one = np.array([[0]]), np.array([[1, 0]])
    counts = np.array([1]), np.array([1])
    return Patterns.join(
        [Patterns.of([0], zero, zero, *counts, 2), Patterns.of([0, 1], one, one, *counts, 2)]
    )


def test_rows_of_earlier_patterns_do_not_count(patterns):
    assert marginal_rates(patterns, ROWS) == [Rate(2, 3), Rate(1, 1)]
    again = Patterns.join([patterns, patterns])
    assert marginal_rates(again, ROWS)[2:] == [Rate(0, 0), Rate(0, 0)]
    assert top_rates(patterns, [ROWS, ROWS, ROWS]) == (Rate(3, 4), Rate(3, 4))


def test_patterns_become_segments_in_their_order(patterns):
    p, q = np.array([0.01, 0.02]), np.array([0.03, 0.04])
    first, second = measured_segments(patterns, [1.0, 0.5], AXES, [ROWS] * 3, p, q)
    assert (first.to_text(), second.to_text()) == ("a = u", "a = v, b = x")
    assert (first.report, second.report) == (Rate(2, 3), Rate(1, 1))
    assert (second.p_value, second.q_value, second.share) == (0.02, 0.04, 0.5)
    assert candidate_table(patterns, AXES, p, q)["words"].tolist() == ["a = u", "a = v, b = x"]


def test_pairs_count_every_row_once(patterns):
    (pair,) = pair_counts(patterns, AXES, ROWS)
    assert (pair.segment, pair.columns) == (2, ("a", "b"))
    assert np.sum(pair.rows) == len(TABLE)
    assert np.sum(pair.hits) == HITS.sum()
    assert pair.rows[0] == (2, 1)  # a = u: twice x, once y


def test_a_coded_table_holds_every_row_in_one_part():
    generator = np.random.default_rng(0)
    X = pd.DataFrame({"a": generator.random(400), "same": 1.0})
    y = generator.random(400) < 0.4
    coded = code_table(SegmentMiner(min_count=5), X, y, None, generator)
    assert sorted(np.concatenate(list(coded.parts))) == list(range(400))
    assert list(coded.skipped) == ["same"]
    for rows, part in zip(coded.parts, coded.rows, strict=True):
        assert (part.hits == y[rows]).all()
