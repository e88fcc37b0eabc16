"""How long the numbers and the report of a large test part take, and how large the page is.

    python scripts/benchmark_report.py --rows 1000000

Writes the run folder of a made-up run (the scores are drawn, nothing is trained), with twelve
months, three segments and four baselines, and times what a run does with it: the intervals of one
model, all numbers of ``metrics.json``, and ``report.html``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from measuring import peak_mb

from dbnchurn.config import dump
from dbnchurn.evaluate import Offer, evaluate
from dbnchurn.runs.config import read_config
from dbnchurn.runs.metrics import measured
from dbnchurn.runs.report import write_report

CONFIG = "source: {path: customers.parquet}\ncolumns: {label: churn}\n"
BASELINES = {  # name → noise of the scores
    "logistic regression": 0.03,
    "xgboost": 0.005,
    "without leaves": 0.01,
    "without pretraining": 0.002,
}


def made_up(rows: int, seed: int) -> pd.DataFrame:
    """Predictions of 5 % churners by five models; one row in five hundred validates."""
    generator = np.random.default_rng(seed)
    p = generator.beta(1, 19, rows + 20_000)
    n = len(p)
    y = (generator.random(n) < p).astype(int)
    frame = pd.DataFrame(
        {
            "id": np.arange(n),
            "part": np.repeat(["validation", "test"], [20_000, rows]),
            "label": y,
            "score": p,
            **{
                f"score {m}": np.clip(p + generator.normal(0, s, n), 0, 1)
                for m, s in BASELINES.items()
            },
            "gain": Offer().gain(y),
        }
    )
    frame["month"] = pd.Categorical.from_codes(
        generator.integers(0, 12, n), [f"2024-{month:02d}" for month in range(1, 13)]
    )
    for name, groups in (("plan", 3), ("region", 12), ("tenure", 4)):
        codes = generator.integers(0, groups, n)
        frame[f"segment {name}"] = pd.Categorical.from_codes(
            codes, [f"{name} {code}" for code in range(groups)]
        )
    return frame


def facts(generator: np.random.Generator) -> dict[str, Any]:
    """What training would have stored, of the usual size."""
    epochs = np.linspace(1, 0.5, 20).tolist()
    return {
        "name": "made up",
        "source": "made up",
        "train": {"rows": 3_000_000, "churners": 150_000},
        "quarantined_rows": 0,
        "unlabelled_rows": 0,
        "warnings": [],
        "prepare": [],
        "columns_used": 50,
        "trees": 500,
        "strongest_columns": {f"column {i}": 0.7 - i / 50 for i in range(10)},
        "machines": [
            {
                "name": f"RBM {i}, 128 hidden units",
                "rectified": False,
                "reconstruction_error": epochs,
                "free_energy_gap": epochs,
                "dead": epochs,
                "saturated": epochs,
            }
            for i in (1, 2)
        ],
        "weights": {
            "units": [f"column {i}, 1 to 2" for i in range(30)],
            "hidden": list(range(1, 25)),
            "weights": generator.normal(0, 0.2, (30, 24)).round(4).tolist(),
            "of_units": 300,
            "of_hidden": 128,
            "leaf_share": 0.8,
        },
        "fine_tuning": [{"loss": e, "validation_loss": e + 0.1} for e in epochs],
        "versions": {},
        "seconds": {"train": 1.0, "classifier": {"leaves": 0.5}},
    }


def timed(name: str, work: Callable[[], Any]) -> Any:
    """Do it and print wall and processor seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{name:<58} {wall:8.1f} {cpu:8.1f}", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--resamples", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    frame = made_up(options.rows, options.seed)
    test = frame[frame["part"] == "test"]
    print(f"{options.rows:,} test rows, {options.resamples} resamples{'wall s':>36} {'cpu s':>8}")
    timed(
        "all numbers of one model with their intervals",
        lambda: evaluate(
            test["label"],
            test["score"],
            0.15,
            budget=options.rows / 10,
            offer=Offer(),
            gain=test["gain"],
            resamples=options.resamples,
        ),
    )
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        (folder / "start.yaml").write_text(CONFIG, encoding="utf-8")
        config = read_config(folder / "start.yaml", [f"resamples={options.resamples}"])
        told = facts(np.random.default_rng(options.seed))
        (folder / "config.yaml").write_text(dump(config), encoding="utf-8")
        frame.to_parquet(folder / "predictions.parquet", index=False)
        (folder / "training.json").write_text(json.dumps(told), encoding="utf-8")
        numbers = timed(
            "metrics.json: five models, thresholds, months, segments",
            lambda: measured(frame, config, told),
        )
        numbers["seconds"] = told["seconds"]
        (folder / "metrics.json").write_text(json.dumps(numbers), encoding="utf-8")
        timed("report.html", lambda: write_report(folder))
        print(f"report.html has {(folder / 'report.html').stat().st_size:,} bytes")
    print(f"peak memory {peak_mb():,.0f} MB")


if __name__ == "__main__":
    main()
