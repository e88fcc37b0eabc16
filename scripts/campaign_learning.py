"""What learned effects are worth: a real test, plans on simulated customers, feedback in training.

    python scripts/campaign_learning.py --hillstrom FILE --seeds 3

``--hillstrom`` names the e-mail test of K. Hillstrom as CSV or Parquet (64,000 customers, columns
``segment`` and ``visit`` among others); without it that part is left out. The last line is JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb

from dbnchurn.campaign import Uplift, choose_learner
from dbnchurn.campaign.learner_choice import Money, plan_of
from dbnchurn.data.simulate.hazard import complaint_counts, leaving_probability, weakest_power
from dbnchurn.data.simulate.responses import (
    CONTACT_COST,
    MARGIN,
    OFFER_COST,
    OPTIONS,
    Responses,
    responses,
)
from dbnchurn.data.simulate.world import LEVELS, OBSERVED, World, draw

PILOTS = (10_000, 40_000, 160_000)
FRESH = 100_000
CONTROL = 0.2
CONTACTS = 0.2  # share of the customers that may be contacted
NAMES = np.array([" by ".join(option) for option in OPTIONS])
NET_MARGIN = np.array([MARGIN[offer] - OFFER_COST[offer] for offer, _ in OPTIONS])
COST = np.array([CONTACT_COST[channel] for _, channel in OPTIONS])


@dataclass(frozen=True, eq=False)
class Month:
    """Simulated customers before a month: what is known of them, and the truth."""

    X: pd.DataFrame
    truth: Responses

    @classmethod
    def of(cls, n: int, seed: int) -> Month:
        """Draw customers."""
        world = draw(np.arange(n), OBSERVED + 1, np.random.default_rng([seed, n]))
        p = leaving_probability(world, OBSERVED)
        return cls(known(world), responses(world, OBSERVED, p))


def known(world: World) -> pd.DataFrame:
    """Columns such as the features that ``dbnchurn prepare`` builds of three months."""
    observed, monthly = slice(0, OBSERVED), world.monthly
    traffic = np.log1p(monthly["broadband_gb"][:, observed])
    frame: dict[str, Any] = {
        name: pd.Categorical.from_codes(world.fixed[name], LEVELS[name])
        for name in ("package_name", "bundle", "channel", "payment_method")
    }
    return pd.DataFrame(
        {
            **frame,
            "age": world.fixed["age"],
            "iptv": world.fixed["iptv"],
            "traffic": traffic.mean(axis=1),
            "traffic_trend": traffic[:, -1] - traffic[:, 0],
            "mobile_gb": monthly["mobile_gb"][:, observed].mean(axis=1),
            "bill": monthly["billing_income"][:, observed].mean(axis=1),
            "debt": monthly["accumulated_debt"][:, OBSERVED - 1],
            "contract_left": monthly["contract_months_left"][:, OBSERVED - 1],
            "weakest_power": weakest_power(world, observed),
            "technical_complaints": complaint_counts(world, observed, (0, 1)),
            "billing_complaints": complaint_counts(world, observed, (2, 3)),
        }
    )


@dataclass(frozen=True, eq=False)
class Pilot:
    """A random test on the customers of a month."""

    option: np.ndarray[Any, Any]
    propensity: np.ndarray[Any, Any]
    left: np.ndarray[Any, Any]
    accepted: np.ndarray[Any, Any]

    @classmethod
    def of(cls, truth: Responses, seed: int) -> Pilot:
        """Draw options, and what the customers do."""
        generator = np.random.default_rng([seed, 1])
        n = len(truth.probability)
        code = np.where(generator.random(n) < CONTROL, -1, generator.integers(0, len(OPTIONS), n))
        row = np.arange(n)
        accepted = (code >= 0) & (generator.random(n) < truth.acceptance[row, code])
        after = np.where(accepted, truth.accepted[row, code], truth.declined[row, code])
        p = np.where(code < 0, truth.probability, after)
        propensity = np.where(code < 0, CONTROL, (1 - CONTROL) / len(OPTIONS))
        option = np.where(code < 0, "control", NAMES[code])
        return cls(option, propensity, (generator.random(n) < p).astype(int), accepted.astype(int))


def churn_score(seed: int, n: int = 60_000) -> Any:
    """A churn model of customers of whom nobody was contacted."""
    before = Month.of(n, 10_000 + seed)
    left = np.random.default_rng([seed, 2]).random(n) < before.truth.probability
    model = xgb.XGBClassifier(
        n_estimators=300, max_depth=5, learning_rate=0.05, enable_categorical=True, n_jobs=1,
        subsample=0.8, random_state=seed,
    ).fit(before.X, left)  # fmt: skip
    return lambda X: model.predict_proba(X)[:, 1]


def acceptance_model(X: pd.DataFrame, pilot: Pilot, seed: int) -> Any:
    """Probability of accepting every option, learned from the contacts of a pilot."""
    contacted = pilot.option != "control"

    def with_option(rows: pd.DataFrame, names: Any) -> pd.DataFrame:
        return rows.assign(option=pd.Categorical(names, NAMES))

    model = xgb.XGBClassifier(
        n_estimators=100, max_depth=3, learning_rate=0.1, enable_categorical=True, n_jobs=1,
        subsample=0.8, random_state=seed,
    ).fit(with_option(X[contacted], pilot.option[contacted]), pilot.accepted[contacted])  # fmt: skip

    def predict(rows: pd.DataFrame) -> np.ndarray[Any, Any]:
        return np.column_stack(
            [model.predict_proba(with_option(rows, [n] * len(rows)))[:, 1] for n in NAMES]
        )

    return predict


def plan_values(pilot_rows: int, seed: int, fresh: Month) -> dict[str, Any]:
    """A plan for fresh customers from a pilot: its true value, its promise, and the best plan's."""
    score = churn_score(seed)
    month = Month.of(pilot_rows, seed)
    X = month.X.assign(score=score(month.X))
    pilot = Pilot.of(month.truth, seed)
    order = np.argsort(NAMES)  # options in the order of the effects
    accepts = acceptance_model(X, pilot, seed)
    code = np.where(pilot.option == "control", -1, np.searchsorted(NAMES[order], pilot.option))
    cost, margin = COST[order], NET_MARGIN[order]
    # Acceptance of the pilot's own rows is expected by a model of the other half.
    half = np.random.default_rng([seed, 3]).random(len(X)) < 0.5
    expected = np.empty((len(X), len(NAMES)))
    for part in (half, ~half):
        others = Pilot(
            pilot.option[~part], pilot.propensity[~part], pilot.left[~part], pilot.accepted[~part]
        )
        expected[part] = acceptance_model(X[~part], others, seed)(X[part])[:, order]
    realised = np.where(code < 0, 0.0, pilot.accepted * margin[code] - cost[code])
    money = Money(month.truth.worth, expected * margin - cost, realised)
    choice = choose_learner(
        X, pilot.option, pilot.left, pilot.propensity,
        uplift=Uplift(halves=10, random_state=seed), money=money, contacts=CONTACTS,
    )  # fmt: skip
    new = fresh.X.assign(score=score(fresh.X))
    further = accepts(new)[:, order] * margin - cost
    truth = fresh.truth.value[:, order]
    best = true_value(plan_of(truth, CONTACTS), truth)
    worth = fresh.truth.worth[:, None]

    def value(effects: np.ndarray[Any, Any]) -> float:
        return true_value(plan_of(effects * worth + further, CONTACTS), truth)

    found = {"learner": choice.learner, "best": best}
    found["true"] = value(choice.model.predict(new))
    found["promised"] = choice.promise.value
    found["values"] = {name: v.value for name, v in choice.values.items()}
    found["error"] = choice.promise.standard_error
    return found


def true_value(plan: Any, truth: Any) -> float:
    """Mean true value of a plan per customer."""
    padded = np.column_stack([np.zeros(len(truth)), truth])
    return float(padded[np.arange(len(plan)), plan].mean())
