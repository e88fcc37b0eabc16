"""Forecasts of a simulated telecom with joiners: errors beside the floor, coverage, and time.

Run as ``python scripts/benchmark_forecast.py``. The floor is the error of the true probabilities,
which no forecast can be below on average. Weights and intervals of every past month are made from
what was known then. ``--large 0`` leaves out the million customers; ``--draw`` writes the picture
of docs/forecast.md. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dbnchurn.data.simulate import simulate
from dbnchurn.forecast import Forecast, ForecastConfig, forecast_from, read_history, write_forecast

FIRST_SEED = 10  # level and pull were chosen on simulations from 100 on
IMAGES = Path(__file__).parents[1] / "docs" / "images"
COLUMNS = ["contract_months_left", "accumulated_debt", "bundle", "age", "mobile_gb",
           "billing_income"]  # fmt: skip


def config_of(folder: Path, **changes: Any) -> ForecastConfig:
    """The config of a simulated telecom."""
    plain = {
        "history": {"path": str(folder / "basic")}, "id": "customer_id", "month": "month",
        "left": "status", "left_values": ["churned"], "segment": "package_name",
        "revenue": "billing_income", "since": "network_access_date", "columns": COLUMNS,
        "changes": ["broadband_gb"], "start": "2024-08-01",
    }  # fmt: skip
    return ForecastConfig.model_validate({**plain, **changes})


def true_leavers(folder: Path, made: Forecast) -> Any:
    """The sums of true probabilities by month and segment."""
    table = pd.read_parquet(folder / "expected")
    table["month"] = pd.to_datetime(table["month"]).dt.strftime("%Y-%m")
    wide = table.pivot(index="month", columns="package_name", values="expected")
    months = [str(month) for month in made.history.months]
    return wide.loc[months, list(made.history.segments)].to_numpy()


def errors(folder: Path, made: Forecast) -> dict[str, list[float]]:
    """Sums of absolute errors and of leavers by month ahead, of every method and of the truth."""
    test, truth = made.backtest, true_leavers(folder, made)
    expected = np.full_like(test.actual["leavers"], np.nan)
    for place, origin in enumerate(test.origins):
        came = truth[origin + 1 : origin + 1 + test.horizon]
        expected[place, : len(came)] = came
    series = {
        "mixture": test.values("leavers"), "hazards": test.method("hazards"),
        "recent": test.method("recent"), "floor": expected,
    }  # fmt: skip
    actual = test.actual["leavers"]
    found = {n: np.nansum(np.abs(v - actual), (0, 2)).tolist() for n, v in series.items()}
    return {**found, "leavers": np.nansum(actual, (0, 2)).tolist()}


def large(folder: Path, customers: int) -> float:
    """Seconds for many customers: those of a small simulation, copied under other ids."""
    basic = pq.read_table(
        folder / "basic",
        columns=["customer_id", "month", "status", "package_name", "network_access_date",
                 "broadband_gb", *COLUMNS],
    )  # fmt: skip
    copies = -(-customers // 10_000)
    place = folder / "many" / "basic"
    place.mkdir(parents=True)
    ids = basic.column("customer_id").to_numpy()
    at = basic.column_names.index("customer_id")
    for copy in range(copies):
        renamed = basic.set_column(at, "customer_id", pa.array(ids + copy * 10**9))
        pq.write_table(renamed, place / f"part-{copy:05d}.parquet")
    start = time.perf_counter()
    write_forecast(config_of(folder / "many", memory="6GB"), folder / "many.parquet")
    return time.perf_counter() - start


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3, help="Simulations.")
    parser.add_argument("--months", type=int, default=36, help="Of a simulation.")
    parser.add_argument("--large", type=int, default=1_000_000, help="Customers of the timing.")
    parser.add_argument("--draw", action="store_true", help="Write the picture of the page.")
    given = parser.parse_args()
    sums: list[dict[str, list[float]]] = []
    inside = count = 0
    seconds = None
    with tempfile.TemporaryDirectory() as scratch:
        for seed in range(FIRST_SEED, FIRST_SEED + given.seeds):
            folder = simulate(
                Path(scratch, str(seed)), customers=10_000, months=given.months, dirt=0,
                random_state=seed, joiners=0.02,
            )  # fmt: skip
            settings = config_of(folder)
            made = forecast_from(read_history(settings), settings)
            sums.append(errors(folder, made))
            for name, got in made.coverage().items():
                print(f"seed {seed}: {name}: {got['inside']} of {got['of']} in the interval")
                inside, count = inside + got["inside"], count + got["of"]
            if given.draw and seed == FIRST_SEED:
                from dbnchurn.forecast.forecast_page import fan

                picture = fan(made, None)
                (IMAGES / "forecast_fan.svg").write_text(f"{picture.svg}\n", encoding="utf-8")
                print(f"docs/images/forecast_fan.svg: {picture.alt}")
        total = {name: np.sum([one[name] for one in sums], axis=0) for name in sums[0]}
        for name in ("mixture", "hazards", "recent", "floor"):
            print(f"{name}: WAPE {np.round(total[name] / total['leavers'], 3).tolist()}")
        if given.large:
            folder = simulate(
                Path(scratch, "large"), customers=10_000, months=24, dirt=0, joiners=0.02
            )
            seconds = round(large(folder, given.large), 1)
    best = np.minimum(total["hazards"], total["recent"])
    print(
        json.dumps(
            {
                "wape_over_floor_h1": round(float(total["mixture"][0] / total["floor"][0]), 3),
                "mixture_over_best": np.round(total["mixture"] / best, 3).tolist(),
                "coverage_80": round(inside / max(count, 1), 3),
                "seconds_1m": seconds,
            }
        )
    )


if __name__ == "__main__":
    main()
