"""Aggregates of a few rows worked out by hand: spans exclude their end, sums are exact."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from dbnchurn.data.aggregates import (
    MONTH_DAYS,
    Span,
    day,
    features_of,
    month_spans,
    rows_within,
    whole_span,
)
from dbnchurn.data.plan import Aggregates, TablePlan
from dbnchurn.data.windows import Windows
from dbnchurn.tables.duckdb import Session

CUTOFF = date(2024, 8, 1)
WINDOW = Windows(cutoffs=(CUTOFF,), observation="3 months").at(CUTOFF)
RULES = {
    "x": {"kind": "number"},
    "kind": {"kind": "category", "levels": ["in", "it's"]},
    "paid": {"kind": "date"},
}
EVENTS = TablePlan(path="calls.csv", key="id", date="at", columns=RULES)
MONTHS = TablePlan(path="bills.csv", key="id", date="at", grain="month", columns=RULES)


@pytest.fixture
def session():
    with Session(n_threads=1) as session:
        yield session


def aggregated(session, rows, aggregates, table=EVENTS, span=None, window=WINDOW):
    """Features of the rows (day, x, kind, paid) of one customer."""
    frame = pd.DataFrame([(*row, *(3 - len(row)) * [None]) for row in rows])
    frame = frame.set_axis(["at", "x", "kind"], axis=1)
    frame["at"] = pd.to_datetime(frame["at"], format="ISO8601")
    frame["paid"] = frame["at"] + pd.Timedelta(days=1)
    frame["x"] = frame["x"].astype(float)
    session.connection.register("given", frame)
    session.run("CREATE OR REPLACE TABLE calls AS FROM given")
    session.run("UPDATE calls SET x = NULL WHERE isnan(x)")
    span = span or whole_span(table, window)
    features = list(features_of("calls", table, Aggregates(**aggregates), span, window))
    values = session.row(f"SELECT {', '.join(f.sql for f in features)} FROM calls")
    return {f.name: value for f, value in zip(features, values, strict=True)}


@pytest.mark.parametrize(
    ("table", "row", "inside"),
    [
        (EVENTS, "2024-05-01 00:00", True),
        (EVENTS, "2024-04-30 23:59", False),
        (EVENTS, "2024-07-31 23:59", True),
        (EVENTS, "2024-08-01 00:00", False),
        (MONTHS, "2024-05-01", True),
        (MONTHS, "2024-04-01", False),
        (MONTHS, "2024-07-01", True),
        (MONTHS, "2024-07-02", False),
    ],
)
def test_rows_lie_from_the_start_to_before_the_end(session, table, row, inside):
    condition = rows_within(table, date(2024, 5, 1), CUTOFF)
    assert session.row(f"SELECT {condition} FROM (SELECT TIMESTAMP '{row}' AS at)") == (inside,)


def test_a_month_counts_only_when_it_has_ended(session):
    condition = rows_within(MONTHS, date(2024, 5, 1), date(2024, 7, 31))
    assert session.row(f"SELECT {condition} FROM (SELECT TIMESTAMP '2024-07-01' AS at)") == (False,)


@pytest.mark.parametrize("table", [EVENTS, MONTHS])
@pytest.mark.parametrize("cutoff", [CUTOFF, date(2024, 8, 15), date(2024, 1, 1)])
def test_months_tile_the_window_the_last_first(table, cutoff):
    window = Windows(cutoffs=(cutoff,), observation="3 months").at(cutoff)
    whole, months = whole_span(table, window), month_spans(table, window, 3)
    assert [span.suffix for span in months] == ["_m1", "_m2", "_m3"]
    assert (months[-1].start, months[0].until) == (whole.start, whole.until)
    assert [span.start for span in months[:-1]] == [span.until for span in months[1:]]


def test_spans_of_a_table_of_months_are_calendar_months():
    window = Windows(cutoffs=(date(2024, 8, 15),), observation="3 months").at(date(2024, 8, 15))
    assert whole_span(MONTHS, window) == Span(date(2024, 5, 1), date(2024, 8, 1))
    assert whole_span(EVENTS, window) == Span(date(2024, 5, 15), date(2024, 8, 15))
    assert month_spans(MONTHS, window, 1) == [Span(date(2024, 7, 1), date(2024, 8, 1), "_m1")]


def test_aggregates_of_rows_within_the_span_alone(session):
    rows = [
        ("2024-04-30", 100, "in"),
        ("2024-05-01", 1, "in"),
        ("2024-06-10", None, "it's"),
        ("2024-07-30 23:00", 4, "it's"),
        ("2024-08-01", 100, "in"),
    ]
    wanted = dict.fromkeys(("sum", "mean", "min", "max", "first", "last"), ("x",))
    wanted |= {"count": ("*", "x"), "levels": ("kind",), "distinct": ("kind",)}
    wanted |= {"days_since": ("*", "paid")}
    assert aggregated(session, rows, wanted) == {
        "calls_x_sum": 5, "calls_x_mean": 2.5, "calls_x_min": 1, "calls_x_max": 4,
        "calls_x_first": 1, "calls_x_last": 4, "calls_count": 3, "calls_x_count": 2,
        "calls_kind_distinct": 2, "calls_kind_in_count": 1, "calls_kind_it's_count": 2,
        "calls_days_since": 2, "calls_paid_days_since": 1,
    }  # fmt: skip


def test_a_span_other_than_the_window_ends_the_names(session):
    (july,) = month_spans(EVENTS, WINDOW, 1)
    rows = [("2024-06-30", 1), ("2024-07-01", 2)]
    assert aggregated(session, rows, {"sum": ("x",)}, span=july) == {"calls_x_sum_m1": 2}


def test_sums_do_not_depend_on_the_order_of_the_rows(session):
    generator = np.random.default_rng(0)
    values = generator.normal(size=500) * 10.0 ** generator.integers(-3, 9, 500)
    rows = [("2024-06-01", value) for value in values]
    wanted = {"sum": ("x",), "mean": ("x",), "trend": ("x",)}
    forward, backward = (aggregated(session, r, wanted) for r in (rows, rows[::-1]))
    assert forward == backward
    assert forward["calls_x_sum"] == pytest.approx(values.sum(), abs=1e-3)


def test_of_events_at_one_instant_the_larger_value_is_first_and_last_in_any_order(session):
    rows = [("2024-06-01", 1), ("2024-06-01", 3), ("2024-06-01", 2)]
    for order in (rows, rows[::-1]):
        ends = aggregated(session, order, {"first": ("x",), "last": ("x",)})
        assert ends == {"calls_x_first": 1, "calls_x_last": 3}


def test_first_and_last_of_months_skip_those_without_a_value(session):
    rows = [("2024-05-01", None), ("2024-06-01", 5), ("2024-07-01", 4)]
    ends = aggregated(session, rows[::-1], {"first": ("x",), "last": ("x",)}, MONTHS)
    assert ends == {"calls_x_first": 5, "calls_x_last": 4}


def test_a_line_has_its_slope_per_month(session):
    months = [("2024-05-01", 10), ("2024-06-01", 7), ("2024-07-01", 4)]
    trend = {"trend": ("x",)}
    assert aggregated(session, months, trend, MONTHS)["calls_x_trend"] == -3
    days = [("2024-05-01", 0), ("2024-05-11", 20), ("2024-05-21", 40), ("2024-05-25", None)]
    slope = aggregated(session, days, trend)["calls_x_trend"]
    assert slope == pytest.approx(2 * MONTH_DAYS)
    assert aggregated(session, months[:1], trend, MONTHS) == {"calls_x_trend": None}


def test_without_rows_events_are_none_and_months_are_unknown():
    wanted = Aggregates(count=("*",), sum=("x",), mean=("x",), levels=("kind",), distinct=("x",))
    span = whole_span(EVENTS, WINDOW)

    def empty(table):
        return {f.name: f.empty for f in features_of("t", table, wanted, span, WINDOW)}

    both = {"t_x_mean": None, "t_count": 0, "t_x_distinct": 0}
    both |= {"t_kind_in_count": 0, "t_kind_it's_count": 0}
    assert empty(EVENTS) == both | {"t_x_sum": 0}
    assert empty(MONTHS) == both | {"t_x_sum": None}


def test_values_keep_their_kind_and_aggregates_are_numbers():
    wanted = Aggregates(last=("x", "kind", "paid"), max=("paid",), days_since=("paid",))
    features = features_of("t", EVENTS, wanted, whole_span(EVENTS, WINDOW), WINDOW)
    assert {f.name: f.kind for f in features} == {
        "t_paid_max": "date", "t_x_last": "number", "t_kind_last": "category",
        "t_paid_last": "date", "t_paid_days_since": "number",
    }  # fmt: skip


def test_a_day_is_its_midnight(session):
    assert session.row(f"SELECT {day(CUTOFF)}")[0] == pd.Timestamp(CUTOFF)
