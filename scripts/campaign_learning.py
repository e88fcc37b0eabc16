"""What learned effects are worth: a real test, plans on simulated customers, feedback in training.

    python scripts/campaign_learning.py --hillstrom FILE --pilots 10000:10,40000:4

``--hillstrom`` names the e-mail test of K. Hillstrom as CSV or Parquet (64,000 customers, columns
``segment`` and ``visit`` among others); without it that part is left out. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb

from dbnchurn.campaign import Allocate, Feedback, Option, Uplift, choose_learner
from dbnchurn.campaign.learner_choice import CANDIDATES, Money
from dbnchurn.campaign.qini import measure_qini
from dbnchurn.data.simulate.campaigns import draw_contacts, leaving_after, log_table
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
from dbnchurn.evaluate import Ranking
from dbnchurn.evaluate.metrics import average_precision
from dbnchurn.tables.loading import read_table

PILOTS = {10_000: 26, 40_000: 6, 160_000: 8}  # customers → pilots; the smaller, the more chance
FRESH = 100_000
CONTROL = 0.2
LEARNERS = ("proportional", "two models", "doubly robust")
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

    def take(self, rows: Any) -> Pilot:
        """Some of the customers."""
        return Pilot(self.option[rows], self.propensity[rows], self.left[rows], self.accepted[rows])


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
    )  # fmt: skip
    model.fit(with_option(X[contacted], pilot.option[contacted]), pilot.accepted[contacted])

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
        uplift=Uplift(halves=2, random_state=seed), money=money, contacts=CONTACTS,
        learners=LEARNERS,
    )  # fmt: skip
    new = fresh.X.assign(score=score(fresh.X))
    further = accepts(new)[:, order] * margin - cost
    truth = fresh.truth.value[:, order]
    effects = choice.model.predict(new) * fresh.truth.worth[:, None]
    return {
        "learner": choice.learner,
        "best": planned_value(truth, truth, order),
        "true": planned_value(effects + further, truth, order),
        "promised": choice.promise.value,
        "error": choice.promise.standard_error,
    }


def planned_value(values: Any, truth: Any, order: Any) -> float:
    """Mean true value per customer of the plan by some values, of a share of contacts at most."""
    options = [Option(*OPTIONS[number]) for number in order]
    room = CONTACTS * len(values)  # every contact costs one of these
    made = Allocate(budget=room).fit(values, np.ones(len(options)), options).allocation_
    return float(truth[made.customer, made.option].sum() / len(values))


def effect_of_top(path: str | Path, splits: int = 5, share: float = 0.3) -> dict[str, Any]:
    """Effect of the women's e-mail on visits in the best part of held-out customers, by learner."""
    table = read_table(path)
    table = table[table["segment"] != "Mens E-Mail"].reset_index(drop=True)
    X = table.drop(columns=["segment", "visit", "conversion", "spend"])
    option = np.where(table["segment"] == "No E-Mail", "control", "womens")
    visit = table["visit"].to_numpy()
    found: dict[str, list[float]] = {}
    for split in range(splits):
        order = np.random.default_rng(split).permutation(len(X))
        fitted, rest = np.split(order, [int(0.6 * len(order))])
        for learner in CANDIDATES:
            model = Uplift(learner, wanted="more", halves=0, random_state=split)
            model.fit(X.iloc[fitted], option[fitted], visit[fitted])
            measured = measure_qini(
                model.predict(X.iloc[rest])[:, 0], option[rest], visit[rest],
                wanted="more", share=share, resamples=1,
            )  # fmt: skip
            found.setdefault(learner, []).append(measured.top.value)
            found.setdefault("mean effect", []).append(measured.average.value)
    return {name: float(np.mean(values)) for name, values in found.items()}


def feedback_ratios(seeds: int = 10, n: int = 40_000) -> dict[str, Any]:
    """Training after a targeted campaign: predicted by true risk in the top decile, and AP.

    The month's list, its draw and its labels are those of the simulator; each model scores fresh
    customers of whom nobody is contacted.
    """
    fresh = Month.of(FRESH, 77)
    p = fresh.truth.probability
    left = np.random.default_rng(78).random(len(p)) < p
    found: dict[str, list[tuple[float, float]]] = {}
    for seed in range(seeds):
        month = Month.of(n, 500 + seed)
        truth = month.truth
        generator = np.random.default_rng([seed, 5])
        contacts = draw_contacts("targeted", "august", np.arange(n), truth, generator)
        after, _ = leaving_after(contacts, truth, generator.random(n))
        lot = generator.random(n)
        never, y = (lot < truth.probability).astype(int), (lot < after).astype(int)
        row = np.full(n, -1)
        row[contacts.rows] = np.arange(len(contacts.rows))
        log = log_table(contacts, np.arange(n), truth, np.datetime64("2024-08-01")).to_pandas()
        weighted = Feedback(log, row, y).weigh(np.arange(n))
        treated = np.zeros(n, bool)
        treated[contacts.rows[contacts.treated]] = True
        for name, labels, weight in (
            ("never contacted", never, np.ones(n)),
            ("ignored", y, np.ones(n)),
            ("contacted left out", y, (~treated).astype(float)),
            ("feedback", y, weighted.weight),
        ):
            model = xgb.XGBClassifier(
                n_estimators=150, max_depth=4, learning_rate=0.05, subsample=0.8, n_jobs=1,
                enable_categorical=True, random_state=seed,
            ).fit(month.X, labels, sample_weight=weight)  # fmt: skip
            score = model.predict_proba(fresh.X)[:, 1]
            top = np.argsort(-score, kind="stable")[: len(score) // 10]
            ratio = float(score[top].mean() / p[top].mean())
            found.setdefault(name, []).append((ratio, average_precision(Ranking.of(left, score))))
    return {
        name: dict(
            zip(("ratio", "average_precision"), np.mean(pairs, axis=0).tolist(), strict=True)
        )
        for name, pairs in found.items()
    }


def measure_learning(
    hillstrom: str | Path | None = None,
    *,
    pilots: Mapping[int, int] = PILOTS,
    feedback_seeds: int = 10,
) -> dict[str, float]:
    """All numbers of this script.

    Parameters
    ----------
    hillstrom : path, optional
        The e-mail test.
    pilots : mapping of int → int
        Customers in a pilot → pilots of that size.
    feedback_seeds : int, default 10
        Campaigns behind the feedback numbers.

    Returns
    -------
    dict
    """
    numbers: dict[str, float] = {}
    if hillstrom is not None:
        tops = effect_of_top(hillstrom)
        print({name: round(value, 4) for name, value in tops.items()}, flush=True)
        numbers["hillstrom_top30"] = tops["doubly robust"]
        numbers["hillstrom_mean"] = tops["mean effect"]
    if feedback_seeds:
        ratios = feedback_ratios(feedback_seeds)
        for name, pair in ratios.items():
            print(name, {key: round(value, 3) for key, value in pair.items()}, flush=True)
        numbers["feedback_decile_ratio"] = ratios["feedback"]["ratio"]
        numbers["feedback_ap"] = ratios["feedback"]["average_precision"]
        numbers["ignored_ap"] = ratios["ignored"]["average_precision"]
    fresh = Month.of(FRESH, 99)
    every: list[dict[str, Any]] = []
    for pilot_rows, seeds in pilots.items():
        made = []
        for seed in range(seeds):
            started = time.process_time()
            found = plan_values(pilot_rows, seed, fresh)
            made.append(found)
            print(
                f"pilot of {pilot_rows}, seed {seed}: {found['learner']}, true value "
                f"{found['true'] / found['best']:.2f} of the best plan, promised / true "
                f"{found['promised'] / found['true']:.2f} ± {found['error'] / found['true']:.2f}, "
                f"{time.process_time() - started:.0f} s",
                flush=True,
            )
        size = f"{pilot_rows // 1000}k"
        numbers[f"true_value_{size}"] = float(np.mean([f["true"] / f["best"] for f in made]))
        numbers[f"true_value_{size}_least"] = min(f["true"] / f["best"] for f in made)
        numbers |= {f"{name}_{size}": value for name, value in promises(made).items()}
        every += made
    if every:
        numbers |= promises(every)
    return numbers


def promises(made: list[dict[str, Any]]) -> dict[str, float]:
    """Promised by true value of some plans, its standard error, and how many intervals hold."""
    promised, true, error = (
        np.array([found[key] for found in made]) for key in ("promised", "true", "error")
    )
    return {
        "promise_ratio": float(promised.sum() / true.sum()),
        "promise_ratio_error": float(np.sqrt((error**2).sum()) / true.sum()),
        "promise_coverage": float((abs(promised - true) < 1.96 * error).mean()),
    }


def main() -> None:
    """Read the command line, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hillstrom", help="CSV or Parquet file of the e-mail test")
    parser.add_argument("--feedback-seeds", type=int, default=10, help="campaigns")
    parser.add_argument(
        "--pilots",
        default=",".join(f"{size}:{seeds}" for size, seeds in PILOTS.items()),
        help="customers:pilots, of several sizes",
    )
    options = parser.parse_args()
    pairs = (pair.split(":") for pair in options.pilots.split(",") if pair)
    sizes = {int(size): int(seeds) for size, seeds in pairs}
    numbers = measure_learning(
        options.hillstrom, pilots=sizes, feedback_seeds=options.feedback_seeds
    )
    print(json.dumps({name: round(value, 4) for name, value in numbers.items()}))


if __name__ == "__main__":
    main()
