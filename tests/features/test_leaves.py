"""Leaves: plain trees that agree with XGBoost, from boosters fitted without the row's fold."""

import dataclasses
import pickle

import numpy as np
import pytest
import xgboost as xgb

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.records import pack, unpack
from dbnchurn.dbn.visible import Visible
from dbnchurn.features import Leaves
from dbnchurn.features.forest_record import LARGEST_TREE, Forest
from dbnchurn.features.leaves import forest_of
from dbnchurn.features.leaves_record import LeavesRecord, booster_matrix, with_leaves
from dbnchurn.features.wide_tables import SMALL_BINS
from dbnchurn.tables.schema import Table


def make_table(n: int = 2000, seed: int = 0) -> tuple[Table, np.ndarray]:
    """Three numbers and two categories with gaps; one category has more levels than a one-hot."""
    generator = np.random.default_rng(seed)
    numbers = generator.normal(size=(n, 3))
    codes = np.column_stack([generator.integers(0, 3, n), generator.integers(0, 12, n)]).astype(
        np.int32
    )
    logit = 2 * numbers[:, 0] + (codes[:, 0] == 1) + np.sin(codes[:, 1] * 2.0) - 2
    y = (generator.random(n) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    numbers[generator.random((n, 3)) < 0.1] = np.nan
    codes[generator.random((n, 2)) < 0.1] = -1
    return Table(numbers, codes, ("a", "b", "c"), ("p", "q"), (3, 12)), y


def dmatrix(table: Table, y: np.ndarray | None = None) -> xgb.DMatrix:
    kinds = ["q"] * len(table.number_names) + ["c"] * len(table.code_names)
    return xgb.DMatrix(booster_matrix(table), y, feature_types=kinds, enable_categorical=True)


@pytest.fixture(scope="module")
def booster() -> xgb.Booster:
    parameters = {"objective": "binary:logistic", "max_depth": 6, "eta": 0.3, "nthread": 1}
    return xgb.train(parameters, dmatrix(*make_table()), 20)


@pytest.fixture(scope="module")
def forest(booster) -> Forest:
    return forest_of(booster)


@pytest.fixture(scope="module")
def record(forest) -> LeavesRecord:
    return LeavesRecord((forest,), n_features=5)


def test_trees_are_those_of_xgboost(booster, forest, record):
    """Rows share a leaf with us exactly where they share one with XGBoost, and add its value."""
    table, _ = make_table(seed=1)
    assert len(forest.categories)  # the trees do test categories
    ours = record.leaf_codes(0, booster_matrix(table))
    theirs = booster.predict(dmatrix(table), pred_leaf=True).astype(int)
    assert ours.shape == theirs.shape == (2000, 20)
    for tree in range(20):
        pairs = {(int(a), int(b)) for a, b in zip(ours[:, tree], theirs[:, tree], strict=True)}
        assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
    first = np.append(0, np.cumsum(forest.sizes))[:-1]
    margin = forest.leaf_values[ours + first].sum(axis=1, dtype=np.float64)
    base = booster.predict(dmatrix(table), output_margin=True) - margin
    np.testing.assert_allclose(base, base[0], atol=1e-5)  # float32 sums of 20 values


def test_codes_count_the_leaves_of_every_tree(forest, record):
    codes = record.leaf_codes(0, booster_matrix(make_table()[0]))
    assert codes.min() == 0
    assert (codes.max(axis=0) < forest.sizes).all()
    assert sum(forest.sizes) == (forest.feature < 0).sum() == len(forest.leaf_values)


def test_unseen_categories_and_infinite_numbers_find_a_leaf(record):
    table, _ = make_table(3)
    strange = dataclasses.replace(table, codes=np.full_like(table.codes, 40))
    assert (record.leaf_codes(0, booster_matrix(strange)) >= 0).all()
    assert (record.leaf_codes(0, np.full((2, 5), np.inf, np.float32)) >= 0).all()
    assert record.leaf_codes(0, np.empty((0, 5), np.float32)).shape == (0, 20)


def test_a_row_alone_finds_the_leaves_it_finds_in_a_batch(record):
    matrix = booster_matrix(make_table()[0])
    whole = record.leaf_codes(0, matrix)
    for row in (0, 999):
        np.testing.assert_array_equal(record.leaf_codes(0, matrix[[row]])[0], whole[row])


@pytest.mark.parametrize("n_threads", [2, 10_000])
def test_threads_change_nothing_and_too_many_are_no_error(record, n_threads):
    matrix = booster_matrix(make_table(3000)[0])
    many = record.leaf_codes(0, matrix, n_threads=n_threads)
    np.testing.assert_array_equal(many, record.leaf_codes(0, matrix))


def test_storage_and_pickling_keep_the_trees(record):
    matrix = booster_matrix(make_table()[0])
    expected = record.leaf_codes(0, matrix)
    for again in (unpack(LeavesRecord, *pack(record)), pickle.loads(pickle.dumps(record))):
        np.testing.assert_array_equal(again.leaf_codes(0, matrix), expected)


def altered(array, place, value):
    array = array.copy()
    array[place] = value
    return array


def damaged(forest: Forest, how: str) -> Forest:
    inner = np.flatnonzero(forest.feature >= 0)
    node, other = inner[0], inner[1]
    changes = {
        "cycle": {"left": altered(forest.left, other, 0)},
        "itself": {"left": altered(forest.left, node, node)},
        "orphan": {"left": altered(forest.left, node, forest.right[node])},
        "beyond": {"right": altered(forest.right, node, 10**6)},
        "length": {"threshold": forest.threshold[:-1]},
        "starts": {"starts": altered(forest.starts, 1, forest.starts[1] + 1)},
        "descending": {"starts": altered(forest.starts, 1, forest.starts[2] + 1)},
        "feature": {"feature": altered(forest.feature, node, -7)},
        "category": {"categories": altered(forest.categories, 0, -1)},
        "sets": {"category_starts": altered(forest.category_starts, -1, 0)},
    }
    return dataclasses.replace(forest, **changes[how])


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("cycle", "does not follow its parent"),
        ("itself", "does not follow its parent"),
        ("orphan", "no parent or more than one"),
        ("beyond", "does not follow its parent within the tree"),
        ("length", "differ in length"),
        ("starts", "does not follow|no parent"),
        ("descending", "do not divide the nodes"),
        ("feature", "out of range"),
        ("category", "out of range"),
        ("sets", "do not divide the categories"),
    ],
)
def test_arrays_that_are_no_trees_are_refused(forest, how, message):
    with pytest.raises(ArtifactError, match=message):
        unpack(Forest, *pack(damaged(forest, how)))


@pytest.mark.parametrize("forests", [0, 1])
def test_boosters_without_trees_are_refused(forest, forests):
    none = Forest(
        np.zeros(1, np.int64),
        *(np.empty(0, getattr(forest, name).dtype) for name in NODES),
        np.zeros(1, np.int64),
        np.empty(0, np.int32),
        np.empty(0, np.float32),
    )
    with pytest.raises(ArtifactError, match="a booster has none"):
        unpack(LeavesRecord, *pack(LeavesRecord((none,) * forests, 5)))


def balanced(leaves: int) -> Forest:
    """One tree, as balanced as can be: the children of node i are 2 i + 1 and 2 i + 2."""
    nodes = 2 * leaves - 1
    place = np.arange(nodes, dtype=np.int32)
    is_leaf = place >= leaves - 1
    return Forest(
        starts=np.array([0, nodes]),
        feature=np.where(is_leaf, -1, 0).astype(np.int32),
        threshold=np.zeros(nodes, np.float32),
        left=np.where(is_leaf, -1, 2 * place + 1).astype(np.int32),
        right=np.where(is_leaf, -1, 2 * place + 2).astype(np.int32),
        default_left=np.zeros(nodes, bool),
        category_starts=np.zeros(nodes + 1, np.int64),
        categories=np.empty(0, np.int32),
        value=np.zeros(nodes, np.float32),
    )


def test_trees_of_too_many_leaves_are_refused():
    unpack(Forest, *pack(balanced(LARGEST_TREE)))
    with pytest.raises(ArtifactError, match="more than"):
        unpack(Forest, *pack(balanced(LARGEST_TREE + 1)))


NODES = ("feature", "threshold", "left", "right", "default_left")
SMALL = {"folds": 3, "n_trees": 8, "max_depth": 3}


def fit(table: Table, y: np.ndarray, **more) -> Leaves:
    stage = Leaves(**{**SMALL, **more.pop("settings", {})})
    return stage.fit(table, y, generator=np.random.default_rng(0), **more)


def same(a: Forest, b: Forest) -> bool:
    return all(
        np.array_equal(getattr(a, field.name), getattr(b, field.name))
        for field in dataclasses.fields(Forest)
    )


def test_a_row_changes_every_booster_but_that_of_its_fold():
    """Feature and label of one row change; folds and stopping rows stay the same."""
    table, y = make_table(900)
    stop = (*make_table(300, seed=5), np.ones(300))
    folds = np.arange(900) % 3
    before = fit(table, y, fold=folds, validation=stop).record_.forests
    for row in (0, 400, 899):
        numbers, label = table.numbers.copy(), y.copy()
        numbers[row], label[row] = 50.0, 1 - y[row]
        poisoned = dataclasses.replace(table, numbers=numbers)
        after = fit(poisoned, label, fold=folds, validation=stop).record_.forests
        unchanged = [same(a, b) for a, b in zip(before, after, strict=True)]
        assert unchanged == [fold == folds[row] for fold in range(3)]


def test_weights_stand_for_copies():
    """Rows that are drawn twice and rows of weight 2 grow the same trees."""
    table, y = make_table(600)
    settings = {"subsample": 1.0, "colsample": 1.0, "learning_rate": 0.07}
    stop = (table, y, np.ones(600))
    once = fit(table, y, sample_weight=np.full(600, 2.0), validation=stop, settings=settings)
    matrix, inside = booster_matrix(table), once.fold_ != 0
    doubled = xgb.DMatrix(
        np.vstack([matrix[inside]] * 2), np.tile(y[inside], 2),
        feature_types=["q"] * 3 + ["c"] * 2, enable_categorical=True,
    )  # fmt: skip
    parameters = {
        "objective": "binary:logistic", "max_depth": 3, "eta": 0.07, "nthread": 1,
        "max_bin": SMALL_BINS, "max_cat_to_onehot": Leaves.max_cat_to_onehot,
    }  # fmt: skip
    twice = forest_of(xgb.train(parameters, doubled, 8))
    codes = once.record_.leaf_codes(0, matrix)
    agree = (codes == LeavesRecord((twice,), 5).leaf_codes(0, matrix)[:, : codes.shape[1]]).mean()
    assert agree > 0.98  # split points of weighted and of doubled sketches may differ by a row


def test_stopping_rows_decide_the_number_of_trees_alone():
    table, y = make_table(900)
    one, two = make_table(300, seed=5), make_table(300, seed=6)
    flipped = (two[0], 1 - two[1])
    settings = {"n_trees": 30, "patience": 3}
    first, second = (
        fit(table, y, validation=(*stop, np.ones(300)), settings=settings).record_.forests
        for stop in (one, flipped)
    )
    for a, b in zip(first, second, strict=True):
        trees = min(a.trees, b.trees)
        nodes = a.starts[trees]
        assert trees >= 1
        assert b.starts[trees] == nodes
        np.testing.assert_array_equal(a.feature[:nodes], b.feature[:nodes])
        np.testing.assert_array_equal(a.threshold[:nodes], b.threshold[:nodes])
        np.testing.assert_array_equal(a.value[:nodes], b.value[:nodes])
    assert [a.trees for a in first] != [b.trees for b in second]


def test_inputs_are_not_changed():
    table, y = make_table(300)
    numbers, codes, labels = table.numbers.copy(), table.codes.copy(), y.copy()
    weight = np.ones(300)
    fit(table, y, sample_weight=weight)
    np.testing.assert_array_equal(table.numbers, numbers)
    np.testing.assert_array_equal(table.codes, codes)
    np.testing.assert_array_equal(y, labels)
    assert (weight == 1).all()


def test_trees_that_test_columns_beyond_the_table_are_refused():
    record = fit(*make_table(300)).record_
    with pytest.raises(ArtifactError, match="tests a column that does not exist"):
        unpack(type(record), *pack(dataclasses.replace(record, n_features=1)))


def test_a_layer_has_the_leaves_of_one_booster_alone():
    table, y = make_table(300)
    record = fit(table, y).record_
    base = Visible.of(gaussian=table.numbers, codes=table.codes, sizes=table.sizes)
    codes = record.leaf_codes(1, booster_matrix(table))
    layer = with_leaves(base, record, 1, codes)
    first, second = record.forests[0].trees, record.forests[1].trees
    leaves = layer.codes[:, 2:]
    assert layer.sizes == table.sizes + record.sizes
    np.testing.assert_array_equal(leaves[:, first : first + second], codes)
    assert (np.delete(leaves, np.s_[first : first + second], axis=1) == -1).all()


def test_without_cross_fitting_one_booster_is_fitted_on_all_rows():
    table, y = make_table(900)
    leaves = fit(table, y, settings={"cross_fit": False})
    assert len(leaves.record_.forests) == 1
    assert (leaves.fold_ == 0).all()
    for row in (0, 450, 899):
        numbers = table.numbers.copy()
        numbers[row, 0] = 50.0 if y[row] == 0 else -50.0
        other = fit(dataclasses.replace(table, numbers=numbers), y, settings={"cross_fit": False})
        assert not same(leaves.record_.forests[0], other.record_.forests[0])


def test_given_folds_are_kept():
    table, y = make_table(900)
    fold = np.arange(900) % 4
    leaves = fit(table, y, fold=fold)
    np.testing.assert_array_equal(leaves.fold_, fold)
    assert len(leaves.record_.forests) == 4


def test_without_validation_rows_all_trees_are_grown():
    leaves = fit(*make_table(300), settings={"patience": 1, "n_trees": 30})
    assert {forest.trees for forest in leaves.record_.forests} == {30}
    assert leaves.curves_ == [[], [], []]
