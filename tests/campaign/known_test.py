"""A random test whose effects are known: two options, one for each kind of customer."""

from typing import NamedTuple

import numpy as np
import pandas as pd


class KnownTest(NamedTuple):
    X: pd.DataFrame
    option: np.ndarray
    left: np.ndarray
    propensity: np.ndarray
    effect: np.ndarray  # of "call" and of "mail", by how much fewer leave


def draw_test(n: int = 6_000, seed: int = 0) -> KnownTest:
    """Calls keep .3 of those in debt, mail .15 of the others; a call annoys the young by .1."""
    generator = np.random.default_rng(seed)
    debt = generator.integers(0, 2, n)
    age = generator.integers(18, 80, n)
    plan = generator.choice(["basic", "family"], n)
    effect = np.column_stack([0.3 * debt - 0.1 * (age < 30), 0.15 * (1 - debt)])
    code = generator.choice(3, n, p=[0.4, 0.3, 0.3])
    risk = 0.45 + 0.1 * (plan == "family")
    after = risk - np.column_stack([np.zeros(n), effect])[np.arange(n), code]
    return KnownTest(
        pd.DataFrame({"debt": debt, "age": age, "plan": plan}),
        np.array(["control", "call", "mail"], object)[code],
        (generator.random(n) < after).astype(int),
        np.array([0.4, 0.3, 0.3])[code],
        effect,
    )
