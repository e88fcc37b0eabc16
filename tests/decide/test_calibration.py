"""The blend: an exact optimum that recovers known weights and returns to equal ones."""

import numpy as np
import pytest
from scipy.special import expit

from dbnchurn.decide.calibration import fit_blend, fit_floored_blend


@pytest.fixture
def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits of a good, a fair and a reversed network; labels; weights 1 to 3."""
    generator = np.random.default_rng(0)
    logit = generator.normal(-1, 1.5, 500)
    y = (generator.random(500) < expit(logit)).astype(int)
    noise = generator.normal(size=(500, 3))
    logits = np.column_stack([logit, 0.5 * logit, -logit]) + noise * [0.3, 1.0, 0.3]
    return logits, y, generator.integers(1, 4, 500).astype(float)


def gradient(logits, y, sample_weight, restraint, weights, offset):
    """Of the summed log loss and the penalty, by the weights and then the offset."""
    error = sample_weight * (expit(logits @ weights + offset) - y)
    equal = 1 / logits.shape[1]
    return np.append(
        logits.T @ error + restraint * (weights - equal), error.sum() + restraint * offset
    )


@pytest.mark.parametrize("restraint", [0.0, 5.0, 500.0])
def test_the_gradient_is_zero_at_the_blend_unless_a_weight_is_at_its_bound(rows, restraint):
    logits, y, sample_weight = rows
    weights, offset = fit_blend(logits, y, sample_weight, restraint)
    slope = gradient(logits, y, sample_weight, restraint, weights, offset)
    assert (weights >= 0).all()
    free = np.append(weights > 0, True)
    np.testing.assert_allclose(slope[free], 0, atol=0.05)  # of sums over 500 rows
    assert (slope[~free] > 0).all()


def test_a_reversed_network_gets_no_weight(rows):
    weights, _ = fit_blend(*rows, restraint=0.0)
    assert weights[2] == 0
    assert weights[0] > weights[1] > 0


def test_a_known_slope_and_offset_are_recovered():
    """Every row once as a churner and once not, weighted by the true probability of each."""
    z = np.linspace(-4, 4, 41)
    p = expit(0.4 * z - 1.3)
    y = np.repeat([1, 0], 41)
    weights, offset = fit_blend(np.tile(z, 2)[:, None], y, np.concatenate([p, 1 - p]), 0.0)
    assert weights == pytest.approx([0.4], abs=1e-3)
    assert offset == pytest.approx(-1.3, abs=1e-3)


def test_a_strong_restraint_leaves_equal_weights_and_no_offset(rows):
    weights, offset = fit_blend(*rows, restraint=1e9)
    np.testing.assert_allclose(weights, 1 / 3, atol=1e-4)
    assert offset == pytest.approx(0, abs=1e-4)


def test_a_stronger_restraint_comes_closer_to_equal_weights(rows):
    distances = []
    for restraint in (0.0, 10.0, 100.0, 1000.0):
        weights, offset = fit_blend(*rows, restraint)
        distances.append(np.sum((weights - 1 / 3) ** 2) + offset**2)
    assert (np.diff(distances) < 0).all()


def test_sample_weights_count_like_copies(rows):
    logits, y, sample_weight = rows
    copies = sample_weight.astype(int)
    weighted = fit_blend(logits, y, sample_weight, 5.0)
    copied = fit_blend(
        np.repeat(logits, copies, axis=0), np.repeat(y, copies), np.ones(copies.sum()), 5.0
    )
    np.testing.assert_allclose(weighted[0], copied[0], atol=1e-3)
    assert weighted[1] == pytest.approx(copied[1], abs=1e-3)


def test_the_order_of_the_networks_is_the_order_of_the_weights(rows):
    logits, y, sample_weight = rows
    weights, offset = fit_blend(logits, y, sample_weight, 5.0)
    turned, same_offset = fit_blend(logits[:, ::-1], y, sample_weight, 5.0)
    np.testing.assert_allclose(turned[::-1], weights, atol=1e-3)
    assert same_offset == pytest.approx(offset, abs=1e-3)


# --- The floor ----------------------------------------------------------------------------------


def expected(z, p):
    """Every row once as a churner and once not, weighted by the true probability of each."""
    return np.tile(z, 2)[:, None], np.repeat([1, 0], len(z)), np.concatenate([p, 1 - p])


def test_without_a_floor_in_the_rows_the_blend_is_the_plain_one(rows):
    weights, offset, floor = fit_floored_blend(*rows, 5.0)
    plain, plain_offset = fit_blend(*rows, 5.0)
    assert floor == 0
    np.testing.assert_array_equal(weights, plain)
    assert offset == plain_offset


@pytest.mark.parametrize("floor", [0.01, 0.03, 0.1])
def test_a_known_floor_is_recovered_with_slope_and_offset(floor):
    z = np.linspace(-9, 5, 4001)
    rows = expected(z, floor + (1 - floor) * expit(1.3 * z - 0.4))
    weights, offset, found = fit_floored_blend(*rows, 0.0)
    assert found == pytest.approx(floor, rel=0.02)
    assert weights == pytest.approx([1.3], rel=0.02)
    assert offset == pytest.approx(-0.4, abs=0.02)


def test_with_a_floor_the_lowest_tenth_promises_what_comes():
    """Without it the slope is a compromise: the safest are promised too little."""
    z = np.linspace(-9, 5, 4001)
    truth = 0.03 + 0.97 * expit(1.3 * z)
    rows = expected(z, truth)
    plain, plain_offset = fit_blend(*rows, 0.0)
    weights, offset, floor = fit_floored_blend(*rows, 0.0)
    lowest = slice(0, 400)
    promised = floor + (1 - floor) * expit(z * weights[0] + offset)
    assert promised[lowest].mean() == pytest.approx(truth[lowest].mean(), rel=0.03)
    assert expit(z * plain[0] + plain_offset)[lowest].mean() < 0.8 * truth[lowest].mean()


def test_a_floor_that_few_rows_show_is_not_kept():
    """The same shares in a hundredth of the rows: chance explains them."""
    z = np.linspace(-9, 5, 401)
    logits, y, weight = expected(z, 0.03 + 0.97 * expit(1.3 * z))
    assert fit_floored_blend(logits, y, weight, 0.0)[2] > 0
    assert fit_floored_blend(logits, y, weight / 100, 0.0)[2] == 0


def test_the_floor_counts_weights_like_copies():
    z = np.linspace(-9, 5, 300)
    generator = np.random.default_rng(0)
    y = (generator.random(300) < 0.08 + 0.92 * expit(z)).astype(int)
    copies = generator.integers(1, 4, 300)
    one = fit_floored_blend(z[:, None], y, copies.astype(float), 1.0)
    many = fit_floored_blend(
        np.repeat(z, copies)[:, None], np.repeat(y, copies), np.ones(copies.sum()), 1.0
    )
    assert one[2] > 0
    assert one[2] == pytest.approx(many[2], rel=1e-2)
    np.testing.assert_allclose(one[0], many[0], rtol=1e-2)
