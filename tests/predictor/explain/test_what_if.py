"""What if one column had another value: the score of a row changed by hand, and refusals."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn import Predictor
from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.predictor.explain.what_if import settings_of, value_text


@pytest.fixture(scope="module")
def predictor(shared_model):
    return Predictor.load(shared_model)


@pytest.fixture(scope="module")
def row(draw_customers):
    return draw_customers(20, seed=21)[0].iloc[[3]]


def changed(row, column, value):
    """The row with the value as a table would have it."""
    if column == "since":
        value = pd.Timestamp(value)
    return row.assign(**{column: float(value) if column == "debt" else value})


def test_every_number_is_the_score_of_the_row_with_that_value(predictor, row):
    told = predictor.what_if(row, {"plan": [], "debt": [], "since": []})
    now = predictor.predict_proba(row)[0, 1]
    assert set(told["column"]) == {"plan", "debt", "since"}
    np.testing.assert_allclose(told["probability_now"], now, rtol=1e-12)
    for one in told.itertuples():
        alone = predictor.predict_proba(changed(row, one.column, one.value))[0, 1]
        assert one.probability == pytest.approx(alone, rel=1e-4)  # values as text have six digits
        assert one.change == pytest.approx(one.probability - now)
    own = told[told["value"] == told["now"]]
    np.testing.assert_allclose(own["change"], 0, atol=1e-6)
    debts = told.query("column == 'debt'")["value"].astype(float)
    assert debts.is_monotonic_increasing
    assert 1 < len(debts) <= 8


def test_without_columns_those_of_the_leading_reasons_are_changed(predictor, row):
    reasons = predictor.reasons(row, 3).iloc[0]
    told = predictor.what_if(row)
    assert list(dict.fromkeys(told["column"])) == [reasons[f"column_{k}"] for k in (1, 2, 3)]


def test_what_training_never_had_is_refused_with_what_is_allowed(predictor, row):
    levels = next(c.levels for c in predictor.schema.used if c.name == "plan")
    for wanted, match in (
        ({"plan": ["no such"]}, f"training had no such value.*{levels[0]}"),
        ({"debt": ["much"]}, "debt=much cannot be read; write 12.5"),
        ({"debt": ["12,5"]}, "debt=12,5 cannot be read; write 12.5"),
        ({"debt": 1e9}, "training had numbers from"),
        ({"since": ["01.05.2021"]}, "since=01.05.2021 cannot be read; write a day such as"),
        ({"since": "2021"}, "since=2021 cannot be read"),
        ({"debt": [1e9]}, "training had numbers from"),
        ({"debt": ["nan"]}, "debt=nan cannot be read"),
        ({"since": ["1850-01-01"]}, "training had dates from"),
        ({"dept": [3]}, "did you mean 'debt'"),
    ):
        with pytest.raises(ConfigError, match=match):
            predictor.what_if(row, wanted)
    with pytest.raises(DataError, match="of one customer, got 2 rows"):
        predictor.what_if(pd.concat([row, row]), {"debt": []})


def test_a_value_is_what_a_table_would_say(predictor, fitted):
    (setting,) = settings_of(fitted.record_, {"debt": ["12.50"]})
    assert (setting.value, value_text(setting.column, setting.value)) == (12.5, "12.5")
    assert value_text(setting.column, np.nan) == "not known"
    assert settings_of(fitted.record_, {"debt": 12.5})[0].value == 12.5


def test_the_ends_that_a_refusal_names_are_taken(predictor, row):
    debt = next(c for c in predictor.schema.used if c.name == "debt")
    seen = next(c for c in predictor.reference.columns if c.name == "debt")
    ends = [value_text(debt, end) for end in (seen.low, seen.high)]
    assert predictor.what_if(row, {"debt": ends})["value"].tolist() == ends
