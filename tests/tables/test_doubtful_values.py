"""Values that often mean something else are said; those named as missing are, in every type."""

import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dbnchurn.tables import inspect_table
from dbnchurn.tables.doubtful_values import (
    doubtful_dates,
    doubtful_numbers,
    doubtful_values,
    doubtful_words,
    signed_otherwise,
    without_missing,
)
from dbnchurn.tables.loading import load_table
from dbnchurn.tables.number_format import NumberFormat
from dbnchurn.tables.reading_rules import ReadingRules
from dbnchurn.tables.streaming import open_files
from dbnchurn.tables.text_column import TextColumn

N = 40
AGES = np.arange(N) + 20.0
DAYS = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(N) * 30, unit="D")


def some(values, odd):
    return [odd if i % 8 == 3 else value for i, value in enumerate(values)]


@pytest.mark.parametrize("odd", [-1, -9, -999, 999, 9999, 999999])
def test_codes_for_unknown_are_said(odd):
    (sentence,) = doubtful_numbers("age", np.array(some(AGES, odd), float))
    assert sentence.startswith(f"column 'age': {odd:g} stands in 5 rows and ")
    assert sentence.endswith(f"say missing: ['{odd}']")


@pytest.mark.parametrize("codes", [(-888, -777), (-9, -8), (9998, 9999), (-99, 999)])
def test_several_codes_are_said_each(codes):
    values = AGES.copy()
    values[::7], values[3::7] = codes
    said = doubtful_numbers("age", values)
    assert [sentence.split()[2] for sentence in said] == [f"{code:g}" for code in sorted(codes)]


@pytest.mark.parametrize(
    "values",
    [
        AGES,
        AGES - 40,
        np.append(AGES, [-999, -999, -3]),
        [-1, 0, 1, -1],
        [999, 998, 700, 999],
        [5, 5, 5],
        [],
        [np.nan],
        [-999, 5, 6],
    ],
    ids=str,
)
def test_nothing_is_said_of_usual_numbers(values):
    assert doubtful_numbers("x", np.array(values, float)) == []


@pytest.mark.parametrize(
    "odd", ["1900-01-01", "1970-01-01", "9999-12-31", "2567-03-02", "0001-01-01"]
)
def test_dates_that_stand_for_none_are_said_in_every_type(tmp_path, odd):
    texts = some([f"{day:%Y-%m-%d}" for day in DAYS], odd)
    typed = pd.Series(np.array(texts, "M8[us]"))
    assert any(repr(odd) in sentence for sentence in doubtful_values("at", typed))
    pd.DataFrame({"at": texts, "x": AGES}).to_csv(tmp_path / "t.csv", index=False)
    pd.DataFrame({"at": typed, "x": AGES}).to_parquet(tmp_path / "t.parquet")
    for ending in ("csv", "parquet"):
        notes = load_table(open_files(tmp_path / f"t.{ending}")).notes
        assert any("column 'at'" in note and f"missing: ['{odd}']" in note for note in notes)
        rules = ReadingRules(missing=(odd,))
        loaded = load_table(open_files(tmp_path / f"t.{ending}"), rules)
        assert loaded.frame["at"].isna().sum() == 5
        assert loaded.notes == ()
    assert doubtful_dates("at", np.array([18_000.0, 20_000.0])) == []


def test_lost_and_unseen_characters_are_said():
    for text, what in (
        ("ba\u200bsic", "cannot be seen"),
        ("ba\x07sic", "cannot be seen"),
        ("\ufeffbasic", "cannot be seen"),
        ("Gr\ufffd\ufffde", "wrong encoding"),
        ("GrÃ¶ÃŸe", "wrong encoding"),
    ):
        (sentence,) = doubtful_words(TextColumn.of("plan", pa.array(["a", text, text]), ()))
        assert sentence.startswith("column 'plan': 2 rows hold")
        assert what in sentence
        assert sentence.endswith("in row 1; it is another value than without it")
    plain = pa.array(["Größe", "Ångström", "naïve", "1\n2", "價格"])
    assert doubtful_words(TextColumn.of("plan", plain, ())) == []


def test_words_for_missing_and_brackets_are_said(tmp_path):
    frame = pd.DataFrame({"debt": some([f"{age:.2f}" for age in AGES], "unknown"), "n": "(12.5)"})
    frame.loc[5:, "n"] = "7.25"
    frame.to_csv(tmp_path / "t.csv", index=False)
    notes = load_table(open_files(tmp_path / "t.csv")).notes
    assert "column 'debt': 'unknown' counts as missing" in notes
    assert "column 'n': '(12.5)' is read as -12.5" in notes
    assert signed_otherwise(NumberFormat(), ["5", "x-"]) == ""


def test_what_is_named_as_missing_is_so_in_every_type():
    stamp = pd.Timestamp("9999-12-31")
    frame = pd.DataFrame(
        {
            "text": ["k.A.", "basic", " k.A. "],
            "whole": [-999, 5, 6],
            "number": [-999.0, 5.5, np.nan],
            "date": pd.Series([stamp, pd.Timestamp("2020-01-01"), stamp], dtype="M8[us]"),
            "mixed": [-999, "k.A.", 7],
            "flag": [True, False, True],
            "levels": pd.Categorical(["k.A.", "a", "b"]),
            "days": [datetime.date(2020, 1, 1)] * 3,
        }
    )
    found = without_missing(frame, ["k.A.", "-999", "9999-12-31"])
    assert found.isna().sum().to_dict() == {
        "text": 2, "whole": 1, "number": 2, "date": 2, "mixed": 2, "flag": 0, "levels": 1,
        "days": 0,
    }  # fmt: skip
    assert without_missing(frame, []) is frame
    assert frame["whole"].tolist() == [-999, 5, 6]


@pytest.mark.parametrize("error", ["#REF!", "Err:502", "Err:540", "#DIV/0!", "#¡REF!"])
def test_errors_of_formulas_count_as_missing_and_are_said(tmp_path, error):
    plans = some(["basic", "family"] * 30, error)
    path = tmp_path / "t.csv"
    pd.DataFrame({"plan": plans, "age": range(len(plans))}).to_csv(path, index=False)
    rows = plans.count(error)
    told = f"column 'plan': {rows} rows hold the error of a formula, such as {error!r}"
    loaded = load_table(open_files(path))
    assert any(note.startswith(told) for note in loaded.notes)
    assert loaded.frame["plan"].isna().sum() == rows
    assert any(note.startswith(told) for note in inspect_table(path)["plan"].doubtful)
