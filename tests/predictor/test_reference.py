"""What training looked like: counts add up, and drift is zero exactly where nothing moved."""

import numpy as np
import pytest

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.records import pack, unpack
from dbnchurn.predictor.reference import learn_reference
from dbnchurn.tables.schema import Table


@pytest.fixture(scope="module")
def table():
    generator = np.random.default_rng(0)
    numbers = np.column_stack(
        [generator.normal(size=900), generator.integers(0, 3, 900), np.full(900, np.nan)]
    )
    numbers[::7, 0] = np.nan
    codes = generator.integers(-1, 4, (900, 1)).astype(np.int32)
    return Table(numbers, codes, ("debt", "calls", "empty"), ("plan",), (5,))


@pytest.fixture(scope="module")
def reference(table):
    return learn_reference(table, np.random.default_rng(1).random(300))


def test_training_rows_have_no_drift(reference, table):
    counts = reference.count(table, np.full(900, 0.5))
    for column in reference.columns:
        assert counts[column.name].sum() == 900
        assert column.stability_index(counts[column.name]) == pytest.approx(0, abs=1e-12)


def test_counts_of_parts_add_up(reference, table):
    probability = np.random.default_rng(2).random(900)
    whole = reference.count(table, probability, {"plan": 5})
    first, second = np.arange(400), np.arange(400, 900)
    parts = [
        reference.count(table.take(first), probability[:400], {"plan": 2}),
        reference.count(table.take(second), probability[400:], {"plan": 3}),
    ]
    for name, counts in whole.items():
        np.testing.assert_array_equal(counts, parts[0][name] + parts[1][name])


def test_missing_and_range_are_those_of_the_rows(reference, table):
    debt, calls, empty = reference.numbers
    assert debt.missing == pytest.approx(np.isnan(table.numbers[:, 0]).mean())
    assert (debt.low, debt.high) == (np.nanmin(table.numbers[:, 0]), np.nanmax(table.numbers[:, 0]))
    assert empty.missing == 1
    # few distinct numbers: a bin for each of them
    shares = [(table.numbers[:, 1] == value).mean() for value in (0, 1, 2)]
    np.testing.assert_allclose(calls.shares[:4][calls.shares[:4] > 0], shares)


def test_a_known_drift(reference):
    plan = reference.categories[0]
    moved = np.zeros(7, np.int64)
    moved[0] = 100
    share = plan.shares[0]
    others = np.delete(plan.shares, 0)
    floor = 1e-4
    expected = (1 - share) * np.log(1 / share) + sum(
        (floor - max(s, floor)) * np.log(floor / max(s, floor)) for s in others
    )
    assert plan.stability_index(moved) == pytest.approx(expected)


def test_round_trip_and_refusal(reference):
    tree, arrays = pack(reference)
    again = unpack(type(reference), tree, arrays, "reference")
    np.testing.assert_array_equal(again.numbers[0].edges, reference.numbers[0].edges)
    tree["score"]["low"] = 2.0
    with pytest.raises(ArtifactError, match="is no distribution"):
        unpack(type(reference), tree, arrays, "reference")
