"""Files of scores and outcomes: one row a customer, and what is repeated is no second answer."""

import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.months.outcome_files import read_outcomes, read_scores
from dbnchurn.months.past_months import join_months


def outcomes(path):
    return read_outcomes(str(path), None, None, (), None, None, None, None, False)


def test_repeated_rows_count_once_and_two_answers_are_refused(write):
    rows = {"id": [1, 2, 2], "probability": [0.1, 0.2, 0.2]}
    frame, notes = read_scores(str(write(pd.DataFrame(rows), "s.csv")))
    assert (len(frame), "1 repeated rows count once" in notes[-1]) == (2, True)
    two = write(pd.DataFrame({**rows, "probability": [0.1, 0.2, 0.3]}), "two.csv")
    with pytest.raises(DataError, match="1 customers have two different scores, such as '2'"):
        read_scores(str(two))
    told = {"id": [1, 2, 2], "left": ["no", "yes", "yes"]}
    frame, notes = outcomes(write(pd.DataFrame(told), "o.csv"))
    assert frame["y"].tolist() == [0, 1]
    assert any("1 repeated rows count once" in note for note in notes)
    both = write(pd.DataFrame({**told, "left": ["no", "yes", "no"]}), "both.csv")
    with pytest.raises(DataError, match="1 customers have two outcomes, such as '2'"):
        outcomes(both)


def test_pairs_are_joined_in_turn(scores_file, write, tmp_path):
    scores = [scores_file([0.1, 0.9] * 20, name) for name in ("july.csv", "august.csv")]
    left = pd.DataFrame({"id": range(1, 41), "left": ["no", "yes"] * 20})
    told = [write(left, name) for name in ("july_left.csv", "august_left.csv")]
    files = [scores[0], told[0], scores[1], told[1]]
    found = join_months(files, output=tmp_path / "months.json", resamples=5)
    assert [month.found.name for month in found.months] == list(map(str, scores))
    assert found.gaps[0].rows == 80
    assert (tmp_path / "months.json").is_file()
