"""Columns that know the outcome are found by their values, and others are left alone."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.data.leakage import Leak, column_auc, find_leaks, refuse_leaks, shared_customers
from dbnchurn.data.lookahead import can_look_ahead, find_lookahead
from dbnchurn.tables.model_columns import ModelColumns

IBM = Path(os.environ.get("DBNCHURN_DATA", "data"))
AFTERWARDS = {
    "Satisfaction Score", "Customer Status", "Churn Label", "Churn Score", "Churn Category",
    "Churn Reason",
}  # fmt: skip


def rows(n=4000, seed=0):
    generator = np.random.default_rng(seed)
    y = (generator.random(n) < 0.1).astype(int)
    return (
        generator,
        y,
        pd.DataFrame(
            {"age": generator.integers(18, 90, n), "plan": generator.choice(list("ABC"), n)}
        ),
    )


def one(values):
    return ModelColumns.of(pd.DataFrame({"x": values}))["x"]


def names(leaks):
    return {(leak.check, leak.column) for leak in leaks}


def test_honest_columns_pass():
    generator, y, X = rows()
    X["debt"] = y + generator.normal(0, 1.5, len(y))  # strong, not decisive
    X["town"] = generator.choice([f"T{i}" for i in range(900)], len(y))
    X["gb"] = generator.gamma(2, 20, len(y))
    assert find_leaks(ModelColumns.of(X), y) == []


def test_a_column_that_decides_the_label_is_found_whatever_its_shape():
    generator, y, X = rows()
    X["score"] = y + generator.normal(0, 0.3, len(y))
    X["hump"] = np.where(y, generator.normal(0, 0.3, len(y)), generator.choice([-3, 3], len(y)))
    X["reason"] = np.where(
        y, generator.choice(["price", "move"], len(y)), generator.choice(["none", "open"], len(y))
    )
    found = find_leaks(ModelColumns.of(X), y)
    assert names(found) == {("single_column", c) for c in ("score", "hump", "reason")}
    assert find_leaks(ModelColumns.of(X[["score"]]), y, auc=0.9999) == []


def test_auc_of_a_number_is_that_of_its_ranks():
    from sklearn.metrics import roc_auc_score

    generator, y, _ = rows(20_000)
    score = y + generator.normal(0, 1, len(y))
    assert column_auc(one(score), y) == pytest.approx(roc_auc_score(y, score), abs=0.015)
    assert column_auc(one(score), y) == column_auc(one(-score), y)


def test_missingness_that_equals_the_label():
    generator, y, X = rows()
    X["ended"] = pd.Series(np.where(y, pd.Timestamp("2024-05-01"), pd.NaT))
    X["kept"] = np.where(y, np.nan, generator.random(len(y)))
    X["gaps"] = np.where(generator.random(len(y)) < 0.3, np.nan, 1.0)
    assert names(find_leaks(ModelColumns.of(X), y)) == {
        ("missingness", "ended"),
        ("missingness", "kept"),
    }


def test_dates_from_the_cutoff_on():
    _, y, X = rows()
    cutoffs = np.full(len(y), np.datetime64("2024-08-01", "ns"))
    X["joined"] = pd.Timestamp("2020-01-01")
    X["billed"] = pd.Timestamp("2024-07-31 23:59")
    assert find_leaks(ModelColumns.of(X), y, cutoffs=cutoffs) == []
    X.loc[5, "billed"] = pd.Timestamp("2024-08-01")
    (leak,) = find_leaks(ModelColumns.of(X), y, cutoffs=cutoffs)
    assert str(leak) == (
        "date_after_cutoff: billed: 1 rows, such as 2024-08-01 at the cutoff 2024-08-01"
    )


@pytest.mark.parametrize(
    "spell",
    [
        lambda days: days,
        lambda days: days.dt.tz_localize("UTC"),
        lambda days: days.dt.date,
        lambda days: days.dt.strftime("%d.%m.%Y"),
        lambda days: days.dt.to_period("D"),
        lambda days: days.dt.strftime("%Y%m%d").astype(int),
        lambda days: days.astype(pd.ArrowDtype(pa.date32())),
        lambda days: days.astype(pd.ArrowDtype(pa.timestamp("us", "UTC"))),
    ],
)
def test_a_date_after_the_cutoff_is_found_however_it_is_written(spell):
    generator, y, X = rows()
    days = pd.Series(
        pd.Timestamp("2020-01-20") + pd.to_timedelta(generator.integers(0, 900, 4000), "D")
    )
    cutoffs = np.full(len(y), np.datetime64("2024-08-01", "ns"))
    assert find_leaks(ModelColumns.of(X.assign(day=spell(days))), y, cutoffs=cutoffs) == []
    days[5] = pd.Timestamp("2026-08-31")
    (leak,) = find_leaks(ModelColumns.of(X.assign(day=spell(days))), y, cutoffs=cutoffs)
    assert str(leak) == (
        "date_after_cutoff: day: 1 rows, such as 2026-08-31 at the cutoff 2024-08-01"
    )


def test_timestamps_spans_and_flags_that_all_differ_are_no_identifiers():
    generator, y, X = rows()
    seconds = pd.Series(generator.choice(10**8, len(y), replace=False))
    X["changed"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(seconds, "s")
    X["written"] = X["changed"].dt.strftime("%Y-%m-%dT%H:%M:%S")
    X["online"] = pd.to_timedelta(seconds // 1000 * 86_400, "s")
    X["tv"] = generator.random(len(y)) < 0.5
    assert find_leaks(ModelColumns.of(X), y) == []


def test_amounts_are_no_identifiers_though_none_occurs_twice():
    generator, y, X = rows()
    amount = np.unique(generator.uniform(10, 9000, 8000).round(4))[: len(y)]
    X["amount"] = generator.permutation(amount)
    X["written"] = X["amount"].astype(str).where(generator.random(len(y)) > 0.01, " ")  # blanks too
    X["sorted"] = X["written"].astype("category")
    assert find_leaks(ModelColumns.of(X), y) == []
    X["account"] = [f"{i:06d}" for i in range(len(y))]  # whole numbers are still found
    assert names(find_leaks(ModelColumns.of(X), y)) == {("identifier", "account")}


def test_identifiers_as_features_also_of_repeated_customers():
    generator, y, X = rows()
    ids = np.repeat(np.arange(len(y) // 2), 2)
    X["account"] = 10_000 + 7 * ids
    X["name"] = [f"c{i}" for i in ids]
    X["income"] = np.round(generator.gamma(2, 800, len(y)), 2)
    assert names(find_leaks(ModelColumns.of(X), y, ids=ids)) == {
        ("identifier", "account"),
        ("identifier", "name"),
    }


def test_customers_in_two_parts_of_one_date():
    ids = np.array([1, 2, 3, 1])
    dates = np.array(["2024-07-01"] * 3 + ["2024-08-01"], "datetime64[D]")
    train, test = np.array([0, 1]), np.array([2, 3])
    assert shared_customers(ids, dates, train, test) == []
    (leak,) = shared_customers(ids, None, train, test)
    assert leak.evidence == "1 customers are in both, the first is 1"
    assert shared_customers(np.array([1, 2, 1, 4]), dates, train, test)


def test_a_leak_stops_the_run_unless_a_reason_is_given():
    leaks = [Leak("single_column", "score", "AUC 0.99 alone"), Leak("identifier", "zip", "all")]
    with pytest.raises(DataError, match=r"leakage: 2 signs .*\n.*single_column: score"):
        refuse_leaks(leaks, {})
    with pytest.raises(DataError, match="leakage: 1 sign that"):
        refuse_leaks(leaks, {"single_column": "a bureau's score of before"})
    with pytest.raises(DataError, match="leakage: 2 signs"):
        refuse_leaks(leaks, {"single_column: other": "?"})
    passed = refuse_leaks(
        leaks, {"single_column: score": "bought in June", "identifier": "a real zip"}
    )
    assert "allowed: bought in June" in passed[0]
    with pytest.raises(ConfigError, match="'single' is no check: did you mean"):
        refuse_leaks([], {"single: score": "x"})


def test_a_query_that_looks_past_the_cutoff_is_found(make):
    changes = {
        "tables": {
            "totals": {
                "query": "SELECT id, sum(minutes) AS minutes, "
                "sum(minutes) FILTER (\"at\" < '2024-08-01') AS before FROM calls GROUP BY id",
                "key": "id",
            }
        },
        "features": {"totals": {"values": ["minutes", "before"]}},
    }
    built = make(None, changes)
    assert can_look_ahead(built.plan)
    leaks = find_lookahead(built, built.plan.windows.cutoffs[0], n_threads=1)
    assert names(leaks) == {("outcome_window", "totals_minutes")}
    assert not can_look_ahead(make().plan)


@pytest.mark.skipif(
    not (IBM / "ibm_telco_status.parquet").exists(),
    reason="needs the IBM telco tables in the folder that DBNCHURN_DATA names",
)
def test_columns_known_after_the_outcome_are_told_from_their_values_alone():
    tables = [
        pd.read_parquet(IBM / f"ibm_telco_{name}.parquet")
        for name in ("demographics", "location", "services", "status")
    ]
    frame = tables[0]
    for number, other in enumerate(tables[1:]):
        frame = frame.merge(other, on="Customer ID", suffixes=("", f" {number}"))
    y, ids = frame.pop("Churn Value").to_numpy(), frame.pop("Customer ID").to_numpy()
    real = dict(zip(hidden := [f"x{i}" for i in range(frame.shape[1])], frame, strict=True))
    found = find_leaks(ModelColumns.of(frame.set_axis(hidden, axis=1)), y, ids=ids)
    assert {real[leak.column] for leak in found} == AFTERWARDS
