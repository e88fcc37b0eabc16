"""What scoring would take is refused by its counts, before anything is computed."""

from dataclasses import replace

import numpy as np
import pytest

from dbnchurn.core.errors import ArtifactError
from dbnchurn.predictor.budget import (
    MOST,
    MOST_COLUMNS,
    check_columns,
    check_counts,
    check_memory,
    check_positions,
    letters_after,
)
from dbnchurn.prepare.record import Compress, Construct, FlagMissing, Keep, Smooth

NONE = np.empty(0, np.int64)
MANY = np.zeros(MOST_COLUMNS + 1, np.int64)


@pytest.mark.parametrize("name", list(MOST))
def test_more_parts_than_a_model_can_have(name):
    parts = [{}] * (MOST[name] + 1)
    trees = {
        "steps of preparation": {"prepare": {"steps": parts}},
        "boosters": {"leaves": {"forests": parts}},
        "networks": {"networks": parts},
    }
    with pytest.raises(ArtifactError, match=f"{MOST[name] + 1} {name}, at most {MOST[name]}"):
        check_counts(trees[name])
    check_counts({"prepare": 1, "leaves": None, "networks": "x"})  # refused where it is built


@pytest.mark.parametrize(
    "step",
    [Keep(MANY, NONE), FlagMissing(NONE, MANY), Smooth(MANY, (), ()), Compress(MANY, MANY * 1.0),
     Construct((), MANY, MANY, ()), Construct((), NONE, NONE, (MANY,))],
    ids=lambda step: type(step).__name__,
)  # fmt: skip
def test_positions_without_end(step):
    with pytest.raises(ArtifactError, match="names 131073 columns, at most 131072"):
        check_positions(step)


def test_a_long_name_counts_as_often_as_it_is_repeated():
    letters = check_columns(["n" * 100_000, "debt"])
    few = FlagMissing(np.zeros(10, np.int64), NONE)
    numbers, codes = letters_after(few, letters, NONE)
    assert (len(numbers), numbers[-1], len(codes)) == (12, 100_011, 0)
    with pytest.raises(ArtifactError, match=r"names of \d+ letters in all"):
        letters_after(FlagMissing(np.zeros(1_000, np.int64), NONE), letters, NONE)
    with pytest.raises(ArtifactError, match=r"names of \d+ letters in all"):
        letters_after(Keep(np.zeros(1_000, np.int64), NONE), letters, NONE)


def test_a_step_after_a_step_may_not_widen_the_rows_without_end():
    letters = np.full(MOST_COLUMNS - 1, 1, np.int64)
    with pytest.raises(ArtifactError, match="131073 columns, at most"):
        letters_after(FlagMissing(np.array([0, 1]), NONE), letters, NONE)


def test_wide_layers_and_large_tables_of_sets(thorough):
    record = thorough.record_
    given = (10, record.encode, record.leaves, record.networks, record.extra_trees)
    check_memory(*given)
    with pytest.raises(ArtifactError, match=r"GiB for 1000000 columns of prepared rows"):
        check_memory(1_000_000, *given[1:])
    wide = replace(record.networks[0], biases=(np.zeros(200_000, np.float32),))
    with pytest.raises(ArtifactError, match="hidden layers of up to 200000 units, at most 2 GiB"):
        check_memory(*given[:3], (wide,), None)
    forest = record.leaves.forests[0]
    codes = np.where(forest.categories >= 0, 10**9, 0).astype(np.int32)
    leaves = replace(record.leaves, forests=(replace(forest, categories=codes),))
    with pytest.raises(ArtifactError, match="tables of the trees' sets of levels"):
        check_memory(10, record.encode, leaves, record.networks, None)
