"""Files of scores and outcomes: one row a customer, and what is repeated is no second answer."""

from datetime import date

import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.months.outcome_files import read_outcomes, read_scores
from dbnchurn.months.past_months import join_months
from dbnchurn.months.scored_outcomes import join_scores
from dbnchurn.tables.dialect import CsvSettings


def outcomes(path, by=(), since=None, days=None):
    return read_outcomes(str(path), None, None, by, None, None, since, days, False)


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


def test_rows_without_an_id_are_left_out_and_the_others_keep_their_numbers(write):
    window = {"since": date(2024, 9, 1), "days": 30}
    told = {"id": [None, "a", "b"], "left_date": ["2024-08-01", "2024-09-05", None]}
    frame, notes = outcomes(write(pd.DataFrame(told), "o.csv"), **window)
    assert dict(zip(frame["customer"], frame["y"], strict=True)) == {"a": 1, "b": 0}
    assert any("1 rows without an id" in note for note in notes)
    early = pd.DataFrame({**told, "left_date": [None, "2024-09-05", "2024-08-01"]})
    with pytest.raises(DataError, match=r"in 1 row \(row 3\)"):
        outcomes(write(early, "early.csv"), **window)


def test_a_column_to_compare_by_keeps_its_values_whatever_its_name(write):
    told = {"id": ["a", "b"], "left_date": ["2024-09-05", None], "leaver": ["gold", "tin"]}
    path = write(pd.DataFrame(told), "o.csv")
    frame, _ = outcomes(path, by=("leaver",), since=date(2024, 9, 1), days=30)
    assert frame["leaver"].tolist() == ["gold", "tin"]


def test_messages_name_the_column_as_the_file_does(write):
    told = {"id": ["a", "b", "c"], "left_date": ["2024-09-05", None, "soon"], "answer": [1, 2, 3]}
    path = write(pd.DataFrame(told), "o.csv")
    with pytest.raises(DataError, match="column 'left_date' holds no date"):
        outcomes(path, by=("answer",), since=date(2024, 9, 1), days=30)
    mended = write(pd.DataFrame({**told, "left_date": ["2024-09-05", None, None]}), "mended.csv")
    frame, _ = outcomes(mended, by=("answer",), since=date(2024, 9, 1), days=30)
    assert frame["answer"].tolist() == [1, 2, 3]


def test_pairs_are_joined_in_turn(scores_file, write, tmp_path):
    scores = [scores_file([0.1, 0.9] * 20, name) for name in ("july.csv", "august.csv")]
    left = pd.DataFrame({"id": range(1, 41), "left": ["no", "yes"] * 20})
    told = [write(left, name) for name in ("july_left.csv", "august_left.csv")]
    files = [scores[0], told[0], scores[1], told[1]]
    found = join_months(files, output=tmp_path / "months.json", resamples=5)
    assert [month.found.name for month in found.months] == list(map(str, scores))
    assert found.gaps[0].rows == 80
    assert (tmp_path / "months.json").is_file()


def test_both_files_are_read_as_told(tmp_path):
    ids = [f"K{k}" for k in range(40)]
    scores = pd.DataFrame({"id": ids, "probability": [0.1 + k / 100 for k in range(40)]})
    told = pd.DataFrame({"id": ids, "left": ["да", "нет", "нет", "нет"] * 10})
    scores.to_csv(tmp_path / "s.csv", sep="^", index=False)
    told.to_csv(tmp_path / "o.csv", sep="~", index=False, encoding="cp1251")
    for name, frame in (("s.xlsx", scores), ("o.xlsx", told)):
        with pd.ExcelWriter(tmp_path / name) as book:
            frame.to_excel(book, sheet_name="July", index=False)
            frame[::-1].to_excel(book, sheet_name="June", index=False)
    names = {"positive": "да", "negative": "нет", "resamples": 20}
    csv = {"scores_csv": CsvSettings("^"), "csv": CsvSettings("~", "cp1251")}
    sheets = {"scores_sheet": "July", "sheet": "July"}
    found = join_scores(tmp_path / "s.csv", tmp_path / "o.csv", **csv, **names)
    same = join_scores(tmp_path / "s.xlsx", tmp_path / "o.xlsx", **sheets, **names)
    assert found.gaps == same.gaps
    assert (found.gaps[0].rows, found.gaps[0].left) == (40, 10)
    with pytest.raises(DataError, match="July"):
        join_scores(tmp_path / "s.xlsx", tmp_path / "o.xlsx", **names, sheet="July")


def test_a_second_column_that_may_name_customers_is_no_obstacle(write, scores_file):
    rows = {"id": [1, 2, 3], "customer": ["Ann", "Bo", "Cy"], "Churn": ["yes", "no", "no"]}
    two = write(pd.DataFrame(rows), "two.csv")
    with pytest.raises(ConfigError, match=r"which column names the customer.*give --id COLUMN"):
        outcomes(two)
    renamed = write(pd.DataFrame(rows).rename(columns={"id": "customerID"}), "renamed.csv")
    how = (None, (), None, None, None, None, False)
    for path, id in ((two, "id"), (renamed, "customerID")):
        frame, _ = read_outcomes(str(path), id, *how)
        assert dict(zip(frame["customer"], frame["y"], strict=True)) == {"1": 1, "2": 0, "3": 0}
    frame, _ = read_outcomes(str(two), "customer", *how)
    assert frame["customer"].tolist() == ["Ann", "Bo", "Cy"]
    # It may also be the one that says who left, and is named so in messages.
    answers = pd.DataFrame({"id": [1, 2], "customer": ["stayed", "churned"]})
    frame, _ = read_outcomes(str(write(answers, "answers.csv")), "id", "customer", *how[1:])
    assert frame["y"].tolist() == [0, 1]
    empty = write(answers.assign(customer=None), "empty.csv")
    with pytest.raises(DataError, match="label column 'customer' is empty"):
        read_outcomes(str(empty), "id", "customer", *how[1:])
    # Scores may have such a column too, and none is compared by it.
    scores = scores_file([0.1, 0.9, 0.2] * 10, customer=["Ann", "Bo", "Cy"] * 10)
    frame, _ = read_scores(str(scores))
    assert frame["customer"].tolist() == [str(k) for k in range(1, 31)]
    with pytest.raises(ConfigError, match=r"--by 'customer'.*rename the column"):
        join_scores(scores, two, id="id", by=("customer",))


def test_of_a_known_and_an_unknown_outcome_the_known_one_counts(write):
    told = {"id": [1, 2, 2, 3, 3], "left": ["no", None, "yes", None, None]}
    frame, notes = outcomes(write(pd.DataFrame(told), "o.csv"))
    found = dict(zip(frame["customer"], frame["y"].fillna(-1), strict=True))
    assert found == {"1": 0, "2": 1, "3": -1}
    assert any(
        "1 rows have no outcome, and another row of the customer has one" in n for n in notes
    )
    assert any("1 repeated rows count once" in note for note in notes)
