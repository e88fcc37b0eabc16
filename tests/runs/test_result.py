"""Results in memory: each feature's strength is measured once, on training rows alone."""

from dataclasses import FrozenInstanceError

import pandas as pd
import pytest

from dbnchurn.data.leakage import column_auc
from dbnchurn.runs.result import MODEL, Findings
from dbnchurn.tables.model_columns import ModelColumns
from tests.runs.made_results import make_result


def test_strengths_are_of_the_training_rows_and_the_best_is_first(fitted, customers):
    X, y = customers
    result = make_result(fitted, X, y)
    train = result.parts.train
    columns = ModelColumns.of(X).take(train)
    aucs = {column.name: column_auc(column, y[train]) for column in columns}
    assert result.strength == aucs
    assert list(result.strength.values()) == sorted(aucs.values(), reverse=True)
    assert next(iter(result.strength)) == "debt"


def test_outcomes_of_validation_and_test_rows_change_no_strength(fitted, customers):
    X, y = customers
    reversed_later = y.copy()
    reversed_later[-180:] = 1 - y[-180:]
    assert make_result(fitted, X, reversed_later).strength == make_result(fitted, X, y).strength


def test_strengths_are_computed_once(fitted, customers):
    result = make_result(fitted, *customers)
    assert result.strength is result.strength


def test_the_scores_are_of_validation_and_test_rows(fitted, customers):
    result = make_result(fitted, *customers)
    assert {part: len(scores) for part, scores in result.scores[MODEL].items()} == {
        "validation": 80,
        "test": 100,
    }


def test_findings_cannot_be_replaced():
    findings = Findings(pd.DataFrame(), {}, {})
    with pytest.raises(FrozenInstanceError, match="metrics"):
        findings.metrics = {"roc_auc": 1.0}
