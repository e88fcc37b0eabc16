"""Months in words."""

from datetime import date

from dbnchurn.months.month_names import month_list, month_name


def test_every_month_has_its_own_name_and_other_days_keep_their_day():
    days = [date(2025, month, 1) for month in range(1, 13)]
    assert len({month_name(day) for day in days}) == 12
    assert month_name(date(2025, 9, 2)) == "2 September 2025"


def test_years_are_said_where_they_differ():
    over = [date(2024, 12, 1), date(2025, 1, 1)]
    assert month_list(over) == "December 2024 and January 2025"
    assert month_list([*over, date(2025, 2, 1)]) == "December 2024 to February 2025"
    assert month_list([date(2025, 1, 8), date(2025, 1, 15)]) == "8 January and 15 January 2025"
    assert month_list(over[:1]) == "December 2024"
