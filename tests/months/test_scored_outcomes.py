"""Scores and outcomes joined by id: the answers that people have, and what is asked."""

import datetime

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.months.scored_outcomes import join_scores

P = np.linspace(0.02, 0.4, 200)
LEFT = np.random.default_rng(0).random(200) < P


@pytest.fixture
def outcomes(tmp_path):
    """``outcomes(**columns)`` → a CSV file."""

    def write(**columns):
        path = tmp_path / "outcomes.csv"
        pd.DataFrame(columns).to_csv(path, index=False)
        return path

    return write


def joined(scores, outcomes, **how):
    return join_scores(scores, outcomes, resamples=20, **how)


def test_whatever_the_answers_look_like_the_numbers_are_the_same(scores_file, outcomes):
    ids = np.arange(1, 201)
    scores = scores_file(P, risk=np.where(P > 0.2, "high", "low"))
    expected = joined(scores, outcomes(id=ids, left=LEFT.astype(int)), by=["risk"])
    assert (expected.gaps[0].rows, expected.gaps[0].left) == (200, LEFT.sum())
    assert [gap.group for gap in expected.gaps] == ["all customers", "low", "high"]
    turned = joined(scores, outcomes(id=ids[::-1], left=LEFT[::-1].astype(int)))
    words = joined(scores, outcomes(customer=ids, churned=np.where(LEFT, "yes", "no")))
    leavers = joined(scores, outcomes(id=ids[LEFT]), others_stayed=True)
    dates = np.where(LEFT, "2024-09-10", np.where(ids % 7 == 0, "2024-11-02", ""))
    window = {"since": datetime.date(2024, 9, 1), "days": 30}
    dated = joined(scores, outcomes(id=ids, left_date=dates), **window)
    for found in (turned, words, leavers, dated):
        assert found.gaps == expected.gaps
        assert found.measured["roc_auc"]["value"] == expected.measured["roc_auc"]["value"]
    assert "Left: churned = 'yes'." in words.to_text()


def test_a_turned_label_is_said(scores_file, outcomes):
    ids, low = range(1, 201), np.arange(200) < 100
    straight = joined(scores_file(P), outcomes(id=ids, left=(~low).astype(int)))
    assert "the other way round" not in straight.to_text()
    turned = joined(scores_file(P), outcomes(id=ids, left=low.astype(int)))
    assert "But the scores rank these customers the other way round" in turned.to_text()


def test_customers_without_an_outcome_are_left_out_and_counted(scores_file, outcomes):
    found = joined(scores_file(P), outcomes(id=range(1, 151), left=LEFT[:150].astype(int)))
    assert found.gaps[0].rows == 150
    assert "50 customers without an outcome were left out." in found.to_text()


def test_a_month_in_which_nobody_left_is_measured(scores_file, outcomes):
    found = joined(scores_file(P), outcomes(id=range(1, 201), left=[0] * 200))
    assert found.gaps[0].left == 0
    with pytest.raises(DataError, match="no known word says"):
        joined(scores_file(P), outcomes(id=range(1, 201), left=["blue"] * 200))


def test_what_can_be_read_in_two_ways_is_asked(scores_file, outcomes):
    scores, ids = scores_file(P), np.arange(1, 201)
    with pytest.raises(ConfigError, match=r"ids alone.*--others-stayed"):
        joined(scores, outcomes(id=ids[LEFT]))
    with pytest.raises(DataError, match=r"everybody in it left.*--others-stayed"):
        joined(scores, outcomes(id=ids[LEFT], left=1))
    with pytest.raises(ConfigError, match=r"which column says who left\?"):
        joined(scores, outcomes(id=ids, one=LEFT, two=LEFT))
    with pytest.raises(ConfigError, match="which column names the customer"):
        joined(scores, outcomes(number=ids, left=LEFT))
    with pytest.raises(ConfigError, match="which column names the customer"):
        joined(scores, outcomes(Kundennummer=ids, msisdn=ids, left=LEFT))
    with pytest.raises(ConfigError, match=r"dates of leaving.*--since"):
        joined(scores, outcomes(id=ids, left_date="2024-09-10"))
    with pytest.raises(ConfigError, match="--days 0: the outcome window has one day or more"):
        joined(
            scores,
            outcomes(id=ids, left_date="2024-09-10"),
            since=datetime.date(2024, 9, 1),
            days=0,
        )
    with pytest.raises(DataError, match="no known word says"):
        joined(scores, outcomes(id=ids, left=np.where(LEFT, "A", "B")))


def test_ids_are_compared_as_everywhere(scores_file, outcomes):
    written = [f"{number:06d}" for number in range(1, 201)]
    path = outcomes(id=written, left=LEFT.astype(int))
    with pytest.raises(DataError, match=r"none of the 200 customers.*--match digits"):
        joined(scores_file(P), path)
    assert joined(scores_file(P), path, match="digits").gaps[0].rows == 200


def test_two_scores_or_outcomes_of_one_customer_are_refused(scores_file, outcomes, tmp_path):
    path = scores_file(P)
    frame = pd.read_csv(path)
    pd.concat([frame, frame.head(3)]).to_csv(path, index=False)
    answers = outcomes(id=range(1, 201), left=LEFT.astype(int))
    assert "3 repeated rows count once" in joined(path, answers).to_text()
    pd.concat([frame, frame.head(3).assign(probability=0.9)]).to_csv(path, index=False)
    with pytest.raises(DataError, match="3 customers have two different scores"):
        joined(path, answers)
    with pytest.raises(DataError, match="1 customers have two outcomes, such as '5'"):
        joined(
            scores_file(P), outcomes(id=[*range(1, 201), 5], left=[*LEFT.astype(int), 1 - LEFT[4]])
        )
    with pytest.raises(DataError, match="scores need the columns 'id' and 'probability'"):
        joined(answers, answers)


def test_groups_by_a_tier_that_the_scores_lack_are_refused(scores_file, outcomes):
    with pytest.raises(ConfigError, match="no column 'risk' to compare by"):
        joined(scores_file(P), outcomes(id=np.arange(1, 201), left=LEFT.astype(int)), by=["risk"])


def test_where_everybody_left_no_metric_of_decisions_is_made_up(scores_file, outcomes):
    everybody = outcomes(id=np.arange(1, 201), left=np.ones(200, int))
    found = joined(scores_file(P), everybody)
    assert "Recall" not in found.to_text()
    assert "recall" not in found.plain()["found"]


@pytest.mark.parametrize(("told", "left"), [("positive", 200), ("negative", 0)])
def test_one_answer_for_all_means_what_is_said(scores_file, outcomes, told, left):
    table = outcomes(id=np.arange(1, 201), answer=["moved on"] * 200)
    with pytest.raises(DataError, match="no known word says whether these customers left"):
        joined(scores_file(P), table)
    assert joined(scores_file(P), table, **{told: ["Moved on"]}).gaps[0].left == left


@pytest.mark.parametrize("name", ["y", "key"])
def test_scores_may_have_columns_of_any_name(scores_file, outcomes, name):
    told = outcomes(id=np.arange(1, 201), left=LEFT.astype(int))
    expected = joined(scores_file(P, "plain.csv"), told)
    scores = scores_file(P, **{name: (~LEFT).astype(int)})
    assert joined(scores, told).gaps == expected.gaps
    with pytest.raises(ConfigError, match=f"--by '{name}'.*rename the column"):
        joined(scores, told, by=[name])


def test_a_column_that_is_named_like_a_customers_id_names_the_customers(scores_file, outcomes):
    ids = np.arange(1, 201)
    scores = scores_file(P)
    found = joined(scores, outcomes(Kundennummer=ids, left=LEFT.astype(int)))
    assert found.gaps[0].left == LEFT.sum()
    assert any("'Kundennummer' names the customers" in note for note in found.notes)
