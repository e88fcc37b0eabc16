"""Time and memory of whole trainings on simulated customers: python scripts/benchmark_scale.py.

From the matrix of features to model and report at the defaults, without the report's baselines,
every size in a process of its own; beside it, on the matrix of the paper's size, XGBoost alone with
the same trees and CatBoost at its defaults. The last line is one JSON object.

    --curve       what pretraining on fewer rows gives
    --boosters    what fewer boosters and larger steps cost
    --counts 1 2  what other numbers of threads take
    --seeds 5     with --device cuda: average precision beside that of the CPU
"""

from __future__ import annotations

import argparse
import cProfile
import io
import json
import logging
import pstats
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from measuring import exponent, peak_mb

PAPER = 979_902
SIZES = (100_000, 300_000, PAPER, 3_000_000)
CURVE = (0, 12_500, 25_000, 50_000, 100_000, 200_000)
FOLDS, RATES = (2, 3, 5), (0.05, 0.1)
CONFIG = Path(__file__).parents[1] / "configs" / "crm.yaml"
PAGE = 4096 / 1e6  # MB


def main() -> None:
    """Measure every size and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path("data/scale"), help="kept matrices")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--peers-at", type=int, default=PAPER)
    parser.add_argument("--profile", type=int, help="customers; by default the largest size")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--curve", action="store_true")
    parser.add_argument("--boosters", action="store_true")
    parser.add_argument("--counts", type=int, nargs="+", default=(), help="numbers of threads")
    parser.add_argument("--output", type=Path, help="folder for scale.json and scale.md")
    parser.add_argument("--set", nargs="*", default=[], help="changes to the config")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        print(json.dumps(JOBS[options.job](options)))
        return
    for size in sorted({*options.sizes, options.peers_at} - {0}):
        apart(options, "matrix", size)
    if options.curve or options.boosters or options.counts:
        explore(options)
        return
    found: dict[str, Any] = {"threads": options.threads, "device": options.device}
    found["runs"] = [apart(options, "train", size) for size in options.sizes]
    print(table_of([flat(run) for run in found["runs"]]), flush=True)
    if options.peers_at:
        found["peers"] = {p: apart(options, p, options.peers_at) for p in ("xgboost", "catboost")}
        print(table_of([{"peer": name, **peer} for name, peer in found["peers"].items()]))
    if options.seeds:
        found["devices"] = [devices(options, seed) for seed in range(options.seeds)]
        print(table_of(found["devices"]))
    profiled = max(options.sizes) if options.profile is None else options.profile
    if profiled:
        print(apart(options, "profile", profiled)["top"])
    if options.output:
        options.output.mkdir(parents=True, exist_ok=True)
        (options.output / "scale.json").write_text(json.dumps(found, indent=1))
        (options.output / "scale.md").write_text(table_of([flat(run) for run in found["runs"]]))
    print(json.dumps(summary(found, options)))


def summary(found: dict[str, Any], options: argparse.Namespace) -> dict[str, float | None]:
    """What is to be compared from one version to the next, at the size of the peers."""
    runs = {run["customers"]: run for run in found["runs"]}
    own = runs.get(options.peers_at, found["runs"][-1])
    slope = exponent(list(runs), [run["seconds"] for run in runs.values()])
    peers = found.get("peers", {}) if options.peers_at in runs else {}

    def ratio(peer: str) -> float | None:
        return round(own["seconds"] / peers[peer]["seconds"], 2) if peer in peers else None

    gap = own["average_precision"] - peers["xgboost"]["average_precision"] if peers else None
    return {
        "seconds": own["seconds"],
        "peak_mb": own["peak_mb"],
        "catboost_ratio": ratio("catboost"),
        "xgboost_ratio": ratio("xgboost"),
        "row_exponent": slope if len(runs) > 1 else None,
        "ap_share_of_attainable": own["ap_share_of_attainable"],
        "ap_minus_xgboost": None if gap is None else round(gap, 4),
    }


def apart(options: argparse.Namespace, job: str, size: int, more: tuple[str, ...] = ()) -> Any:
    """What a job says that runs in a process of its own."""
    command = [sys.executable, __file__, "--job", job, "--sizes", str(size)]
    command += ["--folder", str(options.folder), "--threads", str(options.threads)]
    command += ["--device", options.device, "--set", *options.set, *more]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{job} at {size} customers failed:\n{done.stderr}")
    answer = json.loads(done.stdout.splitlines()[-1])
    print(f"{job} {size:,} {' '.join(more)}: {json.dumps(answer)[:400]}", flush=True)
    return answer


def pretraining(rows: int) -> tuple[str, ...]:
    """Changes to the config for pretraining on so many rows."""
    if not rows:
        return ("classifier.network.pretrain=false",)
    return (f"classifier.large_tables.pretrain_rows={rows}",)


def boosting(folds: int, rate: float) -> tuple[str, ...]:
    """Changes to the config for so many boosters that learn in such steps."""
    return (f"classifier.leaves.folds={folds}", f"classifier.leaves.learning_rate={rate}")


def explore(options: argparse.Namespace) -> None:
    """What other choices than the defaults cost and bring, at the first size."""
    first = options.sizes[0]
    if options.curve:
        print(table_of([apart(options, "pretrained", first, pretraining(rows)) for rows in CURVE]))
    if options.boosters:
        choices = [boosting(folds, rate) for rate in RATES for folds in FOLDS]
        print(table_of([apart(options, "boosters", first, choice) for choice in choices]))
    if options.counts:
        pairs = [(n, size) for size in options.sizes for n in options.counts]
        print(table_of([threaded(options, n, size) for n, size in pairs]))


def threaded(options: argparse.Namespace, threads: int, size: int) -> dict[str, float]:
    """Seconds of a training on so many threads."""
    so = argparse.Namespace(**{**vars(options), "threads": threads})
    run = apart(so, "train", size)
    return {"customers": size, "threads": threads, "seconds": run["seconds"], **run["stages"]}


def devices(options: argparse.Namespace, seed: int) -> dict[str, float]:
    """Average precision of one seed on both devices."""
    found = {}
    for device in ("cpu", "cuda"):
        there = argparse.Namespace(**{**vars(options), "device": device})
        found[device] = apart(there, "train", options.sizes[0], (f"seed={seed}",))
    ap = {device: run["average_precision"] for device, run in found.items()}
    return {
        "seed": seed,
        **{f"{device} seconds": run["seconds"] for device, run in found.items()},
        **{f"{device} AP": ap[device] for device in ap},
        "difference": round(ap["cuda"] - ap["cpu"], 5),
    }


# --- the data ---------------------------------------------------------------------------------


def matrix(folder: Path, customers: int) -> Path:
    """Features, outcome and true probability of so many clean customers, simulated once."""
    import pandas as pd

    from dbnchurn.data.build import build, load
    from dbnchurn.data.simulate import simulate
    from dbnchurn.runs import read_config

    path = folder / f"{customers}.parquet"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        tables = simulate(Path(work, "tables"), customers=customers, dirt=0, random_state=1)
        names = ("basic", "complaints", "optical")
        plan = read_config(CONFIG, [f"data.tables.{t}.path={tables / t}" for t in names]).data
        found = load(build(plan, Path(work, "built"), n_threads=2))
        frame = found.X.assign(customer_id=found.ids, churn=found.y)
        frame.to_parquet(path.with_suffix(".features"), index=False)
        truth = pd.read_parquet(tables / "truth", columns=["customer_id", "probability"])
        truth.to_parquet(folder / f"{customers}.truth", index=False)
    path.with_suffix(".features").rename(path)
    return path


def config_of(options: argparse.Namespace, output: str) -> Any:
    """The config of one training: defaults, without the report's baselines."""
    from dbnchurn.runs import read_config

    path = Path(output, "scale.yaml")
    table = options.folder / f"{options.sizes[0]}.parquet"
    path.write_text(
        f"source: {{path: {table}}}\ncolumns: {{id: customer_id, label: churn}}\nbaselines: []\n"
        f"output: {output}/runs\nn_threads: {options.threads}\ndevice: {options.device}\n"
    )
    return read_config(path, options.set)


# --- the jobs ---------------------------------------------------------------------------------


def train_job(options: argparse.Namespace) -> dict[str, Any]:
    """A whole training: seconds and peak memory of its stages, and how good it is."""
    import pandas as pd

    from dbnchurn.data.simulate.truth import attainable
    from dbnchurn.runs import train

    peaks = Peaks()
    with tempfile.TemporaryDirectory(prefix="dbnchurn-scale-") as output:
        config = config_of(options, output)
        with peaks:
            start = time.perf_counter()
            run = train(config, "scale")
            seconds = time.perf_counter() - start
        metrics = json.loads((run / "metrics.json").read_text())
        scores = pd.read_parquet(run / "predictions.parquet")
    truth = pd.read_parquet(options.folder / f"{options.sizes[0]}.truth")
    test = scores[scores["part"] == "test"].merge(truth, left_on="id", right_on="customer_id")
    best = attainable(test["probability"].to_numpy()).average_precision
    own = metrics["test"]["average_precision"]["value"]
    stages = {**metrics["seconds"], **metrics["seconds"]["classifier"]}
    return {
        "customers": options.sizes[0],
        "trained_on": metrics["parts"]["train"]["rows"],
        "seconds": round(seconds, 1),
        "peak_mb": round(peak_mb()),
        "average_precision": round(own, 5),
        "ap_share_of_attainable": round(own / best, 4),
        "stages": {name: round(s, 1) for name, s in stages.items() if name != "classifier"},
        "stage_peak_mb": peaks.of_stages,
    }


def pretrained_job(options: argparse.Namespace) -> dict[str, Any]:
    """How well a network learns that was pretrained on some rows."""
    from sklearn.metrics import average_precision_score

    from dbnchurn.runs.config import classifier_of
    from dbnchurn.runs.customers import load_customers
    from dbnchurn.runs.training import divide

    with tempfile.TemporaryDirectory() as output:
        config = config_of(options, output)
    table = load_customers(config)
    parts = divide(table, config)
    model = classifier_of(config, use_companion=False)
    X, y = table.X, table.y
    model.fit(
        X.iloc[parts.train],
        y[parts.train],
        X_val=X.iloc[parts.validation],
        y_val=y[parts.validation],
    )
    scores = model.predict_proba(X.iloc[parts.test])[:, 1]
    tuned = model.curves_["finetune"]
    return {
        "pretrain_rows": config.classifier.large_tables.pretrain_rows
        * config.classifier.network.pretrain,
        "pretrain_seconds": round(model.seconds_["pretrain"], 1),
        "fine_tune_epochs": len(tuned),
        "validation_loss": round(min(record["validation_loss"] for record in tuned), 5),
        "average_precision": round(float(average_precision_score(y[parts.test], scores)), 5),
    }


def boosters_job(options: argparse.Namespace) -> dict[str, Any]:
    """The boosters alone, averaged: what fewer folds and larger steps cost."""
    from sklearn.metrics import average_precision_score

    from dbnchurn.core.random_state import stratified_subsample
    from dbnchurn.features.leaves_record import booster_matrix
    from dbnchurn.prepare import Prepare
    from dbnchurn.runs.config import classifier_of
    from dbnchurn.runs.customers import load_customers
    from dbnchurn.runs.training import divide
    from dbnchurn.tables.kinds import infer
    from dbnchurn.tables.reading import read

    with tempfile.TemporaryDirectory() as output:
        config = config_of(options, output)
    loaded = load_customers(config)
    parts, y = divide(loaded, config), loaded.y
    schema = infer(loaded.X.iloc[parts.train])
    tables = {p: read(schema, loaded.X.iloc[getattr(parts, p)])[0] for p in ("train", "validation",
              "test")}  # fmt: skip
    prepare = Prepare().fit(tables["train"])
    tables = {p: prepare.transform(table) for p, table in tables.items()}
    generator = np.random.default_rng(0)
    kept = stratified_subsample(
        y[parts.validation], config.classifier.large_tables.stop_rows, generator
    )
    stop = (tables["validation"].take(kept), y[parts.validation][kept], np.ones(len(kept)))
    leaves = classifier_of(config).leaves
    start = time.perf_counter()
    leaves.fit(
        tables["train"], y[parts.train], validation=stop, generator=generator,
        device=options.device, n_threads=options.threads,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    record, matrix = leaves.record_, booster_matrix(tables["test"])
    logit = np.zeros(len(matrix))
    for booster, forest in enumerate(record.forests):
        starts = np.cumsum([0, *forest.sizes[:-1]])
        for first in range(0, len(matrix), 50_000):
            rows = slice(first, first + 50_000)
            codes = record.leaf_codes(booster, matrix[rows], options.threads)
            logit[rows] += forest.leaf_values[codes + starts].sum(axis=1)
    return {
        "trained_on": len(parts.train),
        "folds": leaves.folds,
        "rate": leaves.learning_rate,
        "trees": round(float(np.mean([forest.trees for forest in record.forests]))),
        "seconds": round(seconds, 1),
        "average_precision": round(float(average_precision_score(y[parts.test], logit)), 5),
    }


def peer(options: argparse.Namespace, fit: Callable[..., Callable[..., Any]]) -> dict[str, Any]:
    """A peer on the same rows: seconds of its fit, from the matrix on, and how good it is."""
    from sklearn.metrics import average_precision_score

    from dbnchurn.runs.customers import load_customers
    from dbnchurn.runs.training import divide

    with tempfile.TemporaryDirectory() as output:
        config = config_of(options, output)
    table = load_customers(config)
    parts = divide(table, config)
    start = time.perf_counter()
    predict = fit(table.X, table.y, parts, options)
    seconds = time.perf_counter() - start
    ap = average_precision_score(table.y[parts.test], predict(table.X.iloc[parts.test]))
    return {
        "seconds": round(seconds, 1),
        "peak_mb": round(peak_mb()),
        "average_precision": round(float(ap), 5),
    }


def fit_xgboost(X: Any, y: Any, parts: Any, options: argparse.Namespace) -> Callable[..., Any]:
    """One booster on all training rows, with the settings of those that make the leaves."""
    import xgboost as xgb

    from dbnchurn.core.random_state import stratified_subsample
    from dbnchurn.features import Leaves
    from dbnchurn.features.leaves_record import booster_matrix
    from dbnchurn.model.large_tables import LargeTableRules
    from dbnchurn.tables.kinds import infer
    from dbnchurn.tables.reading import read

    schema = infer(X.iloc[parts.train])

    def values(frame: Any) -> Any:
        return booster_matrix(read(schema, frame)[0])

    leaves = LargeTableRules().leaves(Leaves(), len(parts.train))
    kept = stratified_subsample(
        y[parts.validation], LargeTableRules().stop_rows, np.random.default_rng(0)
    )
    stop = parts.validation[kept]
    kinds = ["c" if column.kind == "category" else "q" for column in schema.used]
    kinds.sort(reverse=True)  # numbers first
    model = xgb.XGBClassifier(
        n_estimators=leaves.n_trees,
        max_depth=leaves.max_depth,
        learning_rate=leaves.learning_rate,
        subsample=leaves.subsample,
        colsample_bytree=leaves.colsample,
        early_stopping_rounds=leaves.patience,
        eval_metric="logloss",
        tree_method="hist",
        device=options.device,
        n_jobs=options.threads,
        feature_types=kinds,
        enable_categorical=True,
    )
    train = X.iloc[parts.train]
    evaluated = [(values(X.iloc[stop]), y[stop])]
    model.fit(values(train), y[parts.train], eval_set=evaluated, verbose=False)
    return lambda frame: model.predict_proba(values(frame))[:, 1]


def fit_catboost(X: Any, y: Any, parts: Any, options: argparse.Namespace) -> Callable[..., Any]:
    """CatBoost at its defaults."""
    import pandas as pd
    from catboost import CatBoostClassifier

    words = [name for name in X if not pd.api.types.is_numeric_dtype(X[name])]
    frame = X.assign(**{name: X[name].astype(str) for name in words})
    model = CatBoostClassifier(
        thread_count=options.threads,
        task_type="GPU" if options.device == "cuda" else "CPU",
        cat_features=words,
        verbose=False,
        allow_writing_files=False,
    )
    model.fit(frame.iloc[parts.train], y[parts.train])
    return lambda rows: model.predict_proba(frame.loc[rows.index])[:, 1]


def profile_job(options: argparse.Namespace) -> dict[str, str]:
    """Functions in which a training spends its time, on one thread so that all of it is seen."""
    from dbnchurn.runs import train

    options.threads = 1
    profile = cProfile.Profile()
    with tempfile.TemporaryDirectory(prefix="dbnchurn-scale-") as output:
        config = config_of(options, output)
        profile.enable()
        train(config, "scale")
        profile.disable()
    text = io.StringIO()
    pstats.Stats(profile, stream=text).strip_dirs().sort_stats("tottime").print_stats(25)
    return {"top": text.getvalue()}


JOBS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "matrix": lambda options: {"path": str(matrix(options.folder, options.sizes[0]))},
    "train": train_job,
    "pretrained": pretrained_job,
    "boosters": boosters_job,
    "profile": profile_job,
    "xgboost": lambda options: peer(options, fit_xgboost),
    "catboost": lambda options: peer(options, fit_catboost),
}


# --- memory and tables --------------------------------------------------------------------------


class Peaks(logging.Handler):
    """Largest resident memory between the ends of stages, which the package logs."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.of_stages: dict[str, int] = {}
        self.highest = 0.0
        self.done = threading.Event()
        self.watcher = threading.Thread(target=self.watch, daemon=True)

    def watch(self) -> None:
        """Look every twentieth of a second."""
        while not self.done.wait(0.05):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.highest = max(self.highest, pages * PAGE)

    def emit(self, record: logging.LogRecord) -> None:
        """A stage has ended."""
        name = str(record.args[0]) if isinstance(record.args, tuple) and record.args else ""
        self.of_stages[name] = max(self.of_stages.get(name, 0), round(self.highest))
        self.highest = 0.0

    def __enter__(self) -> Peaks:
        log = logging.getLogger("dbnchurn.core.progress")
        log.setLevel(logging.INFO)
        log.addHandler(self)
        self.watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        logging.getLogger("dbnchurn.core.progress").removeHandler(self)


def flat(run: dict[str, Any]) -> dict[str, Any]:
    """A run as one row: what was found, then the seconds of its stages."""
    plain = {name: value for name, value in run.items() if not isinstance(value, dict)}
    return plain | run["stages"]


def table_of(rows: list[dict[str, Any]]) -> str:
    """Rows as a Markdown table."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [names, ["---"] * len(names)]
    lines += [[f"{row.get(n, ''):,}" if n in row and not isinstance(row[n], str) else
               str(row.get(n, "")) for n in names] for row in rows]  # fmt: skip
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    main()
