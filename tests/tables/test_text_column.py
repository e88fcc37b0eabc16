"""Columns of text: distinct words, places, and what stands for a missing value."""

import pyarrow as pa
import pytest

from dbnchurn.tables.text_column import MISSING, NO, YES, TextColumn, shortest, truth_of

TEXTS = [" a ", "b", None, "", "-", "a", "NULL", "B", "?"]


def column(missing=MISSING):
    return TextColumn.of("x", pa.array(TEXTS), missing)


def test_every_row_has_its_text_or_none():
    clean = ["a", "b", None, None, None, "a", None, "B", None]
    assert column().as_text().tolist() == clean
    assert sorted(column().texts) == ["B", "a", "b"]
    assert column(()).as_text().tolist() == ["a", "b", None, None, "-", "a", "NULL", "B", "?"]


def test_chunks_are_one_column():
    chunked = pa.chunked_array([TEXTS[:4], TEXTS[4:]], pa.string())
    assert TextColumn.of("x", chunked, MISSING).as_text().tolist() == column().as_text().tolist()
    assert len(TextColumn.of("x", pa.chunked_array([], pa.string()), MISSING)) == 0


@pytest.mark.parametrize("word", ["#NAME?", "#NUM!", "#WERT!", "#NV", "#VALEUR!", "Err:502"])
def test_an_error_of_a_spreadsheet_is_no_level(word):
    column = TextColumn.of("plan", pa.array(["basic", f" {word}", "family"]), MISSING)
    assert column.texts == ["basic", "family"]
    assert column.places.tolist() == [0, -1, 1]


def test_further_texts_may_count_as_missing():
    fewer = column().without({"a", "c"})
    assert fewer.as_text().tolist() == [None, "b", None, None, None, None, None, "B", None]
    assert column().without({"c"}).texts == column().texts


@pytest.mark.parametrize("word", sorted(YES | NO))
def test_every_spelling_of_yes_and_no_is_known(word):
    for spelled in (word, word.upper(), f" {word} "):
        if spelled.strip().lower() == word:
            assert truth_of(spelled) is (word in YES)
    assert YES.isdisjoint(NO)


def test_numbers_have_one_spelling_and_codes_keep_theirs():
    assert shortest(["0.10", "0.1", "-2.0", "10"]) == ["0.1", "0.1", "-2", "10"]
    assert shortest(["007", "1.0"]) == ["007", "1.0"]
