"""A list by hand: order, unknown values, sums and the budget's share."""

import math

import pandas as pd
import pytest

from dbnchurn.segments.conditions import Between, OneOf
from dbnchurn.segments.rates import Rate
from dbnchurn.segments.segment import Chance, Segment
from dbnchurn.segments.segment_list import SegmentList

OLD, GOLD = Between("age", 60.0, math.inf, whole=True), OneOf("plan", ("gold",))


def segment(condition, hits, rows, share=1.0):
    rate = Rate(hits, rows)
    return Segment((condition,), rate, rate, rate, Rate(hits, 2 * rows), 0.01, 0.02, share)


@pytest.fixture
def segments():
    base = {part: Rate(100, 1000) for part in ("mine", "select", "report")}
    kinds = {"age": "number", "plan": "text"}
    return SegmentList((segment(OLD, 40, 100), segment(GOLD, 20, 80, 0.5)), kinds, base, value=2.0)


def test_the_first_segment_that_fits_counts(segments):
    X = pd.DataFrame({"age": [70, 70, 20, None], "plan": ["gold", None, "gold", "iron"]})
    assert segments.assign(X).tolist()[:3] == [1, 1, 2]
    assert segments.assign(X).isna().tolist() == [False, False, False, True]


def test_the_share_to_approach_counts_in_sums(segments):
    assert segments.total() == Rate(60, 180)
    assert segments.approached() == Rate(50, 140)
    table = segments.table()
    assert table["cumulative_customers"].tolist() == [100, 140]
    assert table["cumulative_reach"].tolist() == [0.4, 0.5]
    assert table["profit"].tolist() == [80.0, 20.0]
    assert table["overlap"].tolist() == [0.5, 0.5]


def test_the_diagnostic_as_text():
    chance = Chance(4, 1, 10, Rate(3, 4), Rate(1, 4), Rate(1, 2), Rate(0, 0))
    text = chance.summary_text("buy", 0.125)
    assert "in 1 of 4 runs" in text
    assert "50.0 %" in text
    assert "– buy (of everyone: 12.5 %)" in text
