"""The registry: a new metric is one row, and all that shows or compares metrics covers the rows."""

import json
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest

from dbnchurn.config import json_schema
from dbnchurn.data.simulate.truth import Attainable
from dbnchurn.evaluate import Offer, Ranking, compare, evaluate
from dbnchurn.evaluate.registry import (
    COMPARED,
    METRICS,
    PRIMARY,
    PRINTED,
    MetricInput,
    MetricTable,
    columns,
    compute,
)
from dbnchurn.experiments.comparison import compare_runs, plain_rows
from dbnchurn.experiments.finished_runs import find_runs
from dbnchurn.report.page import FURTHER, render
from dbnchurn.report.report_input import PartSummary, ReportInput
from dbnchurn.report.verdict import headlines
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.sections import MetricName, PublishedFigures
from tests.experiments.made_runs import make_run


@pytest.fixture(scope="module")
def rows():
    generator = np.random.default_rng(0)
    p = generator.beta(1, 9, 600)
    return (generator.random(600) < p).astype(int), p


def test_names_are_keys_and_labels_differ():
    assert all(name == metric.name for name, metric in METRICS.items())
    assert len({metric.label for metric in METRICS.values()}) == len(METRICS)
    assert PRIMARY in COMPARED
    assert set(PRINTED) <= set(METRICS)


def test_metrics_json_has_every_metric_and_nothing_else_with_an_interval(rows):
    found = evaluate(*rows, 0.2, budget=50, offer=Offer(), resamples=3)
    intervals = [key for key, v in found.items() if isinstance(v, dict) and "low" in v]
    assert intervals == list(METRICS)


def test_a_metric_that_lacks_what_it_needs_is_left_out(rows):
    ranking = Ranking.of(*rows)
    plain = {name for name, metric in METRICS.items() if metric.needs is None}
    assert set(compute(MetricInput(ranking, 0.2))) == plain
    lacking = set(METRICS) - set(
        compute(MetricInput(ranking, 0.2, contact_share=0.1, offer=Offer()))
    )
    assert lacking == {name for name, metric in METRICS.items() if metric.needs == "gain"}


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("better", [0, 1], ids=["good", "poor"])
def test_values_lie_within_the_bounds(rows, name, better):
    y, p = rows
    scores = (p, 1 - p)[better]
    ranking = Ranking.of(y, scores, gain=Offer().gain(y))
    scored = MetricInput(ranking, 0.2, contact_share=0.1, offer=Offer())
    assert METRICS[name].low <= METRICS[name].compute(scored) <= METRICS[name].high


@pytest.mark.parametrize("name", [m for m in METRICS if METRICS[m].needs is None])
def test_the_direction_is_that_of_perfect_scores(rows, name):
    y, _ = rows
    perfect, reversed_ = (
        METRICS[name].compute(MetricInput(Ranking.of(y, s.astype(float)), 0.5)) for s in (y, 1 - y)
    )
    if name == "calibration_in_the_large":
        assert perfect == pytest.approx(0)  # has no direction: 0 is best
    else:
        assert (perfect > reversed_) == METRICS[name].higher_is_better


def test_wider_tables_have_all_columns_of_narrower_ones():
    tables = [set(columns(table)) for table in sorted(MetricTable)]
    assert all(narrow < wide for narrow, wide in pairwise(tables))
    assert tables[-1] == set(COMPARED)


def test_the_report_shows_every_metric_as_headline_or_among_the_further_numbers(rows):
    y, p = rows
    metrics = compare(y, {"dbn": p}, {"dbn": 0.2}, budget=50, offer=Offer(), resamples=3)
    parts = [PartSummary("test", len(y), y.mean())]
    run = ReportInput("demo", y, {"dbn": p}, metrics, "fixed", parts)
    shown = [headline.name for headline in headlines(run)] + list(FURTHER.values())
    assert sorted(shown) == sorted(
        metric.label if metric.headline else metric.long_label or metric.label
        for metric in METRICS.values()
    )
    page = render(run)
    assert all(label.split(" (")[0] in page for label in shown)


def test_comparisons_and_configs_offer_the_same_metrics(tmp_path):
    assert get_args(MetricName) == tuple(COMPARED)
    schema = json.dumps(json_schema(RunConfig))
    assert json.dumps(list(COMPARED)) in schema
    runs = find_runs([make_run(tmp_path / "a"), make_run(tmp_path / "b", settings={"x": 1})])
    for name in COMPARED:
        assert compare_runs(runs, metric=name, resamples=3).metric == name
    compared = plain_rows(compare_runs(runs, resamples=3))
    assert list(dict.fromkeys(row["metric"] for row in compared)) == list(COMPARED)


def test_published_and_attainable_figures_are_metrics():
    assert set(PublishedFigures.model_fields) == {*PRINTED, "base_rate"}
    assert set(Attainable.__annotations__) - {"base_rate"} <= set(METRICS)
