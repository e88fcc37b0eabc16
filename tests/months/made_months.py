"""Months with known truths: true scores, scores that promise too little, a ranking that is gone."""

from datetime import date

import numpy as np

from dbnchurn.evaluate.outcome_gaps import outcome_gap
from dbnchurn.evaluate.ranking import Ranking
from dbnchurn.evaluate.summary import numbers_at
from dbnchurn.months.estimate import ScoreGroups, estimates, plain_estimates
from dbnchurn.months.history import Month, outcome_facts
from dbnchurn.months.recalibration import Recalibration
from dbnchurn.months.scored_outcomes import ScoredOutcomes


def draw(seed, *, n=3000, shift=0.0, noise=False):
    """Scores and outcomes: true odds are those of the scores times ``exp(shift)``."""
    generator = np.random.default_rng(seed)
    scores = generator.beta(1, 12, n)
    true = Recalibration(1.0, shift).apply(scores)
    if noise:
        true = np.full(n, true.mean())
    return scores, (generator.random(n) < true).astype(np.int64)


def measured(scores, y, name="scores.csv"):
    """As scores and outcomes joined by id give it."""
    values = numbers_at(Ranking.of(y, scores), 0.2)
    numbers = {key: {"value": value, "low": None, "high": None} for key, value in values.items()}
    return ScoredOutcomes(name, "0a1b", numbers, (outcome_gap(y, scores),), scores, y)


def scored(scores, *, index=0.01, column=0.01):
    """The facts of a scoring job, with these stability indices."""
    groups = ScoreGroups.of(scores)
    drift = {
        "score": {"index": index, "by_chance": 0.001},
        "columns": {"debt": {"index": column, "by_chance": 0.001}},
    }
    return {
        "rows": len(scores), "scored": len(scores), "called": 0, "mean": float(scores.mean()),
        "groups": [], "estimate": plain_estimates(estimates(groups)), "drift": drift,
    }  # fmt: skip


def made(number, *, seed=0, drift=None, outcome=True, model="0a1b", **truth):
    """The month of that number, counted from January 2025."""
    scores, y = draw(1000 * seed + number, **truth)
    day = date(2025 + number // 12, number % 12 + 1, 1)
    facts = outcome_facts(measured(scores, y)) if outcome else {}
    return Month(day, model, scored(scores, **(drift or {})), facts)
