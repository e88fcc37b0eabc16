"""Drift: none where nothing moved, what moved comes first, and pieces add up."""

import numpy as np
import pytest

from dbnchurn.predictor.reference import learn_reference
from dbnchurn.scoring.drift import drift
from dbnchurn.tables.schema import Table


def make(n, seed, moved=0.0, missing=0.1, levels=(0.5, 0.3, 0.2)):
    generator = np.random.default_rng(seed)
    numbers = generator.normal(size=(n, 2)) + np.array([moved, 0])
    numbers[generator.random(n) < missing, 1] = np.nan
    codes = generator.choice(3, (n, 1), p=levels).astype(np.int32)
    return Table(numbers, codes, ("debt", "age"), ("plan",), (3,)), generator.beta(1, 9, n)


@pytest.fixture
def reference():
    return learn_reference(*make(20_000, 0))


def test_the_training_itself_has_no_drift(reference):
    found = drift(reference, reference.count(*make(20_000, 0)))
    assert [shift.index for shift in (found.score, *found.columns)] == [0, 0, 0, 0]


def test_by_chance_is_what_unmoved_rows_give_on_average(reference):
    found = [drift(reference, reference.count(*make(1000, seed))) for seed in range(1, 61)]
    for name in ("debt", "age", "plan"):
        shifts = [next(s for s in one.columns if s.column == name) for one in found]
        indices = np.array([shift.index for shift in shifts])
        # The training's own 20,000 rows are drawn by chance too: 1/20 more.
        expected = 1.05 * shifts[0].by_chance
        error = indices.std() / np.sqrt(len(indices))
        assert abs(indices.mean() - expected) < 4 * error


@pytest.mark.parametrize(
    ("change", "column"),
    [({"moved": 0.7}, "debt"), ({"missing": 0.5}, "age"), ({"levels": (0.1, 0.3, 0.6)}, "plan")],
)
def test_what_moved_comes_first(reference, change, column):
    table, scores = make(20_000, 1, **change)
    found = drift(reference, reference.count(table, scores))
    assert found.columns[0].column == column
    assert [shift.column for shift in found.beyond(0.25)] == [column]
    moved = drift(reference, reference.count(table, scores**0.5))
    assert {shift.column for shift in moved.beyond(0.25)} == {column, "score"}


def test_more_movement_is_more_drift(reference):
    indices = [
        drift(reference, reference.count(*make(20_000, 1, moved=m))).columns[0].index
        for m in (0.2, 0.4, 0.8, 1.6)
    ]
    assert indices == sorted(indices)


def test_counts_of_pieces_add_up(reference):
    table, scores = make(999, 3)
    whole = reference.count(table, scores)
    rows = np.array_split(np.arange(999), 7)
    pieces = [reference.count(table.take(r), scores[r]) for r in rows]
    summed = {name: sum(piece[name] for piece in pieces) for name in whole}
    assert drift(reference, summed) == drift(reference, whole)
