"""Costs, months and segments stand beside the features: never learned from, and checked."""

import json
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from dbnchurn import Predictor
from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.decide.threshold import Rule
from dbnchurn.evaluate import contact_gain
from dbnchurn.runs import read_config, train
from dbnchurn.runs.customers import read_customers
from dbnchurn.runs.report import ALTERNATIVES, RULES, report_input
from dbnchurn.runs.side_columns import grouped
from dbnchurn.tables.model_columns import ModelColumns

COSTS = "campaign: {costs: {tp_cost: offer, fp_cost: offer, tn_cost: 0, fn_cost: worth}}\n"


@pytest.fixture
def priced(telco):
    """A telecom's export with what every customer is worth and an offer costs."""
    generator = np.random.default_rng(3)
    return telco.assign(
        worth=generator.gamma(4, 50, 600).round(2), offer=generator.uniform(5, 15, 600)
    )


def folder_of(config, *overrides):
    """A run without its page, whose drawing would take longer than all else."""
    return train(read_config(config, overrides), "run")


def test_the_report_has_words_for_every_rule():
    assert set(RULES) == set(ALTERNATIVES) == set(get_args(Rule))


def test_costs_are_no_features_and_become_gains(priced, write_config, small_run):
    config = write_config(priced, more=COSTS)
    folder = folder_of(config, *small_run)
    names = {column.name for column in Predictor.load(folder / "model").schema.columns}
    assert not names & {"worth", "offer"}
    found = pd.read_parquet(folder / "predictions.parquet")
    own = priced.set_index("customerID").loc[found["id"]]
    expected = contact_gain(
        found["label"], tp_cost=own["offer"], fp_cost=own["offer"], tn_cost=0, fn_cost=own["worth"]
    )
    np.testing.assert_allclose(found["gain"], expected)
    metrics = json.loads((folder / "metrics.json").read_text())
    test = found[found["part"] == "test"]
    called = test["score"] >= metrics["threshold"]["value"]
    assert metrics["test"]["profit"]["value"] == pytest.approx(
        test["gain"][called].sum() / len(test)
    )
    assert "every customer's own costs" in str(report_input(folder).money)


def test_costs_change_no_byte_of_the_model(priced, write_config, small_run, telco):
    with_costs = folder_of(write_config(priced, more=COSTS), *small_run)
    other = priced.assign(worth=priced["worth"] * 7)
    dearer = folder_of(write_config(other, more=COSTS), *small_run)
    for path in (with_costs / "model").iterdir():
        assert path.read_bytes() == (dearer / "model" / path.name).read_bytes()


def test_the_threshold_by_profit_is_that_of_every_customers_worth(priced, write_config, small_run):
    config = write_config(priced, more=COSTS)
    folder = folder_of(config, *small_run, "classifier.threshold.rule=profit")
    metrics = json.loads((folder / "metrics.json").read_text())
    found = pd.read_parquet(folder / "predictions.parquet").query("part == 'validation'")
    earned = {t: found["gain"][found["score"] >= t].sum() for t in found["score"].unique()}
    chosen = metrics["threshold"]["value"]
    assert earned[chosen] == pytest.approx(max(earned.values()))
    assert metrics["threshold"]["chosen_on"] == "validation"
    predictor = Predictor.load(folder / "model")
    assert predictor.threshold == chosen
    assert predictor.about["threshold"]["value"] == chosen
    own = [rule.rule for rule in report_input(folder).alternatives if rule.own]
    assert own == ["most profit"]


def test_a_fixed_threshold_is_told_as_fixed(telco, write_config, small_run):
    fixed = "classifier.threshold={rule: fixed, target: 0.3}"
    folder = folder_of(write_config(telco), *small_run, fixed)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["threshold"] == {
        "value": 0.3, "rule": "fixed", "target": 0.3, "chosen_on": None,
    }  # fmt: skip
    assert report_input(folder).threshold_rule == "fixed in the config"
    rules = [choice["rule"] for choice in metrics["alternatives"]]
    assert rules == ["fixed", "f1", "precision", "recall", "budget", "profit"]


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (lambda t: t.drop(columns="worth"), DataError, "no column 'worth' to put beside"),
        (lambda t: t.assign(worth=t["worth"].mask(t.index == 7)), DataError, "got nan in row 7"),
        (lambda t: t.assign(worth="dear"), DataError, r"'worth' should .* 'dear' .*600 such rows"),
        (lambda t: t.assign(offer=1e9), ConfigError, "nobody is worth a contact"),
    ],
)
def test_costs_that_cannot_be_used_are_refused(
    priced, write_config, small_run, spoil, error, message
):
    config = write_config(spoil(priced), more=COSTS)
    with pytest.raises(error, match=message):
        folder_of(config, *small_run, "classifier.threshold.rule=profit")


def test_an_offer_that_cannot_pay_is_refused(telco, write_config, small_run):
    with pytest.raises(ConfigError, match="clv > incentive_cost"):
        folder_of(write_config(telco), *small_run, "campaign.offer.clv=5")


def test_costs_of_the_tv_table_come_when_asked_for(root):
    config = read_config(root / "configs" / "tv.yaml")
    table, _ = read_customers(config, root)
    assert list(table.side_columns) == ["tp_cost", "fp_cost", "tn_cost", "fn_cost"]
    assert not set(table.X) & set(table.side_columns)
    assert table.side_columns["fn_cost"].min() > 0


# --- Segments and months --------------------------------------------------------------------------


def test_segments_may_be_columns_that_are_no_features(telco, write_config, small_run):
    telco["region"] = np.random.default_rng(0).choice(["north", "south"], 600)
    overrides = ["columns.drop=[region]", "report.groups=[region, Contract]"]
    folder = folder_of(write_config(telco), *small_run, *overrides)
    assert "region" not in {c.name for c in Predictor.load(folder / "model").schema.columns}
    found = pd.read_parquet(folder / "predictions.parquet")
    own = telco.set_index("customerID").loc[found["id"]]
    assert found["group region"].tolist() == own["region"].tolist()
    groups = json.loads((folder / "metrics.json").read_text())["groups"]
    assert list(groups) == ["group region", "group Contract"]
    assert sum(group["rows"] for group in groups["group region"]) == 120


def test_without_names_the_strongest_columns_are_segments(finished_run):
    strongest = json.loads((finished_run / "training.json").read_text())["strongest_columns"]
    groups = json.loads((finished_run / "metrics.json").read_text())["groups"]
    assert [name.removeprefix("group ") for name in groups] == list(strongest)[:3]


def test_an_unknown_segment_is_named(telco, write_config, small_run):
    with pytest.raises(DataError, match="no column 'Contrat': did you mean 'Contract'"):
        folder_of(write_config(telco), *small_run, "report.groups=[Contrat]")


def test_several_months_are_reported_on(draw_telco, write_config, small_run):
    telco = draw_telco(3000)
    telco["month"] = [f"2024-{1 + i % 6:02d}-01" for i in range(3000)]
    by_month = ("columns.date=month", "split.test=0.4")
    folder = folder_of(write_config(telco), *small_run, *by_month)
    months = json.loads((folder / "metrics.json").read_text())["groups"]["month"]
    assert [group["name"] for group in months] == ["2024-05", "2024-06"]
    assert sum(group["rows"] for group in months) == 1000
    assert [shown.name for shown in report_input(folder).breakdowns if shown.by_time] == ["month"]


EVERY = np.arange(100)


def one(values):
    return ModelColumns.of(pd.DataFrame({"x": values}))["x"]


@pytest.mark.parametrize(
    ("column", "row", "expected"),
    [
        (pd.Series(EVERY % 3), 4, "1"),
        (pd.Series(EVERY / 7), 99, "above 10.6"),
        (pd.Series(EVERY / 7), 0, "up to 3.54"),
        (pd.Series([f"{i / 7:.3f}" for i in EVERY]), 60, "7.07 to 10.6"),
        (pd.Series(["often"] * 80 + [f"word {i}" for i in range(20)]), 3, "often"),
        (pd.Series(["often"] * 80 + [f"word {i}" for i in range(20)]), 99, "other values"),
        (pd.Series(EVERY % 2 == 0), 3, "no"),
        (pd.Series(pd.to_datetime("2020-12-31") + pd.to_timedelta(EVERY, "D")), 50, "2021"),
        (pd.Series(100.0 + EVERY / 1e6), 0, "up to 100.00002"),
    ],
)
def test_values_fall_into_few_groups(column, row, expected):
    found = grouped(one(column), EVERY, np.array([row]))
    assert list(found) == [expected]


def test_missing_values_have_no_group():
    column = pd.Series(EVERY / 7).mask(EVERY == 5)
    assert grouped(one(column), EVERY, np.array([5])).codes.tolist() == [-1]


def test_groups_are_those_of_the_training_rows():
    column = pd.Series(np.r_[np.arange(100), np.full(100, 1e6)])
    low = grouped(one(column), EVERY, np.arange(100, 200))
    assert set(low) == {"above 74.2"}
