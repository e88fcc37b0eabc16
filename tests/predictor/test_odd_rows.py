"""Odd rows are counted, named and added up; a model without a machine says how to get one."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest

from dbnchurn import Predictor
from dbnchurn.core.errors import ArtifactError, ConfigError
from dbnchurn.predictor.artifact import load, save
from dbnchurn.predictor.audit import audit_model
from dbnchurn.predictor.odd_rows import FEWEST, MANY, OddRows, column_texts, count_odd


@pytest.fixture
def knowing(thorough, tmp_path) -> Predictor:
    """A predictor with a machine, from a stored model."""
    thorough.save(tmp_path / "model")
    return Predictor.load(tmp_path / "model")


def test_a_model_without_a_machine_says_how_to_get_one(predictor, customers):
    assert predictor.plausibility is None
    assert predictor.examine(customers[0]).odd is None
    for ask in (predictor.examine, predictor.score):
        with pytest.raises(ConfigError, match=r"classifier\.use_plausibility=true"):
            ask(customers[0], plausibility=True)


def test_scores_are_the_same_with_and_without(knowing, draw_many):
    X, _ = draw_many(100, 3)
    plain, more = knowing.score(X), knowing.score(X, plausibility=True)
    assert list(more) == [*plain, "plausibility", "odd_columns"]
    assert more[list(plain)].equals(plain)
    assert more["plausibility"].between(1, knowing.plausibility.most).all()
    assert "plausibility" not in plain.attrs
    assert more.attrs["plausibility"]["rows"] == 100


def test_counts_of_parts_add_up(knowing, draw_many):
    X, _ = draw_many(300, 3)
    X["debt"] = X["debt"] * 1000
    whole = knowing.examine(X, plausibility=True)
    parts = [knowing.examine(X.iloc[i : i + 100], plausibility=True) for i in (0, 100, 200)]
    assert sum((part.odd for part in parts), OddRows()) == whole.odd
    frames = np.concatenate([part.frame["plausibility"] for part in parts])
    np.testing.assert_allclose(frames, whole.frame["plausibility"], rtol=1e-5)


def test_a_column_in_another_unit_is_named(knowing, draw_many, caplog):
    X, _ = draw_many(400, 3)
    X["debt"], X["age"] = X["debt"] * 1000, X["age"] * 1000
    with caplog.at_level(logging.WARNING):
        found = knowing.score(X, plausibility=True)
    named = found["odd_columns"].dropna()
    assert named.str.contains("debt|age").mean() > 0.9
    if found.attrs["plausibility"]["many"]:
        assert "rows are odder than 1 in 1,000 customers" in caplog.text


def test_named_columns_are_those_of_odd_rows_alone():
    columns = np.array([[0, 2, -1], [1, -1, -1], [-1, -1, -1]])
    found = count_odd(["a", "b", "c"], np.array([2000.0, 150.0, 3.0]), columns)
    assert found == OddRows(3, 1, {"a": 1, "c": 1})
    assert column_texts(["a", "b", "c"], columns).tolist() == ["a; c", "b", None]


def test_many_is_a_multiple_of_the_expected_and_more_than_a_few():
    assert not OddRows(10, FEWEST - 1).many
    assert OddRows(10, FEWEST).many
    expected = 100_000 / 1000
    assert not OddRows(100_000, int(MANY * expected) - 1).many
    assert OddRows(100_000, int(MANY * expected)).many
    assert not OddRows().many
    assert OddRows().line().startswith("0 of 0 rows")


def test_a_machine_survives_the_artifact(thorough, tmp_path, draw_many):
    save(thorough.record_, tmp_path / "m", card="# m")
    again, _ = load(tmp_path / "m")
    X, _ = draw_many(50, 9)
    ours, theirs = Predictor(thorough.record_, {}), Predictor(again, {})
    one, two = (p.examine(X, plausibility=True).frame for p in (ours, theirs))
    assert one.equals(two)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            lambda r: {"low": r.low[1:], "high": r.high[1:]},
            "another number of numbers",
        ),
        (lambda r: {"sizes": r.sizes[:-1]}, "another number of categories"),
        (lambda r: {"level_bins": r.level_bins[1:]}, "other levels"),
        (lambda r: {"level_bins": r.level_bins + np.int32(99)}, "a bin that does not exist"),
    ],
)
def test_a_machine_of_another_table_is_refused(thorough, fields, message):
    record = thorough.record_.plausibility
    model = replace(thorough.record_, plausibility=replace(record, **fields(record)))
    with pytest.raises(ArtifactError, match=message):
        audit_model(model)
