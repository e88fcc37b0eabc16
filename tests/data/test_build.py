"""Features of the window: worked out again with pandas, and blind to what comes after."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbnchurn.core.errors import DataError
from dbnchurn.data.build import load
from tests.data.small_crm import crm

JULY, AUGUST = pd.Timestamp("2024-07-01"), pd.Timestamp("2024-08-01")
quick = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def features(built):
    return pd.read_parquet(built.features).set_index("id").drop(columns="label", errors="ignore")


@pytest.fixture
def before(make):
    """``before(seed)``: the features of the tables of a seed as they are, built once."""
    return cache(lambda seed: features(make(crm(seed=seed), labelled=False)))


def test_aggregates_are_those_of_pandas(make):
    tables = crm()
    found = features(make(tables))
    seen = tables["basic"].query("'2024-05-01' <= month < '2024-08-01'")
    by = seen.groupby("id")["gb"]
    np.testing.assert_allclose(found["basic_gb_sum"], by.sum(), atol=1e-5)
    np.testing.assert_allclose(found["basic_gb_mean"], by.mean(), atol=1e-5)
    slope = by.apply(lambda v: np.polyfit(range(3), v, 1)[0])
    np.testing.assert_allclose(found["basic_gb_trend"], slope, atol=1e-5)
    for name in ("min", "max", "first", "last", "count"):
        np.testing.assert_array_equal(found[f"basic_gb_{name}"], getattr(by, name)())
    np.testing.assert_array_equal(found["basic_plan_last"], seen.groupby("id")["plan"].last())
    july = seen[seen["month"] == JULY].set_index("id")["gb"]
    np.testing.assert_array_equal(found["basic_gb_last_m1"], july)
    np.testing.assert_allclose(found["growth"], found["basic_gb_last"] / found["basic_gb_mean"])


def test_events_are_counted_within_window_and_month(make):
    tables = crm()
    found = features(make(tables))
    calls = tables["calls"].query("'2024-05-01' <= at < '2024-08-01'")
    count = calls.groupby("id").size().reindex(found.index, fill_value=0)
    np.testing.assert_array_equal(found["calls_count"], count)
    outgoing = calls[calls["kind"] == "out"].groupby("id").size().reindex(found.index, fill_value=0)
    np.testing.assert_array_equal(found["calls_kind_out_count"], outgoing)
    in_july = calls[calls["at"] >= JULY].groupby("id")["minutes"].sum().reindex(found.index)
    np.testing.assert_allclose(found["calls_minutes_sum_m1"], in_july.fillna(0), atol=1e-5)
    months = [f"calls_count_m{k}" for k in (1, 2, 3)]
    np.testing.assert_array_equal(found[months].sum(axis=1), found["calls_count"])
    last = calls.groupby("id")["at"].max().reindex(found.index)
    np.testing.assert_array_equal(found["calls_days_since"], (AUGUST - last.dt.normalize()).dt.days)


def test_a_customer_without_events_has_none_rather_than_unknown(make):
    tables = crm()
    tables["calls"] = tables["calls"].query("id != 7")
    found = features(make(tables)).loc[7]
    assert found["calls_count"] == found["calls_minutes_sum"] == found["calls_kind_in_count"] == 0
    assert np.isnan(found["calls_days_since"])
    assert np.isnan(found["calls_minutes_mean"])


@quick
@given(days=st.integers(1, 400), delete=st.booleans(), seed=st.integers(0, 5))
def test_what_comes_after_the_cutoff_changes_no_feature(make, before, days, delete, seed):
    tables = crm(seed=seed)
    basic, calls = tables["basic"], tables["calls"]
    late_months, late_calls = basic["month"] >= AUGUST, calls["at"] >= AUGUST
    assert late_months.any()
    assert late_calls.any()
    if delete:
        tables["basic"], tables["calls"] = basic[~late_months], calls[~late_calls]
    else:
        basic.loc[late_months, "month"] += pd.DateOffset(months=1 + days // 30)
        basic.loc[late_months, "gb"] *= 7
        calls.loc[late_calls, "at"] += pd.Timedelta(days=days)
        calls.loc[late_calls, "minutes"] += 99
    after = features(make(tables, labelled=False))
    pd.testing.assert_frame_equal(after, before(seed), check_exact=True)


@quick
@given(row=st.integers(0, 10_000), seed=st.integers(0, 5))
def test_moving_an_event_within_the_window_changes_a_feature(make, before, row, seed):
    """A month's events are counted by month, so an event moved to another month is seen."""
    tables = crm(seed=seed)
    calls = tables["calls"]
    inside = np.flatnonzero((calls["at"] >= "2024-05-01") & (calls["at"] < AUGUST))
    place = inside[row % len(inside)]
    moved = calls.loc[place, "at"] + pd.Timedelta(days=31)
    calls.loc[place, "at"] = moved if moved < AUGUST else moved - pd.Timedelta(days=62)
    after = features(make(tables, labelled=False))
    same = (before(seed) == after) | (before(seed).isna() & after.isna())
    changed = ~same
    assert list(changed.index[changed.any(axis=1)]) == [calls.loc[place, "id"]]


def test_the_cutoff_itself_is_not_seen(make):
    tables = crm()
    before = features(make(tables, labelled=False))
    at = pd.DataFrame({"id": [1], "at": [AUGUST], "minutes": [1e6], "kind": ["in"]})
    just_before = at.assign(at=AUGUST - pd.Timedelta("1us"))
    calls = tables["calls"]
    tables["calls"] = pd.concat([calls, at])
    pd.testing.assert_frame_equal(features(make(tables, labelled=False)), before)
    tables["calls"] = pd.concat([calls, just_before])
    after = features(make(tables, labelled=False))
    assert after.loc[1, "calls_count"] == before.loc[1, "calls_count"] + 1


def test_a_month_counts_only_when_it_is_over(make):
    """On 15 August the record of August is not complete, on 1 September it is."""
    windows = {"windows": {"cutoffs": ["2024-08-15"], "observation": "1 month"}}
    tables = crm()
    found = features(make(tables, windows, labelled=False))
    july = tables["basic"][tables["basic"]["month"] == JULY].set_index("id")["gb"]
    np.testing.assert_array_equal(found["basic_gb_last"], july[found.index])


def test_rows_may_come_in_any_order_and_in_many_threads(make, tmp_path):
    tables = crm(n=3000)
    one = features(make(tables))
    shuffled = {name: frame.sample(frac=1, random_state=1) for name, frame in tables.items()}
    pd.testing.assert_frame_equal(features(make(shuffled)), one, check_exact=True)


def test_csv_and_parquet_give_the_same(make):
    tables = crm()
    pd.testing.assert_frame_equal(
        features(make(tables, writer="csv")), features(make(tables)), check_exact=True
    )


LABELS = {
    "events": {"table": "leavers", "kind": "events", "column": None, "left": None},
    "inactivity": {"table": "basic", "kind": "inactivity", "column": None, "left": None},
}


def test_labels_from_events_from_a_status_and_from_silence_agree(make):
    tables = crm()
    left = tables["leavers"]["id"]
    by_status = load(make(tables))
    assert list(by_status.ids[by_status.y == 1]) == list(left)
    by_event = load(make(tables, {"label": LABELS["events"]}))
    np.testing.assert_array_equal(by_event.y, by_status.y)
    basic = tables["basic"]
    tables["basic"] = basic[~(basic["id"].isin(left) & (basic["month"] >= AUGUST))]
    by_silence = load(make(tables, {"label": LABELS["inactivity"]}))
    np.testing.assert_array_equal(by_silence.y, by_status.y)


def test_who_left_before_is_not_in_the_snapshot(make):
    tables = crm()
    tables["leavers"].loc[0, "on"] = pd.Timestamp("2024-07-20")
    found = load(make(tables, {"label": LABELS["events"]}))
    assert 1 not in found.ids
    gap = {"windows": {"gap": "15 days"}, "label": LABELS["events"]}
    tables["leavers"]["on"] = pd.Timestamp("2024-08-20")
    tables["leavers"].loc[0, "on"] = pd.Timestamp("2024-08-10")
    assert 1 not in load(make(tables, gap)).ids


def test_several_snapshots_are_each_what_one_alone_would_be(make):
    cutoffs = ["2024-07-01", "2024-08-01"]
    several = pd.read_parquet(make(None, {"windows": {"cutoffs": cutoffs}}).features)
    for cutoff in cutoffs:
        alone = pd.read_parquet(make(None, {"windows": {"cutoffs": [cutoff]}}).features)
        own = several[several["cutoff"].astype(str) == cutoff].reset_index(drop=True)
        pd.testing.assert_frame_equal(own, alone, check_exact=True)


def test_a_lookup_joins_through_another_table(make):
    tables = crm()
    tables["homes"] = pd.DataFrame({"id": range(1, 61), "zip": [i % 7 for i in range(60)]})
    tables["towns"] = pd.DataFrame({"zip": range(7), "people": [10 * i for i in range(7)]})
    changes = {
        "tables": {
            "homes": {"key": "id"},
            "towns": {
                "key": "zip",
                "grain": "lookup",
                "through": {"table": "homes", "column": "zip"},
            },
        },
        "features": {"homes": {"values": "all"}, "towns": {"values": ["people"]}},
    }
    built = make(tables, changes)
    found = features(built)
    np.testing.assert_array_equal(found["towns_people"], 10 * found["homes_zip"])
    join = {join.table: join for join in built.joins}["towns"]
    assert (join.keys, join.orphans, join.matched) == (7, 0, 1.0)


@pytest.mark.parametrize("way", ["basic", "calls"])
def test_a_lookup_through_months_or_events_goes_by_the_last_value_in_the_window(make, way):
    """One row a customer, and nothing from the cutoff on."""
    tables = crm()
    column, when = {"basic": ("plan", "month"), "calls": ("kind", "at")}[way]
    tables["fees"] = pd.DataFrame({column: ["A", "B", "in", "out"], "fee": [1.0, 2.0, 3.0, 4.0]})
    later = tables[way][when] >= "2024-08-01"
    tables[way].loc[later, column] = {"basic": "B", "calls": "out"}[way]
    through = {"table": way, "column": column}
    changes = {
        "tables": {"fees": {"key": column, "grain": "lookup", "through": through}},
        "features": {"fees": {"values": ["fee"]}, way: {"window": {"last": [column]}}},
        "ratios": None,
    }
    found = features(make(tables, changes))
    assert sorted(found.index) == list(range(1, 61))
    fee = dict(tables["fees"].to_numpy().tolist())
    expected = found[f"{way}_{column}_last"].astype(object).map(fee)
    np.testing.assert_array_equal(found["fees_fee"], expected.astype(float))


def test_a_table_of_customers_with_dates_has_one_row_each(make):
    tables = crm()
    homes = pd.DataFrame({"id": range(1, 61), "moved": pd.Timestamp("2024-01-01"), "zip": 1.0})
    tables["homes"] = pd.concat([homes, homes.assign(moved=pd.Timestamp("2024-02-01"), zip=2.0)])
    changes = {
        "tables": {"homes": {"key": "id", "date": "moved", "grain": "customer"}},
        "features": {"homes": {"values": ["zip"]}},
    }
    with pytest.raises(DataError, match="60 customers have several rows that differ"):
        make(tables, changes)


def test_a_query_has_all_columns_of_the_tables_that_it_names(make):
    query = "SELECT id, month, gb * 2 AS twice FROM basic WHERE status IS NOT NULL"
    changes = {
        "tables": {"double": {"query": query, "key": "id", "date": "month", "grain": "month"}},
        "features": {
            "basic": None, "calls": None, "double": {"window": {"sum": ["twice"]}},
        },
        "ratios": None,
    }  # fmt: skip
    found = features(make(crm(), changes))
    whole = features(make())
    np.testing.assert_allclose(found["double_twice_sum"], 2 * whole["basic_gb_sum"], rtol=1e-6)


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
def test_a_time_zone_leaves_dates_and_local_times_as_they_are(make, form):
    """Across the Atlantic a day that is taken for UTC is the day before."""
    tables = crm()
    tables["calls"] = tables["calls"].assign(at=tables["calls"]["at"].dt.strftime(form))
    tables["basic"] = tables["basic"].assign(month=tables["basic"]["month"].dt.strftime("%Y-%m"))
    zone = {"timezone": "America/New_York"}
    changes = {"tables": {"calls": zone, "basic": zone}}
    found = features(make(tables, changes, writer="csv"))
    pd.testing.assert_frame_equal(found, features(make(tables, writer="csv")))


def test_times_with_an_offset_count_by_the_midnight_of_the_zone(make):
    tables = crm()
    at = pd.Series(pd.date_range("2024-07-31 21:58", "2024-07-31 22:02", freq="min", tz="UTC"))
    one = tables["calls"].head(1)[["minutes", "kind"]]
    calls = pd.concat([one.assign(id=i, at=when.isoformat()) for i, when in enumerate(at, 1)])
    changes = {"tables": {"calls": {"timezone": "Europe/Berlin"}}, "features": {"calls": None}}
    changes["features"] = {"calls": {"window": {"count": ["*"]}, "month": None}}
    found = features(make({**tables, "calls": calls}, changes, writer="csv"))  # midnight is 22:00
    assert found["calls_count"].head(5).tolist() == [1, 1, 0, 0, 0]


def test_parquet_files_with_and_without_a_zone_are_refused(make, tmp_path):
    tables = crm()
    calls = tables.pop("calls")
    folder = tmp_path / "calls"
    folder.mkdir()
    calls.head(200).assign(at=calls["at"].head(200).dt.tz_localize("UTC")).to_parquet(
        folder / "1.parquet"
    )
    calls.tail(200).to_parquet(folder / "2.parquet")
    changes = {"tables": {"calls": {"path": str(folder), "timezone": "Europe/Berlin"}}}
    with pytest.raises(DataError, match=r"'at' has times with a time zone in .*1.parquet and wit"):
        make(tables, changes)


def test_the_join_report_counts_matches_fan_out_and_orphans(make):
    tables = crm()
    calls = tables["calls"].query("id <= 30")
    stranger = calls.head(2).assign(id=999)
    tables["calls"] = pd.concat([calls, stranger])
    join = {join.table: join for join in make(tables).joins}["calls"]
    assert join.rows == len(calls) + 2
    assert (join.keys, join.orphans, join.matched) == (31, 1, 0.5)
    assert join.mean_rows == join.rows / join.keys
    assert join.most_rows == calls.groupby("id").size().max()


def test_broken_rows_go_to_quarantine_as_they_came_with_the_reason(make):
    tables = crm()
    basic = tables["basic"]
    basic.loc[3, "gb"] = -5.0
    basic.loc[11, "plan"] = "Z"
    basic.loc[17, "id"] = None
    rules = {
        "gb": {"kind": "number", "low": 0},
        "plan": {"kind": "category", "levels": ["A", "B"], "codes": {"old a": "A"}},
        "status": {"kind": "category"},
    }
    basic.loc[20, "plan"] = " OLD A"
    basic.loc[21, "plan"] = "b"
    built = make(tables, {"tables": {"basic": {"columns": rules, "max_quarantine": 0.02}}})
    checked = built.tables["basic"]
    assert checked.quarantined == {
        "gb: below 0": 1,
        "no key id": 1,
        "plan: not one of its levels": 1,
    }
    aside = pd.read_parquet(built.folder / "quarantine" / "basic.parquet").set_index("reason")
    assert aside.loc["gb: below 0", "gb"] == -5.0
    assert aside.loc["plan: not one of its levels", "plan"] == "Z"
    assert checked.kept == len(basic) - 3


def test_a_value_may_count_as_missing_instead(make):
    tables = crm()
    tables["basic"].loc[3, "gb"] = -5.0  # July of customer 1
    rules = {
        "gb": {"kind": "number", "low": 0, "otherwise": "missing"},
        "plan": {"kind": "category"},
        "status": {"kind": "category"},
    }
    built = make(tables, {"tables": {"basic": {"columns": rules}}})
    assert built.tables["basic"].blanked == {"gb": 1}
    assert built.tables["basic"].quarantined == {}
    found = features(built).loc[1]
    assert np.isnan(found["basic_gb_last_m1"])
    assert found["basic_gb_count"] == 2


def test_copies_go_and_of_repeats_the_fullest_stays(make):
    tables = crm()
    basic = tables["basic"]
    copy, poorer = basic.iloc[[3]], basic.iloc[[8]].assign(gb=np.nan)
    tables["basic"] = pd.concat([basic, copy, poorer])
    calls = tables["calls"]
    tables["calls"] = pd.concat([calls, calls.iloc[[5]]])
    built = make(tables)
    assert (built.tables["basic"].copies, built.tables["calls"].copies) == (1, 1)
    assert built.tables["basic"].quarantined == {"repeats a key with other values": 1}
    pd.testing.assert_frame_equal(features(built), features(make(crm())), check_exact=True)


def test_a_model_for_a_cutoff_trains_only_on_what_had_closed_before(make):
    from dbnchurn.tables import split

    tables = crm(n=200)
    basic = tables["basic"]
    basic.loc[(basic["month"] == JULY) & basic["id"].between(60, 80), "status"] = "gone"
    basic.loc[(basic["month"] == pd.Timestamp("2024-06-01")) & basic["id"].gt(180), "status"] = (
        "gone"
    )
    changes = {
        "windows": {
            "cutoffs": ["2024-06-01", "2024-07-01", "2024-08-01"], "observation": "2 months",
        }
    }  # fmt: skip
    found = load(make(tables, changes))
    parts = split(found.y, dates=found.dates, closed=found.closed, groups=found.ids)
    test_cutoff = found.dates[parts.test].min()
    assert test_cutoff == np.datetime64("2024-08-01")
    assert (found.closed[parts.validation] <= test_cutoff).all()
    assert (found.closed[parts.train] <= found.dates[parts.validation].min()).all()
    # With an outcome of two months, the snapshot of July is not closed in August.
    changes["windows"] |= {"outcome": "2 months", "overlapping": True}
    found = load(make(tables, changes))
    parts = split(found.y, dates=found.dates, closed=found.closed, groups=found.ids)
    assert set(found.dates[parts.train]) == {np.datetime64("2024-06-01")}
    later = found.closed + np.timedelta64(90, "D")
    with pytest.raises(ValueError, match="no outcome was known at the test's cutoff 2024-08-01"):
        split(found.y, dates=found.dates, closed=later, groups=found.ids)


def test_what_was_assumed_of_texts_goes_with_the_built_table(make, tmp_path, caplog):
    tables = crm()
    calls = tables["calls"].copy()
    calls["minutes"] = calls["minutes"].map(lambda v: f"{v:.1f}".replace(".", ","))
    calls["at"] = calls["at"].dt.strftime("%d.%m.%Y %H:%M")
    calls.to_csv(tmp_path / "calls.csv", index=False, sep=";")
    changes = {"tables": {"calls": {"path": str(tmp_path / "calls.csv")}}}
    caplog.set_level("INFO", "dbnchurn.notes")
    built = make(tables, changes)
    for column, kind in (("minutes", "numbers"), ("at", "dates")):
        (note,) = [n for n in built.reading if f"column {column!r} is read as {kind}" in n]
        assert note in load(built).notes
        assert caplog.text.count(note) == 1
