"""Ids that lost their zeros are found, and others are not."""

import pandas as pd

from dbnchurn.tables.id_spelling import IdSpelling

PADDED = IdSpelling.of(pd.Series([f"{k:05d}" for k in range(0, 99_000, 990)]))


def test_ids_without_their_zeros_are_found():
    assert "here some have 1" in PADDED.zeros_lost(IdSpelling.of(pd.Series([7, 31_880])))
    varied = IdSpelling.of(pd.Series(["007", "12", "0012", "4711"] * 9))
    assert "18 of 36 ids" in varied.zeros_lost(IdSpelling.of(pd.Series(range(10, 40))))


def test_other_ids_are_not():
    for ids in (["00007", "31880"], ["31880", "71234"], [None], ["A7", "00042"]):
        assert PADDED.zeros_lost(IdSpelling.of(pd.Series(ids, dtype=object))) is None
    assert IdSpelling.of(pd.Series([10, 200])).zeros_lost(PADDED) is None


def test_counts_of_a_model_are_those_of_its_training_or_none():
    kept = {"ids": 3, "padded": 2, "shortest": 5, "longest": 5}
    assert IdSpelling.stored({"ids": kept}) == IdSpelling(3, 2, 5, 5)
    for other in ({}, {"ids": 3}, {"ids": {**kept, "padded": -1}}, {"ids": {**kept, "ids": "3"}}):
        assert IdSpelling.stored(other) == IdSpelling()
