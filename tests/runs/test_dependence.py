"""Partial dependence: the mean of scores of customers who were changed by hand."""

import numpy as np
import pytest

from dbnchurn import Predictor
from dbnchurn.report.driver_pictures import dependence_pictures
from dbnchurn.runs.dependence import CUSTOMERS, partial_dependences
from dbnchurn.tables.reading import read


@pytest.fixture(scope="module")
def found(fitted, draw_customers):
    X, _ = draw_customers(150, seed=11)
    table, _ = read(fitted.record_.schema, X)
    return X, partial_dependences(
        fitted.record_,
        table,
        ["debt", "plan", "since"],
        {"debt": "Debt"},
        table.take(np.array([7])),
    )


def test_it_is_the_mean_score_if_all_had_the_value(found, shared_model):
    X, curves = found
    predictor = Predictor.load(shared_model)
    assert len(X) <= CUSTOMERS
    assert [curve["label"] for curve in curves] == ["Debt", "plan", "since"]
    debt, plan, since = curves
    for place, mean in zip(debt["places"], debt["mean"], strict=True):
        assert predictor.predict_proba(X.assign(debt=place))[:, 1].mean() == pytest.approx(mean)
    for level, mean in zip(plan["values"], plan["mean"], strict=True):
        assert predictor.predict_proba(X.assign(plan=level))[:, 1].mean() == pytest.approx(mean)
    assert [float(value) for value in debt["values"]] == pytest.approx(debt["places"], rel=1e-5)
    assert debt["mean"][-1] > debt["mean"][0]  # debt drives churn
    assert all(value[:2] == "20" and len(value) == 10 for value in since["values"])


def test_one_customer_is_scored_with_the_same_values(found, shared_model):
    X, curves = found
    predictor, row = Predictor.load(shared_model), X.iloc[[7]]
    for curve in curves[:2]:
        told = predictor.what_if(row, {curve["column"]: curve["values"]})
        assert curve["customer"] == pytest.approx(told["probability"].tolist(), rel=1e-5)
        assert {curve["own"]} == set(told["now"])


def test_a_column_of_one_value_has_none(fitted, draw_customers):
    X, _ = draw_customers(50, seed=12)
    table, _ = read(fitted.record_.schema, X.assign(plan=None, debt=np.float64(3)))
    one = table.take(np.array([0]))
    assert partial_dependences(fitted.record_, table, ["debt", "plan"], {}, one) == []


@pytest.mark.usefixtures("empty_pictures")
def test_every_column_has_a_picture_in_words(found):
    pictures = dependence_pictures({"dependence": found[1]})
    assert [picture.title for picture in pictures] == [
        "The mean score by Debt", "The mean score by plan", "The mean score by since"
    ]  # fmt: skip
    assert dependence_pictures(None) == dependence_pictures({}) == []
