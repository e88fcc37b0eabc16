"""The frame, the pictures and the formats that all pages share."""

import math
import re

import matplotlib as mpl
import pytest
from jinja2 import UndefinedError

from dbnchurn.core.html.figure import Canvas, drawing_style, to_picture
from dbnchurn.core.html.format import amount, percent, plain, thousands
from dbnchurn.core.html.page import render_page
from dbnchurn.core.html.picture import with_shared_letters


def picture(title: str, png: bool = False):
    with Canvas("x", "y") as c:
        c.axes.plot([0, 1], [0, 1])
        return to_picture(c.figure, title, "a reading", "in words", png)


def test_letters_of_two_pictures_are_kept_once():
    first, second = picture("first"), picture("second")
    ((one,), (two,)), letters = with_shared_letters([[first], [second]])
    assert len(one.svg) < len(first.svg)
    shapes = re.findall(r'<path id="(DejaVu[^"]+)"', letters)
    assert len(shapes) == len(set(shapes)) > 2  # x, y and digits
    assert '<path id="DejaVu' not in one.svg + two.svg
    assert set(re.findall(r'href="#(DejaVu[^"]+)"', one.svg + two.svg)) == set(shapes)
    assert (one.title, one.alt) == (first.title, first.alt)


def test_a_png_is_made_on_request_and_is_the_same_again():
    assert picture("a").png == b""
    assert picture("a", png=True).png == picture("a", png=True).png != b""


def test_the_style_ends_with_the_drawing_even_after_an_error():
    before = dict(mpl.rcParams)
    with pytest.raises(ZeroDivisionError), Canvas("x", "y"):
        1 / 0  # noqa: B018
    with drawing_style():
        assert mpl.rcParams["svg.fonttype"] == "path"
    assert dict(mpl.rcParams) == before


def test_a_page_is_escaped_forbids_what_is_outside_and_needs_all_its_names():
    names = {"headline": ["1 < 2"], "notes": [], "head": [], "rows": [], "money_head": [],
             "money_rows": [], "pictures": {"pictures": []}}  # fmt: skip
    text = render_page("dbnchurn.segments", "page.html", title="<b>", warnings=["a & b"], **names)
    assert "<h1>&lt;b&gt;</h1>" in text
    assert "<li>a &amp; b</li>" in text
    assert '<p class="verdict">1 &lt; 2</p>' in text
    assert "default-src 'none'" in text
    del names["notes"]
    with pytest.raises(UndefinedError, match="notes"):
        render_page("dbnchurn.segments", "page.html", title="t", **names)


@pytest.mark.parametrize("value", [None, math.nan])
def test_what_is_undefined_is_a_dash(value):
    assert percent(value) == plain(value) == "–"


def test_numbers_for_readers():
    assert (amount(-3.5), amount(1e6), thousands(12345)) == ("−3.50", "1,000,000", "12,345")
