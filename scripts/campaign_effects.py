"""Whether the intervals and plans of campaigns hold: coverage, false alarms, power, cost.

Run as ``python scripts/campaign_effects.py``; ``--campaigns`` and ``--plans`` make it shorter. All
campaigns are simulated with a known effect. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json

import numpy as np

from dbnchurn.campaign.config import Pilot
from dbnchurn.campaign.effect import Effect, measured_effect, planned_deviation
from dbnchurn.campaign.plan import Range, drawn, realised
from dbnchurn.campaign.power import customers_needed

CAMPAIGNS, LOOKED_AT, PLANS, LOOKS = 20_000, 2_000, 1_500, 20
# Customers, share held out, base rate, effect, adjusted by the score, held out by risk.
DESIGNS = (
    (1_000, 0.2, 0.10, -0.02, False, False),
    (2_000, 0.1, 0.08, -0.02, True, False),
    (2_000, 0.5, 0.05, 0.0, True, False),
    (3_000, 0.2, 0.08, -0.02, True, True),
)
# Base rate, effect, share held out, share of the variance explained.
POWERS = (
    (0.10, -0.02, 0.10, 0.0),
    (0.10, -0.02, 0.50, 0.0),
    (0.03, -0.006, 0.20, 0.0),
    (0.20, -0.04, 0.10, 0.1),
)


def simulated(
    generator: np.random.Generator,
    customers: int,
    share: float,
    base: float,
    effect: float,
    adjusted: bool,
    by_risk: bool,
) -> Effect:
    """The effect that is measured in one campaign; all customers have the same relative effect."""
    score = generator.beta(1.0, 1 / base - 1, customers)
    chance = np.full(customers, share)
    if by_risk:
        chance = np.where(score > base, 0.5, 1.5) * share
    control = generator.random(customers) < chance
    rate = score * np.where(control, 1.0, 1 + effect / base)
    left = (generator.random(customers) < rate).astype(float)
    propensity = np.where(control, chance, 1 - chance)
    return measured_effect(left, ~control, propensity, score if adjusted else None)


def coverage(campaigns: int, random_state: int = 0) -> list[float]:
    """Share of the campaigns of each design whose 95 % interval holds the true effect."""
    found = []
    for number, design in enumerate(DESIGNS):
        generator = np.random.default_rng([random_state, number])
        inside = 0
        for _ in range(campaigns // len(DESIGNS)):
            measured = simulated(generator, *design)
            inside += measured.low <= design[3] <= measured.high
        found.append(inside / (campaigns // len(DESIGNS)))
    return found


def false_alarms(
    campaigns: int, looks: int = LOOKS, random_state: int = 0
) -> tuple[float, float, float]:
    """Share of campaigns without effect that excludes zero at some look.

    Returns
    -------
    sequence, fixed : float
        With the interval that holds for every look, and with the usual one.
    width : float
        Of the first at the last look, as a multiple of the second.
    """
    generator = np.random.default_rng([random_state, 100])
    customers, share, base = 4_000, 0.2, 0.08
    planned = planned_deviation(base, 3_200, 800, 0.95)
    alarms, widths = np.zeros(2), []
    for _ in range(campaigns):
        control = generator.random(customers) < share
        left = (generator.random(customers) < base).astype(float)
        propensity = np.where(control, share, 1 - share)
        alarmed = np.zeros(2, bool)
        for look in range(1, looks + 1):
            rows = slice(0, customers * look // looks)
            measured = measured_effect(left[rows], ~control[rows], propensity[rows])
            low, high = measured.sequence(planned)
            alarmed |= [not low <= 0 <= high, not measured.low <= 0 <= measured.high]
        alarms += alarmed
        widths.append((high - low) / (measured.high - measured.low))
    return (*(alarms / campaigns).tolist(), float(np.mean(widths)))


def power_errors(campaigns: int, wanted: float = 0.8, random_state: int = 0) -> list[float]:
    """Power reached minus power planned, in campaigns as long as the plan says."""
    errors = []
    for number, (base, effect, control, explained) in enumerate(POWERS):
        generator = np.random.default_rng([random_state, 200, number])
        customers = customers_needed(
            base, effect, control=control, power=wanted, explained=explained
        )
        found = 0
        for _ in range(campaigns):
            # A score that is the customer's rate explains its variance over base (1 - base).
            a = 1 / explained - 1 if explained else 1e6
            score = generator.beta(a * base, a * (1 - base), customers)
            held_out = generator.random(customers) < control
            rate = score * np.where(held_out, 1.0, 1 + effect / base)
            left = (generator.random(customers) < rate).astype(float)
            propensity = np.where(held_out, control, 1 - control)
            measured = measured_effect(left, ~held_out, propensity, score if explained else None)
            found += measured.high < 0
        errors.append(found / campaigns - wanted)
    return errors


def plan_coverage(plans: int, random_state: int = 0) -> tuple[float, float]:
    """Share of plans whose 90 % intervals hold what came: cost, and return.

    The truth is drawn from ranges of the size that pilots show, not from the prior of the plan.
    """
    generator = np.random.default_rng([random_state, 300])
    inside = np.zeros(2)
    for _ in range(plans):
        accepts, base = generator.uniform(0.05, 0.30), generator.uniform(0.05, 0.20)
        effect = base * generator.uniform(0.0, 0.3)
        contacted, control, planned = 4_000, 1_000, 20_000
        pilot = Pilot(
            contacted=contacted,
            contacted_left=int(generator.binomial(contacted, base - effect)),
            control=control,
            control_left=int(generator.binomial(control, base)),
            accepted=int(generator.binomial(contacted, accepts)),
        )
        accepted, kept = realised(drawn(pilot, generator), planned, generator)
        true_accepted = generator.binomial(planned, accepts)
        true_kept = generator.binomial(planned, effect)
        cost = Range.of(1.0 * planned + 5.0 * accepted)
        gain = Range.of(100.0 * kept - 1.0 * planned - 5.0 * accepted)
        true_cost = planned + 5.0 * true_accepted
        inside += [
            cost.low <= true_cost <= cost.high,
            gain.low <= 100.0 * true_kept - true_cost <= gain.high,
        ]
    cost_share, gain_share = (inside / plans).tolist()
    return cost_share, gain_share


def farthest(values: list[float], aim: float) -> float:
    """The value that is farthest from the aim."""
    return max(values, key=lambda value: abs(value - aim))


def measure_effects(
    campaigns: int = CAMPAIGNS, looked_at: int = LOOKED_AT, plans: int = PLANS
) -> dict[str, float]:
    """The worst of each: coverage, false alarms, error of the power, coverage of cost and return.

    Parameters
    ----------
    campaigns : int, default 20,000
        Simulated for the coverage, over all designs.
    looked_at : int, default 2,000
        Simulated for the false alarms; a quarter of it for each power.
    plans : int, default 1,500

    Returns
    -------
    dict
        ``lift_coverage`` and ``cost_coverage`` are those farthest from .95 and .90.
    """
    covered = coverage(campaigns)
    for design, share in zip(DESIGNS, covered, strict=True):
        print(f"coverage of the 95 % interval {share:.4f} in campaigns {design}")
    sequence, fixed, width = false_alarms(looked_at)
    print(
        f"false alarms with {LOOKS} looks: {sequence:.4f}; with the usual interval {fixed:.4f}; "
        f"width at the end {width:.2f} times that"
    )
    errors = power_errors(max(100, looked_at // 4))
    for design, error in zip(POWERS, errors, strict=True):
        print(f"power reached minus .80: {error:+.4f} for {design}")
    cost, gain = plan_coverage(plans)
    print(f"coverage of the 90 % intervals: cost {cost:.4f}, return {gain:.4f}")
    return {
        "lift_coverage": farthest(covered, 0.95),
        "false_alarms_20_looks": sequence,
        "power_error": farthest(errors, 0.0),
        "cost_coverage": farthest([cost, gain], 0.90),
    }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaigns", type=int, default=CAMPAIGNS)
    parser.add_argument("--looked-at", type=int, default=LOOKED_AT)
    parser.add_argument("--plans", type=int, default=PLANS)
    given = parser.parse_args()
    print(json.dumps(measure_effects(given.campaigns, given.looked_at, given.plans)))


if __name__ == "__main__":
    main()
