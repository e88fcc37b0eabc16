"""Train two checkouts of the package alike and compare what comes out.

    python scripts/compare_commits.py BEFORE NOW [--config configs/tv.yaml] [a.b=c ...]
    python scripts/compare_commits.py BEFORE NOW --crm 20000

BEFORE and NOW are folders that hold the package `dbnchurn`. Each trains in a process of its own,
with one thread and the config's seed; a relative config is the one of each checkout. Where the
checkouts call a key differently, `--before a.b=c` and `--now d.e=c` go to one of them. `--crm`
simulates a CRM with the first checkout and trains both on it. In place of a checkout stands a
finished run folder, if that side has been trained already.

Compared are the scores of `predictions.parquet`, the numbers of `metrics.json` (but no seconds) and
the model's arrays. The last line is one JSON object; the exit code is 1 if a score differs by more
than `--tolerance`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "DBNCHURN_THREADS")
TABLES = ("basic", "complaints", "optical")


def main() -> None:
    """Train both, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("before_folder", metavar="BEFORE", type=Path)
    parser.add_argument("now_folder", metavar="NOW", type=Path)
    parser.add_argument(
        "--config", default=None, help="default configs/tv.yaml; crm.yaml for --crm"
    )
    parser.add_argument(
        "--crm", type=int, metavar="CUSTOMERS", help="simulate so many and use them"
    )
    parser.add_argument("--months", type=int, default=4, help="of the simulated CRM; default 4")
    parser.add_argument("--seed", type=int, help="of both trainings; default that of the config")
    parser.add_argument("--before", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--now", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--tolerance", type=float, default=0.0, help="of a score; default 0")
    parser.add_argument("changes", nargs="*", metavar="KEY=VALUE", help="for both")
    options = parser.parse_intermixed_args()
    config = options.config or ("configs/tv.yaml" if options.crm is None else "configs/crm.yaml")
    changes = ["n_threads=1", *options.changes]
    changes += [] if options.seed is None else [f"seed={options.seed}"]
    with tempfile.TemporaryDirectory(prefix="dbnchurn-compare-") as work:
        if options.crm is not None:
            changes += simulate(options, Path(work) / "crm")
        runs = []
        for side, folder in (("before", options.before_folder), ("now", options.now_folder)):
            if not (folder / "predictions.parquet").is_file():
                of_side = [*changes, *getattr(options, side)]
                folder = train(folder.resolve(), config, of_side, Path(work) / side)
            runs.append(folder)
        result = compare_scores(*runs) | compare_metrics(*runs)
        result["same_arrays"] = len({arrays(run) for run in runs}) == 1
    for name, (first, second) in result["metrics_that_differ"].items():
        print(f"{name}: {first} before, {second} now")
    print(json.dumps(result))
    sys.exit(not result["largest_difference"] <= options.tolerance)


def simulate(options: argparse.Namespace, folder: Path) -> list[str]:
    """Simulate a CRM with the first checkout; the changes of the config that lead to it."""
    size = ["--customers", str(options.crm), "--months", str(options.months)]
    place = ["--seed", str(options.seed or 0), "--output", str(folder)]
    run(options.before_folder.resolve(), ["simulate", *size, *place])
    tables = [f"data.tables.{name}.path={folder / name}" for name in TABLES]
    return [f"data.truth={folder / 'truth'}", *tables]


def train(checkout: Path, config: str, changes: list[str], output: Path) -> Path:
    """Train a checkout; its run folder."""
    run(checkout, ["train", config, *changes, f"output={output}"])
    (metrics,) = output.glob("*/metrics.json")
    return metrics.parent


def run(checkout: Path, arguments: list[str]) -> None:
    """Run a command of a checkout in a process of its own, with one thread."""
    if not (checkout / "dbnchurn" / "__init__.py").is_file():
        raise SystemExit(f"{checkout}: neither a checkout of dbnchurn nor a finished run")
    single = dict.fromkeys(THREADS, "1")
    environment = {**os.environ, **single, "PYTHONPATH": str(checkout)}
    command = [sys.executable, "-m", "dbnchurn", *arguments]
    print(f"{checkout}: dbnchurn {' '.join(arguments)}", flush=True)
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{done.stdout}{done.stderr}\n{checkout}: exit code {done.returncode}")


def compare_scores(before: Path, now: Path) -> dict[str, Any]:
    """How far the scores of the same customers are apart, the baselines' scores too."""
    first, second = (
        pd.read_parquet(run / "predictions.parquet").sort_values(["part", "id"], ignore_index=True)
        for run in (before, now)
    )
    same_rows = first[["part", "id", "label"]].equals(second[["part", "id", "label"]])
    if not same_rows:
        return {"same_rows": False, "largest_difference": math.inf, "bit_for_bit": False}
    shared = [name for name in map(str, first) if name.startswith("score") and name in second]
    apart = {name: np.abs(first[name].to_numpy() - second[name].to_numpy()) for name in shared}
    return {
        "rows": len(first),
        "same_rows": True,
        "largest_difference": float(apart["score"].max()),
        "rows_that_differ": int((apart["score"] > 0).sum()),
        "bit_for_bit": first["score"].to_numpy().tobytes() == second["score"].to_numpy().tobytes(),
        "largest_difference_of_baselines": {
            name.removeprefix("score "): float(value.max())
            for name, value in apart.items()
            if name != "score"
        },
    }


def compare_metrics(before: Path, now: Path) -> dict[str, Any]:
    """The numbers and texts of both files of metrics that are not the same, by dotted name."""
    first, second = (
        dict(leaves(json.loads((run / "metrics.json").read_text(encoding="utf-8"))))
        for run in (before, now)
    )
    names = [name for name in {**first, **second} if not name.startswith("seconds.")]
    differing = {
        name: (first.get(name, "absent"), second.get(name, "absent"))
        for name in names
        if not same(first.get(name, "absent"), second.get(name, "absent"))
    }
    return {"metrics": len(names), "metrics_that_differ": differing}


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The numbers and texts of a nested value, with their dotted names."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from leaves(inner, f"{name}.{key}" if name else str(key))
    else:
        yield name, value


def same(first: Any, second: Any) -> bool:
    """Whether two values are equal; NaN equals NaN."""
    both_nan = first != first and second != second
    return bool(both_nan or first == second)


def arrays(run: Path) -> str:
    """SHA-256 of the model's arrays."""
    return hashlib.sha256((run / "model" / "model.safetensors").read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
