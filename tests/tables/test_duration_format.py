"""Spans of time, read in Python and in SQL."""

import duckdb
import numpy as np
import pytest

from dbnchurn.tables.duration_format import SPANS, DurationFormat
from dbnchurn.tables.named_parts import matches_of, named_parts, number_of_part

TEXTS = ["3 days 06:00:00", "-1 days 00:00:00", "00:30:00", "P1DT12H", "36:00:00", "12:30", "x"]


def test_spans_of_time_are_days():
    found = DurationFormat().parse(TEXTS)
    np.testing.assert_allclose(found, [3.25, -1, 0.5 / 24, 1.5, 1.5, np.nan, np.nan])


@pytest.mark.parametrize("text", [*TEXTS, "-1 days +12:00:00", "P1Y2M", "-P2W", "P", "0 days"])
def test_the_query_gives_what_python_gives(text):
    query = f"SELECT {DurationFormat().sql('t')} FROM (SELECT ? AS t)"
    (days,) = duckdb.execute(query, [text]).fetchone()
    np.testing.assert_allclose(DurationFormat().parse([text]), [np.nan if days is None else days])


def test_parts_have_the_places_of_their_texts():
    places, matches = matches_of(r"^(?P<h>\d+)h(?: (?P<m>\d+)m)?$", ["x", "2h", None, " ٣h 15m"])
    found = named_parts(matches)
    assert places.tolist() == [1, 3]
    np.testing.assert_array_equal(number_of_part(found, "h", 0.0), [2.0, 3.0])
    np.testing.assert_array_equal(number_of_part(found, "m", 0.0), [np.nan, 15.0])
    np.testing.assert_array_equal(number_of_part(found, "s", 7.0), [7.0, 7.0])


def test_a_year_is_twelve_months():
    assert SPANS["y"] == 12 * SPANS["mo"]
