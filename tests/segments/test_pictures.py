"""Pictures of a list: as SVG and PNG, told apart by title, with their numbers as text."""

import re

import pytest

from dbnchurn.core.html.picture import Picture
from dbnchurn.segments.pictures import heatmaps_picture, segment_pictures, sweep_png
from dbnchurn.segments.rates import Rate
from dbnchurn.segments.segment import PairCounts
from dbnchurn.segments.segment_list import SegmentList
from dbnchurn.segments.sweep import SweepPoint
from tests.segments.test_segment_list import segments  # noqa: F401

PAIR = PairCounts(1, ("age", "pays $"), (("a", "b"), ("c", "d")), ((1, 9), (2, 0)),
                  ((20, 30), (9, 40)), ((0, 0), (1, 1)), "plan = gold")  # fmt: skip


def test_an_empty_list_has_no_pictures():
    base = {part: Rate(1, 8) for part in ("mine", "select", "report")}
    assert segment_pictures(SegmentList((), {}, base)) == {}


def test_pictures_are_svg_and_png_and_their_alt_text_has_the_numbers(segments):  # noqa: F811
    drawn = segment_pictures(segments)
    assert list(drawn) == ["segments_rates.png", "segments_reach.png"]
    for picture in drawn.values():
        assert picture.png.startswith(b"\x89PNG")
        assert picture.svg.count("<svg ") == 1
    assert "segment 1 40.0 %, " in drawn["segments_rates.png"].alt
    assert "reach 50.0 % of the yeses with 14.0 % of" in drawn["segments_reach.png"].alt
    assert segment_pictures(segments) == drawn  # byte for byte


@pytest.fixture(scope="module")
def heatmap() -> Picture:
    return heatmaps_picture([PAIR], "buy")


def test_heatmaps_name_columns_and_further_conditions(heatmap):
    assert "segment 1 among plan = gold, age by pays $" in heatmap.alt
    assert not re.search(r'href="(?!#|data:)', heatmap.svg)


def test_a_sweep_has_one_picture_for_true_and_shuffled_answers():
    points = [
        SweepPoint(value, 0, shuffled, 0.3, 0.2, 0.1)
        for value in (5, 10)
        for shuffled in (False, True)
    ]
    assert sweep_png(points, "bins", 10, 0.1).startswith(b"\x89PNG")
