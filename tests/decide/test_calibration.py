"""The blend: an exact optimum that recovers known weights and returns to equal ones."""

import numpy as np
import pytest
from scipy.special import expit

from dbnchurn.decide.calibration import fit_blend


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
