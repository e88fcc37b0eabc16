"""Drift of the scores: none while the customers are the same, though all rows were learned."""

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import chi2

from dbnchurn.features import Leaves
from dbnchurn.model.reference_scores import expected_scores, shrinkage
from dbnchurn.predictor.model_record import probabilities

ROWS, FRESH = 2_000, 20_000


def index_of(model, X):
    """Population stability index of the scores of a table."""
    scores, _ = probabilities(model.record_, X)
    reference = model.record_.reference.score
    return reference.stability_index(reference.count_numbers(scores))


def bound(model):
    """What chance may give once in a thousand: of the counts, and of the spread that was measured.

    An index of unmoved rows times the harmonic size is chi-squared; spreads that differ by a factor
    of 1 + e give about 2 e²; the standard error of a spread of m values is 1 / √(2 m).
    """
    slots = len(model.record_.reference.score.edges) + 1
    counts = chi2.ppf(0.999, slots - 1) * (1 / ROWS + 1 / FRESH)
    error = 3.3 / np.sqrt(2 * model.validation * ROWS)
    return counts + 2 * error**2


@pytest.mark.parametrize(
    ("seed", "changes"),
    [
        (0, {}),
        pytest.param(1, {}, marks=pytest.mark.long),
        pytest.param(2, {}, marks=pytest.mark.long),
        (3, {"use_leaves": False}),
        (4, {"use_companion": False}),
    ],
)
def test_fresh_customers_of_the_same_kind_have_not_moved(small, draw_customers, seed, changes):
    changes = {"leaves": Leaves(folds=3, n_trees=25), **changes}  # scores of more than a few values
    model = small(random_state=seed, **changes).fit(*draw_customers(ROWS, seed))
    fresh, _ = draw_customers(FRESH, seed + 100)
    assert index_of(model, fresh) < bound(model) < 0.1
    moved = fresh.assign(debt=fresh["debt"] * 1.5)
    assert index_of(model, moved) > bound(model)


def test_scores_of_rows_that_were_kept_apart_are_the_reference(small, draw_customers):
    X_val, y_val = draw_customers(500, 1)
    model = small().fit(*draw_customers(600, 0), X_val=X_val, y_val=y_val)
    assert index_of(model, X_val) == pytest.approx(0, abs=1e-12)


def test_the_boosters_own_offsets_and_spreads_are_taken_away():
    generator = np.random.default_rng(0)
    fold = generator.integers(0, 3, 900)
    plain = generator.normal(-2, 1, 900)
    found = logit(expected_scores(expit(plain * (1 + fold) + 0.4 * fold), fold, 0.5))
    whole = (plain * (1 + fold) + 0.4 * fold).std()
    for one in range(3):
        assert found[fold == one].std() == pytest.approx(0.5 * whole)
        assert found[fold == one].mean() == pytest.approx(found.mean())
        order = np.argsort(plain[fold == one])
        assert (np.diff(found[fold == one][order]) > 0).all()


def test_equal_scores_stay_equal():
    own = np.full(10, 0.3)
    assert shrinkage(np.array([0.1, 0.2]), own) == 1.0
    fold = np.arange(10) % 2
    np.testing.assert_allclose(expected_scores(own, fold, 1.0), own)
