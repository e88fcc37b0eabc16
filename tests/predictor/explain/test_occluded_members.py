"""Contributions of a model with hidden codes: through the leaves they are occlusion itself."""

from dataclasses import replace

import numpy as np
import pytest

from dbnchurn.features import ExtraTrees, Leaves
from dbnchurn.predictor.explain.background import background_values, with_values
from dbnchurn.predictor.explain.contributions import Explainer
from dbnchurn.predictor.explain.extra_trees import TREES
from dbnchurn.predictor.explain.faithfulness import agreement, log_odds, occluded, spread
from dbnchurn.predictor.explain.occluded_members import OccludedMembers
from dbnchurn.tables.reading import read


@pytest.fixture(scope="module")
def coded(small, draw_customers):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dbnchurn.model.code_columns.LAYERS", (12, 6))
        classifier = small(
            codes=True,
            leaves=Leaves(folds=2, n_trees=8, max_depth=4),
            extra_trees=ExtraTrees(n_trees=TREES),
        )
        return classifier.fit(*draw_customers(600, seed=1)).record_


@pytest.fixture(scope="module")
def rows(coded, draw_customers):
    X = draw_customers(60, seed=8)[0]
    X.loc[::7, "debt"] = np.nan
    X.loc[::11, "plan"] = "quantum"
    return read(coded.schema, X)[0]


def expected_occlusion(model, table):
    """Literally: every column, every typical value, one after another."""
    now, found = log_odds(model, table), []
    for column, typical in enumerate(background_values(model.reference)):
        replaced = [
            log_odds(model, with_values(table, column, np.full(len(table), v)))
            for v in typical.values
        ]
        found.append(now - typical.shares @ np.array(replaced))
    return np.column_stack(found)


def of_leaves_alone(model):
    """The model in whose blend the network with leaves alone has a weight."""
    weights = np.zeros_like(model.decide.weights)
    weights[0] = 1.0
    return replace(model, decide=replace(model.decide, weights=weights))


def test_codes_are_tested(coded):
    codes = np.arange(len(coded.codes.head)) + coded.leaves.n_features - len(coded.codes.head) - 1
    tested = np.concatenate([forest.feature for forest in coded.leaves.forests])
    assert np.isin(codes, tested).any()


def test_through_leaves_contributions_are_occlusion(coded, rows):
    model = of_leaves_alone(coded)
    found = Explainer(model).contributions(rows)
    assert np.abs(found).max() > 0.1
    np.testing.assert_allclose(found, expected_occlusion(model, rows), rtol=0, atol=1e-9)


def test_members_are_occluded_one_by_one(coded, rows):
    backgrounds = background_values(coded.reference)
    parts = [
        OccludedMembers(coded, [place]).contributions(rows, backgrounds)
        for place in range(coded.members)
    ]
    np.testing.assert_allclose(sum(parts), expected_occlusion(coded, rows), rtol=0, atol=1e-9)


def test_the_whole_model_agrees_with_occlusion(coded, rows):
    found, draws = Explainer(coded).contributions(rows), spread(rows, 60, np.random.default_rng(0))
    for truth in (expected_occlusion(coded, rows), occluded(coded, rows, draws)):
        measured = agreement(found, truth, 2)
        assert measured.correlation > 0.97
        assert measured.sign > 0.95
        assert measured.shared > 0.85


def test_a_row_alone_is_explained_as_in_a_batch(coded, rows):
    explainer = Explainer(coded)
    whole = explainer.contributions(rows)
    for row in (0, 33, 59):
        alone = explainer.contributions(rows.take(np.array([row])))
        np.testing.assert_allclose(alone[0], whole[row], rtol=0, atol=1e-6)
