"""One fit of AutoGluon, run by the interpreter of an environment of its own.

    python scripts/automl_fit.py FOLDER SECONDS

FOLDER holds train.parquet with a column ``label`` and test.parquet; scores.json is written there:
the probabilities of the test rows, wall and processor seconds of the fit, the models in the end.
Used by scripts/benchmark_automl.py; imports nothing of dbnchurn, which need not be installed.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

import pandas as pd

THREADS = 2


def processor_seconds() -> float:
    """Of this process and its children so far."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    """Fit, score and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("seconds", type=float, help="allowed to the fit")
    options = parser.parse_args()
    from autogluon.tabular import TabularPredictor

    folder = options.folder
    train, test = (pd.read_parquet(folder / f"{name}.parquet") for name in ("train", "test"))
    wall, processor = time.perf_counter(), processor_seconds()
    model = TabularPredictor(
        "label", problem_type="binary", eval_metric="average_precision",
        path=str(folder / "automl"), verbosity=0,
    ).fit(
        train, presets="best_quality", time_limit=options.seconds, num_cpus=THREADS, num_gpus=0,
        dynamic_stacking=False, ag_args_ensemble={"fold_fitting_strategy": "sequential_local"},
    )  # fmt: skip
    found = {
        "wall": time.perf_counter() - wall,
        "processor": processor_seconds() - processor,
        "scores": model.predict_proba(test)[model.positive_class].tolist(),
        "models": model.model_names(),
    }
    (folder / "scores.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
