"""The predictor gives the trained model's probabilities, whatever the company of a row."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from dbnchurn import Predictor
from dbnchurn.core.errors import DataError


@pytest.fixture
def predictor(model) -> Predictor:
    return Predictor.load(model)


@pytest.mark.parametrize(
    "changes",
    [{}, {"use_leaves": False}, {"pretrain": False}, {"use_companion": False}],
    ids=["whole", "no leaves", "no pretraining", "no companion"],
)
def test_stored_and_trained_models_agree(small, customers, draw_customers, tmp_path, changes):
    classifier = small(**changes).fit(*customers)
    classifier.save(tmp_path / "model")
    predictor = Predictor.load(tmp_path / "model")
    X, _ = draw_customers(300, seed=9)
    np.testing.assert_allclose(
        predictor.predict_proba(X), classifier.predict_proba(X), rtol=0, atol=1e-12
    )
    np.testing.assert_array_equal(predictor.predict(X), classifier.predict(X))
    assert predictor.threshold == classifier.threshold_
    assert [column.name for column in predictor.schema.columns] == list(X)


@pytest.mark.parametrize(
    "labels", [[0, 1], [False, True], [0.0, 1.0], ["no", "yes"], [3, -2], ["0", "1"]]
)
def test_labels_come_back_as_they_were(small, customers, tmp_path, labels):
    X, y = customers
    classifier = small().fit(X, np.array(labels)[y])
    classifier.save(tmp_path / "model")
    predictor = Predictor.load(tmp_path / "model")
    assert predictor.classes_.tolist() == classifier.classes_.tolist() == sorted(labels)
    assert predictor.classes_.dtype.kind == np.array(labels).dtype.kind
    np.testing.assert_array_equal(predictor.predict(X), classifier.predict(X))


def test_a_row_alone_is_scored_as_in_a_batch(predictor, customers):
    X, _ = customers
    whole = predictor.predict_proba(X)
    np.testing.assert_allclose(whole.sum(axis=1), 1, rtol=1e-15)
    for row in range(0, 600, 60):
        alone = predictor.predict_proba(X.iloc[[row]])
        np.testing.assert_allclose(alone[0], whole[row], rtol=0, atol=1e-12)


def test_columns_are_found_by_name(predictor, customers, respelled):
    X, _ = customers
    expected = predictor.predict_proba(X)
    np.testing.assert_array_equal(predictor.predict_proba(respelled(X)), expected)


def test_a_category_that_training_never_saw_is_no_evidence(predictor, customers, caplog):
    X, _ = customers
    with caplog.at_level(logging.WARNING):
        new = predictor.predict_proba(X.assign(plan="quantum"))
    assert "no training row has, rows per column: 'plan: 600'" in caplog.text
    caplog.clear()
    np.testing.assert_array_equal(new, predictor.predict_proba(X.assign(plan=None)))
    assert not caplog.text


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda X: X.drop(columns=["debt", "tv"]), "lacks 2 of 5 columns: 'debt', 'tv'; it has"),
        (
            lambda X: X.astype({"debt": str}).assign(debt="much"),
            r"'debt' \(number\), row 0: 'much'",
        ),
        (lambda X: X.assign(debt=X["debt"].where(X.index != 7, np.inf)), "row 7: inf is infinite"),
        (lambda X: X.assign(tv="perhaps"), r"'tv' \(flag\), row 0: 'perhaps'"),
        (lambda X: X.assign(since=7), "'since' has to hold dates, it holds numbers"),
        (lambda X: X.assign(debt=X["since"]), "'debt' has to hold numbers, it holds dates"),
        (lambda X: X.rename(columns={"debt": "tv"}), "repeats the columns 'tv'"),
        (lambda X: np.zeros((3, 5)), "lacks 5 of 5 columns"),
        (lambda X: [1, 2, 3], "expected a table of customers, found list"),
    ],
)
def test_tables_that_changed_are_refused(predictor, customers, spoil, message):
    with pytest.raises(DataError, match=message):
        predictor.predict_proba(spoil(customers[0]))


def test_no_customers_get_no_scores(predictor, customers):
    assert predictor.predict_proba(customers[0].iloc[:0]).shape == (0, 2)
    assert predictor.predict(customers[0].iloc[:0]).shape == (0,)


def test_missing_values_and_outliers_of_any_size_are_scored(predictor, customers):
    X, _ = customers
    empty = pd.DataFrame({name: [None] for name in X})
    far = X.head(2).assign(debt=[1e300, -1e300])
    for table in (empty, far):
        scores = predictor.predict_proba(table)
        assert np.isfinite(scores).all()
        assert ((scores > 0) & (scores < 1)).all()


def test_frames_are_not_changed(predictor, customers):
    X, _ = customers
    before = X.copy()
    predictor.predict_proba(X)
    pd.testing.assert_frame_equal(X, before)


def test_one_predictor_serves_many_threads(model, customers):
    """Nothing is built or kept between calls that another call could see half-done."""
    X, _ = customers
    expected = Predictor.load(model).predict_proba(X)
    pieces = [X.iloc[start : start + 37] for start in range(0, 600, 37)] * 3
    for _ in range(3):
        fresh = Predictor.load(model)  # so that the first calls of all come together
        together = threading.Barrier(8)

        def work(piece: pd.DataFrame, fresh=fresh) -> np.ndarray:
            return fresh.predict_proba(piece)

        with ThreadPoolExecutor(8, initializer=together.wait) as pool:
            found = np.concatenate(list(pool.map(work, pieces)))
        np.testing.assert_allclose(found, np.tile(expected, (3, 1)), rtol=0, atol=1e-12)


def test_ids_that_lost_their_zeros_are_said(model, customers, caplog):
    X = customers[0].head(100)
    about = {"id": "customer", "ids": {"ids": 100, "padded": 60, "shortest": 6, "longest": 6}}
    fitted = Predictor.load(model)
    predictor = Predictor(fitted._model, about)
    ids = [f"{k:06d}" for k in range(100, 200)]
    for lost, said in ((0, ""), (100, "no id begins with a zero"), (40, "40 of 100 ids have")):
        caplog.clear()
        predictor.score(X.assign(customer=[*map(str, range(100, 100 + lost)), *ids[lost:]]))
        assert ("the zeros were lost" in caplog.text) == bool(said)
        assert said in caplog.text
    caplog.clear()
    predictor.score(X)  # numbered
    predictor.score(X.assign(other=range(100)), id="other")
    assert "zeros" not in caplog.text
