"""Rows of one customer are in one part, as the build reads keys."""

import pyarrow as pa
import pytest

from dbnchurn.data.division import Division
from dbnchurn.data.plan import TablePlan


def parts_of(keys, parts=997, **changes):
    """Row number → part."""
    table = TablePlan(path="calls.parquet", key="the.id", **changes)
    rows = pa.table({"the.id": keys, "row": range(len(keys))})
    divided = list(Division(table, parts).divide(rows))
    found = {row: part for part, some in divided for row in some["row"].to_pylist()}
    assert sorted(found) == list(range(len(keys)))
    return found


def test_spellings_of_one_number_meet():
    found = parts_of(["7", "7.0", "007", " 7", "7\u00a0", "8"])
    assert len({found[row] for row in range(5)}) == 1
    kinds = [pa.array([7], pa.int64()), pa.array([7.0]), pa.array([7], pa.decimal128(38, 2))]
    assert {parts_of(keys)[0] for keys in kinds} == {found[0]}
    broken = parts_of(["7.4"])
    assert broken == parts_of(pa.array([7.4]))
    assert broken[0] != found[0]  # a cast would round it


def test_spaces_around_a_text_are_those_that_the_build_strips():
    found = parts_of(["A1", "A1\u00a0", "\tA1", "a1"])
    assert found[0] == found[1]
    assert found[0] != found[3]


@pytest.mark.parametrize("keys", [[None] * 40, ["", "NA"] * 20])
def test_rows_without_a_key_are_spread(keys):
    assert len(set(parts_of(keys, parts=8).values())) == 8


def test_all_rows_are_in_the_only_part():
    assert set(parts_of(["a", "b", None], parts=1).values()) == {0}
