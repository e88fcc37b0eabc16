"""Probabilities add up to what was taken, and keep the order of the regression."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.special import expit

from dbnchurn.offers.acceptance import (
    Acceptance,
    ItemRates,
    customer_rows,
    knots_of,
    learn_acceptance,
)
from dbnchurn.offers.logistic import fit_logistic
from dbnchurn.offers.purchases import Standing
from tests.offers.conftest import WEEKS, WINDOW


def test_a_logistic_regression_finds_true_coefficients():
    generator = np.random.default_rng(0)
    columns = np.column_stack([np.ones(40_000), generator.normal(size=(40_000, 2))])
    true = np.array([-2.0, 1.0, -0.5])
    p = expit(columns @ true)
    outcome = (generator.random(len(p)) < p).astype(float)
    found = fit_logistic(columns, outcome)
    curvature = (columns * (p * (1 - p))[:, None]).T @ columns
    error = np.sqrt(np.diag(np.linalg.inv(curvature)))
    assert (np.abs(found - true) < 4 * error + 1e-3).all()
    assert expit(columns @ found).sum() == pytest.approx(outcome.sum(), rel=1e-6)


def test_a_column_that_tells_all_ends_in_finite_coefficients():
    side = np.repeat([0.0, 1.0], 50)
    assert np.isfinite(fit_logistic(np.column_stack([np.ones(100), side]), side)).all()


def test_listed_probabilities_come_true_on_weeks_that_made_none(searched):
    bins = searched.quality_.calibration
    expected = sum(part.pairs * part.expected for part in bins)
    found = sum(part.pairs * part.found for part in bins)
    # Customers buy at the same pace in all weeks; four standard errors of a binomial.
    assert abs(expected - found) < 4 * np.sqrt(expected)


def test_a_larger_log_odds_has_a_larger_probability(searched):
    z = np.linspace(-12, 6, 2000).astype(np.float32)
    assert (np.diff(searched.record_.acceptance.probabilities(z)) > 0).all()


def test_without_rows_enough_probabilities_are_those_of_the_regression():
    rates = ItemRates(*[np.array([0.5])] * 3)
    few = np.array([[0.0], [0.0]])
    z = np.array([-3.0, 0.5], np.float32)
    takes = Acceptance(np.zeros(8), rates, few, np.zeros(1), np.zeros(8), np.ones(1, np.float32))
    np.testing.assert_allclose(takes.probabilities(z), expit(z.astype(float)))


def test_held_items_judged_by_the_others_do_not_show_that_they_are_held():
    """With holdings drawn independently, nothing but how common an item is can be found."""
    generator = np.random.default_rng(1)
    shares = np.array([0.5, 0.3, 0.1])
    held = csr_array((generator.random((4000, 3)) < shares).astype(np.float32))
    standing = Standing(held, np.zeros(4000), as_if_new=True)
    rates = ItemRates(shares, shares, shares)
    weights = np.full((3, 3), 0.2, np.float32) - 0.2 * np.eye(3, dtype=np.float32)
    takes = learn_acceptance(
        weights, rates, standing, held, possible=np.ones(3, bool), random_state=0, held_too=True
    )
    logits = takes.logits((held @ weights).astype(np.float32), standing)
    p = takes.probabilities(logits)
    assert np.abs(p - shares).max() < 0.06
    np.testing.assert_allclose(p.mean(0), held.mean(0), atol=0.01)


def test_knots_do_not_depend_on_the_order_of_rows():
    generator = np.random.default_rng(2)
    z = generator.integers(-5, 5, 5000) / 2.0
    outcome = (generator.random(5000) < expit(z)).astype(float)
    order = np.argsort(outcome)
    np.testing.assert_allclose(knots_of(z, outcome), knots_of(z[order], outcome[order]), rtol=1e-9)


def test_customers_are_drawn_by_a_seed_and_hold_something(bought):
    standing = bought.with_customers(["nobody"]).standing(WEEKS, WINDOW)
    rows = customer_rows(standing, 100, 0)
    assert len(rows) == 100
    assert len(standing) - 1 not in customer_rows(standing, 10_000, 0)
    assert (rows == customer_rows(standing, 100, 0)).all()
