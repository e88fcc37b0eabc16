"""Windows: months keep the last day of a month, and every window excludes its end."""

from datetime import date

import pytest

from dbnchurn.data.windows import Windows, shift


@pytest.mark.parametrize(
    ("day", "span", "times", "expected"),
    [
        (date(2024, 3, 31), "1 month", -1, date(2024, 2, 29)),
        (date(2023, 3, 31), "1 month", -1, date(2023, 2, 28)),
        (date(2024, 5, 31), "1 month", 1, date(2024, 6, 30)),
        (date(2024, 1, 15), "12 months", -1, date(2023, 1, 15)),
        (date(2024, 1, 1), "1 month", -1, date(2023, 12, 1)),
        (date(2024, 3, 1), "2 weeks", -1, date(2024, 2, 16)),
        (date(2024, 2, 28), "2 days", 1, date(2024, 3, 1)),
        (date(2024, 3, 31), "1 month", 0, date(2024, 3, 31)),
    ],
)
def test_a_day_that_the_month_lacks_becomes_its_last(day, span, times, expected):
    assert shift(day, span, times) == expected


def test_what_is_no_span_is_refused():
    with pytest.raises(ValueError, match="not a span: 'soon'; write for example '3 months'"):
        shift(date(2024, 1, 1), "soon")


def test_windows_meet_at_their_ends():
    windows = Windows(
        cutoffs=(date(2024, 3, 31),), observation="1 month", gap="10 days", outcome="2 months"
    )
    window = windows.at(date(2024, 3, 31))
    assert (window.start, window.active, window.cutoff) == (
        date(2024, 2, 29), date(2024, 2, 29), date(2024, 3, 31),
    )  # fmt: skip
    assert (window.opens, window.closes) == (date(2024, 4, 10), date(2024, 6, 10))
    assert windows.months == 1
    assert Windows(cutoffs=windows.cutoffs, observation="90 days").months is None
