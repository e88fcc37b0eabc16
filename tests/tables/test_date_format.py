"""Dates as people write them."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.tables.date_format import (
    MONTHS,
    OTHER_PIVOT,
    PATTERNS,
    DateFormat,
    certain_dates,
    date_readings,
)

DAYS = pd.to_datetime(["1999-12-31", "2000-02-29", "2026-08-31", "1970-01-01", "2024-07-05"])
SINCE = (DAYS - pd.Timestamp("1970-01-01")).days.to_numpy(float)
WHOLE = [pattern for pattern in PATTERNS if "%d" in pattern]


@pytest.mark.parametrize("pattern", WHOLE)
def test_what_is_written_in_a_format_is_read_in_it(pattern):
    texts = DAYS.strftime(pattern)
    np.testing.assert_array_equal(DateFormat(pattern).parse(texts), SINCE)
    afternoon = [f"{text} 18:00" for text in texts]
    np.testing.assert_array_equal(DateFormat(pattern).parse(afternoon), SINCE + 0.75)


@pytest.mark.parametrize("pattern", [p for p in PATTERNS if "%d" not in p])
def test_a_month_is_its_first_day(pattern):
    first = DAYS.to_period("M").to_timestamp()
    expected = (first - pd.Timestamp("1970-01-01")).days
    np.testing.assert_array_equal(DateFormat(pattern).parse(first.strftime(pattern)), expected)


def test_an_unknown_format_is_refused_with_a_similar_one():
    with pytest.raises(ConfigError, match=r"unknown date format '%d\.%m\.%Z'.*'%d\.%m\.%Y'"):
        DateFormat("%d.%m.%Z")


@pytest.mark.parametrize(
    "text",
    ["2026-02-30", "31.04.2026", "2026-13-01", "25:00", "", "basic", "12.5", "2026-08-31 24:61"],
)
def test_what_is_no_date_is_none(text):
    assert np.isnan(certain_dates([text])[0]).all()
    assert not date_readings([text]).formats


@pytest.mark.parametrize("text", ["03/04/2026", "03-04-2026", "1/2/26"])
def test_day_and_month_may_be_exchanged(text):
    days, doubtful = certain_dates([text])
    assert np.isnan(days).all()
    assert doubtful.all()
    assert len(date_readings([text]).formats) >= 2


def test_other_texts_of_the_column_decide():
    assert [f.pattern for f in date_readings(["03/04/2026", "25/12/2026"]).formats] == ["%d/%m/%Y"]
    assert [f.pattern for f in date_readings(["03/04/2026", "12/25/2026"]).formats] == ["%m/%d/%Y"]


def test_offsets_lead_to_utc_and_years_have_no_bounds():
    days = DateFormat().parse(
        ["2026-08-31T02:00:00+02:00", "2026-08-31T00:00Z", "1899-12-31", "9999-12-31"]
    )
    assert days[0] == days[1] == 20696
    assert days[2] < 0 < days[3]


def test_names_of_months_lead_to_their_numbers():
    for name, number in MONTHS.items():
        for text in (f"05 {name} 2020", f"05 {name.title()}. 2020"):
            days = DateFormat("%d %b %Y").parse([text])
            assert days.tolist() == [float((pd.Timestamp(2020, number, 5) - pd.Timestamp(0)).days)]


def test_every_format_is_tried_on_the_texts_that_it_may_read():
    """The readings are those of every format on every text, however many shapes there are."""
    generator = np.random.default_rng(0)
    days = pd.Timestamp("1890-01-01") + pd.to_timedelta(generator.integers(0, 60000, 60), "D")
    texts = [day.strftime(PATTERNS[i % len(PATTERNS)]) for i, day in enumerate(days)]
    texts += ["1900-01-01 00:00:00+08:05:43", "1.234", "12345678", "20261301", "", "٠١.٠٢.٢٠٢٦"]
    expected = [DateFormat(pattern).parse(texts) for pattern in PATTERNS]
    others = [DateFormat(p + OTHER_PIVOT).parse(texts) for p in PATTERNS if "%y" in p]
    found, _ = certain_dates(texts)
    for text, day, readings in zip(texts, found, np.transpose([*expected, *others]), strict=True):
        known = set(readings[~np.isnan(readings)])
        assert (known == {day}) if len(known) == 1 else np.isnan(day), text
    for pattern, reading in zip(PATTERNS, expected, strict=True):
        one = [text for text, day in zip(texts, reading, strict=True) if not np.isnan(day)]
        assert pattern in [form.pattern for form in date_readings(one).formats] or len(one) < 2
