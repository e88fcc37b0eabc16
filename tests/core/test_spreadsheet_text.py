"""Texts that a spreadsheet would compute get an apostrophe, and come back without it."""

import io
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbnchurn.core.spreadsheet_text import (
    FORMULA,
    csv_text,
    inert,
    inert_frame,
    original,
    original_frame,
)

LIVE = [
    '=HYPERLINK("http://x","y")', "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1",
    " =1", "+cmd|' /C calc'!A0", "-2+3+cmd", "=", "-", "-a", "\uff1d1", "+49 170 x",
]  # fmt: skip
DEAD = ["", "a", "a=b", "'tis", "007", "-5", "+49170123456", "-1.5e-3", "1,5", "-1 000", "ü@x.y"]


@pytest.mark.parametrize("text", LIVE)
def test_what_would_be_computed_is_text(text):
    assert inert(text) == f"'{text}"
    assert original(inert(text)) == text
    assert original(inert(f"'{text}")) == f"'{text}"


@pytest.mark.parametrize("text", DEAD)
def test_other_texts_and_numbers_stay_as_they_are(text):
    assert inert(text) == original(text) == text


@given(st.text(alphabet="'=+-@\t\r\n 15.ae,", max_size=8) | st.text(max_size=8))
def test_every_text_comes_back_and_none_is_live(text):
    written = inert(text)
    assert original(written) == text
    number = re.fullmatch(r"[+-]?[0-9][0-9., ]*(?:[eE][+-]?[0-9]+)?", written)
    assert number or not re.match(FORMULA.removeprefix("'*"), written)


def test_a_frame_with_names_numbers_gaps_and_categories():
    frame = pd.DataFrame(
        {
            "=name": ["=a", None, "b"],
            "n": [-1, 2, 3],
            "p": [0.5, None, -0.5],
            "c": pd.Categorical(["@x", "y", "@x"]),
            "mixed": ["-x", -1, 2.5],
        }
    )
    text = csv_text(frame)
    assert text.splitlines() == [
        "'=name,n,p,c,mixed", "'=a,-1,0.5,'@x,'-x", ",2,,y,-1", "b,3,-0.5,'@x,2.5",
    ]  # fmt: skip
    back = original_frame(pd.read_csv(io.StringIO(text)))
    assert list(back) == list(frame)
    assert back["=name"].tolist()[::2] == ["=a", "b"]
    assert csv_text(frame, raw_text=True) == frame.to_csv(index=False)
    assert list(frame["c"]) == ["@x", "y", "@x"]  # the input is as it was
    assert list(inert_frame(frame.iloc[:0])) == ["'=name", "n", "p", "c", "mixed"]
