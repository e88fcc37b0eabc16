"""A campaign in the month of the labels: train, report, card and evaluate take it into account."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dbnchurn.campaign.feedback import FeedbackSection
from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.runs import read_config, train
from dbnchurn.runs.backtest import backtest
from dbnchurn.runs.customers import load_customers
from dbnchurn.runs.feedback import FITTED, TESTED, outcome_windows, with_feedback
from dbnchurn.runs.protocol import division
from dbnchurn.runs.recompute import recompute
from tests.conftest import SMALL_RUN, make_customers

N = 4_000


@pytest.fixture(scope="module")
def month(tmp_path_factory):
    """A campaign that keeps 60 % of the leavers among all but a fifth of the customers."""
    folder = tmp_path_factory.mktemp("feedback")
    X, never = make_customers(N)
    generator = np.random.default_rng(1)
    control = np.arange(N) % 5 == 0
    left = never * (control | (generator.random(N) > 0.6))
    ids = [f"c{i}" for i in range(N)]
    X.assign(id=ids, churned=left).to_csv(folder / "march.csv", index=False)
    log = pd.DataFrame(
        {
            "customer": ids,
            "campaign": "spring",
            "offer": "discount",
            "channel": "mail",
            "arm": np.where(control, "control", "contact"),
            "propensity": np.where(control, 0.2, 0.8),
            "contact_date": "2026-03-02",
        }
    )
    log.to_csv(folder / "log.csv", index=False)
    log[~control].to_csv(folder / "no_control.csv", index=False)
    return folder, never, left


def config_of(folder: Path, output: Path, *overrides: str):
    path = output / "run.yaml"
    path.write_text(
        f"source: {{path: {folder / 'march.csv'}}}\ncolumns: {{label: churned, id: id}}\n"
        f"feedback: {{log: {folder / 'log.csv'}, since: 2026-03-01, days: 31}}\n"
    )
    return read_config(path, [*SMALL_RUN, f"output={output / 'runs'}", *overrides])


def test_training_rows_get_the_rate_without_contacts(month, tmp_path):
    folder, never, left = month
    config = config_of(folder, tmp_path)
    table = load_customers(config)
    parts = division(table, config.split, config.seed)
    weighted, done = with_feedback(config, table, parts)
    for part in (parts.train, parts.validation, parts.test):
        rate = np.average(weighted.y[part], weights=weighted.sample_weight[part])
        assert abs(rate - never[part].mean()) < 0.5 * (never[part].mean() - left[part].mean())
    assert set(done) == {FITTED, TESTED}
    assert table.sample_weight is None
    assert any("lowered the rate" in note for note in weighted.notes)


def test_labels_of_test_rows_do_not_change_what_is_learned(month, tmp_path):
    folder, _, _ = month
    config = config_of(folder, tmp_path)
    table = load_customers(config)
    parts = division(table, config.split, config.seed)
    learned = np.concatenate([parts.train, parts.validation])
    before = with_feedback(config, table, parts)[0].sample_weight[learned]
    table.y[parts.test] = 1 - table.y[parts.test]
    after = with_feedback(config, table, parts)[0].sample_weight[learned]
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(
    "further",
    [
        (),
        pytest.param(
            ("baselines=[xgboost, logistic regression]", "report.page=true"), marks=pytest.mark.long
        ),
    ],
)
def test_a_run_says_what_was_done_and_its_numbers_can_be_made_again(month, tmp_path, further):
    folder, never, left = month
    run = train(config_of(folder, tmp_path, *further), "spring")
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["test"]["base_rate"] > left.mean() + 0.3 * (never.mean() - left.mean())
    facts = json.loads((run / "training.json").read_text())["feedback"]
    assert facts[FITTED]["counts"]["contacted"] > 0
    pages = [run / "model" / "card.md", *([run / "report.html"] if further else [])]
    assert all("lowered the rate of leaving" in page.read_text() for page in pages)
    assert "weight" in pd.read_parquet(run / "predictions.parquet")
    assert recompute(run).same
    section = FeedbackSection(log=str(folder / "log.csv"), since="2026-03-01", days=31)
    with_log = backtest(run / "model", folder / "march.csv", feedback=section, resamples=50)
    without = backtest(run / "model", folder / "march.csv", resamples=50)
    rate = never.mean()
    assert abs(with_log.measured["base_rate"] - rate) < abs(without.measured["base_rate"] - rate)
    assert "Feedback: campaign 'spring'" in with_log.to_text()
    with pytest.raises(ConfigError, match="--since"):
        backtest(run / "model", folder / "march.csv", feedback=FeedbackSection(log="log.csv"))


@pytest.mark.parametrize(
    ("override", "error", "told"),
    [
        ("feedback.days=null", ConfigError, "give feedback.days"),
        ("feedback.since=null", ConfigError, "give feedback.since"),
        ("columns.id=null", ConfigError, "name the column in columns.id"),
        ("feedback.log=FOLDER/no_control.csv", DataError, "has no control group"),
    ],
)
def test_what_cannot_be_known_is_asked(month, tmp_path, override, error, told):
    folder, _, _ = month
    config = config_of(folder, tmp_path, override.replace("FOLDER", str(folder)))
    table = load_customers(config)
    with pytest.raises(error, match=told):
        with_feedback(config, table, division(table, config.split, config.seed))


def test_dates_of_rows_are_their_windows(month, tmp_path):
    folder, _, _ = month
    config = config_of(folder, tmp_path, "feedback.since=null")
    table = load_customers(config)
    dated = type(table)(
        table.ids, table.X, table.y, np.full(N, np.datetime64("2026-03-01", "ns")),
        table.quarantine, "id",
    )  # fmt: skip
    opens, closes = outcome_windows(config, dated, config.feedback)
    assert ((closes - opens) == np.timedelta64(31, "D")).all()
