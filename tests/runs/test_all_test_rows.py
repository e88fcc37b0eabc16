"""Test rows of customers who were not drawn are counted with those who were."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dbnchurn.evaluate import evaluate
from dbnchurn.runs.all_test_rows import all_test_metrics, all_test_sentence, unseen_cutoffs
from dbnchurn.tables import Customers
from dbnchurn.tables.splitting import Split

HOW = {"resamples": 60, "random_state": 0}


def drawn_and_others(folder, n=3000):
    generator = np.random.default_rng(1)
    score = generator.beta(1, 9, n)
    label = (generator.random(n) < score).astype(np.int64)
    folder.mkdir()
    for number, rows in enumerate(np.array_split(np.arange(1000, n), 3)):
        table = pa.table({"id": rows, "label": label[rows], "score": score[rows]})
        pq.write_table(table, folder / f"part-{number}.parquet")
    frame = pd.DataFrame({"label": label[:1000], "score": score[:1000]})
    own = pd.DataFrame({"label": [1, 0], "score": [0.9, 0.1]})
    return pd.concat([frame.assign(part="test"), own.assign(part="validation")]), label, score


def test_metrics_of_drawn_and_others_are_those_of_all_test_rows(tmp_path):
    frame, label, score = drawn_and_others(tmp_path / "others")
    threshold = float(np.sort(score)[-200])
    found = all_test_metrics(frame, tmp_path / "others", threshold, **HOW)["all_test"]
    exact = evaluate(label, score, threshold, **HOW)
    assert (found["rows"], found["not_drawn"]) == (3000, 2000)
    assert found["churners"] == label.sum()
    for name in ("precision", "recall", "f1"):  # no bin has scores on both sides of the threshold
        assert found[name]["value"] == pytest.approx(exact[name]["value"], abs=1e-12)
    for name in ("average_precision", "roc_auc"):  # but for the order within bins of 0.05 %
        assert found[name]["value"] == pytest.approx(exact[name]["value"], abs=2e-3)
        assert found[name]["low"] < found[name]["value"] < found[name]["high"]
    assert "all 3000 rows of the test months, 2000 of them" in all_test_sentence(
        {"all_test": found}
    )
    drawn_alone = evaluate(frame["label"][:1000], frame["score"][:1000], threshold, **HOW)
    widths = [n["roc_auc"]["high"] - n["roc_auc"]["low"] for n in (found, drawn_alone)]
    assert widths[0] < widths[1]


def test_without_others_nothing_is_said_of_them(tmp_path):
    assert all_test_metrics(pd.DataFrame(), None, 0.5, **HOW) == {}
    assert all_test_metrics(pd.DataFrame(), tmp_path / "absent", 0.5, **HOW) == {}


def test_no_others_are_counted_where_a_cutoff_was_trained_and_tested(caplog):
    dates = np.repeat(np.array(["2024-06-01", "2024-07-01", "2024-08-01"], "datetime64[ns]"), 2)
    ids, X, y = np.arange(6), pd.DataFrame({"a": range(6)}), np.array([0, 1] * 3)
    table = Customers(ids, X, y, dates, pd.DataFrame())
    none = np.array([], int)
    later = Split(np.array([0, 1]), none, np.array([3, 4, 5]))
    assert unseen_cutoffs(table, later) == ["2024-07-01", "2024-08-01"]
    parts = Split(np.array([0, 1, 2]), none, np.array([3, 4, 5]))
    assert unseen_cutoffs(table, parts) == []
    undated = Customers(ids, X, y, None, pd.DataFrame())
    assert unseen_cutoffs(undated, parts) == []
    # Rows weighted by feedback are measured otherwise than the others could be.
    assert unseen_cutoffs(replace(table, sample_weight=np.ones(6)), later) == []
    assert "customers who were not drawn have no weight" in caplog.text
