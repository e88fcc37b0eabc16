"""The search: validation rows decide, test rows cannot, kills change nothing, the best one runs."""

import json

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.progress import watched
from dbnchurn.experiments.search import JOURNAL, falls_behind
from dbnchurn.experiments.tuning import tune
from dbnchurn.runs import read_config, train
from dbnchurn.runs.customers import load_customers
from dbnchurn.runs.training import divide

pytest.importorskip("optuna")

SPACE = """
tuning:
  trials: 6
  startup: 2
  space:
    classifier.network.dbn.layers: {choices: [[8], [8, 4]]}
    classifier.network.dbn.learning_rate: {low: 0.005, high: 0.1, log: true}
    classifier.network.finetune.epochs: {low: 1, high: 3}
    classifier.network.finetune.dropout: {low: 0.0, high: 0.4, step: 0.2}
"""


@pytest.fixture
def config_of(write_config, draw_telco, small_run):
    def read(*overrides: str, frame=None, more: str = SPACE):
        table = draw_telco() if frame is None else frame
        return read_config(write_config(table, more=more), [*small_run, *overrides])

    return read


def trials_of(found) -> pd.DataFrame:
    return pd.read_csv(found.folder / "trials.csv").drop(columns="seconds")


def test_files_that_a_stop_took_are_written_by_the_next_call(config_of, tmp_path):
    config = config_of(f"output={tmp_path / 'out'}", "tuning.trials=1")
    folder = tune(config, "x").folder
    files = {name: (folder / name).read_bytes() for name in ("best.yaml", "trials.csv")}
    for name in files:
        (folder / name).unlink()
    tune(config, "x")
    assert {name: (folder / name).read_bytes() for name in files} == files


def test_a_trial_that_was_killed_before_its_value_was_written_is_tried_again(config_of, tmp_path):
    config = config_of(f"output={tmp_path / 'out'}", "tuning.trials=1")
    whole = tune(config, "x")
    journal = whole.folder / JOURNAL
    content = journal.read_text().splitlines(keepends=True)
    assert '"values"' in content[-1], "the last line is not that with the value of the trial"
    journal.write_text("".join(content[:-1]))
    assert (again := tune(config, "x")).finished == 1
    assert (again.value, again.settings) == (whole.value, whole.settings)


def test_a_search_that_was_stopped_tries_the_same_as_one_that_was_not(config_of, tmp_path):
    whole = tune(config_of(f"output={tmp_path / 'whole'}"), "x")
    parts = f"output={tmp_path / 'parts'}"
    assert tune(config_of(parts, "tuning.trials=3"), "x").finished == 3
    journal = tmp_path / "parts" / "x-tuning" / JOURNAL
    # As a kill leaves it: a trial under way, a lock, half a line.
    lines = journal.read_text().splitlines()
    starts = [line for line in lines if '"op_code":4' in line]
    assert starts, "the journal has no line that opens a trial"
    with journal.open("a") as file:
        file.write(starts[-1] + "\n" + '{"op_code":5,"wor')
    (journal.parent / f"{JOURNAL}.lock").symlink_to(journal)
    resumed = tune(config_of(parts), "x")
    assert (resumed.finished, resumed.value) == (6, whole.value)
    pd.testing.assert_frame_equal(trials_of(resumed), trials_of(whole))
    assert resumed.settings == whole.settings


BY_WORTH = (
    "campaign.costs={tp_cost: 2, fp_cost: 2, fn_cost: MonthlyCharges}",
    "columns.drop=[TotalCharges]",
    "report.groups=[TotalCharges]",
    "classifier.threshold.rule=profit",
)


@pytest.mark.parametrize("changes", [(), BY_WORTH], ids=["plain", "by worth"])
def test_the_best_config_runs_and_is_the_best_trial(config_of, changes):
    """What is no feature of the run, such as costs, is none of the trials either."""
    found = tune(config_of("tuning.trials=4", *changes), "x")
    trials = trials_of(found)
    assert found.value == pytest.approx(trials["value"].max())
    best = trials.loc[trials["value"].idxmax()]
    ready = read_config(found.folder / "best.yaml")
    assert ready.tuning is None
    assert ready.classifier.network.finetune.epochs == best["classifier.network.finetune.epochs"]
    assert list(ready.classifier.network.dbn.layers) == json.loads(
        best["classifier.network.dbn.layers"]
    )
    run = train(read_config(found.folder / "best.yaml"), "best")
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["validation"]["average_precision"]["value"] == pytest.approx(found.value)
    assert "next: dbnchurn train" in found.to_text()


def test_test_rows_change_nothing(config_of, draw_telco, tmp_path):
    """Numbers of the test part spoilt: the same trials, value by value."""
    telco = draw_telco()
    config = config_of()
    table = load_customers(config)
    tested = table.ids[divide(table, config).test]
    clean = tune(config_of("tuning.trials=3", f"output={tmp_path / 'clean'}"), "x")
    rows = telco.index[telco["customerID"].isin(tested)]
    # Labels stay: the division is stratified by them.
    turned = telco.copy()
    turned.loc[rows, "tenure"] = 71 - telco.loc[rows, "tenure"]
    turned.loc[rows, "MonthlyCharges"] = 999.0
    spoilt = tune(config_of("tuning.trials=3", f"output={tmp_path / 'spoilt'}", frame=turned), "x")
    pd.testing.assert_frame_equal(trials_of(spoilt), trials_of(clean))


def test_trials_that_fall_behind_are_cut_short(config_of):
    """As strict as can be: a trial that is not the best so far by its curve is cut short."""
    space = (
        "tuning: {trials: 8, startup: 2, space: {classifier.network.finetune.learning_rate: "
        "{low: 0.00001, high: 0.01, log: true}}}\n"
    )
    found = tune(config_of(more=space), "x", worst={"finetune": 0.0, "rbm": 1.0})
    trials = trials_of(found)
    cut = trials["ended"].str.startswith("cut short: finetune, epoch")
    assert 0 < found.cut_short == cut.sum() < 8
    assert trials.loc[cut, "value"].isna().all()
    assert not cut[:2].any()
    assert trials.loc[~cut, "value"].notna().all()
    assert found.value == trials["value"].max()


def test_what_falls_behind_is_larger_than_enough_others():
    assert falls_behind(0.3, [0.1, 0.2], share=0.9, startup=2)
    assert falls_behind(float("nan"), [0.1, 0.2], share=0.9, startup=2)
    assert not falls_behind(0.15, [0.1, 0.2], share=0.5, startup=2)
    assert not falls_behind(9.0, [0.1], share=0.5, startup=2)


def test_settings_that_cannot_be_fitted_fail_and_the_search_goes_on(config_of):
    space = (
        "tuning: {trials: 4, startup: 4, space: {classifier.network.dbn.epochs: "
        "{choices: [1, [1, 1, 1]]}}}\n"
    )
    found = tune(config_of(more=space), "x")
    ended = trials_of(found)["ended"]
    assert found.failed == ended.str.contains("epochs has 3 values for 2 layers").sum() > 0
    assert found.finished == 4
    hopeless = space.replace("[1, [1, 1, 1]]", "[[2, 2, 2], [1, 1, 1]]")
    with pytest.raises(
        ConfigError, match="no trial of 4 gave a model; the last failed: network: epochs"
    ):
        tune(config_of(more=hopeless), "hopeless")


def test_a_budget_in_minutes_ends_a_call_after_at_least_one_trial(config_of):
    config = config_of("tuning.trials=null", "tuning.minutes=0.0001")
    assert tune(config, "x").finished == 1
    assert tune(config, "x").finished == 2


@pytest.mark.parametrize(
    "change", ["seed=1", "classifier.restraint=3.0", "tuning.startup=4", "tuning.metric=roc_auc"]
)
def test_a_journal_of_something_else_is_refused(config_of, change):
    tune(config_of("tuning.trials=1"), "x")
    with pytest.raises(ConfigError, match="holds a search of another config or other data"):
        tune(config_of("tuning.trials=1", change), "x")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("", "no section 'tuning'"),
        (
            SPACE.replace("classifier.network.dbn.layers", "split.validation"),
            "only settings of the class",
        ),
        (SPACE.replace("trials: 6", "trials: null"), "tuning needs a budget"),
        (SPACE.replace("low: 1, high: 3", "low: 3, high: 1"), "'low' should be below 'high'"),
        (SPACE.replace("low: 0.005", "low: 0.0"), "with 'log', 'low' has to be above 0"),
        (SPACE.replace("[[8], [8, 4]]", "[8]"), "at least 2 values"),
        (SPACE.replace("choices: [[8], [8, 4]]", "log: true"), "give either 'low' and 'high'"),
    ],
)
def test_searches_that_make_no_sense_are_refused(config_of, more, message):
    with pytest.raises(ConfigError, match=message):
        tune(config_of(more=more), "x")


def test_without_the_extra_it_is_told(config_of, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'dbnchurn\[tune\]'"):
        tune(config_of(), "x")


def test_every_epoch_of_every_curve_can_be_watched(small, customers):
    seen = []
    X, y = customers
    with watched(lambda curve, record: seen.append((curve, record["epoch"]))):
        model = small().fit(X[:400], y[:400], X_val=X[400:], y_val=y[400:])
    assert set(seen) == {
        ("network rbm 1", 1.0), ("network rbm 2", 1.0),
        ("network finetune", 1.0), ("network finetune", 2.0),
        ("companion finetune", 1.0), ("companion finetune", 2.0),
    }  # fmt: skip
    seen.clear()
    again = small().fit(X[:400], y[:400], X_val=X[400:], y_val=y[400:])
    assert seen == []
    np.testing.assert_array_equal(model.predict_proba(X), again.predict_proba(X))
