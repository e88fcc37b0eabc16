"""Plans of campaigns: gap, time, memory, bound and limits; and effects and learning beside them.

Run as ``python scripts/benchmark_campaign.py``. Plans of synthetic campaigns with 30 options under
a budget, channel capacities and offer stock; a thousand random small campaigns whose limits are
checked by hand; the bound beside HiGHS; then what ``campaign_effects.py`` and
``campaign_learning.py`` measure. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array, eye_array, kron, vstack

from dbnchurn.campaign import Allocate, Option
from dbnchurn.core.errors import ConfigError

OFFERS, CHANNELS = 6, 5
OPTIONS = [Option(f"offer{j}", f"channel{k}") for j in range(OFFERS) for k in range(CHANNELS)]
CONTACT_COSTS = (0.05, 0.3, 1.0, 4.0, 9.0)


def campaign(n: int, seed: int = 0) -> tuple[Any, Any, dict[str, Any]]:
    """Values (float32), costs by option and limits."""
    g = np.random.default_rng(seed)
    churn, worth = g.beta(1, 8, n).astype(np.float32), g.gamma(2, 100, n).astype(np.float32)
    costs = np.array([CONTACT_COSTS[j % CHANNELS] + j // CHANNELS for j in range(len(OPTIONS))])
    values = np.empty((n, len(OPTIONS)), np.float32)
    for j, cost in enumerate(costs):
        accepts = g.beta(1 + j % CHANNELS, 6, n).astype(np.float32)
        values[:, j] = churn * worth * accepts * (0.3 + 0.1 * (j // CHANNELS)) - cost
    limits = {
        "budget": 0.3 * n,
        "capacities": {"channel0": n // 3, "channel2": n // 10, "channel3": n // 20},
        "stock": {f"offer{j}": n // 12 for j in range(OFFERS)},
    }
    return values, costs, limits


def plan(n: int) -> dict[str, float]:
    """Gap, seconds of processor time and peak memory of one plan."""
    values, costs, limits = campaign(n)
    start, began = time.process_time(), time.perf_counter()
    made = Allocate(**limits).fit(values, costs, OPTIONS, ids=np.arange(n)).allocation_
    return {
        "gap": made.gap,
        "seconds": time.process_time() - start,
        "wall": time.perf_counter() - began,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def rows_of(
    options: list[Option], shape: tuple[int, int], costs: Any, limits: dict[str, Any], most: int = 1
) -> tuple[Any, Any]:
    """The limits as a matrix over all contacts, and their right sides."""
    n, m = shape
    parts: list[Any] = [kron(eye_array(n), np.ones((1, m)))]
    right: list[float] = [most] * n
    for place, names in ((1, limits["capacities"]), (0, limits["stock"])):
        for name, limit in names.items():
            parts.append(np.tile([float(o[place] == name) for o in options], n)[None])
            right.append(limit)
    for name, limit in limits.get("minimums", {}).items():
        parts.append(-np.tile([float(name in o) for o in options], n)[None])
        right.append(-limit)
    parts.append((np.zeros(shape) + costs).ravel()[None])
    right.append(limits["budget"])
    return vstack([csr_array(part) for part in parts]), np.array(right, float)


def bound_error(n: int) -> float:
    """Relative difference of the bound to that of HiGHS."""
    values, costs, limits = campaign(n)
    bound = Allocate(**limits).fit(values, costs, OPTIONS).allocation_.bound
    matrix, right = rows_of(OPTIONS, values.shape, costs, limits)
    exact = -linprog(
        -values.ravel().astype(float), matrix, right, bounds=(0, 1), method="highs-ipm"
    ).fun
    return abs(bound - exact) / exact


def violations(cases: int) -> int:
    """Random campaigns whose plan breaks a limit, or that are refused though there is a plan."""
    broken = 0
    for seed in range(cases):
        g = np.random.default_rng(seed)
        n = int(g.integers(1, 60))
        offers, channels = g.integers(1, 4, 2).tolist()
        options = [Option(f"o{j}", f"c{k}") for j in range(offers) for k in range(channels)]
        shape = n, len(options)
        values = np.round(g.normal(2, 5, shape), int(g.choice([0, 9])))
        costs = g.uniform(0, 3, shape) if g.random() < 0.5 else g.integers(0, 4, len(options)) * 1.0
        eligible = g.random(shape) < g.choice([1, 0.6, 0.2])
        capacities = {f"c{k}": int(g.integers(0, n + 1)) for k in range(channels)}
        stock = {f"o{j}": int(g.integers(0, n + 1)) for j in range(offers)}
        limits: dict[str, Any] = {"capacities": capacities, "stock": stock}
        limits["budget"] = float(g.uniform(0, 1.5 * n))
        limits["minimums"] = {"o0": int(g.integers(0, stock["o0"] // 3 + 1))}
        most = int(g.integers(1, 3))
        control = float(g.choice([0, 0.1, 0.5]))
        stage = Allocate(**limits, max_contacts=most, control=control)
        matrix, right = rows_of(options, shape, costs, limits, most)
        try:
            made = stage.fit(values, costs, options, eligible=eligible).allocation_
        except ConfigError:
            # A control group on top needs more customers than the minimums alone.
            broken += not control and has_plan(matrix, right, eligible)
            continue
        contacts = np.zeros(shape)
        on = made.contacted
        np.add.at(contacts, (made.customer[on], made.option[on]), 1)
        kept = (matrix @ contacts.ravel() <= right + 1e-9).all()
        broken += not (kept and contacts.max(initial=0) <= 1 and not contacts[~eligible].any())
    return broken


def has_plan(matrix: Any, right: Any, eligible: Any) -> bool:
    """Whether another solver finds contacts that keep all limits."""
    solved = milp(
        np.zeros(eligible.size),
        integrality=np.ones(eligible.size),
        bounds=Bounds(0, eligible.ravel().astype(float)),
        constraints=LinearConstraint(matrix, -np.inf, right),
    )
    return solved.x is not None


def main() -> None:
    """Measure, and print one JSON object last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--bound-customers", type=int, default=50_000)
    parser.add_argument("--cases", type=int, default=1_000)
    parser.add_argument("--tables", type=Path, help="folder that holds hillstrom.parquet")
    parser.add_argument("--only-plans", action="store_true", help="no effects, no learning")
    arguments = parser.parse_args()
    large = plan(arguments.customers)  # first, so that the peak of memory is its own
    print(f"{arguments.customers} customers x {len(OPTIONS)} options: {large}")
    small = plan(10_000)
    print(f"10000 customers x {len(OPTIONS)} options: {small}")
    facts: dict[str, float] = {
        "gap_10k": small["gap"],
        "gap_1m": large["gap"],
        "seconds_1m": large["seconds"],
        "peak_mb_1m": large["peak_mb"],
        "violations": violations(arguments.cases),
        "bound_error": bound_error(arguments.bound_customers),
    }
    if not arguments.only_plans:  # imported here: their libraries are no memory of a plan
        from campaign_effects import measure_effects
        from campaign_learning import measure_learning

        table = None if arguments.tables is None else arguments.tables / "hillstrom.parquet"
        facts |= measure_effects() | measure_learning(table)
    print(json.dumps({name: float(f"{value:.4g}") for name, value in facts.items()}))


if __name__ == "__main__":
    main()
