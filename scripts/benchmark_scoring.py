"""Time scoring with a stored model beside XGBoost with the same trees.

Trains a model of the default size on simulated customers of 29 mixed columns (kept in --folder
for the next time), then scores a table of them in rounds: the predictor with all members of its
blend, and XGBoost. Every ratio is the median over rounds of the ratio within a round, and the last
line printed is one JSON object:

xgboost_ratio    our predict_proba over XGBoost's, which holds the trees of all our boosters in
                 one model and gets the prepared columns as a frame
trees_ratio      what our trees take, of all boosters, over XGBoost's predict_proba with the same
single_row_ms    median time of one row from a warm predictor
row_exponent     slope of log seconds over log rows, from a quarter of the rows to all of them
load_seconds     Predictor.load, which checks everything
stream_peak_mb   what scripts/benchmark_stream.py prints for --stream-rows rows, unless skipped

    python scripts/benchmark_scoring.py [--folder data/benchmark/scoring] [--skip-stream]
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

THREADS = int(os.environ.get("BENCHMARK_THREADS", "2"))
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = str(THREADS)  # before the libraries read it

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import xgboost as xgb  # noqa: E402
from measuring import apart, clocked, exponent, medians, ratio, rounds_of  # noqa: E402

from dbnchurn import ChurnClassifier, Predictor  # noqa: E402
from dbnchurn.features.forest_record import Forest  # noqa: E402
from dbnchurn.features.leaves_record import LeavesRecord, booster_matrix  # noqa: E402
from dbnchurn.predictor.artifact import load  # noqa: E402
from dbnchurn.predictor.model_record import AHEAD, CHUNK, ModelRecord  # noqa: E402
from dbnchurn.prepare.record import prepare  # noqa: E402
from dbnchurn.tables.reading import read  # noqa: E402
from dbnchurn.tables.schema import Table  # noqa: E402

TRAINING_ROWS = 20_000
STREAM = Path(__file__).with_name("benchmark_stream.py")


def simulated(n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Customers of 29 columns: amounts with gaps, counts, flags, words, categories and dates."""
    generator = np.random.default_rng(seed)
    columns: dict[str, object] = {}
    logit = np.full(n, -2.6)
    for j in range(14):
        amount = generator.lognormal(2.0, 0.6, n)
        logit += 0.3 * (-1) ** j * np.log(amount / 7.4)
        amount[generator.random(n) < 0.05] = np.nan
        columns[f"amount {j}"] = amount
    for j in range(4):
        columns[f"calls {j}"] = calls = generator.poisson(3.0, n)
        logit += 0.1 * (calls - 3) * (j < 2)
    for j in range(3):
        columns[f"service {j}"] = service = generator.random(n) < 0.3
        logit += 0.5 * service * (j == 0)
    for j, levels in enumerate((3, 6, 12, 25, 40, 8)):
        code = generator.integers(0, levels, n)
        logit += 0.7 * np.sin(code * (j + 1.0))
        words = np.array([f"level {k}" for k in range(levels)], object)[code]
        words[generator.random(n) < 0.03] = None
        columns[f"kind {j}"] = pd.Series(words, dtype="category" if j >= 4 else object)
    for j in range(2):
        days = generator.integers(0, 1500, n)
        logit -= 0.0007 * (days - 750)
        columns[f"since {j}"] = pd.Timestamp("2022-01-01") + pd.to_timedelta(days, "D")
    return pd.DataFrame(columns), (generator.random(n) < 1 / (1 + np.exp(-logit))).astype(int)


def trained(folder: Path) -> Path:
    """The model folder; trained only if it is not there."""
    model = folder / "model"
    if not model.exists():
        print(f"training on {TRAINING_ROWS:,} customers", flush=True)
        ChurnClassifier(random_state=0).fit(*simulated(TRAINING_ROWS, seed=0)).save(model)
    return model


def as_xgboost(forests: tuple[Forest, ...], table: Table, threads: int) -> xgb.XGBClassifier:
    """All trees as one model, put into the JSON that XGBoost writes for a model of its own."""
    kinds = ["q"] * len(table.number_names) + ["c"] * len(table.code_names)
    matrix = booster_matrix(table.take(np.arange(100)))
    tiny = xgb.DMatrix(matrix, np.arange(100) % 2, feature_types=kinds, enable_categorical=True)
    settings = {"objective": "binary:logistic", "base_score": 0.5}
    content = json.loads(bytes(xgb.train(settings, tiny, 1).save_raw("json")))
    model = content["learner"]["gradient_booster"]["model"]
    trees = [
        xgboost_tree(forest, tree, matrix.shape[1])
        for forest in forests
        for tree in range(forest.trees)
    ]
    model["trees"] = [{**tree, "id": i} for i, tree in enumerate(trees)]
    model["gbtree_model_param"]["num_trees"] = str(len(trees))
    model["tree_info"] = [0] * len(trees)
    model["iteration_indptr"] = list(range(len(trees) + 1))
    classifier = xgb.XGBClassifier(n_jobs=threads)
    classifier.load_model(bytearray(json.dumps(content).encode()))
    classifier.set_params(n_jobs=threads)
    return classifier


def xgboost_tree(forest: Forest, tree: int, n_features: int) -> dict[str, object]:
    """One tree as XGBoost spells it."""
    nodes = slice(forest.starts[tree], forest.starts[tree + 1])
    n = int(forest.starts[tree + 1] - forest.starts[tree])
    leaf = forest.feature[nodes] < 0
    left, right = forest.left[nodes], forest.right[nodes]
    parents = np.full(n, 2**31 - 1, np.int64)  # of the root
    for child in (left, right):
        parents[child[~leaf]] = np.flatnonzero(~leaf)
    bounds = forest.category_starts[nodes.start : nodes.stop + 1]
    sizes = np.diff(bounds)
    tested = np.flatnonzero(sizes)
    return {
        "base_weights": [0.0] * n,
        "categories": forest.categories[bounds[0] : bounds[-1]].tolist(),
        "categories_nodes": tested.tolist(),
        "categories_segments": (bounds[:-1] - bounds[0])[tested].tolist(),
        "categories_sizes": sizes[tested].tolist(),
        "default_left": forest.default_left[nodes].astype(int).tolist(),
        "left_children": left.tolist(),
        "right_children": right.tolist(),
        "loss_changes": [0.0] * n,
        "sum_hessian": [1.0] * n,
        "parents": parents.tolist(),
        "split_conditions": np.where(leaf, forest.value[nodes], forest.threshold[nodes]).tolist(),
        "split_indices": np.maximum(forest.feature[nodes], 0).tolist(),
        "split_type": (sizes > 0).astype(int).tolist(),
        "tree_param": {
            "num_deleted": "0",
            "num_feature": str(n_features),
            "num_nodes": str(n),
            "size_leaf_vector": "1",
        },
    }


def as_columns(table: Table) -> pd.DataFrame:
    """Prepared columns as a frame: float32 numbers and categories."""
    frame = pd.DataFrame(table.numbers.astype(np.float32), columns=list(table.number_names))
    for j, (name, size) in enumerate(zip(table.code_names, table.sizes, strict=True)):
        frame[name] = pd.Categorical.from_codes(table.codes[:, j], categories=range(size))
    return frame


def check(classifier: xgb.XGBClassifier, forests: tuple[Forest, ...], table: Table) -> None:
    """Stop unless XGBoost finds the same leaves: its margin is the sum of their values."""
    matrix = booster_matrix(table)
    lookup = LeavesRecord(forests, matrix.shape[1])
    first = np.append(0, np.cumsum(lookup.sizes))[:-1]
    codes = np.hstack([lookup.leaf_codes(k, matrix) for k in range(len(forests))])
    expected = lookup.leaf_values[codes + first].sum(axis=1, dtype=np.float64)
    found = classifier.predict(as_columns(table), output_margin=True)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)  # float32 sums of 1,000s


def trees(model: ModelRecord, matrix: np.ndarray) -> Callable[[], float]:
    """Seconds of the sums of leaf values over all trees."""
    values = model.leaves.leaf_values

    def run() -> None:
        for start in range(0, len(matrix), CHUNK * AHEAD):
            for _ in model.leaves.lookup.sums(values, matrix[start : start + CHUNK * AHEAD]):
                pass

    return clocked(run)


def single_row_ms(predictor: Predictor, frame: pd.DataFrame) -> float:
    """Median time of one row, over 200 of them."""
    rows = [frame.iloc[[i]] for i in range(200)]
    for row in rows[:20]:
        predictor.predict_proba(row)
    spent = [clocked(partial(predictor.predict_proba, row))() for row in rows]
    return round(1000 * median(spent), 2)


def row_exponent(predictor: Predictor, frame: pd.DataFrame, rounds: int) -> float:
    """Slope of log seconds over log rows, from the median of interleaved rounds."""
    sizes = [len(frame) // 4, len(frame) // 2, len(frame)]
    tables = {f"{n:,} rows": frame.iloc[:n] for n in sizes}
    contenders = {
        name: clocked(partial(predictor.predict_proba, table)) for name, table in tables.items()
    }
    return exponent(sizes, list(medians(rounds_of(contenders, rounds)).values()))


def stream_peak_mb(rows: int) -> float:
    """Peak memory of a streamed job, from the benchmark that measures it."""
    return float(apart(STREAM, "--rows", rows, "--threads", THREADS)["stream_peak_mb"])


def main() -> None:
    """Measure and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("data/benchmark/scoring"))
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3, help="rounds after the warm-up")
    parser.add_argument("--stream-rows", type=int, default=10_000_000, help="of the streamed job")
    parser.add_argument("--skip-stream", action="store_true", help="leave the streamed job out")
    options = parser.parse_args()
    folder = trained(options.folder)
    began = perf_counter()
    predictor = Predictor.load(folder, n_threads=THREADS)
    figures = {"load_seconds": round(perf_counter() - began, 3)}
    model, _ = load(folder)
    frame, _ = simulated(options.rows, seed=1)
    prepared = prepare(model.prepare, read(model.schema, frame)[0])
    matrix, columns = booster_matrix(prepared), as_columns(prepared)
    classifier = as_xgboost(model.leaves.forests, prepared, THREADS)
    check(classifier, model.leaves.forests, prepared.take(np.arange(1000)))
    count = sum(forest.trees for forest in model.leaves.forests)
    print(f"{len(frame):,} rows of {frame.shape[1]} columns, {count} trees, {THREADS} threads")
    taken = rounds_of(
        {
            "ours": clocked(lambda: predictor.predict_proba(frame)),
            "XGBoost": clocked(lambda: classifier.predict_proba(columns)),
            "trees": trees(model, matrix),
        },
        options.rounds,
    )
    figures["xgboost_ratio"] = ratio(taken, "ours", "XGBoost")
    figures["trees_ratio"] = ratio(taken, "trees", "XGBoost")
    figures["single_row_ms"] = single_row_ms(predictor, frame)
    figures["row_exponent"] = row_exponent(predictor, frame, options.rounds)
    if not options.skip_stream:
        figures["stream_peak_mb"] = stream_peak_mb(options.stream_rows)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
