"""The logit's weights on fixed codes: a penalised regression beside what goes to it directly."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from dbnchurn.dbn.head import CodedRows, fit_head

GENERATOR = np.random.default_rng(0)
CODES = GENERATOR.random((400, 3)).astype(np.float32) * [1, 5, 0] + [0, 2, 7]
Y = (GENERATOR.random(400) < 1 / (1 + np.exp(4 - 8 * CODES[:, 0]))).astype(np.float32)
NOTHING = np.zeros(400, np.float32)


def test_it_is_the_regression_of_standardised_codes_and_constant_codes_weigh_nothing():
    head = fit_head(CodedRows(NOTHING, CODES, Y), None, [2.0])
    spread = CODES[:, :2].std(0)
    scaled = (CODES[:, :2] - CODES[:, :2].mean(0)) / spread
    model = LogisticRegression(C=0.5, tol=1e-8).fit(scaled, Y)
    np.testing.assert_allclose(head.weights[:2] * spread, model.coef_[0], atol=2e-3)
    assert head.weights[2] == 0


def test_what_is_explained_directly_is_not_learned_again():
    direct = (8 * CODES[:, 0] - 4).astype(np.float32)
    alone, beside = (
        fit_head(CodedRows(d, CODES, Y), None, [2.0]).weights[0] for d in (NOTHING, direct)
    )
    assert abs(beside) < 0.2 * alone


def test_a_weight_of_two_is_the_row_twice():
    twice = np.repeat(np.arange(400), 1 + (Y == 1))
    weighted = CodedRows(NOTHING, CODES, Y, 1 + Y)
    repeated = CodedRows(NOTHING[twice], CODES[twice], Y[twice])
    factor = len(twice) / 400  # weights have mean one, so the penalty counts as for fewer rows
    heads = [fit_head(weighted, None, [2.0]), fit_head(repeated, None, [2.0 * factor])]
    np.testing.assert_allclose(heads[0].weights, heads[1].weights, rtol=1e-2, atol=1e-3)


def test_validation_rows_choose_the_penalty():
    noise = GENERATOR.random((400, 3)).astype(np.float32)
    held_out = CodedRows(NOTHING, noise[::-1].copy(), Y)
    assert fit_head(CodedRows(NOTHING, noise, Y), held_out, [0.01, 1e6]).penalty == 1e6
    rows = CodedRows(NOTHING, CODES, Y)
    assert fit_head(rows, rows, [0.01, 1e6]).penalty == 0.01
    assert fit_head(rows, None, [1.0, 2.0, 9.0]).penalty == 2.0


def test_nothing_is_learned_at_the_largest_penalty():
    head = fit_head(CodedRows(NOTHING, CODES, Y), None, [1e6])
    assert np.abs(CODES @ head.weights).std() < 0.01
    assert head.bias + (CODES @ head.weights).mean() == pytest.approx(
        np.log(Y.mean() / (1 - Y.mean())), abs=1e-2
    )
