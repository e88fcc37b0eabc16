"""Oversampling: rows keep their place, churners alone count more, and no fold tells another."""

import dataclasses

import numpy as np
import pytest

from dbnchurn.features import Oversample
from dbnchurn.features.resampling import TrainingSet, synthetic
from dbnchurn.tables.schema import Table

Y = (np.random.default_rng(0).random(1000) < 0.08).astype(int)
METHODS = ["random", "smotenc", "class weights"]


def make_table(n: int = 1000, seed: int = 0) -> Table:
    """Two numbers, one of them with gaps and a flag that says so, a category with gaps."""
    generator = np.random.default_rng(seed)
    numbers = np.column_stack(
        [generator.normal(size=n), generator.exponential(size=n) * 1e6, np.zeros(n)]
    )
    gap = generator.random(n) < 0.4
    numbers[gap, 1] = np.nan
    numbers[:, 2] = gap
    codes = generator.integers(-1, 3, (n, 1)).astype(np.int32)
    return Table(numbers, codes, ("a", "b", "b missing"), ("plan",), (3,))


TABLE = make_table()


def draw(
    seed: int = 1, table: Table = TABLE, y: np.ndarray = Y, fold=None, sample_weight=None, **s
):
    generator = np.random.default_rng(seed)
    return Oversample(**s).sample(
        table, y, fold=fold, sample_weight=sample_weight, generator=generator
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("ratio", [1.0, 0.5, 0.3])
def test_churners_count_more_until_the_ratio_holds(method, ratio):
    sample = draw(method=method, ratio=ratio)
    counted = [float(sample.counted[sample.y == label].sum()) for label in (0, 1)]
    assert counted[0] == (Y == 0).sum()
    assert counted[1] == pytest.approx(ratio * counted[0], abs=1)  # whole rows
    assert sample.prior == pytest.approx(ratio / (1 + ratio), abs=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_the_rows_that_came_stay_where_they_are(method):
    sample = draw(method=method)
    np.testing.assert_array_equal(sample.table.numbers[:1000], TABLE.numbers)
    np.testing.assert_array_equal(sample.table.codes[:1000], TABLE.codes)
    np.testing.assert_array_equal(sample.y[:1000], Y)
    assert (sample.y[1000:] == 1).all()
    assert np.bincount(sample.draw).min() == 1
    assert len(sample.table) == len(sample.y) == len(sample.sample_weight) == len(sample.fold)
    assert (len(sample.y) > 1000) == (method == "smotenc")


def test_repeats_are_spread_over_the_churners():
    times = draw(method="random").counted[Y == 1] - 1
    draws, churners = times.sum(), len(times)
    # A multinomial's counts have about Poisson spread: five standard deviations either way.
    assert abs(times - draws / churners).max() < 5 * np.sqrt(draws / churners)


@pytest.mark.parametrize(
    ("settings", "y"),
    [
        ({"method": "none"}, Y),
        *(({"method": method, "ratio": 0.05}, Y) for method in METHODS),
        *(({"method": method}, np.tile([0, 1], 500)) for method in METHODS),
        *(({"method": method}, 1 - Y) for method in METHODS),
    ],
)
def test_nothing_is_done_where_nothing_is_needed(settings, y):
    sample = draw(y=y, **settings)
    assert sample.draw.tolist() == list(range(1000))
    assert (sample.sample_weight == 1).all()


@pytest.mark.parametrize("method", ["random", "smotenc"])
def test_the_draw_follows_its_generator(method):
    def key(sample: TrainingSet) -> bytes:
        return sample.draw.tobytes() + sample.table.numbers.tobytes()

    assert key(draw(5, method=method)) == key(draw(5, method=method))
    assert key(draw(5, method=method)) != key(draw(6, method=method))


def test_synthetic_churners_lie_between_churners():
    made = synthetic(TABLE, Y, 500, 5, np.random.default_rng(0))
    churners = TABLE.take(np.flatnonzero(Y))
    for j in (0, 1):
        low, high = np.nanmin(churners.numbers[:, j]), np.nanmax(churners.numbers[:, j])
        found = made.numbers[~np.isnan(made.numbers[:, j]), j]
        # Scaling there and back rounds.
        assert found.min() >= low - 1e-9 * abs(high)
        assert found.max() <= high + 1e-9 * abs(high)
        assert len(np.unique(found)) > len(churners)
    assert set(np.unique(made.numbers[:, 2])) <= {0.0, 1.0}
    assert set(np.unique(made.codes)) <= {-1, 0, 1, 2}


def test_gaps_come_back_where_their_flag_says_so():
    made = synthetic(TABLE, Y, 500, 5, np.random.default_rng(0))
    gap = np.isnan(made.numbers[:, 1])
    assert 0 < gap.sum() < 500
    np.testing.assert_array_equal(gap, made.numbers[:, 2] == 1)
    assert not np.isnan(made.numbers[:, 0]).any()


def test_gaps_are_about_as_frequent_as_among_the_churners():
    generator = np.random.default_rng(0)
    gaps = generator.random((1000, 6)) < 0.9
    table = Table(
        np.where(gaps[:, :3], np.nan, generator.normal(size=(1000, 3))),
        np.where(gaps[:, 3:], -1, generator.integers(0, 3, (1000, 3))).astype(np.int32),
        tuple("abc"), tuple("pqr"), (3, 3, 3),
    )  # fmt: skip
    made = synthetic(table, Y, 1000, 5, generator)
    # Neighbours resemble one another, so gaps come a little more often than 9 times in 10.
    for found in (np.isnan(made.numbers), made.codes < 0):
        assert 0.85 < found.mean() < 0.97


def test_a_fold_holds_nothing_of_another():
    """What other folds hold changes no synthetic row of this one."""
    fold = np.arange(1000) % 3
    sample = draw(method="smotenc", fold=fold)
    strange = TABLE.numbers.copy()
    strange[fold != 0, :2] = -7.0
    other = draw(method="smotenc", fold=fold, table=dataclasses.replace(TABLE, numbers=strange))
    for k, equal in ((0, True), (1, False)):
        mine, theirs = (s.table.numbers[1000:][s.fold[1000:] == k] for s in (sample, other))
        assert len(mine) > 100
        assert np.array_equal(mine, theirs, equal_nan=True) == equal
    shares = [sample.y[sample.fold == k].mean() for k in range(3)]
    assert shares == pytest.approx([0.5] * 3, abs=0.01)


@pytest.mark.parametrize("columns", ["numbers", "categories", "flags"])
def test_tables_of_one_kind_of_column(columns):
    numbers = {"numbers": [0], "categories": [], "flags": [2]}[columns]
    codes = TABLE.codes[:, : int(columns == "categories")]
    table = Table(
        TABLE.numbers[:, numbers], codes, ("a",) * len(numbers), ("plan",) * codes.shape[1], (3,)
    )
    made = synthetic(table, Y, 40, 5, np.random.default_rng(0))
    assert made.numbers.shape == (40, len(numbers))
    assert made.codes.shape == (40, codes.shape[1])
    for ours, theirs in ((made.codes, codes), (made.numbers, table.numbers)):
        if columns != "numbers":
            assert set(np.unique(ours)) <= set(np.unique(theirs))


def test_a_single_churner_of_a_fold_is_repeated():
    y = np.zeros(1000, int)
    y[7] = 1
    sample = draw(method="smotenc", y=y)
    assert (sample.table.numbers[1000:, 0] == TABLE.numbers[7, 0]).all()
    assert sample.prior == pytest.approx(0.5, abs=1e-3)


def test_nobody_is_made_from_rows_of_weight_zero():
    weight = np.ones(1000)
    weight[np.flatnonzero(Y)[::2]] = 0
    strange = TABLE.numbers.copy()
    strange[weight == 0, 0] = 1e9
    table = dataclasses.replace(TABLE, numbers=strange)
    sample = draw(method="smotenc", table=table, sample_weight=weight)
    assert sample.table.numbers[1000:, 0].max() < 100


def test_numbers_of_any_size_have_synthetic_neighbours():
    huge = dataclasses.replace(TABLE, numbers=TABLE.numbers * [1e38, 1e290, 1])
    made = synthetic(huge, Y, 100, 5, np.random.default_rng(0)).numbers
    assert np.isfinite(made[:, 0]).all()
    assert not np.isinf(made).any()
