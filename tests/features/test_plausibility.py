"""Plausibility: bins of columns, exact conditionals, and scores that mean what they say."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from dbnchurn.core.errors import ArtifactError, DataError
from dbnchurn.core.records import pack, unpack
from dbnchurn.features import Plausibility, PlausibilityRecord
from dbnchurn.features.plausibility import rarity_curve
from dbnchurn.features.plausibility_record import bins_of, examine_rows, one_in, surprise
from dbnchurn.tables.schema import Table


def _table(n: int, seed: int = 0) -> Table:
    """Months, what was paid in them, and a plan that goes with them."""
    generator = np.random.default_rng(seed)
    months = generator.integers(1, 60, n).astype(float)
    paid = months * 20 + generator.normal(0, 30, n)
    debt = generator.exponential(50, n) * (generator.random(n) < 0.4)
    plan = (months > 30).astype(np.int32) + (generator.random(n) < 0.05)
    numbers = np.column_stack([months, paid, debt])
    return Table(
        numbers, plan.astype(np.int32)[:, None], ("months", "paid", "debt"), ("plan",), (3,)
    )


@pytest.fixture(scope="module")
def record() -> PlausibilityRecord:
    stage = Plausibility(hidden=16, epochs=40, folds=2)
    return stage.fit(_table(1500), generator=np.random.default_rng(0)).record_


def _tiny(seed: int = 0, hidden: int = 5, scale: float = 2.0) -> PlausibilityRecord:
    generator = np.random.default_rng(seed)
    sizes = np.array([4, 3, 2])
    draw = lambda *shape: generator.normal(0, scale, shape).astype(np.float32)  # noqa: E731
    return PlausibilityRecord(
        edges=np.array([1.0]),
        edge_starts=np.array([0, 1]),
        low=np.zeros(1),
        high=np.array([2.0]),
        level_bins=np.array([0, 1, 2, 0, 1, 1], np.int32),
        sizes=sizes,
        weights=draw(9, hidden),
        bias=draw(9),
        hidden_bias=draw(hidden),
        discount=np.zeros(9, np.float32),
        one_in=np.array([1.0, 10.0, 1000.0]),
        scores=np.array([0.0, 2.0, 9.0]),
    )


def _rows_of_tiny() -> Table:
    """Every state of the tiny machine, with the number below, within and above its range."""
    states = list(product((0.5, 1.5, -1.0, 3.0), range(3), range(2)))
    numbers = np.array([[number] for number, _, _ in states])
    codes = np.array([[a, b] for _, a, b in states], np.int32)
    return Table(numbers, codes, ("a",), ("b", "c"), (3, 3))


@pytest.mark.parametrize("scale", [0.1, 2.0, 10.0])
def test_the_conditional_is_that_of_all_states_summed(scale: float) -> None:
    record, rows = _tiny(scale=scale), _rows_of_tiny()
    bins = bins_of(record, rows)
    hidden = np.array(list(product((0.0, 1.0), repeat=5)))
    energy = hidden @ record.hidden_bias.astype(float)
    mass = np.empty(len(rows))
    for i, units in enumerate(bins):
        field = record.weights[units].astype(float).sum(axis=0)
        joint = energy + hidden @ field + record.bias[units].sum(dtype=float)
        mass[i] = np.logaddexp.reduce(joint)
    expected = np.empty((len(rows), 3))
    for column in range(3):
        others = np.delete(bins, column, axis=1)
        for i in range(len(rows)):
            same = (others == others[i]).all(axis=1)
            expected[i, column] = np.logaddexp.reduce(mass[same]) - mass[i]
    np.testing.assert_allclose(surprise(record, rows), expected, rtol=2e-4, atol=2e-4)


def test_the_discount_is_taken_off() -> None:
    record, rows = _tiny(), _rows_of_tiny()
    discounted = replace(record, discount=np.full(9, 0.5, np.float32))
    np.testing.assert_allclose(surprise(discounted, rows), surprise(record, rows) - 0.5)


def test_a_row_alone_is_as_in_a_batch(record: PlausibilityRecord) -> None:
    rows = _table(1100, seed=1)
    whole = surprise(record, rows, n_threads=2)
    for i in (0, 7, 1099):
        alone = surprise(record, rows.take(np.array([i])))
        np.testing.assert_allclose(alone[0], whole[i], atol=1e-6)


def test_missing_cells_add_nothing(record: PlausibilityRecord) -> None:
    rows = _table(50, seed=1)
    rows.numbers[:, 1] = np.nan
    rows.codes[:] = -1
    found = surprise(record, rows)
    assert (found[:, [1, 3]] == 0).all()
    assert (found[:, [0, 2]] != 0).any()
    # The others are what a machine without these columns gives.
    first = np.append(0, np.cumsum(record.sizes))
    kept = np.concatenate([np.arange(first[j], first[j + 1]) for j in (0, 2)])
    span = [slice(record.edge_starts[j], record.edge_starts[j + 1]) for j in (0, 2)]
    edges = [record.edges[s] for s in span]
    smaller = replace(
        record,
        edges=np.concatenate(edges),
        edge_starts=np.cumsum([0, *map(len, edges)]),
        low=record.low[[0, 2]],
        high=record.high[[0, 2]],
        level_bins=np.empty(0, np.int32),
        sizes=record.sizes[[0, 2]],
        weights=record.weights[kept],
        bias=record.bias[kept],
        discount=record.discount[kept],
    )
    smaller.audit()
    two = Table(rows.numbers[:, [0, 2]], np.empty((50, 0), np.int32), ("a", "b"), (), ())
    np.testing.assert_allclose(surprise(smaller, two), found[:, [0, 2]], atol=1e-6)
    nothing = Table.take(rows, np.arange(1))
    nothing.numbers[:] = np.nan
    assert (surprise(record, nothing) == 0).all()


def test_no_rows(record: PlausibilityRecord) -> None:
    rarity, columns = examine_rows(record, _table(10).take(np.arange(0)))
    assert rarity.shape == (0,)
    assert columns.shape == (0, 3)


def test_values_that_many_rows_share_and_those_out_of_range_have_bins(
    record: PlausibilityRecord,
) -> None:
    rows = _table(5, seed=1)
    rows.numbers[:, 2] = [0.0, 30.0, -1.0, 1e6, np.nan]
    bins = bins_of(record, rows)[:, 2]
    assert len(set(bins)) == 5
    assert bins[4] == record.sizes.sum()


def test_fresh_rows_are_as_odd_as_said(record: PlausibilityRecord) -> None:
    rarity, _ = examine_rows(record, _table(20_000, seed=2))
    # Three standard errors of a share among the 1,500 rows that the scale was measured on.
    for n in (100, 20):
        error = 3 * np.sqrt(1 / n / 1500)
        assert abs((rarity >= n).mean() - 1 / n) < error


@pytest.mark.parametrize(
    ("fault", "columns"),
    [
        ("swapped", {"months", "paid"}),
        ("thousands", {"paid"}),
        ("shifted", {"months", "paid", "debt"}),
        ("joined", {"months", "paid", "plan"}),
    ],
)
def test_tables_that_were_read_wrongly_are_odd(
    record: PlausibilityRecord, fault: str, columns: set[str]
) -> None:
    rows, clean = _table(500, seed=3), _table(500, seed=3)
    if fault == "swapped":
        rows.numbers[:, [0, 1]] = rows.numbers[:, [1, 0]]
    elif fault == "thousands":
        rows.numbers[:, 1] *= 1000
    elif fault == "shifted":
        rows.numbers[:] = np.roll(rows.numbers, 1, axis=1)
    else:
        rows.numbers[:, 1] = np.roll(rows.numbers[:, 1], 1)
    odd, names = examine_rows(record, rows)
    usual, _ = examine_rows(record, clean)
    assert np.median(odd) > 5 * np.median(usual)
    assert (odd >= 100).mean() > 10 * max((usual >= 100).mean(), 0.01)
    found = np.array([*rows.number_names, *rows.code_names, ""])[names[odd >= 100]]
    shares = {name: (found == name).any(axis=1).mean() for name in columns}
    assert max(shares.values()) > 0.5


def test_the_rarest_of_many_levels_share_a_bin() -> None:
    generator = np.random.default_rng(0)
    codes = np.minimum(generator.geometric(0.05, 800), 100).astype(np.int32)[:, None] - 1
    table = Table(np.full((800, 1), np.nan), codes, ("empty",), ("town",), (100,))
    record = Plausibility(hidden=4, epochs=1, folds=2).fit(table, generator=generator).record_
    record.audit()
    assert record.sizes.tolist() == [1, 32]
    assert (surprise(record, table)[:, 0] == 0).all()


def test_the_same_seed_gives_the_same_machine() -> None:
    def trained() -> PlausibilityRecord:
        stage = Plausibility(hidden=4, epochs=2, folds=2)
        return stage.fit(_table(300), generator=np.random.default_rng(5)).record_

    (tree, arrays), (again, same) = pack(trained()), pack(trained())
    assert tree == again
    assert all(np.array_equal(arrays[name], same[name]) for name in arrays)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(DataError, match="200 training rows or more, there are 199"):
        Plausibility().fit(_table(199), generator=np.random.default_rng(0))


@pytest.mark.parametrize("n", [1_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_the_curve_rises_and_its_tail_is_that_of_the_distribution(n: int) -> None:
    found, errors = [], []
    for seed in range(20):
        rarity, scores = rarity_curve(np.random.default_rng(seed).gumbel(size=n))
        assert (np.diff(rarity) > 0).all()
        assert (np.diff(scores) > 0).all()
        found.append(np.interp(np.log(1000), np.log(rarity), scores))
        errors.append(np.interp(np.log(20), np.log(rarity), scores))
    assert abs(np.mean(found) - 6.907) < 0.35  # the quantile of a Gumbel distribution at 1 - 1/1000
    assert abs(np.mean(errors) - 2.970) < 0.1


def test_scores_that_are_equal_count_as_the_most_common() -> None:
    rarity, scores = rarity_curve(np.repeat([0.0, 1.0], [800, 200]))
    assert np.interp(1.0, scores, rarity) == pytest.approx(5, rel=0.2)
    assert (np.diff(scores) > 0).all()


def test_rarity_is_bounded_by_the_curve() -> None:
    record = _tiny()
    np.testing.assert_allclose(one_in(record, np.array([-5.0, 2.0, 99.0])), [1, 10, 1000])


BROKEN = {
    "edges": ({"edges": np.array([2.0, 1.0]), "edge_starts": np.array([0, 2])}, "bins of a number"),
    "falling": (
        {
            "edges": np.array([2.0, 1.0]),
            "edge_starts": np.array([0, 2]),
            "sizes": np.array([5, 3, 1]),
        },
        "do not rise",
    ),
    "starts": ({"edge_starts": np.array([0, 2])}, "do not divide"),
    "sizes": ({"sizes": np.array([4, 3, 0])}, "bins of a number|differ in number"),
    "units": ({"bias": np.zeros(8, np.float32)}, "differ in number"),
    "hidden": ({"hidden_bias": np.zeros(3, np.float32)}, "hidden units differ"),
    "weight": ({"weights": np.full((9, 5), 41, np.float32)}, "a weight is beyond 40"),
    "rarity": ({"one_in": np.array([1.0, 1.0, 2.0])}, "does not rise"),
    "none": ({"one_in": np.empty(0), "scores": np.empty(0)}, "no distribution"),
    "below": ({"one_in": np.array([0.5, 1.0, 2.0])}, "no distribution"),
    "levels": ({"level_bins": np.array([-1, 0, 0, 0, 0, 0], np.int32)}, "a level has no bin"),
    "ranges": ({"high": np.zeros(2)}, "differ in number"),
    "dimensions": ({"weights": np.zeros(9, np.float32)}, "other dimensions"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_records_that_cannot_be_are_refused(fault: str) -> None:
    change, message = BROKEN[fault]
    tree, arrays = pack(replace(_tiny(), **change))
    with pytest.raises(ArtifactError, match=f"plausibility record: .*({message})"):
        unpack(PlausibilityRecord, tree, arrays)


def test_a_record_is_the_same_after_packing(record: PlausibilityRecord) -> None:
    again = unpack(PlausibilityRecord, *pack(record))
    rows = _table(20, seed=4)
    assert (surprise(again, rows) == surprise(record, rows)).all()
