"""Comparisons: how runs are paired, numbers that can be recomputed, pages that stand alone."""

import re

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.evaluate import compare
from dbnchurn.evaluate.corrected_t import corrected_interval
from dbnchurn.evaluate.registry import COMPARED, METRICS
from dbnchurn.experiments.comparison import compare_runs, plain_rows
from dbnchurn.experiments.comparison_files import compare_folders, markdown, write_comparison
from dbnchurn.experiments.finished_runs import find_runs, grouped, read_run, scored
from dbnchurn.report.comparison_page import render_comparison
from tests.experiments.made_runs import THRESHOLD, make_run


def runs_of(*folders):
    return find_runs(folders)


def test_runs_of_one_name_are_told_apart_by_their_folders(tmp_path):
    one = make_run(tmp_path / "june" / "tv", settings={"a": 1})
    other = make_run(tmp_path / "july" / "tv", settings={"a": 2})
    assert [run.variant for run in runs_of(one, other)] == [str(one), str(other)]
    assert [run.variant for run in runs_of(one)] == ["tv"]


def test_runs_on_the_same_customers_are_compared_by_resampling_them(tmp_path):
    """One run each: the numbers are those of `evaluate.compare` on the stored predictions."""
    good = make_run(tmp_path / "good", skill=2.0, settings={"a": 1})
    poor = make_run(tmp_path / "poor", skill=0.5, settings={"a": 2})
    found = compare_runs(runs_of(good, poor), resamples=80, random_state=3)
    tables = [pd.read_parquet(folder / "predictions.parquet") for folder in (good, poor)]
    expected = compare(
        tables[0]["label"],
        {"poor": tables[1]["score"], "good": tables[0]["score"]},
        {"poor": THRESHOLD, "good": THRESHOLD},
        resamples=80,
        random_state=3,
    )
    assert "same 400 customers" in found.method
    for key in COMPARED:
        assert found.models[0].numbers[key] == pytest.approx(expected["good"][key])
        turned = found.models[1].difference[key]  # poor minus good, as compare's first minus other
        assert turned == pytest.approx(expected["good"]["difference"][key])
    assert found.standing(found.models[1]) == "worse than"
    assert found.verdict == "By average precision, poor is worse than good."


def test_seeds_on_the_same_customers_are_averaged(tmp_path):
    folders = [
        make_run(tmp_path / f"{name}{seed}", skill=skill, seed=seed, settings={"name": name})
        for name, skill in (("a", 1.5), ("b", 1.0))
        for seed in (0, 1, 2)
    ]
    found = compare_runs(runs_of(*folders), resamples=60)
    assert [model.name for model in found.models] == ["a0", "b0"]
    assert [model.runs for model in found.models] == [3, 3]
    values = [read_run(folder).metrics["test"]["roc_auc"]["value"] for folder in folders]
    assert found.models[0].numbers["roc_auc"]["value"] == pytest.approx(np.mean(values[:3]))
    gap = found.models[1].difference["roc_auc"]["value"]
    assert gap == pytest.approx(np.mean(values[3:]) - np.mean(values[:3]))
    assert "means over the seeds" in found.method


def test_folds_are_compared_within_each_fold(tmp_path):
    folders = [
        make_run(tmp_path / f"{name}{fold}", skill=skill, fold=fold, settings={"name": name})
        for name, skill in (("a", 2.0), ("b", 1.0))
        for fold in (1, 2, 3, 4)
    ]
    found = compare_runs(runs_of(*folders), metric="brier")
    values = np.array(
        [read_run(folder).metrics["test"]["brier"]["value"] for folder in folders]
    ).reshape(2, 4)
    share = 400 / 1600
    own = corrected_interval(values[1], share)
    gap = corrected_interval(values[1] - values[0], share)
    assert found.models[1].numbers["brier"] == pytest.approx(own.plain())
    assert found.models[1].difference["brier"] == pytest.approx(gap.plain())
    assert "each of 4 seeds and folds" in found.method
    assert [model.rank for model in found.models] == [1.0, 2.0]  # a lower Brier score is better
    assert found.standing(found.models[1]) == "worse than"


def test_intervals_over_folds_stay_where_numbers_can_be(tmp_path):
    folders = [
        make_run(tmp_path / f"{name}{fold}", skill=skill, fold=fold, settings={"name": name})
        for name, skill in (("a", 9.0), ("b", 1.0))
        for fold in (1, 2)
    ]
    for row in plain_rows(compare_runs(runs_of(*folders))):
        metric = METRICS[row["metric"]]
        assert metric.low <= row["low"] <= row["value"] <= row["high"] <= metric.high


def test_runs_that_share_nothing_stand_side_by_side(tmp_path):
    a = make_run(tmp_path / "a", who=1)
    b = make_run(tmp_path / "b", who=2, settings={"x": 1})
    found = compare_runs(runs_of(a, b))
    assert "no paired difference" in found.method
    assert found.models[1].difference is None
    assert found.verdict == "By average precision, b is not compared with a."
    own = read_run(a).metrics["test"]["f1"]
    assert found.models[0].numbers["f1"] == {k: own[k] for k in ("value", "low", "high")}


def test_a_model_that_lacks_a_fold_is_compared_on_those_it_has(tmp_path):
    folders = [
        make_run(tmp_path / f"{name}{fold}", fold=fold, skill=skill, settings={"name": name})
        for name, skill, folds in (("a", 2.0, (1, 2, 3)), ("b", 1.0, (1, 3)))
        for fold in folds
    ]
    found = compare_runs(runs_of(*folders))
    assert found.warnings == ["b1 has 2 of 3 runs; differences are over those that it shares."]
    a, b = (
        [read_run(tmp_path / f"{name}{fold}").metrics["test"]["f1"]["value"] for fold in (1, 3)]
        for name in "ab"
    )
    assert found.models[1].difference["f1"]["value"] == pytest.approx(np.mean(b) - np.mean(a))


def test_of_one_variant_the_baselines_are_compared(tmp_path):
    run = make_run(tmp_path / "run", skill=2.0, baselines={"xgboost": 1.9, "logistic": 0.2})
    found = compare_runs(runs_of(run))
    assert [model.name for model in found.models] == ["dbnchurn", "xgboost", "logistic"]
    assert found.models[2].seconds == 1.0
    measured = read_run(run).metrics["baselines"]["xgboost"]["roc_auc"]["value"]
    assert found.models[1].numbers["roc_auc"]["value"] == pytest.approx(measured)


def test_runs_of_the_same_settings_are_one_variant_unless_they_repeat_a_unit(tmp_path):
    same = [make_run(tmp_path / f"same{seed}", seed=seed) for seed in (0, 1)]
    other = make_run(tmp_path / "other", settings={"network": {"pretrain": False}})
    twice = make_run(tmp_path / "twice", seed=1)
    runs = grouped([read_run(folder) for folder in (*same, other, twice)])
    assert [run.variant for run in runs] == ["same0", "same0", "other", "twice"]
    assert len(scored(runs)) == 4
    found = compare_runs(runs)
    assert found.models[1].differs == {"classifier.network.pretrain": "false"}
    assert found.models[0].differs == {"classifier.network.pretrain": "true"}


def test_the_files_say_the_same_and_the_table_has_no_times(tmp_path):
    folders = [
        make_run(tmp_path / name, skill=skill, settings={"name": name})
        for name, skill in (("a", 2.0), ("b|c", 1.0))
    ]
    compare_folders(folders, tmp_path / "out", "roc_auc")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "compare.html", "comparison.csv", "comparison.md", "runs.csv",
    ]  # fmt: skip
    table = pd.read_csv(tmp_path / "out" / "comparison.csv")
    assert not [name for name in table if "second" in name]
    assert len(table) == 2 * len(COMPARED)
    value = table.set_index(["model", "metric"]).loc[("b|c", "roc_auc"), "value"]
    page = (tmp_path / "out" / "compare.html").read_text(encoding="utf-8")
    text = (tmp_path / "out" / "comparison.md").read_text(encoding="utf-8")
    assert f"{value:.3f}" in page
    assert f"{value:.3f}" in text
    assert "| b/c |" in text  # a bar would end the cell
    runs = pd.read_csv(tmp_path / "out" / "runs.csv")
    assert runs["seconds"].tolist() == [2.0, 2.0]
    assert runs.loc[1, "roc_auc"] == pytest.approx(value)


def test_the_page_stands_alone_and_its_pictures_have_words(tmp_path):
    folders = [
        make_run(tmp_path / f"{name}{fold}", fold=fold, settings={"name": name})
        for name in ("<b>", "other & more")
        for fold in (1, 2)
    ]
    comparison = compare_runs(runs_of(*folders), warnings=["x, seed 3 failed: no memory"])
    page = render_comparison(comparison)
    assert not re.search(r"https?://(?!www\.w3\.org/)", page)
    assert not re.search(r"<(script|link rel=.stylesheet|img)", page)
    assert page.count('role="img"') == page.count("<figcaption>") == 2
    assert len(re.findall(r'aria-label="[^"]{40,}"', page)) == 2
    assert "&lt;b&gt;1" in page
    assert "<b>1" not in page
    assert "x, seed 3 failed: no memory" in page
    assert "By average precision, other &amp; more1" in page
    assert len(page) < 200_000
    assert "classifier.name: &#34;&lt;b&gt;&#34;" in page
    one = make_run(tmp_path / "one", baselines={"xgboost": 1.0})
    alone = render_comparison(compare_runs(runs_of(one)))
    assert "No setting of the config: the models differ by their kind alone." in alone
    assert "x, seed 3 failed" in markdown(comparison)


def test_writing_again_replaces(tmp_path):
    one = compare_runs(runs_of(make_run(tmp_path / "a")))
    for _ in range(2):
        write_comparison(tmp_path / "out", one)
    assert "one model only" in (tmp_path / "out" / "comparison.md").read_text()
    assert len(list((tmp_path / "out").iterdir())) == 4


def test_what_cannot_be_compared_is_refused(tmp_path):
    run = make_run(tmp_path / "a")
    with pytest.raises(DataError, match=r"no finished run: it has no config\.yaml"):
        find_runs([tmp_path])
    with pytest.raises(ConfigError, match="did you mean 'f1'"):
        compare_folders([run], tmp_path / "out", "f11")
    with pytest.raises(ConfigError, match="holds a run"):
        compare_folders([run], run, "f1")
    with pytest.raises(DataError, match="two runs of seed 0, fold 1"):
        compare_runs([read_run(run, "x"), read_run(run, "x"), read_run(run, "y")])
    with pytest.raises(DataError, match="no finished run to compare"):
        compare_runs([])
    (run / "metrics.json").write_text("{")
    with pytest.raises(DataError, match="the run cannot be read"):
        read_run(run)
