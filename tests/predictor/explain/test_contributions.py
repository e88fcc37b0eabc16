"""Contributions say what the model does: exactly where it adds up, closely where it does not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ArtifactError
from dbnchurn.features import ExtraTrees, Leaves
from dbnchurn.features.leaves_record import booster_matrix
from dbnchurn.predictor.explain.background import background_values, with_values
from dbnchurn.predictor.explain.contributions import Explainer
from dbnchurn.predictor.explain.extra_trees import TREES
from dbnchurn.predictor.explain.faithfulness import (
    agreement,
    fall,
    leading,
    log_odds,
    occluded,
    spread,
    without,
)
from dbnchurn.predictor.explain.lineage import lineage
from dbnchurn.predictor.explain.tree_paths import TreePaths, path_tests
from dbnchurn.prepare import Prepare
from dbnchurn.prepare.record import prepare
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.reading import read

RICH = {
    "ratios": {"debt per year": ("debt", "age")},
    "trends": {"course": ("calls", "debt")},
    "smooth": 8,
    "compress": 1.5,
}


def enrich(X: pd.DataFrame) -> pd.DataFrame:
    """More numbers, a column that is always the same, a category with rare levels."""
    generator = np.random.default_rng(3)
    return X.assign(
        calls=generator.poisson(4, len(X)),
        same=1.0,
        town=generator.choice([*"abcdefgh"], len(X), p=[0.9, *[0.1 / 7] * 7]),
    )


@pytest.fixture(scope="module")
def rich(small, draw_customers):
    """A model whose preparation does everything that it can do."""
    X, y = draw_customers(600, seed=1)
    classifier = small(
        prepare=Prepare(**RICH),
        leaves=Leaves(folds=2, n_trees=8, max_depth=4),
        extra_trees=ExtraTrees(n_trees=TREES),  # all are walked again: nothing is sampled
    )
    return classifier.fit(enrich(X), y).record_


@pytest.fixture(scope="module")
def rows(rich, draw_customers):
    """150 new customers, some columns missing in some."""
    X = enrich(draw_customers(150, seed=8)[0]).astype({"calls": float})
    X.loc[::9, "calls"] = np.nan
    X.loc[::7, "debt"] = np.nan
    X.loc[::11, "plan"] = "quantum"
    return read(rich.schema, X)[0]


def expected_occlusion(model, table):
    """Literally: every column, every typical value, one after another."""
    now = log_odds(model, table)
    found = []
    for column, typical in enumerate(background_values(model.reference)):
        replaced = [
            log_odds(model, with_values(table, column, np.full(len(table), v)))
            for v in typical.values
        ]
        found.append(now - typical.shares @ np.array(replaced))
    return np.column_stack(found)


@pytest.mark.parametrize("missing", ["no evidence", "fill"])
def test_origins_are_the_columns_that_make_a_difference(draw_customers, missing):
    X = enrich(draw_customers(400, seed=2)[0])
    table, _ = read(infer(X), X)
    record = Prepare(missing=missing, **RICH).fit(table).record_
    before = prepare(record, table)
    p, q = table.numbers.shape[1], table.codes.shape[1]
    found = lineage(record, p, q)
    assert len(found.numbers) == before.numbers.shape[1]
    assert len(found.codes) == before.codes.shape[1]
    generator = np.random.default_rng(0)
    everything = np.hstack([table.numbers, table.codes])
    for raw in range(p + q):
        values = generator.permutation(everything[:, raw])
        values[::5] = np.nan if raw < p else -1
        after = prepare(record, with_values(table, raw, values))
        pairs = zip(
            [*before.numbers.T, *before.codes.T], [*after.numbers.T, *after.codes.T], strict=True
        )
        changed = [not np.array_equal(a, b, equal_nan=True) for a, b in pairs]
        assert changed == [raw in made_of for made_of in found.columns], raw


def test_rows_reach_the_leaves_that_scoring_finds(rich, rows):
    prepared = prepare(rich.prepare, rows)
    matrix = booster_matrix(prepared)
    made_of = lineage(rich.prepare, rows.numbers.shape[1], rows.codes.shape[1]).columns
    for k, forest in enumerate(rich.leaves.forests):
        assert np.diff(forest.category_starts).any() or k
        walk = TreePaths.of(forest, prepared, made_of, 8).walk(matrix)
        first = np.append(0, np.cumsum(forest.sizes))[:-1]
        leaf = rich.leaves.leaf_codes(k, matrix) + first
        reached = np.zeros((walk.paths.leaves, len(rows)), bool)
        reached[leaf.T, np.arange(len(rows))] = True
        np.testing.assert_array_equal(walk.count == 0, reached)


def of_networks(model, networks):
    """The model with other networks, and without the extra trees, which are not linear."""
    weights = model.decide.weights[: len(networks)]
    decision = replace(model.decide, weights=weights)
    return replace(model, networks=tuple(networks), extra_trees=None, decide=decision)


def test_where_everything_adds_up_contributions_are_occlusion(rich, rows):
    """Without heads the logit is the sum of the leaves' and levels' own values: linear."""
    networks = []
    generator = np.random.default_rng(5)
    for network in rich.networks:
        skip = generator.normal(size=sum(network.sizes)).astype(np.float32)
        networks.append(replace(network, head=np.zeros_like(network.head), skip=skip))
    linear = of_networks(rich, networks)
    found = Explainer(linear).contributions(rows)
    assert np.abs(found).max() > 1
    # float32 sums of some tens of leaf values of size 1
    np.testing.assert_allclose(found, expected_occlusion(linear, rows), rtol=0, atol=2e-5)


def test_near_a_linear_network_contributions_are_close_to_occlusion(rich, rows):
    """First-layer weights of a thousandth leave the sigmoids as good as straight."""
    generator = np.random.default_rng(6)

    def straight(network):
        shape = {"dense_weights": network.dense_weights, "code_weights": network.code_weights}
        tiny = {
            k: (1e-3 * generator.normal(size=w.shape)).astype(np.float32) for k, w in shape.items()
        }
        return replace(
            network,
            **tiny,
            skip=np.zeros(0, np.float32),
            biases=(np.ones_like(network.biases[0]), *network.biases[1:]),
            head=(1e3 * network.head).astype(np.float32),
        )

    model = of_networks(rich, [straight(network) for network in rich.networks])
    found, truth = Explainer(model).contributions(rows), expected_occlusion(model, rows)
    # second order: moves of 0.05 in a sigmoid with curvature of at most 0.1 against its slope
    assert np.abs(found - truth).max() < 0.02 * np.abs(truth).max()


def test_a_trained_model_is_described_closely_and_random_attributions_are_not(rich, rows):
    found, truth = Explainer(rich).contributions(rows), expected_occlusion(rich, rows)
    measured = agreement(found, truth, 2)
    assert measured.correlation > 0.97
    assert measured.sign > 0.95
    assert measured.shared > 0.85
    noise = agreement(np.random.default_rng(0).permuted(found, axis=1), truth, 2)
    assert noise.correlation < 0.5
    assert noise.sign < 0.8
    assert noise.shared < 0.5


def test_columns_that_the_model_does_not_use_contribute_nothing(rich, rows):
    place = rows.number_names.index("same")
    everything = np.hstack([rows.numbers, rows.codes])
    assert not Explainer(rich).contributions(rows)[:, place].any()
    moved = with_values(rows, place, np.random.default_rng(0).permutation(everything[:, 0]))
    np.testing.assert_array_equal(
        Explainer(rich).contributions(moved), Explainer(rich).contributions(rows)
    )


@pytest.mark.parametrize(
    "changes", [{"use_leaves": False}, {"use_companion": False}, {"skip": False}]
)
def test_every_make_of_model_is_described(small, customers, draw_customers, changes):
    model = small(**changes).fit(*customers).record_
    table, _ = read(model.schema, draw_customers(80, seed=4)[0])
    found, truth = Explainer(model).contributions(table), expected_occlusion(model, table)
    assert agreement(found, truth, 2).correlation > 0.95
    assert agreement(found, truth, 2).sign > 0.9


def test_a_row_alone_is_explained_as_in_a_batch(fitted, draw_customers):
    table, _ = read(fitted.schema_, draw_customers(600, seed=4)[0])
    explainer = Explainer(fitted.record_)
    whole = explainer.contributions(table)
    for row in (0, 7, 255, 256, 599):
        alone = explainer.contributions(table.take(np.array([row])))
        # On some processors BLAS multiplies a single row in another order: float32 logits differ.
        np.testing.assert_allclose(alone[0], whole[row], rtol=0, atol=1e-6)


def test_a_planted_driver_comes_first_and_its_direction_is_right(small):
    generator = np.random.default_rng(0)
    X = pd.DataFrame(generator.normal(size=(1500, 5)), columns=list("abcde"))
    y = (generator.random(1500) < 1 / (1 + np.exp(1 - 2.5 * X["c"]))).astype(int)
    model = small(leaves=Leaves(folds=2, n_trees=20, max_depth=2)).fit(X, y).record_
    table, _ = read(model.schema, X)
    found = Explainer(model).contributions(table)
    far = np.abs(X["c"]) > 1
    assert (leading(np.abs(found[far]), 1) == 2).mean() > 0.95
    assert (np.sign(found[far, 2]) == np.sign(X["c"][far])).all()
    assert pd.Series(found[:, 2]).corr(X["c"], method="spearman") > 0.95


def test_typical_values_are_those_of_training(fitted, customers):
    X, _ = customers
    table, _ = read(fitted.schema_, X)
    for column, typical in enumerate(background_values(fitted.record_.reference)):
        assert typical.shares.sum() == pytest.approx(1)
        p = table.numbers.shape[1]
        if column >= p:
            codes = table.codes[:, column - p]
            met, counts = np.unique(codes, return_counts=True)
            shares = dict(zip(typical.values.tolist(), typical.shares, strict=True))
            for code, count in zip(met.tolist(), counts, strict=True):
                assert shares[code] == pytest.approx(count / len(X))
            continue
        values = table.numbers[:, column]
        known = ~np.isnan(typical.values)
        assert typical.shares[~known].sum() == pytest.approx(np.isnan(values).mean())
        assert set(typical.values[known]) <= {0, 1} or table.number_names[column] != "tv"
        mean = np.average(typical.values[known], weights=typical.shares[known])
        # within bins of a tenth of the rows, most of a standard deviation is kept
        assert abs(mean - np.nanmean(values)) < 0.2 * np.nanstd(values)


def test_a_value_that_repeats_is_kept_as_it_is(small, customers):
    X, y = customers
    generator = np.random.default_rng(0)
    X = X.assign(
        paid=np.where(generator.random(len(X)) < 0.6, 0.0, generator.uniform(10, 20, len(X)))
    )
    reference = small().fit(X, y).record_.reference
    place = [column.name for column in reference.columns].index("paid")
    typical = background_values(reference)[place]
    assert typical.shares[typical.values == 0].sum() > 0.5


def test_models_without_a_reference_ask_to_be_trained_anew(rich):
    with pytest.raises(ArtifactError, match="train it anew"):
        Explainer(replace(rich, reference=None))


def test_numbers_tested_as_categories_are_refused(rich, rows):
    prepared = prepare(rich.prepare, rows)
    forest = next(f for f in rich.leaves.forests if np.diff(f.category_starts).any())
    with pytest.raises(ArtifactError, match="a number is tested"):
        path_tests(forest, prepared.numbers.shape[1] + prepared.codes.shape[1], ())


def test_occlusion_replaces_only_what_it_is_told_to(rich, rows):
    draws = spread(rows, 6, np.random.default_rng(0))
    now = log_odds(rich, rows)
    nothing = np.full((len(rows), 2), -1)
    np.testing.assert_allclose(without(rich, rows, nothing, draws), now, rtol=0, atol=1e-9)
    truth = occluded(rich, rows, draws)
    choice = leading(truth, 1)
    np.testing.assert_allclose(
        now - without(rich, rows, choice, draws),
        np.take_along_axis(truth, choice, 1)[:, 0],
        rtol=0,
        atol=1e-9,
    )


def test_values_drawn_are_values_of_customers_at_even_ranks(rows):
    draws = spread(rows, 10, np.random.default_rng(0))
    everything = np.hstack([rows.numbers, rows.codes])
    for column, own in zip(draws.T, everything.T, strict=True):
        assert np.isin(column[~np.isnan(column)], own).all()
        assert abs(np.isnan(column).mean() - np.isnan(own).mean()) <= 0.1
    np.testing.assert_array_equal(draws, spread(rows, 10, np.random.default_rng(0)))


def test_scores_fall_most_without_the_reasons(rich, rows):
    found = Explainer(rich).contributions(rows)
    draws = spread(rows, 10, np.random.default_rng(0))
    ours, random, spared = (
        fall(rich, rows, leading(by, found.shape[1]), draws, 2)
        for by in (found, np.random.default_rng(1).normal(size=found.shape), -found)
    )
    best = fall(rich, rows, leading(occluded(rich, rows, draws), found.shape[1]), draws, 1)
    assert ours[0] > 0.9 * best[0] > 0
    assert ours[0] > 2 * random[0]
    assert ours[1] > ours[0] > 0 > spared[0]


def test_a_member_without_weight_contributes_nothing(rich, rows):
    weights = rich.decide.weights.copy()
    weights[0] = 0.0  # of the network that sees leaves
    almost = weights + np.array([1e-12, 0, 0, 0])
    found, near = (
        Explainer(replace(rich, decide=replace(rich.decide, weights=w))).contributions(rows)
        for w in (weights, almost)
    )
    np.testing.assert_allclose(found, near, rtol=0, atol=1e-9)
