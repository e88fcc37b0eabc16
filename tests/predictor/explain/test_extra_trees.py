"""Contributions through extra trees are those of occlusion."""

import numpy as np
import pytest

from dbnchurn.features import ExtraTrees
from dbnchurn.features.leaves_record import booster_matrix
from dbnchurn.predictor.explain.background import Background
from dbnchurn.predictor.explain.extra_trees import TREES, SampledTrees
from dbnchurn.tables.schema import Table


def test_contributions_are_differences_to_the_mean_over_the_background():
    generator = np.random.default_rng(0)
    numbers, codes = generator.normal(size=(300, 2)), generator.integers(0, 3, (300, 1))
    table = Table(numbers, codes.astype(np.int32), ("a", "idle"), ("plan",), (3,))
    y = (numbers[:, 0] + (codes[:, 0] == 1) > 0.5).astype(int)
    trees = ExtraTrees(n_trees=TREES).fit(table, y, fold=np.arange(300) % 2, generator=generator)
    backgrounds = [
        Background(np.array([-1.0, 1.0]), np.array([0.25, 0.75])),
        Background(np.array([0.0, np.nan]), np.array([0.5, 0.5])),
        Background(np.array([0.0, 1.0, -1.0]), np.array([0.2, 0.3, 0.5])),
    ]
    made_of = [frozenset({0}), frozenset({1}), frozenset({2})]
    sampled = SampledTrees(trees.record_, made_of, booster_matrix)
    found = sampled.contributions(table.take(np.arange(5)), backgrounds)
    for row in range(5):
        own = trees.record_.logits(booster_matrix(table.take(np.array([row]))))[0]
        for column, background in enumerate(backgrounds):
            mean = 0.0
            for value, share in zip(background.values, background.shares, strict=True):
                changed = table.take(np.array([row]))
                target = changed.numbers if column < 2 else changed.codes
                target[0, column % 2 if column < 2 else 0] = value
                mean += share * trees.record_.logits(booster_matrix(changed))[0]
            assert found[row, column] == pytest.approx(own - mean, abs=1e-12)
