"""Ids that lost their zeros are found, and others are not."""

import duckdb
import pandas as pd
import pytest

from dbnchurn.tables.id_spelling import IdSpelling

PADDED = IdSpelling.of(pd.Series([f"{k:05d}" for k in range(0, 99_000, 990)]))


def test_ids_without_their_zeros_are_found():
    assert "here some have 1" in PADDED.lost_in(pd.Series([7, 31_880]))
    varied = IdSpelling.of(pd.Series(["007", "12", "0012", "4711"] * 9))
    assert "18 of 36 ids" in varied.lost_in(pd.Series(range(10, 40)))


def test_other_ids_are_not():
    for ids in (["00007", "31880"], ["31880", "71234"], [None], ["A7", "00042"]):
        assert PADDED.lost_in(pd.Series(ids, dtype=object)) is None
    assert IdSpelling.of(pd.Series([10, 200])).lost_in(pd.Series(["007", "00012"])) is None


def test_counts_of_a_model_are_those_of_its_training_or_none():
    kept = {"ids": 3, "padded": 2, "shortest": 5, "longest": 5}
    assert IdSpelling.stored({"ids": kept}) == IdSpelling(3, 2, 5, 5)
    for other in ({}, {"ids": 3}, {"ids": {**kept, "padded": -1}}, {"ids": {**kept, "ids": "3"}}):
        assert IdSpelling.stored(other) == IdSpelling()


@pytest.mark.parametrize(
    ("ids", "bare"),
    [
        ([f"{k:05d}" for k in range(0, 99_000, 990)][:60] + [str(k) for k in range(10, 50)], 40),
        (["00007", "17", "A7", "31880", "88"], 2),
        (["00007", "17", *["31880"] * 8], 0),  # one alone may be an error of its own
        (["00007", *["31880"] * 300, "17", "18"], 0),  # and so may two of 300
    ],
)
def test_ids_of_which_some_lost_their_zeros_are_found_where_all_had_one_width(ids, bare):
    found = PADDED.lost_in(pd.Series(ids))
    assert (f"{bare} of {len(ids)} ids have fewer characters" in found) if bare else found is None
    # Ids of the training that differ in width say nothing of those.
    assert IdSpelling.of(pd.Series(["007", "12", "0012", "4711"])).lost_in(pd.Series(ids)) is None
    later = pd.DataFrame({"w": ids})  # noqa: F841
    query = ", ".join(PADDED.counts_sql("w", "regexp_matches"))
    with duckdb.connect() as connection:
        (counts,) = connection.sql(f"SELECT {query} FROM later").fetchall()
    assert PADDED.zeros_lost(*counts) == found


def test_ids_of_full_width_lost_nothing():
    trained = IdSpelling.of(pd.Series([f"{k:05d}" for k in range(0, 99_000, 99)]))
    assert trained.lost_in(pd.Series([str(k) for k in range(30_000, 30_200)])) is None
    assert trained.lost_in(pd.Series([str(k) for k in range(300, 500)])) is not None
